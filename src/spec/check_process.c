/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the process object (config.md#process). */
#include "spec/checker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

#define NGROUPS 65536 /* NGROUPS_MAX, getgroups(2) */
#define CPUS 8192     /* the greatest CONFIG_NR_CPUS */

static void check_id(struct vl_checker *c, const char *where, uint32_t id)
{
    if (id == UINT32_MAX)
        vl_bad(c, where, "4294967295 is no id");
}

static void check_user(struct vl_checker *c, const struct oci_user *u)
{
    check_id(c, "user.uid", u->uid);
    check_id(c, "user.gid", u->gid);
    for (c->i = 0; c->i < u->n_additional_gids; c->i++)
        check_id(c, "user.additionalGids[]", u->additional_gids[c->i]);
    if (u->n_additional_gids > NGROUPS)
        vl_bad(c, "user.additionalGids", "more than %d groups", NGROUPS);
    if (u->has_umask && u->umask > 0777)
        vl_bad(c, "user.umask", "umask %#o has more than permission bits", u->umask);
}

static void check_rlimits(struct vl_checker *c, const struct oci_process *p)
{
    for (c->i = 0; c->i < p->n_rlimits; c->i++) {
        const struct oci_rlimit *r = &p->rlimits[c->i];
        if (!vl_known(vl_rlimit_names, r->type)) {
            vl_bad(c, "rlimits[].type", "unknown limit `%s`", r->type);
            continue;
        }
        for (size_t k = 0; k < c->i; k++) {
            if (vl_streq(p->rlimits[k].type, r->type)) {
                vl_bad(c, "rlimits[].type", "`%s` is limited twice", r->type);
                break;
            }
        }
        if (r->soft > r->hard)
            vl_bad(c, "rlimits[].soft", "%s: the soft limit is above the hard limit", r->type);
    }
}

/* sched_setattr(2) */
static void check_deadline(struct vl_checker *c, const struct oci_scheduler *s)
{
    if (s->runtime < 1024)
        vl_bad(c, "scheduler.runtime", "SCHED_DEADLINE needs a runtime of at least 1024 ns");
    if (s->deadline < s->runtime)
        vl_bad(c, "scheduler.deadline", "the deadline is shorter than the runtime");
    if (s->period != 0 && s->period < s->deadline)
        vl_bad(c, "scheduler.period", "the period is shorter than the deadline");
}

static void check_scheduler(struct vl_checker *c, const struct oci_scheduler *s)
{
    bool realtime = vl_streq(s->policy, "SCHED_FIFO") || vl_streq(s->policy, "SCHED_RR");
    bool deadline = vl_streq(s->policy, "SCHED_DEADLINE");
    if (!vl_known(vl_sched_names, s->policy)) {
        vl_bad(c, "scheduler.policy", "unknown policy `%s`", s->policy);
        return;
    }
    if (s->nice < -20 || s->nice > 19)
        vl_bad(c, "scheduler.nice", "nice value %d is not in -20 to 19", s->nice);
    if (realtime && (s->priority < 1 || s->priority > 99))
        vl_bad(c, "scheduler.priority", "%s needs a priority of 1 to 99", s->policy);
    else if (!realtime && s->priority != 0)
        vl_bad(c, "scheduler.priority", "a priority is for SCHED_FIFO and SCHED_RR only");
    for (c->i = 0; c->i < s->n_flags; c->i++)
        if (!vl_known(vl_sched_flag_names, s->flags[c->i]))
            vl_bad(c, "scheduler.flags[]", "unknown flag `%s`", s->flags[c->i]);
    if (deadline)
        check_deadline(c, s);
    else if (s->runtime != 0 || s->deadline != 0 || s->period != 0)
        vl_bad(c, "scheduler", "runtime, deadline and period are for SCHED_DEADLINE only");
}

static void check_affinity(struct vl_checker *c, const char *where, const char *list)
{
    if (vl_is_set(list) && !vl_number_list_ok(list, CPUS))
        vl_bad(c, where, "`%s` is no list of processors", list);
}

static void check_scheduling(struct vl_checker *c, const struct oci_process *p)
{
    if (p->scheduler != NULL)
        check_scheduler(c, p->scheduler);
    if (p->io_priority != NULL) {
        const struct oci_io_priority *io = p->io_priority;
        if (!vl_known(vl_ioprio_names, io->class))
            vl_bad(c, "ioPriority.class", "unknown class `%s`", io->class);
        if (io->priority < 0 || io->priority > 7)
            vl_bad(c, "ioPriority.priority", "priority %d is not in 0 to 7", io->priority);
    }
    if (p->exec_cpu_affinity != NULL) {
        check_affinity(c, "execCPUAffinity.initial", p->exec_cpu_affinity->initial);
        check_affinity(c, "execCPUAffinity.final", p->exec_cpu_affinity->final);
    }
}

void vl_check_process(const struct oci_process *p, const char *at, struct vl_error **list)
{
    struct vl_checker c = {.list = list, .at = at};
    vl_check_abs(&c, "cwd", "working directory", p->cwd);
    if (p->has_args && p->n_args == 0)
        vl_bad(&c, "args", "there must be at least one entry");
    if (p->user != NULL)
        check_user(&c, p->user);
    if (p->console_size != NULL &&
        (p->console_size->height > UINT16_MAX || p->console_size->width > UINT16_MAX))
        vl_bad(&c, "consoleSize", "a terminal has at most 65535 rows and columns");
    check_rlimits(&c, p);
    if (p->has_oom_score_adj && (p->oom_score_adj < -1000 || p->oom_score_adj > 1000))
        vl_bad(&c, "oomScoreAdj", "%d is not in -1000 to 1000", p->oom_score_adj);
    vl_check_line(&c, "apparmorProfile", p->apparmor_profile);
    vl_check_line(&c, "selinuxLabel", p->selinux_label);
    check_scheduling(&c, p);
}

static void note(const struct vl_checker *c, const char *where, const char *text,
                 struct vl_strv *notes)
{
    cleanup_free char *place = vl_check_where(c, where);
    vl_strv_addf(notes, "%s: %s", place, text);
}

static void note_caps(struct vl_checker *c, const char *where, char *const *names, size_t n,
                      struct vl_strv *notes)
{
    for (c->i = 0; c->i < n; c->i++) {
        cleanup_free char *text = NULL;
        if (vl_cap_by_name(names[c->i]) >= 0)
            continue;
        text = vl_asprintf("unknown capability `%s`, ignored", names[c->i]);
        note(c, where, text, notes);
    }
}

void vl_note_process(const struct oci_process *p, const char *at, struct vl_strv *notes)
{
    struct vl_checker c = {.at = at};
    const struct oci_capabilities *caps = p->capabilities;
    if (caps != NULL) {
        note_caps(&c, "capabilities.bounding[]", caps->bounding, caps->n_bounding, notes);
        note_caps(&c, "capabilities.effective[]", caps->effective, caps->n_effective, notes);
        note_caps(&c, "capabilities.inheritable[]", caps->inheritable, caps->n_inheritable, notes);
        note_caps(&c, "capabilities.permitted[]", caps->permitted, caps->n_permitted, notes);
        note_caps(&c, "capabilities.ambient[]", caps->ambient, caps->n_ambient, notes);
    }
    for (c.i = 0; c.i < p->n_env; c.i++)
        if (strchr(p->env[c.i], '=') == NULL)
            note(&c, "env[]", "has no `=`, passed on as it is", notes);
    if (p->command_line != NULL)
        note(&c, "commandLine", "is for Windows, ignored", notes);
    if (p->user != NULL && p->user->username != NULL)
        note(&c, "user.username", "is for Windows, ignored", notes);
}
