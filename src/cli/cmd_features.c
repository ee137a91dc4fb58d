/* SPDX-License-Identifier: Apache-2.0 */
/* features */
#include "cli/cli.h"

int vl_cmd_features(const struct vl_args *a, struct vl_error **err)
{
    (void)a;
    cleanup_free char *text = NULL;
    size_t len;
    if (vl_op_features(&text, &len, err) < 0)
        return -1;
    return vl_print(text, len, err);
}
