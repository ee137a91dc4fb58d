/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netdev.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "sys/clone.h"
#include "sys/fd.h"

enum { TIMEOUT_S = 10, ANSWER_MAX = 65536 };

/* -- sockets -------------------------------------------------------------------------------------- */

int vl_netdev_open(void)
{
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    int on = 1;
    cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)); /* filters are heeded, Linux 4.20 */
    return vl_take_fd(&fd);
}

struct visit {
    int netns;
    int result;
};

/* System calls only: the memory is the parent's. So is the descriptor table, which is the point. */
static int visit(void *arg)
{
    struct visit *v = arg;
    v->result = syscall(SYS_setns, v->netns, CLONE_NEWNET) < 0 ? -errno : vl_netdev_open();
    return 0;
}

int vl_netdev_open_in(int netns)
{
    struct visit v = {.netns = netns, .result = -ESRCH};
    struct vl_clone c = {.flags = CLONE_FILES, .cgroup_fd = VL_NOFD, .exit_signal = SIGCHLD};
    struct vl_child child = {.pidfd = VL_NOFD};
    struct vl_exit how;
    child.pid = vl_clone_vm(visit, &v, &c, &child.pidfd, NULL);
    if (child.pid < 0)
        return (int)child.pid;
    (void)vl_child_wait(&child, -1, &how);
    return v.result;
}

/* -- messages ------------------------------------------------------------------------------------- */

/* A request: a header, the family's header, attributes. */
struct request {
    struct nlmsghdr h;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg addr;
    } u;
    char attrs[256];
};

static void request_init(struct request *q, uint16_t type, uint16_t flags, size_t header)
{
    memset(q, 0, sizeof(*q));
    q->h.nlmsg_type = type;
    q->h.nlmsg_flags = NLM_F_REQUEST | flags;
    q->h.nlmsg_seq = 1;
    q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(header);
}

