/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of plan/ only: the sub-planners, and how they report.
 *
 * A sub-planner appends its operations to p->plan and collects what is wrong in p->errors; it goes on after an
 * error, so that one pass tells up to VL_ERR_MAX of them. Returns 0, or -1 when it added errors. Order is decided by
 * build.c alone; an operation's phase follows from the registry and from what is in the plan already.
 */
#ifndef VL_PLAN_PLANNERS_H
#define VL_PLAN_PLANNERS_H

#include <sched.h>
#include "plan/build.h"

int vl_plan_policy(struct vl_planner *p);       /* policy.c: refusals that need no other decision */
int vl_plan_ns(struct vl_planner *p);           /* ns.c: decides namespaces; CLONE, JOIN, FORK */
int vl_plan_idmap(struct vl_planner *p);        /* idmap.c: IDMAP, IDMAP_MODE */
int vl_plan_host(struct vl_planner *p);         /* process.c: OOM, LIMIT_RAISE; hooks of the host */
int vl_plan_delegate(struct vl_planner *p);     /* delegate.c: CGDELEGATE */
int vl_plan_rdt(struct vl_planner *p);          /* rdt.c: RDT */
int vl_plan_netdev(struct vl_planner *p);       /* netdev.c: NETDEV */
int vl_plan_identity(struct vl_planner *p);     /* ns.c: AWAIT … GUARD */
int vl_plan_root(struct vl_planner *p);         /* rootfs.c: PROPAGATE, ROOT */
int vl_plan_mounts(struct vl_planner *p);       /* mounts.c */
int vl_plan_devices(struct vl_planner *p);      /* devices.c: nodes, links, console */
int vl_plan_host_hooks(struct vl_planner *p);   /* hooks.c: HOST_HOOK */
int vl_plan_create_hooks(struct vl_planner *p); /* hooks.c: HOOKS_DUE, createContainer */
int vl_plan_paths(struct vl_planner *p);        /* rootfs.c: MASK, READONLY */
int vl_plan_sysctl(struct vl_planner *p);       /* sysctl.c: SYSCTL, HOSTNAME, DOMAINNAME */
int vl_plan_pivot(struct vl_planner *p);        /* rootfs.c: PIVOT, ROOT_ATTR */
int vl_plan_ambient(struct vl_planner *p);      /* process.c: SETSID … UMASK */
int vl_plan_labels(struct vl_planner *p);       /* process.c: LABEL */
int vl_plan_landlock(struct vl_planner *p);     /* landlock.c: LANDLOCK… */
/* landlock.c: the ruleset comes into force here, unless it has before or there is none */
void vl_plan_landlock_enforce(struct vl_planner *p);
int vl_plan_creds(struct vl_planner *p);        /* process.c: CREDS, NNP */
int vl_plan_gate(struct vl_planner *p);         /* process.c: RESOLVE, READY, GATE */
int vl_plan_start_hooks(struct vl_planner *p);  /* hooks.c: startContainer */
int vl_plan_rlimits(struct vl_planner *p);      /* process.c: RLIMIT */
int vl_plan_exec(struct vl_planner *p);         /* process.c: EXEC */

/* Place in config.json, formatted into p->at; valid until the next call. */
const char *vl_pl_at(struct vl_planner *p, const char *fmt, ...) VL_PRINTF(2, 3);
/* Collect an error; always return -1. where may be NULL. */
int vl_pl_config(struct vl_planner *p, const char *where, const char *fmt, ...) VL_PRINTF(3, 4);
int vl_pl_unsupported(struct vl_planner *p, const char *feature, const char *where, const char *fmt, ...)
    VL_PRINTF(4, 5);
int vl_pl_refused(struct vl_planner *p, const char *rule, const char *where, const char *fmt, ...) VL_PRINTF(4, 5);
void vl_pl_note(struct vl_planner *p, const char *fmt, ...) VL_PRINTF(2, 3);

/* A plan that is too large for its wire form: an error. */
void vl_plan_check_size(struct vl_planner *p);
/* Fills in how many descriptors come late, or takes AWAIT out when there is nothing to wait for. */
void vl_plan_finish_await(struct vl_planner *p);

/* Parts of the process that exec makes from another document; where is the place in that. */
void vl_pl_scheduler(struct vl_planner *p, const struct oci_scheduler *s, const char *where);      /* SCHED */
void vl_pl_ioprio(struct vl_planner *p, const struct oci_io_priority *io, const char *where);      /* IOPRIO */
void vl_pl_exec_affinity(struct vl_planner *p, const struct oci_cpu_affinity *a, const char *where);
void vl_pl_cpu_mask(struct vl_op *op, int index, const char *list); /* "0-3,7"; empty or NULL leaves it absent */
int vl_pl_apparmor(struct vl_planner *p, const char *profile, const char *where); /* LABEL */
int vl_pl_selinux(struct vl_planner *p, const char *label, const char *where);
int vl_pl_check_cwd(struct vl_planner *p, const char *cwd, const char *where);    /* cwd-in-proc */
uint64_t vl_pl_caps(char *const *names, size_t n); /* 1 << CAP_…; names that nobody knows are left out */
/* An id that is not mapped cannot be taken. */
int vl_pl_check_id(struct vl_planner *p, const struct vl_idmap_line *map, size_t n, uint32_t id, const char *where);

/* A namespace of this type is the container's own: made or joined. */
static inline bool vl_pl_own(const struct vl_planner *p, uint64_t ns)
{
    return ((p->ns_new | p->ns_join) & ns) != 0;
}

/* A joined user namespace may deny setgroups(2), which only the stage finds out. Who may drops the groups before. */
static inline bool vl_groups_may_be_denied(const struct vl_planner *p)
{
    return (p->ns_join & CLONE_NEWUSER) != 0;
}

#endif
