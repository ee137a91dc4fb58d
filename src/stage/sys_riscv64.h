/* SPDX-License-Identifier: Apache-2.0 */
/* System call entry and program start on 64-bit RISC-V (syscall(2), "Architecture calling conventions"). */
#ifndef VL_STAGE_SYS_RISCV64_H
#define VL_STAGE_SYS_RISCV64_H

#define ST_ELF_MACHINE 243 /* EM_RISCV */

static inline long st_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

#define ST_START_ASM                                                                               \
    ".text\n.global _start\n.type _start,@function\n_start:\n"                                     \
    ".option push\n.option norelax\nlla gp, __global_pointer$\n.option pop\n"                      \
    "mv a0, sp\nandi sp, sp, -16\ncall st_start\nebreak\n"

#endif
