/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of the resctrl file system: directories that the kernel fills with files. Documentation/filesystems/resctrl.rst.
 *
 * Test builds (configure --enable-test-build) take the directory in VELOCI_RESCTRL for it, and play the kernel's part
 * in making and removing groups; machines with cache allocation are rare.
 */
#ifndef VL_SYS_RESCTRL_H
#define VL_SYS_RESCTRL_H

#include <stdbool.h>

/* The root's descriptor, the caller's, and its path; -ENODEV when resctrl is not mounted at its place. */
int vl_resctrl_open(const char **ret_path);
/* -EEXIST when there is one. The hardware has few: -ENOSPC. */
int vl_resctrl_mkdir(int dirfd, const char *name);
/* Tasks in it go back to the group above. */
int vl_resctrl_rmdir(int dirfd, const char *name);

#endif
