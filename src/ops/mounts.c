/* SPDX-License-Identifier: Apache-2.0 */
/* mounts add, mounts remove: the mounts of a running container are changed by a stage that goes there and ends. */
#include <sched.h>
#include "base/mem.h"
#include "launch/launch.h"
#include "ops/begin.h"
#include "ops/record_make.h"
#include "plan/mounts_live.h"
#include "spec/mounts_doc.h"
#include "sys/nsfd.h"

enum { NAMESPACES = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWCGROUP };

typedef int plan_fn(const struct vl_mounts_request *rq, const struct vl_host *host, struct vl_plan **ret,
                    struct vl_error **err);

struct change {
    struct vl_ctr *ctr; /* locked */
    struct vl_status *status;
    struct vl_plan *container; /* as it was launched; NULL when that cannot be read */
    struct vl_spec *spec;
    struct vl_host host;
    struct vl_plan *plan;
    struct vl_cgroup *cgroup; /* the container's */
};

static void vl_cleanup_change(struct change *c)
{
    vl_cgroup_free(c->cgroup);
    vl_plan_free(c->plan);
    vl_host_reset(&c->host);
    vl_spec_free(c->spec);
    vl_plan_free(c->container);
    vl_status_free(c->status);
    vl_ctr_free(c->ctr);
}

static int look(const struct vl_global *g, const char *id, struct change *c, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c->ctr, err) < 0 ||
        vl_ctr_lock_made(c->ctr, err) < 0 || vl_status_get(c->ctr, &c->status, err) < 0)
        return -1;
    if (c->status->status != VL_RUNNING && c->status->status != VL_CREATED)
        return vl_err_state(err, "container not running");
    c->container = vl_recorded_plan(c->ctr);
    if (vl_record_cgroup_desc(c->status->record, &desc, err) < 0)
        return -1;
    return vl_cgroup_open_recorded(&desc, &c->cgroup, err);
}

/* The label that the container's mounts have: "context=…" of the first that has one. *owned is to be freed. */
static void take_label(const struct vl_plan *container, struct vl_mounts_context *ctx, char **owned)
{
    size_t from = 0;
    const struct vl_op *op;
    while (container != NULL && (op = vl_plan_find(container, VL_OP_MOUNT, &from)) != NULL) {
        const char *label = vl_op_s(op, 4);
        if (label == NULL || strchr(label, '=') == NULL)
            continue;
        *owned = vl_strdup(label);
        ctx->label_type = *owned;
        ctx->label = strchr(*owned, '=') + 1;
        (*owned)[ctx->label - *owned - 1] = '\0';
        return;
    }
}

/* From a file and the process to what is to be done. */
static int make_plan(struct change *c, const char *file, plan_fn *plan, struct vl_error **err)
{
    cleanup_free char *label = NULL;
    struct vl_mounts_context ctx = {.bundle = c->status->record->bundle != NULL ? c->status->record->bundle : "/",
                                    .targets_only = plan == vl_plan_mounts_remove};
    int ns;
    take_label(c->container, &ctx, &label);
    if (vl_mounts_load(file, &ctx, &c->spec, err) < 0 || vl_gather_host(&c->host, err) < 0)
        return -1;
    if (c->spec->config->n_mounts == 0)
        return 0;
    int r = vl_ns_differing(c->status->proc.pid, NAMESPACES, &ns);
    if (r < 0)
        return vl_err_sys(err, r, "look at the namespaces of process %d", (int)c->status->proc.pid);
    struct vl_mounts_request rq = {.container = c->container,
                                   .spec = c->spec,
                                   .pid = c->status->proc.pid,
                                   .ns = (uint64_t)(unsigned)ns,
                                   .cgroup_manager = vl_cgroup_describe(c->cgroup)->manager};
    return plan(&rq, &c->host, &c->plan, err);
}

static int execute(struct change *c, struct vl_error **err)
{
    cleanup(prep) struct vl_prep *prep = NULL;
    cleanup(cgroup) struct vl_cgroup *none = NULL; /* the stage stays in our cgroup: the container's may be frozen */
    cleanup(launch) struct vl_launch *l = NULL;
    struct vl_cgroup_desc no_desc = {.manager = VL_CGM_DISABLED};
    struct vl_prep_env pe = {.root_dirfd = c->ctr->root_fd, .root_path = c->ctr->root, .gate_fd = VL_NOFD,
                             .cgroup = c->cgroup};
    if (vl_cgroup_open_recorded(&no_desc, &none, err) < 0 || vl_prep_open(c->plan, &pe, &prep, err) < 0)
        return -1;
    /* The namespaces were opened by number: it must still be the container's process that has it. */
    if (vl_proc_verify(&c->status->proc) < 0)
        return vl_err_state(err, "container not running");
    struct vl_launch_env env = {.plan = c->plan, .prep = prep, .cgroup = none, .console_fd = VL_NOFD,
                                .pidfd_socket = {VL_NOFD, VL_NOFD},
                                .bundle = c->spec->bundle};
    if (vl_launch_begin(&env, &l, err) < 0)
        return -1;
    vl_launch_kill(l); /* READY was its last word */
    return 0;
}

static int change(const struct vl_global *g, const char *id, const char *file, plan_fn *plan,
                  struct vl_error **err)
{
    cleanup(change) struct change c = {.ctr = NULL};
    if (look(g, id, &c, err) < 0 || make_plan(&c, file, plan, err) < 0)
        return -1;
    return c.plan != NULL ? execute(&c, err) : 0;
}

int vl_op_mounts_add(const struct vl_global *g, const char *id, const char *file, struct vl_error **err)
{
    return change(g, id, file, vl_plan_mounts_add, err);
}

int vl_op_mounts_remove(const struct vl_global *g, const char *id, const char *file,
                        struct vl_error **err)
{
    return change(g, id, file, vl_plan_mounts_remove, err);
}
