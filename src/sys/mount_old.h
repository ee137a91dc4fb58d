/* SPDX-License-Identifier: Apache-2.0 */
/* mount(2), umount2(2), pivot_root(2): the path-based calls, for kernels and cases without the new
 * ones. */
#ifndef VL_SYS_MOUNT_OLD_H
#define VL_SYS_MOUNT_OLD_H

struct vl_ms_flags {
    unsigned long v; /* MS_… */
};
#define VL_MS_FLAGS(bits) ((struct vl_ms_flags){(bits)})

/* source, fstype and data may be NULL. 0 or -errno. */
int vl_mount(const char *source, const char *target, const char *fstype, struct vl_ms_flags flags,
             const char *data);
/* The target is a descriptor, reached as /proc/self/fd/N. */
int vl_mount_fd(const char *source, int target_fd, const char *fstype, struct vl_ms_flags flags,
                const char *data);
int vl_umount(const char *target, int flags); /* MNT_DETACH, UMOUNT_NOFOLLOW … */
int vl_pivot_root(const char *new_root, const char *put_old);

#endif
