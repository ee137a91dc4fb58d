/* SPDX-License-Identifier: Apache-2.0 */
/* System call entry and program start on arm64 (syscall(2), "Architecture calling conventions"). */
#ifndef VL_STAGE_SYS_AARCH64_H
#define VL_STAGE_SYS_AARCH64_H

#define ST_ELF_MACHINE 183 /* EM_AARCH64 */
#define ST_SA_RESTORER 0x04000000ul /* the field is there, its use is optional */

static inline long st_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

#define ST_START_ASM                                                                               \
    ".text\n.global _start\n.type _start,%function\n_start:\n"                                     \
    "mov x29, #0\nmov x30, #0\nmov x0, sp\nand sp, x0, #-16\nbl st_start\nbrk #0\n"

#endif
