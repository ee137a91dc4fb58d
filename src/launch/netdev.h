/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices of the host that move into the container (config-linux.md#network-devices): NETDEV. */
#ifndef VL_LAUNCH_NETDEV_H
#define VL_LAUNCH_NETDEV_H

#include <sys/types.h>
#include "base/error.h"
#include "plan/plan.h"

struct vl_moved; /* what was moved, and the way back */

/* Moves each device of the plan into the network namespace of the container's process, under its new name, with the
 * permanent global addresses it had, and sets it up. All or nothing: after an error they are back. *ret is the
 * caller's; NULL when there is nothing to move. */
int vl_netdevs_move(const struct vl_plan *plan, pid_t pid, struct vl_moved **ret, struct vl_error **err);
/* The container was never started: they come back as they were, as far as the kernel allows; what it does not is a
 * warning. Those of a container that ran stay in its namespace and end, or come back, with it. */
void vl_netdevs_return(struct vl_moved *m);
void vl_moved_free(struct vl_moved *m);
VL_DEFINE_CLEANUP(moved)

#endif
