/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: the BPF program, run by a small interpreter, and the writes for cgroup v1, played
 * on a model of the kernel's controller, against a plain reading of the rules; fixed and random
 * lists.
 */
#include <stdint.h>
#include "plan/cgroup.h"
#include "tap.h"

#define M BPF_DEVCG_ACC_MKNOD
#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define RWM (R | W | M)

/* -- the reading that both compilers must agree with ------------------------------------------- */

static bool hits(const struct vl_devrule *r, char type, uint32_t major, uint32_t minor)
{
    return (r->type == 'a' || r->type == type) && (r->major < 0 || r->major == major) &&
           (r->minor < 0 || r->minor == minor);
}

static bool reference(const struct vl_devrule *r, size_t n, char type, uint32_t major,
                      uint32_t minor, unsigned access)
{
    for (unsigned bit = 1; bit <= 4; bit <<= 1) {
        bool allow = false;
        if (!(access & bit))
            continue;
        for (size_t i = 0; i < n; i++)
            if (hits(&r[i], type, major, minor) && (r[i].access & bit))
                allow = r[i].allow;
        if (!allow)
            return false;
    }
    return true;
}

/* -- a BPF machine for what the compiler uses -------------------------------------------------- */

static int run(const struct bpf_insn *p, size_t n, char type, uint32_t major, uint32_t minor,
               unsigned access)
{
    uint64_t reg[11] = {0};
    struct bpf_cgroup_dev_ctx ctx = {
        access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor};
    for (size_t pc = 0; pc < n; pc++) {
        const struct bpf_insn *i = &p[pc];
        uint32_t d = (uint32_t)reg[i->dst_reg];
        switch (i->code) {
        case BPF_LDX | BPF_MEM | BPF_W: {
            uint32_t v;
            if (i->off < 0 || (size_t)i->off + 4 > sizeof(ctx) || i->src_reg != BPF_REG_1)
                return -1;
            memcpy(&v, (char *)&ctx + i->off, 4);
            reg[i->dst_reg] = v;
            break;
        }
        case BPF_ALU | BPF_MOV | BPF_X:
            reg[i->dst_reg] = (uint32_t)reg[i->src_reg];
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            reg[i->dst_reg] = d >> i->imm;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            reg[i->dst_reg] = d & (uint32_t)i->imm;
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            reg[i->dst_reg] = (uint64_t)(int64_t)i->imm;
            break;
        case BPF_JMP | BPF_JA:
            pc += (size_t)i->off;
            break;
        case BPF_JMP32 | BPF_JEQ | BPF_K:
            pc += d == (uint32_t)i->imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP32 | BPF_JNE | BPF_K:
            pc += d != (uint32_t)i->imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP32 | BPF_JSET | BPF_K:
            pc += d & (uint32_t)i->imm ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return (int)reg[0];
        default:
            return -2;
        }
    }
    return -3; /* ran off the end */
}

/* The verifier's rule: every instruction can be reached, and the end cannot be run off. */
static bool all_reachable(const struct bpf_insn *p, size_t n)
{
    bool *seen = calloc(n + 1, sizeof(*seen));
    bool ok = true;
    seen[0] = true;
    for (size_t i = 0; i < n; i++) { /* jumps go forward only, so one pass does */
        if (!seen[i]) {
            ok = false;
            break;
        }
        int class = p[i].code & 7;
        bool jump = class == BPF_JMP || class == BPF_JMP32;
        if (p[i].code == (BPF_JMP | BPF_EXIT))
            continue;
        if (jump)
            seen[i + 1 + (size_t)p[i].off] = true;
        if (p[i].code != (BPF_JMP | BPF_JA))
            seen[i + 1] = true;
    }
    ok = ok && !seen[n];
    free(seen);
    return ok;
}

/* -- a model of the v1 controller -------------------------------------------------------------- */

struct model {
    bool allow;
    struct vl_devrule exc[64];
    size_t n;
};

