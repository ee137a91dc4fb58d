/* SPDX-License-Identifier: Apache-2.0 */
/* prlimit(2), by the 64-bit call. */
#include "sys/rlimit.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

struct limit64 {
    uint64_t soft, hard;
};

int vl_rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
    struct limit64 l = {soft, hard};
    return syscall(SYS_prlimit64, pid, resource, &l, NULL) < 0 ? -errno : 0;
}

int vl_rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard)
{
    struct limit64 l;
    if (syscall(SYS_prlimit64, pid, resource, NULL, &l) < 0)
        return -errno;
    *ret_soft = l.soft;
    *ret_hard = l.hard;
    return 0;
}
