/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/unit_props.h"

#include <stdlib.h>
#include "base/mem.h"
#include "plan/limits.h"

#define DEFAULT_PERIOD 100000 /* microseconds; of the kernel */
#define QUOTA_STEP 10000      /* systemd counts in percent, and rounds what is between down */

struct making {
    struct vl_unit_props *out;
    const char *where;
    unsigned since;
    uint64_t quota, period; /* microseconds; UINT64_MAX: no quota */
    bool bandwidth, period_set;
    const char *bandwidth_where;
};

void vl_unit_props_reset(struct vl_unit_props *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].bytes);
        free(l->v[i].path);
    }
    free(l->v);
    *l = (struct vl_unit_props){NULL, 0};
}

/* A new one, or for all but devices the one with that name, emptied. */
static struct vl_unit_prop *slot(struct making *m, const char *name, enum vl_unit_type type)
{
    struct vl_unit_prop *p = NULL;
    for (size_t i = 0; type != VL_UNIT_DEVICE && i < m->out->n; i++)
        if (vl_streq(m->out->v[i].name, name))
            p = &m->out->v[i];
    if (p == NULL)
        p = VL_APPEND(m->out->v, m->out->n);
    free(p->bytes);
    free(p->path);
    *p = (struct vl_unit_prop){.name = name, .type = type, .where = m->where, .since = m->since};
    return p;
}

/* "max" and -1 are no limit. */
static uint64_t amount(const char *s)
{
    return *s == 'm' || *s == '-' ? UINT64_MAX : strtoull(s, NULL, 10);
}

static void add_number(struct making *m, const char *name, uint64_t u)
{
    slot(m, name, VL_UNIT_U64)->u = u;
}

/* "0-3,8" */
static void add_set(struct making *m, const char *name, const char *s)
{
    struct vl_unit_prop *p = slot(m, name, VL_UNIT_BYTES);
    for (char *end; *s; s = *end == ',' ? end + 1 : end) {
        unsigned long first = strtoul(s, &end, 10), last = first;
        if (end == s)
            break;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last > 65535)
            break;
        if (last / 8 + 1 > p->n && last >= first) {
            p->bytes = vl_realloc_array(p->bytes, last / 8 + 1, 1);
            memset(p->bytes + p->n, 0, last / 8 + 1 - p->n);
            p->n = last / 8 + 1;
        }
        for (unsigned long i = first; i <= last; i++)
            p->bytes[i / 8] |= (uint8_t)(1u << i % 8);
    }
}

/* "MAJOR:MINOR N"; systemd finds the device by any path to it. */
static void add_device(struct making *m, const char *name, const char *s, uint64_t u)
{
    struct vl_unit_prop *p = slot(m, name, VL_UNIT_DEVICE);
    p->path = vl_asprintf("/dev/block/%.*s", (int)strcspn(s, " "), s);
    p->u = u;
}

/* "MAJOR:MINOR key=N…" */
static void add_io_max(struct making *m, const char *s)
{
    static const struct {
        const char *key, *name;
    } names[] = {{"rbps=", "IOReadBandwidthMax"},
                 {"wbps=", "IOWriteBandwidthMax"},
                 {"riops=", "IOReadIOPSMax"},
                 {"wiops=", "IOWriteIOPSMax"}};
    for (const char *word = strchr(s, ' '); word; word = strchr(word, ' ')) {
        word += strspn(word, " ");
        for (size_t i = 0; i < VL_ARRAY_LEN(names); i++)
            if (vl_starts_with(word, names[i].key))
                add_device(m, names[i].name, s, amount(word + strlen(names[i].key)));
    }
}

static void add_weight(struct making *m, const struct vl_limit_prop *prop, const char *s)
{
    const char *number = strchr(s, ' ');
    if (number == NULL)
        add_number(m, prop->name, amount(s));
    else if (vl_starts_with(s, "default "))
        add_number(m, prop->name, amount(number + 1));
    else
        add_device(m, prop->name2, s, amount(number + 1));
}

