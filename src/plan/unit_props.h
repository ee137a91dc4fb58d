/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as properties of a systemd unit: what the systemd cgroup driver tells systemd beside writing the files, so
 * that systemd does not put its own values back when it looks at the unit the next time.
 *
 * Derived from the CGWRITE operations of a plan, by the same table that made them (plan/limits_table.c): so
 * `unified` is covered as well as the fields. What has no property is only written as a file.
 * systemd.resource-control(5), org.freedesktop.systemd1(5).
 */
#ifndef VL_PLAN_UNIT_PROPS_H
#define VL_PLAN_UNIT_PROPS_H

#include <stddef.h>
#include <stdint.h>
#include "plan/plan.h"

enum vl_unit_type { /* the D-Bus type */
    VL_UNIT_U64 = 't',    /* u; UINT64_MAX is infinity, or for a weight "not set" */
    VL_UNIT_BYTES = 'y',  /* "ay": bytes, n: bit i of byte i/8 stands for CPU or node i */
    VL_UNIT_DEVICE = 'd', /* "a(st)" with one element {path, u}; of several with one name systemd keeps all */
};

struct vl_unit_prop {
    const char *name; /* "MemoryMax"; static */
    enum vl_unit_type type;
    uint64_t u;
    uint8_t *bytes; /* owned */
    size_t n;
    char *path;        /* owned: "/dev/block/8:16" */
    const char *where; /* place in the document, borrowed from the plan; may be NULL */
    unsigned since;    /* first systemd version that has it; older ones: leave it out, the file is written anyway */
};

struct vl_unit_props {
    struct vl_unit_prop *v;
    size_t n;
};
void vl_unit_props_reset(struct vl_unit_props *l);
static inline void vl_cleanup_unit_props(struct vl_unit_props *l)
{
    vl_unit_props_reset(l);
}

/*
 * The properties for a plan's limits, in the order of writing, each name at most once (the last write counts), but for
 * DEVICE ones. *ret must be zeroed.
 * cpu_max_now: for an update the text of cpu.max (v2), or "QUOTA PERIOD" of the v1 files with "max" or -1 for no
 * quota: systemd wants CPU time a second, to which both belong, and a document may give one of them. NULL for a new
 * cgroup: "max 100000".
 */
void vl_unit_props_of(const struct vl_plan *plan, const char *cpu_max_now, struct vl_unit_props *ret);

#endif
