/* SPDX-License-Identifier: Apache-2.0 */
/* create: everything up to the start gate, then the container is on its own. */
#include "ops/begin.h"

static int create(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_begun *b,
                  struct vl_error **err)
{
    if (vl_begin(g, id, o, true, b, err) < 0)
        return -1;
    vl_tr_go(b->transcript);
    if (vl_launch_commit(b->launch, err) < 0) {
        vl_begun_undo(b);
        return -1;
    }
    vl_tr_created(b->transcript);
    return 0;
}

int vl_op_create(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_error **err)
{
    cleanup(begun) struct vl_begun b = VL_BEGUN_INIT;

    if (o->transcript.target != NULL && vl_transcript_open(&o->transcript, "create", id, &b.transcript, err) < 0)
        return -1;
    int r = create(g, id, o, &b, err);
    if (r < 0)
        vl_tr_failed(b.transcript, *err);
    return r;
}
