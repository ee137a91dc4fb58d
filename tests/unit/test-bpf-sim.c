/* SPDX-License-Identifier: Apache-2.0 */
/* confine/bpf_sim: what the kernel would take, and what a program would answer. */
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "confine/bpf_sim.h"
#include "tap.h"

#define NR offsetof(struct seccomp_data, nr)
#define S(c, k) BPF_STMT((c), (k))
#define J(c, k, t, f) BPF_JUMP(BPF_JMP | (c), (k), (t), (f))
#define RET(k) S(BPF_RET | BPF_K, (k))
#define RETA S(BPF_RET | BPF_A, 0)
#define LD(k) S(BPF_LD | BPF_IMM, (k))
#define LDX(k) S(BPF_LDX | BPF_IMM, (k))
#define PROGRAM(...)                                                                               \
    (struct sock_filter[]){__VA_ARGS__},                                                           \
        sizeof((struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter)

static int kernel_takes(struct sock_filter *f, size_t n)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct sock_fprog prog = {.len = (unsigned short)n, .filter = f};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        _exit(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0 ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    /* an accepted program may then end the child, whichever way it answers exit_group(2) */
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool kernel_answers;

static void valid(struct sock_filter *f, size_t n, const char *name)
{
    is_int(vl_bpf_check(f, n, NULL), 0, "%s is a program", name);
    if (kernel_answers)
        ok(kernel_takes(f, n), "%s: the kernel agrees", name);
}

static void invalid(struct sock_filter *f, size_t n, size_t at, const char *name)
{
    size_t where = 999;
    int r = vl_bpf_check(f, n, &where);
    ok(r < 0 && where == at, "%s is none, because of instruction %zu", name, at);
    if (kernel_answers)
        ok(!kernel_takes(f, n), "%s: the kernel agrees", name);
}

static void test_check(void)
{
    static struct sock_filter many[BPF_MAXINSNS + 1];
    for (size_t i = 0; i < VL_ARRAY_LEN(many); i++)
        many[i] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
    valid(PROGRAM(RET(SECCOMP_RET_ALLOW)), "one return");
    valid(many, BPF_MAXINSNS, "the longest program");
    valid(PROGRAM(LD(SECCOMP_RET_ALLOW), S(BPF_ST, 3), S(BPF_LD | BPF_MEM, 3), RETA),
          "a stored word");
    valid(PROGRAM(J(BPF_JA, 1, 0, 0), S(BPF_LD | BPF_MEM, 3), RET(SECCOMP_RET_ALLOW)),
          "a load that no path reaches");
    invalid(PROGRAM(LD(0)), 1, "no return at the end");
    invalid(many, BPF_MAXINSNS + 1, BPF_MAXINSNS + 1, "one instruction too many");
    invalid(PROGRAM(J(BPF_JA, 1, 0, 0), RET(0)), 0, "a jump past the end");
    invalid(PROGRAM(J(BPF_JEQ, 0, 0, 1), RET(0)), 0, "a branch past the end");
    invalid(PROGRAM(J(BPF_JA, UINT32_MAX, 0, 0), RET(0)), 0, "a jump that wraps around");
    invalid(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 2), RET(0)), 0, "an unaligned load");
    invalid(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 64), RET(0)), 0, "a load behind the data");
    invalid(PROGRAM(S(BPF_LD | BPF_H | BPF_ABS, 0), RET(0)), 0, "half a word");
    invalid(PROGRAM(S(BPF_LD | BPF_W | BPF_IND, 0), RET(0)), 0, "an indexed load");
    invalid(PROGRAM(S(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0)), 0, "a division by nothing");
    invalid(PROGRAM(S(BPF_ALU | BPF_LSH | BPF_K, 32), RET(0)), 0, "a shift by 32");
    invalid(PROGRAM(LD(1), S(BPF_ST, 16), RET(0)), 1, "a word too many");
    invalid(PROGRAM(S(BPF_LD | BPF_MEM, 0), RETA), 0, "a word that was never stored");
    invalid(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, NR), J(BPF_JEQ, 1, 0, 1), S(BPF_ST, 0),
                    S(BPF_LD | BPF_MEM, 0), RETA),
            3, "a word that one path did not store");
}

static uint32_t run(const struct sock_filter *f, size_t n)
{
    struct seccomp_data d = {.nr = 42,
                             .arch = 0xc000003e,
                             .instruction_pointer = 0x1122334455667788,
                             .args = {1, 0x200000003, 0, 0, 0, UINT64_MAX}};
    return vl_bpf_check(f, n, NULL) == 0 ? vl_bpf_run(f, n, &d) : 0xdead;
}

