/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets. */
#include "sys/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sys/compat.h"

int vl_caps_get(pid_t pid, struct vl_caps *ret)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, pid};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) < 0)
        return -errno;
    ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
    ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

int vl_caps_set(const struct vl_caps *c)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable},
        {(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
         (uint32_t)(c->inheritable >> 32)},
    };
    return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int vl_caps_bounding(uint64_t *ret, int *ret_last)
{
    uint64_t set = 0;
    int cap = 0;
    for (; cap < 64; cap++) {
        int r = prctl(PR_CAPBSET_READ, (unsigned long)cap, 0L, 0L, 0L);
        if (r < 0)
            break; /* EINVAL: the kernel knows no more */
        if (r > 0)
            set |= UINT64_C(1) << cap;
    }
    if (cap == 0)
        return -errno;
    *ret = set;
    if (ret_last != NULL)
        *ret_last = cap - 1;
    return 0;
}

int vl_caps_bounding_drop(uint64_t keep)
{
    uint64_t have;
    int r = vl_caps_bounding(&have, NULL);
    for (int cap = 0; r == 0 && cap < 64; cap++)
        if ((have & ~keep) >> cap & 1 && prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0L, 0L, 0L) < 0)
            r = -errno;
    return r;
}

int vl_caps_ambient(uint64_t *ret)
{
    uint64_t set = 0;
    for (int cap = 0; cap < 64; cap++) {
        int r = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, (unsigned long)cap, 0L, 0L);
        if (r < 0)
            break;
        if (r > 0)
            set |= UINT64_C(1) << cap;
    }
    *ret = set;
    return 0;
}

int vl_caps_ambient_clear(void)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0 ? -errno : 0;
}

int vl_caps_ambient_raise(uint64_t caps)
{
    for (int cap = 0; cap < 64; cap++)
        if (caps >> cap & 1 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)cap, 0L, 0L) < 0)
            return -errno;
    return 0;
}

int vl_caps_keep_over_exec(void)
{
    struct vl_caps c;
    int r = vl_caps_get(0, &c);
    if (r < 0)
        return r;
    c.inheritable = c.permitted;
    r = vl_caps_set(&c);
    return r < 0 ? r : vl_caps_ambient_raise(c.permitted);
}

int vl_caps_last(void)
{
    uint64_t set;
    int last;
    int r = vl_caps_bounding(&set, &last);
    return r < 0 ? r : last;
}
