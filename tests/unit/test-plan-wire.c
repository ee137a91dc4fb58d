/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as bytes: nothing is lost on the way, digests are stable, damage is refused, the two registries agree. */
#include "tap.h"
#include "base/digest.h"
#include "base/mem.h"
#include "plan/plan.h"
#include "plan/wire_check.h"

/* Every operation of the registry once, every argument with a value of its own. */
static struct vl_plan *full_plan(void)
{
    struct vl_plan *p = vl_alloc(sizeof(*p));
    p->features = VL_FEAT_OPENAT2 | VL_FEAT_CLONE3;
    p->preserve_fds = 7;
    vl_plan_desc(p, VL_ROLE_ROOT, VL_KIND_DIR, VL_ACQ_TREE, VL_DESC_RECURSIVE, "/r", "root.path");
    vl_plan_desc(p, VL_ROLE_NS, VL_KIND_NSFS, VL_ACQ_OPEN, 0, "/ns", NULL);
    p->desc[1].aux = 0x40000000;
    vl_plan_desc(p, VL_ROLE_EMPTY, VL_KIND_DIR, VL_ACQ_IN_NS, VL_DESC_OPTIONAL, NULL, NULL);
    static const uint8_t binary[] = {1, 0, 2, 0, 0, 0, 0, 3};
    static char *const vec[] = {(char *)"a", (char *)"", (char *)"ccccccccc"};
    for (unsigned code = 1; code < VL_OP_CODE_MAX; code++) {
        const struct vl_op_names *names = vl_op_names(code);
        if (names == NULL || vl_op_shape(code) == NULL)
            continue;
        struct vl_op *op = vl_plan_op(p, (enum vl_op_code)code, code % 2 ? "here" : NULL);
        for (int i = 0; i < VL_OP_NUMS && names->num[i]; i++)
            op->n[i] = i % 2 ? -(int64_t)code - i : (int64_t)code << 33;
        for (int i = 0; i < VL_OP_STRS && names->str[i]; i++) {
            if (names->vec & 1 << i)
                vl_op_vec(op, i, vec, 3);
            else if (names->blob & 1 << i)
                vl_op_blob(op, i, binary, sizeof(binary));
            else
                vl_op_str(op, i, i == 1 ? "" : "text");
        }
        for (int i = 0; i < VL_OP_FDS && names->fd[i]; i++)
            op->fd[i] = (int16_t)i;
    }
    return p;
}

static struct vl_op *op_of(struct vl_plan *p, enum vl_op_code code)
{
    for (size_t i = 0; i < p->n_op; i++)
        if (p->op[i].code == code)
            return &p->op[i];
    return NULL;
}

/* Some arguments have a relation that the check knows. */
static void make_sound(struct vl_plan *p)
{
    static const struct vl_wire_sched sched = {.size = sizeof(sched), .policy = 1, .priority = 3};
    struct vl_op *op = op_of(p, VL_OP_EXEC);
    op->n[1] = op->n[2] = 3;
    op = op_of(p, VL_OP_HOOK);
    op->n[2] = 1;
    op->n[3] = 2;
    op_of(p, VL_OP_GATE)->n[0] = 1;
    op_of(p, VL_OP_USER)->n[0] = op_of(p, VL_OP_USER)->n[1] = -1;
    op_of(p, VL_OP_MEMPOLICY)->n[1] = 64;
    op_of(p, VL_OP_SECCOMP)->n[1] = 1;
    vl_op_blob(op_of(p, VL_OP_SCHED), 0, &sched, sizeof(sched));
}

