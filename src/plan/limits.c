/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources → values to write, for the hierarchy (v1 or v2) that has the controller on this
 * host.
 *
 * One row a field: where it stands in the document, the file it goes to on v1 and on v2, and how
 * its value is turned into text. Rows stand in the order of writing. A row without a v2 file cannot
 * be honoured there. Used by create, by `update` and by other drivers than cgroupfs, which read the
 * same operations. runtime-spec config-linux.md#control-groups;
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 */
#include "plan/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

/* -- reporting and writing --------------------------------------------------------------------- */

char *vl_limits_place(const struct vl_limits *l, const char *field)
{
    return *l->ctx->at ? vl_asprintf("%s.%s", l->ctx->at, field) : vl_strdup(field);
}

void vl_limits_bad(struct vl_limits *l, const char *field, const char *fmt, ...)
{
    cleanup(error) struct vl_error *e = NULL;
    cleanup_free char *where = vl_limits_place(l, field), *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    vl_err_config(&e, where, "%s", text);
    vl_err_collect(l->errors, &e);
    l->failed = true;
}

bool vl_limits_word_in(const char *list, const char *word, const char *separators)
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

int vl_limits_find(const struct vl_limits *l, const struct vl_limit_files *f)
{
    const struct vl_host *h = l->ctx->host;
    for (size_t i = 0; f->f1 && h->cgroup_mode != VL_CGROUP_V2 && i < h->n_v1; i++)
        if (!h->v1[i].named && vl_limits_word_in(h->v1[i].controllers, f->c1, ","))
            return 1;
    return f->f2 && vl_limits_word_in(h->v2_controllers, f->c2, " ") ? 2 : 0;
}

void vl_limits_missing(struct vl_limits *l, const char *field, const struct vl_limit_files *f)
{
    cleanup(error) struct vl_error *e = NULL;
    const char *name = f->c1 ? f->c1 : f->c2;
    cleanup_free char *where = vl_limits_place(l, field),
                      *feature = vl_asprintf("cgroup controller %s", name);
    if (l->ctx->host->cgroup_mode == VL_CGROUP_V2 && f->f2 == NULL)
        vl_err_unsupported(&e, feature, "`%s` exists with cgroup v1 only", f->f1);
    else if (l->ctx->host->cgroup_mode == VL_CGROUP_V1 && f->f1 == NULL)
        vl_err_unsupported(&e, feature, "`%s` exists with cgroup v2 only", f->f2);
    else
        vl_err_unsupported(&e, feature, "cgroup controller `%s` is not available", name);
    vl_err_at(&e, "%s", where);
    vl_err_collect(l->errors, &e);
    l->failed = true;
}

void vl_limits_write(struct vl_limits *l, const char *field, int hierarchy, unsigned flags,
                     const char *controller, const char *file, const char *value)
{
    cleanup_free char *where = vl_limits_place(l, field);
    struct vl_op *op = vl_plan_op(l->plan, VL_OP_CGWRITE, where);
    op->n[0] = hierarchy;
    op->n[1] = flags;
    vl_op_str(op, 0, controller);
    vl_op_str(op, 1, file);
    vl_op_str(op, 2, value);
}

/* -- conversions of single values -------------------------------------------------------------- */

enum answer { NOT_SET, WRITE, REPORTED };

struct row;
struct cell { /* a value of the document */
    int64_t i;
    uint64_t u;
    const char *s;
};
typedef enum answer convert(struct vl_limits *l, const struct row *r, const struct cell *c,
                            int hierarchy, struct vl_str *out, unsigned *flags);

enum part { MEMORY, CPU, PIDS, NETWORK };
enum type { I64, U64, U32, BOOL, STRING };

struct row {
    const char *field;
    enum part part;
    enum type type;
    size_t has, value; /* offsets in the part; has is unused for strings */
    struct vl_limit_files files;
    convert *convert;
    unsigned flags1, flags2; /* VL_CGW_* */
};

static void add_number(struct vl_str *out, const struct row *r, const struct cell *c)
{
    if (r->type == I64)
        vl_str_addf(out, "%lld", (long long)c->i);
    else
        vl_str_addf(out, "%llu", (unsigned long long)c->u);
}

/* 0 is not set: engines send it. */
static enum answer number(struct vl_limits *l, const struct row *r, const struct cell *c,
                          int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == 0)
        return NOT_SET;
    add_number(out, r, c);
    return WRITE;
}

