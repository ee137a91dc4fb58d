/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planner of the device rules: the document's list, then our own, as a program (cgroup v2) or as
 * writes (v1). Without a list everything but our own is denied, as with the other runtimes.
 */
#include "plan/cgroup.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "plan/planners.h"
#include "plan/unit.h"

#define ACC_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* Behind the document's rules, so that they cannot be taken away: engines and images count on them.
 * The same devices as in runc 1.2.4 and newer, and in its order. */
static const struct vl_devrule builtin[] = {
    {true, 'c', -1, -1, BPF_DEVCG_ACC_MKNOD, NULL}, /* making a node gives no right to open it */
    {true, 'b', -1, -1, BPF_DEVCG_ACC_MKNOD, NULL},
    {true, 'c', 1, 3, ACC_ALL, NULL},    /* null */
    {true, 'c', 1, 8, ACC_ALL, NULL},    /* random */
    {true, 'c', 1, 7, ACC_ALL, NULL},    /* full */
    {true, 'c', 5, 0, ACC_ALL, NULL},    /* tty */
    {true, 'c', 1, 5, ACC_ALL, NULL},    /* zero */
    {true, 'c', 1, 9, ACC_ALL, NULL},    /* urandom */
    {true, 'c', 136, -1, ACC_ALL, NULL}, /* pts, the console too */
    {true, 'c', 5, 2, ACC_ALL, NULL},    /* ptmx */
    {true, 'c', 10, 200, ACC_ALL, NULL}, /* net/tun */
};

static unsigned parse_access(const char *s)
{
    unsigned access = 0;
    if (s == NULL || *s == '\0')
        return ACC_ALL;
    for (; *s; s++) {
        if (*s == 'r')
            access |= BPF_DEVCG_ACC_READ;
        else if (*s == 'w')
            access |= BPF_DEVCG_ACC_WRITE;
        else if (*s == 'm')
            access |= BPF_DEVCG_ACC_MKNOD;
        else
            return 0;
    }
    return access;
}

static int parse_rule(const struct oci_device_rule *d, struct vl_devrule *r)
{
    const char *type = d->type && *d->type ? d->type : "a";
    r->allow = d->allow;
    r->type = *type == 'u' ? 'c' : *type; /* mknod(1) has u for an unbuffered character device */
    r->major = d->has_major ? d->major : -1;
    r->minor = d->has_minor ? d->minor : -1;
    r->access = parse_access(d->access);
    bool known = strlen(type) == 1 && strchr("abc", r->type) != NULL;
    /* device numbers have 12 and 20 bits; -1 is any */
    bool range = r->major >= -1 && r->major < 1 << 12 && r->minor >= -1 && r->minor < 1 << 20;
    return known && range && r->access != 0 ? 0 : -1;
}

struct rules {
    struct vl_devrule *rule;
    size_t n;
    struct vl_strv where;
};

static int gather(struct vl_planner *p, const struct oci_resources *res, const char *at,
                  struct rules *l)
{
    size_t n = res ? res->n_devices : 0;
    int result = 0;
    l->rule = vl_realloc_array(NULL, n + VL_ARRAY_LEN(builtin), sizeof(*l->rule));
    for (size_t i = 0; i < n; i++) {
        vl_strv_addf(&l->where, "%s%sdevices[%zu]", at, *at ? "." : "", i);
        if (parse_rule(&res->devices[i], &l->rule[i]) < 0) {
            result =
                vl_pl_config(p, l->where.v[i], "device rule: type, number or access is not valid");
        }
        l->rule[i].where = l->where.v[i];
    }
    memcpy(l->rule + n, builtin, sizeof(builtin));
    l->n = n + VL_ARRAY_LEN(builtin);
    return result;
}

static bool has_v1_devices(const struct vl_host *h)
{
    for (size_t i = 0; i < h->n_v1; i++)
        if (!h->v1[i].named && strcmp(h->v1[i].controllers, "devices") == 0)
            return true;
    return false;
}

