/* SPDX-License-Identifier: Apache-2.0 */
/* Two independent opinions on what a profile says, for test-seccomp.c. */
#ifndef VL_TESTS_SECCOMP_ORACLE_H
#define VL_TESTS_SECCOMP_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <ocispec/types.h>

/* libseccomp's own program for the profile, fed the way runc feeds it (without runc's ENOSYS part).
 * NULL when libseccomp does not take a rule; freed by the caller. */
struct sock_filter *oracle_libseccomp(const struct oci_seccomp *profile, int optimize,
                                      size_t *ret_n);

/* What the profile says about one call by its name, read straight from the document: no numbers, no
 * BPF. wide: 64-bit comparisons. The call is not a multiplexed one. */
uint32_t oracle_profile(const struct oci_seccomp *profile, const char *name, bool wide,
                        const uint64_t args[6]);

/* What a call gets that no rule is about. */
uint32_t oracle_default(const struct oci_seccomp *profile);
/* Every name that libseccomp has a number for on some architecture. */
size_t oracle_names(char (*names)[64], size_t max);
/* Whether a call is a function of socketcall(2) or ipc(2) on i386. */
bool oracle_multiplexed(const char *name);
/* libseccomp's number of a call (architecture by its word). */
uint32_t oracle_number(const char *arch, const char *name);

#endif
