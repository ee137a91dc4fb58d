/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: which are made, which are joined, in which order, and what is done first inside them.
 * namespaces(7), setns(2), config-linux.md#namespaces, docs/design.md.
 *
 * Two sequences. Without a namespace to join, the process is born in all new ones by one clone (CLONE with
 * flags). With one, the stage starts on the host, joins, and forks the container's process into the new ones
 * (CLONE with join, JOIN…, FORK): no image of veloci is ever seen from a namespace that others live in.
 *
 * A time namespace is entered by the next child; by the next execve too, but only since Linux 6.3. So it takes
 * the second sequence, unless a new user namespace is to own it.
 */
#include <linux/capability.h>
#include <sched.h>
#include "base/mem.h"
#include "base/names.h"
#include "plan/env.h"
#include "plan/planners.h"
#include "spec/annot.h"
#include "sys/compat.h"

#define OFFSETS_WHERE "annotations[\"run.oci.timens_offset\"]"

/* The process is born in its cgroup only by clone3 on cgroup v2. From where a user logs in to his own units no way leads
 * but through systemd, which moves processes that exist (src/cgroup/systemd.c). */
static bool is_cgroup_late(const struct vl_planner *p)
{
    bool user = !p->host->in_initial_userns || p->host->euid != 0;
    if (p->opts->cgroup_manager == VL_CGM_DISABLED || p->host->cgroup_mode == VL_CGROUP_NONE)
        return false;
    return (p->opts->cgroup_manager == VL_CGM_SYSTEMD && user) || p->host->cgroup_mode != VL_CGROUP_V2 ||
           !p->host->clone_into_cgroup;
}

/* Namespaces that one clone makes. clone3 with CLONE_NEWTIME would leave no time to write the offsets; a cgroup
 * namespace takes the cgroup of the moment as its root. */
static uint64_t clone_flags(const struct vl_planner *p)
{
    uint64_t flags = p->ns_new & ~(uint64_t)CLONE_NEWTIME;
    return p->late_cgroup ? flags & ~(uint64_t)CLONE_NEWCGROUP : flags;
}

static int check_available(struct vl_planner *p, uint64_t type, const char *name, const char *where)
{
    const struct vl_host *h = p->host;
    if ((type == CLONE_NEWUSER && !h->ns_user) || (type == CLONE_NEWCGROUP && !h->ns_cgroup) ||
        (type == CLONE_NEWTIME && !h->ns_time))
        return vl_pl_unsupported(p, name, where, "%s namespace: this kernel has none", name);
    return 0;
}

static int read_entry(struct vl_planner *p, size_t i)
{
    const struct oci_namespace *ns = &p->spec->config->linux->namespaces[i];
    const char *where = vl_pl_at(p, "linux.namespaces[%zu]", i);
    int64_t type = 0;
    (void)vl_name_find(vl_ns_names, ns->type, &type); /* known, and given once: spec/check.h */
    uint64_t flag = (uint64_t)type;
    if (check_available(p, flag, ns->type, where) < 0)
        return -1;
    if (ns->path == NULL || ns->path[0] == '\0') {
        p->ns_new |= flag;
        return 0;
    }
    p->ns_join |= flag;
    int d = vl_plan_desc(p->plan, VL_ROLE_NS, VL_KIND_NSFS, VL_ACQ_OPEN, 0, ns->path, where);
    p->plan->desc[d].aux = (uint32_t)flag;
    return 0;
}

static void append_join(struct vl_planner *p, size_t desc)
{
    const struct vl_desc *d = &p->plan->desc[desc];
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_JOIN, d->where);
    op->n[0] = d->aux;
    op->fd[0] = (int16_t)desc;
}

/*
 * Who has CAP_SYS_ADMIN on the host joins the user namespace last: namespaces that it does not own (a network
 * set up by the host) could not be joined from inside it. Who has not, joins it first: the rights for the others
 * come from it.
 */
static void append_joins(struct vl_planner *p)
{
    bool user_last = (p->host->caps_effective & UINT64_C(1) << CAP_SYS_ADMIN) != 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < p->plan->n_desc; i++)
            if (p->plan->desc[i].role == VL_ROLE_NS &&
                (p->plan->desc[i].aux == CLONE_NEWUSER) == ((pass == 1) == user_last))
                append_join(p, i);
}

