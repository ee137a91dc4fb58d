/* SPDX-License-Identifier: Apache-2.0 */
/* confine/seccomp: profiles become programs that do what the profile says, and nothing else. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "confine/bpf_sim.h"
#include "confine/seccomp.h"
#include "seccomp-oracle.h"
#include "seccomp-profile.h"
#include "tap.h"

#define X64 AUDIT_ARCH_X86_64
#define X86 AUDIT_ARCH_I386
#if defined(__x86_64__)
#define NATIVE X64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE AUDIT_ARCH_RISCV64
#endif
#define X32_BIT 0x40000000u
/* Numbers of x86_64, whatever this machine is. */
#define N(call) oracle_number("SCMP_ARCH_X86_64", #call)
#define DENIED(e) (SECCOMP_RET_ERRNO | (e))

static struct profile *profile_x64(const char *default_action)
{
    struct profile *b = profile_new(default_action);
    profile_arch(b, "SCMP_ARCH_X86_64");
    return b;
}

static struct vl_seccomp_prog *compile(const struct profile *b)
{
    struct vl_seccomp_prog *prog = NULL;
    struct vl_error *err = NULL;
    if (vl_seccomp_compile(&b->p, false, &prog, &err) < 0) {
        cleanup_free char *text = vl_error_text(err);
        diag("%s", text);
        vl_error_free(err);
        return NULL;
    }
    return prog;
}

/* Kind, place and text of the refusal. */
static void refused(const struct profile *b, bool fail_unknown, const char *where,
                    const char *words, const char *name)
{
    struct vl_seccomp_prog *prog = NULL;
    struct vl_error *err = NULL;
    int r = vl_seccomp_compile(&b->p, fail_unknown, &prog, &err);
    bool pass = r < 0 && prog == NULL && err != NULL && err->kind == VL_ERR_CONFIG &&
                strstr(err->text, words) != NULL && vl_error_where(err) != NULL &&
                strcmp(vl_error_where(err), where) == 0;
    if (!ok(pass, "%s is refused", name) && err != NULL) {
        cleanup_free char *text = vl_error_text(err);
        diag("%s", text);
    }
    vl_seccomp_prog_free(prog);
    vl_error_free(err);
}

static uint32_t run_on(const struct vl_seccomp_prog *prog, uint32_t arch, uint32_t nr,
                       const uint64_t args[6])
{
    struct seccomp_data d = {.nr = (int)nr, .arch = arch};
    for (int i = 0; args != NULL && i < 6; i++)
        d.args[i] = args[i];
    return vl_bpf_run(prog->insns, prog->n, &d);
}

static uint32_t run0(const struct vl_seccomp_prog *prog, uint32_t arch, uint32_t nr)
{
    return run_on(prog, arch, nr, NULL);
}

/* -- words ----------------------------------------------------------------------------------------
 */

static void test_actions(void)
{
    static const struct {
        const char *word;
        int given; /* errnoRet, or -1 */
        uint32_t ret;
        unsigned act;
    } rows[] = {
        {"SCMP_ACT_ALLOW", -1, SECCOMP_RET_ALLOW, VL_ACT_ALLOW},
        {"SCMP_ACT_ERRNO", -1, DENIED(EPERM), VL_ACT_ERRNO},
        {"SCMP_ACT_ERRNO", 0, DENIED(0), VL_ACT_ERRNO},
        {"SCMP_ACT_ERRNO", ENOSYS, DENIED(ENOSYS), VL_ACT_ERRNO},
        {"SCMP_ACT_KILL", -1, SECCOMP_RET_KILL_THREAD, VL_ACT_KILL_THREAD},
        {"SCMP_ACT_KILL_THREAD", -1, SECCOMP_RET_KILL_THREAD, VL_ACT_KILL_THREAD},
        {"SCMP_ACT_KILL_PROCESS", -1, SECCOMP_RET_KILL_PROCESS, VL_ACT_KILL_PROCESS},
        {"SCMP_ACT_LOG", -1, SECCOMP_RET_LOG, VL_ACT_LOG},
        {"SCMP_ACT_TRAP", -1, SECCOMP_RET_TRAP, VL_ACT_TRAP},
        {"SCMP_ACT_TRACE", -1, SECCOMP_RET_TRACE | EPERM, VL_ACT_TRACE},
        {"SCMP_ACT_TRACE", 777, SECCOMP_RET_TRACE | 777, VL_ACT_TRACE},
        {"SCMP_ACT_NOTIFY", -1, SECCOMP_RET_USER_NOTIF, VL_ACT_NOTIFY},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        struct profile *b = profile_x64(i == 0 ? "SCMP_ACT_KILL_PROCESS" : "SCMP_ACT_ALLOW");
        profile_rule(b, rows[i].word, "getcwd");
        if (rows[i].given >= 0)
            profile_errno(b, (uint32_t)rows[i].given);
        struct vl_seccomp_prog *prog = compile(b);
        ok(prog != NULL && run0(prog, X64, N(getcwd)) == rows[i].ret && prog->actions & rows[i].act,
           "%s with errno %d returns %#x", rows[i].word, rows[i].given, rows[i].ret);
        vl_seccomp_prog_free(prog);
        free(b);
    }
}

