/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the container's tree: devices, directories, links. Everything is made relative to a descriptor of the
 * directory, which was resolved below the root (CVE-2026-41579: /dev of an image may be a link to anywhere), with
 * the umask at 0, so that the mode given is the mode made.
 */
#include "stage/stage.h"

enum { DEV_MUST_BIND = 1 };

void st_parent_forget(struct stage *s)
{
    st_close(&s->dev_dir_fd);
    s->dev_dir = NULL;
}

int st_parent(struct stage *s, const char *path, const char **name)
{
    size_t n = st_len(path);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (s->dev_dir_fd >= 0 && s->dev_dir_len == n && memcmp(s->dev_dir, path, n) == 0) {
        *name = path + n;
        if (**name != '\0' && !st_same(*name, ".") && !st_same(*name, ".."))
            return s->dev_dir_fd;
    }
    st_parent_forget(s);
    int dir = st_resolve_parent(s->root, s->feat, path, name);
    if (dir < 0)
        return dir;
    s->dev_dir = path;
    s->dev_dir_len = n;
    s->dev_dir_fd = dir;
    return dir;
}

/* -- devices ---------------------------------------------------------------------------------------- */

/* 0 when the node is what the operation names. The number of a FIFO means nothing. */
static int same_node(int dir, const char *name, const struct vl_wire_op *op)
{
    struct statx stx;
    int r = sys_statx(dir, name, AT_SYMLINK_NOFOLLOW, &stx);
    if (r < 0)
        return r;
    if (!st_is_type(&stx, (unsigned)op->n[0]))
        return -EEXIST;
    if (op->n[0] == S_IFIFO)
        return 0;
    return stx.stx_rdev_major == (uint32_t)op->n[1] && stx.stx_rdev_minor == (uint32_t)op->n[2] ? 0 : -EEXIST;
}

/* The host's node, bound over an empty file: user namespaces may not make nodes. */
static int bind_node(struct stage *s, const struct vl_wire_op *op, int dir, const char *name)
{
    struct st_attrs attrs = {
        .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .prop = MS_PRIVATE, .idmap = -1};
    struct statx stx;

    if (op->fd[0] < 0)
        return st_fail(s, VL_D_MKNOD, -EPERM);
    int tree = st_take_tree(s, op->fd[0], 0);
    if (tree < 0)
        return tree;
    int r = sys_fstat(tree, &stx);
    if (r == 0 && (!st_is_type(&stx, (unsigned)op->n[0]) || stx.stx_rdev_major != (uint32_t)op->n[1] ||
                   stx.stx_rdev_minor != (uint32_t)op->n[2]))
        r = st_fail(s, VL_D_DEVICE_MISMATCH, -ENODEV);
    if (r == 0 && (r = sys_mknodat(dir, name, S_IFREG | 0644, 0)) < 0)
        r = r == -EEXIST ? 0 : st_fail(s, VL_D_MKNOD, r);
    int target = r < 0 ? r : sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
    if (r == 0 && target < 0)
        r = st_fail(s, VL_D_TARGET_OPEN, target);
    if (r == 0)
        r = st_attach(s, tree, target, &attrs);
    st_close(&target);
    (void)sys_close(tree);
    return r;
}

int step_device(struct stage *s, const struct vl_wire_op *op)
{
    const char *name;
    uint32_t uid = (uint32_t)op->n[4], gid = (uint32_t)op->n[5];
    int r = -EPERM;

    int dir = st_parent(s, st_str(s, op, 0), &name);
    if (dir < 0)
        return st_fail(s, VL_D_TARGET_CREATE, dir);
    if (!(op->n[6] & DEV_MUST_BIND))
        r = sys_mknodat(dir, name, (unsigned)op->n[0] | ((unsigned)op->n[3] & 07777),
                        st_rdev((uint32_t)op->n[1], (uint32_t)op->n[2]));
    if (r == -EEXIST) {
        r = same_node(dir, name, op);
        if (r < 0)
            return st_fail(s, VL_D_DEVICE_MISMATCH, r);
        return 0; /* the image's own node, or one that a bind brought: as it is */
    }
    if (r == -EPERM)
        return bind_node(s, op, dir, name);
    if (r < 0)
        return st_fail(s, VL_D_MKNOD, r);
    if ((uid | gid) == 0) /* it is root's from birth */
        return 0;
    /* what has this name now is not necessarily what was made a moment ago */
    if ((r = same_node(dir, name, op)) < 0)
        return st_fail(s, VL_D_DEVICE_MISMATCH, r);
    r = sys_fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW);
    return r < 0 ? st_fail(s, VL_D_CHOWN, r) : 0;
}

/* -- directories and links ---------------------------------------------------------------------------- */

int step_mkdir(struct stage *s, const struct vl_wire_op *op)
{
    const char *name;
    uint32_t uid = (uint32_t)op->n[1], gid = (uint32_t)op->n[2];

    int dir = st_parent(s, st_str(s, op, 0), &name);
    if (dir < 0)
        return st_fail(s, VL_D_TARGET_CREATE, dir);
    int r = sys_mkdirat(dir, name, (unsigned)op->n[0] & 07777);
    if (r == -EEXIST) {
        /* a directory, possibly behind a link of the image, is what was wanted */
        int there = st_target(s, st_str(s, op, 0), 0, 0, NULL);
        if (there < 0)
            return there;
        (void)sys_close(there);
        return 0;
    }
    if (r < 0)
        return st_fail(s, VL_D_TARGET_CREATE, r);
    if ((uid | gid) != 0 && (r = sys_fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW)) < 0)
        return st_fail(s, VL_D_CHOWN, r);
    return 0;
}

int step_symlink(struct stage *s, const struct vl_wire_op *op)
{
    char *there = st_scratch.other;
    const char *target = st_str(s, op, 0), *name;

    int dir = st_parent(s, st_str(s, op, 1), &name);
    if (dir < 0)
        return st_fail(s, VL_D_TARGET_CREATE, dir);
    int r = sys_symlinkat(target, dir, name);
    if (r != -EEXIST)
        return r < 0 ? st_fail(s, VL_D_SYMLINK, r) : 0;
    if (op->n[0] & 1)
        return 0;
    long n = sys_readlinkat(dir, name, there, ST_PATH - 1);
    there[n < 0 ? 0 : n] = '\0';
    return n >= 0 && st_same(there, target) ? 0 : st_fail(s, VL_D_SYMLINK, r);
}
