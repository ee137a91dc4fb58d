/* SPDX-License-Identifier: Apache-2.0 */
/* What state a container is in, told from what is there: never fails for a half-made container. */
#ifndef VL_STATE_QUERY_H
#define VL_STATE_QUERY_H

#include "state/dir.h"
#include "state/record.h"
#include "sys/proc.h"

enum vl_ctr_status {
    VL_CREATING, /* a create is at work */
    VL_CREATED,
    VL_RUNNING,
    VL_PAUSED,
    VL_STOPPED, /* ended, or never completed by a create that died */
};
const char *vl_ctr_status_name(enum vl_ctr_status s);

struct vl_status {
    enum vl_ctr_status status;
    struct vl_record
        *record;   /* owned, never NULL; only id is set when there is none (damaged or half-made) */
    bool complete; /* there is a readable record of a completed create */
    struct vl_proc proc; /* its first process, open unless stopped or unknown */
    char *owner;         /* user name, only filled in by vl_op_list */
};
void vl_status_free(struct vl_status *s);
VL_DEFINE_CLEANUP(status)

/* Reads the record and looks at the process and the gate. Paused is not told from running here:
 * that is asked of the cgroup layer by those who need it. Fails only when the directory cannot be
 * read. */
int vl_status_get(const struct vl_ctr *c, struct vl_status **ret, struct vl_error **err);

/* Locks a container opened for reading, for verbs that have nothing to wait for while it is being
 * made: STATE error "container ID is still being created" then. Other verbs at work are waited for.
 */
int vl_ctr_lock_made(struct vl_ctr *c, struct vl_error **err);

#endif
