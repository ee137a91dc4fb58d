/* SPDX-License-Identifier: Apache-2.0 */
/* ps: which processes are a container's. */
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "ops/ops.h"
#include "ops/record_make.h"
#include "sys/nsfd.h"
#include "sys/proc.h"

static int ascending(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorted, each once, without those that have no number here. */
static void tidy(struct vl_cgroup_pids *l)
{
    size_t n = 0;
    if (l->n > 1)
        qsort(l->pid, l->n, sizeof(*l->pid), ascending);
    for (size_t i = 0; i < l->n; i++)
        if (l->pid[i] > 0 && (n == 0 || l->pid[n - 1] != l->pid[i]))
            l->pid[n++] = l->pid[i];
    l->n = n;
}

/* -- without a cgroup -------------------------------------------------------------------------- */

struct entry {
    pid_t pid, ppid;
    bool member;
};

static bool in_list(const struct entry *e, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].pid == pid)
            return e[i].member;
    return false;
}

/* Namespaces nested in the container's belong to it too: everybody there descends from a member. */
static void add_descendants(struct entry *e, size_t n)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < n; i++)
            if (!e[i].member && in_list(e, n, e[i].ppid))
                more = e[i].member = true;
    }
}

static int scan_namespace(pid_t first, struct vl_cgroup_pids *l, struct vl_error **err)
{
    struct vl_ns_id ns, other;
    cleanup_free struct entry *e = NULL;
    size_t n = 0;
    int r = vl_ns_id_of(first, CLONE_NEWPID, &ns);
    if (r < 0)
        return r == -ENOENT ? 0 : vl_err_sys(err, r, "look at the pid namespace of process %d", (int)first);
    DIR *dir = opendir("/proc");
    if (dir == NULL)
        return vl_err_sys(err, errno, "list /proc");
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        uint32_t pid;
        pid_t ppid;
        if (vl_parse_u32(d->d_name, 10, &pid) < 0 || vl_proc_stat((pid_t)pid, NULL, NULL, &ppid) < 0)
            continue;
        bool member = vl_ns_id_of((pid_t)pid, CLONE_NEWPID, &other) == 0 && vl_ns_id_equal(ns, other);
        *VL_APPEND(e, n) = (struct entry){(pid_t)pid, ppid, member};
    }
    (void)closedir(dir);
    add_descendants(e, n);
    for (size_t i = 0; i < n; i++)
        if (e[i].member)
            *VL_APPEND(l->pid, l->n) = e[i].pid;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static int list_processes(const struct vl_status *s, struct vl_cgroup_pids *l, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    if (vl_record_cgroup_desc(s->record, &desc, err) < 0 || vl_cgroup_open_recorded(&desc, &cg, err) < 0)
        return -1;
    if (vl_cgroup_describe(cg)->n_dir > 0)
        return vl_cgroup_procs(cg, l, err);
    if (s->status == VL_STOPPED)
        return 0;
    if (!s->record->own_pidns)
        return vl_err_state(err, "container %s has neither a cgroup nor a pid namespace of its own: its processes "
                                 "cannot be told from others", s->record->id);
    return scan_namespace(s->proc.pid, l, err);
}

int vl_op_ps(const struct vl_global *g, const char *id, pid_t **ret_pid, size_t *ret_n,
             struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(cgroup_pids) struct vl_cgroup_pids l = {NULL, 0};
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_status_get(c, &s, err) < 0)
        return -1;
    if (s->complete && list_processes(s, &l, err) < 0)
        return -1;
    tidy(&l);
    *ret_pid = vl_take_ptr(l.pid);
    *ret_n = l.n;
    return 0;
}
