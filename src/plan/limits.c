/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources → values to write, for the hierarchy (v1 or v2) that has the controller on this
 * host: the walk over the table of limits_table.c.
 */
#include "plan/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

/* -- reporting and writing --------------------------------------------------------------------- */

/* "linux.resources.FIELD"; caller frees. */
static char *place_of(const struct vl_limits *l, const char *field)
{
    return *l->ctx->at ? vl_asprintf("%s.%s", l->ctx->at, field) : vl_strdup(field);
}

enum vl_limit_answer vl_limits_bad(struct vl_limits *l, const char *field, const char *fmt, ...)
{
    cleanup(error) struct vl_error *e = NULL;
    cleanup_free char *where = place_of(l, field), *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    vl_err_config(&e, where, "%s", text);
    vl_err_collect(l->errors, &e);
    l->failed = true;
    return VL_REPORTED;
}

/* True when list has the word. */
static bool word_in(const char *list, const char *word, const char *separators)
{
    size_t n = strlen(word);
    for (const char *p = list; p && *p;) {
        size_t len = strcspn(p, separators);
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len;
        p += strspn(p, separators);
    }
    return false;
}

int vl_limits_find(const struct vl_limits *l, const struct vl_limit_file *v1,
                   const struct vl_limit_file *v2)
{
    const struct vl_host *h = l->ctx->host;
    for (size_t i = 0; v1->file && h->cgroup_mode != VL_CGROUP_V2 && i < h->n_v1; i++)
        if (!h->v1[i].named && word_in(h->v1[i].controllers, v1->controller, ","))
            return 1;
    return v2->file && word_in(h->v2_controllers, v2->controller, " ") ? 2 : 0;
}

void vl_limits_missing(struct vl_limits *l, const char *field, const struct vl_limit_file *v1,
                       const struct vl_limit_file *v2)
{
    cleanup(error) struct vl_error *e = NULL;
    enum vl_cgroup_mode mode = l->ctx->host->cgroup_mode;
    const char *name =
        v2->file && (mode == VL_CGROUP_V2 || !v1->file) ? v2->controller : v1->controller;
    cleanup_free char *where = place_of(l, field),
                      *feature = vl_asprintf("cgroup controller %s", name);
    if (v2->file == NULL &&
        (mode == VL_CGROUP_V2 || word_in(l->ctx->host->v2_controllers, name, " ")))
        vl_err_unsupported(&e, feature, "`%s` exists with cgroup v1 only", v1->file);
    else if (mode == VL_CGROUP_V1 && v1->file == NULL)
        vl_err_unsupported(&e, feature, "`%s` exists with cgroup v2 only", v2->file);
    else
        vl_err_unsupported(&e, feature, "cgroup controller `%s` is not available", name);
    vl_err_at(&e, "%s", where);
    vl_err_collect(l->errors, &e);
    l->failed = true;
}

void vl_limits_write(struct vl_limits *l, const char *field, int hierarchy, unsigned flags,
                     const char *controller, const char *file, const char *value)
{
    cleanup_free char *where = place_of(l, field);
    struct vl_op *op = vl_plan_op(l->plan, VL_OP_CGWRITE, where);
    op->n[0] = hierarchy;
    op->n[1] = flags;
    vl_op_str(op, 0, controller);
    vl_op_str(op, 1, file);
    vl_op_str(op, 2, value);
}

/* -- the walk ---------------------------------------------------------------------------------- */

static const char *part_of(const struct oci_resources *r, enum vl_limit_part part)
{
    switch (part) {
    case VL_IN_RESOURCES:
        return (const char *)r;
    case VL_IN_MEMORY:
        return (const char *)r->memory;
    case VL_IN_CPU:
        return (const char *)r->cpu;
    case VL_IN_PIDS:
        return (const char *)r->pids;
    case VL_IN_NETWORK:
        return (const char *)r->network;
    case VL_IN_BLOCK_IO:
        return (const char *)r->block_io;
    }
    return NULL;
}

/* False when the document does not have the field. */
static bool load(const char *part, const struct vl_limit_row *row, struct vl_limit_item *it)
{
    const char *at = part + row->value;
    if (row->type != VL_L_STRING && !*(const bool *)(part + row->has))
        return false;
    switch (row->type) {
    case VL_L_I64:
        it->i = *(const int64_t *)at;
        it->u = (uint64_t)it->i;
        break;
    case VL_L_U64:
        it->u = *(const uint64_t *)at;
        break;
    case VL_L_U32:
        it->u = *(const uint32_t *)at;
        break;
    case VL_L_U16:
        it->u = *(const uint16_t *)at;
        break;
    case VL_L_BOOL:
        it->u = *(const bool *)at;
        break;
    case VL_L_STRING:
        it->s = *(char *const *)at;
        break;
    case VL_L_LIST:
        break;
    }
    return true;
}

static void item_reset(struct vl_limit_item *it)
{
    vl_str_reset(&it->out);
    free(it->star);
    it->star = NULL;
}

