/* SPDX-License-Identifier: Apache-2.0 */
/* kill */
#include "base/names.h"
#include "cli/cli.h"

int vl_cmd_kill(const struct vl_args *a, struct vl_error **err)
{
    const char *name = a->n_operands > 1 ? a->operand[1] : "TERM";
    int sig = vl_signal_by_name(name);
    if (sig < 0)
        return vl_err_usage(err, "unknown signal `%s`", name);
    if (a->regex)
        return vl_op_kill_matching(&a->global, a->operand[0], sig, a->all, err);
    return vl_op_kill(&a->global, a->operand[0], sig, a->all, err);
}
