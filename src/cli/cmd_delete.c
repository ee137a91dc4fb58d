/* SPDX-License-Identifier: Apache-2.0 */
/* delete */
#include "cli/cli.h"

int vl_cmd_delete(const struct vl_args *a, struct vl_error **err)
{
    if (a->regex)
        return vl_op_delete_matching(&a->global, a->operand[0], a->force, err);
    return vl_op_delete(&a->global, a->operand[0], a->force, err);
}
