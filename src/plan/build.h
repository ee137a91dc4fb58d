/* SPDX-License-Identifier: Apache-2.0 */
/* The planner: (spec, host facts, options) in, plan out. Pure: opens nothing, touches nothing. */
#ifndef VL_PLAN_BUILD_H
#define VL_PLAN_BUILD_H

#include "confine/seccomp.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "sys/host.h"

enum vl_cgroup_manager { VL_CGM_CGROUPFS = 0, VL_CGM_SYSTEMD, VL_CGM_DISABLED };

struct vl_plan_opts {
    const char *id;
    enum vl_cgroup_manager cgroup_manager;
    bool no_pivot, no_new_keyring;
    bool detached;       /* the start gate is the socket (create); else GO comes on the channel (run) */
    bool console_socket; /* a console socket was given */
    uint32_t preserve_fds; /* including those of LISTEN_FDS */
    uint32_t listen_fds;   /* added to the workload's environment as LISTEN_FDS=n, LISTEN_PID=1 */
    bool notify;           /* NOTIFY_SOCKET proxy is wanted */
    const struct vl_seccomp_provider *seccomp; /* NULL: profiles are compiled, no cache is asked */
    const char *seccomp_receiver; /* socket for a listener when neither the profile nor an annotation names one, or NULL */
};

/* Returns 0 and a plan owned by the caller, or -1 with up to VL_ERR_MAX errors collected. */
int vl_plan_build(const struct vl_spec *spec, const struct vl_host *host, const struct vl_plan_opts *opts,
                  struct vl_plan **ret, struct vl_error **err);

/* Sub-planners, in the order build.c calls them; each appends its operations. Shared context below. */
struct vl_planner {
    const struct vl_spec *spec;
    const struct vl_host *host;
    const struct vl_plan_opts *opts;
    struct vl_plan *plan;
    struct vl_error *errors; /* collected */
    /* decided by ns.c, read by the others */
    uint64_t ns_new, ns_join; /* CLONE_NEW* bits */
    bool userns;              /* a user namespace is made or joined */
    bool auto_userns;         /* added because the caller is not root */
    uint32_t root_uid, root_gid; /* host ids of container root (or of the first mapped id) */
};

#endif
