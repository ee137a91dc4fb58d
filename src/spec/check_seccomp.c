/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of linux.seccomp (config-linux.md#seccomp): words and shapes. Architectures, flags and
 * system calls are names of libseccomp and of the kernel; confine/ knows those.
 */
#include "spec/checker.h"

#include "base/str.h"

#define ARGS 6 /* of a system call */

static const char *const actions[] = {
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          "SCMP_ACT_NOTIFY",
};

static const char *const operators[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
};

static bool listed(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (vl_streq(words[i], word))
            return true;
    return false;
}

static void check_action(struct vl_checker *c, const char *where, const char *action,
                         const char *errno_where, bool has_errno)
{
    if (!listed(actions, VL_ARRAY_LEN(actions), action))
        vl_bad(c, where, "unknown action `%s`", action);
    else if (has_errno && !vl_streq(action, "SCMP_ACT_ERRNO") &&
             !vl_streq(action, "SCMP_ACT_TRACE"))
        vl_bad(c, errno_where, "%s returns no errno", action);
}

static void check_syscall(struct vl_checker *c, const struct oci_syscall *s)
{
    if (s->n_names == 0)
        vl_bad(c, "linux.seccomp.syscalls[].names", "there must be at least one name");
    check_action(c, "linux.seccomp.syscalls[].action", s->action,
                 "linux.seccomp.syscalls[].errnoRet", s->has_errno_ret);
    for (c->j = 0; c->j < s->n_args; c->j++) {
        const struct oci_syscall_arg *a = &s->args[c->j];
        if (!listed(operators, VL_ARRAY_LEN(operators), a->op))
            vl_bad(c, "linux.seccomp.syscalls[].args[].op", "unknown operator `%s`", a->op);
        if (a->index >= ARGS)
            vl_bad(c, "linux.seccomp.syscalls[].args[].index", "a system call has no argument %u",
                   a->index);
    }
}

void vl_check_seccomp(const struct oci_seccomp *s, struct vl_error **list)
{
    struct vl_checker c = {.list = list, .at = ""};
    check_action(&c, "linux.seccomp.defaultAction", s->default_action,
                 "linux.seccomp.defaultErrnoRet", s->has_default_errno_ret);
    if (vl_is_set(s->listener_metadata) && !vl_is_set(s->listener_path))
        vl_bad(&c, "linux.seccomp.listenerMetadata", "metadata without listenerPath");
    if (vl_is_set(s->listener_path))
        vl_check_abs(&c, "linux.seccomp.listenerPath", "listener", s->listener_path);
    for (c.i = 0; c.i < s->n_syscalls; c.i++)
        check_syscall(&c, &s->syscalls[c.i]);
}
