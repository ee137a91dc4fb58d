/* SPDX-License-Identifier: Apache-2.0 */
/* The default document: a shell in ./rootfs with few rights, as people know it from other runtimes.
 */
#include "spec/template.h"

#include <ocispec.h>

#include "base/attr.h"
#include "base/str.h"

/* Members are `char *`, because what the reader fills in may be completed; the writer changes
 * nothing. */
#define TEXT(s) ((char *)(uintptr_t)(s))

static char *const args[] = {TEXT("sh")};
static char *const env[] = {
    TEXT("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    TEXT("TERM=xterm"),
};
static char *const caps[] = {TEXT("CAP_AUDIT_WRITE"), TEXT("CAP_KILL"),
                             TEXT("CAP_NET_BIND_SERVICE")};

static char *const proc_options[] = {TEXT("nosuid"), TEXT("noexec"), TEXT("nodev")};
static char *const dev_options[] = {TEXT("nosuid"), TEXT("strictatime"), TEXT("mode=755"),
                                    TEXT("size=65536k")};
/* gid=5 is the group tty of the host; it is last, so that rootless leaves it out: there it is not
 * mapped. */
static char *const pts_options[] = {TEXT("nosuid"),        TEXT("noexec"),    TEXT("newinstance"),
                                    TEXT("ptmxmode=0666"), TEXT("mode=0620"), TEXT("gid=5")};
static char *const shm_options[] = {TEXT("nosuid"), TEXT("noexec"), TEXT("nodev"),
                                    TEXT("mode=1777"), TEXT("size=65536k")};
static char *const sys_options[] = {TEXT("nosuid"), TEXT("noexec"), TEXT("nodev"), TEXT("ro")};
static char *const sys_bind_options[] = {TEXT("rbind"), TEXT("nosuid"), TEXT("noexec"),
                                         TEXT("nodev"), TEXT("ro")};
static char *const cgroup_options[] = {TEXT("nosuid"), TEXT("noexec"), TEXT("nodev"),
                                       TEXT("relatime"), TEXT("ro")};

/* Kernel interfaces that are not divided by namespaces and tell about, or change, the host. */
static char *const masked[] = {
    TEXT("/proc/acpi"),
    TEXT("/proc/asound"),
    TEXT("/proc/interrupts"),
    TEXT("/proc/kcore"),
    TEXT("/proc/keys"),
    TEXT("/proc/latency_stats"),
    TEXT("/proc/sched_debug"),
    TEXT("/proc/scsi"),
    TEXT("/proc/timer_list"),
    TEXT("/proc/timer_stats"),
    TEXT("/sys/devices/virtual/powercap"),
    TEXT("/sys/firmware"),
};
static char *const readonly[] = {TEXT("/proc/bus"), TEXT("/proc/fs"), TEXT("/proc/irq"),
                                 TEXT("/proc/sys"), TEXT("/proc/sysrq-trigger")};

/* The writer takes arrays as they come out of the reader: not const. */
#define LIST(member, array) .member = (char **)(uintptr_t)(array), .n_##member = VL_ARRAY_LEN(array)
#define MOUNT(where, kind, from, array)                                                            \
    {                                                                                              \
        .destination = TEXT(where), .type = TEXT(kind), .source = TEXT(from), LIST(options, array) \
    }
#define NAMESPACE(name)                                                                            \
    {                                                                                              \
        .type = TEXT(name)                                                                         \
    }

int vl_template_write(const struct vl_template_opts *opts, char **ret, size_t *ret_len,
                      struct vl_error **err)
{
    struct oci_rlimit nofile = {.type = TEXT("RLIMIT_NOFILE"), .hard = 1024, .soft = 1024};
    struct oci_user user = {.uid = 0};
    struct oci_capabilities sets = {LIST(bounding, caps), LIST(effective, caps),
                                    LIST(permitted, caps)};
    struct oci_process process = {
        .has_terminal = true,
        .terminal = true,
        .user = &user,
        LIST(args, args),
        LIST(env, env),
        .cwd = TEXT("/"),
        .capabilities = &sets,
        .rlimits = &nofile,
        .n_rlimits = 1,
        .has_no_new_privileges = true,
        .no_new_privileges = true,
    };
    struct oci_root root = {.path = TEXT("rootfs"), .has_readonly = true, .readonly = true};
    struct oci_mount mounts[] = {
        MOUNT("/proc", "proc", "proc", proc_options),
        MOUNT("/dev", "tmpfs", "tmpfs", dev_options),
        MOUNT("/dev/pts", "devpts", "devpts", pts_options),
        MOUNT("/dev/shm", "tmpfs", "shm", shm_options),
        MOUNT("/dev/mqueue", "mqueue", "mqueue", proc_options),
        MOUNT("/sys", "sysfs", "sysfs", sys_options),
        MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", cgroup_options),
    };
    struct oci_device_rule deny = {.allow = false, .access = TEXT("rwm")};
    struct oci_resources resources = {.devices = &deny, .n_devices = 1};
    struct oci_id_mapping uids = {.container_id = 0, .host_id = opts->uid, .size = 1};
    struct oci_id_mapping gids = {.container_id = 0, .host_id = opts->gid, .size = 1};
    struct oci_namespace namespaces[7] = {NAMESPACE("pid"), NAMESPACE("network"), NAMESPACE("ipc"),
                                          NAMESPACE("uts"), NAMESPACE("mount")};
    struct oci_linux linux_part = {.resources = &resources,
                                   .namespaces = namespaces,
                                   .n_namespaces = 5,
                                   LIST(masked_paths, masked),
                                   LIST(readonly_paths, readonly)};
    if (opts->cgroup_ns)
        namespaces[linux_part.n_namespaces++].type = TEXT("cgroup");
    if (opts->rootless) {
        namespaces[linux_part.n_namespaces++].type = TEXT("user");
        linux_part.resources = NULL;
        linux_part.uid_mappings = &uids;
        linux_part.gid_mappings = &gids;
        linux_part.n_uid_mappings = linux_part.n_gid_mappings = 1;
        mounts[2].n_options--;
        mounts[5] = (struct oci_mount)MOUNT("/sys", "none", "/sys", sys_bind_options);
    }
    struct oci_config config = {
        .oci_version = TEXT("1.3.0"),
        .process = &process,
        .root = &root,
        .hostname = TEXT("veloci"),
        .mounts = mounts,
        .n_mounts = VL_ARRAY_LEN(mounts),
        .linux = &linux_part,
    };
    int r = oci_config_write(&config, "  ", ret, ret_len);
    return r < 0 ? vl_err_sys(err, r, "write the default document") : 0;
}
