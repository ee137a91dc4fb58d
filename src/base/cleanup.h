/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound release of descriptors and memory.
 *
 * An empty descriptor is VL_NOFD (-EBADF, so that an escaped one is a readable error). Every release
 * function accepts the empty value, keeps errno and leaves the empty value behind. Declare variables
 * with these attributes initialised; hand ownership on with vl_take_fd / vl_take_ptr.
 */
#ifndef VL_BASE_CLEANUP_H
#define VL_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define VL_NOFD (-EBADF)

static inline void vl_close(int fd)
{
    if (fd >= 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
    }
}

static inline void vl_cleanup_fd(int *fd)
{
    vl_close(*fd);
    *fd = VL_NOFD;
}

static inline void vl_cleanup_free(void *p)
{
    void **ptr = p;
    int saved = errno;
    free(*ptr);
    *ptr = NULL;
    errno = saved;
}

static inline int vl_take_fd(int *fd)
{
    int r = *fd;
    *fd = VL_NOFD;
    return r;
}

#define vl_take_ptr(p)                                                                             \
    ({                                                                                             \
        __typeof__(p) *vl_pp = &(p);                                                               \
        __typeof__(p) vl_v = *vl_pp;                                                               \
        *vl_pp = NULL;                                                                             \
        vl_v;                                                                                      \
    })

/* Defines vl_cleanup_NAME for `struct vl_NAME *` released by vl_NAME_free (which accepts NULL). */
#define VL_DEFINE_CLEANUP(name)                                                                    \
    static inline void vl_cleanup_##name(struct vl_##name **p)                                     \
    {                                                                                              \
        vl_##name##_free(*p);                                                                      \
        *p = NULL;                                                                                 \
    }

#define cleanup(kind) __attribute__((cleanup(vl_cleanup_##kind)))
#define cleanup_fd cleanup(fd)
#define cleanup_free cleanup(free)

#endif
