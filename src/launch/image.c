/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVE-2019-5736 and its kin rewrite the runtime's binary through /proc/PID/exe. The only code of ours that runs
 * inside a container is the stage, executed from a memfd whose seals forbid every change (memfd_create(2),
 * fcntl(2) F_ADD_SEALS), and the seals are looked at again before the exec.
 */
#include "launch/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include "sys/fd.h"
#include "sys/mountfd.h"

extern const unsigned char vl_stage_start[], vl_stage_end[];

static const char installed[] = VL_LIBEXECDIR "/veloci-stage";

static int installed_image(struct vl_error **err)
{
    cleanup_fd int file = vl_open(installed, O_PATH | O_NOFOLLOW);
    if (file < 0)
        return vl_err_sys(err, file, "executable memory files are forbidden here (vm.memfd_noexec=2): open `%s` instead",
                          installed);
    cleanup_fd int tree = vl_open_tree(file, NULL, true, false);
    if (tree < 0)
        return vl_err_sys(err, tree, "clone `%s` as a detached mount", installed);
    struct vl_mount_change c = {.set = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV},
                                .userns_fd = VL_NOFD};
    int r = vl_mount_setattr(tree, NULL, false, &c);
    if (r < 0)
        return vl_err_sys(err, r, "make the mount of `%s` read-only", installed);
    return vl_take_fd(&tree);
}

int vl_stage_image(struct vl_error **err)
{
    cleanup_fd int fd = vl_memfd_sealed("veloci-stage", vl_stage_start, (size_t)(vl_stage_end - vl_stage_start), true);

    if (fd == -EACCES)
        return installed_image(err);
    if (fd < 0)
        return vl_err_sys(err, fd, "make a sealed memory file for the stage");
    int r = vl_memfd_check_seals(fd);
    if (r < 0)
        return vl_err_sys(err, r, "verify the seals of the stage's memory file");
    return vl_take_fd(&fd);
}
