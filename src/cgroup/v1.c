/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of v1 hierarchies: one directory in each, in named ones too; on hybrid hosts another one
 * in cgroup2, which then serves for everything that concerns all processes (kill, freeze, events).
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"

/* -- making ------------------------------------------------------------------------------------ */

/* A cpuset without CPUs or memory nodes takes no process: every level that has none inherits those
 * above (cgroup-v1/cpusets.rst). */
static int inherit_file(const char *mount, const char *dir, const char *file)
{
    cleanup_free char *above = NULL, *level = vl_strdup(dir), *at_mount = vl_path_join(mount, file);
    int r = vl_slurp_at(AT_FDCWD, at_mount, 65536, &above, NULL);
    for (char *p = level + strlen(mount) + 1; r >= 0 && p; p = *p ? p + 1 : NULL) {
        p += strcspn(p, "/");
        char saved = *p;
        *p = '\0';
        cleanup_free char *own = NULL, *path = vl_path_join(level, file);
        r = vl_slurp_at(AT_FDCWD, path, 65536, &own, NULL);
        if (r == 0 && own[strspn(own, "\n")] == '\0') {
            r = vl_write_file_at(AT_FDCWD, path, above, strlen(above));
        } else if (r == 0) {
            free(above);
            above = vl_take_ptr(own);
        }
        *p = saved;
    }
    return r;
}

static int inherit_cpuset(const char *mount, const char *dir, struct vl_error **err)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t f = 0; f < VL_ARRAY_LEN(files); f++) {
        int r = inherit_file(mount, dir, files[f]);
        if (r < 0)
            return vl_err_sys(err, r, "inherit %s in cgroup `%s`", files[f], dir);
    }
    return 0;
}

static int make_one(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *dir,
                    const struct vl_cgroup_v1 *v, struct vl_error **err)
{
    cleanup_free char *name = vl_asprintf("%s%s", v->named ? "name=" : "", v->controllers);
    int made = vl_cg_make_dir(rq, v->mount, dir, err);
    if (made < 0)
        return -1;
    vl_cg_add_dir(cg, name, dir, made > 0);
    if (vl_streq(v->controllers, "cpuset"))
        return inherit_cpuset(v->mount, dir, err);
    return 0;
}

static int make_unified(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *dir,
                        struct vl_error **err)
{
    const struct vl_host *h = rq->host;
    int made = vl_cg_make_dir(rq, h->v2_mount, dir, err);
    if (made < 0)
        return -1;
    vl_cg_add_dir(cg, "", dir, made > 0);
    cg->dirfd = vl_open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
    if (cg->dirfd < 0)
        return vl_err_sys(err, cg->dirfd, "open cgroup `%s`", dir);
    return vl_cg_enable(cg, rq, h->v2_mount, dir, cg->dirfd, err);
}

static int make(struct vl_cgroup *cg, const struct vl_cg_request *rq, enum vl_cg_place place,
                struct vl_error **err)
{
    const struct vl_host *h = rq->host;
    int r = 0;
    if (h->v2_mount) {
        cleanup_free char *dir = vl_cg_place_path(rq, place, h->v2_mount, h->v2_own_path);
        r = make_unified(cg, rq, dir, err);
    }
    for (size_t i = 0; r == 0 && i < h->n_v1; i++) {
        cleanup_free char *dir = vl_cg_place_path(rq, place, h->v1[i].mount, h->v1[i].own_path);
        r = make_one(cg, rq, dir, &h->v1[i], err);
    }
    if (r < 0)
        vl_cg_unmake(cg, rq);
    return r;
}

static int make_parent(const struct vl_cg_request *rq, const char *mount, const char *parent, struct vl_error **err)
{
    cleanup_free char *dir = parent ? vl_path_join(mount, parent) : NULL;
    return dir && vl_cg_make_dir(rq, mount, dir, err) < 0 ? -1 : 0;
}

int vl_cg_v1_make_at(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *parent, const char *path,
                     struct vl_error **err)
{
    const struct vl_host *h = rq->host;
    int r = 0;
    if (h->v2_mount) {
        cleanup_free char *dir = vl_path_join(h->v2_mount, path);
        r = make_parent(rq, h->v2_mount, parent, err) < 0 ? -1 : make_unified(cg, rq, dir, err);
    }
    for (size_t i = 0; r == 0 && i < h->n_v1; i++) {
        cleanup_free char *dir = vl_path_join(h->v1[i].mount, path);
        r = make_parent(rq, h->v1[i].mount, parent, err) < 0 ? -1 : make_one(cg, rq, dir, &h->v1[i], err);
    }
    if (r < 0)
        vl_cg_unmake(cg, rq);
    return r;
}

static int create(struct vl_cgroup *cg, const struct vl_cg_request *rq, struct vl_error **err)
{
    return vl_cg_try_places(cg, rq, make, err);
}

static int attach(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", (int)pid);
    for (size_t i = 0; i < cg->desc.n_dir; i++) {
        const struct vl_cgroup_dir *dir = &cg->desc.dir[i];
        if (in_unified && *dir->controllers == '\0')
            continue;
        int r = vl_cg_write_in(dir->path, "cgroup.procs", text);
        if (r < 0)
            return vl_err_sys(err, r, "move process %d into cgroup `%s`", (int)pid, dir->path);
    }
    return 0;
}

