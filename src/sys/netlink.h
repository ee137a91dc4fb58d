/* SPDX-License-Identifier: Apache-2.0 */
/* The loopback device of the current network namespace. rtnetlink(7), netdevice(7). */
#ifndef VL_SYS_NETLINK_H
#define VL_SYS_NETLINK_H

/* Brings lo up: ioctl(SIOCSIFFLAGS), else (no AF_INET sockets) RTM_NEWLINK. 0 or -errno. */
int vl_net_lo_up(void);

#endif
