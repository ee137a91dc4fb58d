/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The total check of plan bytes: every fault is found and named, and no bytes whatsoever make it read outside of them.
 * Mutations run over a buffer of exactly the plan's length, so that the sanitizers see every step beyond.
 */
#include <stddef.h>
#include "base/digest.h"
#include "plan/plan.h"
#include "plan/wire_check.h"
#include "tap.h"

/* A plan with every kind of argument, as the stage takes it. */
static struct vl_plan *sample(void)
{
    static const uint64_t filter[] = {6, 0x7fff000000000006};
    static const uint32_t groups[] = {1, 2, 3};
    struct vl_plan *p = calloc(1, sizeof(*p));
    struct vl_op *op;

    int root = vl_plan_desc(p, VL_ROLE_ROOT, VL_KIND_DIR, VL_ACQ_TREE, VL_DESC_RECURSIVE, "/bundle/rootfs", "root.path");
    int late = vl_plan_desc(p, VL_ROLE_SOURCE, VL_KIND_ANY, VL_ACQ_IN_NS, VL_DESC_OPTIONAL, "/data", NULL);
    int gate = vl_plan_desc(p, VL_ROLE_GATE, VL_KIND_SOCKET, VL_ACQ_OPEN, 0, NULL, NULL);
    vl_plan_op(p, VL_OP_AWAIT, NULL)->n[0] = 1;
    vl_plan_op(p, VL_OP_GUARD, NULL);
    vl_plan_op(p, VL_OP_ROOT, "root")->fd[0] = (int16_t)root;
    op = vl_plan_op(p, VL_OP_MOUNT, "mounts[0]");
    vl_op_str(op, 0, "tmpfs");
    vl_op_str(op, 2, "/dev");
    vl_op_vec(op, 3, (char *[]){(char[]){"mode=755"}, (char[]){"size=1k"}}, 2);
    op = vl_plan_op(p, VL_OP_BIND, "mounts[1]");
    op->fd[0] = (int16_t)late;
    vl_op_str(op, 0, "/data");
    op = vl_plan_op(p, VL_OP_HOOK, NULL);
    op->n[2] = 7;
    op->n[3] = 4;
    vl_op_str(op, 0, "/hook");
    vl_op_str(op, 3, "{\"pid\":    }");
    vl_plan_op(p, VL_OP_PIVOT, NULL);
    op = vl_plan_op(p, VL_OP_CREDS, NULL);
    vl_op_blob(op, 0, groups, sizeof(groups));
    vl_plan_op(p, VL_OP_RESOLVE, NULL);
    vl_plan_op(p, VL_OP_READY, NULL);
    op = vl_plan_op(p, VL_OP_GATE, NULL);
    op->n[0] = 1;
    op->fd[0] = (int16_t)gate;
    op = vl_plan_op(p, VL_OP_RLIMIT, NULL);
    op = vl_plan_op(p, VL_OP_SECCOMP, NULL);
    vl_op_blob(op, 0, filter, sizeof(filter));
    op = vl_plan_op(p, VL_OP_EXEC, NULL);
    op->n[1] = 2;
    vl_op_vec(op, 0, (char *[]){(char[]){"sh"}, (char[]){""}}, 2);
    return p;
}

struct bytes {
    unsigned char *p;
    size_t len;
    struct vl_wire_header *header;
    struct vl_wire_body *body;
    struct vl_wire_desc *desc;
    struct vl_wire_op *op;
    char *area;
};

static void point(struct bytes *b)
{
    b->header = (void *)b->p;
    b->body = (void *)(b->header + 1);
    b->desc = (void *)(b->body + 1);
    b->op = (void *)(b->desc + b->body->n_desc);
    b->area = (char *)(b->op + b->body->n_op);
}

static struct bytes encode(const struct vl_plan *p)
{
    const struct vl_ident ids[3] = {{20, 1, 2}, {-1, 0, 0}, {21, 0, 0}};
    struct bytes b = {0};
    b.p = vl_plan_encode(p, true, ids, &b.len);
    point(&b);
    return b;
}

