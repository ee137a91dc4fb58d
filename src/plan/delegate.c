/* SPDX-License-Identifier: Apache-2.0 */
/* run.oci.delegate-cgroup: a cgroup below the container's, where its process starts and which it may divide further:
 * CGDELEGATE. cgroup-v2.rst, Delegation. */
#include "base/mem.h"
#include "plan/cgroup.h"
#include "plan/planners.h"
#include "spec/annot.h"

#define NAME "run.oci.delegate-cgroup"
#define WHERE "annotations[\"" NAME "\"]"

static struct vl_op *cgroup_op(const struct vl_planner *p)
{
    for (size_t i = 0; i < p->plan->n_op; i++)
        if (p->plan->op[i].code == VL_OP_CGROUP)
            return &p->plan->op[i];
    return NULL;
}

/* Host id of the container's root, who gets the cgroup; -1 (nobody) where a joined namespace does not say. */
static int64_t owner(const struct vl_planner *p, const struct vl_idmap_line *map, size_t n, uint32_t id)
{
    if (p->userns && n == 0)
        return -1;
    uint32_t host = vl_plan_map_id(map, n, id);
    return host == VL_NO_ID ? -1 : (int64_t)host;
}

int vl_plan_delegate(struct vl_planner *p)
{
    const char *path = vl_annot(p->spec, NAME);
    struct vl_op *cgroup = cgroup_op(p);
    if (path == NULL)
        return 0;
    if (cgroup == NULL)
        return vl_pl_config(p, WHERE, "delegated cgroup `%s`: the container has no cgroup", path);
    if (p->host->cgroup_mode != VL_CGROUP_V2) /* v1 knows no delegation that is safe */
        return vl_pl_unsupported(p, "cgroup v2", WHERE, "delegated cgroup `%s`: needs cgroup v2", path);
    cgroup->n[2] |= VL_CG_DELEGATE; /* with every controller there is */
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CGDELEGATE, WHERE);
    op->n[0] = owner(p, p->uid_map, p->n_uid_map, p->setup_uid);
    op->n[1] = owner(p, p->gid_map, p->n_gid_map, p->setup_gid);
    vl_op_str(op, 0, path);
    return 0;
}
