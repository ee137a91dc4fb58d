/* SPDX-License-Identifier: Apache-2.0 */
/* Classic BPF as seccomp(2) takes it: check and interpreter. */
#include "confine/bpf_sim.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Instructions that only use accumulator, index register and constants. */
static bool plain_code(uint16_t code)
{
    switch (code) {
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
        return true;
    default:
        return false;
    }
}

static bool is_return(const struct sock_filter *f)
{
    return f->code == (BPF_RET | BPF_K) || f->code == (BPF_RET | BPF_A);
}

static bool valid(const struct sock_filter *f, size_t left)
{
    switch (f->code) {
    case BPF_LD | BPF_W | BPF_ABS: /* aligned words of struct seccomp_data only */
        return f->k % 4 == 0 && f->k < sizeof(struct seccomp_data);
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
        return f->k < BPF_MEMWORDS;
    case BPF_ALU | BPF_DIV | BPF_K:
        return f->k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
        return f->k < 32;
    case BPF_JMP | BPF_JA:
        return f->k < left;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
        return f->jt < left && f->jf < left;
    default:
        return plain_code(f->code);
    }
}

/* Every path must have stored a scratch word before it loads it, as the kernel wants it. Paths only
 * go forward, so one pass with the words known at each target is enough. */
static int check_scratch(const struct sock_filter *insns, size_t n, size_t *at)
{
    static const uint16_t all = 0xffff;
    uint16_t known[BPF_MAXINSNS], now = 0;
    _Static_assert(BPF_MEMWORDS == 16, "one bit a word");
    for (size_t i = 0; i < n; i++)
        known[i] = all;
    for (size_t i = 0; i < n; i++) {
        const struct sock_filter *f = &insns[i];
        now &= known[i];
        switch (BPF_CLASS(f->code)) {
        case BPF_ST:
        case BPF_STX:
            now |= (uint16_t)(1u << f->k);
            break;
        case BPF_LD:
        case BPF_LDX:
            if (BPF_MODE(f->code) == BPF_MEM && (now & (1u << f->k)) == 0) {
                *at = i;
                return -EINVAL;
            }
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA) {
                known[i + 1 + f->k] &= now;
            } else {
                known[i + 1 + f->jt] &= now;
                known[i + 1 + f->jf] &= now;
            }
            now = all;
            break;
        default:
            break;
        }
    }
    return 0;
}

int vl_bpf_check(const struct sock_filter *insns, size_t n, size_t *at)
{
    size_t scratch;
    if (at == NULL)
        at = &scratch;
    *at = n;
    if (n == 0 || n > BPF_MAXINSNS)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!valid(&insns[i], n - i - 1)) {
            *at = i;
            return -EINVAL;
        }
    if (!is_return(&insns[n - 1]))
        return -EINVAL;
    return check_scratch(insns, n, at);
}

static uint32_t alu(uint16_t code, uint32_t a, uint32_t v)
{
    switch (BPF_OP(code)) {
    case BPF_ADD:
        return a + v;
    case BPF_SUB:
        return a - v;
    case BPF_MUL:
        return a * v;
    case BPF_DIV:
        return a / v;
    case BPF_AND:
        return a & v;
    case BPF_OR:
        return a | v;
    case BPF_XOR:
        return a ^ v;
    case BPF_LSH:
        return a << (v & 31);
    case BPF_RSH:
        return a >> (v & 31);
    default: /* BPF_NEG */
        return -a;
    }
}

static bool jump(uint16_t code, uint32_t a, uint32_t v)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == v;
    case BPF_JGE:
        return a >= v;
    case BPF_JGT:
        return a > v;
    default: /* BPF_JSET */
        return (a & v) != 0;
    }
}

static uint32_t word(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t v;
    memcpy(&v, (const char *)data + offset, sizeof(v));
    return v;
}

static uint32_t load(const struct sock_filter *f, const struct seccomp_data *data,
                     const uint32_t *mem)
{
    switch (BPF_MODE(f->code)) {
    case BPF_ABS:
        return word(data, f->k);
    case BPF_MEM:
        return mem[f->k];
    case BPF_LEN:
        return sizeof(*data);
    default: /* BPF_IMM */
        return f->k;
    }
}

uint32_t vl_bpf_run(const struct sock_filter *insns, size_t n, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = {0};
    for (size_t pc = 0; pc < n; pc++) {
        const struct sock_filter *f = &insns[pc];
        uint32_t v = BPF_SRC(f->code) == BPF_X ? x : f->k;
        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
            a = load(f, data, mem);
            break;
        case BPF_LDX:
            x = load(f, data, mem);
            break;
        case BPF_ST:
            mem[f->k] = a;
            break;
        case BPF_STX:
            mem[f->k] = x;
            break;
        case BPF_ALU:
            if (BPF_OP(f->code) == BPF_DIV && v == 0)
                return SECCOMP_RET_KILL_THREAD; /* the kernel's programs end with 0 here */
            a = alu(f->code, a, v);
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA)
                pc += f->k;
            else
                pc += jump(f->code, a, v) ? f->jt : f->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(f->code) == BPF_A ? a : f->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(f->code) == BPF_TAX)
                x = a;
            else
                a = x;
            break;
        }
    }
    return SECCOMP_RET_KILL_PROCESS; /* not reached in a checked program */
}