static struct vl_wire_view view;
static uint32_t at;

static enum vl_wire_fault check(const struct bytes *b)
{
    vl_sha256(b->body, b->len - sizeof(*b->header), b->header->sha256);
    return vl_wire_check(b->p, b->len, 1, vl_sha256, &view, &at);
}

static uint32_t op_index(const struct bytes *b, unsigned code)
{
    for (uint32_t i = 0; i < b->body->n_op; i++)
        if (b->op[i].code == code)
            return i;
    return 0;
}

/* -- faults ------------------------------------------------------------------------------------------------ */

static struct bytes b;

static struct vl_wire_op *op_of(unsigned code)
{
    return &b.op[op_index(&b, code)];
}

#define FAULT(want, name, ...)                                                                     \
    do {                                                                                           \
        b = encode(p);                                                                             \
        __VA_ARGS__;                                                                               \
        is_int(check(&b), want, name);                                                             \
        free(b.p);                                                                                 \
    } while (0)

static void test_frame(const struct vl_plan *p)
{
    FAULT(VL_WIRE_OK, "the plan itself is good", (void)0);
    FAULT(VL_WIRE_TRUNCATED, "shorter than its heads", b.len = 40 + 24);
    FAULT(VL_WIRE_TRUNCATED, "shorter than it says", b.len -= 8);
    FAULT(VL_WIRE_BAD_LENGTH, "longer than it says", b.header->length -= 8);
    FAULT(VL_WIRE_BAD_MAGIC, "another magic", b.header->magic[6] = '\n');
    FAULT(VL_WIRE_BAD_VERSION, "another version", b.header->version++);
    FAULT(VL_WIRE_BAD_VERSION, "reserved word in use", b.body->reserved = 1);
    FAULT(VL_WIRE_TOO_LARGE, "too many descriptors", b.body->n_desc = VL_WIRE_MAX_DESC + 1);
    FAULT(VL_WIRE_TOO_LARGE, "too many operations", b.body->n_op = VL_WIRE_MAX_OP + 1);
    FAULT(VL_WIRE_TOO_LARGE, "too many preserved descriptors", b.body->preserve_fds = ~0u);
    FAULT(VL_WIRE_BAD_LENGTH, "one operation more than there is", b.body->n_op++);
    FAULT(VL_WIRE_BAD_LENGTH, "an area larger than there is", b.body->area_len += 8);
    b = encode(p);
    b.area[0] ^= 1;
    is_int(vl_wire_check(b.p, b.len, 1, vl_sha256, &view, &at), VL_WIRE_BAD_DIGEST, "a changed byte is found by the digest");
    is_int(vl_wire_check(b.p, b.len, 1, NULL, &view, &at), VL_WIRE_OK, "unless the digest is left out");
    b.area[0] ^= 1;
    is_int(vl_wire_check(b.p, b.len, 0, vl_sha256, &view, NULL), VL_WIRE_OK, "for other readers than the stage too");
    ok(view.body->n_op == p->n_op && view.area == b.area, "the view points into the bytes");
    free(b.p);
}

