/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a container: one SECCOMP operation, at one of two places. */
#ifndef VL_PLAN_SECCOMP_H
#define VL_PLAN_SECCOMP_H

#include <stdbool.h>
#include "confine/stage_calls.h"
#include "plan/build.h"

/* How a listener gets to veloci: n[1] of the operation (plan/wire.h). */
enum { VL_LISTENER_NONE = 0, VL_LISTENER_FETCHED = 1, VL_LISTENER_SENT = 2 };

/* Called twice by build.c: before CREDS (late false) and after the RLIMIT operations (late true).
 * Appends the operation where it belongs — late with no_new_privs, early without, when loading a
 * filter takes CAP_SYS_ADMIN — and does nothing at the other place or without a profile. Returns 0,
 * or -1 with the errors in p->errors. */
int vl_plan_seccomp(struct vl_planner *p, bool late);

/* For exec, which takes a recorded program: whether the parts of the way that are still to be walked under it
 * (VL_PART_*) can be; errors at `where`. */
int vl_seccomp_check_stage(struct vl_planner *p, const struct vl_seccomp_prog *prog, unsigned parts, bool late,
                           const char *where);
int vl_seccomp_listener_way(const struct vl_planner *p);

#endif
