/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: conversions of single values. And the two formulas that turn v1 weights into v2 weights.
 *
 * Of what engines always send, 0 mostly means that nothing is set; an update has to write it where
 * it is a value of its own.
 */
#include "plan/limits.h"

#include <stdlib.h>
#include "base/mem.h"

/* -- weights ----------------------------------------------------------------------------------- */

/* Base 2 logarithm and power with some 1e-15 of error for the small range needed here. libm would
 * be one more library to map at every start. */
static double log2_of(uint64_t v)
{
    int whole = 63 - __builtin_clzll(v);
    double x = (double)v / (double)(1ULL << whole); /* 1 … 2 */
    double t = (x - 1) / (x + 1), power = t, sum = 0;
    for (int k = 1; k < 40; k += 2, power *= t * t)
        sum += power / k;
    return whole + 2 * sum / 0.693147180559945309417;
}

static double power10(double x)
{
    double sum = 1, term = 1, y = x / 8 * 2.302585092994045684; /* e^y is the eighth root */
    for (int k = 1; k < 40; k++) {
        term *= y / k;
        sum += term;
    }
    sum *= sum;
    sum *= sum;
    return sum * sum;
}

/* ceil(10^((l² + 125 l) / 612 - 7/34)), l = log2(shares): smallest, default and largest shares
 * become smallest, default and largest weight. */
uint64_t vl_limits_cpu_weight(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2_of(shares);
    double w = power10((l * l + 125 * l) / 612 - 7.0 / 34);
    uint64_t whole = (uint64_t)w;
    return w - (double)whole > 1e-9 ? whole + 1 : whole;
}

/* Linear; blkio.weight goes from 10 to 1000, io.weight from 1 to 10000. */
uint64_t vl_limits_io_weight(uint64_t weight)
{
    if (weight <= 10)
        return 1;
    if (weight >= 1000)
        return 10000;
    return 1 + (weight - 10) * 9999 / 990;
}

/* -- numbers ----------------------------------------------------------------------------------- */

static enum vl_limit_answer put(const struct vl_limit_row *r, struct vl_limit_item *it)
{
    if (r->type == VL_L_I64)
        vl_str_addf(&it->out, "%lld", (long long)it->i);
    else
        vl_str_addf(&it->out, "%llu", (unsigned long long)it->u);
    return VL_WRITE;
}

static enum vl_limit_answer must(struct vl_limits *l, const struct vl_limit_row *r,
                                 const struct vl_limit_item *it)
{
    if (r->type == VL_L_I64)
        return vl_limits_bad(l, it->field, "%lld: must be %s", (long long)it->i, r->must);
    return vl_limits_bad(l, it->field, "%llu: must be %s", (unsigned long long)it->u, r->must);
}

enum vl_limit_answer vl_lc_number(struct vl_limits *l, const struct vl_limit_row *r,
                                  struct vl_limit_item *it)
{
    return it->u == 0 ? VL_NOT_SET : put(r, it);
}

/* Numbers of which 0 is the value of a new cgroup: only an update has to write it. */
enum vl_limit_answer vl_lc_number_or_zero(struct vl_limits *l, const struct vl_limit_row *r,
                                          struct vl_limit_item *it)
{
    return it->u == 0 && !l->ctx->update ? VL_NOT_SET : put(r, it);
}

enum vl_limit_answer vl_lc_switch(struct vl_limits *l, const struct vl_limit_row *r,
                                  struct vl_limit_item *it)
{
    if (it->u == 0 && !l->ctx->update)
        return VL_NOT_SET;
    if (it->u == 0 && it->hierarchy == 2) /* off is how it is */
        return VL_NOT_SET;
    return put(r, it);
}

enum vl_limit_answer vl_lc_always_on_v2(struct vl_limits *l, const struct vl_limit_row *r,
                                        struct vl_limit_item *it)
{
    return it->u == 0 || it->hierarchy == 2 || l->ctx->update ? VL_NOT_SET : put(r, it);
}

/* -- memory ------------------------------------------------------------------------------------ */

enum vl_limit_answer vl_lc_bytes(struct vl_limits *l, const struct vl_limit_row *r,
                                 struct vl_limit_item *it)
{
    if (it->i == 0)
        return VL_NOT_SET;
    if (it->i < -1)
        return must(l, r, it);
    if (it->i != -1 || it->hierarchy == 1)
        return put(r, it);
    vl_str_add(&it->out, "max");
    return VL_WRITE;
}

enum vl_limit_answer vl_lc_memory_limit(struct vl_limits *l, const struct vl_limit_row *r,
                                        struct vl_limit_item *it)
{
    if (l->r->memory->check_before_update && it->i > 0)
        it->flags |= VL_CGW_CHECK;
    return vl_lc_bytes(l, r, it);
}

/*
 * Memory and swap together, which v1 limits as they are; v2 limits swap alone. An unlimited memory
 * limit without a word about swap frees swap as well when a running container is updated, because
 * on v1 the kernel refuses the one without the other. A kernel without swap accounting has no such
 * file: fine as long as nothing is really limited.
 */
