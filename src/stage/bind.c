/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BIND: a tree of the host, as a descriptor that veloci opened (never a path), onto a path of the container. It is
 * either detached already or, with a user namespace, an O_PATH descriptor into the stage's own mount namespace
 * that is cloned here, so that the kernel keeps the locks of what root of the host has set (mount_namespaces(7)).
 */
#include "stage/stage.h"

/* copy-symlink: a source that is a symbolic link appears as the same link. */
static int copy_symlink(struct stage *s, const struct vl_wire_op *op, int source)
{
    char *text = st_scratch.text, *there = st_scratch.other;
    const char *name;
    long n = sys_readlinkat(source, "", text, ST_PATH - 1);

    if (n < 0)
        return st_fail(s, VL_D_READ_LINK, (int)n);
    text[n] = '\0';
    int dir = st_resolve_parent(s->root, s->feat, st_str(s, op, 0), &name);
    if (dir < 0)
        return st_fail(s, VL_D_TARGET_OPEN, dir);
    int r = sys_symlinkat(text, dir, name);
    if (r == -EEXIST) {
        long m = sys_readlinkat(dir, name, there, ST_PATH - 1);
        there[m < 0 ? 0 : m] = '\0';
        if (m >= 0 && st_same(there, text))
            r = 0;
    }
    (void)sys_close(dir);
    return r < 0 ? st_fail(s, VL_D_SYMLINK, r) : 0;
}

static int attach_to(struct stage *s, const struct vl_wire_op *op, int tree, const struct statx *stx,
                     struct st_attrs *attrs)
{
    const char *label = st_str(s, op, 2);
    int target = st_target(s, st_str(s, op, 0), (unsigned)op->n[5], !st_is_type(stx, S_IFDIR), NULL);
    if (target < 0)
        return target;
    int r = label ? st_label_fd(s, tree, label) : 0;
    if (r == 0)
        r = st_attach(s, tree, target, attrs);
    (void)sys_close(target);
    return r;
}

int step_bind(struct stage *s, const struct vl_wire_op *op)
{
    unsigned flags = (unsigned)op->n[5];
    struct st_attrs attrs = {.set = (uint64_t)op->n[0],
                             .clr = (uint64_t)op->n[1],
                             .rset = (uint64_t)op->n[2],
                             .rclr = (uint64_t)op->n[3],
                             .prop = (uint64_t)op->n[4],
                             .idmap = -1}; /* veloci has mapped the tree: that takes rights over its file system */
    struct statx stx;

    st_parent_forget(s);
    if (st_source_absent(s, op->fd[0]))
        return s->v.desc[op->fd[0]].flags & VL_DESC_OPTIONAL ? 0 : st_fail(s, VL_D_CLONE_TREE, -EBADF);
    /* A tree that veloci cloned is still a peer of the host's mount. Inside the stage's own namespace the source
     * is a slave already. */
    if (attrs.prop == 0)
        attrs.prop = MS_SLAVE | MS_REC;
    if (flags & VL_MNT_LATE_RO)
        attrs.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
    int tree = st_take_tree(s, op->fd[0], (flags & VL_MNT_RECURSIVE) != 0);
    if (tree < 0)
        return tree;
    int r = sys_fstat(tree, &stx);
    if (r == 0 && st_is_type(&stx, S_IFLNK) && (flags & VL_MNT_COPY_SYMLINK))
        r = copy_symlink(s, op, tree);
    else if (r == 0)
        r = attach_to(s, op, tree, &stx, &attrs);
    if (r == 0 && (flags & VL_MNT_LATE_RO) && !st_is_type(&stx, S_IFLNK))
        return st_late_ro_take(s, tree);
    (void)sys_close(tree);
    return r;
}
