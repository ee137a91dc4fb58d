/* SPDX-License-Identifier: Apache-2.0 */
/* Where exec puts a process: sub-groups by name, or the group that the container's first process has moved to. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "sys/fd.h"

static bool has_controller(const struct vl_cgroup_dir *dir, const char *name, size_t len)
{
    for (const char *p = dir->controllers; *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");
        if (n == len && memcmp(p, name, n) == 0)
            return true;
        p += n;
    }
    return false;
}

static int narrow_one(struct vl_cgroup_dir *dir, const char *sub, struct vl_error **err)
{
    cleanup_free char *joined = vl_path_join(dir->path, sub);
    char *path = vl_path_clean(joined);
    free(dir->path);
    dir->path = path;
    if (access(path, F_OK) == 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR) /* in words of our own: those of the errno stand for a missing program */
        return vl_err_state(err, "--cgroup: there is no cgroup `%s`", path);
    return vl_err_sys(err, errno, "look at cgroup `%s`", path);
}

static int bad(const char *arg, const char *why, struct vl_error **err)
{
    return vl_err_usage(err, "invalid --cgroup argument `%s`: %s", arg, why);
}

/* One hierarchy by one of its controllers; done has a flag a directory. */
static int narrow_controller(struct vl_cgroup *cg, const char *arg, const char *name, size_t len, const char *sub,
                             bool *done, struct vl_error **err)
{
    for (size_t i = 0; i < cg->desc.n_dir; i++) {
        if (!has_controller(&cg->desc.dir[i], name, len))
            continue;
        if (done[i])
            return bad(arg, "the same hierarchy is given twice", err);
        done[i] = true;
        return narrow_one(&cg->desc.dir[i], sub, err);
    }
    return bad(arg, "the container has no cgroup of this controller", err);
}

static int narrow(struct vl_cgroup *cg, const char *arg, bool alone, bool *done, struct vl_error **err)
{
    const char *colon = strchr(arg, ':'), *sub = colon != NULL ? colon + 1 : arg;
    int r = 0;
    if (vl_path_has_dotdot(sub))
        return bad(arg, "it leads upwards", err);
    if (colon == NULL && !alone)
        return bad(arg, "without a controller it has to be the only one", err);
    if (colon == NULL) {
        for (size_t i = 0; r == 0 && i < cg->desc.n_dir; i++)
            r = narrow_one(&cg->desc.dir[i], sub, err);
        return r;
    }
    if (colon == arg)
        return bad(arg, "the controller in front of the colon is missing", err);
    for (const char *p = arg; r == 0 && p < colon;) {
        size_t n = strcspn(p, ",:");
        r = n == 0 ? bad(arg, "a controller's name is empty", err)
                   : narrow_controller(cg, arg, p, n, sub, done, err);
        p += n + 1;
    }
    return r;
}

int vl_cgroup_narrow(struct vl_cgroup *cg, char *const *v, size_t n, struct vl_error **err)
{
    cleanup_free bool *done = vl_alloc(cg->desc.n_dir + 1);
    int r = 0;
    if (n > 0 && cg->driver == NULL)
        return vl_err_state(err, "--cgroup: the container has no cgroup of its own");
    vl_cleanup_fd(&cg->dirfd);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = narrow(cg, v[i], n == 1, done, err);
    return r;
}

int vl_cgroup_follow(struct vl_cgroup *cg, const struct vl_host *host, pid_t pid, struct vl_error **err)
{
    int fd = vl_cgroup_dirfd_of(host, pid);
    if (fd < 0)
        return vl_err_sys(err, fd, "find the cgroup that process %d is in", (int)pid);
    vl_cleanup_fd(&cg->dirfd);
    cg->dirfd = fd;
    return 0;
}
