/* SPDX-License-Identifier: Apache-2.0 */
/* landlock(7) (5.13). Rights are plain words here; their meaning is confine/'s business. */
#ifndef VL_SYS_LANDLOCK_H
#define VL_SYS_LANDLOCK_H

#include <stdint.h>

int vl_landlock_abi(void);    /* >= 1, or -errno: ENOSYS not built in, EOPNOTSUPP switched off */
int vl_landlock_errata(void); /* bit mask of fixed errata (6.15), or -errno */

/* A ruleset descriptor. handled_net and scoped must be 0 on ABIs that lack them (4 and 6): the
 * structure's length follows the highest non-zero field. */
int vl_landlock_create(uint64_t handled_fs, uint64_t handled_net, uint64_t scoped);
int vl_landlock_add_path(int ruleset, int parent_fd, uint64_t access);
int vl_landlock_add_port(int ruleset, uint64_t port, uint64_t access);
int vl_landlock_restrict_self(int ruleset, uint32_t flags);

#endif
