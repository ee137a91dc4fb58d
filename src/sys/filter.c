/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp(2): questions and loading. */
#include "sys/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sys/compat.h"

static long seccomp_call(unsigned op, unsigned flags, const void *args)
{
    return syscall(SYS_seccomp, op, flags, args);
}

bool vl_filter_available(void)
{
    /* With filters built in, the address is looked at and found bad. */
    return seccomp_call(SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}

bool vl_filter_action_available(uint32_t action)
{
    return seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

uint32_t vl_filter_flags(void)
{
    static const uint32_t flags[] = {
        SECCOMP_FILTER_FLAG_TSYNC,       SECCOMP_FILTER_FLAG_LOG,
        SECCOMP_FILTER_FLAG_SPEC_ALLOW,  SECCOMP_FILTER_FLAG_NEW_LISTENER,
        SECCOMP_FILTER_FLAG_TSYNC_ESRCH, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    };
    uint32_t known = 0;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        uint32_t ask = flags[i];
        if (ask == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) /* EINVAL without a listener */
            ask |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        if (seccomp_call(SECCOMP_SET_MODE_FILTER, ask, NULL) < 0 && errno == EFAULT)
            known |= flags[i];
    }
    return known;
}

int vl_filter_load(const struct sock_filter *insns, size_t n, uint32_t flags)
{
    if (n == 0 || n > BPF_MAXINSNS)
        return -EINVAL;
    struct sock_fprog prog = {(unsigned short)n, (struct sock_filter *)insns};
    long r = seccomp_call(SECCOMP_SET_MODE_FILTER, flags, &prog);
    if (r < 0)
        return -errno;
    if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
        return (int)r;
    return r == 0 ? 0 : -ESRCH; /* TSYNC: a thread that could not be synchronised */
}
