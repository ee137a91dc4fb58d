/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2): programs and their attachment to cgroups. Descriptors returned are close-on-exec. -errno.
 */
#ifndef VL_SYS_BPF_H
#define VL_SYS_BPF_H

#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

/* Loads a program; the verifier's log goes to log (terminated, may be NULL) only when loading
 * fails. */
int vl_bpf_load(uint32_t prog_type, uint32_t attach_type, const struct bpf_insn *insns, size_t n,
                const char *license, const char *name, char *log, size_t log_size);
/* BPF_PROG_ATTACH to a cgroup directory. flags: BPF_F_ALLOW_MULTI usually; replace_fd >= 0 adds
 * BPF_F_REPLACE (5.6) of that program. */
int vl_bpf_cgroup_attach(int cgroup_fd, int prog_fd, uint32_t attach_type, uint32_t flags,
                         int replace_fd);
int vl_bpf_cgroup_detach(int cgroup_fd, int prog_fd, uint32_t attach_type);
/* Ids of the programs attached to this very cgroup. *ret is the caller's. */
int vl_bpf_cgroup_query(int cgroup_fd, uint32_t attach_type, uint32_t **ret, size_t *ret_n);
int vl_bpf_prog_by_id(uint32_t id);
int vl_bpf_prog_id(int prog_fd, uint32_t *ret);
/* Its name as given at load, cut to 15 bytes. */
int vl_bpf_prog_name(int prog_fd, char ret[16]);
int vl_bpf_pin(int fd, const char *path); /* path on bpffs */
int vl_bpf_get(const char *path);

#endif
