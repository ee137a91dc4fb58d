/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENTER, UNMOUNT, DONE: mounts of a container that runs. The stage gets there with the rights of who calls veloci, or
 * with those of the container's user namespace, changes the mounts, and ends; nothing of the container is executed.
 */
#include "stage/stage.h"

/* What is mounted by BIND, or by MOUNT where the kernel refuses a new one, as a descriptor of the table. */
static int source_of(const struct vl_wire_op *op)
{
    if (op->code == VL_OP_BIND)
        return op->fd[0];
    return op->code == VL_OP_MOUNT ? op->fd[1] : -1;
}

/* Only what lies in one's own mount namespace can be cloned (open_tree(2)), so the sources come along as detached
 * trees. The descriptor of a source that is not there stays what it is. */
static int clone_sources(struct stage *s)
{
    uint32_t here = s->at;

    for (uint32_t i = here + 1; i < s->v.body->n_op; i++) {
        const struct vl_wire_op *op = &s->v.op[i];
        int index = source_of(op), rec = op->code == VL_OP_BIND && (op->n[5] & VL_MNT_RECURSIVE);
        if (index < 0 || st_source_absent(s, index))
            continue;
        s->at = i; /* an error is that mount's */
        int old = s->fd[index], tree = st_take_tree(s, index, rec);
        if (tree < 0)
            return tree;
        if (old >= 0 && old != tree)
            (void)sys_close(old);
        s->fd[index] = tree;
    }
    s->at = here;
    return 0;
}

int step_enter(struct stage *s, const struct vl_wire_op *op)
{
    int r = st_proc(s); /* ours, not the container's */

    if (r < 0)
        return st_fail(s, VL_D_OPEN_PROC, r);
    if ((r = clone_sources(s)) < 0)
        return r;
    if (st_fd(s, op, 0) < 0)
        return -EBADF;
    if ((r = sys_setns(st_fd(s, op, 0), CLONE_NEWNS)) < 0)
        return r;
    s->entered = 1;
    st_close(&s->fd[op->fd[0]]);
    st_close(&s->root);
    s->root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    return s->root < 0 ? st_fail(s, VL_D_TARGET_OPEN, s->root) : 0;
}

/* -- taking away ---------------------------------------------------------------------------------------- */

int st_unmount_fd(struct stage *s, int fd)
{
    char path[48] = "self/fd/";
    int proc = st_proc(s);

    if (proc < 0)
        return proc;
    st_dec(path + 8, (uint64_t)fd);
    /* umount2(2) takes paths only; the working directory makes this one start at the procfs that we trust */
    int r = sys_fchdir(proc);
    if (r == 0)
        r = sys_umount(path, ST_MNT_DETACH);
    (void)sys_chdir("/");
    return r;
}

int st_added(struct stage *s, int tree)
{
    if (!s->entered)
        return 0;
    int fd = s->n_added < VL_WIRE_MAX_ADDED ? sys_fcntl(tree, F_DUPFD_CLOEXEC, 3) : -ENFILE;
    if (fd < 0) {
        (void)st_unmount_fd(s, tree);
        return st_fail(s, VL_D_ATTACH, fd);
    }
    s->added[s->n_added++] = fd;
    return 0;
}

void st_take_back(struct stage *s)
{
    while (s->n_added > 0)
        (void)st_unmount_fd(s, s->added[--s->n_added]);
}

static int same_object(const struct statx *a, const struct statx *b)
{
    return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

static int open_mount_point(struct stage *s, const char *path)
{
    struct statx stx, root;
    int fd = st_resolve(s->root, s->feat, path, 0, NULL);

    if (fd < 0)
        return st_fail(s, VL_D_TARGET_OPEN, fd);
    int r = sys_fstat(fd, &stx);
    if (r == 0)
        r = sys_fstat(s->root, &root);
    if (r == 0 && !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        r = -EINVAL;
    else if (r == 0 && same_object(&stx, &root))
        r = -EBUSY;
    if (r == 0)
        return fd;
    (void)sys_close(fd);
    return st_fail(s, VL_D_NOT_MOUNTED, r);
}

/* All are looked at before any is taken away: a mistake in the list changes nothing. */
int step_unmount(struct stage *s, const struct vl_wire_op *op)
{
    const char *p = st_str(s, op, 0), *end = p + op->s[0].len;
    int fd[VL_WIRE_MAX_ADDED];
    unsigned n = 0;

    for (; p < end && n < VL_WIRE_MAX_ADDED; p += st_len(p) + 1) {
        s->a = n;
        if ((fd[n] = open_mount_point(s, p)) < 0)
            return fd[n];
        n++;
    }
    while (n > 0) {
        s->a = --n;
        int r = st_unmount_fd(s, fd[n]);
        (void)sys_close(fd[n]);
        if (r < 0)
            return st_fail(s, VL_D_UNMOUNT, r);
    }
    return 0;
}

int step_done(struct stage *s, const struct vl_wire_op *op)
{
    (void)op;
    int r = st_send(s, VL_MSG_READY, 0, 0, -1);
    if (r < 0)
        return st_fail(s, VL_D_PROTOCOL, r);
    sys_exit(0);
    return 0;
}
