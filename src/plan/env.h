/* SPDX-License-Identifier: Apache-2.0 */
/* The workload's environment, and access to the process object, for the files of plan/ that deal with it. */
#ifndef VL_PLAN_ENV_H
#define VL_PLAN_ENV_H

#include "plan/build.h"

/* config.json's process and its user, or what stands in for them; never NULL, borrowed. */
const struct oci_process *vl_process_of(const struct vl_planner *p);
const struct oci_user *vl_user_of(const struct vl_planner *p);

/* process.env as execve(2) shall get it: of equal names the last one wins, an empty HOME is left out, and what
 * veloci adds (LISTEN_FDS, LISTEN_PID, NOTIFY_SOCKET) is there. Returns whether HOME is set. */
bool vl_env_build(struct vl_planner *p, const struct oci_process *process, struct vl_strv *ret);

#endif
