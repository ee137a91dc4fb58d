/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the calling thread. 0/fd or -errno. */
#ifndef VL_SYS_SIGS_H
#define VL_SYS_SIGS_H

#include <signal.h>
#include "base/cleanup.h"

struct signalfd_siginfo;

int vl_sigs_block_all(sigset_t *ret_old); /* ret_old may be NULL */
int vl_sigs_restore(const sigset_t *old);
/* Blocks the set and returns a signalfd for it (close-on-exec, non-blocking). */
int vl_sigs_fd(const sigset_t *set, sigset_t *ret_old);
/* Reads one pending signal: its number, 0 when there is none. */
int vl_sigs_read(int fd, struct signalfd_siginfo *ret);
/* Signals that call off what is being done: TERM, INT, HUP and QUIT, for a caller that has blocked them. */
struct vl_cancel {
    int fd;  /* signalfd, owned; VL_NOFD: nothing can be called off */
    int sig; /* the one that came; 0 before */
};
int vl_cancel_open(struct vl_cancel *c);
void vl_cancel_close(struct vl_cancel *c);
/* Waits until fd is readable: 1; 0 after timeout_ms (-1: never); -ECANCELED when one of the signals came, which is
 * taken out of the queue. c may be NULL. */
int vl_cancel_wait(struct vl_cancel *c, int fd, int timeout_ms);

/* Every disposition to SIG_DFL (1..64). System calls only. */
void vl_sigs_default_all(void);

#endif
