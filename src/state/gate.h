/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start gate: a SEQPACKET socket in the container's directory on which the stage waits for GO.
 * The file is there from create until start has succeeded, and is what tells "created" from
 * "running". Only the directory's mode (0700) guards it. Messages are struct vl_msg (plan/wire.h).
 */
#ifndef VL_STATE_GATE_H
#define VL_STATE_GATE_H

#include <stdbool.h>
#include "plan/wire.h"
#include "state/dir.h"

/* A bound and listening socket, to be handed to the stage; the caller's. */
int vl_gate_listen(const struct vl_ctr *c, struct vl_error **err);
/* Connects; the caller's. STATE error when nobody listens (any more). */
int vl_gate_connect(const struct vl_ctr *c, struct vl_error **err);
/* Sends a message without descriptors. SYSTEM error (EPIPE: the stage is gone). */
int vl_gate_send(int sock, enum vl_msg_type type, struct vl_error **err);
bool vl_gate_exists(const struct vl_ctr *c);
/* Removes the file: the container counts as started. No error when it is gone. */
int vl_gate_remove(const struct vl_ctr *c, struct vl_error **err);

#endif
