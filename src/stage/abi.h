/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel interface words that the uapi headers do not give to user space (sockets, signals) or that older
 * headers lack. No C library: only <linux/…>, <asm/…> and the compiler's own headers.
 */
#ifndef VL_STAGE_ABI_H
#define VL_STAGE_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <asm/ioctls.h>
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/stat.h>

/* System call numbers; since 5.1 the same on every architecture but alpha. */
#ifndef __NR_close_range
#define __NR_close_range 436 /* 5.9 */
#endif
#ifndef __NR_openat2
#define __NR_openat2 437 /* 5.6 */
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442 /* 5.12 */
#endif

/* <linux/stat.h> hides these when a C library is about (the hosted tests). */
#ifndef S_IFMT
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#endif

/* statx(2), 5.8 and 5.8 */
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u
#endif
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

/* openat2(2), 5.6 */
struct st_open_how {
    uint64_t flags, mode, resolve;
};
#define ST_RESOLVE_NO_XDEV 0x01
#define ST_RESOLVE_NO_MAGICLINKS 0x02
#define ST_RESOLVE_NO_SYMLINKS 0x04
#define ST_RESOLVE_BENEATH 0x08
#define ST_RESOLVE_IN_ROOT 0x10

/* mount_setattr(2), 5.12 */
struct st_mount_attr {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#ifndef MOUNT_ATTR_NODIRATIME
#define MOUNT_ATTR_NODIRATIME 0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* 5.10 */
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#define ST_MNT_DETACH 2
#define ST_UMOUNT_NOFOLLOW 8
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6 */
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#define ST_CLOSE_RANGE_CLOEXEC 4 /* 5.11 */

/* file system types (statfs(2)) */
#define ST_PROC_MAGIC 0x9fa0
#define ST_SYSFS_MAGIC 0x62656572
#define ST_DEVPTS_MAGIC 0x1cd1
#define ST_CGROUP2_MAGIC 0x63677270
#define ST_PROC_ROOT_INO 1

/* flags that statfs(2) reports of a mount */
#define ST_F_RDONLY 0x0001
#define ST_F_NOSUID 0x0002
#define ST_F_NODEV 0x0004
#define ST_F_NOEXEC 0x0008
#define ST_F_NOATIME 0x0400
#define ST_F_NODIRATIME 0x0800
#define ST_F_RELATIME 0x1000
#define ST_F_NOSYMFOLLOW 0x2000

/* sockets */
struct st_iovec {
    void *base;
    size_t len;
};
struct st_msghdr {
    void *name;
    int namelen;
    struct st_iovec *iov;
    size_t iovlen;
    void *control;
    size_t controllen;
    unsigned flags;
};
struct st_cmsghdr {
    size_t len;
    int level, type;
};
#define ST_AF_INET 2
#define ST_AF_INET6 10
#define ST_AF_NETLINK 16
#define ST_SOCK_DGRAM 2
#define ST_SOCK_RAW 3
#define ST_SOCK_CLOEXEC 02000000
#define ST_SOL_SOCKET 1
#define ST_SCM_RIGHTS 1
#define ST_MSG_CTRUNC 0x08
#define ST_MSG_TRUNC 0x20
#define ST_MSG_NOSIGNAL 0x4000
#define ST_MSG_CMSG_CLOEXEC 0x40000000

struct st_pollfd {
    int fd;
    short events, revents;
};
#define ST_POLLIN 1
struct st_timespec {
    long sec, nsec;
};

/* signals */
struct st_sigaction {
    void (*handler)(int);
    unsigned long flags;
#ifdef ST_SA_RESTORER
    void (*restorer)(void);
#endif
    uint64_t mask;
};
#define ST_NSIG 64
#define ST_SIGKILL 9
#define ST_SIGSTOP 19
#define ST_SIGCHLD 17
#define ST_SIG_SETMASK 2

/* memory */
#define ST_PROT_READ 1
#define ST_PROT_WRITE 2
#define ST_MAP_SHARED 1
#define ST_MAP_PRIVATE 2
#define ST_MAP_ANONYMOUS 0x20
#define ST_MADV_DONTNEED 4
#define ST_PAGE 4096u

#define ST_MFD_CLOEXEC 1u
#define ST_MFD_NOEXEC_SEAL 8u /* 6.3 */

struct st_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

/* Identity as <sys/stat.h> encodes st_dev, which is what veloci writes into the descriptor table. */
static inline uint64_t st_makedev(uint32_t major, uint32_t minor)
{
    return ((uint64_t)(major & 0xfffff000u) << 32) | ((uint64_t)(major & 0xfffu) << 8) |
           ((uint64_t)(minor & 0xffffff00u) << 12) | (minor & 0xffu);
}

/* Device number as mknod(2) takes it. */
static inline unsigned st_rdev(uint32_t major, uint32_t minor)
{
    return (minor & 0xffu) | (major << 8) | ((minor & ~0xffu) << 12);
}

static inline int st_is_type(const struct statx *stx, unsigned type)
{
    return (stx->stx_mode & S_IFMT) == type;
}

#endif
