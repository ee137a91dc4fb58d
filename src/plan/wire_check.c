/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Total check of plan bytes: any bytes give a view whose every reference is inside the buffer, or a precise
 * fault. Freestanding: the stage compiles this file too, so no C library. Nothing is read before its bounds
 * are known; the caller's buffer is never written.
 */
#include "plan/wire_check.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Longest filter the kernel takes (BPF_MAXINSNS instructions of 8 bytes). */
#define FILTER_MAX (4096u * 8u)

#define NEW_USER 0x10000000 /* CLONE_NEWUSER: its maps are written while it waits */

static int same(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (uint8_t)(a[i] ^ b[i]);
    return diff == 0;
}

/* -- references --------------------------------------------------------------------------------- */

static int ref_absent(struct vl_ref r)
{
    return r.off == VL_NOREF && r.len == 0;
}

/* Inside the area, 8-aligned, with room for the NUL behind it, which is there. */
static int ref_ok(const struct vl_wire_view *v, struct vl_ref r)
{
    uint32_t area_len = v->body->area_len;
    if (r.off >= area_len || r.len >= area_len - r.off || r.off % 8 != 0)
        return 0;
    return v->area[r.off + r.len] == '\0';
}

static int has_nul(const char *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (s[i] == '\0')
            return 1;
    return 0;
}

static int text_ok(const struct vl_wire_view *v, struct vl_ref r)
{
    return ref_ok(v, r) && !has_nul(v->area + r.off, r.len);
}

static uint32_t vector_count(const struct vl_wire_view *v, struct vl_ref r)
{
    uint32_t count = 0;
    if (r.off != VL_NOREF)
        for (uint32_t i = 0; i < r.len; i++)
            count += v->area[r.off + i] == '\0';
    return count;
}

/* -- one descriptor, one operation --------------------------------------------------------------- */

static int desc_is_late(const struct vl_wire_desc *d)
{
    return d->acquire == VL_ACQ_IN_NS || d->acquire == VL_ACQ_LATE_TREE;
}

static enum vl_wire_fault check_desc(const struct vl_wire_view *v, const struct vl_wire_desc *d, int stage)
{
    const unsigned known = VL_DESC_RECURSIVE | VL_DESC_NOFOLLOW | VL_DESC_OPTIONAL;

    if (d->role == 0 || d->role >= VL_ROLE_MAX || d->kind >= VL_KIND_MAX || d->acquire == 0 ||
        d->acquire >= VL_ACQ_MAX || (d->flags & ~known) != 0 || d->fd < -1)
        return VL_WIRE_BAD_DESC;
    int inherited = d->acquire == VL_ACQ_INHERITED, none = desc_is_late(d) || inherited;

    if (none && d->fd != -1)
        return VL_WIRE_BAD_DESC;
    /* without an identity, anything at that path would do */
    if (inherited && (ref_absent(d->path) || (stage && (d->dev | d->ino) == 0 && !(d->flags & VL_DESC_OPTIONAL))))
        return VL_WIRE_BAD_DESC;
    if (stage && !none && d->fd == -1 && !(d->flags & VL_DESC_OPTIONAL))
        return VL_WIRE_BAD_DESC;
    /* the numbers up to 2 + preserve_fds belong to the workload */
    if (stage && d->fd != -1 && (uint32_t)d->fd < 3 + v->body->preserve_fds)
        return VL_WIRE_BAD_DESC;
    if ((!ref_absent(d->path) && !text_ok(v, d->path)) || (!ref_absent(d->where) && !text_ok(v, d->where)))
        return VL_WIRE_BAD_REF;
    return VL_WIRE_OK;
}

static int string_ok(const struct vl_wire_view *v, const struct vl_op_shape *shape, struct vl_ref r, unsigned i)
{
    if (i >= shape->n_str)
        return ref_absent(r);
    if (ref_absent(r))
        return (shape->s_opt >> i & 1) != 0;
    if ((shape->blob >> i & 1) != 0)
        return ref_ok(v, r);
    if ((shape->vec >> i & 1) != 0) /* each string ends with its own NUL */
        return ref_ok(v, r) && (r.len == 0 || v->area[r.off + r.len - 1] == '\0');
    return text_ok(v, r);
}

static int fd_ok(const struct vl_wire_view *v, const struct vl_op_shape *shape, int16_t fd, unsigned i)
{
    if (i >= shape->n_fd)
        return fd == -1;
    if (fd == -1)
        return (shape->f_opt >> i & 1) != 0;
    return fd >= 0 && (uint32_t)fd < v->body->n_desc;
}

