/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below a root descriptor, resolved as if that root were "/".
 *
 * openat2(2) with RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS (5.6), repeated while a concurrent rename
 * makes it say EAGAIN; without openat2 a walk that opens one component after another with
 * O_PATH|O_NOFOLLOW and follows symbolic links by their text. ".." never leaves the root. Absolute
 * and relative paths mean the same. rootfd is borrowed. Everything returned is close-on-exec.
 */
#ifndef VL_SYS_RESOLVE_H
#define VL_SYS_RESOLVE_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

enum vl_resolve {
    VL_RESOLVE_FOLLOW = 0,      /* symbolic links are followed inside the root */
    VL_RESOLVE_NO_SYMLINKS = 1, /* any symbolic link is -ELOOP */
    VL_RESOLVE_NO_XDEV = 2,     /* crossing a mount is -EXDEV */
};

/* openat2 of path below rootfd. flags as open(2); O_NOFOLLOW concerns the last component only. how
 * is a union of enum vl_resolve bits. With O_CREAT only the last component is made. -errno. */
int vl_resolve_open(int rootfd, const char *path, int flags, mode_t mode, unsigned how);

/* Makes missing directories (mode before umask, exactly that: fchmod'ed where umask interfered) and
 * returns an O_PATH descriptor of the last. A dangling symbolic link on the way gets its target
 * made. -ENOTDIR when something else is in the way. */
int vl_resolve_mkdirs(int rootfd, const char *path, mode_t mode);

/* An O_PATH descriptor of the parent directory of path (made with dir_mode when missing and
 * dir_mode is not 0) and the last component in *ret_name (points into path; empty when path is the
 * root itself, "." or
 * ".."). The last component is not resolved. */
int vl_resolve_parent(int rootfd, const char *path, mode_t dir_mode, const char **ret_name,
                      size_t *ret_len);

/* Makes an empty regular file unless something is there already (parents too, with dir_mode),
 * returns a descriptor of what is there: O_PATH, or read-only when it was made. Never truncates. */
int vl_resolve_touch(int rootfd, const char *path, mode_t mode, mode_t dir_mode);

#endif
