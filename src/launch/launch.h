/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution of a plan: the stage is spawned into its namespaces and answered until it waits at the start
 * gate. The caller has claimed the id, made the cgroup and opened the descriptors; it writes the state
 * between vl_launch_begin and vl_launch_commit / vl_launch_go.
 */
#ifndef VL_LAUNCH_LAUNCH_H
#define VL_LAUNCH_LAUNCH_H

#include <sys/types.h>
#include "base/error.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "prep/prep.h"
#include "state/query.h"

/* State document (one line of JSON) with this status and pid, for hooks and the seccomp listener; caller frees. */
typedef char *vl_state_json_fn(void *ctx, enum vl_ctr_status status, pid_t pid);

struct vl_cancel;
struct vl_transcript;
struct vl_launch_env { /* all borrowed */
    const struct vl_plan *plan;
    struct vl_prep *prep;
    struct vl_cgroup *cgroup; /* may be of manager DISABLED, never NULL */
    const struct vl_rdt *rdt; /* group of resctrl, or NULL */
    int console_fd;           /* connected console socket, or VL_NOFD: the pty master is kept */
    int pidfd_socket[2];      /* connected sockets that get a pidfd (launch/pidfd_socket.h), or VL_NOFD */
    vl_state_json_fn *state_json;
    void *state_ctx;
    const char *bundle;          /* working directory of hooks */
    const char *seccomp_listener, *seccomp_metadata; /* or NULL */
    const char *hook_stdout, *hook_stderr;           /* run.oci.hooks.*, or NULL */
    struct vl_transcript *transcript; /* or NULL (launch/transcript.h) */
    struct vl_cancel *cancel; /* signals that call the set-up off, or NULL (sys/sigs.h) */
    bool *no_room;            /* or NULL: becomes true when it was the cgroup that did not take the process */
    bool joins;  /* a further process of a running container: the joiner's oom_score_adj is lowered as far as may be */
    bool eager;  /* GO is said at once: nothing is to be done between READY and the program's start */
    const struct vl_blob *initial_affinity; /* CPUs of the joiner before it enters the cgroup, or NULL */
};

struct vl_launch {
    const struct vl_launch_env *env;
    int chan;         /* owned */
    pid_t pid;        /* container process as seen from here; our child */
    int pidfd;        /* owned */
    bool gone;        /* GO has been said */
    bool in_cgroup;
    bool forks;       /* pid is the joiner, which may have forked already */
    int console;      /* pty master when no console socket was given, owned */
    uint64_t nonce;   /* process name of the stage, known from EXECING on */
    struct vl_strv warnings; /* degradations the stage reported */
    struct vl_moved *moved;  /* network devices, to be returned while the workload has not been executed; or NULL */
};

/* Spawns the stage and serves it until READY. On error nothing of it is left: the process is killed and reaped. */
int vl_launch_begin(const struct vl_launch_env *env, struct vl_launch **ret, struct vl_error **err);
/* `create`: the stage may outlive us and waits at the gate socket. */
int vl_launch_commit(struct vl_launch *l, struct vl_error **err);
/* `run`: opens the gate on the channel and waits until the workload has been executed. */
int vl_launch_go(struct vl_launch *l, struct vl_error **err);
/* Kills and reaps the process unless it was handed over. */
void vl_launch_kill(struct vl_launch *l);
void vl_launch_free(struct vl_launch *l); /* closes; does not kill */
VL_DEFINE_CLEANUP(launch)

/* Shared with `start`: after GO was sent on sock, reads until the workload runs: LISTENER is served, ERROR is
 * worded by plan (may be NULL), end of file is told apart into exec and death by the process name. */
struct vl_exec_watch {
    int sock, pidfd;
    pid_t pid;
    const struct vl_plan *plan;                  /* NULL: load_plan is asked when words are needed */
    struct vl_plan *(*load_plan)(void *ctx);     /* may be NULL, may return NULL; what it returns is freed */
    void *load_ctx;
    const struct vl_launch_env *env; /* for LISTENER */
};
int vl_watch_exec(const struct vl_exec_watch *w, struct vl_error **err);

#endif
