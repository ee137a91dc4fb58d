/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the stage and veloci: one struct vl_msg a datagram (plan/wire.h). */
#include "stage/stage.h"

/* Room for the control message of n descriptors. */
#define CONTROL(n) (sizeof(struct st_cmsghdr) + ((n) * sizeof(int) + 7) / 8 * 8)

static int send_msg(struct stage *s, const struct vl_msg *msg, int fd)
{
    if (fd < 0) {
        long n = sys_send(s->chan, msg, sizeof(*msg));
        return n < 0 ? (int)n : 0;
    }
    union {
        struct st_cmsghdr h;
        char buf[CONTROL(1)];
    } control;
    control.h.len = sizeof(control.h) + sizeof(int);
    control.h.level = ST_SOL_SOCKET;
    control.h.type = ST_SCM_RIGHTS;
    memcpy(control.buf + sizeof(control.h), &fd, sizeof(fd));
    struct vl_msg copy = *msg;
    struct st_iovec iov = {&copy, sizeof(copy)};
    struct st_msghdr mh = {.iov = &iov, .iovlen = 1, .control = control.buf, .controllen = sizeof(control.buf)};
    long n = sys_sendmsg(s->chan, &mh);
    return n < 0 ? (int)n : 0;
}

int st_send(struct stage *s, enum vl_msg_type type, int64_t a, int64_t b, int fd)
{
    struct vl_msg msg = {
        .type = (uint16_t)type, .version = VL_MSG_VERSION, .op = s->op ? s->at : VL_NOREF, .a = a, .b = b};
    return send_msg(s, &msg, fd);
}

void st_warn(struct stage *s, int err, enum vl_detail detail, int64_t a)
{
    struct vl_msg msg = {.type = VL_MSG_WARNING,
                         .version = VL_MSG_VERSION,
                         .op = s->op ? s->at : VL_NOREF,
                         .err = err < 0 ? -err : err,
                         .detail = detail,
                         .a = a};
    (void)send_msg(s, &msg, -1);
}

static unsigned take_fds(const struct st_msghdr *mh, int fds[VL_MSG_FDS])
{
    struct st_cmsghdr h;
    size_t at = 0;
    unsigned count = 0;

    while (mh->controllen - at >= sizeof(h)) {
        const char *p = (const char *)mh->control + at;
        memcpy(&h, p, sizeof(h));
        if (h.len < sizeof(h) || h.len > mh->controllen - at)
            break;
        if (h.level == ST_SOL_SOCKET && h.type == ST_SCM_RIGHTS)
            for (size_t off = sizeof(h); off + sizeof(int) <= h.len && count < VL_MSG_FDS; off += sizeof(int))
                memcpy(&fds[count++], p + off, sizeof(int));
        at += (h.len + 7) / 8 * 8;
        if (at > mh->controllen)
            break;
    }
    return count;
}

int st_recv(int chan, struct vl_msg *msg, int fds[VL_MSG_FDS], unsigned *n_fds)
{
    union {
        struct st_cmsghdr align;
        char buf[CONTROL(VL_MSG_FDS) + 64]; /* 64: credentials, should the socket pass them */
    } control;
    struct st_iovec iov = {msg, sizeof(*msg)};
    struct st_msghdr mh = {.iov = &iov, .iovlen = 1, .control = control.buf, .controllen = sizeof(control.buf)};
    long n;

    do {
        n = sys_recvmsg(chan, &mh);
    } while (n == -EINTR);
    *n_fds = 0;
    if (n < 0)
        return (int)n;
    *n_fds = take_fds(&mh, fds);
    int bad = n != sizeof(*msg) || (mh.flags & (ST_MSG_CTRUNC | ST_MSG_TRUNC)) != 0 || msg->version != VL_MSG_VERSION;
    if (n == 0 || bad) {
        while (*n_fds > 0)
            (void)sys_close(fds[--*n_fds]);
        return n == 0 ? -EPIPE : -EPROTO;
    }
    return 0;
}

int st_expect(struct stage *s, enum vl_msg_type type)
{
    struct vl_msg msg;
    int fds[VL_MSG_FDS];
    unsigned n_fds;

    int r = st_recv(s->chan, &msg, fds, &n_fds);
    if (r < 0)
        return st_fail(s, VL_D_PROTOCOL, r);
    while (n_fds > 0)
        (void)sys_close(fds[--n_fds]);
    return msg.type == type ? 0 : st_fail(s, VL_D_PROTOCOL, -EPROTO);
}

void st_die(struct stage *s, int err)
{
    struct vl_msg msg = {.type = VL_MSG_ERROR,
                         .version = VL_MSG_VERSION,
                         .op = s->op ? s->at : VL_NOREF,
                         .err = err < 0 ? -err : err,
                         .detail = s->detail,
                         .a = s->a,
                         .b = s->b};
    (void)send_msg(s, &msg, -1);
    sys_exit(1);
}
