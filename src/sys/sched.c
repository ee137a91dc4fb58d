/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling attributes. */
#include "sys/sched.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13, IOPRIO_DATA_MASK = 0x1fff };

static int result(long r)
{
    return r < 0 ? -errno : 0;
}

int vl_sched_set(pid_t pid, const struct vl_sched_attr *a)
{
    struct vl_sched_attr attr = *a;
    attr.size = sizeof(attr);
    return result(syscall(SYS_sched_setattr, pid, &attr, 0U));
}

int vl_sched_get(pid_t pid, struct vl_sched_attr *ret)
{
    return result(syscall(SYS_sched_getattr, pid, ret, (unsigned)sizeof(*ret), 0U));
}

int vl_sched_set_affinity(pid_t pid, const unsigned long *mask, size_t size)
{
    return result(syscall(SYS_sched_setaffinity, pid, size, mask));
}

int vl_sched_get_affinity(pid_t pid, unsigned long *mask, size_t size)
{
    return result(syscall(SYS_sched_getaffinity, pid, size, mask));
}

int vl_ioprio_set(pid_t pid, int io_class, int level)
{
    if (io_class < 0 || io_class > 7 || level < 0 || level > 7)
        return -EINVAL;
    return result(
        syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, io_class << IOPRIO_CLASS_SHIFT | level));
}

int vl_ioprio_get(pid_t pid, int *ret_class, int *ret_level)
{
    long r = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);
    if (r < 0)
        return -errno;
    *ret_class = (int)(r >> IOPRIO_CLASS_SHIFT);
    *ret_level = (int)(r & IOPRIO_DATA_MASK) & 7;
    return 0;
}

int vl_mempolicy_set(int mode, const unsigned long *nodes, unsigned long max_node)
{
    return result(syscall(SYS_set_mempolicy, mode, nodes, max_node));
}