/* From before the specification had linux.timeOffsets; the same rules hold. */
static int check_offsets(struct vl_planner *p)
{
    if (vl_annot(p->spec, "run.oci.timens_offset") == NULL)
        return 0;
    if (!(p->ns_new & CLONE_NEWTIME))
        return vl_pl_config(p, OFFSETS_WHERE, "clock offsets need a new time namespace");
    if (p->spec->config->linux->n_time_offsets > 0)
        return vl_pl_config(p, OFFSETS_WHERE, "clock offsets are given twice, here and as linux.timeOffsets");
    return 0;
}

int vl_plan_ns(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    int r = 0;
    for (size_t i = 0; i < l->n_namespaces; i++)
        r |= read_entry(p, i);
    r |= check_offsets(p);
    if (p->host->euid != 0 && !vl_pl_own(p, CLONE_NEWUSER)) {
        p->ns_new |= CLONE_NEWUSER;
        vl_pl_note(p, "a user namespace was added, because the caller is not root");
        r |= check_available(p, CLONE_NEWUSER, "user", NULL);
    }
    p->userns = vl_pl_own(p, CLONE_NEWUSER);
    p->late_cgroup = is_cgroup_late(p);
    p->await |= p->userns || p->late_cgroup;
    p->fork = p->ns_join != 0 || ((p->ns_new & CLONE_NEWTIME) && !(p->ns_new & CLONE_NEWUSER));

    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CLONE, NULL);
    op->n[0] = p->fork ? 0 : (int64_t)clone_flags(p);
    op->n[1] = p->fork;
    return r;
}

/* -- inside --------------------------------------------------------------------------------------- */

/* UNSHARE, and the lines of /proc/PID/timens_offsets: time_namespaces(7). */
static void append_time(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    cleanup(str) struct vl_str text = VL_STR_INIT;
    const char *annot = vl_annot(p->spec, "run.oci.timens_offset");
    if (!(p->ns_new & CLONE_NEWTIME))
        return;
    vl_plan_op(p->plan, VL_OP_UNSHARE, NULL)->n[0] = CLONE_NEWTIME;
    if (annot != NULL)
        vl_str_addf(&text, "%s\n", annot);
    for (size_t i = 0; i < l->n_time_offsets; i++) {
        const struct oci_time_offset_entry *e = &l->time_offsets[i];
        vl_str_addf(&text, "%s %lld %u\n", e->key, (long long)e->value.secs, e->value.nanosecs);
    }
    if (text.len > 0)
        vl_op_str(vl_plan_op(p->plan, VL_OP_TIME_OFFSETS, annot != NULL ? OFFSETS_WHERE : "linux.timeOffsets"), 0,
                  text.s);
}

static void append_keyring(struct vl_planner *p)
{
    const char *label = vl_process_of(p)->selinux_label;
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_KEYRING, NULL);
    vl_op_str(op, 0, p->opts->id);
    if (p->host->selinux && label != NULL && label[0] != '\0')
        vl_op_str(op, 1, label);
}

int vl_plan_identity(struct vl_planner *p)
{
    bool early_time = p->fork && !(p->ns_new & CLONE_NEWUSER);
    if (p->ns_join)
        append_joins(p);
    if (early_time)
        append_time(p);
    if (p->fork)
        vl_plan_op(p->plan, VL_OP_FORK, NULL)->n[0] = (int64_t)clone_flags(p);
    vl_plan_op(p->plan, VL_OP_AWAIT, NULL); /* taken out again by build.c when nothing is waited for */
    if (p->userns) {
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_ASSUME, NULL);
        op->n[0] = p->setup_uid;
        op->n[1] = p->setup_gid;
        if (!p->setgroups_denied && !vl_annot_bool(p->spec, "run.oci.keep_original_groups", false))
            op->n[2] = vl_groups_may_be_denied(p) ? 2 : 1;
    }
    if (p->late_cgroup && (p->ns_new & CLONE_NEWCGROUP))
        vl_plan_op(p->plan, VL_OP_UNSHARE, NULL)->n[0] = CLONE_NEWCGROUP;
    if (!early_time)
        append_time(p);
    if (!p->opts->no_new_keyring)
        append_keyring(p);
    if (p->ns_new & CLONE_NEWNET)
        vl_plan_op(p->plan, VL_OP_LOOPBACK, NULL);
    vl_plan_op(p->plan, VL_OP_GUARD, NULL); /* after the maps: /proc/PID of a non-dumpable process is root's */
    return 0;
}
