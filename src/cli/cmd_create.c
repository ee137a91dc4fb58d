/* SPDX-License-Identifier: Apache-2.0 */
/* create */
#include "cli/cli.h"

int vl_cmd_create(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_create(&a->global, a->operand[0], &a->create, err);
}
