/* SPDX-License-Identifier: Apache-2.0 */
/* The commands and their options. */
#include "cli/cli.h"
#include "base/str.h"

#define FIELD(f) offsetof(struct vl_args, f)
#define OPT(name, letter, type, field, arg, help)                                                  \
    {                                                                                              \
        name, letter, type, FIELD(field), arg, help, 0                                             \
    }
#define FLAG(name, letter, field, help) OPT(name, letter, VL_OPT_FLAG, field, NULL, help)
#define STRS(name, letter, field, arg, help) OPT(name, letter, VL_OPT_STRS, field, arg, help)
#define STR(name, letter, field, arg, help) OPT(name, letter, VL_OPT_STR, field, arg, help)
#define SET(name, letter, field, value, help)                                                      \
    {                                                                                              \
        name, letter, VL_OPT_SET, FIELD(field), NULL, help, value                                  \
    }
#define WORD(name, letter, field, words, help) OPT(name, letter, VL_OPT_WORD, field, words, help)
#define SIZE(name, field, help) OPT(name, 0, VL_OPT_SIZE, update.field, "BYTES", help)
#define NUMBER(name, field, min, arg, help)                                                        \
    {                                                                                              \
        name, 0, VL_OPT_NUMBER, FIELD(update.field), arg, help, min                                \
    }
#define IGNORED(name, letter, arg, help)                                                           \
    {                                                                                              \
        name, letter, VL_OPT_IGNORED, 0, arg, help, 0                                              \
    }
#define HELP                                                                                       \
    FLAG("help", 'h', help, "show this help"),                                                     \
    {                                                                                              \
        "?", '?', VL_OPT_FLAG, FIELD(help), NULL, NULL, 0                                          \
    },                                                                                             \
    {                                                                                              \
        "usage", 0, VL_OPT_FLAG, FIELD(help), NULL, NULL, 0                                        \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, 0, 0, NULL, NULL, 0                                                               \
    }

const struct vl_opt vl_global_options[] = {
    STR("root", 0, global.root, "DIR",
        "state root (default: /run/veloci, for others than root $XDG_RUNTIME_DIR/veloci)"),
    STR("log", 0, log, "FILE",
        "append messages to FILE; syslog:IDENT and journald:ID are understood"),
    WORD("log-format", 0, log_format, "text|json", "how messages are written"),
    WORD("log-level", 0, log_level, "error|warning|info|debug",
         "which messages are written (default: error)"),
    SET("debug", 0, log_level, VL_LOG_DEBUG, "the same as --log-level debug"),
    WORD("cgroup-manager", 0, global.cgroup_manager, "cgroupfs|systemd|disabled",
         "who makes cgroups"),
    SET("systemd-cgroup", 0, global.cgroup_manager, VL_CGM_SYSTEMD,
        "the same as --cgroup-manager systemd"),
    WORD("exit-codes", 0, exit_codes, "plain|detailed",
         "detailed: 3 for what was refused, 4 for what failed"),
    WORD("rootless", 0, global.rootless, "auto|true|false",
         "true: go on without a cgroup where making one fails and none is asked for by name (auto: unless root)"),
    FLAG("version", 'v', version, "show the version"),
    {"V", 'V', VL_OPT_FLAG, FIELD(version), NULL, NULL, 0},
    HELP,
    END,
};

#define BUNDLE                                                                                     \
    STR("bundle", 'b', create.bundle, "DIR", "bundle directory (default: the current one)"),       \
        STR("config", 'f', create.config, "FILE",                                                  \
            "configuration (default: config.json of the bundle)")
#define TRANSCRIPT(verb)                                                                           \
    STR("transcript", 0, verb.transcript.target, "FILE",                                           \
        "write each change of state to FILE, fd:N or unix:PATH"),                                  \
        OPT("transcript-format", 0, VL_OPT_WORD, verb.transcript.format, "text|json",              \
            "how its records are written")
