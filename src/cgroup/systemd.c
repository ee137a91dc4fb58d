/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of systemd: the container is a transient scope, or slice, with what is in it delegated to us
 * (systemd.io, "Control Group APIs and Delegation").
 *
 * A scope cannot be made without a process, and goes when its last one has gone. So a process that does nothing, the
 * anchor, is put into it first; everything is made and limited as with the other drivers; the container's process is
 * born inside; then the anchor ends. When we are killed in between, the anchor ends with us and systemd removes the
 * scope.
 *
 * Processes live in a cgroup below the unit's own, whose files are systemd's: limits are properties there, and are
 * written as files in the one below, where the container sees them.
 *
 * A user cannot move a process from where he is logged in to his own units: not even the cgroup above both is his. Then
 * systemd is asked to, which it does for the processes of the same user.
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

static const struct vl_cg_driver *below(const struct vl_cgroup *cg)
{
    return cg->desc.mode == VL_CGROUP_V2 ? &vl_cg_driver_v2 : &vl_cg_driver_v1;
}

/* -- where the unit is ------------------------------------------------------------------------------ */

/* What follows "N:LIST:" in /proc/PID/cgroup for the hierarchy that systemd keeps its units in. Those of v1 are listed
 * where they are not mounted, too. */
static char *unit_line(const struct vl_cgroup *cg, const char *text)
{
    const char *p = cg->desc.mode == VL_CGROUP_V2 ? NULL : strstr(text, ":name=systemd:");
    if (p == NULL)
        p = vl_starts_with(text, "0::") ? text : strstr(text, "\n0::");
    if (p == NULL || (p = strchr(p, '/')) == NULL)
        return NULL;
    return vl_strndup(p, strcspn(p, "\n"));
}

/* A process may be moved by who can write into the cgroup.procs of the next cgroup above both places, too
 * (cgroup-v2.rst, "Delegation Containment"). */
bool vl_cg_unit_only_moves(const struct vl_cgroup *cg)
{
    cleanup_free char *text = NULL, *procs = NULL;
    const char *dir = vl_cg_unified(cg);
    static const char mount[] = "/sys/fs/cgroup"; /* of VL_CGROUP_V2 (sys/host.h) */
    if (!cg->desc.unit.user || cg->desc.mode != VL_CGROUP_V2 || dir == NULL || !vl_starts_with(dir, mount) ||
        vl_slurp_at(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL) < 0)
        return false;
    cleanup_free char *own = unit_line(cg, text);
    const char *theirs = dir + strlen(mount);
    size_t common = 0;
    for (size_t i = 0; own && (own[i] == theirs[i] || own[i] == '\0' || theirs[i] == '\0'); i++) {
        bool end = (own[i] == '/' || own[i] == '\0') && (theirs[i] == '/' || theirs[i] == '\0');
        common = end ? i : common;
        if (own[i] == '\0' || theirs[i] == '\0')
            break;
    }
    procs = vl_asprintf("%s%.*s/cgroup.procs", mount, (int)common, theirs);
    return faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) < 0;
}

static int path_of_process(struct vl_cgroup *cg, pid_t pid, char **ret, struct vl_error **err)
{
    cleanup_free char *file = vl_asprintf("/proc/%d/cgroup", (int)pid), *text = NULL;
    int r = vl_slurp_at(AT_FDCWD, file, 1 << 20, &text, NULL);
    if (r < 0)
        return vl_err_sys(err, r, "read `%s`", file);
    cleanup_free char *path = unit_line(cg, text);
    const char *name = path ? vl_path_base(path) : "";
    if (*name == '_') /* systemd puts it before names that the kernel has its own use for */
        name++;
    if (path == NULL || *path != '/' || vl_path_has_dotdot(path) ||
        (!vl_streq(name, cg->desc.unit.name) && !vl_streq(vl_path_base(path), cg->desc.unit.name)))
        return vl_err_sys(err, ESRCH, "find the cgroup of unit `%s`: its process is in `%s`", cg->desc.unit.name,
                          path ? path : "none");
    *ret = vl_take_ptr(path);
    return 0;
}

/* -- making ----------------------------------------------------------------------------------------- */

static void release(struct vl_cgroup *cg, vl_deadline d);