static void test_records(const struct vl_plan *p)
{
    FAULT(VL_WIRE_BAD_DESC, "unknown role", b.desc[1].role = VL_ROLE_MAX);
    is_int(at, 1, "the descriptor is named");
    FAULT(VL_WIRE_BAD_DESC, "unknown kind", b.desc[0].kind = VL_KIND_MAX);
    FAULT(VL_WIRE_BAD_DESC, "unknown acquisition", b.desc[0].acquire = 0);
    FAULT(VL_WIRE_BAD_DESC, "unknown flag", b.desc[0].flags = 1 << 9);
    FAULT(VL_WIRE_BAD_DESC, "late descriptor with a number", b.desc[1].fd = 30);
    FAULT(VL_WIRE_BAD_DESC, "early descriptor without a number", b.desc[0].fd = -1);
    FAULT(VL_WIRE_BAD_DESC, "descriptor on the workload's stdio", b.desc[0].fd = 2);
    FAULT(VL_WIRE_BAD_DESC, "descriptor among the preserved ones", b.body->preserve_fds = 18);
    FAULT(VL_WIRE_BAD_REF, "path outside the area", b.desc[0].path.off = b.body->area_len);
    FAULT(VL_WIRE_BAD_REF, "path with a NUL inside", b.area[b.desc[0].path.off + 2] = '\0');
    FAULT(VL_WIRE_BAD_OP, "unknown code", op_of(VL_OP_PIVOT)->code = 5000);
    FAULT(VL_WIRE_BAD_OP, "unknown version", op_of(VL_OP_PIVOT)->version = 2);
    FAULT(VL_WIRE_BAD_OP, "reserved word", op_of(VL_OP_PIVOT)->reserved = 1);
    FAULT(VL_WIRE_BAD_OP, "phase it may not stand in", op_of(VL_OP_PIVOT)->phase = VL_PHASE_AMBIENT);
    FAULT(VL_WIRE_BAD_OP, "phase that does not exist", op_of(VL_OP_PIVOT)->phase = 77);
    FAULT(VL_WIRE_BAD_OP, "operation of the host", op_of(VL_OP_RLIMIT)->code = VL_OP_OOM);
    FAULT(VL_WIRE_BAD_OP, "a number it does not have", op_of(VL_OP_PIVOT)->n[1] = 1);
    FAULT(VL_WIRE_BAD_REF, "a string it does not have", op_of(VL_OP_PIVOT)->s[0] = b.desc[0].path);
    FAULT(VL_WIRE_BAD_FD, "a descriptor it does not have", op_of(VL_OP_PIVOT)->fd[0] = 0);
    FAULT(VL_WIRE_BAD_FD, "a descriptor beyond the table", op_of(VL_OP_ROOT)->fd[0] = 3);
    FAULT(VL_WIRE_BAD_FD, "a negative descriptor", op_of(VL_OP_MOUNT)->fd[0] = -2);
    FAULT(VL_WIRE_BAD_FD, "a mandatory descriptor missing", op_of(VL_OP_ROOT)->fd[0] = -1);
    FAULT(VL_WIRE_BAD_REF, "a mandatory string missing", op_of(VL_OP_MOUNT)->s[0] = (struct vl_ref){VL_NOREF, 0});
    FAULT(VL_WIRE_BAD_REF, "an absent string with a length", op_of(VL_OP_MOUNT)->s[1].len = 1);
    FAULT(VL_WIRE_BAD_REF, "an unaligned string", op_of(VL_OP_MOUNT)->s[0].off++);
    FAULT(VL_WIRE_BAD_REF, "a string that ends outside", op_of(VL_OP_MOUNT)->s[0].len = 0x7fffffff);
    FAULT(VL_WIRE_BAD_REF, "a string without its NUL", op_of(VL_OP_MOUNT)->s[0].len--);
    FAULT(VL_WIRE_BAD_REF, "a vector whose last string does not end", op_of(VL_OP_MOUNT)->s[3].len -= 2);
    FAULT(VL_WIRE_BAD_OP, "a filter of half instructions", op_of(VL_OP_SECCOMP)->s[0].len = 12;
          memset(b.area + op_of(VL_OP_SECCOMP)->s[0].off + 12, 0, 1));
    FAULT(VL_WIRE_BAD_OP, "an empty filter", op_of(VL_OP_SECCOMP)->s[0].len = 0; memset(b.area + op_of(VL_OP_SECCOMP)->s[0].off, 0, 1));
    FAULT(VL_WIRE_BAD_OP, "groups of odd length", op_of(VL_OP_CREDS)->s[0].len = 7; memset(b.area + op_of(VL_OP_CREDS)->s[0].off + 7, 0, 1));
    FAULT(VL_WIRE_BAD_OP, "a wrong count of arguments", op_of(VL_OP_EXEC)->n[1] = 3);
    FAULT(VL_WIRE_BAD_OP, "a wrong count of the environment", op_of(VL_OP_EXEC)->n[2] = 1);
    FAULT(VL_WIRE_BAD_OP, "no arguments", op_of(VL_OP_EXEC)->n[1] = 0);
    FAULT(VL_WIRE_BAD_OP, "a pid slot outside of the state", op_of(VL_OP_HOOK)->n[2] = 9);
    FAULT(VL_WIRE_BAD_OP, "a negative pid slot", op_of(VL_OP_HOOK)->n[2] = -1);
    FAULT(VL_WIRE_BAD_OP, "a gate by socket without one", op_of(VL_OP_GATE)->fd[0] = -1);
    FAULT(VL_WIRE_BAD_OP, "a gate of no known kind", op_of(VL_OP_GATE)->n[0] = 2);
}

