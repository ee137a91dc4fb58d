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

static const char *name_inside(const struct oci_net_device_entry *e)
{
    return e->value.name != NULL && e->value.name[0] != '\0' ? e->value.name : e->key;
}

/* Two that shall have one name would only be found out when the first has moved. A %d makes them differ. */
static int check_name(struct vl_planner *p, const struct oci_linux *l, size_t i)
{
    const char *name = name_inside(&l->net_devices[i]);
    for (size_t k = 0; k < i; k++)
        if (vl_streq(name, name_inside(&l->net_devices[k])) && strchr(name, '%') == NULL) {
            cleanup_free char *where = vl_asprintf("linux.netDevices[\"%s\"]", l->net_devices[i].key);
            return vl_pl_config(p, where, "`%s` and `%s` cannot both be named `%s`", l->net_devices[k].key,
                                l->net_devices[i].key, name);
        }
    return 0;
}

int vl_plan_netdev(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    int r = 0;
    if (l->n_net_devices == 0)
        return 0;
    if (p->host->euid != 0 || !p->host->in_initial_userns)
        return vl_pl_refused(p, "host-network-devices", "linux.netDevices",
                             "network devices of the host are moved for its root only");
    for (size_t i = 0; i < l->n_net_devices; i++) {
        r |= check_name(p, l, i);
        plan_device(p, &l->net_devices[i]);
    }
    p->await = true; /* they are moved between the clone and the mounts */
    return r;
}
