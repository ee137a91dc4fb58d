/* SPDX-License-Identifier: Apache-2.0 */
/* Late descriptors on their way to a stage that waits for them (AWAITING). */
#ifndef VL_LAUNCH_LATE_H
#define VL_LAUNCH_LATE_H

#include <stddef.h>
#include "plan/plan.h"

/* Sends PROCEED messages with what vl_prep_late gave: one descriptor for each late one of the plan's table, -1 for those
 * that are absent. 0 or -errno. */
int vl_send_late(int sock, const struct vl_plan *plan, const int *fds, size_t n);

#endif
