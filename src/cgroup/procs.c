/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a cgroup: listing, signalling, joining. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"

void vl_cgroup_pids_reset(struct vl_cgroup_pids *l)
{
    free(l->pid);
    *l = (struct vl_cgroup_pids){NULL, 0};
}

int vl_cgroup_procs(struct vl_cgroup *cg, struct vl_cgroup_pids *ret, struct vl_error **err)
{
    int r = cg->driver ? vl_cg_list(vl_cg_main_dir(cg), ret) : 0;
    if (r < 0)
        return vl_err_sys(err, r, "list processes of cgroup `%s`", vl_cg_main_dir(cg));
    return 0;
}

/* -- signals ----------------------------------------------------------------------------------- */

int vl_cg_kill_list(const struct vl_cgroup_pids *l, int sig)
{
    int first = 0;
    for (size_t i = 0; i < l->n; i++) {
        int r = l->pid[i] <= 0 ? -ESRCH : kill(l->pid[i], sig) < 0 ? -errno : 0;
        if (r == -ESRCH && l->pid[i] > 0)
            r = 0;
        if (r < 0 && first == 0)
            first = r;
    }
    return first;
}

static bool has(const struct vl_cgroup_pids *l, pid_t pid)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->pid[i] == pid)
            return true;
    return false;
}

/* Without a freezer: again for those who were born while the others were signalled. */
static int signal_moving(const char *dir, int sig)
{
    cleanup(cgroup_pids) struct vl_cgroup_pids done = {NULL, 0};
    int r = 0;
    for (int round = 0; round < 10; round++) {
        cleanup(cgroup_pids) struct vl_cgroup_pids now = {NULL, 0}, fresh = {NULL, 0};
        r = vl_cg_list(dir, &now);
        for (size_t i = 0; r == 0 && i < now.n; i++)
            if (!has(&done, now.pid[i])) {
                *VL_APPEND(fresh.pid, fresh.n) = now.pid[i];
                *VL_APPEND(done.pid, done.n) = now.pid[i];
            }
        if (r < 0 || fresh.n == 0)
            break;
        r = vl_cg_kill_list(&fresh, sig);
        if (r < 0)
            break;
    }
    return r;
}

int vl_cgroup_signal_all(struct vl_cgroup *cg, int sig, struct vl_error **err)
{
    enum { FREEZE_MS = 500 };
    cleanup(error) struct vl_error *ignored = NULL;
    int r;
    if (sig == SIGKILL)
        return vl_cgroup_kill(cg, 10000, err);
    if (cg->driver == NULL)
        return 0;
    const char *dir = vl_cg_main_dir(cg);
    bool was_frozen = vl_cgroup_frozen(cg);
    bool hold = was_frozen || vl_cgroup_freeze(cg, FREEZE_MS, &ignored) == 0;
    if (hold) {
        cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
        r = vl_cg_list(dir, &pids);
        if (r == 0)
            r = vl_cg_kill_list(&pids, sig);
    } else {
        vl_err_drop(&ignored, "processes are signalled without being frozen");
        r = signal_moving(dir, sig);
    }
    if (hold && !was_frozen && vl_cgroup_thaw(cg, FREEZE_MS, err) < 0)
        return -1;
    return r < 0 ? vl_err_sys(err, r, "signal the processes of cgroup `%s`", dir) : 0;
}

/* -- joining ----------------------------------------------------------------------------------- */

/*
 * "0" in tasks moves the writing thread, for which the kernel needs no more than the cgroup lock; a
 * pid in cgroup.procs makes it stop forks and exits everywhere first (cgroup_threadgroup_rwsem),
 * some milliseconds a hierarchy.
 */
int vl_cgroup_self_fds(struct vl_cgroup *cg, bool in_unified, const int **ret_fds, size_t *ret_n,
                       struct vl_error **err)
{
    bool opened = cg->n_task_fds > 0 || cg->moved;
    for (size_t i = 0; !opened && i < cg->desc.n_dir; i++) {
        const struct vl_cgroup_dir *dir = &cg->desc.dir[i];
        bool unified = *dir->controllers == '\0';
        if (unified && in_unified)
            continue;
        cleanup_free char *path = vl_path_join(dir->path, unified ? "cgroup.procs" : "tasks");
        int fd = vl_open_at(AT_FDCWD, path, O_WRONLY, 0);
        if (fd < 0) {
            while (cg->n_task_fds > 0)
                vl_close(cg->task_fds[--cg->n_task_fds]);
            return vl_err_sys(err, fd, "open `%s`", path);
        }
        *VL_APPEND(cg->task_fds, cg->n_task_fds) = fd;
    }
    *ret_fds = cg->task_fds;
    *ret_n = cg->n_task_fds;
    return 0;
}

int vl_cgroup_join_self(const int *fds, size_t n, size_t *ret_failed)
{
    for (size_t i = 0; i < n; i++) {
        int r = vl_write_all(fds[i], "0", 1);
        if (r < 0) {
            if (ret_failed)
                *ret_failed = i;
            return r;
        }
    }
    return 0;
}

int vl_cgroup_dirfd_of(const struct vl_host *host, pid_t pid)
{
    cleanup_free char *file = vl_asprintf("/proc/%d/cgroup", (int)pid), *text = NULL;
    if (host->v2_mount == NULL)
        return -ENOENT;
    int r = vl_slurp_at(AT_FDCWD, file, 1 << 20, &text, NULL);
    if (r < 0)
        return r;
    char *line = vl_starts_with(text, "0::") ? text : strstr(text, "\n0::");
    if (line == NULL)
        return -ENOENT;
    line = strchr(line, '/');
    if (line == NULL)
        return -ENOENT;
    line[strcspn(line, "\n")] = '\0';
    if (vl_path_has_dotdot(line)) /* outside of our cgroup namespace */
        return -ENOENT;
    cleanup_free char *dir = vl_path_join(host->v2_mount, line);
    return vl_open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
}
