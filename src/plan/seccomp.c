/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter: SECCOMP. config-linux.md#seccomp.
 *
 * The program comes from confine/ (compiled, or out of the cache); what is decided here is where it
 * goes, with which flags, who listens, and whether the rest of the way to the workload can still be
 * walked under it.
 */
#include "plan/seccomp.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include "confine/stage_calls.h"
#include "plan/env.h"
#include "plan/planners.h"
#include "spec/annot.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4) /* Linux 5.7 */
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

#define RAW "run.oci.seccomp_bpf_data"
#define RAW_WHERE "annotations." RAW

static const struct oci_seccomp *profile_of(const struct vl_planner *p)
{
    return p->spec->config->linux != NULL ? p->spec->config->linux->seccomp : NULL;
}

/* A ready-made program replaces the profile; flags and listener are still the profile's. */
static int get_program(struct vl_planner *p, struct vl_seccomp_prog **ret, const char **ret_where)
{
    const struct vl_seccomp_provider *provider = p->opts->seccomp;
    const char *raw = vl_annot(p->spec, RAW);
    bool fail_unknown = vl_annot_bool(p->spec, "run.oci.seccomp_fail_unknown_syscall", false);
    struct vl_error *err = NULL;
    int r;
    *ret_where = raw != NULL ? RAW_WHERE : "linux.seccomp";
    if (raw != NULL)
        r = vl_seccomp_raw(raw, RAW_WHERE, ret, &err);
    else if (provider != NULL)
        r = provider->get(provider->ctx, profile_of(p), fail_unknown, ret, &err);
    else
        r = vl_seccomp_compile(profile_of(p), fail_unknown, ret, &err);
    if (r < 0)
        vl_err_collect(&p->errors, &err);
    return r;
}

static int check_actions(struct vl_planner *p, unsigned actions)
{
    const struct vl_host *h = p->host;
    const struct {
        unsigned act;
        bool known;
        const char *name, *since;
    } rows[] = {
        {VL_ACT_KILL_PROCESS, h->seccomp_kill_process, "SCMP_ACT_KILL_PROCESS", "Linux 4.14"},
        {VL_ACT_LOG, h->seccomp_log, "SCMP_ACT_LOG", "Linux 4.14"},
        {VL_ACT_NOTIFY, h->seccomp_user_notif, "SCMP_ACT_NOTIFY", "Linux 5.0"},
    };
    int r = 0;
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++)
        if ((actions & rows[i].act) != 0 && !rows[i].known)
            r = vl_pl_unsupported(p, rows[i].name, "linux.seccomp",
                                  "this kernel does not know the action %s (%s)", rows[i].name,
                                  rows[i].since);
    return r;
}

