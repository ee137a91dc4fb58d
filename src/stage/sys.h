/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage's own system call layer: no C library, no errno. Every wrapper returns what the kernel returns,
 * a value at least 0 or -errno, and is named after its system call. Descriptors that it opens are
 * close-on-exec. The stage runs on 64-bit little-endian architectures; one sys_ARCH.h each.
 */
#ifndef VL_STAGE_SYS_H
#define VL_STAGE_SYS_H

#if defined(__x86_64__)
#include "stage/sys_x86_64.h"
#elif defined(__aarch64__)
#include "stage/sys_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "stage/sys_riscv64.h"
#else
#error "veloci-stage has no system call layer for this architecture"
#endif
#include "stage/abi.h"

#define SYS0(nr) st_syscall6(nr, 0, 0, 0, 0, 0, 0)
#define SYS1(nr, a) st_syscall6(nr, (long)(a), 0, 0, 0, 0, 0)
#define SYS2(nr, a, b) st_syscall6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS3(nr, a, b, c) st_syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS4(nr, a, b, c, d) st_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS5(nr, a, b, c, d, e)                                                                    \
    st_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/* -- files --------------------------------------------------------------------------------------- */

static inline long sys_read(int fd, void *buf, size_t n)
{
    return SYS3(__NR_read, fd, buf, n);
}
static inline long sys_write(int fd, const void *buf, size_t n)
{
    return SYS3(__NR_write, fd, buf, n);
}
static inline long sys_pread(int fd, void *buf, size_t n, uint64_t off)
{
    return SYS4(__NR_pread64, fd, buf, n, off);
}
static inline int sys_close(int fd)
{
    return (int)SYS1(__NR_close, fd);
}
static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int)SYS3(__NR_close_range, first, last, flags);
}
static inline int sys_fcntl(int fd, int cmd, long arg)
{
    return (int)SYS3(__NR_fcntl, fd, cmd, arg);
}
static inline int sys_dup2(int fd, int to)
{
    return (int)SYS3(__NR_dup3, fd, to, 0);
}
static inline int sys_openat(int dirfd, const char *path, unsigned flags, unsigned mode)
{
    return (int)SYS4(__NR_openat, dirfd, path, flags | O_CLOEXEC, mode);
}
static inline int sys_openat2(int dirfd, const char *path, const struct st_open_how *how)
{
    return (int)SYS4(__NR_openat2, dirfd, path, how, sizeof(*how));
}
static inline int sys_statx(int dirfd, const char *path, unsigned flags, struct statx *stx)
{
    return (int)SYS5(__NR_statx, dirfd, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, stx);
}
static inline int sys_fstat(int fd, struct statx *stx)
{
    return sys_statx(fd, "", AT_EMPTY_PATH, stx);
}
static inline int sys_fstatfs(int fd, struct statfs *sfs)
{
    return (int)SYS2(__NR_fstatfs, fd, sfs);
}
static inline long sys_getdents(int fd, void *buf, size_t n)
{
    return SYS3(__NR_getdents64, fd, buf, n);
}
static inline long sys_readlinkat(int dirfd, const char *path, char *buf, size_t n)
{
    return SYS4(__NR_readlinkat, dirfd, path, buf, n);
}
static inline int sys_mkdirat(int dirfd, const char *path, unsigned mode)
{
    return (int)SYS3(__NR_mkdirat, dirfd, path, mode);
}
static inline int sys_mknodat(int dirfd, const char *path, unsigned mode, unsigned rdev)
{
    return (int)SYS4(__NR_mknodat, dirfd, path, mode, rdev);
}
static inline int sys_symlinkat(const char *target, int dirfd, const char *path)
{
    return (int)SYS3(__NR_symlinkat, target, dirfd, path);
}
static inline int sys_fchownat(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    return (int)SYS5(__NR_fchownat, dirfd, path, uid, gid, flags);
}
static inline int sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
    return (int)SYS3(__NR_fchown, fd, uid, gid);
}
static inline int sys_fchmod(int fd, unsigned mode)
{
    return (int)SYS2(__NR_fchmod, fd, mode);
}
static inline int sys_fchmodat(int dirfd, const char *path, unsigned mode)
{
    return (int)SYS3(__NR_fchmodat, dirfd, path, mode);
}
static inline int sys_faccessat(int dirfd, const char *path, int mode)
{
    return (int)SYS3(__NR_faccessat, dirfd, path, mode);
}
static inline int sys_memfd_create(const char *name, unsigned flags)
{
    return (int)SYS2(__NR_memfd_create, name, flags);
}
static inline long sys_lseek(int fd, long off, int whence)
{
    return SYS3(__NR_lseek, fd, off, whence);
}
static inline int sys_ioctl(int fd, unsigned long request, const void *arg)
{
    return (int)SYS3(__NR_ioctl, fd, request, arg);
}
static inline int sys_chdir(const char *path)
{
    return (int)SYS1(__NR_chdir, path);
}
static inline int sys_fchdir(int fd)
{
    return (int)SYS1(__NR_fchdir, fd);
}
static inline int sys_chroot(const char *path)
{
    return (int)SYS1(__NR_chroot, path);
}
/* The kernel's own answer: length with the NUL; "(unreachable)…" outside the root. */
static inline long sys_getcwd(char *buf, size_t n)
{
    return SYS2(__NR_getcwd, buf, n);
}

/* -- mounts -------------------------------------------------------------------------------------- */