/* "QUOTA PERIOD", "QUOTA", or "- PERIOD" */
static void read_bandwidth(struct making *m, const char *s)
{
    const char *period = strchr(s, ' ');
    if (!vl_starts_with(s, "- "))
        m->quota = amount(s);
    if (period != NULL) {
        m->period = amount(period + 1);
        m->period_set = true;
    }
}

static void convert(struct making *m, const struct vl_limit_prop *prop, const char *value)
{
    uint64_t u = amount(value);
    m->since = prop->since;
    if (prop->how >= VL_UNIT_CPU_MAX) {
        m->bandwidth = true;
        m->bandwidth_where = m->where;
    }
    switch (prop->how) {
    case VL_UNIT_NONE:
        break;
    case VL_UNIT_NUMBER:
        add_number(m, prop->name, u);
        break;
    case VL_UNIT_TASKS:
        add_number(m, prop->name, u == 0 ? 1 : u);
        break;
    case VL_UNIT_IDLE: /* systemd's word for an idle group is a weight of 0; 100 is the kernel's own */
        add_number(m, prop->name, u == 1 ? 0 : 100);
        break;
    case VL_UNIT_SET:
        add_set(m, prop->name, value);
        break;
    case VL_UNIT_DFLT:
        add_weight(m, prop, value);
        break;
    case VL_UNIT_PER_DEV:
        add_device(m, prop->name, value, strchr(value, ' ') ? amount(strchr(value, ' ') + 1) : 0);
        break;
    case VL_UNIT_IO_MAX:
        add_io_max(m, value);
        break;
    case VL_UNIT_CPU_MAX:
        read_bandwidth(m, value);
        break;
    case VL_UNIT_CPU_QUOTA:
        m->quota = u;
        break;
    case VL_UNIT_CPU_PERIOD:
        m->period = u;
        m->period_set = true;
        break;
    }
}

/* CPU time a second, which quota and period make together. */
static void add_bandwidth(struct making *m)
{
    uint64_t per_second = UINT64_MAX;
    m->where = m->bandwidth_where;
    if (m->quota != UINT64_MAX && m->period != 0 && m->quota < UINT64_MAX / 1000000) {
        per_second = m->quota * 1000000 / m->period;
        per_second = (per_second + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
    }
    m->since = 0;
    add_number(m, "CPUQuotaPerSecUSec", per_second);
    m->since = 242;
    if (m->period_set)
        add_number(m, "CPUQuotaPeriodUSec", m->period);
}

void vl_unit_props_of(const struct vl_plan *plan, const char *cpu_max_now,
                      struct vl_unit_props *ret)
{
    struct making m = {.out = ret, .quota = UINT64_MAX, .period = DEFAULT_PERIOD};
    if (cpu_max_now != NULL) {
        read_bandwidth(&m, cpu_max_now);
        m.period_set = m.period != DEFAULT_PERIOD; /* it would go back to that */
    }
    for (size_t i = 0; i < plan->n_op; i++) {
        const struct vl_op *op = &plan->op[i];
        if (op->code != VL_OP_CGWRITE)
            continue;
        const struct vl_limit_row *row = vl_limit_row_of((int)op->n[0], vl_op_s(op, 1));
        if (row == NULL)
            continue;
        /* of two files that stand for each other systemd's property has the values of the second */
        const char *second = op->n[0] == 2 ? row->second2.file : NULL;
        if (row->second == VL_INSTEAD && second && !vl_streq(second, vl_op_s(op, 1)))
            continue;
        if (row->second == VL_BESIDE)
            continue;
        m.where = op->where;
        convert(&m, op->n[0] == 2 ? &row->prop2 : &row->prop1, vl_op_s(op, 2));
    }
    if (m.bandwidth)
        add_bandwidth(&m);
}
