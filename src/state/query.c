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
            s->status = vl_gate_exists(c) ? VL_CREATED : VL_RUNNING;
    }
    if (!s->complete && !c->locked && vl_ctr_is_busy(c))
        s->status = VL_CREATING;
    *ret = s;
    return 0;
}
