/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as a container: appending operations and descriptors, looking them up, releasing them. */
#include "plan/plan.h"
#include "base/mem.h"

void vl_plan_free(struct vl_plan *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_desc; i++) {
        free(p->desc[i].path);
        free(p->desc[i].where);
    }
    for (size_t i = 0; i < p->n_op; i++) {
        free(p->op[i].where);
        for (int s = 0; s < VL_OP_STRS; s++)
            free(p->op[i].s[s].data);
    }
    free(p->desc);
    free(p->op);
    vl_strv_reset(&p->notes);
    free(p);
}

/* The lowest phase an operation may run in that does not go back behind what is there already, so that one
 * code may serve two places (a hook before the root switch and one after the gate). */
static enum vl_phase choose_phase(const struct vl_plan *p, const struct vl_op_names *names)
{
    unsigned from = VL_PHASE_HOST;
    for (size_t i = p->n_op; i > 0; i--) {
        if (p->op[i - 1].phase != VL_PHASE_HOST) {
            from = p->op[i - 1].phase;
            break;
        }
    }
    for (unsigned ph = from; ph < VL_PHASE_MAX; ph++)
        if (names->phases & 1u << ph)
            return ph;
    for (unsigned ph = 0; ph < from; ph++)
        if (names->phases & 1u << ph)
            return ph;
    return VL_PHASE_HOST;
}

struct vl_op *vl_plan_op(struct vl_plan *p, enum vl_op_code code, const char *where)
{
    const struct vl_op_names *names = vl_op_names(code);
    enum vl_phase phase = names ? choose_phase(p, names) : VL_PHASE_HOST;
    struct vl_op *op = VL_APPEND(p->op, p->n_op);
    op->code = code;
    op->phase = phase;
    op->where = where ? vl_strdup(where) : NULL;
    for (int i = 0; i < VL_OP_FDS; i++)
        op->fd[i] = -1;
    return op;
}

void vl_op_blob(struct vl_op *op, int index, const void *data, size_t n)
{
    char *copy = vl_alloc(n + 1);
    if (n > 0)
        memcpy(copy, data, n);
    free(op->s[index].data);
    op->s[index].data = copy;
    op->s[index].len = n;
}

void vl_op_str(struct vl_op *op, int index, const char *s)
{
    if (s != NULL)
        vl_op_blob(op, index, s, strlen(s));
}

void vl_op_vec(struct vl_op *op, int index, char *const *v, size_t n)
{
    cleanup(str) struct vl_str b = VL_STR_INIT;
    for (size_t i = 0; i < n; i++)
        vl_str_addn(&b, v[i], strlen(v[i]) + 1);
    vl_op_blob(op, index, b.s, b.len);
}

const char *vl_op_s(const struct vl_op *op, int index)
{
    return op->s[index].data;
}

int vl_plan_desc(struct vl_plan *p, enum vl_role role, enum vl_kind kind, enum vl_acquire acquire,
                 unsigned flags, const char *path, const char *where)
{
    int index = (int)p->n_desc;
    struct vl_desc *d = VL_APPEND(p->desc, p->n_desc);
    d->role = role;
    d->kind = kind;
    d->acquire = acquire;
    d->flags = flags;
    d->path = path ? vl_strdup(path) : NULL;
    d->where = where ? vl_strdup(where) : NULL;
    return index;
}

const struct vl_op *vl_plan_find(const struct vl_plan *p, enum vl_op_code code, size_t *from)
{
    for (size_t i = *from; i < p->n_op; i++) {
        if (p->op[i].code == code) {
            *from = i + 1;
            return &p->op[i];
        }
    }
    *from = p->n_op;
    return NULL;
}

const struct vl_op *vl_plan_stage_op(const struct vl_plan *p, uint32_t index)
{
    for (size_t i = 0; i < p->n_op; i++) {
        if (p->op[i].phase == VL_PHASE_HOST)
            continue;
        if (index-- == 0)
            return &p->op[i];
    }
    return NULL;
}
