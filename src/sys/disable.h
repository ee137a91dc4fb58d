/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test builds (configure --enable-test-build) can switch modern kernel paths off by name:
 * VELOCI_DISABLE=openat2,clone3,… makes the wrapper answer -ENOSYS and the host fact false, so that
 * the fallback of each path is tested on a new kernel.
 *
 * Names: openat2 clone3 into_cgroup mount_setattr newmount close_range pidfd_open pidfd_getfd
 * memfd_exec (-EACCES, as with vm.memfd_noexec=2) landlock timens idmap statmount bpf_memlock ioctl_lo
 */
#ifndef VL_SYS_DISABLE_H
#define VL_SYS_DISABLE_H

#include <stdbool.h>

#ifdef VL_TEST_BUILD
bool vl_sys_disabled(const char *name);
#else
static inline bool vl_sys_disabled(const char *name)
{
    (void)name;
    return false;
}
#endif

#endif
