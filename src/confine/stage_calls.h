/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that veloci-stage makes while a container's filter is already in force, so that
 * the planner can say beforehand that a filter would stop it, and where. To be kept in step with
 * src/stage/.
 */
#ifndef VL_CONFINE_STAGE_CALLS_H
#define VL_CONFINE_STAGE_CALLS_H

#include "confine/seccomp.h"

/* Parts of the way from the filter to the workload. A filter that is loaded late only meets EXEC
 * and, where it has a listener, HELD or SENT. */
enum vl_stage_part {
    VL_PART_HELD = 1 << 0, /* waits until veloci holds the listener */
    VL_PART_SENT = 1 << 1, /* sends the listener */
    VL_PART_GROUPS = 1 << 2,
    VL_PART_CREDS = 1 << 3,
    VL_PART_READY = 1 << 4,  /* args[0] is looked up, veloci is told */
    VL_PART_KEEP = 1 << 5,   /* descriptors are kept for the workload */
    VL_PART_SOCKET = 1 << 6, /* start comes through the gate's socket */
    VL_PART_HOOKS = 1 << 7,
    VL_PART_RLIMITS = 1 << 8,
    VL_PART_EXEC = 1 << 9,
    VL_PART_FORK = 1 << 10, /* a joining process is born with its rights gone already */
    VL_PART_TTY = 1 << 11, /* it makes its terminal the controlling one */
};

struct vl_stage_call {
    const char *name;
    uint32_t nr;      /* on this architecture */
    unsigned parts;   /* where it is made */
    bool optional;    /* goes on without it when it fails; killed is killed */
    uint64_t args[2]; /* as far as they are known */
};

/* The next call of these parts, from *from on (start with 0), that the program does not simply let
 * pass; *ret_value is what it returns for it. NULL when there is none left. */
const struct vl_stage_call *vl_stage_call_stopped(const struct vl_seccomp_prog *prog,
                                                  unsigned parts, size_t *from,
                                                  uint32_t *ret_value);

#endif
