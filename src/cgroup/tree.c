/* SPDX-License-Identifier: Apache-2.0 */
/* Small verbs on cgroup directories: reading, events, listing processes, removing trees. */
#include "cgroup/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/sockets.h"

/* -- time -------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

vl_deadline vl_cg_deadline(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

int vl_cg_left(vl_deadline d)
{
    int64_t left = d < 0 ? -1 : d - now_ms();
    if (d < 0)
        return -1;
    return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

bool vl_cg_nap(vl_deadline d, int *ms)
{
    int left = vl_cg_left(d);
    if (left == 0)
        return false;
    *ms = *ms == 0 ? 1 : *ms < 20 ? *ms * 2 : *ms;
    int nap = left > 0 && *ms > left ? left : *ms;
    struct timespec ts = {0, nap * 1000000L};
    (void)nanosleep(&ts, NULL);
    return true;
}

/* -- files ------------------------------------------------------------------------------------- */

int vl_cg_read(int dirfd, const char *file, char *buf, size_t size)
{
    cleanup_fd int fd = vl_open_at(dirfd, file, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    ssize_t n;
    do
        n = read(fd, buf, size - 1); /* one read: kernfs has it all in the first */
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (n > 0 && buf[n - 1] == '\n')
        n--;
    buf[n] = '\0';
    return (int)n;
}

int vl_cg_read_in(const char *dir, const char *file, char *buf, size_t size)
{
    cleanup_free char *path = vl_path_join(dir, file);
    return vl_cg_read(AT_FDCWD, path, buf, size);
}

int vl_cg_write_in(const char *dir, const char *file, const char *value)
{
    cleanup_free char *path = vl_path_join(dir, file);
    return vl_write_file_at(AT_FDCWD, path, value, strlen(value));
}

int vl_cg_keyed(const char *text, const char *key, uint64_t *ret)
{
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, key, n) == 0 && line[n] == ' ') {
            *ret = strtoull(line + n + 1, NULL, 10);
            return 0;
        }
    }
    return -ENOENT;
}

/* The kernel wakes POLLPRI waiters of cgroup.events when a value changed since this open file was
 * last read (cgroup-v2.rst, Basic operations). */
int vl_cg_wait_event(const char *dir, const char *key, uint64_t value, vl_deadline d)
{
    cleanup_free char *path = vl_path_join(dir, "cgroup.events");
    cleanup_fd int fd = vl_open_at(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return fd == -ENOENT || fd == -ENODEV ? 0 : fd;
    for (;;) {
        char buf[256];
        uint64_t is = 0;
        ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENODEV ? 0 : -errno; /* removed meanwhile */
        buf[n] = '\0';
        int r = vl_cg_keyed(buf, key, &is);
        if (r < 0 || is == value)
            return r;
        r = vl_poll_one(fd, POLLPRI, vl_cg_left(d));
        if (r == 0)
            return -ETIME;
        if (r < 0 && r != -EINTR)
            return r;
    }
}

/* -- processes --------------------------------------------------------------------------------- */

struct listing {
    struct vl_cgroup_pids *pids;
    bool domain_seen;
};

/* A threaded cgroup does not tell its processes: the domain above does. When that one is not ours,
 * each thread stands for its process. */
static int list_file(int dirfd, struct listing *l)
{
    cleanup_free char *text = NULL;
    int r = vl_slurp_at(dirfd, "cgroup.procs", 64u << 20, &text, NULL);
    if (r == -EOPNOTSUPP && l->domain_seen)
        return 0;
    if (r == 0)
        l->domain_seen = true;
    else if (r == -EOPNOTSUPP)
        r = vl_slurp_at(dirfd, "cgroup.threads", 64u << 20, &text, NULL);
    if (r < 0)
        return r;
    for (char *p = text, *end; *p; p = end) {
        long pid = strtol(p, &end, 10);
        if (end == p)
            break;
        *VL_APPEND(l->pids->pid, l->pids->n) = (pid_t)pid;
        end += strspn(end, "\n");
    }
    return 0;
}

/* Calls f for each directory below; goes on after errors, returns the first. */
static int each_child(int dirfd, int (*f)(int dirfd, const char *name, void *arg), void *arg)
{
    int fd = vl_open_at(dirfd, ".", O_RDONLY | O_DIRECTORY, 0), first = 0;
    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int r = -errno;
        vl_close(fd);
        return r;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_type != DT_DIR || vl_streq(e->d_name, ".") || vl_streq(e->d_name, ".."))
            continue;
        int r = f(dirfd, e->d_name, arg);
        if (r < 0 && first == 0)
            first = r;
    }
    (void)closedir(dir);
    return first;
}

static bool is_gone(int r)
{
    return r == -ENOENT || r == -ENODEV;
}

static int list_tree(int dirfd, const char *name, void *arg)
{
    cleanup_fd int fd = vl_open_at(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    int r = fd < 0 ? fd : list_file(fd, arg);
    if (r == 0)
        r = each_child(fd, list_tree, arg);
    return is_gone(r) ? 0 : r;
}

int vl_cg_list(const char *dir, struct vl_cgroup_pids *l)
{
    struct listing listing = {l, false};
    return list_tree(AT_FDCWD, dir, &listing);
}

/* -- removing ---------------------------------------------------------------------------------- */

static int remove_tree(int dirfd, const char *name, void *arg)
{
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || is_gone(-errno))
        return 0;
    if (errno != EBUSY)
        return -errno;
    cleanup_fd int fd = vl_open_at(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return is_gone(fd) ? 0 : fd;
    int r = each_child(fd, remove_tree, arg);
    if (r < 0 && !is_gone(r))
        return r;
    return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || is_gone(-errno) ? 0 : -errno;
}

int vl_cg_rmdir(const char *dir)
{
    return remove_tree(AT_FDCWD, dir, NULL);
}
