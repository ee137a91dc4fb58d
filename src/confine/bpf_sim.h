/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic BPF as seccomp(2) takes it: the kernel's check of a program, and an interpreter.
 *
 * Used to answer before anything is started what a filter will do with a system call
 * (plan/seccomp.c), to refuse a raw filter that the kernel would refuse, and by the tests.
 */
#ifndef VL_CONFINE_BPF_SIM_H
#define VL_CONFINE_BPF_SIM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* Checks a program like bpf_check_classic and seccomp_check_filter of the kernel
 * (net/core/filter.c, kernel/seccomp.c). Returns 0, or -EINVAL with *at = the first instruction
 * that is wrong (n when the program is empty, too long or does not end with a return); at may be
 * NULL. */
int vl_bpf_check(const struct sock_filter *insns, size_t n, size_t *at);

/* Runs a checked program; returns its SECCOMP_RET_… value. */
uint32_t vl_bpf_run(const struct sock_filter *insns, size_t n, const struct seccomp_data *data);

#endif
