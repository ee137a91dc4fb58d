/* SPDX-License-Identifier: Apache-2.0 */
/* The handle and its description; choice of the driver; what all drivers have in common. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include "base/mem.h"
#include "sys/fd.h"

/* -- description ------------------------------------------------------------------------------- */

static const char *const manager_names[] = {
    [VL_CGM_CGROUPFS] = "cgroupfs", [VL_CGM_SYSTEMD] = "systemd", [VL_CGM_DISABLED] = "disabled"};
static const char *const mode_names[] = {[VL_CGROUP_NONE] = "none",
                                         [VL_CGROUP_V1] = "v1",
                                         [VL_CGROUP_V2] = "v2",
                                         [VL_CGROUP_HYBRID] = "hybrid"};

void vl_cgroup_desc_reset(struct vl_cgroup_desc *d)
{
    for (size_t i = 0; i < d->n_dir; i++) {
        free(d->dir[i].controllers);
        free(d->dir[i].path);
    }
    free(d->dir);
    free(d->unit.name);
    free(d->unit.sub);
    *d = (struct vl_cgroup_desc){.dir = NULL};
}

void vl_cgroup_desc_format(const struct vl_cgroup_desc *d, struct vl_strv *ret)
{
    vl_strv_add(ret, manager_names[d->manager]);
    vl_strv_add(ret, mode_names[d->mode]);
    if (d->unit.name)
        vl_strv_add_take(ret, vl_cg_unit_format(&d->unit));
    for (size_t i = 0; i < d->n_dir; i++)
        vl_strv_addf(ret, "%s:%s", *d->dir[i].controllers ? d->dir[i].controllers : "unified",
                     d->dir[i].path);
}

static int index_of(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (vl_streq(names[i], name))
            return (int)i;
    return -1;
}

int vl_cgroup_desc_parse(char *const *v, size_t n, struct vl_cgroup_desc *ret,
                         struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc d = {.dir = NULL};
    int manager = n >= 2 ? index_of(manager_names, VL_ARRAY_LEN(manager_names), v[0]) : -1;
    int mode = n >= 2 ? index_of(mode_names, VL_ARRAY_LEN(mode_names), v[1]) : -1;
    if (manager < 0 || mode < 0)
        return vl_err_state(err, "recorded cgroup: manager or mode is unknown");
    d.manager = (enum vl_cgroup_manager)manager;
    d.mode = (enum vl_cgroup_mode)mode;
    bool unit = d.manager == VL_CGM_SYSTEMD && n > 2;
    if (unit && vl_cg_unit_parse(v[2], &d.unit) < 0)
        return vl_err_state(err, "recorded cgroup: `%s` is no unit", v[2]);
    for (size_t i = unit ? 3 : 2; i < n; i++) {
        const char *colon = strstr(v[i], ":/");
        if (colon == NULL || colon == v[i] || vl_path_has_dotdot(colon + 1))
            return vl_err_state(err, "recorded cgroup: `%s` is no directory of a hierarchy", v[i]);
        struct vl_cgroup_dir *dir = VL_APPEND(d.dir, d.n_dir);
        dir->controllers = vl_strndup(v[i], (size_t)(colon - v[i]));
        dir->path = vl_strdup(colon + 1);
        if (vl_streq(dir->controllers, "unified"))
            *dir->controllers = '\0';
    }
    *ret = d;
    d = (struct vl_cgroup_desc){.dir = NULL};
    return 0;
}

/* -- handle ------------------------------------------------------------------------------------ */

/* The one place that knows which drivers there are. */
static const struct vl_cg_driver *driver_for(enum vl_cgroup_manager manager,
                                             enum vl_cgroup_mode mode)
{
    switch (manager) {
    case VL_CGM_CGROUPFS:
        return mode == VL_CGROUP_V2 ? &vl_cg_driver_v2 : &vl_cg_driver_v1;
    case VL_CGM_SYSTEMD:
        return &vl_cg_driver_systemd;
    case VL_CGM_DISABLED:
        break;
    }
    return NULL;
}

