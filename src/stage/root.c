/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root: the inherited tree leaves its peer groups, the container's tree is attached in it and, when everything
 * below is in place, becomes the root. Between the two the process's own root is still the inherited tree, so that hooks
 * find the host's paths, while the container's are reached through s->root alone.
 */
#include "stage/stage.h"

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
enum { ROOT_TREE = 0, ROOT_CLONE = 1, ROOT_AS_IS = 2 };
enum { PIVOT_ROOT = 0, PIVOT_MOVE = 1, PIVOT_CHROOT = 2 };

int step_propagate(struct stage *s, const struct vl_wire_op *op)
{
    int r = sys_mount(NULL, "/", NULL, (unsigned long)op->n[0] | MS_REC, NULL);
    s->unshared = (op->n[0] & MS_SHARED) == 0;
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

/* Where the new root goes: onto its own directory in the inherited tree, so that hooks find the container with all its
 * mounts at the path that their state names. Of a detached tree that directory is opened by path and must be the same
 * one; a root that has no place there, as an image's, goes onto "/". O_PATH descriptor, owned by the caller. */
static int place_of_root(struct stage *s, int index, int given, int tree)
{
    const char *path = vl_wire_str(&s->v, s->v.desc[index].path);
    struct statx a, b;
    int fd = -ENOENT;

    if (given != tree) /* cloned from that very directory */
        fd = sys_openat(given, ".", O_PATH | O_DIRECTORY, 0);
    else if (path)
        fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0 && sys_fstat(fd, &a) == 0 && sys_fstat(tree, &b) == 0 && a.stx_ino == b.stx_ino &&
        a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor)
        return fd;
    st_close(&fd);
    s->root_on_slash = 1;
    return sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
}

/* The mount that holds the place leaves its peer group: nothing attached to it may appear elsewhere, and pivot_root(2)
 * asks for it. It has a name only as a mount point, so the path is cut until one is met. */
static int make_parent_private(struct stage *s, int place)
{
    char *path = st_scratch.text, name[48] = "self/fd/";
    int proc = st_proc(s);
    long n = proc < 0 ? proc : sys_readlinkat(proc, st_dec(name + 8, (uint64_t)place) - 8, path, ST_PATH - 1);

    if (n < 0)
        return (int)n;
    path[n] = '\0';
    for (;;) {
        int r = sys_mount(NULL, n > 0 ? path : "/", NULL, MS_PRIVATE, NULL);
        if (r != -EINVAL || n <= 1)
            return r;
        while (n > 0 && path[n - 1] != '/')
            n--;
        path[n > 1 ? --n : n] = '\0';
    }
}

static int attach_root(struct stage *s, int index, int given, int tree)
{
    int place = place_of_root(s, index, given, tree);
    if (place < 0)
        return st_fail(s, VL_D_TARGET_OPEN, place);
    int r = s->unshared ? 0 : make_parent_private(s, place);
    if (r < 0)
        r = st_fail(s, VL_D_PROPAGATION, r);
    else if ((r = sys_move_mount(tree, place)) < 0)
        r = st_fail(s, VL_D_ATTACH, r);
    (void)sys_close(place);
    return r;
}

/* Without pivot_root mounts of the inherited tree are taken away later (hide.c), and its peers are the host's: it
 * leaves them, whatever propagation the container's root is to have. */
static int leave_peers(struct stage *s)
{
    for (uint32_t i = s->at; i < s->v.body->n_op && !s->unshared; i++) {
        if (s->v.op[i].code != VL_OP_PIVOT || s->v.op[i].n[0] != PIVOT_MOVE)
            continue;
        int r = sys_mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL);
        if (r < 0)
            return st_fail(s, VL_D_PROPAGATION, r);
        s->unshared = 1;
    }
    return 0;
}

int step_root(struct stage *s, const struct vl_wire_op *op)
{
    int given = s->fd[op->fd[0]];
    int tree = given, r;

    if (given < 0)
        return -EBADF;
    if ((s->host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0)) < 0)
        return st_fail(s, VL_D_TARGET_OPEN, s->host);
    s->fd[op->fd[0]] = -1;
    s->root = given;
    s->root_as_is = op->n[0] == ROOT_AS_IS;
    if (s->root_as_is)
        return 0;
    if ((r = leave_peers(s)) < 0)
        return r;
    if (op->n[0] == ROOT_CLONE && (tree = st_clone_tree(s, given, 1)) < 0)
        return tree;
    s->root = tree;
    r = isolate(s, tree, (uint64_t)op->n[1], 0);
    if (r == 0)
        r = attach_root(s, op->fd[0], given, tree);
    if (given != tree)
        (void)sys_close(given);
    return r < 0 ? r : isolate(s, tree, (uint64_t)op->n[1], 1);
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
    if (op->n[0] == PIVOT_MOVE && !s->root_on_slash && (r = sys_move_mount_path(s->root, "/")) < 0)
        return st_fail(s, VL_D_PIVOT, r);
    if (op->n[0] == PIVOT_MOVE && (r = st_hide_kernel_fs(s)) < 0)
        return st_fail(s, VL_D_DETACH, r);
    if ((r = sys_fchdir(s->root)) < 0)
        return st_fail(s, VL_D_CHDIR, r);
    if (op->n[0] == PIVOT_ROOT)
        r = pivot(s);
    else if ((r = sys_chroot(".")) < 0)
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
