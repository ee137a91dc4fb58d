/* SPDX-License-Identifier: Apache-2.0 */
/* The mount API of descriptors, by raw calls: not every C library has wrappers. */
#include "sys/mountfd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "sys/disable.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000 /* 5.10 */
#endif

static int result(long r)
{
    return r < 0 ? -errno : (int)r;
}

int vl_open_tree(int dirfd, const char *path, bool clone, bool recursive)
{
    unsigned flags = OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT;
    if (vl_sys_disabled("newmount"))
        return -ENOSYS;
    if (path == NULL)
        flags |= AT_EMPTY_PATH;
    if (clone)
        flags |= OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0);
    return result(syscall(__NR_open_tree, dirfd, path ? path : "", flags));
}

int vl_fsopen(const char *fstype)
{
    if (vl_sys_disabled("newmount"))
        return -ENOSYS;
    return result(syscall(__NR_fsopen, fstype, FSOPEN_CLOEXEC));
}

int vl_fspick(int dirfd, const char *path)
{
    if (vl_sys_disabled("newmount"))
        return -ENOSYS;
    unsigned flags = FSPICK_CLOEXEC | (path ? 0 : FSPICK_EMPTY_PATH);
    return result(syscall(__NR_fspick, dirfd, path ? path : "", flags));
}

static int config(int fs, unsigned command, const char *key, const void *value, int aux)
{
    return result(syscall(__NR_fsconfig, fs, command, key, value, aux));
}

int vl_fsconfig_string(int fs, const char *key, const char *value)
{
    return config(fs, VL_FSCONFIG_SET_STRING, key, value, 0);
}

int vl_fsconfig_flag(int fs, const char *key)
{
    return config(fs, VL_FSCONFIG_SET_FLAG, key, NULL, 0);
}

int vl_fsconfig_fd(int fs, const char *key, int fd)
{
    return config(fs, VL_FSCONFIG_SET_FD, key, NULL, fd);
}

int vl_fsconfig_create(int fs)
{
    return config(fs, VL_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int vl_fsconfig_reconfigure(int fs)
{
    return config(fs, VL_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

int vl_fsmount(int fs, struct vl_mount_attrs attrs)
{
    return result(syscall(__NR_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attrs.v));
}

/* Messages are read one at a time, each starting with its severity: "e ", "w " or "i ". */
void vl_fs_message(int fs, char *buf, size_t n)
{
    char message[512];
    char kept = 0; /* severity of what buf holds */
    size_t len = 0;
    buf[0] = '\0';
    for (;;) {
        ssize_t r = read(fs, message, sizeof(message) - 1);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 2)
            break; /* ENODATA: the queue is empty */
        while (r > 2 && message[r - 1] == '\n')
            r--;
        message[r] = '\0';
        if (message[0] == 'i' || (kept == 'e' && message[0] != 'e'))
            continue;
        if (kept != message[0])
            len = 0; /* errors push out warnings */
        kept = message[0];
        const char *parts[] = {len ? "; " : "", message + 2};
        for (size_t i = 0; i < 2; i++) {
            size_t k = strlen(parts[i]);
            if (k > n - 1 - len)
                k = n - 1 - len;
            memcpy(buf + len, parts[i], k);
            len += k;
        }
        buf[len] = '\0';
    }
}

int vl_mount_setattr(int dirfd, const char *path, bool recursive, const struct vl_mount_change *c)
{
    struct {
        uint64_t attr_set, attr_clr, propagation, userns_fd;
    } attr = {c->set.v, c->clear.v, c->propagation, 0};
    if (vl_sys_disabled("mount_setattr"))
        return -ENOSYS;
    if (c->set.v & MOUNT_ATTR_IDMAP) {
        if (vl_sys_disabled("idmap"))
            return -EINVAL;
        attr.userns_fd = (uint64_t)c->userns_fd;
    }
    unsigned flags = (path ? 0U : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0U);
    return result(syscall(__NR_mount_setattr, dirfd, path ? path : "", flags, &attr, sizeof(attr)));
}

static int move(int mnt, int to_dirfd, const char *to_path, unsigned flags)
{
    if (vl_sys_disabled("newmount"))
        return -ENOSYS;
    flags |= MOVE_MOUNT_F_EMPTY_PATH | (to_path ? 0U : MOVE_MOUNT_T_EMPTY_PATH);
    return result(syscall(__NR_move_mount, mnt, "", to_dirfd, to_path ? to_path : "", flags));
}

int vl_move_mount(int mnt, int to_dirfd, const char *to_path)
{
    return move(mnt, to_dirfd, to_path, 0);
}

int vl_move_mount_beneath(int mnt, int to_dirfd, const char *to_path)
{
    return move(mnt, to_dirfd, to_path, MOVE_MOUNT_BENEATH);
}

int vl_fs_magic(int fd, uint64_t *ret)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return -errno;
    *ret = (uint64_t)fs.f_type;
    return 0;
}

int vl_mount_get_attrs(int fd, struct vl_mount_attrs *ret)
{
    static const struct {
        unsigned long st;
        uint64_t attr;
    } map[] = {
        {ST_RDONLY, MOUNT_ATTR_RDONLY},         {ST_NOSUID, MOUNT_ATTR_NOSUID},
        {ST_NODEV, MOUNT_ATTR_NODEV},           {ST_NOEXEC, MOUNT_ATTR_NOEXEC},
        {ST_NODIRATIME, MOUNT_ATTR_NODIRATIME}, {ST_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    };
    struct statvfs fs;
    if (fstatvfs(fd, &fs) < 0)
        return -errno;
    ret->v = 0;
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (fs.f_flag & map[i].st)
            ret->v |= map[i].attr;
    if (fs.f_flag & ST_NOATIME)
        ret->v |= MOUNT_ATTR_NOATIME;
    else if (!(fs.f_flag & ST_RELATIME))
        ret->v |= MOUNT_ATTR_STRICTATIME;
    return 0;
}
