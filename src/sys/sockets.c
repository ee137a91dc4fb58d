/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets at a directory descriptor. */
#include "sys/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"
#include "sys/fd.h"

#define CONNECT_TIMEOUT_S 10

struct address {
    struct sockaddr_un un;
    socklen_t len;
};

static int address_at(struct address *a, int dirfd, const char *name)
{
    char dir[VL_PROC_FD_MAX] = "";
    if (*name == '\0' || strchr(name, '/') != NULL)
        return -EINVAL;
    if (dirfd != AT_FDCWD)
        vl_proc_fd_path(dir, dirfd);
    size_t d = strlen(dir), n = strlen(name);
    if (d + 1 + n >= sizeof(a->un.sun_path))
        return -ENAMETOOLONG;
    memset(a, 0, sizeof(*a));
    a->un.sun_family = AF_UNIX;
    memcpy(a->un.sun_path, dir, d);
    if (d > 0)
        a->un.sun_path[d++] = '/';
    memcpy(a->un.sun_path + d, name, n);
    a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + d + n + 1);
    return 0;
}

/* A peer that does not accept holds up connect(2) once its backlog is full; not for ever. */
static int connect_to(const struct address *a, int type)
{
    const struct timeval limit = {.tv_sec = CONNECT_TIMEOUT_S}, none = {.tv_sec = 0};
    cleanup_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    int r;
    do
        r = connect(fd, (const struct sockaddr *)&a->un, a->len);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
    return vl_take_fd(&fd);
}

int vl_unix_listen_at(int dirfd, const char *name, int type, mode_t mode, int backlog)
{
    struct address a;
    int r = address_at(&a, dirfd, name);
    if (r < 0)
        return r;
    cleanup_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* The file takes the mode the socket has now, less the umask; then what the umask took is given
     * back. */
    if (fchmod(fd, mode) < 0 || bind(fd, (const struct sockaddr *)&a.un, a.len) < 0)
        return -errno;
    if (fchmodat(dirfd, name, mode, 0) < 0 || (type != SOCK_DGRAM && listen(fd, backlog) < 0)) {
        r = -errno;
        (void)unlinkat(dirfd, name, 0);
        return r;
    }
    return vl_take_fd(&fd);
}

int vl_unix_connect_at(int dirfd, const char *name, int type)
{
    struct address a;
    int r = address_at(&a, dirfd, name);
    return r < 0 ? r : connect_to(&a, type);
}

int vl_unix_connect(const char *path, int type)
{
    struct address a = {.un = {.sun_family = AF_UNIX}};
    size_t n = strlen(path);
    if (n > 0 && n < sizeof(a.un.sun_path)) {
        memcpy(a.un.sun_path, path, n);
        if (path[0] == '@')
            a.un.sun_path[0] = '\0';
        a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
        return connect_to(&a, type);
    }
    const char *name = vl_path_base(path);
    if (path[0] == '@' || name == path)
        return n ? -ENAMETOOLONG : -ENOENT;
    cleanup_free char *dir = vl_strndup(path, (size_t)(name - path));
    cleanup_fd int dirfd = vl_open(dir, O_PATH | O_DIRECTORY);
    return dirfd < 0 ? dirfd : vl_unix_connect_at(dirfd, name, type);
}

int vl_unix_accept(int listener)
{
    int fd;
    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd < 0 ? -errno : fd;
}

int vl_unix_peer(int sock, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);
    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return -errno;
    if (ret_pid != NULL)
        *ret_pid = cred.pid;
    if (ret_uid != NULL)
        *ret_uid = cred.uid;
    if (ret_gid != NULL)
        *ret_gid = cred.gid;
    return 0;
}

int vl_poll_one(int fd, short events, int timeout_ms)
{
    struct pollfd p = {fd, events, 0};
    int r;
    do
        r = poll(&p, 1, timeout_ms);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r == 0 ? 0 : p.revents;
}
