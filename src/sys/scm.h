/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message and the descriptors that belong to it, over an AF_UNIX socket. unix(7), cmsg(3).
 */
#ifndef VL_SYS_SCM_H
#define VL_SYS_SCM_H

#include <stddef.h>
#include <sys/types.h>

#define VL_SCM_MAX_FDS 64 /* the kernel allows 253 */

/* Sends n bytes (at least one) and n_fds borrowed descriptors as one message; 0 or -errno. No
 * SIGPIPE: a gone peer is -EPIPE. A short write on a stream socket is finished without repeating
 * the descriptors. */
int vl_scm_send(int sock, const void *buf, size_t n, const int *fds, size_t n_fds);

struct vl_scm_msg {
    size_t len;   /* bytes received; 0 is end of file */
    size_t n_fds; /* descriptors received, close-on-exec, the caller's */
    int fds[VL_SCM_MAX_FDS];
    pid_t pid; /* sender as seen from here when SO_PASSCRED is on, else 0 */
    uid_t uid;
    gid_t gid;
};
/* Receives one message into buf. On any error no descriptor is left open. -EMSGSIZE when the
 * message was longer than n, -EBADMSG when descriptors were lost or more than max_fds came, -EAGAIN
 * on a non-blocking or timed-out socket. */
int vl_scm_recv(int sock, void *buf, size_t n, size_t max_fds, struct vl_scm_msg *ret);
void vl_scm_close(struct vl_scm_msg *m); /* closes the descriptors it still holds */
/* The one-descriptor case: takes descriptor i out of the message. */
int vl_scm_take(struct vl_scm_msg *m, size_t i);
int vl_scm_passcred(int sock); /* SO_PASSCRED */

#endif
