/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a process that joins a container: the container's recorded plan is the model of what it inherits, a
 * process document and options say what differs. Pure, as build.h. config.md#process, and what runc and crun add.
 */
#ifndef VL_PLAN_EXEC_H
#define VL_PLAN_EXEC_H

#include <ocispec.h>
#include "plan/build.h"

/* All borrowed; zeroed means nothing was asked for. Places in errors are those of the document, or option names. */
struct vl_exec_request {
    const struct oci_process *process; /* its absent members are inherited, but for noNewPrivileges; or NULL */
    char *const *args;                 /* command, or none: the document's */
    size_t n_args;
    char *const *env; /* added; the last of a name counts */
    size_t n_env;
    const char *user; /* USER[:GROUP], numbers or names, or NULL */
    const uint32_t *groups; /* added */
    size_t n_groups;
    const char *cwd, *apparmor, *selinux; /* or NULL */
    uint64_t caps; /* 1 << CAP_…: added to bounding, effective, permitted; to ambient where they are inheritable */
    bool no_new_privs;
    bool terminal;
    uint32_t preserve_fds;
    bool own_userns;        /* the container's user namespace is the caller's too: not joined */
    bool await_cgroup;      /* it is moved into its cgroup from outside, before it joins anything */
    const char *root;       /* the container's root directory, for one without a mount namespace of its own */
};

/* Capabilities in host stand for those that can be given; the stage cuts them down to what it has. Whether labels can
 * be set, and how a seccomp listener is fetched, is taken from host too. Returns 0 and a plan owned by the caller,
 * or -1 with up to VL_ERR_MAX errors collected. */
int vl_plan_join(const struct vl_plan *container, const struct vl_host *host, const struct vl_exec_request *rq,
                 struct vl_plan **ret, struct vl_error **err);
/* Namespaces (CLONE_NEW…) that a recorded plan has made or joined. */
uint64_t vl_plan_namespaces(const struct vl_plan *container);
/* Whether the facts of the host that vl_plan_join asks for beyond capabilities are needed. */
bool vl_plan_join_needs_host(const struct vl_plan *container, const struct vl_exec_request *rq);

#endif
