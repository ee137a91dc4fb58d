/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy between a container and the service manager that waits for it. sd_notify(3), systemd.service(5).
 *
 * A container never sees the caller's NOTIFY_SOCKET. It gets a socket of its own, in a directory that is bound
 * read-only at VL_NOTIFY_DIR, and what it says there is read, cut and said again by veloci: known fields only, in
 * bounded number and size. Its descriptors are closed (which is the answer that a BARRIER waits for), and MAINPID is
 * ours to tell.
 */
#ifndef VL_LAUNCH_SDNOTIFY_H
#define VL_LAUNCH_SDNOTIFY_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "state/dir.h"

#define VL_CTR_NOTIFY "notify" /* directory in a container's own, for its socket */

/* $NOTIFY_SOCKET of our environment when it is one that can be served (an absolute path or "@abstract"), else NULL. */
const char *vl_sdnotify_wanted(void);
/* create: makes the directory; label (NULL: none) is its SELinux label. */
int vl_sdnotify_prepare(const struct vl_ctr *c, const char *label, struct vl_error **err);

struct vl_sdnotify {
    int sock;  /* the container's end of the proxy, owned */
    int host;  /* connected to the service manager, owned */
    bool sent; /* something was passed on since the last barrier */
    bool ready;
    bool deaf; /* the service manager does not read */
    unsigned budget; /* messages that may still be passed on … */
    int64_t until;   /* … before this moment, CLOCK_MONOTONIC in seconds */
};
/* Before the program starts: binds the container's socket and connects to the service manager at host. A manager that
 * is not there is no reason not to start: then *ret is NULL, and the caller is warned. */
int vl_sdnotify_open(const struct vl_ctr *c, const char *host, struct vl_sdnotify **ret, struct vl_error **err);
void vl_sdnotify_free(struct vl_sdnotify *n);
VL_DEFINE_CLEANUP(sdnotify)

/* Takes one message of the container and passes on what is allowed; with READY comes MAINPID=main_pid. Whether there
 * was one. */
bool vl_sdnotify_relay(struct vl_sdnotify *n, pid_t main_pid);
/* All that are there: the container has ended. */
void vl_sdnotify_drain(struct vl_sdnotify *n, pid_t main_pid);
/* Relays until the container is ready, or its process (pidfd, borrowed) has ended, which is no error; then waits until
 * the manager has taken note. */
void vl_sdnotify_wait(struct vl_sdnotify *n, pid_t main_pid, int pidfd);
/* Waits, some seconds at most, until the manager has read everything that was sent (sd_notify_barrier(3)): it asks who
 * we are, and must be able to look. */
void vl_sdnotify_barrier(struct vl_sdnotify *n);

/* What may be passed on of a message of len bytes, as lines; empty: nothing. *ret_ready: READY was among it. The
 * caller's. */
char *vl_sdnotify_filter(const char *msg, size_t len, bool *ret_ready);

#endif