static struct vl_cgroup *handle_new(enum vl_cgroup_manager manager, enum vl_cgroup_mode mode)
{
    struct vl_cgroup *cg = vl_alloc(sizeof(*cg));
    cg->dirfd = VL_NOFD;
    cg->desc.manager = manager;
    cg->desc.mode = mode;
    cg->driver = driver_for(manager, mode);
    cg->anchor.hold = VL_NOFD;
    return cg;
}

static void inherit(struct vl_cgroup *cg, const char *mount, const char *own)
{
    cleanup_free char *dir = vl_path_join(mount, own);
    vl_strv_add_take(&cg->inherited, vl_path_clean(dir));
}

static void become_disabled(struct vl_cgroup *cg, const struct vl_host *host)
{
    if (host->v2_mount)
        inherit(cg, host->v2_mount, host->v2_own_path);
    for (size_t i = 0; i < host->n_v1; i++)
        inherit(cg, host->v1[i].mount, host->v1[i].own_path);
    cg->desc.manager = VL_CGM_DISABLED;
    cg->driver = NULL;
}

void vl_cgroup_free(struct vl_cgroup *cg)
{
    if (cg == NULL)
        return;
    for (size_t i = 0; i < cg->n_task_fds; i++)
        vl_close(cg->task_fds[i]);
    vl_cleanup_fd(&cg->dirfd);
    vl_parked_end(&cg->anchor);
    vl_bus_free(cg->bus);
    vl_cgroup_desc_reset(&cg->desc);
    vl_strv_reset(&cg->inherited);
    vl_strv_reset(&cg->notes);
    free(cg->task_fds);
    free(cg->made);
    free(cg);
}

void vl_cg_add_dir(struct vl_cgroup *cg, const char *controllers, const char *path, bool made)
{
    size_t n = cg->desc.n_dir;
    struct vl_cgroup_dir *dir = VL_APPEND(cg->desc.dir, cg->desc.n_dir);
    *VL_APPEND(cg->made, n) = made;
    dir->controllers = vl_strdup(controllers);
    dir->path = vl_strdup(path);
}

const char *vl_cg_unified(const struct vl_cgroup *cg)
{
    return cg->desc.n_dir > 0 && *cg->desc.dir[0].controllers == '\0' ? cg->desc.dir[0].path : NULL;
}

const char *vl_cg_v1_dir(const struct vl_cgroup *cg, const char *controller)
{
    size_t n = strlen(controller);
    for (size_t i = 0; i < cg->desc.n_dir; i++)
        for (const char *p = cg->desc.dir[i].controllers; *p; p += strspn(p, ",")) {
            size_t len = strcspn(p, ",");
            if (len == n && memcmp(p, controller, n) == 0)
                return cg->desc.dir[i].path;
            p += len;
        }
    return NULL;
}

const char *vl_cg_main_dir(const struct vl_cgroup *cg)
{
    static const char *const preferred[] = {"freezer", "pids", "devices", "memory"};
    const char *dir = vl_cg_unified(cg);
    for (size_t i = 0; dir == NULL && i < VL_ARRAY_LEN(preferred); i++)
        dir = vl_cg_v1_dir(cg, preferred[i]);
    return dir ? dir : cg->desc.dir[0].path;
}

const char *vl_cg_name(const struct vl_cgroup *cg)
{
    return cg->desc.n_dir ? vl_cg_main_dir(cg) : "none";
}

const struct vl_cgroup_desc *vl_cgroup_describe(const struct vl_cgroup *cg)
{
    return &cg->desc;
}