static inline int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
                            const void *data)
{
    return (int)SYS5(__NR_mount, source, target, type, flags, data);
}
static inline int sys_umount(const char *target, int flags)
{
    return (int)SYS2(__NR_umount2, target, flags);
}
static inline int sys_pivot_root(const char *root, const char *old)
{
    return (int)SYS2(__NR_pivot_root, root, old);
}
static inline int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
    return (int)SYS3(__NR_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC);
}
/* Attaches the mount of descriptor from at the object of descriptor to. */
static inline int sys_move_mount(int from, int to)
{
    return (int)SYS5(__NR_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
static inline int sys_move_mount_path(int from, const char *to)
{
    return (int)SYS5(__NR_move_mount, from, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH);
}
static inline int sys_fsopen(const char *type)
{
    return (int)SYS2(__NR_fsopen, type, FSOPEN_CLOEXEC);
}
static inline int sys_fspick(int fd)
{
    return (int)SYS3(__NR_fspick, fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
}
static inline int sys_fsconfig(int fd, unsigned cmd, const char *key, const char *value)
{
    return (int)SYS5(__NR_fsconfig, fd, cmd, key, value, 0);
}
static inline int sys_fsmount(int fd, unsigned attrs)
{
    return (int)SYS3(__NR_fsmount, fd, FSMOUNT_CLOEXEC, attrs);
}
static inline int sys_mount_setattr(int fd, unsigned flags, const struct st_mount_attr *attr)
{
    return (int)SYS5(__NR_mount_setattr, fd, "", flags | AT_EMPTY_PATH, attr, sizeof(*attr));
}

/* -- processes ----------------------------------------------------------------------------------- */

static inline __attribute__((noreturn)) void sys_exit(int status)
{
    for (;;)
        (void)SYS1(__NR_exit_group, status);
}
/* Like fork(2) with flags: the child goes on with a copy of the memory. pidfd may be NULL. */
static inline int sys_fork(unsigned long flags, int *pidfd)
{
    return (int)SYS3(__NR_clone, flags, 0, pidfd);
}
static inline int sys_execve(const char *path, char *const *argv, char *const *env)
{
    return (int)SYS3(__NR_execve, path, argv, env);
}
static inline int sys_wait4(int pid, int *status, int options)
{
    return (int)SYS4(__NR_wait4, pid, status, options, 0);
}
static inline int sys_pidfd_send_signal(int pidfd, int sig)
{
    return (int)SYS4(__NR_pidfd_send_signal, pidfd, sig, 0, 0);
}
static inline int sys_getpid(void)
{
    return (int)SYS0(__NR_getpid);
}
static inline int sys_prctl(int option, unsigned long a, unsigned long b)
{
    return (int)SYS5(__NR_prctl, option, a, b, 0, 0);
}
static inline int sys_setns(int fd, int type)
{
    return (int)SYS2(__NR_setns, fd, type);
}
static inline int sys_unshare(unsigned long flags)
{
    return (int)SYS1(__NR_unshare, flags);
}
static inline int sys_setgroups(size_t n, const uint32_t *groups)
{
    return (int)SYS2(__NR_setgroups, n, groups);
}
static inline int sys_setresuid(uint32_t uid)
{
    return (int)SYS3(__NR_setresuid, uid, uid, uid);
}
static inline int sys_setresgid(uint32_t gid)
{
    return (int)SYS3(__NR_setresgid, gid, gid, gid);
}
static inline int sys_geteuid(void)
{
    return (int)SYS0(__NR_geteuid);
}
static inline int sys_sigaction(int sig, const struct st_sigaction *act)
{
    return (int)SYS4(__NR_rt_sigaction, sig, act, 0, 8);
}
static inline int sys_sigmask(uint64_t mask)
{
    return (int)SYS4(__NR_rt_sigprocmask, ST_SIG_SETMASK, &mask, 0, 8);
}
static inline int sys_getrandom(void *buf, size_t n)
{
    return (int)SYS3(__NR_getrandom, buf, n, 0);
}
static inline void *sys_mmap(size_t n, int prot, int flags, int fd)
{
    return (void *)st_syscall6(__NR_mmap, 0, (long)n, prot, flags, fd, 0);
}
static inline int sys_munmap(void *p, size_t n)
{
    return (int)SYS2(__NR_munmap, p, n);
}
static inline int sys_madvise(void *p, size_t n, int advice)
{
    return (int)SYS3(__NR_madvise, p, n, advice);
}
/* mmap reports errors as small negative addresses. */
static inline int st_map_failed(const void *p)
{
    return (unsigned long)p > -4096ul;
}

/* -- sockets ------------------------------------------------------------------------------------- */

static inline int sys_socket(int family, int type, int protocol)
{
    return (int)SYS3(__NR_socket, family, type | ST_SOCK_CLOEXEC, protocol);
}
static inline long sys_send(int fd, const void *buf, size_t n)
{
    return st_syscall6(__NR_sendto, fd, (long)buf, (long)n, ST_MSG_NOSIGNAL, 0, 0);
}
static inline long sys_sendmsg(int fd, const struct st_msghdr *mh)
{
    return SYS3(__NR_sendmsg, fd, mh, ST_MSG_NOSIGNAL);
}
static inline long sys_recvmsg(int fd, struct st_msghdr *mh)
{
    return SYS3(__NR_recvmsg, fd, mh, ST_MSG_CMSG_CLOEXEC);
}
static inline int sys_accept(int fd)
{
    return (int)SYS4(__NR_accept4, fd, 0, 0, ST_SOCK_CLOEXEC);
}
/* timeout_ms < 0: no limit. */
static inline int sys_poll(struct st_pollfd *p, unsigned n, int64_t timeout_ms)
{
    struct st_timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    return (int)SYS5(__NR_ppoll, p, n, timeout_ms < 0 ? (struct st_timespec *)0 : &ts, 0, 8);
}

#endif
