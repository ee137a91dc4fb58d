/* SPDX-License-Identifier: Apache-2.0 */
/* Wire bytes → plan, after the same total check that the stage makes. */
#include "base/digest.h"
#include "base/mem.h"
#include "plan/plan.h"
#include "plan/wire_check.h"

static const char *fault_text(enum vl_wire_fault f)
{
    switch (f) {
    case VL_WIRE_OK:
        return "correct";
    case VL_WIRE_TRUNCATED:
        return "truncated";
    case VL_WIRE_BAD_MAGIC:
        return "not a launch plan";
    case VL_WIRE_BAD_VERSION:
        return "of another format version";
    case VL_WIRE_BAD_LENGTH:
        return "of a length that differs from what it says";
    case VL_WIRE_TOO_LARGE:
        return "too large";
    case VL_WIRE_BAD_DIGEST:
        return "damaged (its digest differs)";
    case VL_WIRE_BAD_DESC:
        return "wrong in a descriptor";
    case VL_WIRE_BAD_REF:
        return "wrong in a reference to its strings";
    case VL_WIRE_BAD_OP:
        return "wrong in an operation";
    case VL_WIRE_BAD_ORDER:
        return "wrong in the order of its operations";
    case VL_WIRE_BAD_FD:
        return "wrong in a reference to a descriptor";
    }
    return "wrong";
}

static char *take_str(const struct vl_wire_view *v, struct vl_ref r)
{
    return r.off == VL_NOREF ? NULL : vl_strndup(v->area + r.off, r.len);
}

static struct vl_plan *from_view(const struct vl_wire_view *v)
{
    struct vl_plan *p = vl_alloc(sizeof(*p));
    p->features = v->body->features;
    p->preserve_fds = v->body->preserve_fds;
    for (uint32_t i = 0; i < v->body->n_desc; i++) {
        const struct vl_wire_desc *w = &v->desc[i];
        struct vl_desc *d = VL_APPEND(p->desc, p->n_desc);
        d->role = (enum vl_role)w->role;
        d->kind = (enum vl_kind)w->kind;
        d->acquire = (enum vl_acquire)w->acquire;
        d->flags = w->flags;
        d->aux = w->aux;
        d->path = take_str(v, w->path);
        d->where = take_str(v, w->where);
    }
    for (uint32_t i = 0; i < v->body->n_op; i++) {
        const struct vl_wire_op *w = &v->op[i];
        struct vl_op *op = VL_APPEND(p->op, p->n_op);
        op->code = (enum vl_op_code)w->code;
        op->phase = (enum vl_phase)w->phase;
        op->where = take_str(v, w->where);
        memcpy(op->n, w->n, sizeof(op->n));
        memcpy(op->fd, w->fd, sizeof(op->fd));
        for (int s = 0; s < VL_OP_STRS; s++)
            if (w->s[s].off != VL_NOREF)
                vl_op_blob(op, s, v->area + w->s[s].off, w->s[s].len);
    }
    return p;
}

static int decode(const void *buf, size_t len, bool digest, struct vl_plan **ret, struct vl_error **err)
{
    struct vl_wire_view view;
    uint32_t at = 0;
    cleanup_free void *aligned = vl_memdup(buf, len); /* the check wants 8-aligned records */
    enum vl_wire_fault f = vl_wire_check(aligned, len, 0, digest ? vl_sha256 : NULL, &view, &at);
    if (f == VL_WIRE_BAD_DESC || f == VL_WIRE_BAD_OP || f == VL_WIRE_BAD_ORDER || f == VL_WIRE_BAD_FD ||
        f == VL_WIRE_BAD_REF)
        return vl_err_bug(err, "read a launch plan: it is %s (item %u)", fault_text(f), at);
    if (f != VL_WIRE_OK)
        return vl_err_bug(err, "read a launch plan: it is %s", fault_text(f));
    *ret = from_view(&view);
    return 0;
}

/* The stage's own check, with identities such as it would get. */
int vl_plan_check_schedule(const struct vl_plan *p, struct vl_error **err)
{
    cleanup_free struct vl_ident *idents = vl_alloc((p->n_desc + 1) * sizeof(*idents));
    struct vl_wire_view view;
    uint32_t at = 0;
    size_t len;
    for (size_t i = 0; i < p->n_desc; i++)
        idents[i] = (struct vl_ident){.fd = (int)(3 + p->preserve_fds + i), .dev = 1, .ino = 1};
    cleanup_free void *bytes = vl_plan_encode(p, true, idents, &len);
    enum vl_wire_fault f = vl_wire_check(bytes, len, 1, NULL, &view, &at);
    if (f == VL_WIRE_OK)
        return 0;
    const struct vl_op *op = vl_plan_stage_op(p, at);
    const struct vl_op_names *names = op != NULL && (f == VL_WIRE_BAD_OP || f == VL_WIRE_BAD_ORDER) ? vl_op_names(op->code) : NULL;
    return vl_err_refused(err, "plan", "the plan cannot be carried out: it is %s (item %u%s%s)", fault_text(f), at,
                          names != NULL ? ": " : "", names != NULL ? names->name : "");
}

int vl_plan_decode(const void *buf, size_t len, struct vl_plan **ret, struct vl_error **err)
{
    return decode(buf, len, true, ret, err);
}

int vl_plan_decode_own(const void *buf, size_t len, struct vl_plan **ret, struct vl_error **err)
{
    return decode(buf, len, false, ret, err);
}
