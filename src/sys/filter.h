/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp(2): what the kernel can do, and loading a filter. */
#ifndef VL_SYS_FILTER_H
#define VL_SYS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>

bool vl_filter_available(void);
bool vl_filter_action_available(uint32_t action); /* SECCOMP_RET_… */
/* All SECCOMP_FILTER_FLAG_… bits that this kernel knows. */
uint32_t vl_filter_flags(void);
/* Installs n instructions on the calling thread. With SECCOMP_FILTER_FLAG_NEW_LISTENER the listener
 * descriptor is returned (close-on-exec), else 0. -errno. */
int vl_filter_load(const struct sock_filter *insns, size_t n, uint32_t flags);

#endif
