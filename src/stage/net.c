/* SPDX-License-Identifier: Apache-2.0 */
/* Brings the loopback interface of a new network namespace up: by ioctl, or by rtnetlink(7) where no internet socket
 * may be opened. */
#include "stage/stage.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define SIOCGIFFLAGS_ 0x8913
#define SIOCSIFFLAGS_ 0x8914
#define IFF_UP_ 1

/* struct ifreq of netdevice(7): 40 bytes on 64-bit architectures */
struct flags_request {
    char name[16];
    short flags;
    char rest[22];
};

static int by_ioctl(int family)
{
    struct flags_request req = {.name = "lo"};
    int fd = sys_socket(family, ST_SOCK_DGRAM, 0);
    if (fd < 0)
        return fd;
    int r = sys_ioctl(fd, SIOCGIFFLAGS_, &req);
    if (r == 0) {
        req.flags = (short)(req.flags | IFF_UP_);
        r = sys_ioctl(fd, SIOCSIFFLAGS_, &req);
    }
    (void)sys_close(fd);
    return r;
}

static int by_netlink(void)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg i;
    } req = {.h = {.nlmsg_len = sizeof(req),
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                   .nlmsg_seq = 1},
             .i = {.ifi_index = 1, .ifi_flags = IFF_UP_, .ifi_change = IFF_UP_}}; /* lo is always number 1 */
    struct {
        struct nlmsghdr h;
        struct nlmsgerr e;
    } answer;
    int fd = sys_socket(ST_AF_NETLINK, ST_SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0)
        return fd;
    long n = sys_send(fd, &req, sizeof(req)); /* no address: the kernel */
    if (n >= 0)
        n = sys_read(fd, &answer, sizeof(answer));
    (void)sys_close(fd);
    if (n < 0)
        return (int)n;
    if (n < (long)(sizeof(answer.h) + sizeof(answer.e.error)) || answer.h.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    return answer.e.error;
}

int step_loopback(struct stage *s, const struct vl_wire_op *op)
{
    (void)s;
    (void)op;
    int r = by_ioctl(ST_AF_INET);
    return r < 0 ? by_netlink() : 0;
}
