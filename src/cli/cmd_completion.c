/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/cli.h"

int vl_cmd_completion(const struct vl_args *a, struct vl_error **err)
{
    cleanup_free char *text = vl_completion_text(a->operand[0]);

    if (text == NULL)
        return vl_err_usage(err, "no completion for `%s`: bash, zsh and fish are known", a->operand[0]);
    return vl_print(text, strlen(text), err);
}
