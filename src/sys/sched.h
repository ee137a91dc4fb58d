/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling: sched_setattr(2), sched_setaffinity(2), ioprio_set(2), set_mempolicy(2). 0 or -errno.
 */
#ifndef VL_SYS_SCHED_H
#define VL_SYS_SCHED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* struct sched_attr without the utilisation clamps (VER0, 48 bytes): what the OCI scheduler field
 * needs. */
struct vl_sched_attr {
    uint32_t size; /* filled in by vl_sched_set */
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};
int vl_sched_set(pid_t pid, const struct vl_sched_attr *a); /* pid 0: the calling thread */
int vl_sched_get(pid_t pid, struct vl_sched_attr *ret);

/* mask is a bit string of size bytes, CPU 0 first. */
int vl_sched_set_affinity(pid_t pid, const unsigned long *mask, size_t size);
int vl_sched_get_affinity(pid_t pid, unsigned long *mask, size_t size);

int vl_ioprio_set(pid_t pid, int io_class, int level); /* IOPRIO_CLASS_… and 0..7 */
int vl_ioprio_get(pid_t pid, int *ret_class, int *ret_level);

/* nodes is a bit string of max_node bits. */
int vl_mempolicy_set(int mode, const unsigned long *nodes, unsigned long max_node);

#endif