#define LAUNCH                                                                                     \
    BUNDLE,                                                                                        \
        STR("console-socket", 0, create.console_socket, "SOCKET",                                  \
            "AF_UNIX socket that gets the terminal"),                                              \
        STR("pid-file", 0, create.pid_file, "FILE", "gets the process id"),                        \
        STR("pidfd-socket", 0, create.pidfd_socket, "SOCKET",                                      \
            "AF_UNIX socket that gets a descriptor of the process"),                               \
        STR("plan-digest", 0, create.plan_digest, "DIGEST",                                        \
            "refuse unless the plan has this digest (sha256:…)"),                                  \
        STR("plan", 0, create.plan_file, "FILE", "refuse unless the plan is that of FILE"),        \
        FLAG("no-pivot", 0, create.no_pivot, "do not use pivot_root"),                             \
        FLAG("no-new-keyring", 0, create.no_new_keyring, "keep the session keyring"),              \
        OPT("preserve-fds", 0, VL_OPT_U32, create.preserve_fds, "N",                               \
            "hand on N descriptors, from 3 on"),                                                   \
        TRANSCRIPT(create), HELP

static const struct vl_opt create_options[] = {
    LAUNCH,
    IGNORED("no-subreaper", 0, NULL, "accepted for compatibility"),
    END,
};
static const struct vl_opt run_options[] = {
    LAUNCH,
    FLAG("detach", 'd', create.detach, "do not wait for the end of the container"),
    OPT("timeline", 0, VL_OPT_OPTIONAL, timeline, NULL,
        "show at the end where the time of the launch went; --timeline=FILE.svg draws it"),
    FLAG("keep", 0, create.keep, "do not delete the container at its end"),
    FLAG("no-subreaper", 0, create.no_subreaper,
         "do not become the parent of what the container leaves behind"),
    END,
};
static const struct vl_opt exec_options[] = {
    STR("process", 'p', exec.process, "FILE",
        "process document; \"-\" is standard input; what it leaves out is the container's"),
    FLAG("tty", 't', exec.tty, "give the process a terminal"),
    STR("user", 'u', exec.user, "USER[:GROUP]",
        "numbers, or names of the container's /etc/passwd and /etc/group"),
    STRS("additional-gids", 'g', exec.groups, "GID", "a further group; may be repeated"),
    STRS("env", 'e', exec.env, "NAME=VALUE", "add to the environment; may be repeated"),
    STR("cwd", 0, exec.cwd, "DIR", "working directory"),
    STRS("cap", 'c', exec.caps, "CAP", "add a capability; may be repeated"),
    FLAG("no-new-privs", 0, exec.no_new_privs, "execve gives no new privileges"),
    STR("apparmor", 0, exec.apparmor, "PROFILE", "AppArmor profile"),
    STR("process-label", 0, exec.selinux, "LABEL", "SELinux label"),
    STRS("cgroup", 0, exec.cgroup, "[CONTROLLERS:]PATH",
         "an existing cgroup below the container's; may be repeated with controllers of cgroup v1"),
    FLAG("detach", 'd', exec.detach, "do not wait for the end of the process"),
    STR("pid-file", 0, exec.pid_file, "FILE", "gets the process id once the program runs"),
    STR("console-socket", 0, exec.console_socket, "SOCKET",
        "AF_UNIX socket that gets the terminal"),
    STR("pidfd-socket", 0, exec.pidfd_socket, "SOCKET",
        "AF_UNIX socket that gets a descriptor of the process"),
    OPT("preserve-fds", 0, VL_OPT_U32, exec.preserve_fds, "N", "hand on N descriptors, from 3 on"),
    TRANSCRIPT(exec),
    FLAG("ignore-paused", 0, exec.ignore_paused,
         "also in a paused container, where the process is frozen as well"),
    IGNORED("no-subreaper", 0, NULL, "accepted for compatibility"),
    HELP,
    END,
};
static const struct vl_opt plain_options[] = {
    HELP,
    END,
};
static const struct vl_opt start_options[] = {
    TRANSCRIPT(create),
    HELP,
    END,
};
static const struct vl_opt kill_options[] = {
    FLAG("all", 'a', all, "signal every process of the container; a stopped one is no error"),
    FLAG("regex", 'r', regex, "signal all running containers whose ID matches an extended regular expression"),
    HELP,
    END,
};
static const struct vl_opt delete_options[] = {
    FLAG("force", 'f', force, "kill it when it runs; be content when there is none"),
    FLAG("regex", 'r', regex, "delete all containers whose ID matches an extended regular expression"),
    HELP,
    END,
};
static const struct vl_opt list_options[] = {
    WORD("format", 'f', format, "table|json", "form of the output"),
    FLAG("quiet", 'q', quiet, "only the ids"),
    HELP,
    END,
};
static const struct vl_opt ps_options[] = {
    WORD("format", 'f', format, "table|json",
         "table: what ps(1) says of them; json: an array of process ids"),
    HELP,
    END,
};
static const struct vl_opt doctor_options[] = {
    WORD("format", 'f', format, "table|json", "form of the output"),
    HELP,
    END,
};
static const struct vl_opt spec_options[] = {
    STR("bundle", 'b', spec.bundle, "DIR", "bundle directory (default: the current one)"),
    STR("file", 'f', spec.file, "FILE",
        "write or overwrite FILE (default: config.json, which must not exist)"),
    FLAG("rootless", 0, spec.rootless, "for a caller who is not root"),
    HELP,
    END,
};
#define PLAN                                                                                       \
    FLAG("no-pivot", 0, create.no_pivot, "plan for create --no-pivot"),                            \
        FLAG("no-new-keyring", 0, create.no_new_keyring, "plan for create --no-new-keyring"),      \
        OPT("preserve-fds", 0, VL_OPT_U32, create.preserve_fds, "N",                               \
            "plan for create --preserve-fds N"),                                                   \
        FLAG("run", 0, plan.run, "plan for run instead of create"),                                \
        FLAG("detach", 'd', create.detach, "with --run: plan for run --detach"), HELP, END
