/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/planhooks.h"

#include <unistd.h>
#include "base/mem.h"

/* NULL-terminated pointers into a vector of the plan; NULL when it is absent. */
static char **pointers(const struct vl_blob *b)
{
    char **v = NULL;
    size_t n = 0;

    if (b->data == NULL)
        return NULL;
    for (char *s = b->data, *end = s + b->len; s < end; s += strlen(s) + 1) {
        v = vl_realloc_array(v, n + 2, sizeof(*v));
        v[n++] = s;
        v[n] = NULL;
    }
    return v != NULL ? v : vl_alloc(sizeof(*v));
}

int vl_run_plan_hooks(const struct vl_plan *plan, enum vl_hook_kind kind, const struct vl_hook_env *env,
                      struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op;

    while ((op = vl_plan_find(plan, VL_OP_HOST_HOOK, &from)) != NULL) {
        if (op->n[0] != (int64_t)kind)
            continue;
        cleanup_free char **argv = pointers(&op->s[1]), **envp = pointers(&op->s[2]);
        struct vl_hook h = {.kind = kind,
                            .path = vl_op_s(op, 0),
                            .argv = argv,
                            .envp = envp != NULL ? envp : environ, /* as runc and crun have it */
                            .timeout_ms = (uint32_t)op->n[1],
                            .where = op->where};
        if (vl_hook_run(&h, env, err) < 0)
            return -1;
    }
    return 0;
}
