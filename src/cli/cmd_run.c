/* SPDX-License-Identifier: Apache-2.0 */
/* run */
#include "cli/cli.h"
#include "sys/cred.h"

int vl_cmd_run(const struct vl_args *a, struct vl_error **err)
{
    int status = 0;
    /* what a container without a pid namespace of its own leaves behind is reaped by us, not lost */
    if (!a->create.detach && !a->create.no_subreaper)
        (void)vl_set_subreaper(true);
    if (vl_op_run(&a->global, a->operand[0], &a->create, &status, err) < 0)
        return -1;
    return status;
}
