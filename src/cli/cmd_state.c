/* SPDX-License-Identifier: Apache-2.0 */
/* state */
#include <string.h>
#include "cli/cli.h"

int vl_cmd_state(const struct vl_args *a, struct vl_error **err)
{
    cleanup(status) struct vl_status *s = NULL;
    if (vl_op_state(&a->global, a->operand[0], &s, err) < 0)
        return -1;
    cleanup_free char *text = vl_op_state_json(s, "  ");
    return vl_print(text, strlen(text), err);
}
