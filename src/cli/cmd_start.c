/* SPDX-License-Identifier: Apache-2.0 */
/* start */
#include "cli/cli.h"

int vl_cmd_start(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_start(&a->global, a->operand[0], &a->create.transcript, err);
}
