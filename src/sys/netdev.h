/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices by rtnetlink(7): looked up, moved between namespaces, renamed, given addresses. A socket stays in the
 * network namespace in which it was made, so each function acts on the namespace of its socket nl. 0 or -errno, which
 * is the kernel's own answer (-ENODEV: no such device; -EEXIST: the name is taken).
 */
#ifndef VL_SYS_NETDEV_H
#define VL_SYS_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A socket in the current network namespace; the caller's. */
int vl_netdev_open(void);
/* A socket in another one (borrowed descriptor). The calling thread stays where it is. */
int vl_netdev_open_in(int netns);

struct vl_netdev {
    int index;
    char name[IFNAMSIZ];
    bool up;
};
/* By name, or by one of its other names. */
int vl_netdev_get(int nl, const char *name, struct vl_netdev *ret);

struct vl_netdev_addr {
    uint8_t family, prefix;
    uint32_t flags;            /* IFA_F_*: those that can be set */
    uint8_t len;               /* of each address: 4 or 16 */
    bool has_local, has_peer, has_broadcast;
    uint8_t local[16], peer[16], broadcast[16]; /* IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST */
};
/* The permanent addresses of global scope; what the kernel, a router or DHCP gave for a time is not among them. *ret is
 * the caller's. */
int vl_netdev_addrs(int nl, int index, struct vl_netdev_addr **ret, size_t *ret_n);
int vl_netdev_add_addr(int nl, int index, const struct vl_netdev_addr *a);

/* Moves it into a namespace (borrowed descriptor) and calls it name there, at once; the device is down then and has no
 * addresses. */
int vl_netdev_move(int nl, int index, int netns, const char *name);
/* name may hold one %d: the kernel puts the first free number there. */
int vl_netdev_rename(int nl, int index, const char *name);
int vl_netdev_set_up(int nl, int index);

#endif