/* -- ending ------------------------------------------------------------------------------------ */

/* Frozen, so that nobody forks away between listing and killing; thawed, because on v1 a frozen one
 * does not die. */
static int kill_all(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    const char *freezer = vl_cg_v1_dir(cg, "freezer");
    int nap = 0;
    if (vl_cg_unified(cg)) {
        if (freezer)
            (void)vl_cg_write_in(freezer, "freezer.state", "THAWED"); /* by somebody else */
        return vl_cg_v2_kill(cg, d, err);
    }
    for (;;) {
        cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
        if (freezer)
            (void)vl_cg_write_in(freezer, "freezer.state", "FROZEN");
        int r = vl_cg_list(vl_cg_main_dir(cg), &pids);
        if (r == 0)
            r = vl_cg_kill_list(&pids, SIGKILL);
        if (freezer)
            (void)vl_cg_write_in(freezer, "freezer.state", "THAWED");
        if (r < 0)
            return vl_err_sys(err, r, "kill the processes of cgroup `%s`", vl_cg_main_dir(cg));
        if (pids.n == 0)
            return 0;
        if (!vl_cg_wait_ends(&pids, d, &nap))
            return vl_cg_still_busy(cg, err);
    }
}

static int wait_empty(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    int nap = 0;
    if (vl_cg_unified(cg))
        return vl_cg_v2_wait_empty(cg, d, err);
    for (;;) {
        cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
        int r = vl_cg_list(vl_cg_main_dir(cg), &pids);
        if (r < 0)
            return vl_err_sys(err, r, "list processes of cgroup `%s`", vl_cg_main_dir(cg));
        if (pids.n == 0)
            return 0;
        if (!vl_cg_wait_ends(&pids, d, &nap))
            return vl_cg_still_busy(cg, err);
    }
}

/* Nothing is taken away below processes that live in only a part of the hierarchies; then all of
 * them in each round, so that one that is stuck does not keep the others. */
static int remove_all(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    int nap = 0;
    vl_cleanup_fd(&cg->dirfd);
    if (wait_empty(cg, d, err) < 0)
        return -1;
    for (;;) {
        int worst = 0;
        const char *which = NULL;
        for (size_t i = 0; i < cg->desc.n_dir; i++) {
            int r = vl_cg_rmdir(cg->desc.dir[i].path);
            if (r < 0 && (worst == 0 || worst == -EBUSY)) {
                worst = r;
                which = cg->desc.dir[i].path;
            }
        }
        if (worst == 0)
            return 0;
        if (worst != -EBUSY)
            return vl_err_sys(err, worst, "remove cgroup `%s`", which);
        if (!vl_cg_nap(d, &nap))
            return vl_cg_still_busy(cg, err);
    }
}

/* -- freezer ----------------------------------------------------------------------------------- */

static bool state_is(const char *dir, const char *state)
{
    char text[32];
    return vl_cg_read_in(dir, "freezer.state", text, sizeof(text)) > 0 && vl_streq(text, state);
}

/* FREEZING may hang on a process that cannot be frozen right now; writing again makes the kernel
 * try again (cgroup-v1/freezer-subsystem.rst). */
static int set_frozen(struct vl_cgroup *cg, bool frozen, vl_deadline d, struct vl_error **err)
{
    const char *dir = vl_cg_v1_dir(cg, "freezer"), *state = frozen ? "FROZEN" : "THAWED";
    int nap = 0;
    if (vl_cg_unified(cg) && (frozen || dir == NULL || state_is(dir, "THAWED")))
        return vl_cg_v2_set_frozen(cg, frozen, d, err);
    if (dir == NULL)
        return vl_err_unsupported(err, "cgroup freezer",
                                  "cgroup controller `freezer` is not available");
    for (;;) {
        int r = vl_cg_write_in(dir, "freezer.state", state);
        if (r < 0)
            return vl_err_sys(err, r, "%s cgroup `%s`", frozen ? "freeze" : "thaw", dir);
        if (state_is(dir, state))
            break;
        if (!vl_cg_nap(d, &nap)) {
            int late = vl_cg_not_in_time(dir, frozen, err); /* named while they still stand out */
            if (frozen)
                (void)vl_cg_write_in(dir, "freezer.state", "THAWED");
            return late;
        }
    }
    return vl_cg_unified(cg) ? vl_cg_v2_set_frozen(cg, frozen, d, err) : 0;
}

static bool frozen(struct vl_cgroup *cg)
{
    const char *dir = vl_cg_v1_dir(cg, "freezer");
    return (vl_cg_unified(cg) && vl_cg_v2_frozen(cg)) || (dir && state_is(dir, "FROZEN"));
}

static bool freezing(struct vl_cgroup *cg)
{
    const char *dir = vl_cg_v1_dir(cg, "freezer");
    char text[8];
    return (vl_cg_unified(cg) && vl_cg_v2_freezing(cg)) ||
           (dir && vl_cg_read_in(dir, "freezer.self_freezing", text, sizeof(text)) > 0 && *text == '1');
}

const struct vl_cg_driver vl_cg_driver_v1 = {
    .create = create,
    .attach = attach,
    .kill = kill_all,
    .set_frozen = set_frozen,
    .frozen = frozen,
    .freezing = freezing,
    .wait_empty = wait_empty,
    .remove = remove_all,
};
