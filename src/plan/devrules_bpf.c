/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules → a BPF_PROG_TYPE_CGROUP_DEVICE program (Linux 4.15, bpf-cgroup(7)).
 *
 * The last rule that names a right of a device decides it, so rules are looked at from the last to
 * the first: reduce  rules that a later one hides lose the hidden rights or vanish; neighbours of
 * the same verdict may change places, so each run is ordered by major number and freed of what a
 * wider one says too emit    per device type a chain of comparisons. The register of wanted rights
 * loses those that were granted; none left: allow. A denied right among them: deny. End of the
 * chain: deny. The usual list of an engine becomes about 40 instructions; a list that allows
 * everything needs no program.
 */
#include "plan/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define ACC_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* -- reduce ---------------------------------------------------------------------------------------
 */

struct chain { /* in the order of evaluation */
    struct vl_devrule *rule;
    size_t n;
};

static bool covers(const struct vl_devrule *wide, const struct vl_devrule *r)
{
    return (wide->major < 0 || wide->major == r->major) &&
           (wide->minor < 0 || wide->minor == r->minor);
}

/* Rules of one type, last first, without the rights that rules before them in the chain decide for
 * sure. */
static void collect(struct chain *c, const struct vl_devrule *rules, size_t n, char type)
{
    unsigned decided = 0; /* for every device */
    c->rule = vl_realloc_array(NULL, n + 1, sizeof(*c->rule));
    c->n = 0;
    for (size_t i = n; i-- > 0 && decided != ACC_ALL;) {
        struct vl_devrule r = rules[i];
        if (r.type != 'a' && r.type != type)
            continue;
        for (size_t k = 0; k < c->n; k++)
            if (covers(&c->rule[k], &r))
                r.access &= ~c->rule[k].access;
        if (r.access == 0)
            continue;
        if (r.major < 0 && r.minor < 0)
            decided |= r.access;
        c->rule[c->n++] = r;
    }
    while (c->n > 0 && !c->rule[c->n - 1].allow) /* what is left is denied anyway */
        c->n--;
}

/* Specific before general, so that a group of one major number stands together and wildcards come
 * last. */
static int by_device(const void *pa, const void *pb)
{
    const struct vl_devrule *a = pa, *b = pb;
    uint64_t ka = (uint64_t)a->major, kb = (uint64_t)b->major; /* -1 becomes the largest */
    if (ka != kb)
        return ka < kb ? -1 : 1;
    ka = (uint64_t)a->minor;
    kb = (uint64_t)b->minor;
    return ka < kb ? -1 : ka > kb;
}

/* Within a run of one verdict: order, then drop what a wider rule of the same run grants as well.
 */
static size_t tidy_run(struct vl_devrule *r, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool redundant = false;
        for (size_t k = 0; k < n && !redundant; k++) {
            if (k == i || (r[i].access & ~r[k].access) != 0 || !covers(&r[k], &r[i]))
                continue;
            /* of two equal ones the first stays; a rule emptied by this test has no rights to cover
             * with */
            redundant = !(covers(&r[i], &r[k]) && r[i].access == r[k].access) || k < i;
        }
        if (redundant)
            r[i].access = 0;
    }
    for (size_t i = 0; i < n; i++)
        if (r[i].access != 0)
            r[kept++] = r[i];
    qsort(r, kept, sizeof(*r), by_device);
    return kept;
}

static void reduce(struct chain *c)
{
    size_t out = 0;
    for (size_t i = 0; i < c->n;) {
        size_t end = i;
        while (end < c->n && c->rule[end].allow == c->rule[i].allow)
            end++;
        size_t kept = tidy_run(c->rule + i, end - i);
        memmove(c->rule + out, c->rule + i, kept * sizeof(*c->rule));
        out += kept;
        i = end;
    }
    c->n = out;
}

static bool allows_all(const struct chain *c)
{
    unsigned granted = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!c->rule[i].allow)
            return false;
        if (c->rule[i].major < 0 && c->rule[i].minor < 0)
            granted |= c->rule[i].access;
    }
    return granted == ACC_ALL;
}

/* -- emit -----------------------------------------------------------------------------------------
 */

enum { L_ALLOW, L_DENY, L_FREE }; /* labels; further ones are made with new_label */

struct code {
    struct bpf_insn *insn;
    size_t n;
    struct fixup {
        size_t at;
        size_t label;
    } * fixup;
    size_t n_fixup;
    size_t *label; /* position */
    size_t n_label;
    bool used[L_FREE];
};

enum { R_TYPE = BPF_REG_2, R_ACCESS = BPF_REG_3, R_MAJOR = BPF_REG_4, R_MINOR = BPF_REG_5 };

