/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a launch. Each row appends its operations behind those of the rows above; the rows' comments give
 * the reasons of their places, and golden tests pin the result.
 */
#include "plan/build.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/mem.h"
#include "plan/cgroup.h"
#include "plan/planners.h"
#include "plan/seccomp.h"
#include "plan/unit.h"

static int seccomp_early(struct vl_planner *p)
{
    return vl_plan_seccomp(p, false);
}

static int seccomp_late(struct vl_planner *p)
{
    return vl_plan_seccomp(p, true);
}

static const struct {
    const char *name;
    int (*plan)(struct vl_planner *p);
} rows[] = {
    {"policy", vl_plan_policy},         /* first: what is refused is refused before anything else is said */
    {"namespaces", vl_plan_ns},         /* decides what all others ask for */
    {"id maps", vl_plan_idmap},         /* needs the namespaces; gives the owner of the cgroup */
    {"cgroup", vl_plan_cgroup},         /* host: exists before the process does */
    {"limits", vl_plan_limits},
    {"device rules", vl_plan_device_rules},
    {"unit", vl_plan_unit},
    {"delegated cgroup", vl_plan_delegate},
    {"cache allocation", vl_plan_rdt},
    {"host", vl_plan_host},             /* host: what only veloci may do to the process */
    {"network devices", vl_plan_netdev},
    /* Identity: descriptors and maps arrive, ids are taken, then nobody may look at the stage any more. */
    {"identity", vl_plan_identity},
    /* Visibility: in the order of config.json, because later mounts lie on earlier ones. */
    {"root", vl_plan_root},             /* everything below is resolved inside it */
    {"mounts", vl_plan_mounts},
    {"devices", vl_plan_devices},       /* in the /dev that was just mounted; the console needs its devpts */
    {"hooks of create", vl_plan_create_hooks}, /* see the finished tree, may still write to it, see the host's paths */
    {"paths", vl_plan_paths},           /* after the hooks: what these mount below /proc is masked too */
    {"kernel parameters", vl_plan_sysctl}, /* through the container's own procfs, before the host's tree is gone */
    {"root switch", vl_plan_pivot},     /* last of the tree, then read-only */
    /* Ambient: what needs root's rights comes before the credentials. */
    {"process", vl_plan_ambient},
    {"labels", vl_plan_labels},         /* before no_new_privs, which AppArmor looks at, and before any filter */
    {"Landlock", vl_plan_landlock},     /* after every mount, which it forbids; before a filter that may not know its calls */
    {"early filter", seccomp_early},    /* without no_new_privs loading takes CAP_SYS_ADMIN */
    {"credentials", vl_plan_creds},
    /* Ready: from here on nothing may fail but what the workload itself brings about. */
    {"gate", vl_plan_gate},             /* args[0] is looked up as the user, in the finished root */
    {"hooks of start", vl_plan_start_hooks},
    {"rlimits", vl_plan_rlimits},       /* last: they would bind our own steps too */
    {"late filter", seccomp_late},      /* a tight profile must not kill a waiting stage */
    {"exec", vl_plan_exec},
};

const char *vl_pl_at(struct vl_planner *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->at, sizeof(p->at), fmt, ap);
    va_end(ap);
    return p->at;
}

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        vl_oom();
    return text;
}

#define FORMAT(text, fmt)                                                                          \
    va_list ap;                                                                                    \
    va_start(ap, fmt);                                                                             \
    cleanup_free char *text = format(fmt, ap);                                                     \
    va_end(ap)

int vl_pl_config(struct vl_planner *p, const char *where, const char *fmt, ...)
{
    struct vl_error *e = NULL;
    FORMAT(text, fmt);
    vl_err_config(&e, where, "%s", text);
    vl_err_collect(&p->errors, &e);
    return -1;
}

int vl_pl_unsupported(struct vl_planner *p, const char *feature, const char *where, const char *fmt, ...)
{
    struct vl_error *e = NULL;
    FORMAT(text, fmt);
    vl_err_unsupported(&e, feature, "%s", text);
    if (where != NULL)
        vl_err_at(&e, "%s", where);
    vl_err_collect(&p->errors, &e);
    return -1;
}

int vl_pl_refused(struct vl_planner *p, const char *rule, const char *where, const char *fmt, ...)
{
    struct vl_error *e = NULL;
    FORMAT(text, fmt);
    vl_err_refused(&e, rule, "%s", text);
    if (where != NULL)
        vl_err_at(&e, "%s", where);
    vl_err_collect(&p->errors, &e);
    return -1;
}

