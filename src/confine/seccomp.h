/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles of the OCI configuration (config-linux.md#seccomp) and the classic BPF programs
 * made of them.
 *
 * Pure: compiling looks at the profile and at the name tables of libseccomp (opened on first use),
 * never at the running kernel. What the kernel can do is compared by the planner, from the host
 * facts.
 */
#ifndef VL_CONFINE_SECCOMP_H
#define VL_CONFINE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <ocispec/types.h>
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/str.h"

/* Actions a program can return, as bits of vl_seccomp_prog.actions. */
enum vl_seccomp_act {
    VL_ACT_KILL_PROCESS = 1 << 0,
    VL_ACT_KILL_THREAD = 1 << 1,
    VL_ACT_TRAP = 1 << 2,
    VL_ACT_ERRNO = 1 << 3,
    VL_ACT_NOTIFY = 1 << 4,
    VL_ACT_TRACE = 1 << 5,
    VL_ACT_LOG = 1 << 6,
    VL_ACT_ALLOW = 1 << 7,
};

/* A program for seccomp(2), complete and checked (confine/bpf_sim.h). */
struct vl_seccomp_prog {
    struct sock_filter *insns;
    size_t n;             /* instructions, 1 … BPF_MAXINSNS */
    unsigned actions;     /* VL_ACT_* that the profile's rules and default action name */
    struct vl_strv notes; /* what of the profile was ignored, one line each */
};
void vl_seccomp_prog_free(struct vl_seccomp_prog *prog);
VL_DEFINE_CLEANUP(seccomp_prog)

/* The profile as a program for the given kernel architecture and, as runc has it, for the native
 * one even where `architectures` does not list it. fail_unknown: a system call whose name nobody
 * knows is an error instead of a note. Returns 0 and *ret, owned by the caller. Errors: CONFIG at
 * its place in linux.seccomp, UNSUPPORTED when libseccomp is missing or too old for an
 * architecture. */
int vl_seccomp_compile(const struct oci_seccomp *profile, bool fail_unknown,
                       struct vl_seccomp_prog **ret, struct vl_error **err);
/* A program given as base64 text (annotation run.oci.seccomp_bpf_data). CONFIG errors name `where`.
 */
int vl_seccomp_raw(const char *base64, const char *where, struct vl_seccomp_prog **ret,
                   struct vl_error **err);

/* SECCOMP_FILTER_FLAG_… bits of the profile's `flags`; without the member SPEC_ALLOW, as runc has
 * it. CONFIG error for an unknown word. */
int vl_seccomp_flags(const struct oci_seccomp *profile, uint32_t *ret, struct vl_error **err);

/* Where the planner gets programs from: the compiler itself, or the cache in front of it
 * (confine/seccomp_cache.h). get has the contract of vl_seccomp_compile. */
struct vl_seccomp_provider {
    int (*get)(void *ctx, const struct oci_seccomp *profile, bool fail_unknown,
               struct vl_seccomp_prog **ret, struct vl_error **err);
    void *ctx;
};

/* Words of the specification, for validation and for `features`; each table ends with a NULL name.
 * Values: SECCOMP_RET_… ; an index of struct vl_sc_op; AUDIT_ARCH_… (x32 as libseccomp numbers it);
 * SECCOMP_FILTER_FLAG_…. */
extern const struct vl_name vl_seccomp_actions[];
extern const struct vl_name vl_seccomp_operators[];
extern const struct vl_name vl_seccomp_archs[];
extern const struct vl_name vl_seccomp_flag_names[];
/* "2.5.4", or NULL when libseccomp cannot be opened; borrowed. */
const char *vl_seccomp_lib_version(void);

#endif
