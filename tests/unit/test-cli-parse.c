/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what engines pass is understood, the rest is refused by name. The verbs are
 * replaced. */
#include "tap.h"

#include <errno.h>
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

#define VERB(name)                                                                                 \
    int vl_cmd_##name(const struct vl_args *a, struct vl_error **err)                              \
    {                                                                                              \
        (void)a, (void)err;                                                                        \
        return 0;                                                                                  \
    }
VERB(completion)
VERB(create)
VERB(delete)
VERB(doctor)
VERB(events)
VERB(exec)
VERB(features)
VERB(kill)
VERB(list)
VERB(mounts)
VERB(pause)
VERB(plan)
VERB(plan_verify)
VERB(ps)
VERB(resume)
VERB(run)
VERB(spec)
VERB(start)
VERB(state)
VERB(update)

static struct vl_args args;
static const struct vl_command *command;
static char *words[64];
static char *line_copy, *error_text;

/* Splits at blanks and parses; "''" is an empty argument. 0, or -1 with error_text. */
static int parse(const char *line)
{
    struct vl_error *e = NULL;
    int argc = 1, next;
    free(line_copy);
    vl_cleanup_free(&error_text);
    line_copy = vl_strdup(line);
    words[0] = (char *)"veloci";
    for (char *w = strtok(line_copy, " "); w != NULL; w = strtok(NULL, " "))
        words[argc++] = vl_streq(w, "''") ? w + 2 : w;
    words[argc] = NULL;
    args = (struct vl_args){0};
    command = NULL;
    int r = vl_parse_global(argc, words, &args, &next, &e);
    if (r == 0 && next < argc) {
        int used;
        command = vl_command_of(argc - next, words + next, &used);
        next += used - 1;
        r = command == NULL ? vl_err_usage(&e, "no such command")
                            : vl_parse_command(command, argc - next, words + next, &args, &e);
    }
    if (e != NULL)
        error_text = vl_error_text(e);
    vl_error_free(e);
    return r;
}

static bool ok_line(const char *line)
{
    bool good = parse(line) == 0;
    if (!good)
        diag("%s", error_text);
    return good;
}

static void engines(void)
{
    /* as logged from podman, conmon, conmon-rs, containerd, CRI-O, docker, BuildKit, buildah */
    static const char *const lines[] = {
        "start ID",
        "kill ID 15",
        "kill --all ID 9",
        "kill -a ID 9",
        "kill ID KILL",
        "kill ID SIGKILL",
        "kill ID",
        "delete --force ID",
        "delete ID",
        "state ID",
        "list --format=json",
        "--systemd-cgroup create --bundle B --pid-file P ID",
        "--log-format=json --log F/oci-log create --bundle B --pid-file P --no-pivot "
        "--no-new-keyring --preserve-fds 3 "
        "--console-socket S ID",
        "--cgroup-manager disabled create --bundle B --pid-file P ID",
        "--log=journald:ID --log-level=debug --root=X --systemd-cgroup --root=X --systemd-cgroup "
        "create --bundle B "
        "--pid-file P --console-socket=S ID",
        "--root ROOT/NS --debug --log B/log.json --log-format json --systemd-cgroup "
        "--rootless=true create --bundle B "
        "--pid-file B/init.pid ID",
        "--root R --log F --log-format json --rootless=false delete --force ID",
        "--debug --root X --log F --log-format json create --bundle B ID",
        "--systemd-cgroup --root=ROOT create --bundle B --pid-file B/pidfile ID",
        "--log ROOT/executor/runc-log.json --log-format json run --bundle B --no-pivot --keep ID",
        "run --bundle B --keep ID",
        "run -d -b B ID",
        "run --no-subreaper --bundle B ID",
        "create -no-subreaper --bundle B ID",
        ("create --bundle B --pid-file B/pid --console-socket B/console.sock --no-pivot "
         "--no-new-keyring buildah-buildah1"),
        "--version",
        "-v",
        "--help",
        "create --help",
        "kill -?",
        "--usage",
        "kill --usage",
        "spec -b DIR --rootless",
        "spec -f FILE",
        "list -q",
        "list -f json",
        "plan -b B -f F --format json",
        "plan --format=binary ID",
        "plan --run -d verify",
        "plan verify F",
        "plan verify -b B F ID",
        "create --plan F --plan-digest sha256:0 -b B ID",
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(lines); i++)
        ok(ok_line(lines[i]), "%.110s", lines[i]);
}

