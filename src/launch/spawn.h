/* SPDX-License-Identifier: Apache-2.0 */
/* The stage as a new process. */
#ifndef VL_LAUNCH_SPAWN_H
#define VL_LAUNCH_SPAWN_H

#include "launch/launch.h"

struct vl_spawned {
    pid_t pid;
    int pidfd;      /* owned by the caller */
    int chan;       /* our end of the channel, owned by the caller; credentials are attached to its messages */
    bool in_cgroup; /* placed, or to be placed later; else vl_cgroup_attach has to move it */
    bool joiner;    /* join sequence: this process ends once it has forked the container's */
};
/* Executes the stage with the plan: directly into its new namespaces, or, when the plan joins some, on the
 * host first (docs/design.md, launch). */
int vl_spawn_stage(const struct vl_launch_env *env, struct vl_spawned *ret, struct vl_error **err);

#endif
