/* SPDX-License-Identifier: Apache-2.0 */
/* kill: a signal to the container's first process, or to all of them. */
#include <errno.h>
#include <signal.h>
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "ops/match.h"
#include "ops/ops.h"
#include "ops/record_make.h"

enum { KILL_TIMEOUT_MS = 10000 };

#define NOT_RUNNING "container not running"

static int not_running(struct vl_error **err)
{
    return vl_err_state(err, NOT_RUNNING);
}

static bool is_not_running(const struct vl_error *e)
{
    return e->kind == VL_ERR_STATE && vl_streq(e->text, NOT_RUNNING);
}

static int open_cgroup(const struct vl_record *r, struct vl_cgroup **ret, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    if (vl_record_cgroup_desc(r, &desc, err) < 0)
        return -1;
    return vl_cgroup_open_recorded(&desc, ret, err);
}

static bool has_cgroup(const struct vl_cgroup *cg)
{
    return vl_cgroup_describe(cg)->n_dir > 0;
}

/* A process in a frozen v1 freezer gets a SIGKILL only once it is thawed; on v2 it dies frozen. Whether it shall be frozen
 * says more than whether it is so already. */
static int thaw_v1(struct vl_cgroup *cg, struct vl_error **err)
{
    enum vl_cgroup_mode mode = vl_cgroup_describe(cg)->mode;
    if ((mode != VL_CGROUP_V1 && mode != VL_CGROUP_HYBRID) || !vl_cgroup_freezing(cg))
        return 0;
    return vl_cgroup_thaw(cg, KILL_TIMEOUT_MS, err);
}

static int kill_first(const struct vl_status *s, int sig, struct vl_error **err)
{
    int r = vl_proc_signal(&s->proc, sig);
    if (r == -ESRCH)
        return not_running(err);
    return r == 0 ? 0
                  : vl_err_sys(err, r, "send signal %d to process %d", sig, (int)s->record->pid);
}

static int kill_all(const struct vl_status *s, struct vl_cgroup *cg, int sig, struct vl_error **err)
{
    if (sig != SIGKILL)
        return vl_cgroup_signal_all(cg, sig, err);
    /* The first process may have moved itself out of its cgroup. */
    if (s->status != VL_STOPPED)
        (void)vl_proc_signal(&s->proc, SIGKILL);
    return vl_cgroup_kill(cg, KILL_TIMEOUT_MS, err);
}

int vl_op_kill_matching(const struct vl_global *g, const char *regex, int sig, bool all,
                        struct vl_error **err)
{
    cleanup(strv) struct vl_strv ids = {NULL, 0};
    struct vl_error *errors = NULL;
    if (vl_match_ids(g, regex, &ids, err) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++) {
        struct vl_error *e = NULL;
        if (vl_op_kill(g, ids.v[i], sig, all, &e) == 0)
            continue;
        if (vl_ctr_is_missing(e) || is_not_running(e))
            vl_err_drop(&e, "passed over: it does not run");
        else
            vl_match_failed(&errors, &e, "kill", ids.v[i]);
    }
    return vl_match_result(errors, err);
}

int vl_op_kill(const struct vl_global *g, const char *id, int sig, bool all, struct vl_error **err)
{
    /* No lock: a signal harms no other verb, and must get through while create runs a hook that
     * hangs. */
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_status_get(c, &s, err) < 0)
        return -1;
    if (!s->complete || (s->status == VL_STOPPED && !all))
        return not_running(err);
    if (!all && sig != SIGKILL)
        return kill_first(s, sig, err);
    if (open_cgroup(s->record, &cg, err) < 0)
        return -1;
    if ((all || !s->record->own_pidns) && has_cgroup(cg))
        return kill_all(s, cg, sig, err);
    if (s->status == VL_STOPPED)
        return 0;
    if (kill_first(s, sig, err) < 0)
        return -1;
    return sig == SIGKILL ? thaw_v1(cg, err) : 0;
}
