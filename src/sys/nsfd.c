/* SPDX-License-Identifier: Apache-2.0 */
/* Namespace descriptors. */
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/attr.h"
#include "base/cleanup.h"
#include "sys/compat.h"
#include "sys/fd.h"

static const struct {
    int type;
    const char *file;
} kinds[] = {
    {CLONE_NEWUSER, "user"},     {CLONE_NEWNS, "mnt"},    {CLONE_NEWPID, "pid"},
    {CLONE_NEWNET, "net"},       {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},
    {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"},
};

const char *vl_ns_file(int type)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(kinds); i++)
        if (kinds[i].type == type)
            return kinds[i].file;
    return NULL;
}

static int ns_path(pid_t pid, int type, char *buf, size_t size)
{
    const char *file = vl_ns_file(type);
    if (file == NULL)
        return -EINVAL;
    if (pid == 0)
        (void)snprintf(buf, size, "/proc/self/ns/%s", file);
    else
        (void)snprintf(buf, size, "/proc/%d/ns/%s", (int)pid, file);
    return 0;
}

int vl_ns_open(pid_t pid, int type)
{
    char path[64];
    int r = ns_path(pid, type, path, sizeof(path));
    return r < 0 ? r : vl_open(path, O_RDONLY);
}

int vl_ns_type(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return -errno;
    if (fs.f_type != NSFS_MAGIC)
        return -ENOTTY;
    int type = ioctl(fd, NS_GET_NSTYPE);
    return type < 0 ? -errno : type;
}

int vl_ns_open_path(const char *path, int type)
{
    /* Looked at through O_PATH first: opening a device or a FIFO by a wrong path has effects. */
    cleanup_fd int at = vl_open(path, O_PATH);
    if (at < 0)
        return at;
    uint64_t magic;
    struct statfs fs;
    if (fstatfs(at, &fs) < 0)
        return -errno;
    magic = (uint64_t)fs.f_type;
    struct stat st;
    if (fstat(at, &st) < 0)
        return -errno;
    if (magic != NSFS_MAGIC || !S_ISREG(st.st_mode))
        return -ENOTTY;
    cleanup_fd int fd = vl_fd_reopen(at, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    int got = vl_ns_type(fd);
    if (got < 0)
        return got;
    return got == type ? vl_take_fd(&fd) : -EINVAL;
}

int vl_setns(int fd, int type)
{
    return setns(fd, type) < 0 ? -errno : 0;
}

int vl_unshare(int flags)
{
    return unshare(flags) < 0 ? -errno : 0;
}

int vl_ns_id_of(pid_t pid, int type, struct vl_ns_id *ret)
{
    char path[64];
    struct stat st;
    int r = ns_path(pid, type, path, sizeof(path));
    if (r < 0)
        return r;
    if (stat(path, &st) < 0)
        return -errno;
    *ret = (struct vl_ns_id){st.st_dev, st.st_ino};
    return 0;
}

int vl_ns_id_fd(int fd, struct vl_ns_id *ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret = (struct vl_ns_id){st.st_dev, st.st_ino};
    return 0;
}

bool vl_ns_id_equal(struct vl_ns_id a, struct vl_ns_id b)
{
    return a.dev == b.dev && a.ino == b.ino;
}

int vl_ns_differing(pid_t pid, int types, int *ret)
{
    int differing = 0;
    for (size_t i = 0; i < VL_ARRAY_LEN(kinds); i++) {
        struct vl_ns_id own, other;
        if (!(types & kinds[i].type))
            continue;
        int r = vl_ns_id_of(0, kinds[i].type, &own);
        if (r == -ENOENT)
            continue; /* this kernel has no such namespaces, so nobody has another one */
        if (r == 0)
            r = vl_ns_id_of(pid, kinds[i].type, &other);
        if (r < 0)
            return r == -ENOENT ? -ESRCH : r;
        if (!vl_ns_id_equal(own, other))
            differing |= kinds[i].type;
    }
    *ret = differing;
    return 0;
}

int vl_ns_owner(int fd)
{
    int r = vl_ns_type(fd);
    if (r < 0)
        return r;
    r = ioctl(fd, NS_GET_USERNS); /* close-on-exec by itself */
    return r < 0 ? -errno : r;
}
