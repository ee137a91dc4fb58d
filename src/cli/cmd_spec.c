/* SPDX-License-Identifier: Apache-2.0 */
/* spec */
#include "cli/cli.h"

int vl_cmd_spec(const struct vl_args *a, struct vl_error **err)
{
    return vl_op_spec(&a->spec, err);
}
