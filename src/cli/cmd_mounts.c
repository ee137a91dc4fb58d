/* SPDX-License-Identifier: Apache-2.0 */
/* mounts */
#include "base/str.h"
#include "cli/cli.h"

int vl_cmd_mounts(const struct vl_args *a, struct vl_error **err)
{
    if (vl_streq(a->operand[0], "add"))
        return vl_op_mounts_add(&a->global, a->operand[1], a->operand[2], err);
    if (vl_streq(a->operand[0], "remove"))
        return vl_op_mounts_remove(&a->global, a->operand[1], a->operand[2], err);
    return vl_err_usage(err, "mounts: `%s` is neither add nor remove", a->operand[0]);
}
