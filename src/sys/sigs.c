/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the calling thread. */
#include "sys/sigs.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int vl_sigs_block_all(sigset_t *ret_old)
{
    sigset_t all;
    (void)sigfillset(&all);
    return -pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

int vl_sigs_restore(const sigset_t *old)
{
    return -pthread_sigmask(SIG_SETMASK, old, NULL);
}

int vl_sigs_fd(const sigset_t *set, sigset_t *ret_old)
{
    int r = -pthread_sigmask(SIG_BLOCK, set, ret_old);
    if (r < 0)
        return r;
    int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int vl_sigs_read(int fd, struct signalfd_siginfo *ret)
{
    ssize_t n;
    do
        n = read(fd, ret, sizeof(*ret));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n == (ssize_t)sizeof(*ret) ? (int)ret->ssi_signo : 0;
}

int vl_cancel_open(struct vl_cancel *c)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGQUIT);
    c->sig = 0;
    c->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return c->fd < 0 ? -errno : 0;
}

void vl_cancel_close(struct vl_cancel *c)
{
    vl_cleanup_fd(&c->fd);
}

int vl_cancel_wait(struct vl_cancel *c, int fd, int timeout_ms)
{
    struct signalfd_siginfo si;
    struct pollfd p[2] = {{fd, POLLIN, 0}, {c != NULL ? c->fd : -1, POLLIN, 0}};
    int r;
    do
        r = poll(p, 2, timeout_ms);
    while (r < 0 && errno == EINTR);
    if (r <= 0)
        return r < 0 ? -errno : 0;
    int sig = p[1].revents != 0 ? vl_sigs_read(c->fd, &si) : 0;
    if (sig <= 0)
        return 1;
    c->sig = sig;
    return -ECANCELED;
}

/* A zeroed kernel sigaction is SIG_DFL on every architecture; the C library would keep 32 and 33
 * away. */
void vl_sigs_default_all(void)
{
    static const uint64_t zero[8];
    for (int sig = 1; sig <= 64; sig++)
        (void)syscall(SYS_rt_sigaction, sig, zero, NULL, 8);
}
