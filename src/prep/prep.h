/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan → owned descriptors. Everything outside the container that a launch needs is opened here, once, in
 * table order, and never looked up by path again; released in reverse order.
 */
#ifndef VL_PREP_PREP_H
#define VL_PREP_PREP_H

#include <sys/types.h>
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "plan/plan.h"

struct vl_prep {
    const struct vl_plan *plan; /* borrowed, must outlive this */
    struct vl_ident *ident;     /* one a descriptor of the plan; fd -1 = not open (late or optional) */
    char *notify_path;          /* directory of the sd_notify proxy, or NULL */
    char *empty_path;           /* the shared empty directory, for those who must open it in another namespace */
    struct vl_cgroup *cgroup;   /* borrowed: its directories are what CGROUP descriptors stand for; may be NULL */
};

/* What prep cannot open by path. All borrowed. */
struct vl_prep_env {
    int root_dirfd;        /* state root: holds the shared empty directory */
    const char *root_path; /* its absolute path */
    const char *notify_path; /* directory of the sd_notify proxy, absolute; NULL when the plan has none */
    int gate_fd;           /* listening socket of the start gate, or VL_NOFD */
    struct vl_cgroup *cgroup; /* the container's, already made; NULL without one */
    int process_fd;           /* pidfd of the process whose namespaces are joined; only looked at for a PROCESS */
};

void vl_prep_free(struct vl_prep *p); /* closes every descriptor */
VL_DEFINE_CLEANUP(prep)

/* Opens all descriptors that exist before the clone. Errors name the path and the place in config.json. */
int vl_prep_open(const struct vl_plan *plan, const struct vl_prep_env *env, struct vl_prep **ret,
                 struct vl_error **err);

/*
 * Opens the late ones of a stage that waits (AWAITING): IN_NS as O_PATH below the stage's root in its own mount
 * namespace but with our rights, LATE_TREE as detached trees, id-mapped where the plan says so.
 * stage_root (borrowed) is the stage's root directory as it sent it, VL_NOFD when nothing is IN_NS.
 * Returns in *ret_fds (an array of the caller's, descriptors borrowed from p) one for each late one of the table, in its
 * order, *ret_n many; -1 for an optional one that is not there.
 */
int vl_prep_late(struct vl_prep *p, pid_t stage, int stage_root, int **ret_fds, size_t *ret_n, struct vl_error **err);

/* Closes what the stage has by now and we no longer need. */
void vl_prep_close_all(struct vl_prep *p);

#endif