void vl_pl_note(struct vl_planner *p, const char *fmt, ...)
{
    FORMAT(text, fmt);
    vl_strv_add(&p->plan->notes, text);
}

uint32_t vl_plan_features(const struct vl_host *host)
{
    uint32_t f = 0;
    f |= host->openat2 ? VL_FEAT_OPENAT2 : 0u;
    f |= host->mount_setattr ? VL_FEAT_MOUNT_SETATTR : 0u;
    f |= host->new_mount_api ? VL_FEAT_NEW_MOUNT : 0u;
    f |= host->close_range ? VL_FEAT_CLOSE_RANGE : 0u;
    f |= host->clone3 ? VL_FEAT_CLONE3 : 0u;
    return f;
}

/* AWAIT was appended where it belongs; only now it is known how many descriptors come late. */
void vl_plan_finish_await(struct vl_planner *p)
{
    struct vl_plan *plan = p->plan;
    int64_t late = 0;
    for (size_t i = 0; i < plan->n_desc; i++)
        late += plan->desc[i].acquire == VL_ACQ_IN_NS || plan->desc[i].acquire == VL_ACQ_LATE_TREE;
    for (size_t i = 0; i < plan->n_op; i++) {
        if (plan->op[i].code != VL_OP_AWAIT)
            continue;
        plan->op[i].n[0] = late;
        if (late == 0 && !p->await) {
            free(plan->op[i].where);
            plan->n_op--;
            memmove(&plan->op[i], &plan->op[i + 1], (plan->n_op - i) * sizeof(plan->op[0]));
        }
        return;
    }
}

static size_t area_size(const char *s, size_t len)
{
    return s ? len + 8 : 0;
}

/* At most: what alignment and the NULs cost is rounded up. */
static size_t wire_size(const struct vl_plan *p)
{
    size_t n = sizeof(struct vl_wire_header) + sizeof(struct vl_wire_body) + p->n_desc * sizeof(struct vl_wire_desc) +
               p->n_op * sizeof(struct vl_wire_op);
    for (size_t i = 0; i < p->n_desc; i++)
        n += area_size(p->desc[i].path, p->desc[i].path ? strlen(p->desc[i].path) : 0) +
             area_size(p->desc[i].where, p->desc[i].where ? strlen(p->desc[i].where) : 0);
    for (size_t i = 0; i < p->n_op; i++) {
        n += area_size(p->op[i].where, p->op[i].where ? strlen(p->op[i].where) : 0);
        for (int s = 0; s < VL_OP_STRS; s++)
            n += area_size(p->op[i].s[s].data, p->op[i].s[s].len);
    }
    return n;
}

void vl_plan_check_size(struct vl_planner *p)
{
    size_t len = wire_size(p->plan);
    if (p->plan->n_desc > VL_WIRE_MAX_DESC || p->plan->n_op > VL_WIRE_MAX_OP) {
        vl_pl_config(p, NULL, "launch plan: %zu descriptors and %zu operations are more than %u and %u",
                     p->plan->n_desc, p->plan->n_op, VL_WIRE_MAX_DESC, VL_WIRE_MAX_OP);
        return;
    }
    if (len > VL_WIRE_MAX)
        vl_pl_config(p, NULL, "launch plan: %zu bytes are more than %u", len, VL_WIRE_MAX);
}

int vl_plan_build(const struct vl_spec *spec, const struct vl_host *host, const struct vl_plan_opts *opts,
                  struct vl_plan **ret, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_planner p = {
        .spec = spec,
        .host = host,
        .opts = opts,
        .plan = plan,
        .null_desc = -1,
        .empty_desc = -1,
    };
    plan->features = vl_plan_features(host);
    plan->preserve_fds = opts->preserve_fds;
    for (size_t i = 0; i < spec->notes.n; i++)
        vl_strv_add(&plan->notes, spec->notes.v[i]);

    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        if (rows[i].plan(&p) < 0 && p.errors == NULL)
            vl_err_bug(&p.errors, "plan %s: failed without a reason", rows[i].name);
    }
    if (p.errors == NULL) {
        vl_plan_finish_await(&p);
        vl_plan_check_size(&p);
    }
    free(p.uid_map);
    free(p.gid_map);
    if (p.errors != NULL) {
        *err = p.errors;
        return -1;
    }
    *ret = vl_take_ptr(plan);
    return 0;
}
