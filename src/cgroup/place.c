/* SPDX-License-Identifier: Apache-2.0 */
/* Where a cgroup goes, and making its directory so that a crash at any point leaves nothing
 * unknown. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/mem.h"
#include "sys/fd.h"

/* -- places ------------------------------------------------------------------------------------ */

char *vl_cg_place_path(const struct vl_cg_request *rq, enum vl_cg_place place, const char *mount,
                       const char *own)
{
    const char *path = vl_op_s(rq->op, 0);
    cleanup_free char *base = vl_strdup(place == VL_CG_AT_ROOT ? "/" : own);
    if (place == VL_CG_BESIDE_OWN)
        *(strrchr(base, '/') ? strrchr(base, '/') : base) = '\0';
    cleanup_free char *dir = vl_path_join(mount, base);
    cleanup_free char *full = vl_path_join(dir, path);
    return vl_path_clean(full);
}

/* EBUSY: a cgroup with processes of its own, such as ours, cannot give controllers to those below
 * (v2). */
static bool try_elsewhere(int errnum)
{
    return errnum == EACCES || errnum == EPERM || errnum == EROFS || errnum == EBUSY;
}

int vl_cg_try_places(struct vl_cgroup *cg, const struct vl_cg_request *rq,
                     int (*make)(struct vl_cgroup *, const struct vl_cg_request *, enum vl_cg_place,
                                 struct vl_error **),
                     struct vl_error **err)
{
    static const enum vl_cg_place by_default[] = {VL_CG_AT_ROOT, VL_CG_BESIDE_OWN, VL_CG_BELOW_OWN},
                                  relative[] = {VL_CG_BELOW_OWN, VL_CG_BESIDE_OWN},
                                  absolute[] = {VL_CG_AT_ROOT};
    const enum vl_cg_place *places = absolute;
    size_t n = VL_ARRAY_LEN(absolute);
    if (rq->op->n[2] & VL_CG_DEFAULT) {
        places = by_default;
        n = VL_ARRAY_LEN(by_default);
    } else if (rq->op->n[2] & VL_CG_RELATIVE) {
        places = relative;
        n = VL_ARRAY_LEN(relative);
    }
    for (size_t i = 0; i < n; i++) {
        cleanup(error) struct vl_error *e = NULL;
        if (make(cg, rq, places[i], &e) == 0)
            return 0;
        if (i + 1 == n || !try_elsewhere(vl_error_errno(e))) {
            *err = vl_take_ptr(e);
            return -1;
        }
        vl_err_drop(&e, "another place for the cgroup is tried");
    }
    return -1;
}

/* -- directories ------------------------------------------------------------------------------- */

static int make_parents(const char *mount, const char *path)
{
    cleanup_free char *copy = vl_strdup(path);
    for (char *p = copy + strlen(mount) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    return 0;
}

static int mkdir_below(const char *mount, const char *path)
{
    /* Somebody may remove an empty parent between the two calls. */
    for (int attempt = 0; attempt < 10; attempt++) {
        if (mkdir(path, 0755) == 0)
            return 0;
        if (errno != ENOENT)
            return -errno;
        int r = make_parents(mount, path);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return -ENOENT;
}

/* A cgroup that was there before us must be nobody's: no process, not frozen. */
static int check_unused(const char *path, struct vl_error **err)
{
    char text[256];
    uint64_t frozen = 0;
    cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
    int r = vl_cg_list(path, &pids);
    if (r < 0)
        return vl_err_sys(err, r, "list processes of cgroup `%s`", path);
    if (pids.n > 0)
        return vl_err_state(err, "container's cgroup is not empty: %zu process(es) found (`%s`)",
                            pids.n, path);
    if (vl_cg_read_in(path, "cgroup.events", text, sizeof(text)) > 0)
        (void)vl_cg_keyed(text, "frozen", &frozen);
    else if (vl_cg_read_in(path, "freezer.state", text, sizeof(text)) > 0)
        frozen = !vl_streq(text, "THAWED");
    return frozen ? vl_err_state(err, "container's cgroup is frozen (`%s`)", path) : 0;
}

static int note(const struct vl_cg_request *rq, const char *path, bool undo, struct vl_error **err)
{
    return rq->journal && rq->journal->note ? rq->journal->note(rq->journal->arg, path, undo, err)
                                            : 0;
}

int vl_cg_make_dir(const struct vl_cg_request *rq, const char *mount, const char *path,
                   struct vl_error **err)
{
    struct stat st;
    /* Asked first, so that the journal, by which processes are killed, never names somebody else's
     * cgroup. */
    if (stat(path, &st) == 0)
        return rq->in_unit ? 0 : check_unused(path, err);
    if (note(rq, path, false, err) < 0)
        return -1;
    int r = mkdir_below(mount, path);
    if (r == 0)
        return 1;
    if (note(rq, path, true, err) < 0)
        return -1;
    if (r == -EEXIST)
        return vl_err_state(err, "container's cgroup `%s` was made by somebody else just now",
                            path);
    return vl_err_sys(err, r, "make cgroup `%s`", path);
}

void vl_cg_unmake(struct vl_cgroup *cg, const struct vl_cg_request *rq)
{
    for (size_t i = cg->desc.n_dir; i-- > 0;) {
        struct vl_error *e = NULL;
        if (cg->made[i] && vl_cg_rmdir(cg->desc.dir[i].path) == 0 && note(rq, cg->desc.dir[i].path, true, &e) < 0)
            vl_err_drop(&e, "the journal names a cgroup too many, which is looked for in vain");
        free(cg->desc.dir[i].controllers);
        free(cg->desc.dir[i].path);
    }
    cg->desc.n_dir = 0;
    vl_cleanup_fd(&cg->dirfd);
}
