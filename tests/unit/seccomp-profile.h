/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp profiles built in a few words, for the unit tests. */
#ifndef VL_TESTS_SECCOMP_PROFILE_H
#define VL_TESTS_SECCOMP_PROFILE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ocispec/types.h>

#define PROFILE_MAX 1200

struct profile {
    struct oci_seccomp p;
    struct oci_syscall calls[PROFILE_MAX];
    struct oci_syscall_arg args[PROFILE_MAX * 6];
    char *names[PROFILE_MAX * 2];
    char *archs[24];
    char *flags[8];
    size_t n_args, n_names;
};

__attribute__((unused)) static struct profile *profile_new(const char *default_action)
{
    struct profile *b = calloc(1, sizeof(*b));
    b->p.default_action = (char *)default_action;
    b->p.syscalls = b->calls;
    b->p.has_syscalls = true;
    b->p.architectures = b->archs;
    b->p.flags = b->flags;
    return b;
}

__attribute__((unused)) static void profile_arch(struct profile *b, const char *arch)
{
    b->archs[b->p.n_architectures++] = (char *)arch;
    b->p.has_architectures = true;
}

__attribute__((unused)) static void profile_flag(struct profile *b, const char *flag)
{
    b->flags[b->p.n_flags++] = (char *)flag;
    b->p.has_flags = true;
}

/* A rule about one name; more are added with profile_name, conditions with profile_cond. */
__attribute__((unused)) static struct oci_syscall *
profile_rule(struct profile *b, const char *action, const char *name)
{
    struct oci_syscall *c = &b->calls[b->p.n_syscalls++];
    *c = (struct oci_syscall){.has_names = true,
                              .names = &b->names[b->n_names],
                              .n_names = 1,
                              .action = (char *)action,
                              .args = &b->args[b->n_args]};
    b->names[b->n_names++] = (char *)name;
    return c;
}

__attribute__((unused)) static void profile_name(struct profile *b, const char *name)
{
    b->calls[b->p.n_syscalls - 1].n_names++;
    b->names[b->n_names++] = (char *)name;
}

__attribute__((unused)) static void profile_cond(struct profile *b, uint32_t index, const char *op,
                                                 uint64_t value, uint64_t two)
{
    struct oci_syscall *c = &b->calls[b->p.n_syscalls - 1];
    c->has_args = true;
    c->n_args++;
    b->args[b->n_args++] = (struct oci_syscall_arg){.index = index,
                                                    .op = (char *)op,
                                                    .value = value,
                                                    .has_value_two = two != 0,
                                                    .value_two = two};
}

/* The last rule's errnoRet. */
__attribute__((unused)) static void profile_errno(struct profile *b, uint32_t number)
{
    b->calls[b->p.n_syscalls - 1].has_errno_ret = true;
    b->calls[b->p.n_syscalls - 1].errno_ret = number;
}

#endif