static bool is_below(const char *path, const char *mount)
{
    size_t n = strlen(mount);
    return strncmp(path, mount, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const char *vl_cgroup_dir_below(const struct vl_cgroup *cg, const char *mount)
{
    for (size_t i = 0; i < cg->desc.n_dir; i++)
        if (is_below(cg->desc.dir[i].path, mount))
            return cg->desc.dir[i].path;
    for (size_t i = 0; i < cg->inherited.n; i++)
        if (is_below(cg->inherited.v[i], mount))
            return cg->inherited.v[i];
    return NULL;
}

const struct vl_strv *vl_cgroup_notes(const struct vl_cgroup *cg)
{
    return &cg->notes;
}

/* -- create and open --------------------------------------------------------------------------- */

int vl_cgroup_manager_check(enum vl_cgroup_manager m, struct vl_error **err)
{
    return m == VL_CGM_SYSTEMD ? vl_bus_check(err) : 0;
}

int vl_cgroup_systemd_check(const struct vl_host *host, struct vl_error **err)
{
    enum { TIMEOUT_MS = 2000 };
    cleanup(bus) struct vl_bus *bus = NULL;
    bool user = !host->in_initial_userns || host->euid != 0;
    return vl_bus_open(user, vl_cg_host_uid(host), TIMEOUT_MS, &bus, err);
}

enum { RELEASE_MS = 5000 };

static int fill(struct vl_cgroup *cg, const struct vl_cg_request *rq, struct vl_error **err)
{
    if (cg->driver->create(cg, rq, err) < 0)
        return -1;
    if (vl_cg_write_all(cg, rq->plan, VL_CG_EMPTY, err) < 0 || vl_cg_load_devices(cg, rq->plan, err) < 0 ||
        vl_cg_give_away(cg, rq->op, err) < 0) {
        if (cg->driver->release)
            cg->driver->release(cg, vl_cg_deadline(RELEASE_MS));
        vl_cg_unmake(cg, rq);
        return -1;
    }
    return 0;
}

int vl_cgroup_create(const struct vl_plan *plan, const struct vl_host *host,
                     const struct vl_cgroup_journal *journal, struct vl_cgroup **ret,
                     struct vl_error **err)
{
    size_t from = 0;
    struct vl_cg_request rq = {plan, vl_plan_find(plan, VL_OP_CGROUP, &from), host, journal, false};
    if (rq.op == NULL) {
        *ret = handle_new(VL_CGM_DISABLED, VL_CGROUP_NONE);
        become_disabled(*ret, host);
        return 0;
    }
    enum vl_cgroup_manager manager = (enum vl_cgroup_manager)rq.op->n[0];
    if (vl_cgroup_manager_check(manager, err) < 0)
        return -1;
    cleanup(cgroup) struct vl_cgroup *cg = handle_new(manager, (enum vl_cgroup_mode)rq.op->n[1]);
    if (fill(cg, &rq, err) < 0) {
        if (!(rq.op->n[2] & VL_CG_OPTIONAL))
            return -1;
        cleanup_free char *why = vl_error_text(*err);
        vl_strv_addf(&cg->notes, "cgroup: none, %s", why);
        vl_err_drop(err, "the cgroup is optional");
        become_disabled(cg, host);
    }
    *ret = vl_take_ptr(cg);
    return 0;
}

int vl_cgroup_open_recorded(const struct vl_cgroup_desc *desc, struct vl_cgroup **ret,
                            struct vl_error **err)
{
    struct vl_cgroup *cg = handle_new(desc->n_dir ? desc->manager : VL_CGM_DISABLED, desc->mode);
    for (size_t i = 0; i < desc->n_dir; i++)
        vl_cg_add_dir(cg, desc->dir[i].controllers, desc->dir[i].path, true);
    if (desc->unit.name) {
        cg->desc.unit = desc->unit;
        cg->desc.unit.name = vl_strdup(desc->unit.name);
        cg->desc.unit.sub = vl_strdup(desc->unit.sub);
        cg->moved = desc->n_dir > 0 && vl_cg_unit_only_moves(cg);
    }
    *ret = cg;
    return 0;
}

int vl_cgroup_dirfd(struct vl_cgroup *cg)
{
    if (cg->dirfd < 0 && vl_cg_unified(cg))
        cg->dirfd = vl_open_at(AT_FDCWD, vl_cg_unified(cg), O_RDONLY | O_DIRECTORY, 0);
    return cg->dirfd < 0 ? VL_NOFD : cg->dirfd;
}

int vl_cgroup_birth_fd(struct vl_cgroup *cg)
{
    return cg->moved ? VL_NOFD : vl_cgroup_dirfd(cg);
}

bool vl_cgroup_is_moved(const struct vl_cgroup *cg)
{
    return cg->moved;
}

void vl_cgroup_occupied(struct vl_cgroup *cg)
{
    vl_parked_end(&cg->anchor);
}

int vl_cgroup_apply(struct vl_cgroup *cg, const struct vl_host *host, const struct vl_plan *plan,
                    struct vl_error **err)
{
    struct vl_cg_request rq = {plan, NULL, host, NULL, false};
    if (plan->n_op == 0)
        return 0;
    if (cg->driver == NULL)
        return vl_err_state(err, "the container has no cgroup to set limits in");
    int fd = vl_cgroup_dirfd(cg);
    if (fd >= 0 && host->v2_mount &&
        vl_cg_enable(cg, &rq, host->v2_mount, vl_cg_unified(cg), fd, err) < 0)
        return -1;
    cleanup(cg_saved) struct vl_cg_saved saved = {NULL, 0};
    if (vl_cg_write_update(cg, plan, &saved, err) < 0)
        return -1;
    if ((cg->driver->tell == NULL || cg->driver->tell(cg, plan, err) == 0) && vl_cg_replace_devices(cg, plan, err) == 0)
        return 0;
    vl_cg_restore(&saved, err);
    return -1;
}

int64_t vl_cgroup_memory_limit(const struct vl_cgroup *cg)
{
    char text[32];
    const char *v1 = vl_cg_v1_dir(cg, "memory"), *dir = v1 ? v1 : vl_cg_unified(cg);
    if (dir == NULL ||
        vl_cg_read_in(dir, v1 ? "memory.limit_in_bytes" : "memory.max", text, sizeof(text)) <= 0)
        return 0;
    int64_t n = vl_streq(text, "max") ? -1 : strtoll(text, NULL, 10);
    return n > INT64_MAX / 2 ? -1 : n; /* v1 shows the greatest number of pages */
}

int vl_cgroup_settle(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    if (cg->driver == NULL)
        return 0;
    if (cg->driver->settle && cg->driver->settle(cg, plan, err) < 0)
        return -1;
    return vl_cg_write_all(cg, plan, VL_CG_BORN, err);
}

/* -- verbs ------------------------------------------------------------------------------------- */

int vl_cgroup_attach(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err)
{
    if (pid <= 0) /* 0 would move ourselves */
        return vl_err_bug(err, "process %d cannot be moved into a cgroup", (int)pid);
    return cg->driver ? cg->driver->attach(cg, pid, in_unified, err) : 0;
}

int vl_cgroup_kill(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    return cg->driver ? cg->driver->kill(cg, vl_cg_deadline(timeout_ms), err) : 0;
}

int vl_cgroup_wait_empty(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    return cg->driver ? cg->driver->wait_empty(cg, vl_cg_deadline(timeout_ms), err) : 0;
}

int vl_cgroup_remove(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    return cg->driver ? cg->driver->remove(cg, vl_cg_deadline(timeout_ms), err) : 0;
}

int vl_cgroup_destroy(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    vl_deadline d = vl_cg_deadline(timeout_ms);
    if (cg->driver == NULL)
        return 0;
    return cg->driver->kill(cg, d, err) < 0 ? -1 : cg->driver->remove(cg, d, err);
}

bool vl_cgroup_undo(struct vl_cgroup *cg)
{
    enum { UNDO_MS = 2000 };
    vl_deadline d = vl_cg_deadline(UNDO_MS);
    int nap = 0;
    bool busy = cg->driver != NULL, gone = true;
    vl_cleanup_fd(&cg->dirfd);
    while (busy) {
        cleanup(cgroup_pids) struct vl_cgroup_pids left = {NULL, 0};
        busy = false;
        gone = true;
        for (size_t i = 0; i < cg->desc.n_dir; i++) {
            int r = cg->made[i] ? vl_cg_rmdir(cg->desc.dir[i].path) : 0;
            busy |= r == -EBUSY;
            gone &= r == 0;
        }
        if (busy && vl_cg_unified(cg))
            (void)vl_cg_wait_event(vl_cg_unified(cg), "populated", 0, d);
        if (busy)
            (void)vl_cg_list(vl_cg_main_dir(cg), &left);
        if (busy && !vl_cg_wait_ends(&left, d, &nap))
            break;
    }
    if (cg->driver && cg->driver->release)
        cg->driver->release(cg, vl_cg_deadline(RELEASE_MS));
    return gone;
}

/* "unit:… DESCRIPTION": a unit of that name with another description was there before. */
static int destroy_unit(const char *text, int timeout_ms, struct vl_error **err)
{
    cleanup_free char *unit = vl_strndup(text, strcspn(text, " ")), *now = NULL;
    const char *description = text + strlen(unit) + (text[strlen(unit)] == ' ');
    cleanup(cgroup) struct vl_cgroup *cg = handle_new(VL_CGM_SYSTEMD, VL_CGROUP_V2);
    if (vl_cg_unit_parse(unit, &cg->desc.unit) < 0)
        return vl_err_state(err, "recorded cgroup: `%s` is no unit", unit);
    if (vl_cg_unit_text(cg, "org.freedesktop.systemd1.Unit", "Description", &now, err) < 0)
        return -1;
    if (now == NULL || strncmp(now, description, VL_CG_DESCRIPTION) != 0)
        return 0;
    return vl_cg_unit_stop(cg, vl_cg_deadline(timeout_ms), err);
}

int vl_cgroup_destroy_path(const char *path, int timeout_ms, struct vl_error **err)
{
    struct statfs fs;
    if (vl_starts_with(path, VL_CGROUP_UNIT))
        return destroy_unit(path, timeout_ms, err);
    if (statfs(path, &fs) < 0) {
        if (errno == ENOENT)
            return 0;
        return vl_err_sys(err, errno, "look at cgroup `%s`", path);
    }
    bool v2 = fs.f_type == CGROUP2_SUPER_MAGIC;
    if (!v2 && fs.f_type != CGROUP_SUPER_MAGIC)
        return vl_err_state(err, "`%s` is no cgroup, it is left alone", path);
    cleanup(cgroup) struct vl_cgroup *cg =
        handle_new(VL_CGM_CGROUPFS, v2 ? VL_CGROUP_V2 : VL_CGROUP_V1);
    cleanup_free char *freezer = vl_path_join(path, "freezer.state");
    vl_cg_add_dir(cg, v2 ? "" : access(freezer, F_OK) == 0 ? "freezer" : "name=", path, true);
    return vl_cgroup_destroy(cg, timeout_ms, err);
}

int vl_cgroup_freeze(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    if (cg->driver == NULL)
        return vl_err_state(err, "the container has no cgroup to freeze");
    return cg->driver->set_frozen(cg, true, vl_cg_deadline(timeout_ms), err);
}

int vl_cgroup_thaw(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err)
{
    if (cg->driver == NULL)
        return vl_err_state(err, "the container has no cgroup to thaw");
    return cg->driver->set_frozen(cg, false, vl_cg_deadline(timeout_ms), err);
}

bool vl_cgroup_frozen(struct vl_cgroup *cg)
{
    return cg->driver && cg->driver->frozen(cg);
}

bool vl_cgroup_freezing(struct vl_cgroup *cg)
{
    return cg->driver && cg->driver->freezing(cg);
}
