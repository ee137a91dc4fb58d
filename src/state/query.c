/* SPDX-License-Identifier: Apache-2.0 */
/* What state a container is in. */
#include "state/query.h"

#include <errno.h>
#include <stdlib.h>
#include "base/mem.h"
#include "state/gate.h"

const char *vl_ctr_status_name(enum vl_ctr_status s)
{
    switch (s) {
    case VL_CREATING:
        return "creating";
    case VL_CREATED:
        return "created";
    case VL_RUNNING:
        return "running";
    case VL_PAUSED:
        return "paused";
    case VL_STOPPED:
        return "stopped";
    }
    return "stopped";
}

void vl_status_free(struct vl_status *s)
{
    if (s == NULL)
        return;
    vl_record_free(s->record);
    vl_proc_close(&s->proc);
    free(s->owner);
    free(s);
}

static bool all_there(const struct vl_record *r)
{
    return !r->creating && r->pid > 0 && r->start_time > 0;
}

/* Reading fails for what is half-made or damaged, which is a state like any other. */
static struct vl_record *read_record(const struct vl_ctr *c)
{
    struct vl_record *r;
    struct vl_error *e = NULL;
    if (vl_record_read(c, &r, &e) == 0)
        return r;
    vl_err_drop(&e, "no readable record: shown with its id alone");
    r = vl_record_new();
    r->id = vl_strdup(c->id);
    return r;
}

/* The gate is removed after the program was executed: by its name a process that is past it is
 * known when `start` was killed in between. */
static bool at_gate(const struct vl_ctr *c, pid_t pid)
{
    char comm[17];
    return vl_gate_exists(c) &&
           (vl_proc_comm(pid, comm) < 0 || vl_starts_with(comm, VL_NONCE_PREFIX));
}

int vl_status_get(const struct vl_ctr *c, struct vl_status **ret, struct vl_error **err)
{
    struct vl_status *s = vl_alloc(sizeof(*s));
    s->proc = (struct vl_proc)VL_PROC_INIT;
    s->record = read_record(c);
    s->complete = all_there(s->record);
    s->status = VL_STOPPED;
    /* Also for a create that is still at work or has died: its process may be there. */
    if (s->record->pid > 0 && s->record->start_time > 0) {
        int r =
            vl_proc_reopen(s->record->pid, s->record->start_time, s->record->pid_inode, &s->proc);
        if (r < 0 && r != -ESRCH) {
            pid_t pid = s->record->pid;
            vl_status_free(s);
            return vl_err_sys(err, r, "look at process %d of container `%s`", (int)pid, c->id);
        }
        if (r == 0 && s->complete)
            s->status = at_gate(c, s->record->pid) ? VL_CREATED : VL_RUNNING;
    }
    if (!s->complete && !c->locked && vl_ctr_is_busy(c))
        s->status = VL_CREATING;
    *ret = s;
    return 0;
}

int vl_ctr_lock_made(struct vl_ctr *c, struct vl_error **err)
{
    if (vl_ctr_trylock(c))
        return 0;
    cleanup(status) struct vl_status *s = NULL;
    if (vl_status_get(c, &s, err) < 0)
        return -1;
    if (s->status == VL_CREATING)
        return vl_err_state(err, "container %s is still being created", c->id);
    return vl_ctr_relock(c, err);
}