/* Relations between the arguments of one operation that the stage relies on. */
static int arguments_ok(const struct vl_wire_view *v, const struct vl_wire_op *op)
{
    switch (op->code) {
    case VL_OP_SECCOMP:
        return op->s[0].len >= 8 && op->s[0].len <= FILTER_MAX && op->s[0].len % 8 == 0 && op->n[1] >= 0 &&
               op->n[1] <= 2;
    case VL_OP_EXEC:
        return op->n[1] == (int64_t)vector_count(v, op->s[0]) &&
               op->n[2] == (int64_t)vector_count(v, op->s[1]);
    case VL_OP_HOOK:
        return op->n[2] >= 0 && op->n[3] >= 0 && op->n[3] <= 32 && op->n[2] <= (int64_t)op->s[3].len &&
               op->n[3] <= (int64_t)op->s[3].len - op->n[2];
    case VL_OP_CREDS:
        return op->s[0].off == VL_NOREF || op->s[0].len % 4 == 0;
    case VL_OP_MEMPOLICY: /* the node mask has the bits that maxnode announces */
        return op->n[1] >= 0 && op->n[1] <= (int64_t)(op->s[0].off == VL_NOREF ? 0 : op->s[0].len) * 8;
    case VL_OP_SCHED:
        return op->s[0].len == sizeof(struct vl_wire_sched);
    case VL_OP_GATE:
        return op->n[0] == 0 || (op->n[0] == 1 && op->fd[0] >= 0);
    case VL_OP_UNMOUNT: /* as many as the stage holds open at once */
        return vector_count(v, op->s[0]) >= 1 && vector_count(v, op->s[0]) <= VL_WIRE_MAX_ADDED;
    case VL_OP_USER:
        return op->n[0] >= -1 && op->n[1] >= -1 && (op->n[0] >= 0) == (op->s[0].off == VL_NOREF);
    default:
        return 1;
    }
}

static enum vl_wire_fault check_op(const struct vl_wire_view *v, const struct vl_wire_op *op, int stage)
{
    const struct vl_op_shape *shape = vl_op_shape(op->code);

    if (!shape || op->version != shape->version || op->reserved != 0 || op->phase >= VL_PHASE_MAX ||
        (shape->phases >> op->phase & 1) == 0)
        return VL_WIRE_BAD_OP;
    if (stage && op->phase == VL_PHASE_HOST)
        return VL_WIRE_BAD_OP;
    for (unsigned i = shape->n_num; i < VL_OP_NUMS; i++)
        if (op->n[i] != 0)
            return VL_WIRE_BAD_OP;
    if (!ref_absent(op->where) && !text_ok(v, op->where))
        return VL_WIRE_BAD_REF;
    for (unsigned i = 0; i < VL_OP_STRS; i++)
        if (!string_ok(v, shape, op->s[i], i))
            return VL_WIRE_BAD_REF;
    for (unsigned i = 0; i < VL_OP_FDS; i++)
        if (!fd_ok(v, shape, op->fd[i], i))
            return VL_WIRE_BAD_FD;
    return arguments_ok(v, op) ? VL_WIRE_OK : VL_WIRE_BAD_OP;
}

/* -- the order of a stage's plan ------------------------------------------------------------------ */

/* What has been seen so far, one counter an operation that may stand only once. */
static const uint16_t once[] = {VL_OP_FORK,  VL_OP_AWAIT, VL_OP_ASSUME,  VL_OP_GUARD, VL_OP_ROOT, VL_OP_PIVOT,
                                VL_OP_CREDS, VL_OP_NNP,   VL_OP_RESOLVE, VL_OP_READY, VL_OP_GATE, VL_OP_EXEC,
                                VL_OP_USER,  VL_OP_ENTER, VL_OP_UNMOUNT, VL_OP_DONE,
                                VL_OP_LANDLOCK, VL_OP_LANDLOCK_ENFORCE};

struct order {
    uint32_t seen; /* bit i: once[i] */
    uint32_t late; /* descriptors that come with PROCEED */
    uint8_t phase;
    uint8_t filtered; /* a filter of the ready phase is in: only EXEC remains */
};

static uint32_t once_bit(unsigned code)
{
    for (unsigned i = 0; i < ARRAY_LEN(once); i++)
        if (once[i] == code)
            return 1u << i;
    return 0;
}