enum vl_limit_answer vl_lc_memory_swap(struct vl_limits *l, const struct vl_limit_row *r,
                                       struct vl_limit_item *it)
{
    int64_t swap = it->i, limit = l->r->memory->limit;
    if (swap == 0 && limit == -1 && l->ctx->update)
        swap = -1;
    if (swap == 0)
        return VL_NOT_SET;
    if (swap < -1)
        return must(l, r, it);
    if (swap == -1) {
        it->flags |= VL_CGW_IF_EXISTS;
        vl_str_add(&it->out, it->hierarchy == 2 ? "max" : "-1");
        return VL_WRITE;
    }
    if (limit == 0 && l->ctx->update)
        limit = l->ctx->memory_limit;
    if (limit == 0 && (it->hierarchy == 2 || !l->ctx->update))
        return vl_limits_bad(l, it->field, "a limit of memory and swap needs memory.limit too");
    if (limit == -1 || swap < limit)
        return vl_limits_bad(l, it->field,
                             "the limit of memory and swap is below that of memory");
    if (it->hierarchy == 2 && swap == limit)
        it->flags |= VL_CGW_IF_EXISTS;
    vl_str_addf(&it->out, "%lld", (long long)(it->hierarchy == 1 ? swap : swap - limit));
    return VL_WRITE;
}

enum vl_limit_answer vl_lc_swappiness(struct vl_limits *l, const struct vl_limit_row *r,
                                      struct vl_limit_item *it)
{
    if (it->u == UINT64_MAX) /* -1 of those who mean not set */
        return VL_NOT_SET;
    return it->u > r->max ? must(l, r, it) : put(r, it);
}

/* -- cpu --------------------------------------------------------------------------------------- */

enum vl_limit_answer vl_lc_cpu_idle(struct vl_limits *l, const struct vl_limit_row *r,
                                    struct vl_limit_item *it)
{
    return it->i != 0 && it->i != 1 ? must(l, r, it) : vl_lc_number_or_zero(l, r, it);
}

/* An idle group has no weight: the kernel refuses one. */
enum vl_limit_answer vl_lc_cpu_shares(struct vl_limits *l, const struct vl_limit_row *r,
                                      struct vl_limit_item *it)
{
    if (it->u == 0 || l->r->cpu->idle == 1)
        return VL_NOT_SET;
    if (it->hierarchy == 2)
        it->u = vl_limits_cpu_weight(it->u);
    return put(r, it);
}

enum vl_limit_answer vl_lc_cpu_quota(struct vl_limits *l, const struct vl_limit_row *r,
                                     struct vl_limit_item *it)
{
    uint64_t period = l->r->cpu->period;
    if (it->i == 0)
        return VL_NOT_SET;
    if (it->i < 0)
        vl_str_add(&it->out, it->hierarchy == 2 ? "max" : "-1");
    else
        put(r, it);
    if (it->hierarchy == 2 && period != 0)
        vl_str_addf(&it->out, " %llu", (unsigned long long)period);
    return VL_WRITE;
}

/* On v2 the period stands behind the quota, in the same file; alone it leaves the quota as it is.
 */
enum vl_limit_answer vl_lc_cpu_period(struct vl_limits *l, const struct vl_limit_row *r,
                                      struct vl_limit_item *it)
{
    if (it->u == 0 || (it->hierarchy == 2 && l->r->cpu->quota != 0))
        return VL_NOT_SET;
    if (it->hierarchy == 2) {
        it->flags |= VL_CGW_KEEP;
        vl_str_add(&it->out, "- ");
    }
    return put(r, it);
}

enum vl_limit_answer vl_lc_cpu_burst(struct vl_limits *l, const struct vl_limit_row *r,
                                     struct vl_limit_item *it)
{
    int64_t quota = l->r->cpu->quota;
    if (quota > 0 && it->u > (uint64_t)quota)
        return vl_limits_bad(l, it->field, "%llu: must be %s of %lld", (unsigned long long)it->u,
                             r->must, (long long)quota);
    return vl_lc_number_or_zero(l, r, it);
}

/* cpuset(7), "List format"; the kernel judges the numbers. */
enum vl_limit_answer vl_lc_cpu_set(struct vl_limits *l, const struct vl_limit_row *r,
                                   struct vl_limit_item *it)
{
    if (it->s == NULL || *it->s == '\0')
        return VL_NOT_SET;
    if (it->s[strspn(it->s, "0123456789,-:/ abcdefghijklmnopqrstuvwxyzN")] != '\0')
        return vl_limits_bad(l, it->field, "`%s`: must be %s", it->s, r->must);
    vl_str_add(&it->out, it->s);
    return VL_WRITE;
}

/* -- pids -------------------------------------------------------------------------------------- */

/*
 * 0 is a real limit since runtime-spec 1.3. With it no process could be born in the cgroup, and
 * with 1 none whose birth takes a helper (the join sequence): these two are written when the
 * container's own process is there, and before it executes anything.
 */
enum vl_limit_answer vl_lc_pids(struct vl_limits *l, const struct vl_limit_row *r,
                                struct vl_limit_item *it)
{
    if (it->i == 0 && !l->ctx->pids_zero)
        return VL_NOT_SET;
    if (it->i < -1)
        return must(l, r, it);
    if (it->i == 0 || it->i == 1)
        it->flags |= VL_CGW_LATE;
    if (it->i != -1)
        return put(r, it);
    vl_str_add(&it->out, "max");
    return VL_WRITE;
}
