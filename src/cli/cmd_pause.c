/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume */
#include "cli/cli.h"

int vl_cmd_pause(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_pause(&a->global, a->operand[0], err);
}

int vl_cmd_resume(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_resume(&a->global, a->operand[0], err);
}
