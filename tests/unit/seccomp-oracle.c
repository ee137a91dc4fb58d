/* SPDX-License-Identifier: Apache-2.0 */
/* Two independent opinions on what a profile says. */
#include "seccomp-oracle.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t action(const char *word, bool has_errno, uint32_t number)
{
    uint32_t data = has_errno ? number : EPERM;
    if (strcmp(word, "SCMP_ACT_ALLOW") == 0)
        return SCMP_ACT_ALLOW;
    if (strcmp(word, "SCMP_ACT_ERRNO") == 0)
        return SCMP_ACT_ERRNO(data);
    if (strcmp(word, "SCMP_ACT_TRACE") == 0)
        return SCMP_ACT_TRACE(data);
    if (strcmp(word, "SCMP_ACT_LOG") == 0)
        return SCMP_ACT_LOG;
    if (strcmp(word, "SCMP_ACT_TRAP") == 0)
        return SCMP_ACT_TRAP;
    if (strcmp(word, "SCMP_ACT_NOTIFY") == 0)
        return SCMP_ACT_NOTIFY;
    if (strcmp(word, "SCMP_ACT_KILL_PROCESS") == 0)
        return SCMP_ACT_KILL_PROCESS;
    return SCMP_ACT_KILL_THREAD;
}

static enum scmp_compare operator(const char *word) {
    static const struct {const char * word; enum scmp_compare op;}
ops[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};
for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
    if (strcmp(ops[i].word, word) == 0)
        return ops[i].op;
abort();
}

static bool repeats(const struct oci_syscall *call)
{
    unsigned seen = 0;
    for (size_t i = 0; i < call->n_args; i++) {
        if (seen & 1u << call->args[i].index)
            return true;
        seen |= 1u << call->args[i].index;
    }
    return false;
}

/* -- libseccomp ----------------------------------------------------------------------------------
 */