static void test_loads(void)
{
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, NR), RETA)), 42, "the number");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 4), RETA)), 0xc000003e, "the architecture");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 8), RETA)), 0x55667788,
           "the instruction pointer");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 24), RETA)), 3, "a low half");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 28), RETA)), 2, "a high half");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, 60), RETA)), 0xffffffff, "the last word");
    is_int(run(PROGRAM(S(BPF_LD | BPF_W | BPF_LEN, 0), RETA)), 64, "the length");
    is_int(run(PROGRAM(LD(7), S(BPF_STX, 1), S(BPF_ST, 2), S(BPF_LDX | BPF_MEM, 2),
                       S(BPF_MISC | BPF_TXA, 0), RETA)),
           7, "stores, loads and transfers");
    is_int(run(PROGRAM(LDX(9), LD(1), S(BPF_MISC | BPF_TAX, 0), LD(5),
                       S(BPF_ALU | BPF_SUB | BPF_X, 0), RETA)),
           4, "the index register");
}

static void test_alu(void)
{
    static const struct {
        uint16_t op;
        uint32_t a, b, result;
        const char *name;
    } rows[] = {
        {BPF_ADD, 0xffffffff, 2, 1, "add"},
        {BPF_SUB, 1, 2, 0xffffffff, "subtract"},
        {BPF_MUL, 0x10001, 0x10001, 0x20001, "multiply"},
        {BPF_DIV, 100, 7, 14, "divide"},
        {BPF_AND, 0xff0, 0x0ff, 0x0f0, "and"},
        {BPF_OR, 0xf00, 0x00f, 0xf0f, "or"},
        {BPF_XOR, 0xff, 0x0f, 0xf0, "xor"},
        {BPF_LSH, 3, 30, 0xc0000000, "left"},
        {BPF_RSH, 0x80000000, 31, 1, "right"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        uint16_t op = BPF_ALU | rows[i].op;
        ok(run(PROGRAM(LD(rows[i].a), S(op | BPF_K, rows[i].b), RETA)) == rows[i].result &&
               run(PROGRAM(LDX(rows[i].b), LD(rows[i].a), S(op | BPF_X, 0), RETA)) ==
                   rows[i].result,
           "%s", rows[i].name);
    }
    is_int(run(PROGRAM(LD(5), S(BPF_ALU | BPF_NEG, 0), RETA)), 0xfffffffb, "negate");
    is_int(run(PROGRAM(LDX(0), LD(5), S(BPF_ALU | BPF_DIV | BPF_X, 0), RET(7))),
           SECCOMP_RET_KILL_THREAD, "a division by nothing ends the program");
}

static void test_jumps(void)
{
    static const struct {
        uint16_t op;
        uint32_t k;
        bool yes;
        const char *name;
    } rows[] = {
        {BPF_JEQ, 42, true, "equal"},
        {BPF_JEQ, 41, false, "not equal"},
        {BPF_JGT, 41, true, "greater"},
        {BPF_JGT, 42, false, "not greater"},
        {BPF_JGE, 42, true, "at least"},
        {BPF_JGE, 43, false, "less"},
        {BPF_JSET, 8, true, "a bit is set"},
        {BPF_JSET, 5, false, "no bit is set"},
        {BPF_JGT, 0x80000000, false, "unsigned"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        uint32_t want = rows[i].yes ? 1 : 2;
        ok(run(PROGRAM(S(BPF_LD | BPF_W | BPF_ABS, NR), J(rows[i].op | BPF_K, rows[i].k, 1, 0),
                       RET(2), RET(1))) == want &&
               run(PROGRAM(LDX(rows[i].k), S(BPF_LD | BPF_W | BPF_ABS, NR),
                           J(rows[i].op | BPF_X, 0, 1, 0), RET(2), RET(1))) == want,
           "%s", rows[i].name);
    }
    is_int(run(PROGRAM(J(BPF_JA, 2, 0, 0), RET(1), RET(2), RET(3))), 3, "always");
}

int main(void)
{
    kernel_answers = kernel_takes(PROGRAM(RET(SECCOMP_RET_ALLOW)));
    if (!kernel_answers)
        skip("filters cannot be loaded here");
    test_check();
    test_loads();
    test_alu();
    test_jumps();
    return done_testing();
}