static void model_write(struct model *m, const struct vl_devwrite *w)
{
    bool allow = strcmp(w->file, "devices.allow") == 0;
    struct vl_devrule r = {.major = -1, .minor = -1};
    char major[16], minor[16], access[8];
    if (strcmp(w->value, "a") == 0) {
        m->allow = allow;
        m->n = 0;
        return;
    }
    if (sscanf(w->value, "%c %15[^:]:%15s %7s", &r.type, major, minor, access) != 4)
        abort();
    if (*major != '*')
        r.major = atoi(major);
    if (*minor != '*')
        r.minor = atoi(minor);
    r.access = (strchr(access, 'r') ? R : 0u) | (strchr(access, 'w') ? W : 0u) |
               (strchr(access, 'm') ? M : 0u);
    for (size_t i = 0; i < m->n; i++) {
        struct vl_devrule *e = &m->exc[i];
        if (e->type == r.type && e->major == r.major && e->minor == r.minor) {
            e->access = allow == m->allow ? e->access & ~r.access : e->access | r.access;
            return;
        }
    }
    if (allow != m->allow)
        m->exc[m->n++] = r;
}

static bool model_allows(const struct model *m, char type, uint32_t major, uint32_t minor,
                         unsigned access)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!hits(&m->exc[i], type, major, minor))
            continue;
        if (m->allow && (m->exc[i].access & access))
            return false;
        if (!m->allow && (access & ~m->exc[i].access) == 0)
            return true;
    }
    return m->allow;
}

/* -- comparing --------------------------------------------------------------------------------- */

static const uint32_t majors[] = {0, 1, 5, 8, 136, 4095}, minors[] = {0, 1, 3, 200, 1048575};

typedef bool decide(const void *how, char type, uint32_t major, uint32_t minor, unsigned access);

struct program {
    struct bpf_insn *insn;
    size_t n;
};

static bool by_program(const void *how, char type, uint32_t major, uint32_t minor, unsigned access)
{
    const struct program *p = how;
    int r = p->n == 0 ? 1 : run(p->insn, p->n, type, major, minor, access);
    if (r != 0 && r != 1) {
        diag("program answers %d", r);
        abort();
    }
    return r;
}

static bool by_model(const void *how, char type, uint32_t major, uint32_t minor, unsigned access)
{
    return model_allows(how, type, major, minor, access);
}

/* stricter: may deny a combination of rights that come from rules of which neither contains the
 * other. */
static int differences(const struct vl_devrule *rules, size_t n, decide *f, const void *how,
                       bool stricter)
{
    int bad = 0;
    for (int t = 0; t < 2; t++)
        for (size_t a = 0; a < VL_ARRAY_LEN(majors); a++)
            for (size_t b = 0; b < VL_ARRAY_LEN(minors); b++)
                for (unsigned access = 1; access <= RWM; access++) {
                    char type = t ? 'b' : 'c';
                    bool want = reference(rules, n, type, majors[a], minors[b], access);
                    bool got = f(how, type, majors[a], minors[b], access);
                    bool single = (access & (access - 1)) == 0;
                    bad += got != want && (got || !stricter || single);
                }
    return bad;
}

static struct program compile(const struct vl_devrule *rules, size_t n)
{
    struct program p = {NULL, 0};
    if (vl_devrules_bpf(rules, n, &p.insn, &p.n) != 0)
        abort();
    return p;
}

static unsigned long long seed = 20;
static unsigned rnd(unsigned n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % n;
}

static size_t random_rules(struct vl_devrule *r, size_t max)
{
    size_t n = rnd((unsigned)max + 1);
    for (size_t i = 0; i < n; i++) {
        r[i] =
            (struct vl_devrule){rnd(2), "abc"[rnd(3)], -1, -1, rnd(2) ? RWM : 1 + rnd(RWM), NULL};
        if (rnd(3))
            r[i].major = majors[rnd(VL_ARRAY_LEN(majors))];
        if (rnd(3))
            r[i].minor = minors[rnd(VL_ARRAY_LEN(minors))];
        if (rnd(8) == 0)
            r[i] = (struct vl_devrule){rnd(2), 'a', -1, -1, RWM, NULL};
    }
    return n;
}