static int add_call(scmp_filter_ctx ctx, const struct oci_syscall *call, uint32_t def)
{
    struct scmp_arg_cmp args[64];
    uint32_t act = action(call->action, call->has_errno_ret, call->errno_ret);
    if (act == def)
        return 0;
    for (size_t i = 0; i < call->n_args; i++)
        args[i] = (struct scmp_arg_cmp){.arg = call->args[i].index,
                                        .op = operator(call->args[i].op),
                                        .datum_a = call->args[i].value,
                                        .datum_b = call->args[i].value_two};
    for (size_t n = 0; n < call->n_names; n++) {
        int nr = seccomp_syscall_resolve_name(call->names[n]);
        int r = 0;
        if (nr == __NR_SCMP_ERROR)
            continue;
        if (!repeats(call))
            r = seccomp_rule_add_array(ctx, act, nr, (unsigned)call->n_args, args);
        else
            for (size_t i = 0; i < call->n_args && r == 0; i++)
                r = seccomp_rule_add_array(ctx, act, nr, 1, &args[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* "SCMP_ARCH_X86_64" is libseccomp's "x86_64". */
static uint32_t token(const char *word)
{
    char name[32];
    size_t i = 0;
    for (word += strlen("SCMP_ARCH_"); word[i] != '\0'; i++)
        name[i] = (char)tolower((unsigned char)word[i]);
    name[i] = '\0';
    return seccomp_arch_resolve_name(name);
}

static int fill(scmp_filter_ctx ctx, const struct oci_seccomp *p, uint32_t def)
{
    for (size_t i = 0; i < p->n_architectures; i++) {
        int r = seccomp_arch_add(ctx, token(p->architectures[i]));
        if (r < 0 && r != -EEXIST)
            return r;
    }
    for (size_t i = 0; i < p->n_syscalls; i++) {
        int r = add_call(ctx, &p->syscalls[i], def);
        if (r < 0)
            return r;
    }
    return 0;
}

struct sock_filter *oracle_libseccomp(const struct oci_seccomp *p, int optimize, size_t *ret_n)
{
    uint32_t def = oracle_default(p);
    scmp_filter_ctx ctx = seccomp_init(def);
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    struct sock_filter *out = NULL;
    struct stat st;
    if (optimize != 0)
        seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t)optimize);
    if (fill(ctx, p, def) == 0 && seccomp_export_bpf(ctx, fd) == 0 && fstat(fd, &st) == 0) {
        out = malloc((size_t)st.st_size);
        *ret_n = (size_t)st.st_size / sizeof(*out);
        if (pread(fd, out, (size_t)st.st_size, 0) != st.st_size)
            abort();
    }
    seccomp_release(ctx);
    close(fd);
    return out;
}

static size_t add_names(uint32_t arch, int first, int last, char (*names)[64], size_t n, size_t max)
{
    for (int nr = first; nr <= last && n < max; nr++) {
        char *name = seccomp_syscall_resolve_num_arch(arch, nr);
        size_t i = 0;
        while (name != NULL && i < n && strcmp(names[i], name) != 0)
            i++;
        if (name != NULL && i == n && strlen(name) < sizeof(names[0]))
            strcpy(names[n++], name);
        free(name);
    }
    return n;
}

size_t oracle_names(char (*names)[64], size_t max)
{
    size_t n = add_names(SCMP_ARCH_X86_64, 0, 600, names, 0, max);
    n = add_names(SCMP_ARCH_X86, 0, 600, names, n, max);
    n = add_names(SCMP_ARCH_ARM, 0, 600, names, n, max);
    n = add_names(SCMP_ARCH_MIPSEL, 4000, 4600, names, n, max);
    return add_names(SCMP_ARCH_PPC64LE, 0, 600, names, n, max);
}

bool oracle_multiplexed(const char *name)
{
    int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);
    return nr <= -100 && nr > -300;
}

uint32_t oracle_number(const char *arch, const char *name)
{
    return (uint32_t)seccomp_syscall_resolve_name_arch(token(arch), name);
}

/* -- the document --------------------------------------------------------------------------------
 */

static bool holds(const struct oci_syscall_arg *arg, bool wide, const uint64_t args[6])
{
    uint64_t width = wide ? UINT64_MAX : UINT32_MAX;
    uint64_t got = args[arg->index] & width, want = arg->value & width,
             two = arg->value_two & width;
    switch (operator(arg->op)) {
    case SCMP_CMP_NE:
        return got != want;
    case SCMP_CMP_LT:
        return got < want;
    case SCMP_CMP_LE:
        return got <= want;
    case SCMP_CMP_EQ:
        return got == want;
    case SCMP_CMP_GE:
        return got >= want;
    case SCMP_CMP_GT:
        return got > want;
    case SCMP_CMP_MASKED_EQ:
        return (got & want) == (two & want);
    case _SCMP_CMP_MIN:
    case _SCMP_CMP_MAX:
    default:
        abort();
    }
}

static bool matches(const struct oci_syscall *call, bool wide, const uint64_t args[6])
{
    size_t n = 0;
    for (size_t i = 0; i < call->n_args; i++)
        n += holds(&call->args[i], wide, args);
    return repeats(call) ? n > 0 : n == call->n_args;
}

/* A mask without bits asks nothing: the rule has one condition less, or none at all. */
static bool unconditional(const struct oci_syscall *call, bool wide)
{
    size_t asks = 0;
    for (size_t i = 0; i < call->n_args; i++) {
        uint64_t mask = call->args[i].value & (wide ? UINT64_MAX : UINT32_MAX);
        bool nothing = operator(call->args[i].op) == SCMP_CMP_MASKED_EQ && mask == 0;
        if (nothing && repeats(call))
            return true; /* each is a rule of its own */
        asks += !nothing;
    }
    return asks == 0;
}

static bool about(const struct oci_syscall *call, const char *name)
{
    for (size_t i = 0; i < call->n_names; i++)
        if (strcmp(call->names[i], name) == 0)
            return true;
    return false;
}

uint32_t oracle_default(const struct oci_seccomp *p)
{
    return action(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
}

uint32_t oracle_profile(const struct oci_seccomp *p, const char *name, bool wide,
                        const uint64_t args[6])
{
    uint32_t def = oracle_default(p);
    for (int with_args = 0; with_args < 2; with_args++)
        for (size_t i = 0; i < p->n_syscalls; i++) {
            const struct oci_syscall *call = &p->syscalls[i];
            uint32_t act = action(call->action, call->has_errno_ret, call->errno_ret);
            if (act != def && unconditional(call, wide) == (with_args == 0) && about(call, name) &&
                matches(call, wide, args))
                return act;
        }
    return def;
}