static void global(void)
{
    ok_line("--root A --log L --log-format json --log-level warning --root=B --debug state ID");
    is_str(args.global.root, "B", "the last --root counts");
    is_str(args.log, "L", "--log");
    is_int(args.log_format, VL_LOG_JSON, "--log-format");
    is_int(args.log_level, VL_LOG_DEBUG, "--debug after --log-level");
    is_str(command->name, "state", "command");
    is_str(args.operand[0], "ID", "operand");
    ok_line("--systemd-cgroup --cgroup-manager=cgroupfs state ID");
    is_int(args.global.cgroup_manager, VL_CGM_CGROUPFS, "the last manager counts");
    ok_line("--cgroup-manager disabled --systemd-cgroup state ID");
    is_int(args.global.cgroup_manager, VL_CGM_SYSTEMD, "in either order");
    ok_line("--systemd-cgroup=false state ID");
    is_int(args.global.cgroup_manager, VL_CGM_CGROUPFS, "switched off");
    ok_line("-root R state ID");
    is_str(args.global.root, "R", "one dash");
    ok_line("-root=R state ID");
    is_str(args.global.root, "R", "one dash and =");
    ok_line("--log-l debug state ID");
    is_int(args.log_level, VL_LOG_DEBUG, "the beginning of a name suffices");
    ok_line("--root= state ID");
    is_str(args.global.root, "", "an empty value stays one");
}

static void forms(void)
{
    static const char *const bundles[] = {
        "create -b DIR ID",       "create -bDIR ID",        "create -b=DIR ID",
        "create --bundle DIR ID", "create --bundle=DIR ID", "create ID -b DIR",
        "create -bundle=DIR ID",  "create -bundle DIR ID",  "create -b X --bundle DIR ID",
        "create ID --bundle=DIR", "create -b DIR -- ID",    "create --no-pivot -b DIR ID",
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(bundles); i++) {
        ok_line(bundles[i]);
        is_str(args.create.bundle, "DIR", "%s", bundles[i]);
        is_str(args.n_operands == 1 ? args.operand[0] : NULL, "ID", "%s: operand", bundles[i]);
    }
    ok_line("list -qf json");
    ok(args.quiet && args.format == 1, "letters together");
    ok_line("list -qfjson");
    ok(args.quiet && args.format == 1, "and their value");
    ok_line("run -d --keep=true --no-pivot=false --preserve-fds=7 ID");
    ok(args.create.detach && args.create.keep && !args.create.no_pivot &&
           args.create.preserve_fds == 7,
       "run");
    ok_line("delete -f=false ID");
    ok(!args.force, "a flag switched off by its letter");
    ok_line("kill -- -ID 9");
    ok(args.n_operands == 2 && vl_streq(args.operand[0], "-ID"), "-- ends the options");
    ok_line("kill - 9");
    ok(args.n_operands == 2 && vl_streq(args.operand[0], "-"), "a dash alone is an operand");
    ok_line("create -b '' ID");
    is_str(args.create.bundle, "", "an empty value");
    ok_line("update --memory 1g --memory-swap -1 --pids-limit=-1 --cpu-share=7 -r - ID");
    ok(args.update.memory.given && args.update.memory.value == 1 << 30 &&
           args.update.memory_swap.value == -1 && args.update.pids_limit.value == -1 &&
           args.update.cpu_shares.value == 7 && !args.update.cpu_quota.given &&
           vl_streq(args.update.resources, "-"),
       "update");
    ok_line("events --interval 1m30s --stats ID");
    ok(args.interval.value == 90000 && args.stats, "events");
    ok_line("state --help");
    ok(args.help, "help needs no operand");
    ok_line("");
    ok(command == NULL && !args.help, "nothing at all");
    ok_line("--version");
    ok(args.version, "version");
    ok_line("-V");
    ok(args.version, "version");
}

/* A command that takes another command line, and an option that may be repeated. */
static void own_line(void)
{
    static const struct vl_opt options[] = {
        {"word", 'w', VL_OPT_STRS, offsetof(struct vl_args, plan), "WORD", "a word", 0},
        {"all", 'a', VL_OPT_FLAG, offsetof(struct vl_args, all), NULL, "all", 0},
        {NULL, 0, 0, 0, NULL, NULL, 0},
    };
    static const struct vl_command c = {.name = "other",
                                        .operands = "ID COMMAND",
                                        .min = 1,
                                        .max = VL_OPERANDS_COMMAND,
                                        .options = options};
    const char *line[] = {"other", "-w", "one", "--word=two", "-wthree", "ID", "ls", "-a", "--", "-w", NULL};
    struct vl_args a = {0};
    struct vl_error *e = NULL;
    ok(vl_parse_command(&c, 10, (char **)(uintptr_t)line, &a, &e) == 0, "another command line");
    const struct vl_strv *words_seen = (const struct vl_strv *)(const void *)&a.plan;
    ok(words_seen->n == 3 && vl_streq(words_seen->v[0], "one") && vl_streq(words_seen->v[1], "two") &&
           vl_streq(words_seen->v[2], "three"),
       "every value of a repeated option, in order");
    ok(a.n_operands == 5 && vl_streq(a.operand[0], "ID") && vl_streq(a.operand[2], "-a") &&
           vl_streq(a.operand[3], "--") && vl_streq(a.operand[4], "-w") && !a.all,
       "what follows the first operand is not ours");
    vl_args_reset(&c, &a);
    ok(words_seen->n == 0, "reset");
}

