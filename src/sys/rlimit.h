/* SPDX-License-Identifier: Apache-2.0 */
/* prlimit(2). Resources are RLIMIT_… numbers; UINT64_MAX is unlimited. 0 or -errno. */
#ifndef VL_SYS_RLIMIT_H
#define VL_SYS_RLIMIT_H

#include <stdint.h>
#include <sys/types.h>

int vl_rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard); /* pid 0: ourselves */
int vl_rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard);

#endif
