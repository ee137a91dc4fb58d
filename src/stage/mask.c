/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked and read-only paths. A masked directory shows an empty one, a masked file the null device; both come from
 * veloci as descriptors and are looked at here, as the image's /dev/null may be anything (CVE-2025-31133). What is
 * not there needs no mask.
 */
#include "stage/stage.h"

#define NULL_MAJOR 1
#define NULL_MINOR 3
#define NULL_BIT 2u

/* The path's object, or -ENOENT when there is nothing to cover: EACCES cannot be reached by the workload either. */
static int covered(struct stage *s, const char *path)
{
    int fd = st_resolve(s->root, s->feat, path, 0, NULL);
    return fd == -ENOTDIR || fd == -EACCES ? -ENOENT : fd;
}

static int verify(struct stage *s, int tree, unsigned bit)
{
    struct statx stx;
    int r = sys_fstat(tree, &stx);
    if (r < 0)
        return r;
    int right = bit == NULL_BIT ? st_is_type(&stx, S_IFCHR) && stx.stx_rdev_major == NULL_MAJOR &&
                                      stx.stx_rdev_minor == NULL_MINOR
                                : st_is_type(&stx, S_IFDIR);
    return right ? 0 : st_fail(s, VL_D_DEVICE_MISMATCH, -ENODEV);
}

/* A detached tree can be attached once and, before Linux 6.15, not be cloned: the first one is kept by its descriptor
 * and cloned where it lies from then on, with its attributes. */
static int cover(struct stage *s, int index, unsigned bit, int target)
{
    struct st_attrs attrs = {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
                                    (bit == NULL_BIT ? 0 : MOUNT_ATTR_NODEV),
                             .prop = MS_PRIVATE,
                             .idmap = -1};
    const struct st_attrs inherited = {.idmap = -1};
    unsigned acquire = s->v.desc[index].acquire;
    int detached = acquire == VL_ACQ_TREE || acquire == VL_ACQ_LATE_TREE;
    int seen = (s->mask_ready & bit) != 0, r = 0;

    if (s->fd[index] < 0)
        return st_fail(s, VL_D_CLONE_TREE, -EBADF);
    if (!seen && (r = verify(s, s->fd[index], bit)) < 0)
        return r;
    s->mask_ready = (uint8_t)(s->mask_ready | bit);
    if (detached && !seen)
        return st_attach(s, s->fd[index], target, &attrs);
    int tree = st_clone_tree(s, s->fd[index], 0);
    if (tree < 0)
        return tree;
    r = st_attach(s, tree, target, detached ? &inherited : &attrs);
    (void)sys_close(tree);
    return r;
}

int step_mask(struct stage *s, const struct vl_wire_op *op)
{
    struct statx stx;
    int target = covered(s, st_str(s, op, 0));

    if (target < 0)
        return target == -ENOENT ? 0 : st_fail(s, VL_D_TARGET_OPEN, target);
    int r = sys_fstat(target, &stx);
    unsigned which = r == 0 && st_is_type(&stx, S_IFDIR) ? 0 : 1;
    if (r == 0)
        r = op->fd[which] < 0 ? st_fail(s, VL_D_CLONE_TREE, -EBADF) : cover(s, op->fd[which], 1u << which, target);
    (void)sys_close(target);
    return r;
}

/* The path once more over itself, read-only: only this mount, its other flags and the mounts below stay. */
int step_readonly(struct stage *s, const struct vl_wire_op *op)
{
    struct st_attrs attrs = {.set = MOUNT_ATTR_RDONLY, .idmap = -1};
    int target = covered(s, st_str(s, op, 0));

    if (target < 0)
        return target == -ENOENT ? 0 : st_fail(s, VL_D_TARGET_OPEN, target);
    int tree = st_clone_tree(s, target, 1);
    int r = tree < 0 ? tree : st_attach(s, tree, target, &attrs);
    st_close(&tree);
    (void)sys_close(target);
    return r;
}
