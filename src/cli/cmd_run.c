/* SPDX-License-Identifier: Apache-2.0 */
/* run */
#include "cli/cli.h"

int vl_cmd_run(const struct vl_args *a, struct vl_error **err)
{
    int status = 0;
    if (vl_op_run(&a->global, a->operand[0], &a->create, &status, err) < 0)
        return -1;
    return status;
}
