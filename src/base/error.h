/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error object.
 *
 * base/ and sys/ return 0, a descriptor or a negative errno. From spec/ up, a fallible function takes
 * `struct vl_error **err` as its last argument, returns >= 0 on success, and -1 with *err set exactly
 * once on failure. err is never NULL. A chain of contexts reads outermost first:
 *   mount `tmpfs` at `/dev/shm` (mounts[3]): option `size=64x`: Invalid argument
 */
#ifndef VL_BASE_ERROR_H
#define VL_BASE_ERROR_H

#include <stddef.h>
#include "base/attr.h"
#include "base/cleanup.h"

enum vl_error_kind {
    VL_ERR_USAGE = 1,   /* the command line is wrong */
    VL_ERR_CONFIG,      /* a document is wrong; `where` names the place */
    VL_ERR_UNSUPPORTED, /* right, but this kernel or build lacks it; `rule` names the feature */
    VL_ERR_REFUSED,     /* possible, but a policy forbids it; `rule` names the policy */
    VL_ERR_STATE,       /* no such container, wrong state, id taken */
    VL_ERR_SYSTEM,      /* a call failed */
    VL_ERR_PAYLOAD,     /* a hook or program ended badly */
    VL_ERR_BUG,         /* a protocol or an invariant is broken */
};

/* refused: nothing was done. faulted: the system failed, everything was undone. degraded: an optional
 * layer is missing and the configuration allows going on. Derived from the kind by one table. */
enum vl_error_class { VL_CLASS_REFUSED = 1, VL_CLASS_FAULTED, VL_CLASS_DEGRADED };

struct vl_error {
    enum vl_error_kind kind;
    int errnum;             /* positive errno or 0 */
    char *text;             /* attempted action and object, lower case, no final newline */
    char *where;            /* JSON path such as mounts[3].options[1], or NULL */
    char *rule;             /* specification section, feature or policy, or NULL */
    char *phase, *op;       /* launch phase and operation, or NULL */
    struct vl_error *cause; /* next inner error, or NULL; owned */
    struct vl_error *next;  /* further CONFIG errors found in the same pass; owned */
};

void vl_error_free(struct vl_error *e);
VL_DEFINE_CLEANUP(error)

/* Constructors set *err (which must be NULL) and return -1. errnum may be given negative or positive. */
int vl_err_usage(struct vl_error **err, const char *fmt, ...) VL_PRINTF(2, 3);
int vl_err_config(struct vl_error **err, const char *where, const char *fmt, ...) VL_PRINTF(3, 4);
int vl_err_unsupported(struct vl_error **err, const char *feature, const char *fmt, ...) VL_PRINTF(3, 4);
int vl_err_refused(struct vl_error **err, const char *rule, const char *fmt, ...) VL_PRINTF(3, 4);
int vl_err_state(struct vl_error **err, const char *fmt, ...) VL_PRINTF(2, 3);
int vl_err_sys(struct vl_error **err, int errnum, const char *fmt, ...) VL_PRINTF(3, 4);
int vl_err_payload(struct vl_error **err, const char *fmt, ...) VL_PRINTF(2, 3);
int vl_err_bug(struct vl_error **err, const char *fmt, ...) VL_PRINTF(2, 3);

/* Wraps *err in an outer context (same kind, errno and where) and returns -1. */
int vl_err_ctx(struct vl_error **err, const char *fmt, ...) VL_PRINTF(2, 3);
/* Sets the place of the config on *err unless one is set already. Returns -1. */
int vl_err_at(struct vl_error **err, const char *where, ...) VL_PRINTF(2, 3);

/* Collects errors of one pass: list starts NULL; takes *e (which becomes NULL). At most VL_ERR_MAX are kept. */
#define VL_ERR_MAX 10
void vl_err_collect(struct vl_error **list, struct vl_error **e);
size_t vl_err_count(const struct vl_error *list);

/* Drops an error on purpose; why is shown at debug level. */
void vl_err_drop(struct vl_error **err, const char *why);

enum vl_error_class vl_error_class(const struct vl_error *e);
const char *vl_error_kind_name(enum vl_error_kind k);
const char *vl_error_class_name(enum vl_error_class c);

/* One line without newline: contexts outermost first, then " (at WHERE)" when a place is known, the
 * strerror text, and "(and N more: …)" for collected ones. Caller frees. Control characters are escaped. */
char *vl_error_text(const struct vl_error *e);
/* innermost non-zero errno of the chain, else 0 */
int vl_error_errno(const struct vl_error *e);
/* first `where` of the chain, else NULL; borrowed */
const char *vl_error_where(const struct vl_error *e);

#endif
