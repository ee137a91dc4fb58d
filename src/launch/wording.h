/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's words for what the stage reports as numbers. */
#ifndef VL_LAUNCH_WORDING_H
#define VL_LAUNCH_WORDING_H

#include "base/error.h"
#include "plan/plan.h"

/* Turns an ERROR message into *err and returns -1. plan may be NULL (a `start` that could not read it). */
int vl_stage_error(const struct vl_plan *plan, const struct vl_msg *m, struct vl_error **err);
/* One line for a WARNING message; caller frees. */
char *vl_stage_warning(const struct vl_plan *plan, const struct vl_msg *m);

#endif