static void swap(unsigned one, unsigned two)
{
    struct vl_wire_op *x = op_of(one), *y = op_of(two), t = *x;
    *x = *y;
    *y = t;
}

/* The operation becomes another that has no arguments, or few. */
static void become(unsigned code, unsigned other)
{
    struct vl_wire_op *op = op_of(code), *model = op_of(other);
    uint8_t phase = op->phase;
    *op = *model;
    op->phase = phase;
}

static void test_order(const struct vl_plan *p)
{
    FAULT(VL_WIRE_BAD_ORDER, "phases backwards", swap(VL_OP_GUARD, VL_OP_PIVOT));
    FAULT(VL_WIRE_BAD_ORDER, "ready before resolve", swap(VL_OP_READY, VL_OP_RESOLVE));
    FAULT(VL_WIRE_BAD_ORDER, "gate before ready", swap(VL_OP_READY, VL_OP_GATE));
    FAULT(VL_WIRE_BAD_ORDER, "limits before the gate", swap(VL_OP_RLIMIT, VL_OP_GATE));
    FAULT(VL_WIRE_BAD_ORDER, "limits behind the filter", swap(VL_OP_RLIMIT, VL_OP_SECCOMP));
    FAULT(VL_WIRE_BAD_ORDER, "exec before the filter", swap(VL_OP_EXEC, VL_OP_SECCOMP));
    FAULT(VL_WIRE_BAD_ORDER, "root behind the root switch", swap(VL_OP_ROOT, VL_OP_PIVOT));
    FAULT(VL_WIRE_BAD_ORDER, "no root switch", become(VL_OP_PIVOT, VL_OP_MOUNT));
    FAULT(VL_WIRE_BAD_ORDER, "no guard", become(VL_OP_GUARD, VL_OP_AWAIT));
    FAULT(VL_WIRE_BAD_ORDER, "no resolve", become(VL_OP_RESOLVE, VL_OP_READY));
    FAULT(VL_WIRE_BAD_ORDER, "no exec", become(VL_OP_EXEC, VL_OP_SECCOMP));
    FAULT(VL_WIRE_BAD_ORDER, "waits for more descriptors than come late", op_of(VL_OP_AWAIT)->n[0] = 2);
    FAULT(VL_WIRE_BAD_ORDER, "does not wait for late descriptors", op_of(VL_OP_AWAIT)->code = VL_OP_LOOPBACK; op_of(VL_OP_LOOPBACK)->n[0] = 0);
    FAULT(VL_WIRE_BAD_OP, "exec in another phase", op_of(VL_OP_EXEC)->phase = VL_PHASE_AMBIENT);
}

/* Without capability sets a plan would start the workload with everything. */
static void test_needs_creds(void)
{
    struct vl_plan *p = sample();
    for (size_t i = 0; i < p->n_op; i++)
        if (p->op[i].code == VL_OP_CREDS) {
            free(p->op[i].s[0].data);
            memmove(&p->op[i], &p->op[i + 1], (p->n_op - i - 1) * sizeof(p->op[0]));
            p->n_op--;
        }
    b = encode(p);
    is_int(check(&b), VL_WIRE_BAD_ORDER, "no credentials");
    free(b.p);
    vl_plan_free(p);
}

