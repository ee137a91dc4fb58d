/* SPDX-License-Identifier: Apache-2.0 */
/* The words of config-linux.md#seccomp, and what an architecture's numbers look like. */
#include "confine/seccomp_int.h"

#include <linux/seccomp.h>
#include <string.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

const struct vl_name vl_seccomp_actions[] = {
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
    {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
    {NULL, 0},
};

const struct vl_name vl_seccomp_operators[] = {
    {"SCMP_CMP_NE", VL_SC_NE},
    {"SCMP_CMP_LT", VL_SC_LT},
    {"SCMP_CMP_LE", VL_SC_LE},
    {"SCMP_CMP_EQ", VL_SC_EQ},
    {"SCMP_CMP_GE", VL_SC_GE},
    {"SCMP_CMP_GT", VL_SC_GT},
    {"SCMP_CMP_MASKED_EQ", VL_SC_MASKED_EQ},
    {NULL, 0},
};

const struct vl_name vl_seccomp_flag_names[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
    {NULL, 0},
};

/*
 * AUDIT_ARCH_… values (linux/audit.h) by their parts: ELF machine, 64 bits, little-endian, MIPS
 * N32. Written out so that old kernel headers do not decide what a profile may name. x32 shares the
 * audit value of x86_64 and is told apart by a bit of the number; its token is libseccomp's.
 */
#define B64 0x80000000u
#define LE 0x40000000u
#define N32 0x20000000u
#define ARCH(arch_name, lib, tok, is_wide, is_big, ...)                                            \
    {                                                                                              \
        .name = "SCMP_ARCH_" arch_name, .lib_name = lib, .token = (tok), .audit = (tok),           \
        .wide = (is_wide), .big_endian = (is_big), __VA_ARGS__                                     \
    }

/* clang-format off */
#define SC_ARCHS(X)                                                                                \
    X("X86", "x86", 3u | LE, false, false, .base = 0)                                              \
    X("X86_64", "x86_64", 62u | B64 | LE, true, false, .base = 0)                                  \
    X("ARM", "arm", 40u | LE, false, false, .base = 0, .extra_first = 0x0f0001,                    \
      .extra_last = 0x0f0006)                                                                      \
    X("AARCH64", "aarch64", 183u | B64 | LE, true, false, .base = 0)                               \
    X("MIPS", "mips", 8u, false, true, .base = 4000)                                               \
    X("MIPS64", "mips64", 8u | B64, true, true, .base = 5000)                                      \
    X("MIPS64N32", "mips64n32", 8u | B64 | N32, false, true, .base = 6000)                         \
    X("MIPSEL", "mipsel", 8u | LE, false, false, .base = 4000)                                     \
    X("MIPSEL64", "mipsel64", 8u | B64 | LE, true, false, .base = 5000)                            \
    X("MIPSEL64N32", "mipsel64n32", 8u | B64 | LE | N32, false, false, .base = 6000)               \
    X("PPC", "ppc", 20u, false, true, .base = 0)                                                   \
    X("PPC64", "ppc64", 21u | B64, true, true, .base = 0)                                          \
    X("PPC64LE", "ppc64le", 21u | B64 | LE, true, false, .base = 0)                                \
    X("S390", "s390", 22u, false, true, .base = 0)                                                 \
    X("S390X", "s390x", 22u | B64, true, true, .base = 0)                                          \
    X("PARISC", "parisc", 15u, false, true, .base = 0)                                             \
    X("PARISC64", "parisc64", 15u | B64, true, true, .base = 0)                                    \
    X("RISCV64", "riscv64", 243u | B64 | LE, true, false, .base = 0)                               \
    X("LOONGARCH64", "loongarch64", 258u | B64 | LE, true, false, .base = 0)                       \
    X("M68K", "m68k", 4u, false, true, .base = 0)                                                  \
    X("SH", "sh", 42u | LE, false, false, .base = 0)                                               \
    X("SHEB", "sheb", 42u, false, true, .base = 0)

#define ARCH_ROW(...) ARCH(__VA_ARGS__),
#define NAME_ROW(arch_name, lib, tok, ...) {"SCMP_ARCH_" arch_name, tok},

#define X32_TOKEN (62u | LE)

const struct vl_sc_arch vl_sc_archs[] = {
    SC_ARCHS(ARCH_ROW)
    {.name = "SCMP_ARCH_X32", .lib_name = "x32", .token = X32_TOKEN, .audit = 62u | B64 | LE,
     .base = VL_SC_X32_BIT, .extra_first = 512, .extra_last = 547},
    {.name = NULL},
};

const struct vl_name vl_seccomp_archs[] = {
    SC_ARCHS(NAME_ROW)
    {"SCMP_ARCH_X32", X32_TOKEN},
    {NULL, 0},
};

/* clang-format on */

const struct vl_sc_arch *vl_sc_arch_by_name(const char *name)
{
    for (const struct vl_sc_arch *a = vl_sc_archs; a->name != NULL; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const struct vl_sc_arch *vl_sc_arch_native(void)
{
#if defined(__x86_64__)
    const char *name = "SCMP_ARCH_X86_64";
#elif defined(__i386__)
    const char *name = "SCMP_ARCH_X86";
#elif defined(__aarch64__)
    const char *name = "SCMP_ARCH_AARCH64";
#elif defined(__arm__)
    const char *name = "SCMP_ARCH_ARM";
#elif defined(__riscv) && __riscv_xlen == 64
    const char *name = "SCMP_ARCH_RISCV64";
#elif defined(__powerpc64__) /* little-endian only: the wire format refuses the other kind */
    const char *name = "SCMP_ARCH_PPC64LE";
#elif defined(__loongarch_lp64)
    const char *name = "SCMP_ARCH_LOONGARCH64";
#elif defined(__mips64)
    const char *name = "SCMP_ARCH_MIPSEL64";
#elif defined(__mips__)
    const char *name = "SCMP_ARCH_MIPSEL";
#else
#error "this processor's system calls are not known to the seccomp compiler"
#endif
    return vl_sc_arch_by_name(name);
}

/* Kernel limits: an errno above MAX_ERRNO is cut to it, trace data has 16 bits. */
static int check_errno(uint32_t action, uint32_t value, const char *where, const char *key,
                       struct vl_error **err)
{
    uint32_t max = action == SECCOMP_RET_ERRNO ? 4095 : SECCOMP_RET_DATA;
    if (value <= max)
        return 0;
    vl_err_config(err, NULL, "an errno of %u is too large (at most %u)", value, max);
    return vl_err_at(err, "%s.%s", where, key);
}

int vl_sc_action(const char *word, const uint32_t *errno_ret, const char *where, const char *key,
                 const char *errno_key, uint32_t *ret, unsigned *ret_act, struct vl_error **err)
{
    static const struct {
        uint32_t ret;
        enum vl_seccomp_act act;
    } bits[] = {
        {SECCOMP_RET_KILL_PROCESS, VL_ACT_KILL_PROCESS},
        {SECCOMP_RET_KILL_THREAD, VL_ACT_KILL_THREAD},
        {SECCOMP_RET_TRAP, VL_ACT_TRAP},
        {SECCOMP_RET_ERRNO, VL_ACT_ERRNO},
        {SECCOMP_RET_USER_NOTIF, VL_ACT_NOTIFY},
        {SECCOMP_RET_TRACE, VL_ACT_TRACE},
        {SECCOMP_RET_LOG, VL_ACT_LOG},
        {SECCOMP_RET_ALLOW, VL_ACT_ALLOW},
    };
    int64_t value;
    if (vl_name_find(vl_seccomp_actions, word, &value) < 0) {
        vl_err_config(err, NULL, "unknown seccomp action `%s`", word);
        return vl_err_at(err, "%s.%s", where, key);
    }
    uint32_t action = (uint32_t)value, data = 0;
    if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE) {
        data = errno_ret != NULL ? *errno_ret : EPERM;
        if (check_errno(action, data, where, errno_key, err) < 0)
            return -1;
    } else if (errno_ret != NULL) {
        vl_err_config(err, NULL,
                      "an errno is only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not for %s", word);
        return vl_err_at(err, "%s.%s", where, errno_key);
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(bits); i++)
        if (bits[i].ret == action)
            *ret_act = bits[i].act;
    *ret = action | data;
    return 0;
}

int vl_seccomp_flags(const struct oci_seccomp *profile, uint32_t *ret, struct vl_error **err)
{
    uint32_t flags = 0;
    if (!profile->has_flags)
        flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    for (size_t i = 0; i < profile->n_flags; i++) {
        int64_t value;
        if (vl_name_find(vl_seccomp_flag_names, profile->flags[i], &value) < 0) {
            vl_err_config(err, NULL, "unknown seccomp flag `%s`", profile->flags[i]);
            return vl_err_at(err, "linux.seccomp.flags[%zu]", i);
        }
        flags |= (uint32_t)value;
    }
    *ret = flags;
    return 0;
}
