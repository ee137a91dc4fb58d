/* SPDX-License-Identifier: Apache-2.0 */
/* Which label-based security modules are live. */
#ifndef VL_SYS_LSM_H
#define VL_SYS_LSM_H

#include <stdbool.h>

bool vl_lsm_apparmor(void); /* /sys/module/apparmor/parameters/enabled is Y */
bool vl_lsm_selinux(void);  /* selinuxfs is mounted at /sys/fs/selinux */
/* Whether a named AppArmor profile is loaded: 0, -ENOENT, or -errno when the list cannot be read.
 */
int vl_lsm_apparmor_profile(const char *name);
/* Our own label (attr/current) without newline; caller frees. */
int vl_lsm_own_label(char **ret);

#endif