static void put(struct code *c, int op, unsigned dst, unsigned src, int16_t off, int32_t imm)
{
    struct bpf_insn *i = VL_APPEND(c->insn, c->n);
    i->code = (uint8_t)op;
    i->dst_reg = dst & 0xf;
    i->src_reg = src & 0xf;
    i->off = off;
    i->imm = imm;
}

static size_t new_label(struct code *c)
{
    (void)VL_APPEND(c->label, c->n_label);
    return c->n_label - 1;
}

static void place(struct code *c, size_t label)
{
    c->label[label] = c->n;
}

/* cond is BPF_JEQ, BPF_JNE, BPF_JSET on 32 bits, or BPF_JA. */
static void jump(struct code *c, int cond, unsigned reg, int64_t value, size_t label)
{
    struct fixup *f = VL_APPEND(c->fixup, c->n_fixup);
    f->at = c->n;
    f->label = label;
    if (label < L_FREE)
        c->used[label] = true;
    if (cond == BPF_JA)
        put(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
    else
        put(c, BPF_JMP32 | cond | BPF_K, reg, 0, 0, (int32_t)(uint32_t)value);
}

/* What happens when the device matches. True when nothing after it can be reached. */
static bool emit_verdict(struct code *c, const struct vl_devrule *r)
{
    if (r->access == ACC_ALL) {
        jump(c, BPF_JA, 0, 0, r->allow ? L_ALLOW : L_DENY);
        return true;
    }
    if (r->allow) {
        put(c, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0, (int32_t)~r->access);
        jump(c, BPF_JEQ, R_ACCESS, 0, L_ALLOW);
    } else {
        jump(c, BPF_JSET, R_ACCESS, r->access, L_DENY);
    }
    return false;
}

/* One rule behind the test of its major number. */
static bool emit_minor(struct code *c, const struct vl_devrule *r)
{
    if (r->minor < 0)
        return emit_verdict(c, r);
    if (r->access == ACC_ALL) {
        jump(c, BPF_JEQ, R_MINOR, r->minor, r->allow ? L_ALLOW : L_DENY);
        return false;
    }
    size_t next = new_label(c);
    jump(c, BPF_JNE, R_MINOR, r->minor, next);
    (void)emit_verdict(c, r);
    place(c, next);
    return false;
}

static void emit_chain(struct code *c, const struct chain *ch)
{
    for (size_t i = 0; i < ch->n;) {
        const struct vl_devrule *r = &ch->rule[i];
        if (r->major < 0) {
            i++;
            if (emit_minor(c, r))
                return;
            continue;
        }
        size_t next = new_label(c);
        bool ended = false;
        jump(c, BPF_JNE, R_MAJOR, r->major, next);
        /* a group may go on from one run into the next: the order inside stays */
        for (int64_t major = r->major; i < ch->n && ch->rule[i].major == major; i++)
            if (!ended)
                ended = emit_minor(c, &ch->rule[i]);
        place(c, next);
    }
    jump(c, BPF_JA, 0, 0, L_DENY);
}

static void emit_program(struct code *c, const struct chain *blk, const struct chain *chr)
{
    size_t chars = new_label(c);
    put(c, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    put(c, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    put(c, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, BPF_REG_1,
        offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
    put(c, BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
    put(c, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
    put(c, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
    jump(c, BPF_JNE, R_TYPE, BPF_DEVCG_DEV_BLOCK, chars);
    emit_chain(c, blk);
    place(c, chars);
    emit_chain(c, chr);
    /* the verifier refuses instructions that nothing reaches */
    for (int verdict = 1; verdict >= 0; verdict--) {
        size_t label = verdict ? L_ALLOW : L_DENY;
        if (!c->used[label])
            continue;
        place(c, label);
        put(c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
        put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    }
}

static int resolve(struct code *c)
{
    for (size_t i = 0; i < c->n_fixup; i++) {
        size_t off = c->label[c->fixup[i].label] - c->fixup[i].at - 1; /* all jumps go forward */
        if (off > INT16_MAX)
            return -E2BIG;
        c->insn[c->fixup[i].at].off = (int16_t)off;
    }
    return 0;
}

int vl_devrules_bpf(const struct vl_devrule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n)
{
    struct chain blk, chr;
    struct code c = {.insn = NULL};
    int r = 0;
    collect(&blk, rules, n, 'b');
    collect(&chr, rules, n, 'c');
    reduce(&blk);
    reduce(&chr);
    if (!allows_all(&blk) || !allows_all(&chr)) {
        for (int i = 0; i < L_FREE; i++)
            (void)new_label(&c);
        emit_program(&c, &blk, &chr);
        r = resolve(&c);
    }
    free(blk.rule);
    free(chr.rule);
    free(c.fixup);
    free(c.label);
    if (r < 0) {
        free(c.insn);
        return r;
    }
    *ret = c.insn;
    *ret_n = c.n;
    return 0;
}
