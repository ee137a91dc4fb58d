/* SPDX-License-Identifier: Apache-2.0 */
/* Handing a seccomp listener to its agent (config-linux.md#containerprocessstate). */
#ifndef VL_LAUNCH_NOTIFY_H
#define VL_LAUNCH_NOTIFY_H

#include <sys/types.h>
#include "base/error.h"

/* Connects to the AF_UNIX stream socket at path (absolute, any length) and sends one message: the
 * container process state — fds ["seccompFd"], pid, metadata when not NULL, and state_json_object,
 * the text of the container's state as one JSON object — with listener_fd (borrowed) attached.
 * Waits at most ten seconds for an agent that does not read. 0, or -1 with a SYSTEM error (CONFIG
 * for a path that is no absolute one). */
int vl_notify_send(int listener_fd, const char *path, const char *metadata, pid_t pid,
                   const char *state_json_object, struct vl_error **err);

#endif
