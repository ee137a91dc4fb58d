/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host offers beyond the facts that every launch needs (sys/host.h): asked by people, through `doctor`. Nothing
 * is changed and no kernel module is loaded by asking. 0, true or a value; -errno.
 */
#ifndef VL_SYS_PROBE_H
#define VL_SYS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes a user namespace and gives it up again. -EPERM, -ENOSPC (user.max_user_namespaces) … */
int vl_probe_userns(void);
/* Whether the kernel knows a file system now: /proc/filesystems. */
bool vl_probe_filesystem(const char *name);
/* Whether a module (by file name, "dm-verity") is part of the kernel of this release or installed for it. */
bool vl_probe_module(const char *release, const char *name);
/* Whether a driver is there that has this name in /proc/misc. */
bool vl_probe_misc(const char *name);
/* Version of a device-mapper target, "1.9.0". -ENODEV without device mapper, -ENOENT when the target is not loaded,
 * -EACCES and the like when it cannot be asked. */
int vl_probe_dm_target(const char *name, char ret[16]);
/* fs-verity on the file system of an open regular file: 0, or -ENOTTY, -EOPNOTSUPP. */
int vl_probe_fsverity(int fd);
/* Names of the live security modules, comma between; caller frees. -ENOENT when the kernel does not tell. */
int vl_probe_lsms(char **ret);
/* Loads the smallest program for device rules and gives it up again. -EPERM … */
int vl_probe_cgroup_bpf(void);
/* A number from a small file such as a sysctl. -ENOENT, -EINVAL. */
int vl_probe_number(const char *path, int64_t *ret);

#endif