/* A flag that was asked for is set or refused; the default one may be missing. */
static int plan_flags(struct vl_planner *p, bool listener, uint32_t *ret)
{
    const struct oci_seccomp *profile = profile_of(p);
    struct vl_error *err = NULL;
    uint32_t flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (profile != NULL && vl_seccomp_flags(profile, &flags, &err) < 0) {
        vl_err_collect(&p->errors, &err);
        return -1;
    }
    if (profile == NULL || !profile->has_flags)
        flags &= p->host->seccomp_flags;
    uint32_t missing = flags & ~p->host->seccomp_flags;
    for (const struct vl_name *f = vl_seccomp_flag_names; f->name != NULL; f++)
        if ((missing & (uint32_t)f->value) != 0)
            return vl_pl_unsupported(p, f->name, "linux.seccomp.flags",
                                     "this kernel does not know the flag %s", f->name);
    if ((flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) != 0 && !listener) {
        vl_pl_note(p,
                   "seccomp: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV left out: nothing is notified");
        flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    }
    if (listener)
        flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    /* Both answer by their return value, so the kernel wants to know which one may (seccomp(2)). */
    if (listener && (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) {
        if ((p->host->seccomp_flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH) == 0)
            return vl_pl_unsupported(
                p, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH", "linux.seccomp.flags",
                "this kernel does not take SECCOMP_FILTER_FLAG_TSYNC beside a listener");
        flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    }
    *ret = flags;
    return 0;
}

/* Socket for the listener, or NULL when there is none; -1 when one is needed. */
static int plan_listener(struct vl_planner *p, bool listener, const char **ret_path)
{
    const struct oci_seccomp *profile = profile_of(p);
    const char *path = profile != NULL ? profile->listener_path : NULL;
    *ret_path = NULL;
    if (!listener) {
        if (path != NULL) /* MUST be ignored (config-linux.md#seccomp, listenerPath) */
            vl_pl_note(p, "seccomp: listenerPath ignored: no rule has the action SCMP_ACT_NOTIFY");
        return 0;
    }
    if (path == NULL || path[0] == '\0')
        path = vl_annot(p->spec, "run.oci.seccomp.receiver");
    if (path == NULL || path[0] == '\0')
        path = p->opts->seccomp_receiver;
    if (path == NULL || path[0] == '\0')
        return vl_pl_config(p, "linux.seccomp.listenerPath", "seccomp listenerPath is not set");
    if (path[0] != '/')
        return vl_pl_config(p, "linux.seccomp.listenerPath",
                            "the seccomp listener `%s` is no absolute path", path);
    *ret_path = path;
    return 0;
}

/* What the stage will still do under this filter. */
static unsigned stage_parts(const struct vl_planner *p, bool late, int listener)
{
    const struct oci_hooks *hooks = p->spec->config->hooks;
    unsigned parts = VL_PART_EXEC;
    parts |= listener != VL_LISTENER_NONE ? VL_PART_HELD : 0u;
    parts |= listener == VL_LISTENER_SENT ? VL_PART_SENT : 0u;
    if (late)
        return parts;
    parts |= VL_PART_CREDS | VL_PART_READY;
    if (!p->setgroups_denied && !vl_annot_bool(p->spec, "run.oci.keep_original_groups", false))
        parts |= VL_PART_GROUPS;
    parts |= p->opts->preserve_fds > 0 ? VL_PART_KEEP : 0u;
    parts |= p->opts->detached ? VL_PART_SOCKET : 0u;
    parts |= hooks != NULL && hooks->n_start_container > 0 ? VL_PART_HOOKS : 0u;
    parts |= vl_process_of(p)->n_rlimits > 0 ? VL_PART_RLIMITS : 0u;
    return parts;
}

static void add_name(struct vl_str *names, const char *name)
{
    size_t n = strlen(name);
    if (names->len >= n && vl_streq(names->s + names->len - n, name))
        return; /* the same call with other arguments */
    vl_str_addf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

static int tell_stopped(struct vl_planner *p, const char *verb, const char *names, bool late,
                        const char *where)
{
    if (names == NULL)
        return 0;
    if (late)
        return vl_pl_config(p, where, "the seccomp filter %s %s: no program can be started", verb,
                            names);
    return vl_pl_config(
        p, where,
        "the seccomp filter %s %s, needed until the program is started: without noNewPrivileges it "
        "is in force from before the capabilities are given up",
        verb, names);
}

/* A filter that comes early meets all that the stage still has to do; even a late one must let
 * execve pass. */
int vl_seccomp_check_stage(struct vl_planner *p, const struct vl_seccomp_prog *prog, unsigned parts,
                           bool late, const char *where)
{
    cleanup(str) struct vl_str killed = VL_STR_INIT, denied = VL_STR_INIT, asked = VL_STR_INIT;
    size_t from = 0;
    uint32_t value;
    for (const struct vl_stage_call *c;
         (c = vl_stage_call_stopped(prog, parts, &from, &value)) != NULL;) {
        uint32_t action = value & SECCOMP_RET_ACTION_FULL;
        if (action == SECCOMP_RET_USER_NOTIF && c->parts == VL_PART_SENT)
            return vl_pl_config(
                p, where,
                "SCMP_ACT_NOTIFY cannot be used for %s: the listener itself is sent with it",
                c->name);
        if (action == SECCOMP_RET_USER_NOTIF)
            add_name(&asked, c->name);
        else if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
            add_name(&killed, c->name);
        else if (!c->optional)
            add_name(&denied, c->name);
    }
    if (asked.len > 0)
        vl_pl_note(p, "seccomp: the start waits for the listener, which is asked about %s",
                   asked.s);
    return tell_stopped(p, "kills the process at", killed.s, late, where) |
           tell_stopped(p, "denies", denied.s, late, where);
}

/*
 * pidfd_getfd(2) takes what ptrace takes. The stage cannot be dumped; so its own user namespace
 * must be ours, or we have the capability over the one it was started in. Else it sends the
 * descriptor itself.
 */
int vl_seccomp_listener_way(const struct vl_planner *p)
{
    bool ptrace = (p->host->caps_effective >> CAP_SYS_PTRACE & 1) != 0;
    bool inside =
        p->userns && !p->fork; /* the stage was exec'ed in a user namespace that we made */
    return p->host->pidfd_getfd && (ptrace || inside) ? VL_LISTENER_FETCHED : VL_LISTENER_SENT;
}

int vl_plan_seccomp(struct vl_planner *p, bool late)
{
    cleanup(seccomp_prog) struct vl_seccomp_prog *prog = NULL;
    const char *where, *path;
    uint32_t flags = 0;
    if (profile_of(p) == NULL && vl_annot(p->spec, RAW) == NULL)
        return 0;
    if (p->spec->config->process == NULL || vl_process_of(p)->no_new_privileges != late)
        return 0;
    if (!p->host->seccomp)
        return vl_pl_unsupported(p, "seccomp", "linux.seccomp",
                                 "this kernel has no seccomp filters");
    if (get_program(p, &prog, &where) < 0)
        return -1;
    for (size_t i = 0; i < prog->notes.n; i++)
        vl_pl_note(p, "%s", prog->notes.v[i]);
    bool listener = (prog->actions & VL_ACT_NOTIFY) != 0;
    int way = listener ? vl_seccomp_listener_way(p) : VL_LISTENER_NONE;
    int r = check_actions(p, prog->actions);
    r |= plan_flags(p, listener, &flags);
    r |= plan_listener(p, listener, &path);
    r |= vl_seccomp_check_stage(p, prog, stage_parts(p, late, way), late, where);
    if (r < 0)
        return -1;
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_SECCOMP, where);
    op->n[0] = flags;
    op->n[1] = way;
    vl_op_blob(op, 0, prog->insns, prog->n * sizeof(prog->insns[0]));
    if (listener) {
        vl_op_str(op, 1, path);
        vl_op_str(op, 2, profile_of(p) != NULL ? profile_of(p)->listener_metadata : NULL);
    }
    return 0;
}
