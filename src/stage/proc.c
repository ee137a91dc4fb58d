/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to procfs: sysctls, labels, offsets. A container may have put anything on its /proc
 * (CVE-2019-16884, CVE-2025-52881), so it is never trusted by path: the stage uses the procfs of the tree it
 * was born in, or one that it makes itself, or at last the container's after looking at it, and opens files below it
 * without crossing a mount.
 */
#include "stage/stage.h"

#define PATH_SIZE 512

/* Takes fd if it is the root of a procfs; closes it otherwise. */
static int verified(int fd)
{
    struct statfs sfs;
    struct statx stx;

    if (fd < 0)
        return fd;
    if (sys_fstatfs(fd, &sfs) == 0 && sfs.f_type == ST_PROC_MAGIC && sys_fstat(fd, &stx) == 0 &&
        stx.stx_ino == ST_PROC_ROOT_INO)
        return fd;
    (void)sys_close(fd);
    return -ENODEV;
}

/* A procfs of our own, attached nowhere. In a user namespace the kernel wants to see an unmasked one first. */
static int private_proc(void)
{
    int fs = sys_fsopen("proc");
    if (fs < 0)
        return fs;
    int r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
    int fd = r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    (void)sys_close(fs);
    return fd;
}

int st_proc(struct stage *s)
{
    int fd = -ENOENT;

    if (s->proc >= 0)
        return s->proc;
    if (!s->pivoted && !(s->joined & CLONE_NEWNS))
        fd = verified(sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0));
    if (fd < 0)
        fd = verified(private_proc());
    if (fd < 0 && (s->joined & CLONE_NEWNS))
        fd = verified(sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0));
    if (fd >= 0)
        s->proc = fd;
    return fd;
}

/* Without openat2: one component at a time, each on the same file system as the root. "self" and "thread-self" are
 * links that procfs itself makes; no other link is followed. */
static int open_by_steps(int proc, const char *path, unsigned flags, int links)
{
    struct statx root, stx;
    char name[256];
    int dir = proc, r = sys_fstat(proc, &root);

    while (r == 0) {
        size_t n = 0;
        while (path[n] != '/' && path[n] != '\0')
            n++;
        if (n == 0 || n >= sizeof(name) || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.')) {
            r = -EINVAL;
            break;
        }
        memcpy(name, path, n);
        name[n] = '\0';
        int last = path[n] == '\0';
        int own_link = links && dir == proc && (st_same(name, "self") || st_same(name, "thread-self"));
        int fd = sys_openat(dir, name, (own_link ? 0 : O_NOFOLLOW) | (last ? flags : O_PATH | O_DIRECTORY), 0);
        if (dir != proc)
            (void)sys_close(dir);
        dir = proc;
        if (fd < 0)
            return fd;
        r = sys_fstat(fd, &stx);
        if (r == 0 && (stx.stx_dev_major != root.stx_dev_major || stx.stx_dev_minor != root.stx_dev_minor))
            r = -EXDEV;
        if (r == 0 && last)
            return fd;
        dir = fd;
        path += n + 1;
    }
    if (dir != proc)
        (void)sys_close(dir);
    return r;
}

static int open_below(struct stage *s, int proc, const char *path, unsigned flags, int links)
{
    struct st_open_how how = {.flags = flags | O_CLOEXEC | (links ? 0 : O_NOFOLLOW),
                              .resolve = ST_RESOLVE_BENEATH | ST_RESOLVE_NO_XDEV | ST_RESOLVE_NO_MAGICLINKS |
                                         (links ? 0 : ST_RESOLVE_NO_SYMLINKS)};
    struct statfs sfs;
    int fd;

    if (proc < 0)
        return proc;
    fd = s->feat & VL_FEAT_OPENAT2 ? sys_openat2(proc, path, &how) : open_by_steps(proc, path, flags, links);
    if (fd < 0)
        return fd;
    int r = sys_fstatfs(fd, &sfs);
    if (r == 0 && sfs.f_type == ST_PROC_MAGIC)
        return fd;
    (void)sys_close(fd);
    return r < 0 ? r : -EXDEV;
}

int st_proc_open(struct stage *s, const char *path, unsigned flags, int links)
{
    int fd = open_below(s, st_proc(s), path, flags, links);
    if (fd >= 0 || s->own_proc < 0)
        return fd;
    /* an outer container may have made its /proc read-only or covered parts; ours is fresh */
    int own = open_below(s, s->own_proc, path, flags, links);
    return own >= 0 ? own : fd;
}

int st_proc_write(struct stage *s, const char *path, const char *text, size_t n, int links)
{
    int fd = st_proc_open(s, path, O_WRONLY, links);
    if (fd < 0)
        return st_fail(s, s->proc < 0 && s->own_proc < 0 ? VL_D_OPEN_PROC : VL_D_PROC_FILE, fd);
    long done = sys_write(fd, text, n);
    (void)sys_close(fd);
    if (done < 0)
        return st_fail(s, VL_D_WRITE, (int)done);
    return (size_t)done == n ? 0 : st_fail(s, VL_D_WRITE, -EIO);
}

int step_sysctl(struct stage *s, const struct vl_wire_op *op)
{
    char path[PATH_SIZE] = "sys/";
    size_t len = 4;

    if (!st_append(path, sizeof(path), &len, st_str(s, op, 0), op->s[0].len))
        return st_fail(s, VL_D_OPEN_PROC, -ENAMETOOLONG);
    return st_proc_write(s, path, st_str(s, op, 1), op->s[1].len, 0);
}

/* The label of the next execve; on the process itself nothing changes before. AppArmor wants to be told in words, in
 * one write; its file without the directory is for kernels that have only one security module. */
int step_label(struct stage *s, const struct vl_wire_op *op)
{
    const char *label = st_str(s, op, 0);
    char *text = st_scratch.text;
    size_t len = 0;
    int r;

    if (op->n[0] == VL_LSM_SELINUX)
        return st_proc_write(s, "thread-self/attr/exec", label, op->s[0].len, 1);
    if (op->n[0] != VL_LSM_APPARMOR)
        return -EINVAL;
    if (!st_append(text, ST_PATH, &len, "exec ", 5) || !st_append(text, ST_PATH, &len, label, op->s[0].len))
        return -ENAMETOOLONG;
    r = st_proc_write(s, "thread-self/attr/apparmor/exec", text, len, 1);
    if (r == -ENOENT)
        r = st_proc_write(s, "thread-self/attr/exec", text, len, 1);
    return r;
}

int step_hostname(struct stage *s, const struct vl_wire_op *op)
{
    return (int)SYS2(__NR_sethostname, st_str(s, op, 0), op->s[0].len);
}

int step_domainname(struct stage *s, const struct vl_wire_op *op)
{
    return (int)SYS2(__NR_setdomainname, st_str(s, op, 0), op->s[0].len);
}
