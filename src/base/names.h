/* SPDX-License-Identifier: Apache-2.0 */
/* name <-> number tables: one struct, looked up linearly, round-trip tested. */
#ifndef VL_BASE_NAMES_H
#define VL_BASE_NAMES_H

#include <stdint.h>
#include <stddef.h>

struct vl_name {
    const char *name;
    int64_t value;
};
/* Tables end with a NULL name. Returns 0 and *ret, or -ENOENT. */
int vl_name_find(const struct vl_name *t, const char *name, int64_t *ret);
const char *vl_name_of(const struct vl_name *t, int64_t value); /* first match or NULL */

extern const struct vl_name vl_ns_names[];      /* OCI names: "mount" -> CLONE_NEWNS … */
extern const struct vl_name vl_rlimit_names[];  /* "RLIMIT_NOFILE" … */
extern const struct vl_name vl_sched_names[];   /* "SCHED_FIFO" … */
extern const struct vl_name vl_sched_flag_names[];
extern const struct vl_name vl_ioprio_names[];  /* "IOPRIO_CLASS_BE" … */
extern const struct vl_name vl_mempolicy_names[]; /* "MPOL_BIND" … */
extern const struct vl_name vl_mempolicy_flag_names[];
extern const struct vl_name vl_personality_names[]; /* "LINUX", "LINUX32" */
/* "CAP_CHOWN" in any case, with or without CAP_; -ENOENT when unknown. */
int vl_cap_by_name(const char *name);
const char *vl_cap_name(int cap); /* "CAP_…" or NULL */
/* Signal: number 0..64, NAME or SIGNAME in any case, RTMIN+n, RTMAX-n; -EINVAL when unknown. 0 (existence check)
 * is given back as 0: the caller decides. */
int vl_signal_by_name(const char *s);

#endif
