/* SPDX-License-Identifier: Apache-2.0 */
/* System call entry and program start on x86-64 (syscall(2), "Architecture calling conventions"). */
#ifndef VL_STAGE_SYS_X86_64_H
#define VL_STAGE_SYS_X86_64_H

#define ST_ELF_MACHINE 62 /* EM_X86_64 */
/* struct sigaction has a restorer here; x86-64 refuses a handler without one. */
#define ST_SA_RESTORER 0x04000000ul

static inline long st_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#define ST_START_ASM                                                                               \
    ".text\n.global _start\n.type _start,@function\n_start:\n"                                     \
    "xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall st_start\nhlt\n"

#endif
