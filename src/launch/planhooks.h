/* SPDX-License-Identifier: Apache-2.0 */
/* Host hooks of a plan, one kind in its order. */
#ifndef VL_LAUNCH_PLANHOOKS_H
#define VL_LAUNCH_PLANHOOKS_H

#include "launch/hooks.h"
#include "plan/plan.h"

/* Runs all hooks of a kind; the first failure ends it. */
int vl_run_plan_hooks(const struct vl_plan *plan, enum vl_hook_kind kind, const struct vl_hook_env *env,
                      struct vl_error **err);

#endif
