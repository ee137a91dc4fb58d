/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that can only be opened once the container's namespaces exist.
 *
 * A bind source of a container with its own user namespace must be cloned by the stage from the tree it
 * inherited, or its mount flags are not locked (mount_namespaces(7)); but the stage may lack the right to walk
 * to it. So it is opened here, with our rights, below the root directory that the stage sent: the descriptor then belongs to the
 * stage's mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include "base/mem.h"
#include "prep/internal.h"
#include "sys/idmap.h"
#include "sys/mountfd.h"
#include "sys/nsfd.h"
#include "sys/resolve.h"

static int open_in_ns(const struct vl_prep *p, const struct vl_desc *d, int stage_root, struct vl_error **err)
{
    int flags = O_PATH | (d->flags & VL_DESC_NOFOLLOW ? O_NOFOLLOW : 0);
    const char *path = vl_prep_path(p, d, err);
    struct vl_fd_id id;
    cleanup_fd int fd = VL_NOFD;

    if (path == NULL)
        return -1;
    fd = vl_resolve_open(stage_root, path, flags, 0, VL_RESOLVE_FOLLOW);
    if (fd == -EXDEV || fd == -ELOOP) /* a magic link such as /proc/PID/ns/net cannot be resolved below a root */
        fd = vl_open_at(stage_root, path + strspn(path, "/"), flags, 0);
    if (fd < 0) {
        vl_err_sys(err, fd, "open %s `%s` in the container's mount namespace", vl_role_name(d->role), path);
        return d->where != NULL ? vl_err_at(err, "%s", d->where) : -1;
    }
    int r = vl_fd_id(fd, &id);
    if (r < 0)
        return vl_err_sys(err, r, "inspect %s `%s`", vl_role_name(d->role), path);
    if (vl_prep_check_kind(d, &id, err) < 0)
        return -1;
    return vl_take_fd(&fd);
}

static int open_late_tree(const struct vl_prep *p, const struct vl_desc *d, struct vl_error **err)
{
    const char *path = vl_prep_path(p, d, err);
    if (path == NULL)
        return -1;
    cleanup_fd int object = vl_open(path, O_PATH | (d->flags & VL_DESC_NOFOLLOW ? O_NOFOLLOW : 0));

    if (object < 0) {
        vl_err_sys(err, object, "open %s `%s`", vl_role_name(d->role), path);
        return d->where != NULL ? vl_err_at(err, "%s", d->where) : -1;
    }
    return vl_prep_clone_tree(d, object, err);
}

/* -- id-mapped mounts ---------------------------------------------------------------------------- */

static int parse_map(const char *text, struct vl_idmap_line **lines, size_t *n)
{
    unsigned c, h, s;
    int used;

    while (*text != '\0' && sscanf(text, " %u %u %u%n", &c, &h, &s, &used) == 3) {
        struct vl_idmap_line *l = VL_APPEND(*lines, *n);
        *l = (struct vl_idmap_line){c, h, s};
        text += used;
        text += strspn(text, " \n");
    }
    return *text == '\0' && *n > 0 ? 0 : -EINVAL;
}

static const struct vl_op *idmap_op_of(const struct vl_plan *plan, size_t desc)
{
    size_t from = 0;
    const struct vl_op *op;

    while ((op = vl_plan_find(plan, VL_OP_IDMAP_SET, &from)) != NULL)
        if (op->fd[0] == (int)desc)
            return op;
    return NULL;
}

/* An earlier descriptor with the same maps: making a user namespace takes a process. */
static int same_idmap(const struct vl_prep *p, size_t desc, const struct vl_op *op)
{
    for (size_t i = 0; i < desc; i++) {
        const struct vl_op *other = p->plan->desc[i].role == VL_ROLE_IDMAP ? idmap_op_of(p->plan, i) : NULL;
        if (other != NULL && vl_op_s(other, 0) != NULL && p->ident[i].fd >= 0 &&
            vl_streq(vl_op_s(other, 0), vl_op_s(op, 0)) && vl_streq(vl_op_s(other, 1), vl_op_s(op, 1)))
            return p->ident[i].fd;
    }
    return VL_NOFD;
}

