/* SPDX-License-Identifier: Apache-2.0 */
/* exec */
#include "base/str.h"
#include "cli/cli.h"

int vl_cmd_exec(const struct vl_args *a, struct vl_error **err)
{
    struct vl_exec_opts o = a->exec;
    int status = 0;
    size_t from = 1;
    if (from < a->n_operands && vl_streq(a->operand[from], "--")) /* between the two command lines */
        from++;
    o.args = a->operand + from;
    o.n_args = a->n_operands - from;
    if (o.process == NULL && o.n_args == 0)
        return vl_err_usage(err, "exec: an argument is missing: usage: veloci exec [options] ID COMMAND");
    if (vl_op_exec(&a->global, a->operand[0], &o, &status, err) < 0)
        return -1;
    return status;
}
