/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled seccomp programs, kept below the state root (<root>/@cache/seccomp, mode 0700).
 *
 * An entry's name is the SHA-256 of everything its program depends on. What is read back is trusted
 * only when directory and file belong to us and to nobody else, and when the digest inside fits. A
 * cache that cannot be used is no error: the profile is then compiled.
 */
#ifndef VL_CONFINE_SECCOMP_CACHE_H
#define VL_CONFINE_SECCOMP_CACHE_H

#include "confine/seccomp.h"

#define VL_SECCOMP_CACHE_MAX 64 /* entries; the least recently used go first */

struct vl_seccomp_cache {
    int root_fd; /* the state root; borrowed; negative: no cache */
    /* what happened, for the transcript and tests; written by vl_seccomp_cached */
    bool hit, stored;
};

/* get of struct vl_seccomp_provider; ctx is a struct vl_seccomp_cache. */
int vl_seccomp_cached(void *ctx, const struct oci_seccomp *profile, bool fail_unknown,
                      struct vl_seccomp_prog **ret, struct vl_error **err);

#endif
