/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device is moved under a temporary name, so that neither its old nor its new one can collide halfway, then renamed,
 * and so the number it has in there is known whatever the kernel made of a %d. The move takes its addresses and sets
 * it down; both are undone. Each step that fails goes back to where it began.
 */
#include "launch/netdev.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/netdev.h"
#include "sys/nsfd.h"

struct device {
    struct vl_netdev was; /* on the host */
    int index;            /* in the container */
    struct vl_netdev_addr *addr;
    size_t n_addr;
};

struct vl_moved {
    int netns, home; /* the container's namespace and our own */
    int in, out;     /* sockets there and here */
    struct device *dev;
    size_t n;
};

void vl_moved_free(struct vl_moved *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++)
        free(m->dev[i].addr);
    free(m->dev);
    vl_close(m->netns);
    vl_close(m->home);
    vl_close(m->in);
    vl_close(m->out);
    free(m);
}

static int open_namespaces(struct vl_moved *m, pid_t pid, struct vl_error **err)
{
    struct vl_ns_id ours, theirs;
    m->netns = vl_ns_open(pid, CLONE_NEWNET);
    m->home = vl_ns_open(0, CLONE_NEWNET);
    if (m->netns < 0 || m->home < 0)
        return vl_err_sys(err, m->netns < 0 ? m->netns : m->home, "open the container's network namespace");
    if (vl_ns_id_fd(m->netns, &theirs) == 0 && vl_ns_id_fd(m->home, &ours) == 0 && vl_ns_id_equal(ours, theirs))
        return vl_err_config(err, "linux.netDevices",
                             "move network devices: the container's network namespace is the one they are in");
    m->out = vl_netdev_open();
    if (m->out < 0)
        return vl_err_sys(err, m->out, "open a socket for network devices");
    m->in = vl_netdev_open_in(m->netns);
    if (m->in < 0)
        return vl_err_sys(err, m->in, "open a socket for network devices in the container's network namespace");
    return 0;
}

static int failed(const struct vl_op *op, int r, const char *what, struct vl_error **err)
{
    vl_err_sys(err, r, "move network device `%s` into the container: %s", vl_op_s(op, 0), what);
    return vl_err_at(err, "%s", op->where);
}

/* Nothing was moved yet; afterwards m holds what it was. */
static int look_up(struct vl_moved *m, const struct vl_op *op, const char *name, struct vl_error **err)
{
    struct device d = {.index = 0};
    struct vl_netdev there;
    int r = vl_netdev_get(m->out, vl_op_s(op, 0), &d.was);
    if (r < 0)
        return failed(op, r, "find it", err);
    if (strchr(name, '%') == NULL && vl_netdev_get(m->in, name, &there) == 0) {
        vl_err_config(err, op->where, "move network device `%s` into the container: a device named `%s` is there already",
                      vl_op_s(op, 0), name);
        return -1;
    }
    r = vl_netdev_addrs(m->out, d.was.index, &d.addr, &d.n_addr);
    if (r < 0)
        return failed(op, r, "read its addresses", err);
    *VL_APPEND(m->dev, m->n) = d;
    return 0;
}

/* A name that nobody has given. */
static void temporary(char name[IFNAMSIZ], size_t i)
{
    snprintf(name, IFNAMSIZ, "vl%x.%zx", (unsigned)getpid(), i & 0xff);
}

static int move(struct vl_moved *m, struct device *d, const struct vl_op *op, const char *name, struct vl_error **err)
{
    char tmp[IFNAMSIZ];
    struct vl_netdev there;
    temporary(tmp, m->n);
    int r = vl_netdev_move(m->out, d->was.index, m->netns, tmp);
    if (r < 0)
        return failed(op, r, r == -EINVAL ? "devices of its kind stay in their namespace" : "move", err);
    r = vl_netdev_get(m->in, tmp, &there);
    if (r < 0) { /* somebody of a joined namespace has renamed it meanwhile */
        vl_warn("network device `%s` stays where it was moved to, as `%s` or what it was renamed to", d->was.name, tmp);
        return failed(op, r, "find it there", err);
    }
    d->index = there.index;
    r = vl_netdev_rename(m->in, d->index, name);
    if (r < 0) {
        cleanup_free char *what = vl_asprintf("rename it to `%s`", name);
        return failed(op, r, what, err);
    }
    for (size_t i = 0; i < d->n_addr; i++) {
        r = vl_netdev_add_addr(m->in, d->index, &d->addr[i]);
        if (r < 0)
            return failed(op, r, "give it its addresses", err);
    }
    r = vl_netdev_set_up(m->in, d->index);
    return r < 0 ? failed(op, r, "set it up", err) : 0;
}

int vl_netdevs_move(const struct vl_plan *plan, pid_t pid, struct vl_moved **ret, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_NETDEV, &from);
    *ret = NULL;
    if (op == NULL)
        return 0;
    cleanup(moved) struct vl_moved *m = vl_alloc(sizeof(*m));
    m->netns = m->home = m->in = m->out = VL_NOFD;
    if (open_namespaces(m, pid, err) < 0)
        return -1;
    for (; op != NULL; op = vl_plan_find(plan, VL_OP_NETDEV, &from)) {
        const char *name = vl_op_s(op, 1) != NULL ? vl_op_s(op, 1) : vl_op_s(op, 0);
        if (look_up(m, op, name, err) < 0 || move(m, &m->dev[m->n - 1], op, name, err) < 0) {
            vl_netdevs_return(m);
            return -1;
        }
    }
    *ret = vl_take_ptr(m);
    return 0;
}

/* index 0: it never left, or cannot be found any more. */
static void bring_back(struct vl_moved *m, const struct device *d)
{
    struct vl_netdev here;
    int r = vl_netdev_move(m->in, d->index, m->home, d->was.name);
    if (r == 0)
        r = vl_netdev_get(m->out, d->was.name, &here);
    for (size_t i = 0; r == 0 && i < d->n_addr; i++)
        r = vl_netdev_add_addr(m->out, here.index, &d->addr[i]);
    if (r == 0 && d->was.up)
        r = vl_netdev_set_up(m->out, here.index);
    if (r < 0)
        vl_warn("network device `%s` is not back as it was: %s", d->was.name, strerror(-r));
}

void vl_netdevs_return(struct vl_moved *m)
{
    for (size_t i = m != NULL ? m->n : 0; i-- > 0;)
        if (m->dev[i].index > 0)
            bring_back(m, &m->dev[i]);
    if (m != NULL)
        for (size_t i = 0; i < m->n; i++)
            m->dev[i].index = 0;
}