/* Operations that must come before this one. */
static uint32_t needs(const struct vl_wire_op *op)
{
    switch (op->code) {
    case VL_OP_ROOT:
    case VL_OP_CREDS:
    case VL_OP_USER:
    case VL_OP_ENTER:
        return once_bit(VL_OP_GUARD);
    case VL_OP_UNMOUNT:
    case VL_OP_DONE:
        return once_bit(VL_OP_ENTER);
    case VL_OP_FORK: /* at the end of the identity phase, or without any right left */
        return op->phase == VL_PHASE_AMBIENT ? once_bit(VL_OP_CREDS) : 0;
    case VL_OP_PIVOT:
        return once_bit(VL_OP_ROOT);
    case VL_OP_RESOLVE:
        return once_bit(VL_OP_CREDS);
    case VL_OP_READY:
        return once_bit(VL_OP_CREDS) | once_bit(VL_OP_GUARD);
    case VL_OP_GATE:
        return once_bit(VL_OP_READY);
    case VL_OP_RLIMIT:
        return once_bit(VL_OP_GATE);
    case VL_OP_EXEC: /* without a command there is nothing to resolve, and start will fail */
        return once_bit(VL_OP_GATE) | (op->n[1] > 0 ? once_bit(VL_OP_RESOLVE) : 0);
    case VL_OP_LANDLOCK: /* a process that the container could look at would show it an open ruleset */
        return once_bit(VL_OP_GUARD);
    case VL_OP_LANDLOCK_PATH:
    case VL_OP_LANDLOCK_PORT:
        return once_bit(VL_OP_LANDLOCK);
    case VL_OP_LANDLOCK_ENFORCE: /* with the rights of an ordinary process it takes no_new_privs */
        return once_bit(VL_OP_LANDLOCK) | (op->phase == VL_PHASE_READY ? once_bit(VL_OP_NNP) : 0);
    case VL_OP_SECCOMP:
    case VL_OP_HOOK:
        return op->phase == VL_PHASE_READY ? once_bit(VL_OP_GATE) : once_bit(VL_OP_GUARD);
    default:
        return 0;
    }
}

/* Operations that must not have come before this one. */
static uint32_t forbids(const struct vl_wire_op *op)
{
    if (op->code == VL_OP_JOIN)
        return once_bit(VL_OP_FORK) | once_bit(VL_OP_ASSUME) | once_bit(VL_OP_GUARD);
    if (op->code == VL_OP_FORK && op->phase == VL_PHASE_IDENTITY)
        return once_bit(VL_OP_AWAIT) | once_bit(VL_OP_ASSUME) | once_bit(VL_OP_GUARD);
    if (op->code == VL_OP_FORK) /* what waits or was announced belongs to the process that forks */
        return once_bit(VL_OP_AWAIT);
    if (op->code == VL_OP_RESOLVE)
        return once_bit(VL_OP_READY);
    if (op->code == VL_OP_LANDLOCK || op->code == VL_OP_LANDLOCK_PATH || op->code == VL_OP_LANDLOCK_PORT)
        return once_bit(VL_OP_CREDS) | once_bit(VL_OP_LANDLOCK_ENFORCE);
    if (op->code == VL_OP_LANDLOCK_ENFORCE) /* nobody waits for `start` unconfined */
        return once_bit(VL_OP_READY);
    if (op->code == VL_OP_ENTER) /* one root is enough */
        return once_bit(VL_OP_ROOT);
    if (op->code == VL_OP_ROOT || op->code == VL_OP_READY)
        return once_bit(VL_OP_ENTER);
    return op->code == VL_OP_EXEC ? 0 : once_bit(VL_OP_EXEC) | once_bit(VL_OP_DONE);
}

static int order_step(struct order *o, const struct vl_wire_op *op)
{
    uint32_t bit = once_bit(op->code), no = forbids(op);

    /* who has waited for nothing but its cgroup has nothing that would be lost */
    if (op->code == VL_OP_FORK && o->late == 0 && (op->n[0] & NEW_USER) == 0)
        no &= ~once_bit(VL_OP_AWAIT);
    if (op->phase < o->phase || (o->seen & bit) != 0 || (needs(op) & ~o->seen) != 0 ||
        (no & o->seen) != 0)
        return 0;
    if (o->filtered && op->code != VL_OP_SECCOMP && op->code != VL_OP_EXEC)
        return 0;
    if (op->code == VL_OP_AWAIT && op->n[0] != (int64_t)o->late)
        return 0;
    o->phase = op->phase;
    o->seen |= bit;
    if (op->code == VL_OP_SECCOMP && op->phase == VL_PHASE_READY)
        o->filtered = 1;
    return 1;
}

