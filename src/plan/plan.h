/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch plan in memory: descriptors and operations as plain data, what the planner writes and prep,
 * launch, print, wire and digest read. Building opens nothing and touches nothing.
 */
#ifndef VL_PLAN_PLAN_H
#define VL_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "plan/wire.h"

struct vl_blob {
    void *data; /* NUL-terminated; NULL = absent */
    size_t len;
};

struct vl_desc {
    enum vl_role role;
    enum vl_kind kind;
    enum vl_acquire acquire;
    unsigned flags; /* VL_DESC_* */
    uint32_t aux;
    char *path;  /* host path, or NULL where the role says it all */
    char *where; /* place in config.json, or NULL */
};

/* Whether the stage is given the descriptor that veloci has opened before the clone. The user namespace of an id
 * map stays with veloci, which maps the trees itself. */
static inline bool vl_desc_is_passed(const struct vl_desc *d)
{
    return d->acquire != VL_ACQ_INHERITED && d->role != VL_ROLE_IDMAP;
}

struct vl_op {
    enum vl_op_code code;
    enum vl_phase phase;
    char *where; /* place in config.json, or NULL */
    int64_t n[VL_OP_NUMS];
    struct vl_blob s[VL_OP_STRS];
    int16_t fd[VL_OP_FDS]; /* index into desc, -1 none */
};

struct vl_plan {
    struct vl_desc *desc;
    size_t n_desc;
    struct vl_op *op;
    size_t n_op;
    uint32_t features;     /* VL_FEAT_* */
    uint32_t preserve_fds;
    struct vl_strv notes;  /* degradations and ignored fields, for state, transcript and debug output */
};

void vl_plan_free(struct vl_plan *p);
VL_DEFINE_CLEANUP(plan)

/* Appends an operation with its registered phase, numbers 0, strings absent, descriptors -1. The pointer is
 * valid until the next append. where may be NULL and is copied. */
struct vl_op *vl_plan_op(struct vl_plan *p, enum vl_op_code code, const char *where);
void vl_op_str(struct vl_op *op, int index, const char *s);               /* copies; NULL = absent */
void vl_op_blob(struct vl_op *op, int index, const void *data, size_t n); /* copies */
void vl_op_vec(struct vl_op *op, int index, char *const *v, size_t n);    /* strings, each with its NUL */
/* Appends a descriptor; returns its index. path and where are copied, may be NULL. */
int vl_plan_desc(struct vl_plan *p, enum vl_role role, enum vl_kind kind, enum vl_acquire acquire,
                 unsigned flags, const char *path, const char *where);
const char *vl_op_s(const struct vl_op *op, int index); /* NULL when absent */
/* First operation of a code at or after *from (start with 0; *from becomes its index + 1), or NULL. */
const struct vl_op *vl_plan_find(const struct vl_plan *p, enum vl_op_code code, size_t *from);

/* Names for printing and messages, from the registry (plan/optable.c). */
struct vl_op_names {
    enum vl_op_code code;
    const char *name; /* "mount", "pivot", … */
    uint8_t phases;   /* bit set of 1 << enum vl_phase it may run in */
    const char *num[VL_OP_NUMS], *str[VL_OP_STRS], *fd[VL_OP_FDS];
    uint8_t vec;  /* bit i: string i is a vector */
    uint8_t blob; /* bit i: string i is binary */
};
const struct vl_op_names *vl_op_names(unsigned code); /* NULL when unknown */
const char *vl_phase_name(enum vl_phase p);
const char *vl_role_name(enum vl_role r);
const char *vl_kind_name(enum vl_kind k);
const char *vl_acquire_name(enum vl_acquire a);

/* Wire form. Encoding never fails. stage_only leaves host operations out (op indexes then count stage
 * operations only: vl_plan_stage_op maps them back). fds/dev/ino per descriptor may be NULL (all -1/0). */
struct vl_ident {
    int fd;
    uint64_t dev, ino;
};
void *vl_plan_encode(const struct vl_plan *p, bool stage_only, const struct vl_ident *idents, size_t *ret_len);
/* Decodes bytes of vl_plan_encode (any other bytes: an error naming the fault). */
int vl_plan_decode(const void *buf, size_t len, struct vl_plan **ret, struct vl_error **err);
/* Whether the stage would carry it out: descriptors, phases, what must come before what. REFUSED, naming the operation. */
int vl_plan_check_schedule(const struct vl_plan *p, struct vl_error **err);
/* The same for a plan that we wrote ourselves, where nobody else can write: everything is checked but the digest, which
 * takes longer than all the rest. */
int vl_plan_decode_own(const void *buf, size_t len, struct vl_plan **ret, struct vl_error **err);
const struct vl_op *vl_plan_stage_op(const struct vl_plan *p, uint32_t index); /* NULL when out of range */

/* SHA-256 over the encoding with all identities empty (what a plan digest means; RULES in docs/design.md). */
void vl_plan_digest(const struct vl_plan *p, uint8_t out[32]);
/* Stable JSON with "digest": "sha256:…"; caller frees. */
char *vl_plan_print(const struct vl_plan *p, size_t *ret_len);

#endif