/* Numbers of which 0 is the value of a new cgroup: only an update has to write it. */
static enum answer number_or_zero(struct vl_limits *l, const struct row *r, const struct cell *c,
                                  int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == 0 && !l->ctx->update)
        return NOT_SET;
    add_number(out, r, c);
    return WRITE;
}

/* Bytes; -1 is unlimited, 0 not set (engines send it). */
static enum answer bytes(struct vl_limits *l, const struct row *r, const struct cell *c,
                         int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->i == 0)
        return NOT_SET;
    if (c->i < -1) {
        vl_limits_bad(l, r->field, "%lld is no limit (-1 means unlimited)", (long long)c->i);
        return REPORTED;
    }
    if (c->i == -1 && hierarchy == 2)
        vl_str_add(out, "max");
    else
        vl_str_addf(out, "%lld", (long long)c->i);
    return WRITE;
}

static enum answer memory_limit(struct vl_limits *l, const struct row *r, const struct cell *c,
                                int hierarchy, struct vl_str *out, unsigned *flags)
{
    const struct oci_memory *m = l->r->memory;
    if (m->check_before_update && c->i > 0)
        *flags |= VL_CGW_CHECK;
    return bytes(l, r, c, hierarchy, out, flags);
}

/*
 * Memory and swap together, which v1 limits as they are; v2 limits swap alone. An unlimited memory
 * limit without a word about swap frees swap as well when a running container is updated, because
 * on v1 the kernel refuses the one without the other. A kernel without swap accounting has no such
 * file: fine as long as nothing is really limited.
 */
static enum answer memory_swap(struct vl_limits *l, const struct row *r, const struct cell *c,
                               int hierarchy, struct vl_str *out, unsigned *flags)
{
    const struct oci_memory *m = l->r->memory;
    int64_t swap = c->i, limit = m->limit;
    if (swap == 0 && limit == -1 && l->ctx->update)
        swap = -1;
    if (swap == 0)
        return NOT_SET;
    if (swap < -1) {
        vl_limits_bad(l, r->field, "%lld is no limit (-1 means unlimited)", (long long)swap);
        return REPORTED;
    }
    if (swap == -1) {
        *flags |= VL_CGW_IF_EXISTS;
        vl_str_add(out, hierarchy == 2 ? "max" : "-1");
        return WRITE;
    }
    if (limit == 0 && (hierarchy == 2 || !l->ctx->update)) {
        vl_limits_bad(l, r->field, "a limit of memory and swap needs memory.limit too");
        return REPORTED;
    }
    if (limit == -1 || swap < limit) {
        vl_limits_bad(l, r->field, "the limit of memory and swap is below that of memory");
        return REPORTED;
    }
    if (hierarchy == 1) {
        vl_str_addf(out, "%lld", (long long)swap);
        return WRITE;
    }
    if (swap == limit)
        *flags |= VL_CGW_IF_EXISTS;
    vl_str_addf(out, "%lld", (long long)(swap - limit));
    return WRITE;
}

static enum answer swappiness(struct vl_limits *l, const struct row *r, const struct cell *c,
                              int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == UINT64_MAX) /* -1 of those who mean not set */
        return NOT_SET;
    if (c->u > 100) {
        vl_limits_bad(l, r->field, "%llu is not between 0 and 100", (unsigned long long)c->u);
        return REPORTED;
    }
    vl_str_addf(out, "%llu", (unsigned long long)c->u);
    return WRITE;
}

static enum answer boolean(struct vl_limits *l, const struct row *r, const struct cell *c,
                           int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == 0 && !l->ctx->update)
        return NOT_SET;
    vl_str_add(out, c->u ? "1" : "0");
    return WRITE;
}

/* An idle group has no weight: the kernel refuses one. */
static enum answer cpu_shares(struct vl_limits *l, const struct row *r, const struct cell *c,
                              int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == 0 || l->r->cpu->idle == 1)
        return NOT_SET;
    vl_str_addf(out, "%llu",
                (unsigned long long)(hierarchy == 2 ? vl_limits_cpu_weight(c->u) : c->u));
    return WRITE;
}

static enum answer cpu_quota(struct vl_limits *l, const struct row *r, const struct cell *c,
                             int hierarchy, struct vl_str *out, unsigned *flags)
{
    uint64_t period = l->r->cpu->period;
    if (c->i == 0)
        return NOT_SET;
    if (c->i < 0)
        vl_str_add(out, hierarchy == 2 ? "max" : "-1");
    else
        vl_str_addf(out, "%lld", (long long)c->i);
    if (hierarchy == 2 && period != 0)
        vl_str_addf(out, " %llu", (unsigned long long)period);
    return WRITE;
}

