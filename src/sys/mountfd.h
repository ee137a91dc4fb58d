/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount API of descriptors: open_tree, fsopen, fsconfig, fsmount, move_mount (5.2),
 * mount_setattr (5.12).
 *
 * Flag words of this API are struct vl_mount_attrs and those of mount(2) struct vl_ms_flags
 * (sys/mount_old.h): the bit values differ, and the compiler keeps them apart.
 * -ENOSYS means the kernel (or a filter) lacks the call.
 */
#ifndef VL_SYS_MOUNTFD_H
#define VL_SYS_MOUNTFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sys/compat.h"

struct vl_mount_attrs {
    uint64_t v; /* MOUNT_ATTR_… */
};
#define VL_MOUNT_ATTRS(bits) ((struct vl_mount_attrs){(bits)})

/* path NULL means dirfd itself. clone: a detached copy, else an O_PATH descriptor. */
int vl_open_tree(int dirfd, const char *path, bool clone, bool recursive);

int vl_fsopen(const char *fstype);
int vl_fspick(int dirfd, const char *path);
int vl_fsconfig_string(int fs, const char *key, const char *value);
int vl_fsconfig_flag(int fs, const char *key);
int vl_fsconfig_fd(int fs, const char *key, int fd);
int vl_fsconfig_create(int fs);
int vl_fsconfig_reconfigure(int fs);
/* A detached mount of the created file system. */
int vl_fsmount(int fs, struct vl_mount_attrs attrs);
/* The kernel's own words about what went wrong on this context: the pending error messages (else
 * warnings when there are no errors), joined by "; ", as text in buf (always terminated, "" when
 * there are none). Reading takes them off the queue. */
void vl_fs_message(int fs, char *buf, size_t n);

struct vl_mount_change {
    struct vl_mount_attrs set,
        clear;            /* changing an atime mode: clear must hold MOUNT_ATTR__ATIME */
    uint64_t propagation; /* one of MS_PRIVATE MS_SLAVE MS_SHARED MS_UNBINDABLE, or 0 */
    int userns_fd;        /* borrowed; used when set has MOUNT_ATTR_IDMAP */
};
/* path NULL means dirfd itself. */
int vl_mount_setattr(int dirfd, const char *path, bool recursive, const struct vl_mount_change *c);

/* Attaches the mount at mnt to (to_dirfd, to_path); to_path NULL means the descriptor itself. */
int vl_move_mount(int mnt, int to_dirfd, const char *to_path);
/* The same below the mount on top of the target (6.5). */
int vl_move_mount_beneath(int mnt, int to_dirfd, const char *to_path);

/* f_type of the file system a descriptor is on. */
int vl_fs_magic(int fd, uint64_t *ret);
/* Mount flags of the mount a descriptor is on, as MOUNT_ATTR_ words, from fstatfs(2) (rdonly,
 * nosuid, nodev, noexec, noatime, nodiratime; relatime absent means strictatime). */
int vl_mount_get_attrs(int fd, struct vl_mount_attrs *ret);

#endif