uid_t vl_cg_host_uid(const struct vl_host *h)
{
    for (size_t i = 0; i < h->n_own_uid_map; i++) {
        const struct vl_idmap_line *l = &h->own_uid_map[i];
        if (h->euid >= l->container && h->euid - l->container < l->size)
            return l->host + (h->euid - l->container);
    }
    return h->euid;
}

static int make_v2(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *dir, struct vl_error **err)
{
    const char *mount = rq->host->v2_mount;
    if (mount == NULL)
        return vl_err_unsupported(err, "cgroups", "cgroup v2 is not mounted");
    cleanup_free char *path = vl_path_join(mount, dir);
    int made = vl_cg_make_dir(rq, mount, path, err);
    if (made < 0)
        return -1;
    vl_cg_add_dir(cg, "", path, made > 0);
    int fd = vl_cgroup_dirfd(cg);
    if (fd < 0)
        return vl_err_sys(err, fd, "open cgroup `%s`", path);
    /* a cgroup with processes of its own, as the unit's is now, cannot pass controllers on */
    if (made > 0 && cg->anchor.child.pid > 0 && vl_cg_driver_v2.attach(cg, cg->anchor.child.pid, false, err) < 0)
        return -1;
    return vl_cg_enable(cg, rq, mount, path, fd, err);
}

static int make_below(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *unit_path,
                      struct vl_error **err)
{
    const char *sub = cg->desc.unit.sub;
    struct vl_cg_request in = *rq;
    in.in_unit = true;
    cleanup_free char *dir = *sub ? vl_path_join(unit_path, sub) : vl_strdup(unit_path);
    return cg->desc.mode == VL_CGROUP_V2 ? make_v2(cg, &in, dir, err)
                                         : vl_cg_v1_make_at(cg, &in, *sub ? unit_path : NULL, dir, err);
}

static int create(struct vl_cgroup *cg, const struct vl_cg_request *rq, struct vl_error **err)
{
    cleanup_free char *path = NULL;
    const char *sub = vl_op_s(rq->op, 0);
    struct vl_cgroup_unit *u = &cg->desc.unit;
    int r = 0;
    *u = (struct vl_cgroup_unit){.name = vl_strdup(vl_op_s(rq->op, 2)),
                                 .sub = vl_strdup(sub ? sub : ""),
                                 .user = rq->op->n[2] & VL_CG_ROOTLESS,
                                 .uid = vl_cg_host_uid(rq->host)};
    bool slice = vl_ends_with(u->name, ".slice");
    if (vl_cg_unit_bus(cg, err) < 0)
        return -1;
    if (!slice)
        r = vl_parked_start(0, &cg->anchor);
    if (r < 0)
        return vl_err_sys(err, r, "start a process for unit `%s`", u->name);
    if (vl_cg_unit_start(cg, rq, slice ? 0 : cg->anchor.child.pid, err) < 0) {
        vl_parked_end(&cg->anchor);
        return -1;
    }
    r = slice ? vl_cg_unit_cgroup(cg, &path, err) : path_of_process(cg, cg->anchor.child.pid, &path, err);
    if (r == 0)
        r = make_below(cg, rq, path, err);
    if (r == 0)
        cg->moved = vl_cg_unit_only_moves(cg);
    if (r < 0) {
        release(cg, vl_cg_deadline(5000));
        vl_cg_unmake(cg, rq);
    }
    return r;
}

static int attach(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err)
{
    cleanup(error) struct vl_error *e = NULL;
    if (below(cg)->attach(cg, pid, in_unified, &e) == 0)
        return 0;
    int error = vl_error_errno(e);
    if (cg->desc.mode != VL_CGROUP_V2 || (error != EACCES && error != EPERM)) {
        *err = vl_take_ptr(e);
        return -1;
    }
    vl_err_drop(&e, "systemd is asked to move the process");
    return vl_cg_unit_attach(cg, pid, err);
}

/* -- the directories: as without systemd ------------------------------------------------------------ */

static int kill_all(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    return below(cg)->kill(cg, d, err);
}

static int set_frozen(struct vl_cgroup *cg, bool frozen, vl_deadline d, struct vl_error **err)
{
    return below(cg)->set_frozen(cg, frozen, d, err);
}

