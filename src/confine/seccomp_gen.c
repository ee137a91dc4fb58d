/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules to instructions.
 *
 * Per architecture the numbers from 0 up are cut into ranges that share a verdict, and a balanced
 * tree of comparisons finds the range. libseccomp's own generator (even as a binary tree) compares
 * with every single number: for the profile that Podman writes it takes 17 ms and gives 1,408
 * instructions, which every container start pays for again, because the kernel translates the
 * program and runs it once for each number to learn which ones are always allowed: 0.41 ms. The
 * ranges are some 330 instructions, made in 0.5 ms and loaded in 0.06 ms. tests/unit/test-seccomp.c
 * compares the two generators call by call.
 *
 * Among the rules of one call the first without conditions wins over all others, as in libseccomp;
 * without one, the first rule in the profile's order whose conditions hold.
 *
 * Classic BPF only jumps forward, at most 255 instructions by a condition. So the program is
 * written from its end to its beginning: a target exists before the jump to it, and one that is too
 * far away gets a copy (a return) or an unconditional jump in between.
 */
#include "confine/seccomp_int.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

/* What happens to a call: ret, or what the first matching of n rules says and ret otherwise. */
struct verdict {
    uint32_t ret;
    const struct vl_sc_rule *rules;
    size_t n;
    bool wide; /* arguments have 64 bits (x86_64 and x32 share one tree) */
};

struct range {
    uint32_t first; /* up to the next range's first - 1 */
    struct verdict v;
};

struct gen {
    struct sock_filter *buf; /* filled from the end */
    size_t n;                /* instructions so far: the last one written is "label" n */
    bool full;
    struct {
        uint32_t ret;
        size_t label;
    } returns[32]; /* latest return of each value; a value that finds no place is simply written
                      again */
    size_t n_returns;
    struct range *ranges; /* of the architecture at work */
    size_t n_ranges;
};

/* -- writing backwards ----------------------------------------------------------------------------
 */

static size_t put(struct gen *g, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
    if (g->n == BPF_MAXINSNS) {
        g->full = true;
        return g->n;
    }
    g->n++;
    g->buf[BPF_MAXINSNS - g->n] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
    return g->n;
}

/* The furthest label that a conditional jump reaches, when `more` instructions still come in
 * between. */
static bool reaches(const struct gen *g, size_t label, size_t more)
{
    return g->n - label + more <= UINT8_MAX;
}

static size_t put_return(struct gen *g, uint32_t ret)
{
    size_t i = 0;
    while (i < g->n_returns && g->returns[i].ret != ret)
        i++;
    if (i < g->n_returns && reaches(g, g->returns[i].label, 4))
        return g->returns[i].label;
    size_t label = put(g, BPF_RET | BPF_K, 0, 0, ret);
    if (i < VL_ARRAY_LEN(g->returns)) {
        g->returns[i].ret = ret;
        g->returns[i].label = label;
        if (i == g->n_returns)
            g->n_returns++;
    }
    return label;
}

/* A label that does the same as this one and can be reached after `more` further instructions. */
static size_t near(struct gen *g, size_t label, size_t more)
{
    if (g->full || reaches(g, label, more))
        return label;
    const struct sock_filter *f = &g->buf[BPF_MAXINSNS - label];
    if (f->code == (BPF_RET | BPF_K))
        return put_return(g, f->k);
    return put(g, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(g->n - label));
}

static size_t put_jump(struct gen *g, uint16_t op, uint32_t k, size_t yes, size_t no)
{
    if (yes == no)
        return near(g, yes, 0);
    yes = near(g, yes, 1);
    no = near(g, no, 0);
    if (g->full)
        return g->n;
    return put(g, BPF_JMP | BPF_K | op, (uint8_t)(g->n - yes), (uint8_t)(g->n - no), k);
}

