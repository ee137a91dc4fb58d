/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of operations: name of every operation and argument, and the phases it may run in.
 * Print, messages and the command line read it; tests/unit/test-plan-wire.c proves that it agrees with the
 * shapes that the stage checks (wire_shapes.c).
 */
#include "plan/plan.h"

#define P(x) (1u << VL_PHASE_##x)

static const struct vl_op_names table[] = {
    /* host */
    {.code = VL_OP_CLONE, .name = "clone", .phases = P(HOST), .num = {"namespaces", "join"}},
    {.code = VL_OP_IDMAP, .name = "idmap", .phases = P(HOST), .num = {"kind", "container", "host", "size"}},
    {.code = VL_OP_IDMAP_MODE,
     .name = "idmap-mode",
     .phases = P(HOST),
     .num = {"helper", "denySetgroups"},
     .str = {"newuidmap", "newgidmap"}},
    {.code = VL_OP_CGROUP,
     .name = "cgroup",
     .phases = P(HOST),
     .num = {"manager", "mode", "flags", "uid", "gid"},
     .str = {"path", "slice", "unit"}},
    {.code = VL_OP_CGWRITE,
     .name = "cgroup-write",
     .phases = P(HOST),
     .num = {"hierarchy", "flags"},
     .str = {"controller", "file", "value"}},
    {.code = VL_OP_CGDEVICES, .name = "cgroup-devices", .phases = P(HOST), .num = {"flags"}, .str = {"program"}, .blob = 1},
    {.code = VL_OP_OOM, .name = "oom-score", .phases = P(HOST), .num = {"adj"}},
    {.code = VL_OP_LIMIT_RAISE, .name = "limit-raise", .phases = P(HOST), .num = {"resource", "hard"}},
    {.code = VL_OP_HOST_HOOK,
     .name = "host-hook",
     .phases = P(HOST),
     .num = {"hook", "timeoutMs"},
     .str = {"path", "argv", "env"},
     .vec = 1 << 1 | 1 << 2},
    {.code = VL_OP_IDMAP_SET,
     .name = "idmap-set",
     .phases = P(HOST),
     .num = {"recursive"},
     .str = {"uidMap", "gidMap"},
     .fd = {"userns"}},
    {.code = VL_OP_NETDEV, .name = "net-device", .phases = P(HOST), .str = {"device", "name"}},
    {.code = VL_OP_RDT, .name = "resctrl", .phases = P(HOST), .num = {"flags"}, .str = {"group", "schemata", "lines", "monitor"}},
    {.code = VL_OP_SCOPE_PROP, .name = "scope-property", .phases = P(HOST), .num = {"flags"}, .str = {"property", "value"}},
    {.code = VL_OP_CGDELEGATE, .name = "cgroup-delegate", .phases = P(HOST), .num = {"uid", "gid"}, .str = {"path"}},
    {.code = VL_OP_EXEC_AFFINITY,
     .name = "exec-affinity",
     .phases = P(HOST),
     .str = {"initial", "final"},
     .blob = 1 << 0 | 1 << 1},

    /* identity */
    {.code = VL_OP_JOIN, .name = "join", .phases = P(IDENTITY), .num = {"namespace"}, .fd = {"ns"}},
    {.code = VL_OP_FORK, .name = "fork", .phases = P(IDENTITY) | P(AMBIENT), .num = {"namespaces"}},
    {.code = VL_OP_AWAIT, .name = "await", .phases = P(IDENTITY), .num = {"descriptors"}},
    {.code = VL_OP_ASSUME, .name = "assume", .phases = P(IDENTITY), .num = {"uid", "gid", "dropGroups"}},
    {.code = VL_OP_GUARD, .name = "guard", .phases = P(IDENTITY)},
    {.code = VL_OP_UNSHARE, .name = "unshare", .phases = P(IDENTITY), .num = {"namespaces"}},
    {.code = VL_OP_TIME_OFFSETS, .name = "time-offsets", .phases = P(IDENTITY), .str = {"offsets"}},
    {.code = VL_OP_KEYRING, .name = "keyring", .phases = P(IDENTITY), .str = {"name", "label"}},
    {.code = VL_OP_LOOPBACK, .name = "loopback", .phases = P(IDENTITY)},

    /* visibility */
    {.code = VL_OP_PROPAGATE, .name = "propagate", .phases = P(VISIBILITY), .num = {"propagation"}},
    {.code = VL_OP_ROOT,
     .name = "root",
     .phases = P(VISIBILITY),
     .num = {"clone", "propagation"},
     .fd = {"root"}},
    {.code = VL_OP_MOUNT,
     .name = "mount",
     .phases = P(VISIBILITY),
     .num = {"set", "clear", "sbFlags", "propagation", "flags", "recursiveSet", "recursiveClear"},
     .str = {"type", "source", "target", "options", "label"},
     .fd = {"idmap", "fallback"},
     .vec = 1 << 3},
    {.code = VL_OP_BIND,
     .name = "bind",
     .phases = P(VISIBILITY),
     .num = {"set", "clear", "recursiveSet", "recursiveClear", "propagation", "flags"},
     .str = {"target", "source", "label"},
     .fd = {"tree", "idmap"}},
    {.code = VL_OP_REMOUNT,
     .name = "remount",
     .phases = P(VISIBILITY),
     .num = {"set", "clear", "sbFlags", "recursiveSet", "recursiveClear", "propagation"},
     .str = {"target", "options"},
     .vec = 1 << 1},
    {.code = VL_OP_USER, .name = "user", .phases = P(VISIBILITY), .num = {"uid", "gid"}, .str = {"user", "group"}},
    {.code = VL_OP_MKDIR, .name = "mkdir", .phases = P(VISIBILITY), .num = {"mode", "uid", "gid"}, .str = {"path"}},
    {.code = VL_OP_DEVICE,
     .name = "device",
     .phases = P(VISIBILITY),
     .num = {"type", "major", "minor", "mode", "uid", "gid", "flags"},
     .str = {"path"},
     .fd = {"node"}},
    {.code = VL_OP_SYMLINK,
     .name = "symlink",
     .phases = P(VISIBILITY),
     .num = {"keepExisting"},
     .str = {"target", "path"}},
    {.code = VL_OP_CONSOLE,
     .name = "console",
     .phases = P(VISIBILITY),
     .num = {"rows", "columns", "uid", "flags"}},
    {.code = VL_OP_HOOKS_DUE, .name = "hooks-due", .phases = P(VISIBILITY)},
    {.code = VL_OP_HOOK,
     .name = "hook",
     .phases = P(VISIBILITY) | P(READY),
     .num = {"hook", "timeoutMs", "pidSlot", "pidWidth", "index"},
     .str = {"path", "argv", "env", "state", "directory"},
     .vec = 1 << 1 | 1 << 2},
    {.code = VL_OP_MASK, .name = "mask", .phases = P(VISIBILITY), .str = {"path"}, .fd = {"empty", "null"}},
    {.code = VL_OP_READONLY, .name = "readonly", .phases = P(VISIBILITY), .str = {"path"}},
    {.code = VL_OP_PIVOT, .name = "pivot", .phases = P(VISIBILITY), .num = {"mode"}},
    {.code = VL_OP_ROOT_ATTR, .name = "root-attr", .phases = P(VISIBILITY), .num = {"set", "propagation"}},
    {.code = VL_OP_SYSCTL, .name = "sysctl", .phases = P(VISIBILITY), .str = {"file", "value"}},
    {.code = VL_OP_HOSTNAME, .name = "hostname", .phases = P(VISIBILITY), .str = {"name"}},
    {.code = VL_OP_DOMAINNAME, .name = "domainname", .phases = P(VISIBILITY), .str = {"name"}},
    {.code = VL_OP_ENTER, .name = "enter", .phases = P(VISIBILITY), .fd = {"ns"}},
    {.code = VL_OP_UNMOUNT, .name = "unmount", .phases = P(VISIBILITY), .str = {"paths"}, .vec = 1 << 0},

    /* ambient */
    {.code = VL_OP_SETSID, .name = "setsid", .phases = P(AMBIENT)},
    {.code = VL_OP_STDIO, .name = "stdio", .phases = P(AMBIENT), .num = {"uid"}},
    {.code = VL_OP_CWD, .name = "cwd", .phases = P(AMBIENT), .num = {"uid", "gid"}, .str = {"path"}},
    {.code = VL_OP_UMASK, .name = "umask", .phases = P(AMBIENT), .num = {"umask"}},
    {.code = VL_OP_SCHED, .name = "scheduler", .phases = P(AMBIENT), .str = {"attr"}, .blob = 1},
    {.code = VL_OP_IOPRIO, .name = "io-priority", .phases = P(AMBIENT), .num = {"value"}},
    {.code = VL_OP_AFFINITY, .name = "affinity", .phases = P(AMBIENT), .str = {"mask"}, .blob = 1},
    {.code = VL_OP_MEMPOLICY,
     .name = "memory-policy",
     .phases = P(AMBIENT),
     .num = {"mode", "maxNode"},
     .str = {"nodes"},
     .blob = 1},
    {.code = VL_OP_PERSONALITY, .name = "personality", .phases = P(AMBIENT), .num = {"persona"}},
    {.code = VL_OP_CREDS,
     .name = "credentials",
     .phases = P(AMBIENT),
     .num = {"bounding", "permitted", "effective", "inheritable", "ambient", "uid", "gid", "flags"},
     .str = {"groups"},
     .blob = 1},
    {.code = VL_OP_NNP, .name = "no-new-privileges", .phases = P(AMBIENT)},

    /* confinement: before the capabilities go (ambient) where the kernel asks for them */
    {.code = VL_OP_LABEL,
     .name = "label",
     .phases = P(AMBIENT) | P(CONFINEMENT),
     .num = {"kind"},
     .str = {"label"}},
    {.code = VL_OP_LANDLOCK,
     .name = "landlock",
     .phases = P(AMBIENT),
     .num = {"handledFs", "handledNet", "scoped"}},
    {.code = VL_OP_LANDLOCK_PATH,
     .name = "landlock-path",
     .phases = P(AMBIENT),
     .num = {"access", "optional"},
     .str = {"path"}},
    {.code = VL_OP_LANDLOCK_PORT, .name = "landlock-port", .phases = P(AMBIENT), .num = {"port", "access"}},
    {.code = VL_OP_LANDLOCK_ENFORCE,
     .name = "landlock-enforce",
     .phases = P(AMBIENT) | P(READY),
     .num = {"flags"}},
    {.code = VL_OP_SECCOMP,
     .name = "seccomp",
     .phases = P(AMBIENT) | P(CONFINEMENT) | P(READY),
     .num = {"flags", "listener"},
     .str = {"filter", "listenerPath", "listenerMetadata"},
     .blob = 1},

    /* ready */
    {.code = VL_OP_RESOLVE, .name = "resolve", .phases = P(READY), .num = {"uid", "gid"}},
    {.code = VL_OP_READY, .name = "ready", .phases = P(READY)},
    {.code = VL_OP_GATE, .name = "gate", .phases = P(READY), .num = {"mode"}, .fd = {"socket"}},
    {.code = VL_OP_RLIMIT, .name = "rlimit", .phases = P(READY), .num = {"resource", "soft", "hard"}},
    {.code = VL_OP_EXEC,
     .name = "exec",
     .phases = P(READY),
     .num = {"homeUid", "argc", "envc"},
     .str = {"argv", "env"},
     .vec = 1 << 0 | 1 << 1},
    {.code = VL_OP_DONE, .name = "done", .phases = P(READY)},
};

