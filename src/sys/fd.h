/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: opened close-on-exec, duplicated above a floor, identified, sealed.
 * Every function returns a descriptor (the caller's) or 0, or -errno. Every descriptor made here is
 * close-on-exec from birth.
 */
#ifndef VL_SYS_FD_H
#define VL_SYS_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "base/cleanup.h"

/* open(2), openat(2) with O_CLOEXEC added; mode matters with O_CREAT and O_TMPFILE. EINTR is
 * retried. */
int vl_open(const char *path, int flags);
int vl_open_at(int dirfd, const char *path, int flags, mode_t mode);
/* Opens the same file again with other flags (an O_PATH descriptor for reading, say) through
 * /proc/self/fd, so /proc must be there. */
int vl_fd_reopen(int fd, int flags);

/* fcntl(F_DUPFD_CLOEXEC): the lowest free number >= min. */
int vl_fd_dup_above(int fd, int min);
int vl_fd_set_cloexec(int fd, bool on);
int vl_fd_set_nonblock(int fd, bool on);
int vl_pipe(int ret[2]);                 /* pipe2(O_CLOEXEC) */
int vl_socketpair(int type, int ret[2]); /* AF_UNIX; type such as SOCK_SEQPACKET */

/* "/proc/self/fd/N" */
#define VL_PROC_FD_MAX 32
void vl_proc_fd_path(char buf[VL_PROC_FD_MAX], int fd);
/* The target of /proc/self/fd/N; caller frees *ret. */
int vl_fd_path(int fd, char **ret);

/* Closes, or marks close-on-exec, every descriptor from first on. close_range(2) (5.9; its CLOEXEC
 * flag 5.11), else /proc/self/fd, else a loop up to RLIMIT_NOFILE. No allocation: usable in a vfork
 * child. */
int vl_close_from(int first);
int vl_cloexec_from(int first);

/* What a descriptor is, compared by the receiving side before it trusts one. */
struct vl_fd_id {
    uint64_t dev, ino;
    uint32_t mode; /* st_mode, type and permission bits */
    uint64_t rdev; /* device number of a device node, else 0 */
};
int vl_fd_id(int fd, struct vl_fd_id *ret);
/* Same object: device, inode and file type; permission bits may have changed. */
bool vl_fd_id_same(const struct vl_fd_id *a, const struct vl_fd_id *b);

/*
 * A sealed anonymous file with the given content, positioned at 0. memfd_create(2).
 * exec: mode 0555, made with MFD_EXEC where the kernel has it (6.3), and F_SEAL_EXEC. -EACCES when
 * vm.memfd_noexec is 2 (no executable memfd at all: use an installed file instead).
 * Otherwise made with MFD_NOEXEC_SEAL where the kernel has it.
 * name is cut at 60 bytes (it shows as /memfd:NAME).
 */
int vl_memfd_sealed(const char *name, const void *data, size_t len, bool exec);
/* An empty, sealable memfd for the caller to fill, then vl_memfd_seal. */
int vl_memfd_new(const char *name, bool exec);
int vl_memfd_seal(int fd, bool exec);
/* 0 when nobody can change content or size any more (WRITE, GROW, SHRINK and SEAL are set), -EPERM
 * when a seal is missing, -EINVAL when fd is no memfd at all. */
int vl_memfd_check_seals(int fd);

#endif
