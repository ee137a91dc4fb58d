/* SPDX-License-Identifier: Apache-2.0 */
/* update: other limits for a container that lives. Compiled by the same table as at create. */
#include "base/log.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "cgroup/rdt.h"
#include "ops/begin.h"
#include "ops/ops.h"
#include "ops/record_make.h"
#include "plan/cgroup.h"
#include "spec/resources.h"

/* linux.resources with the parts that options can set. */
struct from_options {
    struct oci_resources r;
    struct oci_memory memory;
    struct oci_cpu cpu;
    struct oci_pids pids;
    struct oci_block_io block_io;
};

#define TAKE(from, part, member)                                                                   \
    do {                                                                                           \
        (part)->has_##member = (from).given;                                                       \
        (part)->member = (__typeof__((part)->member))(from).value;                                 \
    } while (0)

static int read_options(const struct vl_update_opts *o, struct from_options *d,
                        struct vl_error **err)
{
    if (o->blkio_weight.value > UINT16_MAX) /* else the table judges it */
        return vl_err_usage(err, "invalid value `%lld` for --blkio-weight: must be between 10 and 1000",
                            (long long)o->blkio_weight.value);
    *d = (struct from_options){.r = {.memory = &d->memory,
                                     .cpu = &d->cpu,
                                     .pids = &d->pids,
                                     .block_io = &d->block_io}};
    TAKE(o->memory, &d->memory, limit);
    TAKE(o->memory_swap, &d->memory, swap);
    TAKE(o->memory_reservation, &d->memory, reservation);
    TAKE(o->kernel_memory, &d->memory, kernel);
    TAKE(o->kernel_memory_tcp, &d->memory, kernel_tcp);
    TAKE(o->cpu_period, &d->cpu, period);
    TAKE(o->cpu_quota, &d->cpu, quota);
    TAKE(o->cpu_burst, &d->cpu, burst);
    TAKE(o->cpu_shares, &d->cpu, shares);
    TAKE(o->cpu_rt_period, &d->cpu, realtime_period);
    TAKE(o->cpu_rt_runtime, &d->cpu, realtime_runtime);
    TAKE(o->cpu_idle, &d->cpu, idle);
    TAKE(o->pids_limit, &d->pids, limit);
    TAKE(o->blkio_weight, &d->block_io, weight);
    d->cpu.cpus = (char *)o->cpus;
    d->cpu.mems = (char *)o->mems;
    return 0;
}

/* Pure: the writes for this host. Device rules stay unless the document has some. */
static int compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                   struct vl_plan *plan, struct vl_error **err)
{
    struct vl_error *errors = NULL;
    int result = vl_limits_compile(r, ctx, plan, &errors);
    if (r->n_devices > 0 && vl_devices_compile(r, ctx, plan, &errors) < 0)
        result = -1;
    if (result < 0)
        *err = errors;
    return result;
}

/* What the kernel or our rights leave out goes to the state, as at create. */
static int keep_notes(const struct vl_ctr *c, struct vl_record *record, const struct vl_cgroup *cg,
                      struct vl_error **err)
{
    const struct vl_strv *notes = vl_cgroup_notes(cg);
    size_t before = record->notes.n;
    for (size_t i = 0; i < notes->n; i++) {
        vl_warn("%s", notes->v[i]);
        if (!vl_strv_has(&record->notes, notes->v[i]))
            vl_strv_add(&record->notes, notes->v[i]);
    }
    return record->notes.n == before ? 0 : vl_record_write(c, record, err);
}

static int change_limits(const struct vl_ctr *c, struct vl_record *record,
                         const struct oci_resources *r, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    cleanup(host) struct vl_host host = {0};
    if (vl_gather_host(&host, err) < 0 || vl_record_cgroup_desc(record, &desc, err) < 0 ||
        vl_cgroup_open_recorded(&desc, &cg, err) < 0)
        return -1;
    struct vl_limits_ctx ctx = {.host = &host,
                                .at = "",
                                .pids_zero = vl_limits_pids_zero(record->oci_version),
                                .update = true,
                                .memory_limit = vl_cgroup_memory_limit(cg)};
    if (compile(r, &ctx, plan, err) < 0 || vl_cgroup_apply(cg, &host, plan, err) < 0 ||
        keep_notes(c, record, cg, err) < 0)
        return vl_err_ctx(err, "update container %s", record->id);
    return 0;
}

/* Groups of resctrl are not limits of a cgroup. */
static int change_rdt(const struct vl_record *record, const struct vl_update_opts *o,
                      struct vl_error **err)
{
    if (o->l3_cache_schema == NULL && o->mem_bw_schema == NULL)
        return 0;
    if (record->rdt_group == NULL)
        return vl_err_unsupported(err, "intelRdt", "container %s has no resctrl group", record->id);
    if (vl_rdt_update(record->rdt_group, o->l3_cache_schema, o->mem_bw_schema, err) < 0)
        return vl_err_ctx(err, "update container %s", record->id);
    return 0;
}

int vl_op_update(const struct vl_global *g, const char *id, const struct vl_update_opts *o,
                 struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(resources) struct vl_resources *document = NULL;
    struct from_options options;
    /* read before the lock is taken: standard input may be slow */
    if (o->text != NULL        ? vl_resources_load_buffer(o->resources, o->text, strlen(o->text), &document, err) < 0
        : o->resources != NULL ? vl_resources_load(o->resources, &document, err) < 0
                             : read_options(o, &options, err) < 0)
        return -1;
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_ctr_lock_made(c, err) < 0 ||
        vl_status_get(c, &s, err) < 0)
        return -1;
    if (!s->complete || s->status == VL_STOPPED)
        return vl_err_state(err, "container not running");
    if (change_rdt(s->record, o, err) < 0)
        return -1;
    return change_limits(c, s->record, document ? document->resources : &options.r, err);
}
