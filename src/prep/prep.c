/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors opened before the clone: one function a role, one loop over the table. */
#include "prep/prep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/mem.h"
#include "prep/internal.h"
#include "sys/fd.h"
#include "sys/mountfd.h"
#include "sys/nsfd.h"

static const char empty_dir_name[] = "@empty"; /* no container id can be that (state/dir.h) */

int vl_prep_check_kind(const struct vl_desc *d, const struct vl_fd_id *id, struct vl_error **err)
{
    mode_t type = id->mode & S_IFMT;
    static const mode_t want[VL_KIND_MAX] = {
        [VL_KIND_DIR] = S_IFDIR,   [VL_KIND_FILE] = S_IFREG,    [VL_KIND_CHAR] = S_IFCHR,
        [VL_KIND_BLOCK] = S_IFBLK, [VL_KIND_SOCKET] = S_IFSOCK, [VL_KIND_NSFS] = S_IFREG,
    };
    if (d->kind != VL_KIND_ANY && type != want[d->kind])
        return vl_err_config(err, d->where, "open %s `%s`: is not a %s", vl_role_name(d->role),
                             d->path != NULL ? d->path : "", vl_kind_name(d->kind));
    if (d->role == VL_ROLE_NULL && id->rdev != makedev(1, 3))
        return vl_err_refused(err, "verified null device", "open `%s`: is not the null device", d->path);
    if (d->role == VL_ROLE_DEVICE && d->aux != 0 && id->rdev != d->aux)
        return vl_err_config(err, d->where, "open device `%s`: is device %u:%u on this host, not %u:%u", d->path,
                             major(id->rdev), minor(id->rdev), major(d->aux), minor(d->aux));
    return 0;
}

static int make_empty_dir(const struct vl_prep_env *env, struct vl_error **err)
{
    if (mkdirat(env->root_dirfd, empty_dir_name, 0555) < 0 && errno != EEXIST)
        return vl_err_sys(err, errno, "create the shared empty directory `%s/%s`", env->root_path, empty_dir_name);
    return 0;
}

const char *vl_prep_path(const struct vl_prep *p, const struct vl_desc *d, struct vl_error **err)
{
    const char *path = d->role == VL_ROLE_EMPTY ? p->empty_path : d->role == VL_ROLE_NOTIFY ? p->notify_path : d->path;

    if (d->role == VL_ROLE_CGROUP && path != NULL)
        path = p->cgroup != NULL ? vl_cgroup_dir_below(p->cgroup, path) : NULL;
    if (path == NULL)
        vl_err_bug(err, "descriptor %s `%s` has no path", vl_role_name(d->role), d->path != NULL ? d->path : "");
    return path;
}

/* O_PATH descriptor of the object behind a plan's path. */
static int open_object(const struct vl_prep *p, const struct vl_desc *d, const struct vl_prep_env *env,
                       struct vl_error **err)
{
    int flags = O_PATH | (d->flags & VL_DESC_NOFOLLOW ? O_NOFOLLOW : 0);
    int fd;

    if (d->role == VL_ROLE_EMPTY) {
        if (make_empty_dir(env, err) < 0)
            return -1;
        fd = vl_open_at(env->root_dirfd, empty_dir_name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        return fd < 0 ? vl_err_sys(err, fd, "open the shared empty directory `%s/%s`", env->root_path, empty_dir_name)
                      : fd;
    }
    const char *path = vl_prep_path(p, d, err);
    if (path == NULL)
        return -1;
    fd = vl_open(path, flags);
    if (fd >= 0)
        return fd;
    vl_err_sys(err, fd, "open %s `%s`", vl_role_name(d->role), path);
    return d->where != NULL ? vl_err_at(err, "%s", d->where) : -1;
}

int vl_prep_clone_tree(const struct vl_desc *d, int object, struct vl_error **err)
{
    int fd = vl_open_tree(object, NULL, true, d->flags & VL_DESC_RECURSIVE);

    if (fd >= 0)
        return fd;
    vl_err_sys(err, fd, "clone the mount tree of %s `%s`", vl_role_name(d->role), d->path != NULL ? d->path : "");
    return d->where != NULL ? vl_err_at(err, "%s", d->where) : -1;
}

static int open_namespace(const struct vl_desc *d, struct vl_error **err)
{
    int fd = vl_ns_open_path(d->path, (int)d->aux);

    if (fd == -EINVAL)
        return vl_err_config(err, d->where, "join namespace `%s`: it is a namespace of another type than `%s`",
                             d->path, vl_ns_file((int)d->aux));
    if (fd == -ENOTTY)
        return vl_err_config(err, d->where, "join namespace `%s`: it is not a namespace", d->path);
    if (fd < 0) {
        vl_err_sys(err, fd, "open namespace `%s`", d->path);
        return d->where != NULL ? vl_err_at(err, "%s", d->where) : -1;
    }
    return fd;
}

static int open_one(const struct vl_prep *p, const struct vl_desc *d, const struct vl_prep_env *env,
                    struct vl_error **err)
{
    cleanup_fd int object = VL_NOFD;
    struct vl_fd_id id;

