/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container as a unit of systemd: its name and slice, its properties. Operations SCOPE_PROP; limits are not among
 * them, see plan/unit_props.h. src/cgroup/systemd.c executes them. org.freedesktop.systemd1(5), systemd.unit(5).
 */
#ifndef VL_PLAN_UNIT_H
#define VL_PLAN_UNIT_H

#include "plan/cgroup.h"

/* SCOPE_PROP n[0] */
enum {
    VL_UNITF_OPTIONAL = 1 << 0, /* a systemd that does not know the property does without */
};

/* The cgroup in which the processes are, below the unit's. What is beside it stays systemd's. */
#define VL_UNIT_SUBGROUP "container"

/* Slice, unit and sub-cgroup into CGROUP; given is linux.cgroupsPath or NULL. */
int vl_plan_unit_path(struct vl_planner *p, const char *given, struct vl_op *op);
/* DevicePolicy and DeviceAllow; called with all device rules, in their order. replace: those that the unit has go first. */
void vl_plan_unit_devices(struct vl_planner *p, const struct vl_devrule *rules, size_t n, const char *where,
                          bool replace);
/* All other properties; after the device rules. */
int vl_plan_unit(struct vl_planner *p);

/* NULL, or why systemd would not take the name of a unit with that suffix (".slice", ".scope"); static. */
const char *vl_unit_name_fault(const char *name, const char *suffix);

#endif
