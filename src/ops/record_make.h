/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a new container, from what launched it, and the hooks that later verbs run from it. */
#ifndef VL_OPS_RECORD_MAKE_H
#define VL_OPS_RECORD_MAKE_H

#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "state/query.h"

/* Everything but the process; owned by the caller. */
struct vl_record *vl_record_make(const char *id, const struct vl_spec *spec, const struct vl_plan *plan,
                                 const struct vl_cgroup *cgroup);
/* pid, start time and pidfs inode. pidfd is borrowed. */
int vl_record_set_process(struct vl_record *r, pid_t pid, int pidfd, struct vl_error **err);
/* The cgroup of a record for the cgroup layer; *ret must be zeroed. */
int vl_record_cgroup_desc(const struct vl_record *r, struct vl_cgroup_desc *ret, struct vl_error **err);
/* Makes PAUSED of RUNNING or CREATED when its cgroup is frozen: the record does not say so. */
void vl_status_ask_freezer(struct vl_status *s);
/* Runs hook number i of kind POSTSTART or POSTSTOP, with the container's state in this status. cancel: signals at which
 * it is killed, or NULL. */
struct vl_cancel;
int vl_record_run_hook(const struct vl_record *r, enum vl_hook_kind kind, size_t i, enum vl_ctr_status status,
                       struct vl_cancel *cancel, struct vl_error **err);

/* The plan that a container was made by, the caller's; NULL when it cannot be read. */
struct vl_plan *vl_recorded_plan(const struct vl_ctr *c);

#endif
