/* SPDX-License-Identifier: Apache-2.0 */
/* The planner: (spec, host facts, options) in, plan out. Pure: opens nothing, touches nothing. */
#ifndef VL_PLAN_BUILD_H
#define VL_PLAN_BUILD_H

#include "confine/seccomp.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "sys/host.h"

enum vl_cgroup_manager { VL_CGM_CGROUPFS = 0, VL_CGM_SYSTEMD, VL_CGM_DISABLED };

/* Whether a caller may go without the cgroup that nobody asked for by name, where making it is not permitted. */
enum vl_rootless { VL_ROOTLESS_AUTO = 0 /* who is not root */, VL_ROOTLESS_YES, VL_ROOTLESS_NO };

struct vl_plan_opts {
    const char *id;
    enum vl_cgroup_manager cgroup_manager;
    enum vl_rootless rootless;
    bool no_pivot, no_new_keyring;
    bool detached;       /* the start gate is the socket (create); else GO comes on the channel (run) */
    bool console_socket; /* a console socket was given */
    uint32_t preserve_fds; /* including those of LISTEN_FDS */
    uint32_t listen_fds;   /* added to the workload's environment as LISTEN_FDS=n, LISTEN_PID=1 */
    const char *listen_fdnames; /* LISTEN_FDNAMES for them, or NULL */
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
    uint32_t setup_uid, setup_gid; /* ids inside with which the container is set up: 0, or the first mapped one */
    struct vl_idmap_line *uid_map, *gid_map; /* of the container's user namespace; owned; none without one */
    size_t n_uid_map, n_gid_map;
    bool setgroups_denied; /* in the container's user namespace */
    bool fork;             /* the join sequence: the stage starts on the host and forks the container's process */
    bool late_cgroup;      /* the process is put into its cgroup after it was born */
    bool notify;           /* there is an sd_notify proxy */
    bool await;            /* something has to be done from outside before the container is set up */
    bool landlock_late; /* the ruleset is enforced once args[0] has been looked up */
    uint32_t landlock_flags;
    int null_desc, empty_desc; /* shared by all masks; -1 until one needs it */
    char at[192];              /* scratch of vl_pl_at */
};
#define VL_NO_ID UINT32_MAX

/* VL_FEAT_* of a host. */
uint32_t vl_plan_features(const struct vl_host *host);
/* Host id of an id inside, by a map; VL_NO_ID when it is not mapped. Without lines ids are the same. */
uint32_t vl_plan_map_id(const struct vl_idmap_line *map, size_t n, uint32_t id);

#endif