static void refusals(void)
{
    static const struct {
        const char *line, *says;
    } t[] = {
        {"--nonsense state ID", "unknown global option `--nonsense`"},
        {"-x state ID", "unknown global option `-x`"},
        {"state --nonsense ID", "state: unknown option `--nonsense`"},
        {"create -bq", "an argument is missing"},
        {"list -qx", "unknown option `-qx`"},
        {"state", "an argument is missing"},
        {"state a b", "too many arguments"},
        {"kill a b c", "too many arguments"},
        {"list a", "too many arguments"},
        {"create --bundle", "flag needs an argument: --bundle"},
        {"create ID -b", "flag needs an argument: --bundle"},
        {"--root", "flag needs an argument: --root"},
        {"--log-format xml state ID", "invalid value `xml` for --log-format: must be text|json"},
        {"--log-format tex state ID", "invalid value `tex`"},
        {"list -f xml", "invalid value `xml` for --format"},
        {"run --preserve-fds x ID", "invalid value `x` for --preserve-fds: must be a number"},
        {"run --preserve-fds -1 ID", "invalid value `-1`"},
        {"run --preserve-fds= ID", "invalid value ``"},
        {"run --preserve-fds 4294967296 ID", "invalid value"},
        {"run --detach=maybe ID", "invalid value `maybe` for --detach: must be true or false"},
        {"--cgroup-manager docker state ID", "cgroupfs|systemd|disabled"},
        {"create --bundel=B ID", "unknown option `--bundel=B`"},
        {"create --p F ID", "option `--p` can be short for several"},
        {"start --root R ID", "unknown option `--root`"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(t); i++) {
        int r = parse(t[i].line);
        bool good = r < 0 && error_text != NULL && strstr(error_text, t[i].says) != NULL;
        ok(good, "%s", t[i].line);
        if (!good)
            diag("%s", error_text ? error_text : "(no error)");
    }
}

/* The rows themselves. */
static void check_options(const char *who, const struct vl_opt *o)
{
    for (const struct vl_opt *x = o; x != NULL && x->name != NULL; x++) {
        ok(x->type >= VL_OPT_FLAG && x->type <= VL_OPT_IGNORED &&
               x->offset < sizeof(struct vl_args) &&
               (x->type != VL_OPT_WORD || (x->arg && strchr(x->arg, '|'))) &&
               ((x->type != VL_OPT_STR && x->type != VL_OPT_STRS) || x->arg),
           "%s --%s", who, x->name);
        for (const struct vl_opt *y = o; y < x; y++)
            if (vl_streq(x->name, y->name) || (x->letter && x->letter == y->letter))
                ok(false, "%s --%s twice", who, x->name);
    }
}

static void table(void)
{
    check_options("global", vl_global_options);
    const char *before = "";
    for (const struct vl_command *c = vl_commands; c->name != NULL; c++) {
        check_options(c->name, c->options);
        if (c->run == NULL)
            continue;
        ok(strcmp(before, c->name) < 0 && c->help && c->min <= c->max, "%s", c->name);
        before = c->name;
        cleanup_free char *text = vl_help_text(c);
        ok(strstr(text, c->name) && strstr(text, "--help"), "help of %s", c->name);
    }
    cleanup_free char *text = vl_help_text(NULL);
    ok(strstr(text, "--cgroup-manager cgroupfs|systemd|disabled") && strstr(text, "  kill "),
       "help");
    ok(strstr(text, "checkpoint") == NULL, "what is not there is not offered");
    ok(vl_command_find("nosuch") == NULL && vl_command_find("kill") != NULL, "find");
}

static void listing(void)
{
    struct vl_record r = {.id = (char *)"a-rather-long-id",
                          .pid = 7,
                          .bundle = (char *)"/b",
                          .created = (char *)"now"};
    struct vl_status s = {.status = VL_RUNNING, .record = &r, .owner = (char *)"root"};
    struct vl_status *item = &s;
    struct vl_list l = {&item, 1};
    cleanup_free char *text = vl_list_table(&l);
    is_str(text,
           "ID                 PID         STATUS      BUNDLE      CREATED     OWNER\n"
           "a-rather-long-id   7           running     /b          now         root\n",
           "table");
}

int main(void)
{
    engines();
    global();
    forms();
    own_line();
    refusals();
    table();
    listing();
    free(line_copy);
    free(error_text);
    return done_testing();
}