const struct vl_op_names *vl_op_names(unsigned code)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(table); i++)
        if ((unsigned)table[i].code == code)
            return &table[i];
    return NULL;
}

const char *vl_phase_name(enum vl_phase p)
{
    static const char *const names[VL_PHASE_MAX] = {"host",    "identity",    "visibility",
                                                    "ambient", "confinement", "ready"};
    return (unsigned)p < VL_PHASE_MAX ? names[p] : "?";
}

const char *vl_role_name(enum vl_role r)
{
    static const char *const names[VL_ROLE_MAX] = {
        [VL_ROLE_ROOT] = "root",     [VL_ROLE_SOURCE] = "source", [VL_ROLE_NS] = "namespace",
        [VL_ROLE_EMPTY] = "empty",   [VL_ROLE_NULL] = "null",     [VL_ROLE_DEVICE] = "device",
        [VL_ROLE_GATE] = "gate",     [VL_ROLE_IDMAP] = "idmap",   [VL_ROLE_CGROUP] = "cgroup",
        [VL_ROLE_NOTIFY] = "notify", [VL_ROLE_IMAGE] = "image",
        [VL_ROLE_PROCESS] = "process",
    };
    return (unsigned)r < VL_ROLE_MAX && names[r] ? names[r] : "?";
}

const char *vl_kind_name(enum vl_kind k)
{
    static const char *const names[VL_KIND_MAX] = {"any",   "directory", "file", "character-device",
                                                   "block-device", "socket", "namespace"};
    return (unsigned)k < VL_KIND_MAX ? names[k] : "?";
}

const char *vl_acquire_name(enum vl_acquire a)
{
    static const char *const names[VL_ACQ_MAX] = {
        [VL_ACQ_TREE] = "tree",
        [VL_ACQ_OPEN] = "open",
        [VL_ACQ_IN_NS] = "in-namespace",
        [VL_ACQ_LATE_TREE] = "late-tree",
        [VL_ACQ_INHERITED] = "inherited",
    };
    return (unsigned)a < VL_ACQ_MAX && names[a] ? names[a] : "?";
}