static void write_item(struct vl_limits *l, struct vl_limit_item *it,
                       const struct vl_limit_file *f, unsigned flags)
{
    size_t before = strcspn(f->file, "*");
    cleanup_free char *name =
        it->star
            ? vl_asprintf("%.*s%s%s", (int)before, f->file, it->star, f->file + before + 1)
            : vl_strdup(f->file);
    vl_limits_write(l, it->field, it->hierarchy, it->flags | flags, f->controller, name,
                    it->out.s ? it->out.s : "");
}

/* The second file of a row, when the first has been planned. */
static void convert_second(struct vl_limits *l, const struct vl_limit_row *row,
                           const struct vl_limit_item *first)
{
    struct vl_limit_item it = *first;
    it.second = true;
    it.out = (struct vl_str)VL_STR_INIT;
    it.star = NULL;
    it.flags = 0; /* no row with a second file has any */
    if (row->convert(l, row, &it) == VL_WRITE)
        write_item(l, &it, it.hierarchy == 2 ? &row->second2 : &row->second1,
                   row->second == VL_BESIDE ? VL_CGW_IF_EXISTS : 0);
    item_reset(&it);
}

static void convert(struct vl_limits *l, const struct vl_limit_row *row, struct vl_limit_item *it)
{
    const struct vl_host *h = l->ctx->host;
    int found = vl_limits_find(l, &row->v1, &row->v2);
    const char *name = row->v1.controller ? row->v1.controller : row->v2.controller;
    bool unified = h->cgroup_mode == VL_CGROUP_V2 || word_in(h->v2_controllers, name, " ");
    it->hierarchy = found ? found : unified ? 2 : 1;
    it->flags = it->hierarchy == 2 ? row->flags2 : row->flags1;
    enum vl_limit_answer a = row->convert(l, row, it);
    if (a == VL_WRITE && !found) {
        vl_limits_missing(l, it->field, &row->v1, &row->v2);
    } else if (a == VL_WRITE) {
        write_item(l, it, found == 2 ? &row->v2 : &row->v1,
                   row->second == VL_INSTEAD ? VL_CGW_ALT : 0);
        if (row->second != VL_NO_SECOND)
            convert_second(l, row, it);
    }
    item_reset(it);
}

static void convert_list(struct vl_limits *l, const struct vl_limit_row *row, const char *part)
{
    size_t n = *(const size_t *)(part + row->has);
    const char *const *list = (const char *const *)(part + row->value);
    for (size_t i = 0; i < n; i++) {
        const char *entry = *list + i * row->size;
        cleanup_free char *field = row->keyed ? vl_asprintf("%s.%s", row->field, *(char *const *)entry)
                                              : vl_asprintf("%s[%zu]", row->field, i);
        struct vl_limit_item it = {.entry = entry, .field = field};
        convert(l, row, &it);
    }
}

static void convert_row(struct vl_limits *l, const struct vl_limit_row *row)
{
    const char *part = part_of(l->r, row->part);
    struct vl_limit_item it = {.field = row->field};
    if (part == NULL || row->field == NULL)
        return;
    if (row->type == VL_L_LIST) {
        convert_list(l, row, part);
        return;
    }
    it.absent = !load(part, row, &it);
    if (!it.absent || row->ask)
        convert(l, row, &it);
}

int vl_limits_compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                      struct vl_plan *plan, struct vl_error **errors)
{
    struct vl_limits l = {r, ctx, plan, errors, false};
    for (size_t i = 0; i < vl_n_limit_rows; i++)
        convert_row(&l, &vl_limit_rows[i]);
    vl_limits_unified(&l);
    return l.failed ? -1 : 0;
}

bool vl_limits_pids_zero(const char *oci_version)
{
    unsigned long major, minor;
    char *end;
    if (oci_version == NULL)
        return false;
    major = strtoul(oci_version, &end, 10);
    minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major > 1 || (major == 1 && minor >= 3);
}

int vl_plan_limits(struct vl_planner *p)
{
    const struct oci_config *c = p->spec->config;
    size_t before = p->plan->n_op, from = 0;
    struct vl_limits_ctx ctx = {.host = p->host, .at = "linux.resources"};
    if (c->linux->resources == NULL)
        return 0;
    ctx.pids_zero = vl_limits_pids_zero(c->oci_version);
    if (vl_limits_compile(c->linux->resources, &ctx, p->plan, &p->errors) < 0)
        return -1;
    if (p->plan->n_op == before)
        return 0;
    const struct vl_op *found = vl_plan_find(p->plan, VL_OP_CGROUP, &from);
    if (found) {
        p->plan->op[found - p->plan->op].n[2] &= ~(int64_t)VL_CG_OPTIONAL;
        return 0;
    }
    cleanup(error) struct vl_error *e = NULL;
    vl_err_config(&e, p->plan->op[before].where,
                  "a limit needs a cgroup, and cgroups are switched off");
    vl_err_collect(&p->errors, &e);
    return -1;
}
