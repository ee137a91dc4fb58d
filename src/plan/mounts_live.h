/* SPDX-License-Identifier: Apache-2.0 */
/* The plan that changes the mounts of a running container: by a stage that goes there and ends. Pure, as build.h. */
#ifndef VL_PLAN_MOUNTS_LIVE_H
#define VL_PLAN_MOUNTS_LIVE_H

#include <sys/types.h>
#include "plan/build.h"

struct vl_mounts_request { /* all borrowed */
    const struct vl_plan *container; /* the recorded plan, for the ids of its user namespace; may be NULL */
    const struct vl_spec *spec;      /* its mounts */
    pid_t pid;                       /* a process of the container, whose namespaces are entered */
    uint64_t ns;                     /* CLONE_NEW*: those in which it differs from us */
    enum vl_cgroup_manager cgroup_manager; /* the container's */
};

/* Return 0 and a plan owned by the caller, or -1 with up to VL_ERR_MAX errors collected. REFUSED for a container without
 * a mount namespace of its own. Sources in a container with a user namespace are cloned in a tree that belongs to that
 * namespace, so that flags the host has set stay locked (mount_namespaces(7)). */
int vl_plan_mounts_add(const struct vl_mounts_request *rq, const struct vl_host *host, struct vl_plan **ret,
                       struct vl_error **err);
int vl_plan_mounts_remove(const struct vl_mounts_request *rq, const struct vl_host *host, struct vl_plan **ret,
                          struct vl_error **err);

#endif
