/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed registry of operations as the wire check sees it: how many arguments of which form each has, and
 * in which phases it may stand. A code without a row is refused. Freestanding, like wire_check.c; the names
 * that belong to the rows are in optable.c.
 */
#include "plan/wire_check.h"

#define P(x) (1u << VL_PHASE_##x)
#define BIT(i) (1u << (i))

/* clang-format off */
const struct vl_op_shape vl_op_shapes[] = {
    /* code, version, phases, numbers, strings, descriptors, vectors, binary, optional strings and descriptors */
    {VL_OP_CLONE,        1, P(HOST), 2, 0, 0, 0, 0, 0, 0},
    {VL_OP_IDMAP,        1, P(HOST), 4, 0, 0, 0, 0, 0, 0},
    {VL_OP_IDMAP_MODE,   1, P(HOST), 2, 2, 0, 0, 0, BIT(0) | BIT(1), 0},
    {VL_OP_CGROUP,       1, P(HOST), 5, 3, 0, 0, 0, BIT(0) | BIT(1) | BIT(2), 0},
    {VL_OP_CGWRITE,      1, P(HOST), 2, 3, 0, 0, 0, BIT(0), 0},
    {VL_OP_CGDEVICES,    1, P(HOST), 1, 1, 0, 0, BIT(0), BIT(0), 0},
    {VL_OP_OOM,          1, P(HOST), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_LIMIT_RAISE,  1, P(HOST), 2, 0, 0, 0, 0, 0, 0},
    {VL_OP_HOST_HOOK,    1, P(HOST), 2, 3, 0, BIT(1) | BIT(2), 0, BIT(1) | BIT(2), 0},
    {VL_OP_IDMAP_SET,    1, P(HOST), 1, 2, 1, 0, 0, BIT(0) | BIT(1), 0},
    {VL_OP_NETDEV,       1, P(HOST), 0, 2, 0, 0, 0, BIT(1), 0},
    {VL_OP_RDT,          1, P(HOST), 1, 4, 0, 0, 0, BIT(1) | BIT(2) | BIT(3), 0},
    {VL_OP_SCOPE_PROP,   1, P(HOST), 1, 2, 0, 0, 0, 0, 0},
    {VL_OP_CGDELEGATE,   1, P(HOST), 2, 1, 0, 0, 0, 0, 0},
    {VL_OP_EXEC_AFFINITY, 1, P(HOST), 0, 2, 0, 0, BIT(0) | BIT(1), BIT(0) | BIT(1), 0},

    {VL_OP_JOIN,         1, P(IDENTITY), 1, 0, 1, 0, 0, 0, 0},
    {VL_OP_FORK,         1, P(IDENTITY) | P(AMBIENT), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_AWAIT,        1, P(IDENTITY), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_ASSUME,       1, P(IDENTITY), 3, 0, 0, 0, 0, 0, 0},
    {VL_OP_GUARD,        1, P(IDENTITY), 0, 0, 0, 0, 0, 0, 0},
    {VL_OP_UNSHARE,      1, P(IDENTITY), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_TIME_OFFSETS, 1, P(IDENTITY), 0, 1, 0, 0, 0, 0, 0},
    {VL_OP_KEYRING,      1, P(IDENTITY), 0, 2, 0, 0, 0, BIT(1), 0},
    {VL_OP_LOOPBACK,     1, P(IDENTITY), 0, 0, 0, 0, 0, 0, 0},

    {VL_OP_PROPAGATE,    1, P(VISIBILITY), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_ROOT,         1, P(VISIBILITY), 2, 0, 1, 0, 0, 0, 0},
    {VL_OP_MOUNT,        1, P(VISIBILITY), 7, 5, 2, BIT(3), 0, BIT(1) | BIT(3) | BIT(4), BIT(0) | BIT(1)},
    {VL_OP_BIND,         1, P(VISIBILITY), 6, 3, 2, 0, 0, BIT(1) | BIT(2), BIT(1)},
    {VL_OP_REMOUNT,      1, P(VISIBILITY), 6, 2, 0, BIT(1), 0, BIT(1), 0},
    {VL_OP_MKDIR,        1, P(VISIBILITY), 3, 1, 0, 0, 0, 0, 0},
    {VL_OP_DEVICE,       1, P(VISIBILITY), 7, 1, 1, 0, 0, 0, BIT(0)},
    {VL_OP_SYMLINK,      1, P(VISIBILITY), 1, 2, 0, 0, 0, 0, 0},
    {VL_OP_CONSOLE,      1, P(VISIBILITY), 4, 0, 0, 0, 0, 0, 0},
    {VL_OP_HOOKS_DUE,    1, P(VISIBILITY), 0, 0, 0, 0, 0, 0, 0},
    {VL_OP_HOOK,         1, P(VISIBILITY) | P(READY), 5, 5, 0, BIT(1) | BIT(2), 0, BIT(1) | BIT(2) | BIT(4), 0},
    {VL_OP_MASK,         1, P(VISIBILITY), 0, 1, 2, 0, 0, 0, BIT(0) | BIT(1)},
    {VL_OP_READONLY,     1, P(VISIBILITY), 0, 1, 0, 0, 0, 0, 0},
    {VL_OP_PIVOT,        1, P(VISIBILITY), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_ROOT_ATTR,    1, P(VISIBILITY), 2, 0, 0, 0, 0, 0, 0},
    {VL_OP_SYSCTL,       1, P(VISIBILITY), 0, 2, 0, 0, 0, 0, 0},
    {VL_OP_HOSTNAME,     1, P(VISIBILITY), 0, 1, 0, 0, 0, 0, 0},
    {VL_OP_DOMAINNAME,   1, P(VISIBILITY), 0, 1, 0, 0, 0, 0, 0},
    {VL_OP_ENTER,        1, P(VISIBILITY), 0, 0, 1, 0, 0, 0, 0},
    {VL_OP_UNMOUNT,      1, P(VISIBILITY), 0, 1, 0, BIT(0), 0, 0, 0},

    {VL_OP_SETSID,       1, P(AMBIENT), 0, 0, 0, 0, 0, 0, 0},
    {VL_OP_STDIO,        1, P(AMBIENT), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_CWD,          1, P(AMBIENT), 2, 1, 0, 0, 0, 0, 0},
    {VL_OP_UMASK,        1, P(AMBIENT), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_SCHED,        1, P(AMBIENT), 0, 1, 0, 0, BIT(0), 0, 0},
    {VL_OP_IOPRIO,       1, P(AMBIENT), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_AFFINITY,     1, P(AMBIENT), 0, 1, 0, 0, BIT(0), BIT(0), 0},
    {VL_OP_MEMPOLICY,    1, P(AMBIENT), 2, 1, 0, 0, BIT(0), BIT(0), 0},
    {VL_OP_PERSONALITY,  1, P(AMBIENT), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_CREDS,        1, P(AMBIENT), 8, 1, 0, 0, BIT(0), BIT(0), 0},
    {VL_OP_NNP,          1, P(AMBIENT), 0, 0, 0, 0, 0, 0, 0},
    {VL_OP_USER,         1, P(VISIBILITY), 2, 2, 0, 0, 0, BIT(0) | BIT(1), 0},

    {VL_OP_LABEL,        1, P(AMBIENT) | P(CONFINEMENT), 1, 1, 0, 0, 0, 0, 0},
    {VL_OP_LANDLOCK,     1, P(AMBIENT), 3, 0, 0, 0, 0, 0, 0},
    {VL_OP_LANDLOCK_PATH, 1, P(AMBIENT), 2, 1, 0, 0, 0, 0, 0},
    {VL_OP_LANDLOCK_PORT, 1, P(AMBIENT), 2, 0, 0, 0, 0, 0, 0},
    {VL_OP_LANDLOCK_ENFORCE, 1, P(AMBIENT) | P(READY), 1, 0, 0, 0, 0, 0, 0},
    {VL_OP_SECCOMP,      1, P(AMBIENT) | P(CONFINEMENT) | P(READY), 2, 3, 0, 0, BIT(0), BIT(1) | BIT(2), 0},

    {VL_OP_RESOLVE,      1, P(READY), 2, 0, 0, 0, 0, 0, 0},
    {VL_OP_READY,        1, P(READY), 0, 0, 0, 0, 0, 0, 0},
    {VL_OP_GATE,         1, P(READY), 1, 0, 1, 0, 0, 0, BIT(0)},
    {VL_OP_RLIMIT,       1, P(READY), 3, 0, 0, 0, 0, 0, 0},
    {VL_OP_EXEC,         1, P(READY), 3, 2, 0, BIT(0) | BIT(1), 0, BIT(1), 0},
    {VL_OP_DONE,         1, P(READY), 0, 0, 0, 0, 0, 0, 0},
};
/* clang-format on */
const unsigned vl_n_op_shapes = sizeof(vl_op_shapes) / sizeof(vl_op_shapes[0]);

const struct vl_op_shape *vl_op_shape(unsigned code)
{
    for (unsigned i = 0; i < vl_n_op_shapes; i++)
        if (vl_op_shapes[i].code == code)
            return &vl_op_shapes[i];
    return (const struct vl_op_shape *)0;
}
