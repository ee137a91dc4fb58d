/* SPDX-License-Identifier: Apache-2.0 */
/* pause and resume: the cgroup's freezer, waited for. */
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "ops/ops.h"
#include "ops/record_make.h"

enum { FREEZER_TIMEOUT_MS = 10000 };

struct pausing {
    struct vl_ctr *ctr; /* locked: a container that is being started or deleted is not frozen under that */
    struct vl_status *status;
    struct vl_cgroup *cgroup;
};

static void vl_cleanup_pausing(struct pausing *p)
{
    vl_cgroup_free(p->cgroup);
    vl_status_free(p->status);
    vl_ctr_free(p->ctr);
}

static int look(const struct vl_global *g, const char *id, struct pausing *p, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &p->ctr, err) < 0 ||
        vl_ctr_lock_made(p->ctr, err) < 0 || vl_status_get(p->ctr, &p->status, err) < 0)
        return -1;
    vl_status_ask_freezer(p->status);
    if (vl_record_cgroup_desc(p->status->record, &desc, err) < 0)
        return -1;
    return vl_cgroup_open_recorded(&desc, &p->cgroup, err);
}

static bool has_cgroup(const struct vl_cgroup *cg)
{
    return vl_cgroup_describe(cg)->n_dir > 0;
}

int vl_op_pause(const struct vl_global *g, const char *id, struct vl_error **err)
{
    cleanup(pausing) struct pausing p = {NULL, NULL, NULL};
    if (look(g, id, &p, err) < 0)
        return -1;
    if (p.status->status == VL_PAUSED)
        return vl_err_state(err, "container not running: it is paused already");
    if (p.status->status != VL_RUNNING && p.status->status != VL_CREATED)
        return vl_err_state(err, "container not running");
    if (!has_cgroup(p.cgroup))
        return vl_err_state(err, "cannot pause container %s without a cgroup", id);
    if (vl_cgroup_freeze(p.cgroup, FREEZER_TIMEOUT_MS, err) < 0)
        return vl_err_ctx(err, "pause container %s", id);
    return 0;
}

/* Not frozen (yet), but told to be: whoever paused it was killed while it waited. */
static bool half_paused(const struct pausing *p)
{
    return (p->status->status == VL_RUNNING || p->status->status == VL_CREATED) &&
           vl_cgroup_freezing(p->cgroup);
}

int vl_op_resume(const struct vl_global *g, const char *id, struct vl_error **err)
{
    cleanup(pausing) struct pausing p = {NULL, NULL, NULL};
    if (look(g, id, &p, err) < 0)
        return -1;
    if (p.status->status != VL_PAUSED && !half_paused(&p))
        return vl_err_state(err, "container not paused");
    if (vl_cgroup_thaw(p.cgroup, FREEZER_TIMEOUT_MS, err) < 0)
        return vl_err_ctx(err, "resume container %s", id);
    return 0;
}