static void test_refusals(void)
{
    struct profile *b = profile_new("SCMP_ACT_BOGUS");
    refused(b, false, "linux.seccomp.defaultAction", "SCMP_ACT_BOGUS", "an unknown default action");
    b->p.default_action = (char *)"SCMP_ACT_NOTIFY";
    refused(b, false, "linux.seccomp.defaultAction",
            "SCMP_ACT_NOTIFY cannot be used as default action", "NOTIFY as default");
    b->p.default_action = (char *)"SCMP_ACT_ALLOW";
    b->p.has_default_errno_ret = true;
    refused(b, false, "linux.seccomp.defaultErrnoRet", "SCMP_ACT_ERRNO", "an errno for ALLOW");
    b->p.default_action = (char *)"SCMP_ACT_ERRNO";
    b->p.default_errno_ret = 4096;
    refused(b, false, "linux.seccomp.defaultErrnoRet", "4096",
            "an errno that the kernel would cut");
    b->p.default_errno_ret = 1;
    profile_rule(b, "SCMP_ACT_ALLOW", "read");
    profile_rule(b, "SCMP_ACT_KILLALL", "write");
    refused(b, false, "linux.seccomp.syscalls[1].action", "SCMP_ACT_KILLALL", "an unknown action");
    b->calls[1].action = (char *)"SCMP_ACT_KILL";
    profile_errno(b, 5);
    refused(b, false, "linux.seccomp.syscalls[1].errnoRet", "SCMP_ACT_KILL", "an errno for KILL");
    b->calls[1].has_errno_ret = false;
    b->calls[1].action = (char *)"SCMP_ACT_NOTIFY";
    refused(b, false, "linux.seccomp.syscalls[1].names[0]",
            "SCMP_ACT_NOTIFY cannot be used for the write syscall", "NOTIFY for write");
    b->names[1] = (char *)"";
    refused(b, false, "linux.seccomp.syscalls[1].names[0]", "without a name", "an empty name");
    b->names[1] = (char *)"frobnicate";
    refused(b, true, "linux.seccomp.syscalls[1].names[0]", "frobnicate",
            "an unknown call, if asked");
    profile_cond(b, 6, "SCMP_CMP_EQ", 0, 0);
    refused(b, false, "linux.seccomp.syscalls[1].args[0].index", "argument 6", "argument 6");
    b->args[0].index = 0;
    b->args[0].op = (char *)"SCMP_CMP_XX";
    refused(b, false, "linux.seccomp.syscalls[1].args[0].op", "SCMP_CMP_XX", "an unknown operator");
    b->args[0].op = (char *)"SCMP_CMP_EQ";
    profile_arch(b, "SCMP_ARCH_X86");
    profile_arch(b, "SCMP_ARCH_PDP11");
    refused(b, false, "linux.seccomp.architectures[1]", "SCMP_ARCH_PDP11",
            "an unknown architecture");
    b->archs[1] = (char *)"SCMP_ARCH_S390X";
    refused(b, false, "linux.seccomp.architectures[1]", "byte order", "the other byte order");
    free(b);
}

static void test_unknown_names(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    profile_rule(b, "SCMP_ACT_ALLOW", "getpid");
    profile_name(b, "frobnicate");
    profile_name(b, "socketcall"); /* known, only not here */
    profile_name(b, "fchmodat2");  /* newer than the oldest libseccomp */
    profile_name(b, "listns");
    struct vl_seccomp_prog *prog = compile(b);
    is_int(prog->notes.n, 1, "one name is unknown");
    is_str(prog->notes.v[0],
           "seccomp: unknown system call `frobnicate` ignored (linux.seccomp.syscalls[0])",
           "and the note says which and where");
    is_int(run0(prog, X64, N(getpid)), SECCOMP_RET_ALLOW, "the names beside it hold");
    is_int(run0(prog, X64, 452), SECCOMP_RET_ALLOW, "a call newer than libseccomp is known");
    is_int(run0(prog, X64, 470), SECCOMP_RET_ALLOW, "a call newer than any libseccomp is known");
    vl_seccomp_prog_free(prog);
    free(b);
}

