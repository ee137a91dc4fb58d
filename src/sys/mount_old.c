/* SPDX-License-Identifier: Apache-2.0 */
/* mount(2), umount2(2), pivot_root(2). */
#include "sys/mount_old.h"

#include <errno.h>
#include <sys/mount.h>
#include <unistd.h>
#include "sys/compat.h"
#include "sys/fd.h"

int vl_mount(const char *source, const char *target, const char *fstype, struct vl_ms_flags flags,
             const char *data)
{
    return mount(source, target, fstype, flags.v, data) < 0 ? -errno : 0;
}

int vl_mount_fd(const char *source, int target_fd, const char *fstype, struct vl_ms_flags flags,
                const char *data)
{
    char target[VL_PROC_FD_MAX];
    vl_proc_fd_path(target, target_fd);
    return vl_mount(source, target, fstype, flags, data);
}

int vl_umount(const char *target, int flags)
{
    return umount2(target, flags) < 0 ? -errno : 0;
}

int vl_pivot_root(const char *new_root, const char *put_old)
{
    return syscall(SYS_pivot_root, new_root, put_old) < 0 ? -errno : 0;
}
