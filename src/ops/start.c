/* SPDX-License-Identifier: Apache-2.0 */
/* start: GO at the gate, then it is known whether the program was executed. */
#include <signal.h>
#include "base/str.h"
#include "launch/launch.h"
#include "launch/sdnotify.h"
#include "ops/ops.h"
#include "ops/record_make.h"
#include "state/gate.h"

static int check_status(const struct vl_status *s, const char *id, struct vl_error **err)
{
    switch (s->status) {
    case VL_CREATED:
        return 0;
    case VL_CREATING:
        return vl_err_state(err, "cannot start container %s: it is still being created", id);
    case VL_RUNNING:
        return vl_err_state(err, "cannot start an already running container");
    case VL_PAUSED:
        return vl_err_state(err, "cannot start container %s: it is paused", id);
    case VL_STOPPED:
        break;
    }
    return vl_err_state(err, "cannot start a container that has stopped");
}

static char *state_json(void *ctx, enum vl_ctr_status status, pid_t pid)
{
    struct vl_status s = *(struct vl_status *)ctx;

    s.status = status;
    s.record->pid = pid;
    return vl_op_state_json(&s, NULL);
}

/* For words; without it an error has only numbers. */
static struct vl_plan *read_plan(void *ctx)
{
    return vl_recorded_plan(ctx);
}

static int watch(struct vl_ctr *c, struct vl_status *s, int sock, struct vl_transcript *t, struct vl_error **err)
{
    struct vl_launch_env env = {.transcript = t,
                                .state_json = state_json,
                                .state_ctx = s,
                                .seccomp_listener = s->record->seccomp_listener,
                                .seccomp_metadata = s->record->seccomp_metadata};
    struct vl_exec_watch w = {.sock = sock,
                              .pidfd = s->proc.pidfd,
                              .pid = s->proc.pid,
                              .load_plan = read_plan,
                              .load_ctx = c,
                              .env = &env};
    return vl_watch_exec(&w, err);
}

static void note_oom(const struct vl_record *r, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    struct vl_error *e = NULL;

    if (vl_record_cgroup_desc(r, &desc, &e) < 0 || vl_cgroup_open_recorded(&desc, &cg, &e) < 0)
        vl_err_drop(&e, "no cgroup that could be asked about its memory");
    else
        vl_cgroup_note_oom(cg, err);
}

/* The process has ended or is of no more use: kill it, and what the specification asks for after that. */
static void stop(struct vl_status *s)
{
    (void)vl_proc_signal(&s->proc, SIGKILL);
    (void)vl_proc_wait_dead(&s->proc, 10000);
}

static int run_poststart(struct vl_status *s, struct vl_error **err)
{
    for (size_t i = 0; i < s->record->n_poststart; i++)
        if (vl_record_run_hook(s->record, VL_HOOK_POSTSTART, i, VL_RUNNING, NULL, err) < 0)
            return -1;
    return 0;
}

/* A hook failed: the container is stopped and destroyed (runtime.md#lifecycle, steps 8 and 10); its poststop hooks run. */
static int destroy(const struct vl_global *g, const char *id, struct vl_ctr **c, struct vl_status *s)
{
    struct vl_error *e = NULL;

    stop(s);
    vl_ctr_free(vl_take_ptr(*c)); /* delete locks it again */
    if (vl_op_delete(g, id, true, &e) < 0)
        vl_err_drop(&e, "the container that its hook stopped");
    return -1;
}

/* Who starts it says who waits for it; the place in the container was made by create, or not. */
static int open_notify(const struct vl_global *g, const struct vl_ctr *c, const struct vl_status *s,
                       struct vl_sdnotify **ret, struct vl_error **err)
{
    const char *host = s->record->notify_socket != NULL && !g->foreign_env ? vl_sdnotify_wanted() : NULL;

    return host != NULL ? vl_sdnotify_open(c, host, ret, err) : 0;
}

static bool is_hook_failure(const struct vl_error *e)
{
    return e != NULL && e->where != NULL && vl_starts_with(e->where, "hooks.startContainer");
}

static int start(const struct vl_global *g, const char *id, struct vl_transcript *t, struct vl_plan **plan, struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(sdnotify) struct vl_sdnotify *notify = NULL;

    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_ctr_lock_made(c, err) < 0 ||
        vl_status_get(c, &s, err) < 0)
        return -1;
    vl_status_ask_freezer(s); /* a frozen stage would not answer before somebody resumes it */
    if (check_status(s, id, err) < 0 || open_notify(g, c, s, &notify, err) < 0)
        return -1;
    if (t != NULL && (*plan = read_plan(c)) != NULL)
        vl_tr_planned(t, *plan);
    cleanup_fd int sock = vl_gate_connect(c, err);
    if (sock < 0 || vl_gate_send(sock, VL_MSG_GO, err) < 0)
        return -1;
    vl_tr_go(t);
    if (watch(c, s, sock, t, err) < 0) {
        note_oom(s->record, err);
        if (err != NULL && is_hook_failure(*err))
            return destroy(g, id, &c, s);
        stop(s);
        struct vl_error *e = NULL;
        if (vl_gate_remove(c, &e) < 0)
            vl_err_drop(&e, "the gate of a stopped container");
        return -1;
    }
    vl_tr_executed(t);
    if (vl_gate_remove(c, err) < 0)
        return -1;
    if (run_poststart(s, err) < 0)
        return destroy(g, id, &c, s);
    if (notify != NULL) {
        vl_ctr_unlock(c); /* others may end it while it gets ready */
        vl_sdnotify_wait(notify, s->proc.pid, s->proc.pidfd);
    }
    return 0;
}

int vl_op_start(const struct vl_global *g, const char *id, const struct vl_tr_opts *transcript, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = NULL; /* outlives the transcript, which borrows it */
    cleanup(transcript) struct vl_transcript *t = NULL;

    if (transcript != NULL && transcript->target != NULL && vl_transcript_open(transcript, "start", id, &t, err) < 0)
        return -1;
    int r = start(g, id, t, &plan, err);
    if (r < 0)
        vl_tr_failed(t, *err);
    return r;
}
