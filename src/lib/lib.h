/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of libveloci share: the objects behind include/veloci.h. */
#ifndef VL_LIB_LIB_H
#define VL_LIB_LIB_H

#include <stdbool.h>
#include <veloci.h>
#include "base/error.h"
#include "ops/ops.h"

struct veloci {
    struct vl_global global;
    char *root; /* of global, owned; or NULL */
};

struct veloci_error {
    struct vl_error *e;
    char *text;
};

struct veloci_state {
    struct vl_status *status;
};

/* Hands an error over: *inner becomes NULL. err may be NULL. Returns -1. */
int vl_lib_error(struct vl_error **inner, struct veloci_error **err);
/* The end of every function: r as it is when it is no error. */
static inline int vl_lib_result(int r, struct vl_error **inner, struct veloci_error **err)
{
    return r < 0 ? vl_lib_error(inner, err) : 0;
}

/*
 * Copies a struct of options that begins with its size (as openat2(2) does): a shorter one, of an
 * older caller, is completed with zeros; of a longer one what this library does not know must be
 * zero. given may be NULL. USAGE error.
 */
int vl_lib_options(const void *given, void *ret, size_t size, const char *name,
                   struct vl_error **err);
/* USAGE error when flags has other bits than known. */
int vl_lib_flags(uint32_t flags, uint32_t known, const char *name, struct vl_error **err);
/* USAGE error when the kernel would reap our children before we can. */
int vl_lib_can_wait(struct vl_error **err);

#endif
