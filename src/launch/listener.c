/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the filter is in, the stage may not be allowed to send anything; so it announces the number its
 * listener will get, and we take the descriptor with pidfd_getfd(2) as soon as it is there
 * (seccomp_unotify(2); sampled with a bound, each look costs a microsecond).
 */
#include "launch/listener.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include "launch/notify.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sockets.h"

static bool is_listener(int fd)
{
    cleanup_free char *target = NULL;
    return vl_fd_path(fd, &target) == 0 && strcmp(target, "anon_inode:seccomp notify") == 0;
}

static int fetch(int pidfd, int number)
{
    for (int waited_us = 0; waited_us < 5000000; waited_us += 50) {
        cleanup_fd int fd = vl_pidfd_getfd(pidfd, number);
        if (fd >= 0 && is_listener(fd))
            return vl_take_fd(&fd);
        if (fd < 0 && fd != -EBADF)
            return fd;
        if (vl_poll_one(pidfd, 1 /* POLLIN */, 0) > 0)
            return -ESRCH;
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return -ETIME;
}

int vl_serve_listener(const struct vl_launch_env *env, pid_t pid, int pidfd, int number, int sent_fd,
                      enum vl_ctr_status status, struct vl_error **err)
{
    cleanup_fd int fetched = number >= 0 ? fetch(pidfd, number) : VL_NOFD;
    int fd = number >= 0 ? fetched : sent_fd;

    if (fd < 0)
        return vl_err_sys(err, fd, "take the seccomp listener from the container's process");
    if (env == NULL || env->seccomp_listener == NULL)
        return vl_err_bug(err, "a seccomp listener without a receiver");
    cleanup_free char *state = env->state_json(env->state_ctx, status, pid);
    return vl_notify_send(fd, env->seccomp_listener, env->seccomp_metadata, pid, state, err);
}
