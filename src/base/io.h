/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes, bounded slurping, atomic replacement. 0/fd/size or -errno; EINTR is retried. */
#ifndef VL_BASE_IO_H
#define VL_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>
#include "base/attr.h"

int vl_write_all(int fd, const void *buf, size_t n);
ssize_t vl_read_full(int fd, void *buf, size_t n); /* up to n bytes, short only at end of file */
/* Reads all of fd, at most max bytes (-EFBIG beyond). *ret is NUL-terminated, owned by the caller; returns 0. */
int vl_slurp_fd(int fd, size_t max, char **ret, size_t *ret_len);
int vl_slurp_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len);
/* Writes `text` to an existing file opened O_WRONLY|O_CLOEXEC (for procfs and cgroupfs files: one write call). */
int vl_write_file_at(int dirfd, const char *path, const void *buf, size_t n);
/* Makes or replaces dirfd/name with the given content: temporary name in the same directory, O_EXCL, rename. */
int vl_replace_file_at(int dirfd, const char *name, const void *buf, size_t n, mode_t mode);
/* The same for a path with directories (pid files). */
int vl_replace_file(const char *path, const void *buf, size_t n, mode_t mode);

#endif