/* A load is followed by what it is for; anything else needs a jump there. */
static size_t put_load(struct gen *g, uint32_t offset, size_t next)
{
    if (next != g->n)
        put(g, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(g->n - next));
    return put(g, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

/* -- conditions
 * ------------------------------------------------------------------------------------ */

/* Only for the byte order of this machine: seccomp_rules.c refuses architectures of the other one.
 */
static uint32_t arg_offset(unsigned arg, bool high)
{
    return (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
                      (high ? 4 : 0));
}

static size_t put_masked(struct gen *g, uint32_t offset, uint32_t mask, uint32_t value, size_t yes,
                         size_t no)
{
    if (mask == 0)
        return yes;
    size_t next = put_jump(g, BPF_JEQ, value, yes, no);
    if (mask != UINT32_MAX) {
        if (next != g->n)
            put(g, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(g->n - next));
        next = put(g, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
    }
    return put_load(g, offset, next);
}

/* argument > a (or >= a): decided by the high halves unless they are equal. */
static size_t put_order(struct gen *g, bool wide, const struct vl_sc_cond *c, bool or_equal,
                        size_t yes, size_t no)
{
    uint32_t high = (uint32_t)(c->a >> 32);
    size_t low = put_jump(g, or_equal ? BPF_JGE : BPF_JGT, (uint32_t)c->a, yes, no);
    low = put_load(g, arg_offset(c->arg, false), low);
    if (!wide)
        return low;
    size_t equal = put_jump(g, BPF_JEQ, high, low, no);
    return put_load(g, arg_offset(c->arg, true), put_jump(g, BPF_JGT, high, yes, equal));
}

static size_t put_equal(struct gen *g, bool wide, unsigned arg, uint64_t mask, uint64_t value,
                        size_t yes, size_t no)
{
    size_t next = put_masked(g, arg_offset(arg, false), (uint32_t)mask, (uint32_t)value, yes, no);
    if (!wide)
        return next;
    return put_masked(g, arg_offset(arg, true), (uint32_t)(mask >> 32), (uint32_t)(value >> 32),
                      next, no);
}

static size_t put_cond(struct gen *g, bool wide, const struct vl_sc_cond *c, size_t yes, size_t no)
{
    switch (c->op) {
    case VL_SC_NE:
        return put_equal(g, wide, c->arg, UINT64_MAX, c->a, no, yes);
    case VL_SC_EQ:
        return put_equal(g, wide, c->arg, UINT64_MAX, c->a, yes, no);
    case VL_SC_MASKED_EQ:
        return put_equal(g, wide, c->arg, c->a, c->b, yes, no);
    case VL_SC_GT:
        return put_order(g, wide, c, false, yes, no);
    case VL_SC_GE:
        return put_order(g, wide, c, true, yes, no);
    case VL_SC_LE:
        return put_order(g, wide, c, false, no, yes);
    case VL_SC_LT:
        return put_order(g, wide, c, true, no, yes);
    }
    return no;
}

static size_t put_verdict(struct gen *g, const struct verdict *v)
{
    size_t next = put_return(g, v->ret);
    for (size_t r = v->n; r-- > 0 && !g->full;) {
        size_t yes = put_return(g, v->rules[r].ret), no = next;
        for (unsigned c = v->rules[r].n_cond; c-- > 0;)
            yes = put_cond(g, v->wide, &v->rules[r].cond[c], yes, no);
        next = yes;
    }
    return next;
}

/* -- ranges
 * ---------------------------------------------------------------------------------------- */

static bool same_rule(const struct vl_sc_rule *a, const struct vl_sc_rule *b)
{
    if (a->ret != b->ret || a->n_cond != b->n_cond)
        return false;
    for (unsigned i = 0; i < a->n_cond; i++)
        if (a->cond[i].op != b->cond[i].op || a->cond[i].arg != b->cond[i].arg ||
            a->cond[i].a != b->cond[i].a || a->cond[i].b != b->cond[i].b)
            return false;
    return true;
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
    if (a->ret != b->ret || a->n != b->n || (a->n > 0 && a->wide != b->wide))
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!same_rule(&a->rules[i], &b->rules[i]))
            return false;
    return true;
}

static void add_range(struct gen *g, uint32_t first, struct verdict v)
{
    struct range *last = g->n_ranges > 0 ? &g->ranges[g->n_ranges - 1] : NULL;
    if (last != NULL && last->first == first) { /* empty */
        g->n_ranges--;
        last = g->n_ranges > 0 ? last - 1 : NULL;
    }
    if (last != NULL && same_verdict(&last->v, &v))
        return;
    struct range *r = VL_APPEND(g->ranges, g->n_ranges);
    *r = (struct range){.first = first, .v = v};
}

static struct verdict verdict_of(const struct vl_sc_rule *rules, size_t n, uint32_t def, bool wide)
{
    for (size_t i = 0; i < n; i++)
        if (rules[i].n_cond == 0)
            return (struct verdict){.ret = rules[i].ret};
    return (struct verdict){.ret = def, .rules = rules, .n = n, .wide = wide};
}

/*
 * Whether a call that no rule is about is newer than the profile (docs/design.md, seccomp): above
 * every number that the profile names, or above what libseccomp 2.5.4 knows. The answer changes at
 * the returned number (0: not any more).
 */
static bool is_newer(const struct vl_sc_rules *r, uint32_t nr, uint32_t *ret_change)
{
    const struct vl_sc_arch *arch = r->arch;
    uint32_t tail = arch->base + VL_SC_LAST_KNOWN + 1;
    uint32_t extra = arch->extra_last != 0 ? arch->base + arch->extra_first : 0;
    uint32_t extra_end = arch->extra_last != 0 ? arch->base + arch->extra_last + 1 : 0;
    uint32_t beyond = r->any_named ? r->max_named + 1 : UINT32_MAX;
    *ret_change = 0;
    if (nr >= beyond)
        return true;
    *ret_change = beyond;
    if (nr < tail) {
        *ret_change = tail < beyond ? tail : beyond;
        return false;
    }
    if (extra == 0 || nr >= extra_end)
        return true;
    if (nr < extra) {
        *ret_change = extra < beyond ? extra : beyond;
        return true;
    }
    *ret_change = extra_end < beyond ? extra_end : beyond;
    return false;
}

/* Ranges of the numbers first … last that no rule is about. */
static void add_gap(struct gen *g, const struct vl_sc_profile *p, const struct vl_sc_rules *r,
                    uint32_t first, uint32_t last)
{
    uint32_t nr = first, change;
    for (;;) {
        bool newer = is_newer(r, nr, &change) && p->enosys;
        add_range(g, nr, (struct verdict){.ret = newer ? (SECCOMP_RET_ERRNO | ENOSYS) : p->def});
        if (change == 0 || change > last)
            return;
        nr = change;
    }
}

/* Appends the ranges of first … last. */
static void add_ranges(struct gen *g, const struct vl_sc_profile *p, const struct vl_sc_rules *r,
                       uint32_t first, uint32_t last)
{
    uint64_t next = first; /* behind last in the end */
    for (size_t i = 0, same; i < r->n; i += same) {
        uint32_t nr = r->rule[i].nr;
        for (same = 1; i + same < r->n && r->rule[i + same].nr == nr; same++)
            ;
        if (nr < next || nr > last)
            continue; /* no number of this architecture; libseccomp does not make any */
        if (nr > next)
            add_gap(g, p, r, (uint32_t)next, nr - 1);
        add_range(g, nr, verdict_of(&r->rule[i], same, p->def, r->arch->wide));
        next = (uint64_t)nr + 1;
    }
    if (next <= last)
        add_gap(g, p, r, (uint32_t)next, last);
}

static const struct vl_sc_rules *rules_of(const struct vl_sc_profile *p, const char *name)
{
    for (size_t i = 0; i < p->n_arch; i++)
        if (strcmp(p->arch[i].arch->name, name) == 0)
            return &p->arch[i];
    return NULL;
}

/*
 * x86_64 and x32 share an audit value; the latter's numbers have bit 30 set. Without x32 in the
 * profile such a number is a foreign architecture's. -1 is what a tracer leaves behind to skip a
 * call: never a foreign one.
 */
static void add_x86_64(struct gen *g, const struct vl_sc_profile *p)
{
    static const struct verdict foreign = {.ret = SECCOMP_RET_KILL_THREAD};
    const struct vl_sc_rules *x64 = rules_of(p, "SCMP_ARCH_X86_64"),
                             *x32 = rules_of(p, "SCMP_ARCH_X32");
    if (x64 != NULL)
        add_ranges(g, p, x64, 0, VL_SC_X32_BIT - 1);
    else
        add_range(g, 0, foreign);
    if (x32 != NULL) {
        add_ranges(g, p, x32, VL_SC_X32_BIT, UINT32_MAX);
    } else {
        add_range(g, VL_SC_X32_BIT, foreign);
        add_gap(g, p, x64, UINT32_MAX, UINT32_MAX);
    }
}

/* -- the tree
 * -------------------------------------------------------------------------------------- */

/* Code for ranges lo … hi, with the number in the accumulator. */
static size_t put_tree(struct gen *g, size_t lo, size_t hi)
{
    const struct range *r = g->ranges;
    if (lo == hi || g->full)
        return put_verdict(g, &r[lo].v);
    /* one number among others */
    if (hi - lo == 2 && r[hi].first - r[lo + 1].first == 1 && same_verdict(&r[lo].v, &r[hi].v)) {
        size_t no = put_verdict(g, &r[lo].v), yes = put_verdict(g, &r[lo + 1].v);
        return put_jump(g, BPF_JEQ, r[lo + 1].first, yes, no);
    }
    size_t middle = lo + (hi - lo + 1) / 2;
    size_t above = put_tree(g, middle, hi), below = put_tree(g, lo, middle - 1);
    return put_jump(g, BPF_JGE, r[middle].first, above, below);
}

static size_t put_arch(struct gen *g, const struct vl_sc_profile *p, const struct vl_sc_rules *r)
{
    g->n_ranges = 0;
    if (r->arch->audit == vl_sc_arch_by_name("SCMP_ARCH_X86_64")->audit)
        add_x86_64(g, p);
    else
        add_ranges(g, p, r, 0, UINT32_MAX);
    return put_load(g, offsetof(struct seccomp_data, nr), put_tree(g, 0, g->n_ranges - 1));
}

/* Index of the first architecture with the audit value of number i. */
static size_t first_alike(const struct vl_sc_profile *p, size_t i)
{
    size_t j = 0;
    while (p->arch[j].arch->audit != p->arch[i].arch->audit)
        j++;
    return j;
}

/* The whole program. A foreign architecture's calls end the thread, as libseccomp has it. */
static void put_program(struct gen *g, const struct vl_sc_profile *p)
{
    cleanup_free size_t *entry = vl_alloc(p->n_arch * sizeof(*entry));
    for (size_t i = p->n_arch; i-- > 0;)
        if (first_alike(p, i) == i)
            entry[i] = put_arch(g, p, &p->arch[i]);
    size_t next = put_return(g, SECCOMP_RET_KILL_THREAD);
    for (size_t i = p->n_arch; i-- > 0 && !g->full;)
        if (entry[i] != 0)
            next = put_jump(g, BPF_JEQ, p->arch[i].arch->audit, entry[i], next);
    put_load(g, offsetof(struct seccomp_data, arch), next);
}

int vl_sc_generate(const struct vl_sc_profile *p, struct sock_filter **ret, size_t *ret_n,
                   struct vl_error **err)
{
    cleanup_free struct sock_filter *buf = vl_alloc(BPF_MAXINSNS * sizeof(*buf));
    struct gen g = {.buf = buf};
    put_program(&g, p);
    free(g.ranges);
    if (g.full)
        return vl_err_config(err, "linux.seccomp",
                             "the profile needs more than the %d instructions a filter may have",
                             BPF_MAXINSNS);
    *ret = vl_memdup(&buf[BPF_MAXINSNS - g.n], g.n * sizeof(*buf));
    *ret_n = g.n;
    return 0;
}
