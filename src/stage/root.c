/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root: the inherited tree leaves its peer groups, the container's tree is laid over "/" and, when everything
 * below it is in place, becomes the root. Between the two the process's own root is still the inherited tree underneath,
 * so that hooks find the host's paths, while the container's are reached through s->root alone.
 */
#include "stage/stage.h"

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
enum { ROOT_TREE = 0, ROOT_CLONE = 1, ROOT_AS_IS = 2 };
enum { PIVOT_ROOT = 0, PIVOT_MOVE = 1, PIVOT_CHROOT = 2 };

int step_propagate(struct stage *s, const struct vl_wire_op *op)
{
    int r = sys_mount(NULL, "/", NULL, (unsigned long)op->n[0] | MS_REC, NULL);
    return r < 0 ? st_fail(s, VL_D_PROPAGATION, r) : 0;
}

/* The root's tree leaves its peer groups before anything is mounted below it: what is mounted in a container must
 * not appear on the host, whatever the propagation of the file system that the bundle lies on. */
static int isolate(struct stage *s, int tree, uint64_t want, int attached)
{
    struct st_attrs attrs = {.prop = MS_PRIVATE | MS_REC, .idmap = -1};
    if ((want & PROPAGATION) == MS_SLAVE)
        attrs.prop = MS_SLAVE | MS_REC;
    int r = st_tree_attrs(s, tree, &attrs, attached);
    if (r < 0 || !(want & (MS_SHARED | MS_UNBINDABLE)))
        return r;
    attrs.prop = want;
    return st_tree_attrs(s, tree, &attrs, attached);
}

int step_root(struct stage *s, const struct vl_wire_op *op)
{
    int *given = &s->fd[op->fd[0]];
    int tree = *given, r;

    if (tree < 0)
        return -EBADF;
    if ((s->host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0)) < 0)
        return st_fail(s, VL_D_TARGET_OPEN, s->host);
    if (op->n[0] == ROOT_AS_IS) {
        s->root = tree;
        s->root_as_is = 1;
        *given = -1;
        return 0;
    }
    if (op->n[0] == ROOT_CLONE && (tree = st_clone_tree(s, tree, 1)) < 0)
        return tree;
    s->root = tree;
    if (tree != *given)
        st_close(given);
    *given = -1;
    if ((r = isolate(s, tree, (uint64_t)op->n[1], 0)) < 0)
        return r;
    /* pivot_root(2): the parent of the new root must not be shared */
    if ((r = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL)) < 0)
        return st_fail(s, VL_D_PROPAGATION, r);
    if ((r = sys_move_mount_path(tree, "/")) < 0)
        return st_fail(s, VL_D_ATTACH, r);
    return isolate(s, tree, (uint64_t)op->n[1], 1);
}

/* Opened while the inherited tree is still there: what later steps write to, and where hooks' output goes. */
static int keep_open(struct stage *s)
{
    int proc = !(s->feat & VL_FEAT_MOUNT_SETATTR), hook = 0, r = 0;
    for (uint32_t i = s->at; i < s->v.body->n_op; i++) {
        proc |= s->v.op[i].code == VL_OP_LABEL || s->v.op[i].code == VL_OP_SYSCTL;
        hook |= s->v.op[i].code == VL_OP_HOOK;
    }
    if (proc && (r = st_proc(s)) < 0)
        return st_fail(s, VL_D_OPEN_PROC, r);
    if (hook && (r = st_null(s)) < 0)
        return st_fail(s, VL_D_HOOK_SPAWN, r);
    return 0;
}

/* pivot_root(".", "."), as in its manual page: the old root lies over the new one and is taken away. It becomes a
 * slave first, or unmounting a shared tree would unmount the host's. */
static int pivot(struct stage *s)
{
    int r = sys_pivot_root(".", ".");
    if (r < 0)
        return st_fail(s, VL_D_PIVOT, r);
    if ((r = sys_fchdir(s->host)) < 0 || (r = sys_mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL)) < 0 ||
        (r = sys_umount(".", ST_MNT_DETACH)) < 0)
        return st_fail(s, VL_D_DETACH, r);
    return 0;
}

int step_pivot(struct stage *s, const struct vl_wire_op *op)
{
    int r = keep_open(s);

    if (r < 0)
        return r;
    if (op->n[0] == PIVOT_MOVE && (r = st_hide_kernel_fs(s)) < 0)
        return st_fail(s, VL_D_DETACH, r);
    if ((r = sys_fchdir(s->root)) < 0)
        return st_fail(s, VL_D_CHDIR, r);
    if (op->n[0] == PIVOT_ROOT)
        r = pivot(s);
    else if ((r = sys_chroot(".")) < 0) /* the tree lies over "/" already: that is what mount --move gives */
        r = st_fail(s, VL_D_PIVOT, r);
    if (r < 0)
        return r;
    s->pivoted = 1;
    st_close(&s->host);
    r = sys_chdir("/");
    return r < 0 ? st_fail(s, VL_D_CHDIR, r) : 0;
}

int step_root_attr(struct stage *s, const struct vl_wire_op *op)
{
    struct st_attrs attrs = {.set = (uint64_t)op->n[0], .prop = (uint64_t)op->n[1], .idmap = -1};
    if (s->root_as_is) /* that mount is the host's */
        return st_fail(s, VL_D_SETATTR, -EINVAL);
    int r = st_tree_attrs(s, s->root, &attrs, 0);
    return r < 0 ? r : st_tree_attrs(s, s->root, &attrs, 1);
}
