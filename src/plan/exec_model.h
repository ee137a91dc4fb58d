/* SPDX-License-Identifier: Apache-2.0 */
/* What a joining process will be: the recorded process, changed by a document and options. Shared by the two files
 * of exec's planner only. */
#ifndef VL_PLAN_EXEC_MODEL_H
#define VL_PLAN_EXEC_MODEL_H

#include "plan/exec.h"
#include "plan/planners.h"
#include "plan/seccomp.h"

enum { VL_EXEC_SETS = 5 };        /* bounding, permitted, effective, inheritable, ambient: the order of CREDS */
enum { VL_PIVOT_CHROOT = 2 };     /* mode of PIVOT */

struct vl_exec_model {
    const struct vl_plan *container;
    const struct vl_exec_request *rq;
    struct vl_planner p; /* errors, plan under construction, host; there is no spec */
    char *const *args;   /* borrowed */
    size_t n_args;
    struct vl_strv env;  /* as execve gets it */
    bool has_home;
    int64_t uid, gid;    /* VL_ID_FOUND once USER is planned */
    bool has_gid, lookup;
    char *user_name, *group_name; /* owned; to be looked up */
    uint32_t *groups;    /* owned */
    size_t n_groups;
    int64_t cred_flags;
    uint64_t sets[VL_EXEC_SETS];
    bool no_new_privs;
    bool late_fork;      /* born after the credentials are set */
};

/* Fills everything but p.ns_join and what follows from it. */
int vl_exec_model_fill(struct vl_exec_model *m);
void vl_exec_model_reset(struct vl_exec_model *m);
/* First operation of a code in a plan, or NULL. */
const struct vl_op *vl_exec_recorded(const struct vl_plan *plan, enum vl_op_code code);

#endif