    if (d->role == VL_ROLE_GATE) {
        int fd = vl_fd_dup_above(env->gate_fd, 3);
        return fd < 0 ? vl_err_sys(err, fd, "duplicate the start gate") : fd;
    }
    if (d->role == VL_ROLE_PROCESS) {
        int fd = vl_fd_dup_above(env->process_fd, 3);
        return fd < 0 ? vl_err_sys(err, fd, "duplicate the descriptor of the container's process") : fd;
    }
    if (d->role == VL_ROLE_NS)
        return open_namespace(d, err);
    object = open_object(p, d, env, err);
    if (object < 0)
        return -1;
    int r = vl_fd_id(object, &id);
    if (r < 0)
        return vl_err_sys(err, r, "inspect %s `%s`", vl_role_name(d->role), d->path);
    if (vl_prep_check_kind(d, &id, err) < 0)
        return -1;
    if (d->acquire == VL_ACQ_TREE) /* the others stay as they are: INHERITED pins the inode */
        return vl_prep_clone_tree(d, object, err);
    return vl_take_fd(&object);
}

/* Remembers the identity, which the stage compares before it uses the descriptor. */
int vl_prep_identify(struct vl_ident *i, struct vl_error **err)
{
    struct vl_fd_id id;
    int r = vl_fd_id(i->fd, &id);

    if (r < 0)
        return vl_err_sys(err, r, "inspect descriptor %d", i->fd);
    i->dev = id.dev;
    i->ino = id.ino;
    return 0;
}

int vl_prep_open(const struct vl_plan *plan, const struct vl_prep_env *env, struct vl_prep **ret,
                 struct vl_error **err)
{
    cleanup(prep) struct vl_prep *p = vl_alloc(sizeof(*p));

    p->plan = plan;
    p->cgroup = env->cgroup;
    p->empty_path = vl_path_join(env->root_path, empty_dir_name);
    p->notify_path = env->notify_path != NULL ? vl_strdup(env->notify_path) : NULL;
    p->ident = vl_alloc(sizeof(*p->ident) * (plan->n_desc + 1));
    for (size_t i = 0; i < plan->n_desc; i++)
        p->ident[i].fd = -1;
    for (size_t i = 0; i < plan->n_desc; i++) {
        const struct vl_desc *d = &plan->desc[i];

        if (d->role == VL_ROLE_EMPTY && d->acquire == VL_ACQ_IN_NS && make_empty_dir(env, err) < 0)
            return -1;
        if (d->acquire == VL_ACQ_IN_NS || d->acquire == VL_ACQ_LATE_TREE)
            continue;
        if (d->role == VL_ROLE_IDMAP) {
            if (vl_prep_idmap(p, i, 0, err) < 0)
                return -1;
            continue;
        }
        int fd = open_one(p, d, env, err);
        if (fd < 0) {
            if ((d->flags & VL_DESC_OPTIONAL) && vl_error_errno(*err) == ENOENT) {
                vl_err_drop(err, "optional descriptor is absent");
                continue;
            }
            return -1;
        }
        p->ident[i].fd = fd;
        if (vl_prep_identify(&p->ident[i], err) < 0)
            return -1;
    }
    if (vl_prep_apply_idmaps(p, false, err) < 0)
        return -1;
    *ret = vl_take_ptr(p);
    return 0;
}

void vl_prep_close_all(struct vl_prep *p)
{
    for (size_t i = p->plan->n_desc; i-- > 0;)
        vl_cleanup_fd(&p->ident[i].fd);
}

void vl_prep_free(struct vl_prep *p)
{
    if (p == NULL)
        return;
    vl_prep_close_all(p);
    free(p->ident);
    free(p->empty_path);
    free(p->notify_path);
    free(p);
}
