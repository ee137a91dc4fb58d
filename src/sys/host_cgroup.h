/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup part of the host facts; called by vl_host_gather only. */
#ifndef VL_SYS_HOST_CGROUP_H
#define VL_SYS_HOST_CGROUP_H

#include "sys/host.h"

/* The usual places. */
void vl_host_gather_cgroups(struct vl_host *h);
/* The same below another directory than /sys/fs/cgroup and from another text than
 * /proc/self/cgroup; check: demand that the directories are cgroup file systems (tests use plain
 * directories). */
void vl_host_read_cgroups(struct vl_host *h, const char *base, const char *proc_text, bool check);

#endif