static const struct vl_opt plan_options[] = {
    BUNDLE,
    WORD("format", 0, format, "json|binary", "form of the output"),
    PLAN,
};
static const struct vl_opt plan_verify_options[] = {
    STR("bundle", 'b', create.bundle, "DIR", "compare with what would be done with this bundle here"),
    STR("config", 'f', create.config, "FILE", "configuration (default: config.json of the bundle)"),
    PLAN,
};

static const struct vl_opt events_options[] = {
    OPT("interval", 0, VL_OPT_DURATION, interval, "TIME",
        "time between statistics, such as 500ms, 1m30s or a number of seconds (default: 5s)"),
    FLAG("stats", 0, stats,
         "print the statistics once and end; of a stopped container the last ones, until it is "
         "deleted"),
    HELP,
    END,
};
static const struct vl_opt update_options[] = {
    STR("resources", 'r', update.resources, "FILE",
        "take the limits from FILE, or - for standard input: linux.resources of config.json as a "
        "document of its own; other limits on the command line are then ignored"),
    SIZE("memory", memory, "memory limit, with a unit of k, m, g or t; -1 for none"),
    SIZE("memory-swap", memory_swap, "limit of memory and swap together; -1 for none"),
    SIZE("memory-reservation", memory_reservation,
         "memory that is left to the container when the host runs short"),
    SIZE("kernel-memory", kernel_memory, "limit of kernel memory (cgroup v1, Linux before 5.11)"),
    SIZE("kernel-memory-tcp", kernel_memory_tcp, "limit of memory for TCP buffers (cgroup v1)"),
    NUMBER("cpu-period", cpu_period, 0, "MICROSECONDS", "period of the CPU quota"),
    NUMBER("cpu-quota", cpu_quota, -1, "MICROSECONDS", "CPU time in each period; -1 for no limit"),
    NUMBER("cpu-burst", cpu_burst, 0, "MICROSECONDS",
           "CPU time of earlier periods that may be used up on top of the quota"),
    NUMBER("cpu-share", cpu_shares, 0, "SHARES", "weight of CPU time, 2 to 262144"),
    NUMBER("cpu-rt-period", cpu_rt_period, 0, "MICROSECONDS",
           "period of realtime scheduling (cgroup v1)"),
    NUMBER("cpu-rt-runtime", cpu_rt_runtime, -1, "MICROSECONDS",
           "realtime CPU time in each period (cgroup v1)"),
    STR("cpuset-cpus", 0, update.cpus, "LIST", "CPUs that may be used, such as 0-3,7"),
    STR("cpuset-mems", 0, update.mems, "LIST", "memory nodes that may be used"),
    NUMBER("cpu-idle", cpu_idle, 0, "0|1", "1: runs only when nothing else wants to"),
    NUMBER("pids-limit", pids_limit, -1, "N", "greatest number of tasks; -1 for no limit"),
    NUMBER("blkio-weight", blkio_weight, 0, "WEIGHT", "weight of block I/O, 10 to 1000"),
    STR("l3-cache-schema", 0, update.l3_cache_schema, "SCHEMA",
        "cache of the container's resctrl group"),
    STR("mem-bw-schema", 0, update.mem_bw_schema, "SCHEMA",
        "memory bandwidth of the container's resctrl group"),
    HELP,
    END,
};

