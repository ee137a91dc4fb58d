/* SPDX-License-Identifier: Apache-2.0 */
/* plan */
#include "cli/cli.h"

enum { FORMAT_JSON, FORMAT_BINARY };

int vl_cmd_plan(const struct vl_args *a, struct vl_error **err)
{
    struct vl_plan_request r = {.id = a->n_operands > 0 ? a->operand[0] : NULL,
                                .bundle = a->create.bundle,
                                .config = a->create.config,
                                .no_pivot = a->create.no_pivot,
                                .no_new_keyring = a->create.no_new_keyring,
                                .binary = a->format == FORMAT_BINARY};
    cleanup_free char *text = NULL;
    size_t len;
    if (vl_op_plan(&a->global, &r, &text, &len, err) < 0)
        return -1;
    return vl_print(text, len, err);
}
