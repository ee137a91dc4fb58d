/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: close-on-exec opens, duplication, ranges, identity, sealed memory files. */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/compat.h"
#include "sys/disable.h"

int vl_open(const char *path, int flags)
{
    return vl_open_at(AT_FDCWD, path, flags, 0);
}

int vl_open_at(int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/* No stdio: also used in children on borrowed memory. */
void vl_proc_fd_path(char buf[VL_PROC_FD_MAX], int fd)
{
    static const char prefix[] = "/proc/self/fd/";
    char digits[12];
    size_t n = 0;
    unsigned v = fd < 0 ? 0 : (unsigned)fd;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    memcpy(buf, prefix, sizeof(prefix) - 1);
    char *p = buf + sizeof(prefix) - 1;
    while (n > 0)
        *p++ = digits[--n];
    *p = '\0';
}

int vl_fd_reopen(int fd, int flags)
{
    char path[VL_PROC_FD_MAX];
    if (fd < 0)
        return -EBADF;
    vl_proc_fd_path(path, fd);
    return vl_open(path, flags);
}

int vl_fd_path(int fd, char **ret)
{
    char path[VL_PROC_FD_MAX], buf[PATH_MAX];
    if (fd < 0)
        return -EBADF;
    vl_proc_fd_path(path, fd);
    ssize_t n = readlink(path, buf, sizeof(buf));
    if (n < 0)
        return -errno;
    if ((size_t)n == sizeof(buf))
        return -ENAMETOOLONG;
    *ret = vl_strndup(buf, (size_t)n);
    return 0;
}

int vl_fd_dup_above(int fd, int min)
{
    int r = fcntl(fd, F_DUPFD_CLOEXEC, min);
    return r < 0 ? -errno : r;
}

int vl_fd_set_cloexec(int fd, bool on)
{
    return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int vl_fd_set_nonblock(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    int want = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return want != flags && fcntl(fd, F_SETFL, want) < 0 ? -errno : 0;
}

int vl_pipe(int ret[2])
{
    return pipe2(ret, O_CLOEXEC) < 0 ? -errno : 0;
}

int vl_socketpair(int type, int ret[2])
{
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

static int close_range_call(unsigned first, unsigned flags)
{
    if (vl_sys_disabled("close_range"))
        return -ENOSYS;
    return syscall(__NR_close_range, first, ~0U, flags) < 0 ? -errno : 0;
}

static int close_or_mark(int fd, bool close_it)
{
    if (close_it)
        return close(fd);
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* One entry of getdents64(2). */
struct dirent64_head {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

static int parse_fd(const char *s)
{
    int v = 0;
    if (*s == '\0')
        return -1;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9' || v > (INT_MAX - 9) / 10)
            return -1;
        v = v * 10 + (*s - '0');
    }
    return v;
}

/* procfs positions its directory by descriptor number, so closing while reading skips nothing. */
static int range_by_proc(int first, bool close_it)
{
    int dir = vl_open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return dir;
    int r = 0;
    for (;;) {
        char buf[2048] __attribute__((aligned(8)));
        long n = syscall(SYS_getdents64, dir, buf, sizeof(buf));
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        for (long at = 0; at < n;) {
            const struct dirent64_head *e = (const void *)(buf + at);
            int fd = parse_fd(e->name);
            if (fd >= first && fd != dir)
                (void)close_or_mark(fd, close_it);
            at += e->reclen;
        }
    }
    vl_close(dir);
    return r;
}

static int range_by_limit(int first, bool close_it)
{
    struct rlimit limit;
    int last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20
                   ? (int)limit.rlim_cur
                   : 1 << 20;
    for (int fd = first; fd < last; fd++)
        (void)close_or_mark(fd, close_it);
    return 0;
}

int vl_close_from(int first)
{
    if (close_range_call((unsigned)first, 0) == 0 || range_by_proc(first, true) == 0)
        return 0;
    return range_by_limit(first, true);
}

int vl_cloexec_from(int first)
{
    if (close_range_call((unsigned)first, CLOSE_RANGE_CLOEXEC) == 0 ||
        range_by_proc(first, false) == 0)
        return 0;
    return range_by_limit(first, false);
}

int vl_fd_id(int fd, struct vl_fd_id *ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    bool device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
    *ret = (struct vl_fd_id){st.st_dev, st.st_ino, st.st_mode, device ? st.st_rdev : 0};
    return 0;
}

bool vl_fd_id_same(const struct vl_fd_id *a, const struct vl_fd_id *b)
{
    return a->dev == b->dev && a->ino == b->ino && (a->mode & S_IFMT) == (b->mode & S_IFMT) &&
           a->rdev == b->rdev;
}

int vl_memfd_new(const char *name, bool exec)
{
    char cut[61] = "";
    strncpy(cut, name, sizeof(cut) - 1);
    if (exec && vl_sys_disabled("memfd_exec"))
        return -EACCES; /* what vm.memfd_noexec=2 answers */
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    long fd = syscall(SYS_memfd_create, cut, flags | (exec ? MFD_EXEC : MFD_NOEXEC_SEAL));
    if (fd < 0 && errno == EINVAL) /* before 6.3 */
        fd = syscall(SYS_memfd_create, cut, flags);
    return fd < 0 ? -errno : (int)fd;
}

#define CONTENT_SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

int vl_memfd_seal(int fd, bool exec)
{
    if (exec && fchmod(fd, 0555) < 0)
        return -errno;
    if (exec && fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC) < 0 && errno != EINVAL) /* EINVAL: before 6.3 */
        return -errno;
    return fcntl(fd, F_ADD_SEALS, CONTENT_SEALS | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int vl_memfd_sealed(const char *name, const void *data, size_t len, bool exec)
{
    cleanup_fd int fd = vl_memfd_new(name, exec);
    if (fd < 0)
        return fd;
    int r = vl_write_all(fd, data, len);
    if (r == 0)
        r = vl_memfd_seal(fd, exec);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    return r < 0 ? r : vl_take_fd(&fd);
}

int vl_memfd_check_seals(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0)
        return -errno;
    int need = CONTENT_SEALS | F_SEAL_SEAL;
    return (seals & need) == need ? 0 : -EPERM;
}
