/* SPDX-License-Identifier: Apache-2.0 */
/* Foreground containers: signals forwarded, terminal relayed, children reaped, status returned. */
#ifndef VL_LAUNCH_SUPERVISE_H
#define VL_LAUNCH_SUPERVISE_H

#include <signal.h>
#include <sys/types.h>
#include "base/error.h"

struct vl_supervise {
    int sigfd;        /* signalfd of vl_supervise_signals, owned */
    sigset_t old;     /* mask to restore */
    int extra;        /* another descriptor to look at, borrowed, or VL_NOFD … */
    void (*on_extra)(void *ctx); /* … and what is done when something can be read there */
    void *extra_ctx;
};
/* Blocks what will be forwarded; before the container's process exists, so that nothing is lost. */
int vl_supervise_signals(struct vl_supervise *s, struct vl_error **err);
/* Restores the mask. */
void vl_supervise_end(struct vl_supervise *s);

/* Gives a terminal the size of the caller's, unless it has one (process.consoleSize); before the program starts, which
 * may ask at once. master may be VL_NOFD. */
void vl_supervise_console(int master);

/* Serves a child until it ends: every signal but those of our own children is forwarded to pid, SIGWINCH sets the
 * terminal's size, master (VL_NOFD: none) is relayed to descriptors 0 and 1 in raw mode. Other children that
 * were re-parented to us are reaped. *status becomes the exit status, 128 + signal when it was killed. */
int vl_supervise_run(struct vl_supervise *s, pid_t pid, int pidfd, int master, int *status, struct vl_error **err);

#endif