static bool same_str(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_plan(const struct vl_plan *a, const struct vl_plan *b)
{
    if (a->n_desc != b->n_desc || a->n_op != b->n_op || a->features != b->features ||
        a->preserve_fds != b->preserve_fds)
        return false;
    for (size_t i = 0; i < a->n_desc; i++) {
        const struct vl_desc *x = &a->desc[i], *y = &b->desc[i];
        if (x->role != y->role || x->kind != y->kind || x->acquire != y->acquire || x->flags != y->flags ||
            x->aux != y->aux || !same_str(x->path, y->path) || !same_str(x->where, y->where))
            return false;
    }
    for (size_t i = 0; i < a->n_op; i++) {
        const struct vl_op *x = &a->op[i], *y = &b->op[i];
        if (x->code != y->code || x->phase != y->phase || !same_str(x->where, y->where) ||
            memcmp(x->n, y->n, sizeof(x->n)) != 0 || memcmp(x->fd, y->fd, sizeof(x->fd)) != 0)
            return false;
        for (int s = 0; s < VL_OP_STRS; s++)
            if ((x->s[s].data == NULL) != (y->s[s].data == NULL) || x->s[s].len != y->s[s].len ||
                (x->s[s].len > 0 && memcmp(x->s[s].data, y->s[s].data, x->s[s].len) != 0))
                return false;
    }
    return true;
}

static void test_round_trip(const struct vl_plan *p)
{
    size_t len, again_len;
    cleanup_free char *bytes = vl_plan_encode(p, false, NULL, &len);
    cleanup_free char *again = vl_plan_encode(p, false, NULL, &again_len);
    ok(len == again_len && memcmp(bytes, again, len) == 0, "encoding twice gives the same bytes");
    cleanup(plan) struct vl_plan *copy = NULL;
    struct vl_error *err = NULL;
    if (!ok(vl_plan_decode(bytes, len, &copy, &err) == 0, "the bytes are a plan")) {
        diag("%s", err->text);
        vl_error_free(err);
        return;
    }
    ok(same_plan(p, copy), "it is the same plan");
    cleanup_free char *shifted = vl_alloc(len + 1);
    memcpy(shifted + 1, bytes, len);
    cleanup(plan) struct vl_plan *unaligned = NULL;
    ok(vl_plan_decode(shifted + 1, len, &unaligned, &err) == 0, "bytes at an odd address");
    uint8_t a[32], b[32];
    vl_plan_digest(p, a);
    vl_plan_digest(copy, b);
    ok(memcmp(a, b, sizeof(a)) == 0, "with the same digest");
    struct vl_wire_view view;
    uint32_t at;
    struct vl_wire_header *h = (void *)bytes;
    is_int(vl_wire_check(bytes, len, 0, vl_sha256, &view, &at), VL_WIRE_OK, "the check agrees");
    is_int(h->length, len, "the length is exact");
}

static void test_digest(void)
{
    uint8_t a[32], b[32];
    size_t len;
    cleanup(plan) struct vl_plan *p = full_plan();
    vl_plan_digest(p, a);
    struct vl_ident idents[] = {{30, 1, 2}, {31, 3, 4}, {-1, 0, 0}};
    cleanup_free void *with = vl_plan_encode(p, false, idents, &len);
    cleanup_free void *without = vl_plan_encode(p, false, NULL, &len);
    ok(memcmp(with, without, len) != 0, "identities are in the bytes");
    vl_plan_digest(p, b);
    ok(memcmp(a, b, sizeof(a)) == 0, "and not in the digest");
    p->op[3].n[0]++;
    vl_plan_digest(p, b);
    ok(memcmp(a, b, sizeof(a)) != 0, "one number changes the digest");
    p->op[3].n[0]--;
    p->preserve_fds++;
    vl_plan_digest(p, b);
    ok(memcmp(a, b, sizeof(a)) != 0, "so does the number of preserved descriptors");
}

static void test_stage_part(struct vl_plan *p)
{
    size_t len, host = 0;
    struct vl_ident idents[] = {{30, 1, 2}, {31, 3, 4}, {-1, 0, 0}};
    cleanup_free char *bytes = vl_plan_encode(p, true, idents, &len);
    const struct vl_wire_body *body = (void *)(bytes + sizeof(struct vl_wire_header));
    const struct vl_wire_desc *d = (void *)(body + 1);
    const struct vl_wire_op *w = (void *)(d + body->n_desc);
    for (size_t i = 0; i < p->n_op; i++)
        host += p->op[i].phase == VL_PHASE_HOST;
    is_int(body->n_op, p->n_op - host, "the stage gets no host operations");
    is_int(body->n_desc, 3, "but all descriptors");
    ok(d[1].fd == 31 && d[1].dev == 3 && d[1].ino == 4 && d[2].fd == -1, "with their numbers and identities");
    bool mapped = true;
    for (uint32_t i = 0; i < body->n_op; i++)
        mapped = mapped && vl_plan_stage_op(p, i) != NULL && (uint16_t)vl_plan_stage_op(p, i)->code == w[i].code;
    ok(mapped, "indexes of the stage lead back to operations");
    ok(vl_plan_stage_op(p, body->n_op) == NULL, "none behind the last");
    p->desc[1].role = VL_ROLE_IDMAP;
    cleanup_free char *other = vl_plan_encode(p, true, idents, &len);
    d = (void *)(other + sizeof(struct vl_wire_header) + sizeof(struct vl_wire_body));
    is_int(d[1].fd, -1, "the namespace of an id map stays with veloci");
    p->desc[1].role = VL_ROLE_NS;
}

/* Any single byte that differs is noticed; any shorter piece is refused. */
static void test_damage(const struct vl_plan *p)
{
    size_t len, accepted = 0, tried = 0;
    cleanup_free uint8_t *bytes = vl_plan_encode(p, false, NULL, &len);
    for (size_t i = 0; i < len; i += 1 + i / 64, tried++) {
        cleanup(plan) struct vl_plan *copy = NULL;
        struct vl_error *err = NULL;
        bytes[i] ^= 0x41;
        accepted += vl_plan_decode(bytes, len, &copy, &err) == 0;
        vl_error_free(err);
        bytes[i] ^= 0x41;
    }
    is_int(accepted, 0, "none of %zu damaged plans is accepted", tried);
    for (size_t n = 0; n < len; n += 1 + n / 16) {
        cleanup(plan) struct vl_plan *copy = NULL;
        struct vl_error *err = NULL;
        accepted += vl_plan_decode(bytes, n, &copy, &err) == 0;
        vl_error_free(err);
    }
    is_int(accepted, 0, "nor is a shorter one");
}

static size_t count(const char *const *names, size_t max)
{
    size_t n = 0;
    while (n < max && names[n] != NULL)
        n++;
    return n;
}

static void test_registries(void)
{
    for (unsigned code = 0; code < VL_OP_CODE_MAX; code++) {
        const struct vl_op_shape *shape = vl_op_shape(code);
        const struct vl_op_names *names = vl_op_names(code);
        if (shape == NULL)
            continue;
        if (!ok(names != NULL, "operation %u has a name", code))
            continue;
        is_int(names->phases, shape->phases, "%s: phases", names->name);
        is_int(count(names->num, VL_OP_NUMS), shape->n_num, "%s: numbers", names->name);
        is_int(count(names->str, VL_OP_STRS), shape->n_str, "%s: strings", names->name);
        is_int(count(names->fd, VL_OP_FDS), shape->n_fd, "%s: descriptors", names->name);
        is_int(names->vec, shape->vec, "%s: vectors", names->name);
        is_int(names->blob, shape->blob, "%s: binary strings", names->name);
    }
    ok(vl_op_names(0) == NULL && vl_op_names(VL_OP_CODE_MAX) == NULL, "no names for codes that are none");
    is_str(vl_phase_name(VL_PHASE_READY), "ready", "name of a phase");
    is_str(vl_role_name(VL_ROLE_IMAGE), "image", "name of a role");
    is_str(vl_kind_name(VL_KIND_NSFS), "namespace", "name of a kind");
    is_str(vl_acquire_name(VL_ACQ_LATE_TREE), "late-tree", "name of a way to acquire");
    is_str(vl_role_name((enum vl_role)99), "?", "no name for what is none");
}

static void test_container(void)
{
    cleanup(plan) struct vl_plan *p = vl_alloc(sizeof(*p));
    size_t from = 0;
    vl_plan_op(p, VL_OP_HOOK, NULL);
    vl_plan_op(p, VL_OP_CGWRITE, NULL);
    vl_plan_op(p, VL_OP_SECCOMP, NULL);
    vl_plan_op(p, VL_OP_READY, NULL);
    vl_plan_op(p, VL_OP_OOM, NULL);
    vl_plan_op(p, VL_OP_HOOK, NULL);
    vl_plan_op(p, VL_OP_SECCOMP, NULL);
    is_int(p->op[0].phase, VL_PHASE_VISIBILITY, "a hook at the begin");
    is_int(p->op[1].phase, VL_PHASE_HOST, "a host operation anywhere");
    is_int(p->op[2].phase, VL_PHASE_AMBIENT, "a filter in the first phase that allows it");
    is_int(p->op[4].phase, VL_PHASE_HOST, "a host operation late");
    is_int(p->op[5].phase, VL_PHASE_READY, "a hook after ready");
    is_int(p->op[6].phase, VL_PHASE_READY, "a filter after ready");
    ok(vl_plan_find(p, VL_OP_HOOK, &from) == &p->op[0] && vl_plan_find(p, VL_OP_HOOK, &from) == &p->op[5] &&
           vl_plan_find(p, VL_OP_HOOK, &from) == NULL,
       "operations of a code are found in order");
    vl_op_str(&p->op[0], 0, "one");
    vl_op_str(&p->op[0], 0, "two");
    is_str(vl_op_s(&p->op[0], 0), "two", "a string is replaced");
    vl_op_vec(&p->op[0], 1, NULL, 0);
    ok(p->op[0].s[1].data != NULL && p->op[0].s[1].len == 0, "an empty vector is there");
    ok(vl_op_s(&p->op[0], 2) == NULL, "an absent string is not");
    vl_plan_free(NULL);
}

int main(void)
{
    cleanup(plan) struct vl_plan *p = full_plan();
    make_sound(p);
    test_container();
    test_registries();
    test_round_trip(p);
    test_digest();
    test_stage_part(p);
    test_damage(p);
    return done_testing();
}
