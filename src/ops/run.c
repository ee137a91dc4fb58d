/* SPDX-License-Identifier: Apache-2.0 */
/* run: create and start in one, then wait for the end unless detached. */
#include "base/log.h"
#include "launch/supervise.h"
#include "ops/begin.h"
#include "ops/record_make.h"

/* A failing poststart hook stops the container (config.md#poststart). */
static int run_poststart(struct vl_begun *b, struct vl_error **err)
{
    for (size_t i = 0; i < b->record->n_poststart; i++)
        if (vl_record_run_hook(b->record, VL_HOOK_POSTSTART, i, VL_RUNNING, err) < 0)
            return -1;
    return 0;
}

static int start(struct vl_begun *b, struct vl_error **err)
{
    if (vl_launch_go(b->launch, err) < 0 || run_poststart(b, err) < 0) {
        vl_begun_undo(b);
        return -1;
    }
    return 0;
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

static int run_foreground(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_begun *b,
                          int *ret_status, struct vl_error **err)
{
    struct vl_supervise s;

    if (vl_supervise_signals(&s, err) < 0)
        return -1;
    int r = vl_begin(g, id, o, false, b, err);
    if (r >= 0) {
        vl_supervise_console(b->launch->console);
        r = start(b, err);
    }
    if (r >= 0) {
        vl_ctr_unlock(b->ctr);
        r = vl_supervise_run(&s, b->launch->pid, b->launch->pidfd, b->launch->console, ret_status, err);
        if (r < 0)
            vl_begun_undo(b);
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

int vl_op_run(const struct vl_global *g, const char *id, const struct vl_create_opts *o, int *ret_status,
              struct vl_error **err)
{
    cleanup(begun) struct vl_begun b = {0};

    if (!o->detach)
        return run_foreground(g, id, o, &b, ret_status, err);
    if (vl_begin(g, id, o, false, &b, err) < 0 || start(&b, err) < 0)
        return -1;
    *ret_status = 0;
    return 0;
}
