/* SPDX-License-Identifier: Apache-2.0 */
/* plan */
#include "base/str.h"
#include "cli/cli.h"

enum { FORMAT_JSON, FORMAT_BINARY };

static struct vl_plan_request request_of(const struct vl_args *a, size_t id_at)
{
    return (struct vl_plan_request){.id = a->n_operands > id_at ? a->operand[id_at] : NULL,
                                    .bundle = a->create.bundle,
                                    .config = a->create.config,
                                    .no_pivot = a->create.no_pivot,
                                    .no_new_keyring = a->create.no_new_keyring,
                                    .run = a->plan.run,
                                    .detach = a->create.detach,
                                    .preserve_fds = a->create.preserve_fds,
                                    .binary = a->format == FORMAT_BINARY};
}

int vl_cmd_plan(const struct vl_args *a, struct vl_error **err)
{
    struct vl_plan_request r = request_of(a, 0);
    cleanup_free char *text = NULL;
    size_t len;
    if (vl_op_plan(&a->global, &r, &text, &len, err) < 0)
        return -1;
    return vl_print(text, len, err);
}

int vl_cmd_plan_verify(const struct vl_args *a, struct vl_error **err)
{
    struct vl_plan_request r = request_of(a, 1);
    cleanup_free char *text = NULL, *diff = NULL;
    cleanup(str) struct vl_str out = VL_STR_INIT;
    if (vl_op_plan_verify(&a->global, a->operand[0], &r, &text, &diff, err) < 0)
        return -1;
    vl_str_addf(&out, "%s%s\n%s", text, r.bundle == NULL ? "" : diff != NULL ? ": differs from what would be done here" : ": as here",
                diff != NULL ? diff : "");
    if (vl_print(out.s, out.len, err) < 0)
        return -1;
    return diff == NULL ? 0 : vl_err_refused(err, "plan", "the plan of `%s` is not what would be done here", a->operand[0]);
}
