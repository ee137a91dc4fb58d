/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of the plan's host phase that concern the new process: id maps, oom score, limits, devices. */
#ifndef VL_LAUNCH_HOST_OPS_H
#define VL_LAUNCH_HOST_OPS_H

#include <sys/types.h>
#include "base/error.h"
#include "plan/plan.h"

/* Writes uid and gid maps (or runs newuidmap/newgidmap) for a process in a new user namespace. */
int vl_host_write_maps(const struct vl_plan *plan, pid_t pid, struct vl_error **err);
/* oom_score_adj and hard limits that must be raised from outside. */
int vl_host_adjust(const struct vl_plan *plan, pid_t pid, struct vl_error **err);
/* The same by the process itself, for one that joins: what it forks inherits them, and nobody has to reach into a
 * process that cannot be dumped. For a child on borrowed memory: system calls only. best_effort: who may not lower
 * its score keeps it. 0 or -errno. */
int vl_host_adjust_self(const struct vl_plan *plan, bool best_effort);

#endif
