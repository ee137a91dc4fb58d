/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What create and run have in common: from a bundle to a container that waits at its start gate.
 * Order is undo order: id claimed, cgroup made, descriptors opened, process started, state written; any failure
 * takes all of it back.
 */
#ifndef VL_OPS_BEGIN_H
#define VL_OPS_BEGIN_H

#include "cgroup/cgroup.h"
#include "cgroup/rdt.h"
#include "launch/launch.h"
#include "ops/ops.h"
#include "prep/prep.h"
#include "spec/spec.h"
#include "sys/host.h"
#include "sys/sigs.h"

struct vl_begun {
    const char *id; /* borrowed */
    struct vl_spec *spec;
    struct vl_host host;
    struct vl_plan *plan;
    struct vl_ctr *ctr; /* locked */
    struct vl_cgroup *cgroup;
    struct vl_rdt *rdt; /* or NULL */
    struct vl_prep *prep;
    struct vl_launch_env env;
    struct vl_launch *launch;
    struct vl_record *record;
    const char *pid_file; /* borrowed; set once it is written */
    struct vl_transcript *transcript; /* or NULL; owned */
    int console_fd;
    int pidfd_socket[2]; /* connected: that of the options, that of the annotation */
    bool foreground; /* given: the caller has blocked signals and forwards them; TERM and its like end hooks that hang */
    struct vl_cancel cancel;
};

/* clang-format off */
#define VL_BEGUN_INIT {.console_fd = VL_NOFD, .pidfd_socket = {VL_NOFD, VL_NOFD}}
/* clang-format on */

/* gate: the start gate is the socket in the state directory (create), else the channel (run).
 * b must be VL_BEGUN_INIT, but for foreground. On error everything that was made is gone again; b is to be released with vl_begun_reset in any case. */
int vl_begin(const struct vl_global *g, const char *id, const struct vl_create_opts *o, bool gate, struct vl_begun *b,
             struct vl_error **err);
/* Takes a begun container back: process, pid file, cgroup, directory; poststop hooks are run. While a cgroup of it
 * stays, so does the directory, which names it for delete. */
void vl_begun_undo(struct vl_begun *b);
/* Releases memory and descriptors; the container itself stays. */
void vl_begun_reset(struct vl_begun *b);
static inline void vl_cleanup_begun(struct vl_begun *b)
{
    vl_begun_reset(b);
}
/* Where a seccomp listener goes that no document directs: RUN_OCI_SECCOMP_RECEIVER of our environment, or NULL. */
const char *vl_seccomp_receiver(const struct vl_global *g);
/* Host facts, for whoever is not root with the subordinate ids. *h must be zeroed. */
int vl_gather_host(struct vl_host *h, struct vl_error **err);
/* Whether 3 … 2+n are open and meant to be inherited. USAGE error. */
int vl_check_preserved(uint64_t n, struct vl_error **err);
/* A terminal of a process that we do not wait for needs a console socket, and nothing else does. USAGE error. */
int vl_check_terminal(bool terminal, bool detached, const char *console_socket, struct vl_error **err);
int vl_connect_console(const char *console_socket, struct vl_error **err);
/* Decimal digits without newline, by rename (engines read it right after create). */
int vl_write_pid_file(const char *path, pid_t pid, struct vl_error **err);

#endif
