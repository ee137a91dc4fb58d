/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a container: one SECCOMP operation, at one of two places. */
#ifndef VL_PLAN_SECCOMP_H
#define VL_PLAN_SECCOMP_H

#include <stdbool.h>
#include "plan/build.h"

/* Called twice by build.c: before CREDS (late false) and after the RLIMIT operations (late true).
 * Appends the operation where it belongs — late with no_new_privs, early without, when loading a
 * filter takes CAP_SYS_ADMIN — and does nothing at the other place or without a profile. Returns 0,
 * or -1 with the errors in p->errors. */
int vl_plan_seccomp(struct vl_planner *p, bool late);

#endif
