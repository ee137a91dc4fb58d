/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that veloci-stage makes while a container's filter is already in force, so that
 * the planner can say beforehand that a filter would stop it, and where.
 */
#ifndef VL_CONFINE_STAGE_CALLS_H
#define VL_CONFINE_STAGE_CALLS_H

#include "confine/seccomp.h"

/* Parts of the way from the filter to the workload; a filter that is loaded late only meets EXEC.
 */
enum vl_stage_part {
    VL_PART_CREDS = 1 << 0,
    VL_PART_GATE = 1 << 1, /* args[0] is looked up, ready, wait for start */
    VL_PART_HOOKS = 1 << 2,
    VL_PART_RLIMITS = 1 << 3,
    VL_PART_EXEC = 1 << 4,
};

struct vl_stage_call {
    const char *name;
    uint32_t nr;      /* on this architecture */
    unsigned parts;   /* where it is made */
    bool optional;    /* there is another way when it fails, but not when it kills */
    uint64_t args[3]; /* as far as they are known */
};

/* The next call of these parts, from *from on (start with 0), that the program does not simply let
 * pass; *ret_value is what it returns for it. NULL when there is none left. */
const struct vl_stage_call *vl_stage_call_stopped(const struct vl_seccomp_prog *prog,
                                                  unsigned parts, size_t *from,
                                                  uint32_t *ret_value);

#endif
