/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp listener: fetched from the stage that has just installed its filter, handed to its supervisor. */
#ifndef VL_LAUNCH_LISTENER_H
#define VL_LAUNCH_LISTENER_H

#include "launch/launch.h"

/* Serves a LISTENER message: number is the descriptor the stage announced, or -1 when sent_fd (borrowed) is the
 * descriptor itself; status goes into the container process state. The caller answers the stage. */
int vl_serve_listener(const struct vl_launch_env *env, pid_t pid, int pidfd, int number, int sent_fd,
                      enum vl_ctr_status status, struct vl_error **err);

#endif