/* On v2 the period stands behind the quota, in the same file; alone it leaves the quota as it is.
 */
static enum answer cpu_period(struct vl_limits *l, const struct row *r, const struct cell *c,
                              int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->u == 0 || (hierarchy == 2 && l->r->cpu->quota != 0))
        return NOT_SET;
    if (hierarchy == 2) {
        *flags |= VL_CGW_KEEP;
        vl_str_add(out, "- ");
    }
    vl_str_addf(out, "%llu", (unsigned long long)c->u);
    return WRITE;
}

static enum answer cpu_burst(struct vl_limits *l, const struct row *r, const struct cell *c,
                             int hierarchy, struct vl_str *out, unsigned *flags)
{
    int64_t quota = l->r->cpu->quota;
    if (quota > 0 && c->u > (uint64_t)quota) {
        vl_limits_bad(l, r->field, "a burst of %llu is above the quota of %lld",
                      (unsigned long long)c->u, (long long)quota);
        return REPORTED;
    }
    return number_or_zero(l, r, c, hierarchy, out, flags);
}

static enum answer text(struct vl_limits *l, const struct row *r, const struct cell *c,
                        int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->s == NULL || *c->s == '\0')
        return NOT_SET;
    vl_str_add(out, c->s);
    return WRITE;
}

/* 0 is a real limit since runtime-spec 1.3. It is written as 1: the container's own process fills
 * it, so that neither allows another one, and with 0 the process could not be born inside. */
static enum answer pids_limit(struct vl_limits *l, const struct row *r, const struct cell *c,
                              int hierarchy, struct vl_str *out, unsigned *flags)
{
    if (c->i == 0 && !l->ctx->pids_zero)
        return NOT_SET;
    if (c->i < -1) {
        vl_limits_bad(l, r->field, "%lld is no limit (-1 means unlimited)", (long long)c->i);
        return REPORTED;
    }
    if (c->i == -1)
        vl_str_add(out, "max");
    else
        vl_str_addf(out, "%lld", (long long)(c->i == 0 ? 1 : c->i));
    return WRITE;
}

/* -- the table --------------------------------------------------------------------------------- */

#define CELL(part, kind, type, member)                                                             \
    part, type, offsetof(struct oci_##kind, has_##member), offsetof(struct oci_##kind, member)
#define CELL_STRING(part, kind, member) part, STRING, 0, offsetof(struct oci_##kind, member)
#define V1(controller, file) .c1 = (controller), .f1 = (file)
#define V2(controller, file) .c2 = (controller), .f2 = (file)
#define FILES(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const struct row rows[] = {
    {"memory.limit", CELL(MEMORY, memory, I64, limit),
     FILES(V1("memory", "memory.limit_in_bytes"), V2("memory", "memory.max")), memory_limit,
     VL_CGW_RETRY, 0},
    {"memory.swap", CELL(MEMORY, memory, I64, swap),
     FILES(V1("memory", "memory.memsw.limit_in_bytes"), V2("memory", "memory.swap.max")),
     memory_swap, VL_CGW_RETRY, 0},
    {"memory.reservation", CELL(MEMORY, memory, I64, reservation),
     FILES(V1("memory", "memory.soft_limit_in_bytes"), V2("memory", "memory.low")), bytes, 0, 0},
    {"memory.kernel", CELL(MEMORY, memory, I64, kernel),
     FILES(V1("memory", "memory.kmem.limit_in_bytes")), bytes, VL_CGW_VERIFY, 0},
    {"memory.kernelTCP", CELL(MEMORY, memory, I64, kernel_tcp),
     FILES(V1("memory", "memory.kmem.tcp.limit_in_bytes")), bytes, VL_CGW_VERIFY, 0},
    {"memory.swappiness", CELL(MEMORY, memory, U64, swappiness),
     FILES(V1("memory", "memory.swappiness")), swappiness, 0, 0},
    {"memory.disableOOMKiller", CELL(MEMORY, memory, BOOL, disable_oom_killer),
     FILES(V1("memory", "memory.oom_control")), boolean, 0, 0},
    /* memory.useHierarchy: always so on v2, and on v1 since Linux 5.11 */
    {"cpu.idle", CELL(CPU, cpu, I64, idle), FILES(V1("cpu", "cpu.idle"), V2("cpu", "cpu.idle")),
     number_or_zero, 0, 0},
    {"cpu.shares", CELL(CPU, cpu, U64, shares),
     FILES(V1("cpu", "cpu.shares"), V2("cpu", "cpu.weight")), cpu_shares, 0, 0},
    {"cpu.period", CELL(CPU, cpu, U64, period),
     FILES(V1("cpu", "cpu.cfs_period_us"), V2("cpu", "cpu.max")), cpu_period, VL_CGW_RETRY, 0},
    {"cpu.quota", CELL(CPU, cpu, I64, quota),
     FILES(V1("cpu", "cpu.cfs_quota_us"), V2("cpu", "cpu.max")), cpu_quota, VL_CGW_RETRY, 0},
    {"cpu.burst", CELL(CPU, cpu, U64, burst),
     FILES(V1("cpu", "cpu.cfs_burst_us"), V2("cpu", "cpu.max.burst")), cpu_burst, VL_CGW_RETRY,
     VL_CGW_RETRY},
    {"cpu.realtimePeriod", CELL(CPU, cpu, U64, realtime_period),
     FILES(V1("cpu", "cpu.rt_period_us")), number, VL_CGW_RETRY, 0},
    {"cpu.realtimeRuntime", CELL(CPU, cpu, I64, realtime_runtime),
     FILES(V1("cpu", "cpu.rt_runtime_us")), number_or_zero, VL_CGW_RETRY, 0},
    {"cpu.cpus", CELL_STRING(CPU, cpu, cpus),
     FILES(V1("cpuset", "cpuset.cpus"), V2("cpuset", "cpuset.cpus")), text, 0, 0},
    {"cpu.mems", CELL_STRING(CPU, cpu, mems),
     FILES(V1("cpuset", "cpuset.mems"), V2("cpuset", "cpuset.mems")), text, 0, 0},
    {"pids.limit", CELL(PIDS, pids, I64, limit),
     FILES(V1("pids", "pids.max"), V2("pids", "pids.max")), pids_limit, 0, 0},
    {"network.classID", CELL(NETWORK, network, U32, class_id),
     FILES(V1("net_cls", "net_cls.classid")), number_or_zero, 0, 0},
};