const struct vl_command vl_commands[] = {
    {"completion", "bash|zsh|fish", 1, 1, "print a completion script for a shell", plain_options,
     vl_cmd_completion},
    {"create", "ID", 1, 1, "make a container; its process waits to be started", create_options,
     vl_cmd_create},
    {"delete", "ID", 1, 1, "remove a container that has stopped or was never started",
     delete_options, vl_cmd_delete},
    {"doctor", "", 0, 0, "look what this host can do, and what to do about what is missing", doctor_options,
     vl_cmd_doctor},
    {"events", "ID", 1, 1,
     "print statistics of a container, and each process of it that is killed because its memory is "
     "used up, until it ends; one JSON object a line",
     events_options, vl_cmd_events},
    {"exec", "ID [COMMAND [ARGUMENT...]]", 1, VL_OPERANDS_COMMAND,
     "run a command in a container; options stand before ID", exec_options, vl_cmd_exec},
    {"features", "", 0, 0, "print what this build understands, as the OCI features document",
     plain_options, vl_cmd_features},
    {"kill", "ID [SIGNAL]", 1, 2, "send a signal (default: TERM) to a container", kill_options,
     vl_cmd_kill},
    {"list", "", 0, 0, "list containers", list_options, vl_cmd_list},
    {"mounts", "add|remove ID FILE", 3, 3,
     "add mounts to a running container, or remove them; FILE (- is standard input) is an array of `mounts` entries",
     plain_options, vl_cmd_mounts},
    {"pause", "ID", 1, 1, "freeze all processes of a container", plain_options, vl_cmd_pause},
    {"plan", "[ID]", 0, 1, "print what create would do", plan_options, vl_cmd_plan},
    {"plan verify", "FILE [ID]", 1, 2, "check a plan, and with a bundle whether it is what would be done here",
     plan_verify_options, vl_cmd_plan_verify},
    {"ps", "ID [PS OPTION...]", 1, VL_OPERANDS_COMMAND,
     "list the processes of a container; options behind ID are those of ps(1) (default: -ef)",
     ps_options, vl_cmd_ps},
    {"resume", "ID", 1, 1, "thaw a container that was paused", plain_options, vl_cmd_resume},
    {"run", "ID", 1, 1, "create and start a container, wait for it, delete it", run_options,
     vl_cmd_run},
    {"spec", "", 0, 0, "write a config.json to begin with", spec_options, vl_cmd_spec},
    {"start", "ID", 1, 1, "start a container that was created", start_options, vl_cmd_start},
    {"state", "ID", 1, 1, "print the state of a container", plain_options, vl_cmd_state},
    {"update", "ID", 1, 1, "change the limits of a container; what is not given stays as it is",
     update_options, vl_cmd_update},
    {"checkpoint", "ID", 0, 0, NULL, NULL, NULL},
    {"restore", "ID", 0, 0, NULL, NULL, NULL},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const struct vl_command *vl_command_find(const char *name)
{
    for (const struct vl_command *c = vl_commands; c->name != NULL; c++)
        if (vl_streq(c->name, name))
            return c;
    return NULL;
}

const struct vl_command *vl_command_of(int argc, char **argv, int *ret_used)
{
    *ret_used = 2;
    for (const struct vl_command *c = vl_commands; c->name != NULL && argc > 1; c++) {
        size_t n = strcspn(c->name, " ");
        if (c->name[n] == ' ' && strlen(argv[0]) == n && strncmp(c->name, argv[0], n) == 0 && vl_streq(c->name + n + 1, argv[1]))
            return c;
    }
    *ret_used = 1;
    return argc > 0 ? vl_command_find(argv[0]) : NULL;
}
