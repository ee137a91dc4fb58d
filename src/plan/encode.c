/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan → wire bytes. The same plan always gives the same bytes: digests and golden files rest on it.
 * The layout is described in wire.h.
 */
#include "base/digest.h"
#include "base/mem.h"
#include "plan/plan.h"

/* The string area under construction: every item starts 8-aligned and is followed by a NUL. */
static struct vl_ref area_add(struct vl_str *area, const void *data, size_t n)
{
    static const char zeros[8];
    struct vl_ref r = {VL_NOREF, 0};
    if (data == NULL)
        return r;
    r.off = (uint32_t)area->len;
    r.len = (uint32_t)n;
    vl_str_addn(area, data, n);
    vl_str_addn(area, zeros, 8 - n % 8); /* at least one: the NUL */
    return r;
}

static struct vl_ref area_str(struct vl_str *area, const char *s)
{
    return area_add(area, s, s ? strlen(s) : 0);
}

static void put_desc(struct vl_wire_desc *w, const struct vl_desc *d, const struct vl_ident *id,
                     struct vl_str *area)
{
    w->role = (uint16_t)d->role;
    w->kind = (uint16_t)d->kind;
    w->acquire = (uint16_t)d->acquire;
    w->flags = (uint16_t)d->flags;
    w->aux = d->aux;
    w->fd = id && vl_desc_is_passed(d) ? id->fd : -1;
    w->dev = id ? id->dev : 0;
    w->ino = id ? id->ino : 0;
    w->path = area_str(area, d->path);
    w->where = area_str(area, d->where);
}

static void put_op(struct vl_wire_op *w, const struct vl_op *op, struct vl_str *area)
{
    w->code = (uint16_t)op->code;
    w->phase = (uint8_t)op->phase;
    w->version = 1;
    w->where = area_str(area, op->where);
    for (int i = 0; i < VL_OP_NUMS; i++)
        w->n[i] = op->n[i];
    for (int i = 0; i < VL_OP_STRS; i++)
        w->s[i] = area_add(area, op->s[i].data, op->s[i].len);
    for (int i = 0; i < VL_OP_FDS; i++)
        w->fd[i] = op->fd[i];
}

void *vl_plan_encode(const struct vl_plan *p, bool stage_only, const struct vl_ident *idents, size_t *ret_len)
{
    cleanup(str) struct vl_str area = VL_STR_INIT;
    size_t n_op = 0;
    for (size_t i = 0; i < p->n_op; i++)
        n_op += !stage_only || p->op[i].phase != VL_PHASE_HOST;

    size_t head = sizeof(struct vl_wire_header) + sizeof(struct vl_wire_body);
    size_t fixed = head + p->n_desc * sizeof(struct vl_wire_desc) + n_op * sizeof(struct vl_wire_op);
    cleanup_free char *records = vl_alloc(fixed);
    struct vl_wire_desc *wd = (void *)(records + head);
    struct vl_wire_op *wo = (void *)(wd + p->n_desc);

    for (size_t i = 0; i < p->n_desc; i++)
        put_desc(&wd[i], &p->desc[i], idents ? &idents[i] : NULL, &area);
    for (size_t i = 0; i < p->n_op; i++)
        if (!stage_only || p->op[i].phase != VL_PHASE_HOST)
            put_op(wo++, &p->op[i], &area);

    size_t len = fixed + area.len;
    char *buf = vl_alloc(len);
    memcpy(buf, records, fixed);
    if (area.len > 0)
        memcpy(buf + fixed, area.s, area.len);

    struct vl_wire_body *body = (void *)(buf + sizeof(struct vl_wire_header));
    body->n_desc = (uint32_t)p->n_desc;
    body->n_op = (uint32_t)n_op;
    body->area_len = (uint32_t)area.len;
    body->features = p->features;
    body->preserve_fds = p->preserve_fds;

    struct vl_wire_header *header = (void *)buf;
    memcpy(header->magic, VL_WIRE_MAGIC, sizeof(header->magic));
    header->version = VL_WIRE_VERSION;
    header->length = (uint32_t)len;
    vl_sha256(body, len - sizeof(*header), header->sha256);
    *ret_len = len;
    return buf;
}
