/* SPDX-License-Identifier: Apache-2.0 */
/* Handing out a pidfd: --pidfd-socket of create, run and exec, and the annotation run.oci.pidfd_receiver. */
#ifndef VL_LAUNCH_PIDFD_SOCKET_H
#define VL_LAUNCH_PIDFD_SOCKET_H

#include "base/error.h"

/* Connects to the stream socket at path (any length), before anything is made; the caller's. */
int vl_pidfd_socket_connect(const char *path, struct vl_error **err);
/* Sends pidfd (borrowed) with the word that runc sends: "standard" of create and run, "setns" of exec. Waits ten
 * seconds at most for a receiver that does not read. */
int vl_pidfd_socket_send(int sock, int pidfd, const char *word, struct vl_error **err);

#endif