/* -- the pass over the document ---------------------------------------------------------------- */

static const char *part_of(const struct oci_resources *r, enum part part)
{
    switch (part) {
    case MEMORY:
        return (const char *)r->memory;
    case CPU:
        return (const char *)r->cpu;
    case PIDS:
        return (const char *)r->pids;
    case NETWORK:
        return (const char *)r->network;
    }
    return NULL;
}

/* False when the document does not have the field. */
static bool load(const char *part, const struct row *row, struct cell *c)
{
    const char *at = part + row->value;
    if (row->type != STRING && !*(const bool *)(part + row->has))
        return false;
    switch (row->type) {
    case I64:
        c->i = *(const int64_t *)at;
        c->u = (uint64_t)c->i;
        break;
    case U64:
        c->u = *(const uint64_t *)at;
        break;
    case U32:
        c->u = *(const uint32_t *)at;
        break;
    case BOOL:
        c->u = *(const bool *)at;
        break;
    case STRING:
        c->s = *(char *const *)at;
        break;
    }
    return true;
}

static void compile_row(struct vl_limits *l, const struct row *row)
{
    const char *part = part_of(l->r, row->part);
    struct cell c = {0, 0, NULL};
    cleanup(str) struct vl_str out = VL_STR_INIT;
    if (part == NULL)
        return;
    /* the one value that follows from the absence of a field: see memory_swap */
    bool implied = row->convert == memory_swap && l->r->memory->limit == -1 && l->ctx->update;
    if (!load(part, row, &c) && !implied)
        return;
    int found = vl_limits_find(l, &row->files);
    int hierarchy = found ? found : l->ctx->host->cgroup_mode == VL_CGROUP_V2 ? 2 : 1;
    unsigned flags = hierarchy == 2 ? row->flags2 : row->flags1;
    if (row->convert(l, row, &c, hierarchy, &out, &flags) != WRITE)
        return;
    if (!found)
        vl_limits_missing(l, row->field, &row->files);
    else
        vl_limits_write(l, row->field, found, flags, found == 2 ? row->files.c2 : row->files.c1,
                        found == 2 ? row->files.f2 : row->files.f1, out.s);
}

int vl_limits_compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                      struct vl_plan *plan, struct vl_error **errors)
{
    struct vl_limits l = {r, ctx, plan, errors, false};
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++)
        compile_row(&l, &rows[i]);
    if (r->block_io)
        vl_limits_block_io(&l);
    vl_limits_hugepages(&l);
    vl_limits_rdma(&l);
    if (r->network)
        vl_limits_priorities(&l);
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
