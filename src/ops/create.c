/* SPDX-License-Identifier: Apache-2.0 */
/* create: everything up to the start gate, then the container is on its own. */
#include "ops/begin.h"

int vl_op_create(const struct vl_global *g, const char *id, const struct vl_create_opts *o, struct vl_error **err)
{
    cleanup(begun) struct vl_begun b = VL_BEGUN_INIT;

    if (vl_begin(g, id, o, true, &b, err) < 0)
        return -1;
    if (vl_launch_commit(b.launch, err) < 0) {
        vl_begun_undo(&b);
        return -1;
    }
    return 0;
}