static bool frozen(struct vl_cgroup *cg)
{
    return below(cg)->frozen(cg);
}

static bool freezing(struct vl_cgroup *cg)
{
    return below(cg)->freezing(cg);
}

static int wait_empty(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    return below(cg)->wait_empty(cg, d, err);
}

/* The unit's directory, above that of the handle; caller frees. NULL when they are the same. */
static char *unit_dir(const struct vl_cgroup *cg, const char *dir)
{
    size_t n = strlen(cg->desc.unit.sub), len = strlen(dir);
    return n > 0 && len > n + 1 ? vl_strndup(dir, len - n - 1) : NULL;
}

/* What others put beside the sub-cgroup would only get systemd's signals, one after the other. */
static void kill_beside(struct vl_cgroup *cg)
{
    cleanup_free char *dir = vl_cg_unified(cg) ? unit_dir(cg, vl_cg_unified(cg)) : NULL;
    if (dir)
        (void)vl_cg_write_in(dir, "cgroup.kill", "1");
}

/* Those that systemd did not make: hierarchies of v1 that it does not use. */
static void remove_unit_dirs(struct vl_cgroup *cg)
{
    for (size_t i = 0; i < cg->desc.n_dir; i++) {
        cleanup_free char *dir = unit_dir(cg, cg->desc.dir[i].path);
        if (dir)
            (void)rmdir(dir);
    }
}

static void release(struct vl_cgroup *cg, vl_deadline d)
{
    cleanup(error) struct vl_error *e = NULL;
    vl_parked_end(&cg->anchor);
    for (size_t i = 0; i < cg->desc.n_dir; i++)
        (void)vl_cg_rmdir(cg->desc.dir[i].path);
    if (cg->desc.unit.name && vl_cg_unit_stop(cg, d, &e) < 0)
        vl_err_drop(&e, "systemd ends the unit when it sees that it is empty");
    remove_unit_dirs(cg);
}

static bool unit_is_gone(struct vl_cgroup *cg)
{
    cleanup_free char *dir = unit_dir(cg, vl_cg_main_dir(cg));
    return access(dir ? dir : vl_cg_main_dir(cg), F_OK) < 0 && errno == ENOENT;
}

/* Without a systemd to talk to, it sees by itself, when it is back, that the unit has become empty. */
static int remove_unit(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    cleanup(error) struct vl_error *e = NULL;
    if (below(cg)->remove(cg, d, err) < 0)
        return -1;
    kill_beside(cg);
    int r = vl_cg_unit_stop(cg, d, &e);
    remove_unit_dirs(cg);
    if (r == 0)
        return 0;
    if (unit_is_gone(cg)) {
        vl_err_drop(&e, "the unit's cgroup is gone");
        return 0;
    }
    *err = vl_take_ptr(e);
    return -1;
}

/* -- limits ----------------------------------------------------------------------------------------- */

static int settle(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    return vl_cg_unit_set(cg, plan, NULL, true, err);
}

/* "QUOTA PERIOD" as it is now. */
static char *cpu_max(const struct vl_cgroup *cg)
{
    char quota[64], period[64];
    const char *dir = vl_cg_v1_dir(cg, "cpu");
    if (dir == NULL)
        return vl_cg_unified(cg) && vl_cg_read_in(vl_cg_unified(cg), "cpu.max", quota, sizeof(quota)) > 0
                   ? vl_strdup(quota)
                   : NULL;
    if (vl_cg_read_in(dir, "cpu.cfs_quota_us", quota, sizeof(quota)) <= 0 ||
        vl_cg_read_in(dir, "cpu.cfs_period_us", period, sizeof(period)) <= 0)
        return NULL;
    return vl_asprintf("%s %s", quota, period);
}

/* After the files were written: systemd's share is made from what is in them. */
static int tell(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    cleanup_free char *now = cpu_max(cg);
    return vl_cg_unit_set(cg, plan, now, false, err);
}

const struct vl_cg_driver vl_cg_driver_systemd = {
    .create = create,
    .attach = attach,
    .kill = kill_all,
    .set_frozen = set_frozen,
    .frozen = frozen,
    .freezing = freezing,
    .wait_empty = wait_empty,
    .remove = remove_unit,
    .release = release,
    .settle = settle,
    .tell = tell,
};
