/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes, bounded slurping, atomic replacement of files. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

int vl_write_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

ssize_t vl_read_full(int fd, void *buf, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, (char *)buf + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

int vl_slurp_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
    /* The size of a regular file saves reallocations; files of proc and sysfs say 0 or a page. One
     * byte more than announced is asked for, so that end of file is seen by the first short read.
     */
    struct stat st;
    size_t cap = 4096;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 4096)
        cap = (uint64_t)st.st_size < max ? (size_t)st.st_size + 2 : max + 2;
    cleanup_free char *buf = vl_realloc_array(NULL, cap, 1);
    size_t len = 0;
    for (;;) {
        ssize_t r = vl_read_full(fd, buf + len, cap - 1 - len);
        if (r < 0)
            return (int)r;
        len += (size_t)r;
        if (len > max)
            return -EFBIG;
        if (len < cap - 1)
            break;
        cap *= 2;
        buf = vl_realloc_array(buf, cap, 1);
    }
    buf[len] = '\0';
    *ret = vl_take_ptr(buf);
    if (ret_len != NULL)
        *ret_len = len;
    return 0;
}

static int open_retry(int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int vl_slurp_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len)
{
    cleanup_fd int fd = open_retry(dirfd, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    return vl_slurp_fd(fd, max, ret, ret_len);
}

int vl_write_file_at(int dirfd, const char *path, const void *buf, size_t n)
{
    cleanup_fd int fd = open_retry(dirfd, path, O_WRONLY, 0);
    if (fd < 0)
        return fd;
    ssize_t w;
    do
        w = write(fd, buf, n);
    while (w < 0 && errno == EINTR);
    if (w < 0)
        return -errno;
    return (size_t)w == n ? 0 : -EIO;
}

/* Opens a new file beside `name`; its name goes to tmp. */
static int open_temporary(int dirfd, const char *name, mode_t mode, char *tmp, size_t tmp_size)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        struct timespec ts;
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        int n = snprintf(tmp, tmp_size, ".%.200s.%d.%lx.tmp", name, (int)getpid(),
                         (unsigned long)ts.tv_nsec + attempt);
        if (n < 0 || (size_t)n >= tmp_size)
            return -ENAMETOOLONG;
        int fd = open_retry(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

int vl_replace_file_at(int dirfd, const char *name, const void *buf, size_t n, mode_t mode)
{
    char tmp[256];
    cleanup_fd int fd = open_temporary(dirfd, name, mode, tmp, sizeof(tmp));
    if (fd < 0)
        return fd;
    int r = vl_write_all(fd, buf, n);
    if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(dirfd, tmp, 0);
    return r;
}

int vl_replace_file(const char *path, const void *buf, size_t n, mode_t mode)
{
    const char *name = vl_path_base(path);
    if (*name == '\0')
        return -EISDIR;
    if (name == path)
        return vl_replace_file_at(AT_FDCWD, name, buf, n, mode);
    cleanup_free char *dir = vl_strndup(path, (size_t)(name - path));
    cleanup_fd int dirfd = open_retry(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
    if (dirfd < 0)
        return dirfd;
    return vl_replace_file_at(dirfd, name, buf, n, mode);
}
