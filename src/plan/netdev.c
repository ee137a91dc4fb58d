/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices of the host that are moved into the container: NETDEV. config-linux.md#network-devices. */
#include <linux/if.h>
#include <sched.h>
#include "base/mem.h"
#include "plan/planners.h"

/* dev_valid_name() of the kernel. */
static bool is_device_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n >= IFNAMSIZ || vl_streq(s, ".") || vl_streq(s, ".."))
        return false;
    for (; *s != '\0'; s++)
        if (*s == '/' || *s == ':' || *s == ' ' || (*s >= '\t' && *s <= '\r'))
            return false;
    return true;
}

static int plan_device(struct vl_planner *p, const struct oci_net_device_entry *e)
{
    cleanup_free char *where = vl_asprintf("linux.netDevices.%s", e->key);
    const char *name = e->value.name;
    if (!is_device_name(e->key))
        return vl_pl_config(p, where, "network device `%s`: is not a device name", e->key);
    if (name != NULL && name[0] != '\0' && !is_device_name(name))
        return vl_pl_config(p, where, "network device `%s`: `%s` is not a device name", e->key, name);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_NETDEV, where);
    vl_op_str(op, 0, e->key);
    if (name != NULL && name[0] != '\0')
        vl_op_str(op, 1, name);
    return 0;
}

int vl_plan_netdev(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    int r = 0;
    if (l->n_net_devices == 0)
        return 0;
    if (!vl_pl_own(p, CLONE_NEWNET))
        return vl_pl_config(p, "linux.netDevices", "network devices need a network namespace to be moved to");
    if (p->host->euid != 0 || !p->host->in_initial_userns)
        return vl_pl_refused(p, "host-network-devices", "linux.netDevices",
                             "network devices of the host are moved for its root only");
    for (size_t i = 0; i < l->n_net_devices; i++)
        r |= plan_device(p, &l->net_devices[i]);
    p->await = true; /* they are moved between the clone and the mounts */
    return r;
}