static int make_idmap(const struct vl_prep *p, size_t desc, const struct vl_op *op, struct vl_error **err)
{
    cleanup_free struct vl_idmap_line *uids = NULL, *gids = NULL;
    size_t n_uids = 0, n_gids = 0;
    int same = same_idmap(p, desc, op);

    if (parse_map(vl_op_s(op, 0), &uids, &n_uids) < 0 || parse_map(vl_op_s(op, 1), &gids, &n_gids) < 0)
        return vl_err_bug(err, "id map of descriptor %zu cannot be read", desc);
    int fd = same >= 0 ? vl_fd_dup_above(same, 3) : vl_idmap_userns(uids, n_uids, gids, n_gids);
    if (fd >= 0)
        return fd;
    vl_err_sys(err, fd, "make a user namespace that carries the mapping of an id-mapped mount");
    return op->where != NULL ? vl_err_at(err, "%s", op->where) : -1;
}

int vl_prep_idmap(struct vl_prep *p, size_t desc, pid_t stage, struct vl_error **err)
{
    const struct vl_op *op = idmap_op_of(p->plan, desc);
    int fd;

    if (op != NULL && vl_op_s(op, 0) != NULL) {
        if (p->ident[desc].fd >= 0)
            return 0;
        fd = make_idmap(p, desc, op, err);
        if (fd < 0)
            return -1;
    } else {
        if (stage == 0)
            return 0;
        fd = vl_ns_open(stage, CLONE_NEWUSER);
        if (fd < 0)
            return vl_err_sys(err, fd, "open the container's user namespace");
    }
    p->ident[desc].fd = fd;
    return vl_prep_identify(&p->ident[desc], err);
}

int vl_prep_apply_idmaps(struct vl_prep *p, bool late, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op;

    while ((op = vl_plan_find(p->plan, VL_OP_BIND, &from)) != NULL) {
        if (op->fd[0] < 0 || op->fd[1] < 0)
            continue;
        const struct vl_desc *tree = &p->plan->desc[op->fd[0]];
        if (late != (tree->acquire == VL_ACQ_LATE_TREE) || p->ident[op->fd[0]].fd < 0)
            continue;
        const struct vl_op *set = idmap_op_of(p->plan, (size_t)op->fd[1]);
        struct vl_mount_change c = {.set = {MOUNT_ATTR_IDMAP}, .userns_fd = p->ident[op->fd[1]].fd};
        int r = vl_mount_setattr(p->ident[op->fd[0]].fd, NULL, set != NULL && set->n[0] != 0, &c);
        if (r < 0) {
            if (r == -EINVAL)
                vl_err_unsupported(err, "id-mapped mounts", "map the ids of `%s`: its file system cannot be id-mapped",
                                   tree->path);
            else
                vl_err_sys(err, r, "map the ids of `%s`", tree->path);
            return op->where != NULL ? vl_err_at(err, "%s", op->where) : -1;
        }
    }
    return 0;
}

int vl_prep_late(struct vl_prep *p, pid_t stage, int stage_root, int **ret_fds, size_t *ret_n, struct vl_error **err)
{
    cleanup_free int *fds = NULL;
    size_t n = 0;

    for (size_t i = 0; i < p->plan->n_desc; i++)
        if (p->plan->desc[i].role == VL_ROLE_IDMAP && vl_prep_idmap(p, i, stage, err) < 0)
            return -1;
    for (size_t i = 0; i < p->plan->n_desc; i++) {
        const struct vl_desc *d = &p->plan->desc[i];
        int fd;

        if (d->role == VL_ROLE_IDMAP)
            continue;
        if (d->acquire == VL_ACQ_LATE_TREE) {
            fd = open_late_tree(p, d, err);
        } else if (d->acquire == VL_ACQ_IN_NS) {
            if (stage_root < 0)
                return vl_err_bug(err, "the container's process sent no root directory");
            fd = open_in_ns(p, d, stage_root, err);
        } else {
            continue;
        }
        if (fd < 0 && !((d->flags & VL_DESC_OPTIONAL) && vl_error_errno(*err) == ENOENT))
            return -1;
        if (fd < 0)
            vl_err_drop(err, "optional descriptor is absent");
        p->ident[i].fd = fd < 0 ? -1 : fd;
    }
    if (vl_prep_apply_idmaps(p, true, err) < 0)
        return -1;
    for (size_t i = 0; i < p->plan->n_desc; i++) {
        const struct vl_desc *d = &p->plan->desc[i];

        if (d->acquire != VL_ACQ_LATE_TREE && d->acquire != VL_ACQ_IN_NS)
            continue;
        int *slot = VL_APPEND(fds, n);
        *slot = p->ident[i].fd;
    }
    *ret_fds = vl_take_ptr(fds);
    *ret_n = n;
    return 0;
}