static void add_v1(struct vl_planner *p, const char *where, bool tolerate, const char *file,
                   const char *value)
{
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CGWRITE, where);
    op->n[0] = 1;
    op->n[1] = tolerate ? VL_CGW_TOLERATE : 0;
    vl_op_str(op, 0, "devices");
    vl_op_str(op, 1, file);
    vl_op_str(op, 2, value);
}

/* replace: what a new cgroup has from its parent has to be said. */
static int plan_v1(struct vl_planner *p, const struct rules *l, const char *where, bool tolerate,
                   bool replace)
{
    cleanup(error) struct vl_error *e = NULL;
    cleanup_free struct vl_devwrite *w = NULL;
    size_t n = 0;
    if (vl_devrules_v1(l->rule, l->n, &w, &n, &e) < 0) {
        vl_err_collect(&p->errors, &e);
        return -1;
    }
    if (replace && (n == 0 || !vl_streq(w[0].value, "a")))
        add_v1(p, where, tolerate, "devices.allow", "a");
    for (size_t i = 0; i < n; i++)
        add_v1(p, where, tolerate, w[i].file, w[i].value);
    return 0;
}

/* replace: rules that allow everything are an operation without a program. */
static int plan_v2(struct vl_planner *p, const struct rules *l, const char *where, bool tolerate,
                   bool replace)
{
    cleanup_free struct bpf_insn *insn = NULL;
    size_t n = 0;
    if (vl_devrules_bpf(l->rule, l->n, &insn, &n) < 0)
        return vl_pl_config(p, where, "%zu device rules are too many for one program", l->n);
    if (n > 0 || replace) {
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_CGDEVICES, where);
        op->n[0] = tolerate ? VL_CGD_TOLERATE : 0;
        if (n > 0)
            vl_op_blob(op, 0, insn, n * sizeof(*insn));
    }
    return 0;
}

static int plan_rules(struct vl_planner *p, const struct rules *l, const char *where, bool replace)
{
    /* Who may not make device nodes on the host gains nothing by a device filter, and may not load
     * one. */
    bool tolerate = !p->host->in_initial_userns || p->host->euid != 0;
    /* A user's systemd has no such rights either. An update does not know who manages the cgroup: the properties are for
     * systemd, the others do not look at them. */
    if (!tolerate && (replace || p->opts->cgroup_manager == VL_CGM_SYSTEMD))
        vl_plan_unit_devices(p, l->rule, l->n, where, replace);
    if (p->host->cgroup_mode != VL_CGROUP_V2 && has_v1_devices(p->host))
        return plan_v1(p, l, where, tolerate, replace);
    return plan_v2(p, l, where, tolerate, replace);
}

static void rules_reset(struct rules *l)
{
    free(l->rule);
    vl_strv_reset(&l->where);
}

int vl_plan_device_rules(struct vl_planner *p)
{
    static const char where[] = "linux.resources.devices";
    const struct oci_resources *res = p->spec->config->linux->resources;
    struct rules l = {.rule = NULL};
    size_t from = 0;
    int r = gather(p, res, "linux.resources", &l);
    if (r == 0 && vl_plan_find(p->plan, VL_OP_CGROUP, &from) != NULL)
        r = plan_rules(p, &l, where, false);
    else if (r == 0 && res && res->n_devices > 0)
        vl_pl_note(p, "%s: no cgroup, device rules are not applied", where);
    rules_reset(&l);
    return r;
}

int vl_devices_compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                       struct vl_plan *plan, struct vl_error **errors)
{
    struct vl_planner p = {.host = ctx->host, .plan = plan};
    cleanup_free char *where = vl_asprintf("%s%sdevices", ctx->at, *ctx->at ? "." : "");
    struct rules l = {.rule = NULL};
    int result = gather(&p, r, ctx->at, &l);
    if (result == 0)
        result = plan_rules(&p, &l, where, true);
    rules_reset(&l);
    for (struct vl_error *e = p.errors, *next; e; e = next) {
        next = e->next;
        e->next = NULL;
        vl_err_collect(errors, &e);
    }
    return result;
}