static void test_random(void)
{
    int bad = 0, unreachable = 0, v1_bad = 0, v1_done = 0, none = 0;
    for (int round = 0; round < 4000; round++) {
        struct vl_devrule rules[12];
        size_t n = random_rules(rules, 12);
        struct program p = compile(rules, n);
        bad += differences(rules, n, by_program, &p, false) != 0;
        unreachable += p.n > 0 && !all_reachable(p.insn, p.n);
        none += p.n == 0;
        free(p.insn);
        struct vl_devwrite *w = NULL;
        struct vl_error *err = NULL;
        size_t nw = 0;
        if (vl_devrules_v1(rules, n, &w, &nw, &err) < 0) {
            vl_error_free(err);
            continue;
        }
        struct model m = {.allow = true}; /* a new cgroup below one that allows everything */
        for (size_t i = 0; i < nw; i++)
            model_write(&m, &w[i]);
        v1_done++;
        v1_bad += differences(rules, n, by_model, &m, true) != 0;
        free(w);
    }
    is_int(bad, 0, "4000 random lists: the program decides as the rules read");
    is_int(unreachable, 0, "no program has an instruction that nothing reaches");
    ok(none > 50 && none < 2000, "some lists need no program (%d)", none);
    is_int(v1_bad, 0, "the writes for v1 never allow more, and deny no single right");
    ok(v1_done > 500, "enough of the lists could be said to v1 (%d)", v1_done);
}

/* -- fixed lists ------------------------------------------------------------------------------- */

#define DEFAULTS                                                                                   \
    {true, 'c', -1, -1, M, NULL}, {true, 'b', -1, -1, M, NULL}, {true, 'c', 1, 3, RWM, NULL},      \
        {true, 'c', 1, 8, RWM, NULL}, {true, 'c', 1, 7, RWM, NULL}, {true, 'c', 5, 0, RWM, NULL},  \
        {true, 'c', 1, 5, RWM, NULL}, {true, 'c', 1, 9, RWM, NULL},                                \
        {true, 'c', 136, -1, RWM, NULL}, {true, 'c', 5, 2, RWM, NULL},                             \
    {                                                                                              \
        true, 'c', 10, 200, RWM, NULL                                                              \
    }

static void test_engine_list(void)
{
    static const struct vl_devrule rules[] = {{false, 'a', -1, -1, RWM, NULL}, DEFAULTS};
    struct program p = compile(rules, VL_ARRAY_LEN(rules));
    ok(p.n > 0 && p.n <= 45, "an engine's usual list is a short program (%zu instructions)", p.n);
    ok(by_program(&p, 'c', 1, 3, R | W), "null may be read and written");
    ok(!by_program(&p, 'b', 8, 0, R), "a disk may not be read");
    ok(by_program(&p, 'b', 8, 0, M), "its node may be made");
    ok(!by_program(&p, 'b', 8, 0, M | R), "but not made and read");
    ok(!by_program(&p, 'c', 1, 1, R), "mem may not be read");
    ok(by_program(&p, 'c', 136, 1048575, RWM), "any pts may be used");
    is_int(differences(rules, VL_ARRAY_LEN(rules), by_program, &p, false), 0, "all as it reads");
    free(p.insn);
}

static void test_privileged(void)
{
    static const struct vl_devrule all[] = {
        {false, 'a', -1, -1, RWM, NULL}, {true, 'a', -1, -1, RWM, NULL}, DEFAULTS};
    static const struct vl_devrule split[] = {{true, 'b', -1, -1, RWM, NULL},
                                              {true, 'c', -1, -1, R | M, NULL},
                                              {true, 'c', -1, -1, W, NULL}};
    static const struct vl_devrule hole[] = {{true, 'a', -1, -1, RWM, NULL},
                                             {false, 'b', 8, -1, W, NULL}};
    struct program p = compile(all, VL_ARRAY_LEN(all));
    is_int(p.n, 0, "a privileged list needs no program");
    p = compile(split, VL_ARRAY_LEN(split));
    is_int(p.n, 0, "nor one that allows everything in parts");
    p = compile(hole, VL_ARRAY_LEN(hole));
    ok(p.n > 0 && !by_program(&p, 'b', 8, 1, R | W) && by_program(&p, 'b', 8, 1, R),
       "taking one right from everything works");
    free(p.insn);
    p = compile(NULL, 0);
    ok(p.n > 0 && !by_program(&p, 'c', 1, 3, R), "no rules: everything is denied");
    free(p.insn);
}

