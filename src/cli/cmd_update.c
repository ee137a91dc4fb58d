/* SPDX-License-Identifier: Apache-2.0 */
/* update */
#include "cli/cli.h"

int vl_cmd_update(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_update(&a->global, a->operand[0], &a->update, err);
}
