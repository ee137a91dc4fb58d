/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a cgroup from being frozen or emptied, in words, and waiting where the kernel has no event for it. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sockets.h"

/* The freezer of v1 shows what it has frozen as uninterruptible: told apart by where it waits. */
static bool is_frozen_v1(pid_t pid)
{
    char path[40], where[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
    return vl_cg_read(AT_FDCWD, path, where, sizeof(where)) > 0 && strstr(where, "refrigerator") != NULL;
}

static bool is_uninterruptible(pid_t pid)
{
    char state;
    return pid > 0 && vl_proc_stat(pid, &state, NULL, NULL) == 0 && state == 'D' && !is_frozen_v1(pid);
}

/* The first few by name: whoever has to find out what they wait for starts there. */
char *vl_cg_stuck(const char *dir)
{
    enum { NAMED = 4 };
    cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
    struct vl_str b = VL_STR_INIT;
    size_t n = 0;
    (void)vl_cg_list(dir, &pids);
    for (size_t i = 0; i < pids.n; i++) {
        char comm[17] = "?";
        if (!is_uninterruptible(pids.pid[i]) || n++ >= NAMED)
            continue;
        (void)vl_proc_comm(pids.pid[i], comm);
        vl_str_addf(&b, "%s%d (%s)", n > 1 ? ", " : "", (int)pids.pid[i], comm);
    }
    if (n > NAMED)
        vl_str_addf(&b, " and %zu more", n - NAMED);
    if (n == 0) {
        vl_str_reset(&b);
        return NULL;
    }
    cleanup_free char *names = vl_str_take(&b);
    return vl_asprintf("in an uninterruptible wait (state D): %s", names);
}

int vl_cg_still_busy(const struct vl_cgroup *cg, struct vl_error **err)
{
    cleanup(cgroup_pids) struct vl_cgroup_pids pids = {NULL, 0};
    const char *dir = vl_cg_main_dir(cg);
    cleanup_free char *stuck = vl_cg_stuck(dir);
    (void)vl_cg_list(dir, &pids);
    return vl_err_sys(err, ETIME, "cgroup `%s` is still in use: %zu process(es) left%s%s", dir,
                      pids.n, stuck ? ", " : "", stuck ? stuck : "");
}

int vl_cg_not_in_time(const char *dir, bool frozen, struct vl_error **err)
{
    cleanup_free char *stuck = vl_cg_stuck(dir);
    return vl_err_sys(err, ETIME, "cgroup `%s` could not be %s in time%s%s", dir,
                      frozen ? "frozen" : "thawed", stuck ? ", " : "", stuck ? stuck : "");
}

/* v1 tells nobody that a cgroup is empty; the ends of processes can be waited for. Not for ever: a process that was
 * listed may have gone, its number be another's by now, or new ones be there. */
bool vl_cg_wait_ends(const struct vl_cgroup_pids *l, vl_deadline d, int *nap)
{
    enum { AGAIN_MS = 100, AT_ONCE = 64 };
    int left = vl_cg_left(d);
    vl_deadline round = vl_cg_deadline(left < 0 || left > AGAIN_MS ? AGAIN_MS : left);
    size_t waited = 0;
    for (size_t i = 0; left != 0 && i < l->n && i < AT_ONCE; i++) {
        cleanup_fd int pidfd = l->pid[i] > 0 ? vl_pidfd_open(l->pid[i]) : -ESRCH;
        if (pidfd < 0)
            continue;
        waited++;
        if (vl_poll_one(pidfd, POLLIN, vl_cg_left(round)) == 0)
            break;
    }
    return waited > 0 ? vl_cg_left(d) != 0 : vl_cg_nap(d, nap);
}
