/* SPDX-License-Identifier: Apache-2.0 */
/* run: create and start in one, then wait for the end unless detached. */
#include <unistd.h>
#include "base/log.h"
#include "launch/sdnotify.h"
#include "launch/supervise.h"
#include "launch/timeline.h"
#include "ops/begin.h"
#include "ops/record_make.h"

/* A failing poststart hook stops the container (config.md#poststart). */
static int run_poststart(struct vl_begun *b, struct vl_error **err)
{
    for (size_t i = 0; i < b->record->n_poststart; i++)
        if (vl_record_run_hook(b->record, VL_HOOK_POSTSTART, i, VL_RUNNING, b->env.cancel, err) < 0)
            return -1;
    return 0;
}

/* The socket is there before the program looks for it. */
static int open_notify(struct vl_begun *b, struct vl_sdnotify **ret, struct vl_error **err)
{
    *ret = NULL;
    if (b->record->notify_socket == NULL || vl_sdnotify_open(b->ctr, b->record->notify_socket, ret, err) == 0)
        return 0;
    vl_begun_undo(b);
    return -1;
}

static void on_notify(void *ctx)
{
    (void)vl_sdnotify_relay(ctx, getpid()); /* whoever waits for the container waits for us */
}

static int start(struct vl_begun *b, struct vl_error **err)
{
    vl_tr_go(b->transcript);
    if (vl_launch_go(b->launch, err) < 0) {
        vl_begun_undo(b);
        return -1;
    }
    vl_tr_executed(b->transcript);
    vl_rdt_settle(b->rdt);
    if (run_poststart(b, err) == 0)
        return 0;
    vl_begun_undo(b);
    return -1;
}

/* What delete does, with everything already in hand. */
static void finish(struct vl_begun *b, bool keep)
{
    b->launch->pid = 0; /* reaped */
    b->pid_file = NULL; /* whoever asked for it may still read it */
    if (keep)
        return;
    vl_begun_undo(b);
}

/* The container has ended. */
static void finish_notify(struct vl_sdnotify *n)
{
    if (n == NULL)
        return;
    vl_sdnotify_drain(n, getpid());
    vl_sdnotify_barrier(n);
}

static int run_foreground(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_begun *b,
                          int *ret_status, struct vl_error **err)
{
    cleanup(sdnotify) struct vl_sdnotify *notify = NULL;
    struct vl_supervise s;

    if (vl_supervise_signals(&s, err) < 0)
        return -1;
    b->foreground = true;
    int r = vl_begin(g, id, o, false, b, err);
    if (r >= 0)
        r = open_notify(b, &notify, err);
    if (r >= 0) {
        if (notify != NULL) {
            s.extra = notify->sock;
            s.on_extra = on_notify;
            s.extra_ctx = notify;
        }
        vl_supervise_console(b->launch->console);
        r = start(b, err);
    }
    if (r >= 0) {
        vl_ctr_unlock(b->ctr);
        r = vl_supervise_run(&s, b->launch->pid, b->launch->pidfd, b->launch->console, ret_status, err);
        if (r < 0)
            vl_begun_undo(b);
        else
            finish_notify(notify);
    }
    if (r >= 0) {
        struct vl_error *e = NULL;
        /* a concurrent delete may have been faster: then there is nothing left to do */
        if (vl_ctr_relock(b->ctr, &e) == 0)
            finish(b, o->keep);
        else
            vl_err_drop(&e, "container was deleted while it ended");
    }
    vl_supervise_end(&s);
    return r;
}

static int run_detached(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_begun *b,
                        struct vl_error **err)
{
    cleanup(sdnotify) struct vl_sdnotify *notify = NULL;

    if (vl_begin(g, id, o, false, b, err) < 0 || open_notify(b, &notify, err) < 0 || start(b, err) < 0)
        return -1;
    if (notify != NULL) {
        vl_ctr_unlock(b->ctr); /* others may end it while it gets ready */
        vl_sdnotify_wait(notify, b->launch->pid, b->launch->pidfd);
    }
    return 0;
}

static char *draw(const struct vl_begun *b, int how)
{
    size_t n;
    const struct vl_tr_mark *mark = vl_tr_marks(b->transcript, &n);

    return how == VL_TIMELINE_SVG ? vl_timeline_svg(mark, n, b->id) : vl_timeline_text(mark, n, 100);
}

int vl_op_run(const struct vl_global *g, const char *id, const struct vl_create_opts *o, int *ret_status,
              struct vl_error **err)
{
    cleanup(begun) struct vl_begun b = VL_BEGUN_INIT;

    if ((o->transcript.target != NULL || o->timeline != VL_TIMELINE_NONE) &&
        vl_transcript_open(&o->transcript, "run", id, &b.transcript, err) < 0)
        return -1;
    *ret_status = 0;
    int r = o->detach ? run_detached(g, id, o, &b, err) : run_foreground(g, id, o, &b, ret_status, err);
    if (r < 0)
        vl_tr_failed(b.transcript, *err);
    if (o->timeline != VL_TIMELINE_NONE)
        *o->ret_timeline = draw(&b, o->timeline);
    return r;
}
