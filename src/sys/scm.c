/* SPDX-License-Identifier: Apache-2.0 */
/* One message with its descriptors over an AF_UNIX socket. */
#include "sys/scm.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"

int vl_scm_send(int sock, const void *buf, size_t n, const int *fds, size_t n_fds)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * VL_SCM_MAX_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = {(void *)buf, n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n == 0 || n_fds > VL_SCM_MAX_FDS)
        return -EINVAL;
    if (n_fds > 0) {
        memset(&control, 0, sizeof(control));
        msg.msg_control = &control;
        msg.msg_controllen = (__typeof__(msg.msg_controllen))CMSG_SPACE(sizeof(int) * n_fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = (__typeof__(c->cmsg_len))CMSG_LEN(sizeof(int) * n_fds); /* size_t or socklen_t */
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
    }
    for (;;) {
        ssize_t w = sendmsg(sock, &msg, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        if ((size_t)w >= iov.iov_len)
            return 0;
        iov.iov_base = (char *)iov.iov_base + w;
        iov.iov_len -= (size_t)w;
        msg.msg_control = NULL;
        msg.msg_controllen = 0;
    }
}

/* Sorts the control messages into ret. Descriptors beyond its array are closed; false when there
 * were any. */
static bool take_control(struct msghdr *msg, struct vl_scm_msg *ret)
{
    bool fits = true;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_RIGHTS) {
            size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < n; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
                if (ret->n_fds < VL_SCM_MAX_FDS) {
                    ret->fds[ret->n_fds++] = fd;
                } else {
                    vl_close(fd);
                    fits = false;
                }
            }
        } else if (c->cmsg_type == SCM_CREDENTIALS &&
                   c->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
            struct ucred cred;
            memcpy(&cred, CMSG_DATA(c), sizeof(cred));
            ret->pid = cred.pid;
            ret->uid = cred.uid;
            ret->gid = cred.gid;
        }
    }
    return fits;
}

int vl_scm_recv(int sock, void *buf, size_t n, size_t max_fds, struct vl_scm_msg *ret)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * VL_SCM_MAX_FDS) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {buf, n};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    ssize_t r;
    do
        r = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    *ret = (struct vl_scm_msg){.len = (size_t)r, .uid = (uid_t)-1, .gid = (gid_t)-1};
    bool fits = take_control(&msg, ret);
    int e = 0;
    if (msg.msg_flags & MSG_TRUNC)
        e = -EMSGSIZE;
    else if (!fits || (msg.msg_flags & MSG_CTRUNC) || ret->n_fds > max_fds)
        e = -EBADMSG;
    if (e < 0)
        vl_scm_close(ret);
    return e;
}

void vl_scm_close(struct vl_scm_msg *m)
{
    for (size_t i = 0; i < m->n_fds; i++)
        vl_close(m->fds[i]);
    m->n_fds = 0;
}

int vl_scm_take(struct vl_scm_msg *m, size_t i)
{
    return i < m->n_fds ? vl_take_fd(&m->fds[i]) : VL_NOFD;
}

int vl_scm_passcred(int sock)
{
    int on = 1;
    return setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}
