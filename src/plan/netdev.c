/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices of the host that are moved into the container: NETDEV. config-linux.md#network-devices. */
#include "base/mem.h"
#include "plan/planners.h"

static void plan_device(struct vl_planner *p, const struct oci_net_device_entry *e)
{
    cleanup_free char *where = vl_asprintf("linux.netDevices[\"%s\"]", e->key);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_NETDEV, where);
    vl_op_str(op, 0, e->key);
    if (e->value.name != NULL && e->value.name[0] != '\0')
        vl_op_str(op, 1, e->value.name);
}

int vl_plan_netdev(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    if (l->n_net_devices == 0)
        return 0;
    if (p->host->euid != 0 || !p->host->in_initial_userns)
        return vl_pl_refused(p, "host-network-devices", "linux.netDevices",
                             "network devices of the host are moved for its root only");
    for (size_t i = 0; i < l->n_net_devices; i++)
        plan_device(p, &l->net_devices[i]);
    p->await = true; /* they are moved between the clone and the mounts */
    /* planned, but nothing in this version executes NETDEV: a container without its device would be a lie */
    return vl_pl_unsupported(p, "net-devices", "linux.netDevices", "move network devices of the host: not supported");
}
