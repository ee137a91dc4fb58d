/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing the loopback device up. */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "sys/disable.h"

static int by_ioctl(void)
{
    struct ifreq req = {.ifr_name = "lo"};
    if (vl_sys_disabled("ioctl_lo"))
        return -EAFNOSUPPORT;
    cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &req) < 0)
        return -errno;
    if (req.ifr_flags & IFF_UP)
        return 0;
    req.ifr_flags = (short)(req.ifr_flags | IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? -errno : 0;
}

static int by_netlink(void)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
        struct rtattr name_head;
        char name[4];
    } msg = {
        .head = {sizeof(msg), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
        .info = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
        .name_head = {RTA_LENGTH(sizeof("lo")), IFLA_IFNAME},
        .name = "lo",
    };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr err;
        char rest[256];
    } answer;
    cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (send(fd, &msg, sizeof(msg), 0) < 0)
        return -errno;
    ssize_t n = recv(fd, &answer, sizeof(answer), 0);
    if (n < 0)
        return -errno;
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(answer.err)) || answer.head.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    return answer.err.error;
}

int vl_net_lo_up(void)
{
    int r = by_ioctl();
    return r == -EAFNOSUPPORT || r == -EACCES ? by_netlink() : r;
}