/* -- mutations ----------------------------------------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t rnd(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 20) % below);
}

/* Reads everything a view promises: strings to their NUL, vectors string by string. */
static unsigned long walk(const struct vl_wire_view *v)
{
    unsigned long sum = 0;
    for (uint32_t i = 0; i < v->body->n_op; i++) {
        const struct vl_op_shape *shape = vl_op_shape(v->op[i].code);
        for (unsigned s = 0; s < VL_OP_STRS; s++) {
            const char *text = vl_wire_str(v, v->op[i].s[s]);
            uint32_t len = v->op[i].s[s].len;
            if (!text)
                continue;
            if (shape->vec >> s & 1)
                for (const char *p = text; p < text + len; p += strlen(p) + 1)
                    sum += strlen(p);
            else if (!(shape->blob >> s & 1))
                sum += strlen(text) == len ? 1 : 1000000;
            sum += (unsigned char)text[len];
        }
        for (unsigned f = 0; f < VL_OP_FDS; f++)
            if (v->op[i].fd[f] >= 0)
                sum += v->desc[v->op[i].fd[f]].role;
    }
    return sum;
}

static void test_mutations(const struct vl_plan *p, unsigned rounds)
{
    struct bytes good = encode(p);
    unsigned accepted = 0, faults[16] = {0}, crossed = 0;

    for (unsigned i = 0; i < rounds; i++) {
        size_t len = rnd(8) ? good.len : rnd((uint32_t)good.len + 1);
        struct bytes m = {.p = malloc(len ? len : 1), .len = len};
        memcpy(m.p, good.p, len);
        for (unsigned n = 1 + rnd(4); n > 0 && len > 0; n--) {
            size_t where = rnd(4) ? rnd((uint32_t)len) : rnd((uint32_t)(len < 800 ? len : 800));
            unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff, (unsigned char)rnd(256), (unsigned char)(m.p[where] + 1),
                                      (unsigned char)(m.p[where] - 8)};
            m.p[where] = values[rnd(sizeof(values))];
        }
        enum vl_wire_fault f = vl_wire_check(m.p, m.len, rnd(2) != 0, NULL, &view, &at);
        faults[f]++;
        if (f == VL_WIRE_OK) {
            accepted++;
            crossed += walk(&view) >= 1000000;
        }
        free(m.p);
    }
    ok(accepted > 0 && accepted < rounds, "%u mutations: %u still good plans, all readable", rounds, accepted);
    is_int(crossed, 0, "no accepted string has a NUL inside");
    unsigned kinds = 0;
    for (unsigned f = 1; f < 16; f++)
        kinds += faults[f] > 0;
    ok(kinds >= 8, "%u kinds of fault met", kinds);
    free(good.p);
}

static void test_shapes(void)
{
    bool sane = true;
    for (unsigned i = 0; i < vl_n_op_shapes; i++) {
        const struct vl_op_shape *s = &vl_op_shapes[i];
        sane = sane && s->phases != 0 && s->n_num <= VL_OP_NUMS && s->n_str <= VL_OP_STRS && s->n_fd <= VL_OP_FDS &&
               (s->vec & s->blob) == 0 && (s->vec | s->blob | s->s_opt) >> s->n_str == 0 && s->f_opt >> s->n_fd == 0 &&
               vl_op_shape(s->code) == s;
    }
    ok(sane, "every shape is consistent, every code once");
    ok(!vl_op_shape(0) && !vl_op_shape(VL_OP_CODE_MAX) && !vl_op_shape(VL_OP_NS_PATH_MAX), "what has no shape is unknown");
}

int main(void)
{
    struct vl_plan *p = sample();

    test_frame(p);
    test_records(p);
    test_order(p);
    test_needs_creds();
    test_shapes();
    test_mutations(p, getenv("VL_LONG") ? 5000000 : 100000);
    vl_plan_free(p);
    return done_testing();
}
