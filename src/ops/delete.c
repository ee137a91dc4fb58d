/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete: everything made for a container is removed, its directory last. Interrupted at any point
 * it can be repeated; what create was doing when it was killed is known from the journal.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "cgroup/rdt.h"
#include "ops/match.h"
#include "ops/ops.h"
#include "ops/record_make.h"
#include "state/journal.h"

enum { DELETE_TIMEOUT_MS = 10000 };

static void warn(struct vl_error **e)
{
    cleanup_free char *text = vl_error_text(*e);
    vl_warn("%s", text);
    vl_error_free(*e);
    *e = NULL;
}

static bool alive(const struct vl_status *s)
{
    return s->proc.pid > 0;
}

static int check_status(const struct vl_status *s, const char *id, struct vl_cgroup *cg,
                        struct vl_error **err)
{
    if (s->status != VL_RUNNING)
        return 0;
    return vl_err_state(err, "cannot delete container %s that is not stopped: %s", id,
                        vl_ctr_status_name(vl_cgroup_frozen(cg) ? VL_PAUSED : VL_RUNNING));
}

/* Not dead in time although killed: the cgroup knows who waits in the kernel. */
static int wait_dead(const struct vl_status *s, struct vl_cgroup *cg, struct vl_error **err)
{
    int r = vl_proc_wait_dead(&s->proc, DELETE_TIMEOUT_MS);
    if (r == 0)
        return 0;
    if (r != -ETIME)
        return vl_err_sys(err, r, "wait for the end of process %d", (int)s->record->pid);
    if (cg != NULL && vl_cgroup_wait_empty(cg, 0, err) < 0)
        return -1;
    return vl_err_sys(err, r, "process %d was killed and has not ended after %d s",
                      (int)s->record->pid, DELETE_TIMEOUT_MS / 1000);
}

/* Ends what still runs: the first process takes its pid namespace with it, else the whole cgroup
 * has to go. */
static int end_processes(const struct vl_status *s, struct vl_cgroup *cg, bool force,
                         struct vl_error **err)
{
    if (alive(s)) {
        int r = vl_proc_signal(&s->proc, SIGKILL);
        if (r < 0 && r != -ESRCH)
            return vl_err_sys(err, r, "kill process %d", (int)s->record->pid);
    }
    /* Forced: also what joined the cgroup from outside the pid namespace, and frozen ones. A
     * stopped container with its own pid namespace has no process left: whoever is found in its
     * cgroup is not ours to kill. */
    if ((force && alive(s)) || !s->record->own_pidns || s->status == VL_CREATED)
        if (vl_cgroup_kill(cg, DELETE_TIMEOUT_MS, err) < 0)
            return -1;
    return alive(s) ? wait_dead(s, cg, err) : 0;
}

static int remove_cgroup(const struct vl_status *s, bool force, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    if (vl_record_cgroup_desc(s->record, &desc, err) < 0 ||
        vl_cgroup_open_recorded(&desc, &cg, err) < 0)
        return -1;
    if (!force && check_status(s, s->record->id, cg, err) < 0)
        return -1;
    if (end_processes(s, cg, force, err) < 0)
        return -1;
    return vl_cgroup_remove(cg, DELETE_TIMEOUT_MS, err);
}

/* A create that died before its record was complete: its stage ends by itself or is found in the
 * cgroup. */
static int end_half_made(const struct vl_status *s, struct vl_error **err)
{
    if (!alive(s))
        return 0;
    int r = vl_proc_signal(&s->proc, SIGKILL);
    if (r < 0)
        return r == -ESRCH ? 0 : vl_err_sys(err, r, "kill process %d", (int)s->record->pid);
    return wait_dead(s, NULL, err);
}

/* "memory:/sys/fs/cgroup/memory/x" of the record, or a unit's text, already removed with it. */
static bool recorded(const struct vl_record *r, const char *path)
{
    for (size_t i = 0; i < r->cgroup.n; i++) {
        size_t len = strlen(r->cgroup.v[i]);
        if (vl_starts_with(r->cgroup.v[i], VL_CGROUP_UNIT) && vl_starts_with(path, r->cgroup.v[i]) && path[len] == ' ')
            return true;
        const char *colon = strstr(r->cgroup.v[i], ":/");
        if (colon != NULL && vl_streq(colon + 1, path))
            return true;
    }
    return false;
}

/* Backwards: what was made last, inside the earlier ones, goes first. */
static int replay(const struct vl_ctr *c, const struct vl_status *s, struct vl_error **err)
{
    cleanup(journal) struct vl_journal *j = NULL;
    if (vl_journal_read(c, &j, err) < 0)
        return -1;
    for (size_t i = j->n; i-- > 0;) {
        const struct vl_journal_entry *e = &j->entry[i];
        if (s->complete && recorded(s->record, e->text))
            continue;
        if (e->kind == VL_JOURNAL_RDT ? vl_rdt_remove_path(e->text, err) < 0
                                      : vl_cgroup_destroy_path(e->text, DELETE_TIMEOUT_MS, err) < 0)
            return -1;
    }
    return 0;
}

/* All are run, whatever becomes of the others (config.md#poststop). */
static void run_poststop(const struct vl_record *r)
{
    for (size_t i = 0; i < r->n_poststop; i++) {
        struct vl_error *e = NULL;
        if (vl_record_run_hook(r, VL_HOOK_POSTSTOP, i, VL_STOPPED, NULL, &e) < 0)
            warn(&e);
    }
}

static int delete_locked(struct vl_ctr *c, bool force, struct vl_error **err)
{
    cleanup(status) struct vl_status *s = NULL;
    if (vl_status_get(c, &s, err) < 0)
        return -1;
    if (s->complete ? remove_cgroup(s, force, err) < 0 : end_half_made(s, err) < 0)
        return vl_err_ctx(err, "delete container %s", c->id);
    if (replay(c, s, err) < 0)
        return vl_err_ctx(err, "delete container %s", c->id);
    run_poststop(s->record);
    return vl_ctr_remove(c, err);
}

int vl_op_delete(const struct vl_global *g, const char *id, bool force, struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    /* Forced, a create at work is waited for, within reason: its caller ends it when it wants to. */
    if (vl_ctr_open(g->root, id, force ? VL_CTR_LOCK : VL_CTR_READ, &c, err) < 0) {
        if (!force || !vl_ctr_is_missing(*err))
            return -1;
        vl_err_drop(err, "forced: nothing to delete is what was wanted");
        return 0;
    }
    if (!force && vl_ctr_lock_made(c, err) < 0)
        return -1;
    return delete_locked(c, force, err);
}

int vl_op_delete_matching(const struct vl_global *g, const char *regex, bool force,
                          struct vl_error **err)
{
    cleanup(strv) struct vl_strv ids = {NULL, 0};
    struct vl_error *errors = NULL;
    if (vl_match_ids(g, regex, &ids, err) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++) {
        struct vl_error *e = NULL;
        if (vl_op_delete(g, ids.v[i], force, &e) == 0)
            continue;
        if (vl_ctr_is_missing(e))
            vl_err_drop(&e, "somebody else has deleted it");
        else
            vl_match_failed(&errors, &e, "delete", ids.v[i]);
    }
    return vl_match_result(errors, err);
}
