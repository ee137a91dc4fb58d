/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the seccomp compiler: words and architectures (seccomp_names.c),
 * libseccomp's name tables (seccomp_lib.c), rules (seccomp_rules.c), instructions (seccomp_gen.c).
 * Not for other folders.
 */
#ifndef VL_CONFINE_SECCOMP_INT_H
#define VL_CONFINE_SECCOMP_INT_H

#include "confine/seccomp.h"

/* How an architecture numbers its calls and lays out their arguments. */
struct vl_sc_arch {
    const char *name;     /* "SCMP_ARCH_X86_64" */
    const char *lib_name; /* as seccomp_arch_resolve_name(3) takes it */
    uint32_t token;       /* libseccomp's SCMP_ARCH_… */
    uint32_t audit;       /* AUDIT_ARCH_… of struct seccomp_data */
    bool wide;            /* arguments are compared as 64 bits */
    bool big_endian;
    uint32_t base; /* of the calls that all architectures number alike (since Linux 5.1) */
    uint32_t extra_first, extra_last; /* known calls above those, as offsets of base; 0 for none */
};
extern const struct vl_sc_arch vl_sc_archs[]; /* ends with a NULL name */
const struct vl_sc_arch *vl_sc_arch_by_name(const char *name);
const struct vl_sc_arch *vl_sc_arch_native(void);

#define VL_SC_X32_BIT 0x40000000u
/* The last call that libseccomp 2.5.4 of April 2022 has a name for, by the common numbering. */
#define VL_SC_LAST_KNOWN 450u

enum vl_sc_op { VL_SC_NE, VL_SC_LT, VL_SC_LE, VL_SC_EQ, VL_SC_GE, VL_SC_GT, VL_SC_MASKED_EQ };

/* One comparison: argument `arg` against a; MASKED_EQ: (argument & a) == b. */
struct vl_sc_cond {
    enum vl_sc_op op;
    unsigned arg; /* 0 … 5 */
    uint64_t a, b;
};
#define VL_SC_ARGS 6

/* All conditions hold (or there is none): the call gets `ret`. */
struct vl_sc_rule {
    uint32_t nr;
    uint32_t ret;   /* SECCOMP_RET_… with data */
    unsigned order; /* place in the profile */
    unsigned n_cond;
    const struct vl_sc_cond *cond; /* in vl_sc_profile.pool */
};

/* The rules of one architecture, by ascending number; among equal ones in the order of the profile.
 */
struct vl_sc_rules {
    const struct vl_sc_arch *arch;
    struct vl_sc_rule *rule;
    size_t n;
    bool any_named;
    uint32_t
        max_named; /* highest number that the profile names, also in rules that change nothing */
};

/* A profile in numbers. */
struct vl_sc_profile {
    uint32_t def;     /* SECCOMP_RET_… of the default action */
    bool enosys;      /* calls newer than the profile get ENOSYS */
    unsigned actions; /* VL_ACT_* */
    struct vl_sc_rules *arch;
    size_t n_arch;
    struct vl_sc_cond **pool; /* conditions of the rules */
    size_t n_pool;
    struct vl_strv notes; /* what was ignored */
};
int vl_sc_profile_build(const struct oci_seccomp *profile, bool fail_unknown,
                        struct vl_sc_profile *ret, struct vl_error **err);
void vl_sc_profile_reset(struct vl_sc_profile *p);

/* Instructions for a profile; *ret is owned by the caller. CONFIG error when they would be too
 * many. */
int vl_sc_generate(const struct vl_sc_profile *p, struct sock_filter **ret, size_t *ret_n,
                   struct vl_error **err);

/* An action word with its errno (NULL: not given) as a return value, and as a VL_ACT_* bit. `where`
 * is the place of the object that holds both. */
int vl_sc_action(const char *word, const uint32_t *errno_ret, const char *where, const char *key,
                 const char *errno_key, uint32_t *ret, unsigned *ret_act, struct vl_error **err);

/* -- libseccomp ----------------------------------------------------------------------------------
 */

/* Where a name leads on one architecture. Some reach a call in two ways: by its own number, and as
 * a function of socketcall(2) or ipc(2), which is the first argument. */
struct vl_sc_number {
    uint32_t nr;
    bool has_call;
    uint32_t call;
};
enum vl_sc_known {
    VL_SC_UNKNOWN,
    VL_SC_ABSENT,
    VL_SC_FOUND
}; /* nobody knows it; not on this one; found */

struct vl_sc_mux { /* own numbers of multiplexed calls, found on first use; zeroed by the caller */
    bool done;
    uint32_t socket[21], ipc[25];
};
int vl_sc_lib_open(struct vl_error **err);
bool vl_sc_lib_has_arch(const struct vl_sc_arch *arch);
enum vl_sc_known vl_sc_resolve(const struct vl_sc_arch *arch, struct vl_sc_mux *mux,
                               const char *name, struct vl_sc_number ret[2], unsigned *ret_n);
/* Path of the library file that was opened (borrowed, for the life of the process), or NULL. */
const char *vl_sc_lib_path(void);

#endif
