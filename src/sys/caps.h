/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets as 64-bit words (1 << CAP_…). capabilities(7), capset(2). 0 or -errno. */
#ifndef VL_SYS_CAPS_H
#define VL_SYS_CAPS_H

#include <stdint.h>
#include <sys/types.h>

struct vl_caps {
    uint64_t effective, permitted, inheritable;
};
int vl_caps_get(pid_t pid, struct vl_caps *ret); /* 0: the calling thread */
int vl_caps_set(const struct vl_caps *c);        /* of the calling thread */
/* The bounding set and the highest capability the kernel knows, in one pass. ret_last may be NULL.
 */
int vl_caps_bounding(uint64_t *ret, int *ret_last);
int vl_caps_bounding_drop(uint64_t keep); /* drops all that are not in keep */
int vl_caps_ambient(uint64_t *ret);
int vl_caps_ambient_clear(void);
int vl_caps_ambient_raise(uint64_t caps);
/* Makes everything permitted inheritable and ambient, so that it survives an exec in a user
 * namespace that has no maps yet. System calls only: usable in a vfork child. */
int vl_caps_keep_over_exec(void);
int vl_caps_last(void); /* highest number the kernel knows, by asking; -errno */

#endif