static void test_many(void)
{
    enum { N = 40000 };
    struct vl_devrule *r = calloc(N, sizeof(*r));
    struct bpf_insn *insn = NULL;
    size_t n = 0;
    for (int i = 0; i < N; i++)
        r[i] = (struct vl_devrule){true, 'c', i % 4096, i / 4096, RWM, NULL};
    struct program p = compile(r, 2000);
    is_int(differences(r, 2000, by_program, &p, false), 0, "2000 rules work");
    free(p.insn);
    is_int(vl_devrules_bpf(r, N, &insn, &n), -E2BIG, "more than jumps can reach over is refused");
    free(r);
}

static void v1_case(const char *name, const struct vl_devrule *rules, size_t n, const char *want)
{
    struct vl_devwrite *w = NULL;
    struct vl_error *err = NULL;
    size_t nw = 0;
    char got[1024] = "";
    if (vl_devrules_v1(rules, n, &w, &nw, &err) < 0) {
        char *text = vl_error_text(err);
        snprintf(got, sizeof(got), "%s", text);
        free(text);
        vl_error_free(err);
    }
    for (size_t i = 0; i < nw; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s %s", i ? "; " : "",
                 w[i].file + 8, w[i].value);
    is_str(got, want, "v1: %s", name);
    free(w);
}

static void test_v1(void)
{
    static const struct vl_devrule none[] = {{true, 'a', -1, -1, RWM, NULL}},
                                   usual[] = {{false, 'a', -1, -1, RWM, NULL},
                                              {true, 'c', 1, 3, RWM, NULL},
                                              {true, 'b', 8, -1, R, NULL}},
                                   merged[] = {{true, 'c', 1, 3, R, NULL},
                                               {true, 'c', 1, 3, W, NULL},
                                               {false, 'c', 1, 3, R, NULL}},
                                   narrowed[] = {{true, 'c', 1, 3, RWM, NULL},
                                                 {true, 'c', 1, 5, RWM, NULL},
                                                 {false, 'c', 1, -1, W, NULL}},
                                   hole[] = {{true, 'c', -1, -1, RWM, NULL},
                                             {false, 'c', 1, 3, W, "linux.resources.devices[1]"}},
                                   except[] = {{true, 'a', -1, -1, RWM, NULL},
                                               {false, 'b', 8, -1, W, NULL}},
                                   both[] = {{true, 'a', 10, 1, R, NULL}},
                                   wider[] = {{true, 'c', -1, -1, R, NULL},
                                              {true, 'c', 1, 3, W, NULL}};
#define V1(rules) rules, VL_ARRAY_LEN(rules)
    v1_case("everything allowed needs no write", V1(none), "");
    v1_case("denied, then allowed one by one", V1(usual), "deny a; allow c 1:3 rwm; allow b 8:* r");
    v1_case("rules of one device are merged", V1(merged), "deny a; allow c 1:3 w");
    v1_case("a wider denial takes from each", V1(narrowed),
            "deny a; allow c 1:3 rm; allow c 1:5 rm");
    v1_case("everything but", V1(except), "deny b 8:* w");
    v1_case("type a with a number means both", V1(both), "deny a; allow b 10:1 r; allow c 10:1 r");
    v1_case("a specific rule gets what a wider one gives", V1(wider),
            "deny a; allow c *:* r; allow c 1:3 rw");
    v1_case("a hole is refused, not silently left open", V1(hole),
            "cgroup v1 cannot except `c 1:3 w` from the earlier rule `c *:* rwm` (at "
            "linux.resources.devices[1])");
}

int main(void)
{
    test_engine_list();
    test_privileged();
    test_many();
    test_v1();
    test_random();
    return done_testing();
}
