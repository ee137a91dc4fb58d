/* SPDX-License-Identifier: Apache-2.0 */
/* Driver of the unified hierarchy: one directory; everything is waited for by events. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/disable.h"
#include "sys/fd.h"

/* -- making ------------------------------------------------------------------------------------ */

static int make(struct vl_cgroup *cg, const struct vl_cg_request *rq, enum vl_cg_place place,
                struct vl_error **err)
{
    const struct vl_host *h = rq->host;
    cleanup_free char *dir = vl_cg_place_path(rq, place, h->v2_mount, h->v2_own_path);
    int made = vl_cg_make_dir(rq, h->v2_mount, dir, err);
    if (made < 0)
        return -1;
    vl_cg_add_dir(cg, "", dir, made > 0);
    cg->dirfd = vl_open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
    if (cg->dirfd < 0)
        vl_err_sys(err, cg->dirfd, "open cgroup `%s`", dir);
    else if (vl_cg_enable(cg, rq, h->v2_mount, dir, cg->dirfd, err) == 0)
        return 0;
    vl_cg_unmake(cg, rq);
    return -1;
}

static int create(struct vl_cgroup *cg, const struct vl_cg_request *rq, struct vl_error **err)
{
    if (rq->host->v2_mount == NULL)
        return vl_err_unsupported(err, "cgroups", "cgroup v2 is not mounted");
    return vl_cg_try_places(cg, rq, make, err);
}

static int attach(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err)
{
    char text[16];
    if (in_unified)
        return 0;
    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = vl_cg_write_in(vl_cg_unified(cg), "cgroup.procs", text);
    return r < 0
               ? vl_err_sys(err, r, "move process %d into cgroup `%s`", (int)pid, vl_cg_unified(cg))
               : 0;
}

/* -- ending ------------------------------------------------------------------------------------ */

/* Without cgroup.kill (before 5.14, or in a threaded cgroup): frozen processes cannot fork away,
 * and v2 lets a frozen one die. */
static int kill_one_by_one(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    const char *dir = vl_cg_unified(cg);
    int r = 0;
    (void)vl_cg_write_in(dir, "cgroup.freeze", "1");
    for (;;) {
        cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
        r = vl_cg_list(dir, &pids);
        if (r == 0 && pids.n > 0)
            r = vl_cg_kill_list(&pids, SIGKILL);
        if (r < 0 || pids.n == 0)
            break;
        int left = vl_cg_left(d);
        r = vl_cg_wait_event(dir, "populated", 0,
                             vl_cg_deadline(left < 0 || left > 100 ? 100 : left));
        if (r != -ETIME || left == 0)
            break;
    }
    (void)vl_cg_write_in(dir, "cgroup.freeze", "0");
    if (r == -ETIME)
        return vl_cg_still_busy(cg, err);
    return r < 0 ? vl_err_sys(err, r, "kill the processes of cgroup `%s`", dir) : 0;
}

int vl_cg_v2_kill(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    const char *dir = vl_cg_unified(cg);
    int r = vl_sys_disabled("cgroup_kill") ? -EOPNOTSUPP : vl_cg_write_in(dir, "cgroup.kill", "1");
    if (r == 0 || r == -ENODEV)
        return 0;
    if (r == -ENOENT || r == -EOPNOTSUPP)
        return kill_one_by_one(cg, d, err);
    return vl_err_sys(err, r, "kill the processes of cgroup `%s`", dir);
}

int vl_cg_v2_wait_empty(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    int r = vl_cg_wait_event(vl_cg_unified(cg), "populated", 0, d);
    if (r == -ETIME)
        return vl_cg_still_busy(cg, err);
    return r < 0 ? vl_err_sys(err, r, "wait for the end of cgroup `%s`", vl_cg_unified(cg)) : 0;
}

/* Each round either removes it, or waits for the event that may make the next one succeed. A cgroup
 * is empty a moment before its last process is reaped from it everywhere, hence the nap at the end.
 */
static int remove_dir(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    const char *dir = vl_cg_unified(cg);
    int nap = 0;
    vl_cleanup_fd(&cg->dirfd);
    for (;;) {
        int r = vl_cg_rmdir(dir);
        if (r == 0)
            return 0;
        if (r != -EBUSY)
            return vl_err_sys(err, r, "remove cgroup `%s`", dir);
        r = vl_cg_wait_event(dir, "populated", 0, d);
        if (r == -ETIME)
            return vl_cg_still_busy(cg, err);
        if (vl_cg_rmdir(dir) == 0)
            return 0;
        if (!vl_cg_nap(d, &nap))
            return vl_cg_still_busy(cg, err);
    }
}

/* -- freezer ----------------------------------------------------------------------------------- */

int vl_cg_v2_set_frozen(struct vl_cgroup *cg, bool frozen, vl_deadline d, struct vl_error **err)
{
    const char *dir = vl_cg_unified(cg);
    int r = vl_cg_write_in(dir, "cgroup.freeze", frozen ? "1" : "0");
    if (r == -ENOENT)
        return vl_err_unsupported(err, "cgroup freezer", "cgroup `%s` has no freezer", dir);
    if (r == 0)
        r = vl_cg_wait_event(dir, "frozen", frozen, d);
    if (r == 0)
        return 0;
    if (r == -ETIME)
        (void)vl_cg_not_in_time(dir, frozen, err); /* named while they still stand out */
    else
        (void)vl_err_sys(err, r, "%s cgroup `%s`", frozen ? "freeze" : "thaw", dir);
    if (frozen)
        (void)vl_cg_write_in(dir, "cgroup.freeze", "0");
    return -1;
}

bool vl_cg_v2_frozen(struct vl_cgroup *cg)
{
    char text[256];
    uint64_t frozen = 0;
    if (vl_cg_read_in(vl_cg_unified(cg), "cgroup.events", text, sizeof(text)) > 0)
        (void)vl_cg_keyed(text, "frozen", &frozen);
    return frozen != 0;
}

bool vl_cg_v2_freezing(struct vl_cgroup *cg)
{
    char text[8];
    return vl_cg_read_in(vl_cg_unified(cg), "cgroup.freeze", text, sizeof(text)) > 0 && *text == '1';
}

const struct vl_cg_driver vl_cg_driver_v2 = {
    .create = create,
    .attach = attach,
    .kill = vl_cg_v2_kill,
    .set_frozen = vl_cg_v2_set_frozen,
    .frozen = vl_cg_v2_frozen,
    .freezing = vl_cg_v2_freezing,
    .wait_empty = vl_cg_v2_wait_empty,
    .remove = remove_dir,
};