/* All that are put fit: names and addresses of known size. */
static void put(struct request *q, uint16_t type, const void *data, size_t n)
{
    struct rtattr *a = (struct rtattr *)(void *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(n);
    memcpy(RTA_DATA(a), data, n);
    q->h.nlmsg_len = NLMSG_ALIGN(q->h.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
}

typedef void on_message(const struct nlmsghdr *h, void *ctx);

/* Sends, and hands every answer to fn (NULL: none is wanted) until the kernel says that it is done. */
static int talk(int nl, struct request *q, on_message *fn, void *ctx)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    cleanup_free char *buf = vl_alloc(ANSWER_MAX);
    if (sendto(nl, q, q->h.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return -errno;
    for (;;) {
        ssize_t n = recv(nl, buf, ANSWER_MAX, MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIME : -errno;
        if (n > ANSWER_MAX)
            return -EMSGSIZE;
        size_t left = (size_t)n;
        for (const struct nlmsghdr *h = (const void *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            if (h->nlmsg_type == NLMSG_DONE)
                return 0;
            if (h->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *e = NLMSG_DATA(h);
                return h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EPROTO : e->error;
            }
            if (fn != NULL)
                fn(h, ctx);
        }
    }
}

/* -- devices -------------------------------------------------------------------------------------- */

static void on_link(const struct nlmsghdr *h, void *ctx)
{
    struct vl_netdev *d = ctx;
    const struct ifinfomsg *i = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
        return;
    d->index = i->ifi_index;
    d->up = i->ifi_flags & IFF_UP;
    size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*i));
    for (const struct rtattr *a = IFLA_RTA(i); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_IFNAME && RTA_PAYLOAD(a) > 0 && RTA_PAYLOAD(a) <= IFNAMSIZ)
            memcpy(d->name, RTA_DATA(a), RTA_PAYLOAD(a));
    d->name[IFNAMSIZ - 1] = '\0';
}

int vl_netdev_get(int nl, const char *name, struct vl_netdev *ret)
{
    struct request q;
    if (strlen(name) >= IFNAMSIZ)
        return -ENODEV;
    request_init(&q, RTM_GETLINK, NLM_F_ACK, sizeof(q.u.link));
    put(&q, IFLA_IFNAME, name, strlen(name) + 1);
    memset(ret, 0, sizeof(*ret));
    int r = talk(nl, &q, on_link, ret);
    return r < 0 ? r : ret->index > 0 && ret->name[0] != '\0' ? 0 : -ENODEV;
}

static int change(int nl, int index, uint32_t flags, int netns, const char *name)
{
    struct request q;
    request_init(&q, RTM_NEWLINK, NLM_F_ACK, sizeof(q.u.link));
    q.u.link.ifi_index = index;
    q.u.link.ifi_flags = flags;
    q.u.link.ifi_change = flags;
    if (netns >= 0)
        put(&q, IFLA_NET_NS_FD, &netns, sizeof(netns));
    if (name != NULL)
        put(&q, IFLA_IFNAME, name, strlen(name) + 1);
    return talk(nl, &q, NULL, NULL);
}

int vl_netdev_move(int nl, int index, int netns, const char *name)
{
    return change(nl, index, 0, netns, name);
}

int vl_netdev_rename(int nl, int index, const char *name)
{
    return change(nl, index, 0, VL_NOFD, name);
}

int vl_netdev_set_up(int nl, int index)
{
    return change(nl, index, IFF_UP, VL_NOFD, NULL);
}

/* -- addresses ------------------------------------------------------------------------------------ */

struct addrs {
    int index;
    struct vl_netdev_addr *v;
    size_t n;
};

/* Others describe what happened to an address, not what it is for. */
#define SETTABLE_FLAGS (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

static bool take_address(const struct rtattr *a, uint8_t *ret, uint8_t len)
{
    if (RTA_PAYLOAD(a) != len)
        return false;
    memcpy(ret, RTA_DATA(a), len);
    return true;
}

static void on_addr(const struct nlmsghdr *h, void *ctx)
{
    struct addrs *l = ctx;
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
        (int)m->ifa_index != l->index || m->ifa_scope != RT_SCOPE_UNIVERSE ||
        (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
        return;
    struct vl_netdev_addr addr = {.family = m->ifa_family, .prefix = m->ifa_prefixlen, .flags = m->ifa_flags,
                                  .len = m->ifa_family == AF_INET ? 4 : 16};
    size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
    for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFA_LOCAL)
            addr.has_local = take_address(a, addr.local, addr.len);
        else if (a->rta_type == IFA_ADDRESS)
            addr.has_peer = take_address(a, addr.peer, addr.len);
        else if (a->rta_type == IFA_BROADCAST)
            addr.has_broadcast = take_address(a, addr.broadcast, addr.len);
        else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof(addr.flags))
            memcpy(&addr.flags, RTA_DATA(a), sizeof(addr.flags));
    }
    if (!(addr.flags & IFA_F_PERMANENT))
        return;
    addr.flags &= SETTABLE_FLAGS;
    *VL_APPEND(l->v, l->n) = addr;
}

int vl_netdev_addrs(int nl, int index, struct vl_netdev_addr **ret, size_t *ret_n)
{
    struct request q;
    struct addrs l = {.index = index};
    request_init(&q, RTM_GETADDR, NLM_F_DUMP, sizeof(q.u.addr));
    q.u.addr.ifa_index = (uint32_t)index;
    int r = talk(nl, &q, on_addr, &l);
    if (r < 0) {
        free(l.v);
        return r;
    }
    *ret = l.v;
    *ret_n = l.n;
    return 0;
}

int vl_netdev_add_addr(int nl, int index, const struct vl_netdev_addr *a)
{
    struct request q;
    request_init(&q, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(q.u.addr));
    q.u.addr.ifa_family = a->family;
    q.u.addr.ifa_prefixlen = a->prefix;
    q.u.addr.ifa_index = (uint32_t)index;
    if (a->has_local)
        put(&q, IFA_LOCAL, a->local, a->len);
    if (a->has_peer)
        put(&q, IFA_ADDRESS, a->peer, a->len);
    if (a->has_broadcast)
        put(&q, IFA_BROADCAST, a->broadcast, a->len);
    if (a->flags != 0)
        put(&q, IFA_FLAGS, &a->flags, sizeof(a->flags));
    return talk(nl, &q, NULL, NULL);
}