static void test_flags(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ALLOW");
    struct vl_error *err = NULL;
    uint32_t flags = 77;
    ok(vl_seccomp_flags(&b->p, &flags, &err) == 0 && flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW,
       "without flags: SPEC_ALLOW");
    b->p.has_flags = true;
    ok(vl_seccomp_flags(&b->p, &flags, &err) == 0 && flags == 0, "an empty list is an empty list");
    profile_flag(b, "SECCOMP_FILTER_FLAG_TSYNC");
    profile_flag(b, "SECCOMP_FILTER_FLAG_LOG");
    profile_flag(b, "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    profile_flag(b, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
    ok(vl_seccomp_flags(&b->p, &flags, &err) == 0 && flags == (1 | 2 | 4 | 32), "four flags");
    profile_flag(b, "SECCOMP_FILTER_FLAG_NEW_LISTENER");
    ok(vl_seccomp_flags(&b->p, &flags, &err) < 0 &&
           strcmp(vl_error_where(err), "linux.seccomp.flags[4]") == 0,
       "an unknown flag is refused at its place");
    vl_error_free(err);
    free(b);
}

/* -- comparisons ----------------------------------------------------------------------------------
 */

static void test_operators(void)
{
    static const char *const ops[] = {"SCMP_CMP_NE",       "SCMP_CMP_LT", "SCMP_CMP_LE",
                                      "SCMP_CMP_EQ",       "SCMP_CMP_GE", "SCMP_CMP_GT",
                                      "SCMP_CMP_MASKED_EQ"};
    static const uint64_t values[] = {0,
                                      1,
                                      5,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x100000001,
                                      0x1ffffffff,
                                      0x8000000000000000,
                                      0xffffffff00000000,
                                      UINT64_MAX - 1,
                                      UINT64_MAX};
    int wrong = 0, count = 0;
    for (size_t o = 0; o < VL_ARRAY_LEN(ops); o++)
        for (size_t v = 0; v < VL_ARRAY_LEN(values); v++) {
            struct profile *b = profile_x64("SCMP_ACT_ERRNO");
            profile_arch(b, "SCMP_ARCH_X86");
            profile_rule(b, "SCMP_ACT_ALLOW", "getcwd");
            profile_cond(b, (uint32_t)(v % 6), ops[o], values[v], values[(v * 7 + 3) % 13]);
            struct vl_seccomp_prog *prog = compile(b);
            for (size_t a = 0; prog != NULL && a < VL_ARRAY_LEN(values); a++) {
                uint64_t args[6] = {9, 9, 9, 9, 9, 9};
                args[v % 6] = values[a];
                wrong += run_on(prog, X64, N(getcwd), args) !=
                         oracle_profile(&b->p, "getcwd", true, args);
                wrong +=
                    run_on(prog, X86, 183, args) != oracle_profile(&b->p, "getcwd", false, args);
                count += 2;
            }
            vl_seccomp_prog_free(prog);
            free(b);
        }
    ok(wrong == 0 && count == 2 * 7 * 13 * 13, "seven operators at the edges of 32 and 64 bits");
}

static void test_same_index(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    profile_rule(b, "SCMP_ACT_ALLOW", "personality");
    profile_cond(b, 0, "SCMP_CMP_EQ", 8, 0);
    profile_cond(b, 0, "SCMP_CMP_EQ", 3, 0);
    profile_cond(b, 1, "SCMP_CMP_EQ", 7, 0);
    profile_rule(b, "SCMP_ACT_ALLOW", "ioctl");
    profile_cond(b, 0, "SCMP_CMP_EQ", 8, 0);
    profile_cond(b, 1, "SCMP_CMP_EQ", 7, 0);
    struct vl_seccomp_prog *prog = compile(b);
    const uint64_t first[6] = {8}, second[6] = {3}, third[6] = {1, 7}, none[6] = {1, 1};
    is_int(run_on(prog, X64, N(personality), first), SECCOMP_RET_ALLOW,
           "an argument twice: either");
    is_int(run_on(prog, X64, N(personality), second), SECCOMP_RET_ALLOW, "or the other");
    is_int(run_on(prog, X64, N(personality), third), SECCOMP_RET_ALLOW, "and then all are apart");
    is_int(run_on(prog, X64, N(personality), none), DENIED(EPERM), "none holds");
    const uint64_t both[6] = {8, 7};
    is_int(run_on(prog, X64, N(ioctl), both), SECCOMP_RET_ALLOW, "different arguments: both hold");
    is_int(run_on(prog, X64, N(ioctl), first), DENIED(EPERM), "one alone is not enough");
    vl_seccomp_prog_free(prog);
    free(b);
}

static void test_precedence(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    profile_rule(b, "SCMP_ACT_TRAP", "ioctl");
    profile_cond(b, 0, "SCMP_CMP_EQ", 1, 0);
    profile_rule(b, "SCMP_ACT_ALLOW", "ioctl");
    profile_rule(b, "SCMP_ACT_LOG", "ioctl");
    profile_rule(b, "SCMP_ACT_LOG", "fcntl");
    profile_cond(b, 0, "SCMP_CMP_LT", 5, 0);
    profile_rule(b, "SCMP_ACT_ALLOW", "fcntl");
    profile_cond(b, 0, "SCMP_CMP_LT", 9, 0);
    profile_rule(b, "SCMP_ACT_ALLOW", "dup");
    profile_cond(b, 0, "SCMP_CMP_EQ", 1, 0);
    profile_rule(b, "SCMP_ACT_ERRNO", "dup"); /* as the default: not there */
    profile_errno(b, EPERM);
    struct vl_seccomp_prog *prog = compile(b);
    const uint64_t one[6] = {1}, seven[6] = {7};
    is_int(run_on(prog, X64, N(ioctl), one), SECCOMP_RET_ALLOW,
           "the first rule without conditions wins over all others");
    is_int(run_on(prog, X64, N(fcntl), one), SECCOMP_RET_LOG, "else the first that holds");
    is_int(run_on(prog, X64, N(fcntl), seven), SECCOMP_RET_ALLOW, "or the next");
    is_int(run_on(prog, X64, N(dup), one), SECCOMP_RET_ALLOW,
           "a rule that repeats the default does not win over anything");
    vl_seccomp_prog_free(prog);
    free(b);
}

/* -- architectures and numbers
 * --------------------------------------------------------------------- */

static void test_architectures(void)
{
    struct profile *b = profile_new("SCMP_ACT_ALLOW");
    profile_rule(b, "SCMP_ACT_ERRNO", "getcwd");
    struct vl_seccomp_prog *prog = compile(b);
    is_int(run0(prog, NATIVE, SYS_getcwd), DENIED(EPERM), "the native architecture is always in");
    is_int(run0(prog, NATIVE, SYS_read), SECCOMP_RET_ALLOW, "with the default for the rest");
    vl_seccomp_prog_free(prog);
    profile_arch(b, "SCMP_ARCH_X86_64");
    prog = compile(b);
    is_int(run0(prog, X86, 183), SECCOMP_RET_KILL_THREAD, "a foreign architecture is killed");
    is_int(run0(prog, X64, X32_BIT | N(getcwd)), SECCOMP_RET_KILL_THREAD, "x32 is foreign");
    is_int(run0(prog, X64, UINT32_MAX), SECCOMP_RET_ALLOW, "a tracer's -1 is not");
    vl_seccomp_prog_free(prog);
    profile_arch(b, "SCMP_ARCH_X32");
    profile_arch(b, "SCMP_ARCH_X86");
    profile_arch(b, "SCMP_ARCH_AARCH64");
    profile_arch(b, "SCMP_ARCH_X86_64");
    profile_arch(b, "SCMP_ARCH_X86");
    prog = compile(b);
    is_int(run0(prog, X64, N(getcwd)), DENIED(EPERM), "x86_64");
    is_int(run0(prog, X64, X32_BIT | N(getcwd)), DENIED(EPERM), "x32");
    is_int(run0(prog, X86, 183), DENIED(EPERM), "i386");
    is_int(run0(prog, X86, N(getcwd)), SECCOMP_RET_ALLOW, "has other numbers");
    is_int(run0(prog, AUDIT_ARCH_AARCH64, 17), DENIED(EPERM), "arm64");
    is_int(run0(prog, AUDIT_ARCH_ARM, 183), SECCOMP_RET_KILL_THREAD, "others are foreign still");
    vl_seccomp_prog_free(prog);
    free(b);
}

static void test_multiplexed(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    profile_arch(b, "SCMP_ARCH_X86");
    profile_rule(b, "SCMP_ACT_ALLOW", "socket");
    profile_rule(b, "SCMP_ACT_ALLOW", "shmget");
    profile_rule(b, "SCMP_ACT_ALLOW", "send");
    struct vl_seccomp_prog *prog = compile(b);
    const uint64_t socket_fn[6] = {1}, bind_fn[6] = {2}, send_fn[6] = {9}, shmget_fn[6] = {23};
    is_int(run0(prog, X86, 359), SECCOMP_RET_ALLOW, "socket by its own number");
    is_int(run_on(prog, X86, 102, socket_fn), SECCOMP_RET_ALLOW, "socket through socketcall");
    is_int(run_on(prog, X86, 102, bind_fn), DENIED(EPERM), "bind not");
    is_int(run_on(prog, X86, 102, send_fn), SECCOMP_RET_ALLOW, "send, which has no number");
    is_int(run0(prog, X86, 361), DENIED(EPERM), "bind by its own number not");
    is_int(run_on(prog, X86, 117, shmget_fn), SECCOMP_RET_ALLOW, "shmget through ipc");
    is_int(run0(prog, X86, 395), SECCOMP_RET_ALLOW, "shmget by its own number");
    is_int(run0(prog, X64, N(socket)), SECCOMP_RET_ALLOW, "and where nothing is multiplexed");
    vl_seccomp_prog_free(prog);
    free(b);
}

static void test_enosys(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    profile_arch(b, "SCMP_ARCH_X86");
    profile_arch(b, "SCMP_ARCH_X32");
    profile_arch(b, "SCMP_ARCH_AARCH64");
    profile_rule(b, "SCMP_ACT_ALLOW", "read");
    profile_rule(b, "SCMP_ACT_ALLOW", "clone3"); /* 435 everywhere */
    struct vl_seccomp_prog *prog = compile(b);
    is_int(run0(prog, X64, 434), DENIED(EPERM), "older than the profile: the default");
    is_int(run0(prog, X64, 436), DENIED(ENOSYS), "newer than the profile: ENOSYS");
    is_int(run0(prog, X64, 0x3fffffff), DENIED(ENOSYS), "however much newer");
    is_int(run0(prog, X64, UINT32_MAX), DENIED(ENOSYS), "-1 has no call either");
    is_int(run0(prog, X86, 436), DENIED(ENOSYS), "i386 too");
    is_int(run0(prog, AUDIT_ARCH_AARCH64, 436), DENIED(ENOSYS), "arm64 too");
    is_int(run0(prog, AUDIT_ARCH_AARCH64, 63), SECCOMP_RET_ALLOW, "which still may read");
    is_int(run0(prog, X64, X32_BIT | 434), DENIED(EPERM), "x32: the default");
    is_int(run0(prog, X64, X32_BIT | 436), DENIED(ENOSYS), "x32: ENOSYS");
    is_int(run0(prog, AUDIT_ARCH_ARM, 436), SECCOMP_RET_KILL_THREAD, "foreign ones are killed");
    vl_seccomp_prog_free(prog);

    profile_rule(b, "SCMP_ACT_ALLOW", "mseal");    /* 462 */
    profile_rule(b, "SCMP_ACT_ALLOW", "execveat"); /* on x32 545 */
    prog = compile(b);
    is_int(run0(prog, X64, 450), DENIED(EPERM), "known to libseccomp 2.5.4: the default");
    is_int(run0(prog, X64, 452), DENIED(ENOSYS), "unknown to it: ENOSYS");
    is_int(run0(prog, X64, 462), SECCOMP_RET_ALLOW, "named: allowed");
    is_int(run0(prog, X64, X32_BIT | 452), DENIED(ENOSYS), "x32: ENOSYS in between");
    is_int(run0(prog, X64, X32_BIT | 520), DENIED(EPERM), "x32: its own calls are old");
    is_int(run0(prog, X64, X32_BIT | 546), DENIED(ENOSYS), "x32: up to the last that is named");
    vl_seccomp_prog_free(prog);

    static const char *const lenient[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"};
    for (size_t i = 0; i < VL_ARRAY_LEN(lenient); i++) {
        b->p.default_action = (char *)lenient[i];
        prog = compile(b);
        ok(run0(prog, X64, 500) == run0(prog, X64, 2), "no ENOSYS under %s", lenient[i]);
        vl_seccomp_prog_free(prog);
    }
    b->p.default_action = (char *)"SCMP_ACT_KILL_PROCESS";
    prog = compile(b);
    is_int(run0(prog, X64, 500), DENIED(ENOSYS), "ENOSYS where the default kills");
    is_int(run0(prog, X64, 2), SECCOMP_RET_KILL_PROCESS, "which old calls feel");
    vl_seccomp_prog_free(prog);
    free(b);
}

/* -- against others
 * -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t audit, base;
} tested_archs[] = {
    {"SCMP_ARCH_X86_64", X64, 0},
    {"SCMP_ARCH_X86", X86, 0},
    {"SCMP_ARCH_X32", X64, X32_BIT},
    {"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, 0},
    {"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, 0},
    {"SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, 0},
    {"SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE, 0},
    {"SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL, 4000},
    {"SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64, 5000},
    {"SCMP_ARCH_MIPSEL64N32", 0xE0000008, 6000},
};

static uint64_t random_value(void)
{
    static const uint64_t some[] = {0,    1,          2,          3,           8,
                                    16,   0x20000,    0x20008,    0xffffffff,  0x100000000,
                                    1024, 0x7e020000, 0x80000000, 0x1000000ff, UINT64_MAX};
    return some[(size_t)rand() % VL_ARRAY_LEN(some)];
}

/* Number of calls on which two programs differ, over all numbers that mean something. */
static size_t differences(const struct vl_seccomp_prog *ours, const struct sock_filter *theirs,
                          size_t n_theirs, int tries)
{
    size_t differ = 0;
    for (size_t a = 0; a < VL_ARRAY_LEN(tested_archs); a++)
        for (uint32_t nr = 0; nr <= 600; nr++)
            for (int t = 0; t < tries; t++) {
                struct seccomp_data d = {.nr = (int)(tested_archs[a].base + nr),
                                         .arch = tested_archs[a].audit};
                for (int i = 0; i < 6; i++)
                    d.args[i] = random_value();
                if (vl_bpf_run(ours->insns, ours->n, &d) == vl_bpf_run(theirs, n_theirs, &d))
                    continue;
                if (differ++ < 5)
                    diag("%s %u: %#x, libseccomp %#x", tested_archs[a].name, nr,
                         vl_bpf_run(ours->insns, ours->n, &d), vl_bpf_run(theirs, n_theirs, &d));
            }
    return differ;
}

static void same_as_libseccomp(const struct profile *b, int tries, const char *name)
{
    size_t n = 0;
    struct sock_filter *theirs = oracle_libseccomp(&b->p, 0, &n);
    struct vl_seccomp_prog *ours = compile(b);
    if (!ok(theirs != NULL && ours != NULL, "%s: both compile", name))
        return;
    ok(differences(ours, theirs, n, tries) == 0,
       "%s: the same as libseccomp (%zu instructions, %zu)", name, ours->n, n);
    free(theirs);
    vl_seccomp_prog_free(ours);
}

/* Every name there is, as far as libseccomp knows it, in turns with three verdicts. */
static void test_every_name(void)
{
    static const char *const verdicts[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP"};
    static char names[1000][64];
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    size_t n = oracle_names(names, VL_ARRAY_LEN(names));
    b->p.has_default_errno_ret =
        true; /* keeps the ENOSYS rule out, which libseccomp does not have */
    b->p.default_errno_ret = ENOSYS;
    for (size_t i = 0; i < n; i++) {
        /* shares a pseudo number with switch_endian in libseccomp 2.5, which confuses the two */
        if (strcmp(names[i], "sys_debug_setcontext") == 0)
            continue;
        profile_rule(b, verdicts[i % 3], names[i]);
        if (i % 3 == 1)
            profile_errno(b, (uint32_t)(1 + i % 40));
    }
    ok(n > 400, "%zu names", n);
    for (size_t a = 0; a < VL_ARRAY_LEN(tested_archs); a++) {
        b->p.n_architectures = 0;
        profile_arch(b, tested_archs[a].name);
        same_as_libseccomp(b, 1, tested_archs[a].name);
    }
    /* and with one condition each, of all kinds */
    static const char *const ops[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_GE",
                                      "SCMP_CMP_EQ", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};
    b->p.n_syscalls = 0;
    b->n_names = 0;
    b->p.n_architectures = 0;
    for (size_t a = 0; a < 4; a++)
        profile_arch(b, tested_archs[a].name);
    srand(20);
    for (size_t i = 0; i < n; i++) {
        /* the multiplexed ones have their own test: libseccomp's order among them is its own */
        if (i % 4 != 0 || oracle_multiplexed(names[i]))
            continue;
        profile_rule(b, verdicts[i % 8 == 0], names[i]);
        profile_cond(b, (uint32_t)i % 6, ops[i / 4 % VL_ARRAY_LEN(ops)], random_value(),
                     random_value());
    }
    same_as_libseccomp(b, 40, "conditions on a quarter of the names");
    b->p.n_syscalls = 0;
    b->n_names = b->n_args = 0;
    b->p.n_architectures = 0;
    profile_arch(b, "SCMP_ARCH_X86");
    for (size_t i = 0; i < n; i++)
        if (oracle_multiplexed(names[i]) && i % 3 != 0)
            profile_rule(b, verdicts[i % 2 * 2], names[i]);
    same_as_libseccomp(b, 60, "functions of socketcall and ipc");
    free(b);
}

/* Random profiles against what the document says. */
static void random_profile(struct profile *b, const char *const *names, size_t n_names)
{
    static const char *const verdicts[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP",
                                           "SCMP_ACT_LOG", "SCMP_ACT_KILL_PROCESS"};
    static const char *const ops[] = {"SCMP_CMP_NE",       "SCMP_CMP_LT", "SCMP_CMP_LE",
                                      "SCMP_CMP_EQ",       "SCMP_CMP_GE", "SCMP_CMP_GT",
                                      "SCMP_CMP_MASKED_EQ"};
    int n_rules = 1 + rand() % 40;
    for (int i = 0; i < n_rules; i++) {
        const char *verdict = verdicts[rand() % 5];
        profile_rule(b, verdict, names[(size_t)rand() % n_names]);
        for (int more = rand() % 4; more > 0; more--)
            profile_name(b, names[(size_t)rand() % n_names]);
        if (strcmp(verdict, "SCMP_ACT_ERRNO") == 0 && rand() % 2 == 0)
            profile_errno(b, (uint32_t)(rand() % 50));
        for (int conds = rand() % 2 == 0 ? 0 : 1 + rand() % 4; conds > 0; conds--)
            profile_cond(b, (uint32_t)(rand() % 6), ops[rand() % 7], random_value(),
                         random_value());
    }
}

static void test_random_profiles(void)
{
    static const char *const names[] = {
        "read",  "write", "open",   "close",  "ioctl", "fcntl", "dup",   "getpid", "clone",
        "mount", "prctl", "ptrace", "setuid", "uname", "chmod", "mkdir", "umask",  "personality"};
    size_t wrong = 0, asked = 0, longest = 0;
    for (unsigned seed = 1; seed <= 300; seed++) {
        srand(seed);
        struct profile *b = profile_x64(rand() % 2 == 0 ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
        b->p.has_default_errno_ret = b->p.default_action[9] == 'E'; /* newer calls as any other */
        b->p.default_errno_ret = ENOSYS;
        profile_arch(b, "SCMP_ARCH_X86");
        profile_arch(b, "SCMP_ARCH_X32");
        random_profile(b, names, VL_ARRAY_LEN(names));
        struct vl_seccomp_prog *prog = compile(b);
        for (size_t i = 0; prog != NULL && i < VL_ARRAY_LEN(names); i++)
            for (int t = 0; t < 60; t++) {
                uint64_t args[6];
                for (int a = 0; a < 6; a++)
                    args[a] = random_value() + (uint64_t)(rand() % 3);
                size_t a = (size_t)t % 3;
                uint32_t nr = oracle_number(tested_archs[a].name, names[i]);
                uint32_t got = run_on(prog, tested_archs[a].audit, nr, args);
                uint32_t want = oracle_profile(&b->p, names[i], a == 0, args);
                if (got != want && wrong++ < 5)
                    diag("seed %u, %s on %s: %#x, not %#x", seed, names[i], tested_archs[a].name,
                         got, want);
                asked++;
            }
        longest = prog != NULL && prog->n > longest ? prog->n : longest;
        wrong += prog == NULL;
        vl_seccomp_prog_free(prog);
        free(b);
    }
    ok(wrong == 0, "random profiles say what the document says (%zu calls, up to %zu instructions)",
       asked, longest);
}

/* Long programs: jumps beyond 255 instructions, and the end of what a filter may have. */
static void test_long(void)
{
    struct profile *b = profile_x64("SCMP_ACT_ERRNO");
    for (int i = 0; i < 300; i++) {
        profile_rule(b, i % 2 == 0 ? "SCMP_ACT_ALLOW" : "SCMP_ACT_LOG", "ioctl");
        profile_cond(b, 1, "SCMP_CMP_EQ", (uint64_t)i * 0x100000001, 0);
    }
    profile_rule(b, "SCMP_ACT_ALLOW", "read");
    profile_rule(b, "SCMP_ACT_ALLOW", "write");
    struct vl_seccomp_prog *prog = compile(b);
    int wrong = prog == NULL;
    for (int i = 0; prog != NULL && i < 310; i++) {
        uint64_t args[6] = {0, (uint64_t)i * 0x100000001};
        wrong += run_on(prog, X64, N(ioctl), args) != oracle_profile(&b->p, "ioctl", true, args);
    }
    ok(wrong == 0 && run0(prog, X64, N(read)) == SECCOMP_RET_ALLOW &&
           run0(prog, X64, N(write)) == SECCOMP_RET_ALLOW &&
           run0(prog, X64, N(open)) == DENIED(EPERM),
       "%zu instructions, every one in its place", prog != NULL ? prog->n : 0);
    vl_seccomp_prog_free(prog);
    for (int i = 300; i < 1100; i++) {
        profile_rule(b, "SCMP_ACT_ALLOW", "ioctl");
        profile_cond(b, 1, "SCMP_CMP_EQ", (uint64_t)i * 0x100000001, 0);
    }
    refused(b, false, "linux.seccomp", "4096 instructions", "a profile that is too long");
    free(b);
}

/* -- raw programs
 * ---------------------------------------------------------------------------------- */

static void raw_refused(const char *text, const char *words, const char *name)
{
    struct vl_seccomp_prog *prog = NULL;
    struct vl_error *err = NULL;
    ok(vl_seccomp_raw(text, "annotations.x", &prog, &err) < 0 && err->kind == VL_ERR_CONFIG &&
           strstr(err->text, words) != NULL,
       "%s is refused", name);
    vl_error_free(err);
}

static void test_raw(void)
{
    struct vl_seccomp_prog *prog = NULL;
    struct vl_error *err = NULL;
    /* ret ALLOW: 06 00 00 00 00 00 ff 7f */
    ok(vl_seccomp_raw("BgAAAAAA/38=", "annotations.x", &prog, &err) == 0 && prog->n == 1 &&
           run0(prog, X86, 1) == SECCOMP_RET_ALLOW && prog->actions == 0,
       "a program in base64");
    vl_seccomp_prog_free(prog);
    prog = NULL;
    ok(vl_seccomp_raw("BgAA\nAAAAwH8", "annotations.x", &prog, &err) == 0 &&
           prog->actions == VL_ACT_NOTIFY,
       "folded, without padding, with a notification");
    vl_seccomp_prog_free(prog);
    raw_refused("", "0 bytes", "nothing");
    raw_refused("BgAAAAAA/3", "no whole instructions", "half an instruction");
    raw_refused("BgAA*AAA/38=", "not base64", "what is no base64");
    raw_refused("BgAAAAAA/38=BgAA", "not base64", "text after the padding");
    raw_refused("IAAAAAQAAAA=", "not valid at instruction 1 of 1", "a program without an end");
}

/* -- the kernel as witness
 * -------------------------------------------------------------------------- */

static int in_child(const struct vl_seccomp_prog *prog, int (*body)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct sock_fprog fprog = {.len = (unsigned short)prog->n, .filter = prog->insns};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0)
            _exit(99);
        _exit(body());
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

static int try_calls(void)
{
    if (syscall(SYS_getppid) != -1 || errno != 123)
        return 1;
    if (syscall(SYS_umask, 022) != -1 || errno != EXDEV || syscall(SYS_umask, 0x1000000012ul) < 0)
        return 2;
    return syscall(SYS_getpid) > 0 ? 0 : 3;
}

static int try_killed(void)
{
    syscall(SYS_getcwd, NULL, 0);
    return 0;
}

static void test_kernel(void)
{
    struct profile *b = profile_new("SCMP_ACT_ALLOW");
    profile_arch(b, "SCMP_ARCH_X86");
    profile_rule(b, "SCMP_ACT_ERRNO", "getppid");
    profile_errno(b, 123);
    profile_rule(b, "SCMP_ACT_ERRNO", "umask");
    profile_errno(b, EXDEV);
    profile_cond(b, 0, "SCMP_CMP_EQ", 022, 0);
    profile_rule(b, "SCMP_ACT_KILL_PROCESS", "getcwd");
    struct vl_seccomp_prog *prog = compile(b);
    int status = in_child(prog, try_calls);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        skip("filters cannot be loaded here");
    else {
        is_int(status, 0, "the kernel takes the program and does what it says");
        status = in_child(prog, try_killed);
        ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "and kills where it says so");
    }
    vl_seccomp_prog_free(prog);
    free(b);
}

int main(void)
{
    test_actions();
    test_refusals();
    test_unknown_names();
    test_flags();
    test_operators();
    test_same_index();
    test_precedence();
    test_multiplexed();
    test_architectures();
    test_enosys();
    test_every_name();
    test_random_profiles();
    test_long();
    test_raw();
    test_kernel();
    return done_testing();
}