static enum vl_wire_fault check_order(const struct vl_wire_view *v, uint32_t *at)
{
    struct order o = {0};

    for (uint32_t i = 0; i < v->body->n_desc; i++)
        o.late += (uint32_t)desc_is_late(&v->desc[i]);
    for (*at = 0; *at < v->body->n_op; (*at)++)
        if (!order_step(&o, &v->op[*at]))
            return VL_WIRE_BAD_ORDER;
    uint32_t root = once_bit(VL_OP_ROOT), pivot = once_bit(VL_OP_PIVOT);
    uint32_t rules = once_bit(VL_OP_LANDLOCK), enforce = once_bit(VL_OP_LANDLOCK_ENFORCE);
    uint32_t end = once_bit(VL_OP_EXEC) | once_bit(VL_OP_DONE);
    if ((o.seen & end) == 0 || ((o.seen & root) != 0 && (o.seen & pivot) == 0) ||
        ((o.seen & rules) != 0 && (o.seen & enforce) == 0) ||
        (o.late > 0 && (o.seen & once_bit(VL_OP_AWAIT)) == 0))
        return VL_WIRE_BAD_ORDER;
    return VL_WIRE_OK;
}

/* -- the whole ------------------------------------------------------------------------------------ */

/* Header, counts and the places of the tables. */
static enum vl_wire_fault check_frame(const void *buf, size_t len, struct vl_wire_view *v)
{
    const struct vl_wire_header *h = buf;
    const size_t head = sizeof(struct vl_wire_header) + sizeof(struct vl_wire_body);

    if (len < head)
        return VL_WIRE_TRUNCATED;
    if (!same(h->magic, (const uint8_t *)VL_WIRE_MAGIC, sizeof(h->magic)))
        return VL_WIRE_BAD_MAGIC;
    if (h->version != VL_WIRE_VERSION)
        return VL_WIRE_BAD_VERSION;
    if (len > VL_WIRE_MAX)
        return VL_WIRE_TOO_LARGE;
    if (h->length != len)
        return h->length > len ? VL_WIRE_TRUNCATED : VL_WIRE_BAD_LENGTH;

    const struct vl_wire_body *b = (const void *)(h + 1);
    if (b->n_desc > VL_WIRE_MAX_DESC || b->n_op > VL_WIRE_MAX_OP || b->area_len > VL_WIRE_MAX ||
        b->preserve_fds > VL_WIRE_MAX_PRESERVE)
        return VL_WIRE_TOO_LARGE;
    if (b->reserved != 0)
        return VL_WIRE_BAD_VERSION;
    uint64_t want = head + (uint64_t)b->n_desc * sizeof(struct vl_wire_desc) +
                    (uint64_t)b->n_op * sizeof(struct vl_wire_op) + b->area_len;
    if (want != len)
        return VL_WIRE_BAD_LENGTH;
    v->header = h;
    v->body = b;
    v->desc = (const void *)(b + 1);
    v->op = (const void *)(v->desc + b->n_desc);
    v->area = (const char *)(v->op + b->n_op);
    return VL_WIRE_OK;
}

enum vl_wire_fault vl_wire_check(const void *buf, size_t len, int stage,
                                 void (*sha256)(const void *data, size_t n, uint8_t out[32]),
                                 struct vl_wire_view *view, uint32_t *at)
{
    struct vl_wire_view v;
    uint32_t index = 0;
    uint32_t *i = at ? at : &index;

    *i = 0;
    enum vl_wire_fault fault = check_frame(buf, len, &v);
    if (fault != VL_WIRE_OK)
        return fault;
    if (sha256) {
        uint8_t digest[32];
        sha256(v.body, len - sizeof(*v.header), digest);
        if (!same(digest, v.header->sha256, sizeof(digest)))
            return VL_WIRE_BAD_DIGEST;
    }
    for (*i = 0; *i < v.body->n_desc; (*i)++)
        if ((fault = check_desc(&v, &v.desc[*i], stage)) != VL_WIRE_OK)
            return fault;
    for (*i = 0; *i < v.body->n_op; (*i)++)
        if ((fault = check_op(&v, &v.op[*i], stage)) != VL_WIRE_OK)
            return fault;
    if (stage && (fault = check_order(&v, i)) != VL_WIRE_OK)
        return fault;
    *i = 0;
    *view = v;
    return VL_WIRE_OK;
}
