/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: one more process in a container. Nothing is written to the container's state, and no lock is taken: an exec that
 * hangs must not keep a delete, and what a delete takes away meanwhile ends in an error here.
 *
 * Everything about the container comes from its record and its recorded plan; config.json is not read again.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "cgroup/rdt.h"
#include "launch/pidfd_socket.h"
#include "launch/supervise.h"
#include "ops/begin.h"
#include "ops/record_make.h"
#include "plan/exec.h"
#include "spec/process.h"
#include "sys/nsfd.h"
#include "sys/sigs.h"

enum { DYING_MS = 500 };
enum { PLACES = 20 }; /* how often the container's first process may move on while we follow it */

struct joining {
    const char *id;
    const struct vl_exec_opts *o;
    struct vl_process *doc; /* or NULL */
    struct vl_ctr *ctr;
    struct vl_status *status;
    struct vl_plan *container, *plan;
    struct vl_host host;
    struct vl_cgroup *cgroup;
    struct vl_prep *prep;
    struct vl_rdt rdt; /* the container's, strings of the record */
    struct vl_launch_env env;
    struct vl_transcript *transcript; /* or NULL */
    struct vl_launch *launch;
    uint32_t *groups;
    size_t n_groups;
    int console_fd, pidfd_sock;
    bool terminal, no_room;
    struct vl_cancel cancel; /* in the foreground */
};

static void reset(struct joining *j)
{
    vl_transcript_free(j->transcript);
    vl_launch_free(j->launch);
    vl_prep_free(j->prep);
    vl_cgroup_free(j->cgroup);
    vl_plan_free(j->plan);
    vl_plan_free(j->container);
    vl_host_reset(&j->host);
    vl_status_free(j->status);
    vl_ctr_free(j->ctr);
    vl_process_free(j->doc);
    vl_cleanup_fd(&j->console_fd);
    vl_cleanup_fd(&j->pidfd_sock);
    free(j->groups);
}

/* -- the container ---------------------------------------------------------------------------------------- */

static int not_running(struct vl_error **err)
{
    return vl_err_state(err, "cannot exec in a stopped container: container not running");
}

static int open_cgroup(struct joining *j, struct vl_error **err)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    if (vl_record_cgroup_desc(j->status->record, &desc, err) < 0)
        return -1;
    return vl_cgroup_open_recorded(&desc, &j->cgroup, err);
}

static int read_plan(struct joining *j, struct vl_error **err)
{
    cleanup_free char *buf = NULL;
    size_t len;
    int r = vl_slurp_at(j->ctr->dir_fd, VL_CTR_PLAN, VL_WIRE_MAX, &buf, &len);
    if (r == -ENOENT) /* deleted since it was looked at; the plan goes before the directory */
        return vl_err_state(err, "container does not exist: %s", j->id);
    if (r < 0)
        return vl_err_sys(err, r, "read the plan of container %s", j->id);
    if (vl_plan_decode_own(buf, len, &j->container, err) < 0)
        return vl_err_ctx(err, "container %s", j->id);
    return 0;
}

static int find_container(const struct vl_global *g, struct joining *j, struct vl_error **err)
{
    if (vl_ctr_open(g->root, j->id, VL_CTR_READ, &j->ctr, err) < 0 || vl_status_get(j->ctr, &j->status, err) < 0)
        return -1;
    if (j->status->status == VL_CREATING)
        return vl_err_state(err, "cannot exec in container %s: it is still being created", j->id);
    if (!j->status->complete || j->status->status == VL_STOPPED)
        return not_running(err);
    if (j->status->proc.pidfd < 0)
        return vl_err_unsupported(err, "pidfd_open", "exec: process descriptors (Linux 5.3) are missing or forbidden here");
    if (open_cgroup(j, err) < 0)
        return -1;
    if (!j->o->ignore_paused && vl_cgroup_frozen(j->cgroup))
        return vl_err_state(err, "cannot exec in a paused container (use --ignore-paused to override)");
    if (vl_cgroup_narrow(j->cgroup, j->o->cgroup.v, j->o->cgroup.n, err) < 0)
        return -1;
    return read_plan(j, err);
}

/* -- the plan ----------------------------------------------------------------------------------------------- */

static int parse_caps(const struct vl_strv *names, uint64_t *ret, struct vl_error **err)
{
    *ret = 0;
    for (size_t i = 0; i < names->n; i++) {
        int cap = vl_cap_by_name(names->v[i]);
        if (cap < 0)
            return vl_err_usage(err, "invalid value `%s` for --cap: there is no such capability", names->v[i]);
        *ret |= UINT64_C(1) << cap;
    }
    return 0;
}

static int parse_groups(struct joining *j, struct vl_error **err)
{
    const struct vl_strv *words = &j->o->groups;
    for (size_t i = 0; i < words->n; i++)
        for (const char *p = words->v[i];; p++) {
            size_t len = strcspn(p, ",");
            cleanup_free char *word = vl_strndup(p, len);
            uint32_t gid;
            if (vl_parse_u32(word, 10, &gid) < 0 || gid == UINT32_MAX)
                return vl_err_usage(err, "invalid value `%s` for --additional-gids: must be a number", words->v[i]);
            *VL_APPEND(j->groups, j->n_groups) = gid;
            p += len;
            if (*p == '\0')
                break;
        }
    return 0;
}

/* A container in the caller's own user namespace, such as one of a pod that we were started in. */
static bool shares_userns(const struct joining *j)
{
    struct vl_ns_id ours, theirs;
    return (vl_plan_namespaces(j->container) & CLONE_NEWUSER) && vl_ns_id_of(0, CLONE_NEWUSER, &ours) == 0 &&
           vl_ns_id_of(j->status->proc.pid, CLONE_NEWUSER, &theirs) == 0 && vl_ns_id_equal(ours, theirs);
}

/* What a process may have at most is known to the stage alone; the rest is gathered when it is asked for. */
static int gather_facts(struct joining *j, const struct vl_exec_request *rq, struct vl_error **err)
{
    if (vl_plan_join_needs_host(j->container, rq) && vl_gather_host(&j->host, err) < 0)
        return -1;
    return 0;
}

static int make_plan(struct joining *j, struct vl_error **err)
{
    const struct vl_exec_opts *o = j->o;
    char root[40];
    (void)snprintf(root, sizeof(root), "/proc/%d/root", (int)j->status->proc.pid);
    struct vl_exec_request rq = {.process = j->doc != NULL ? j->doc->process : NULL,
                                 .args = o->args,
                                 .n_args = o->n_args,
                                 .env = o->env.v,
                                 .n_env = o->env.n,
                                 .user = o->user,
                                 .cwd = o->cwd,
                                 .apparmor = o->apparmor,
                                 .selinux = o->selinux,
                                 .no_new_privs = o->no_new_privs,
                                 .terminal = j->terminal,
                                 .preserve_fds = o->preserve_fds,
                                 .own_userns = shares_userns(j),
                                 .await_cgroup = vl_cgroup_is_moved(j->cgroup),
                                 .root = root};
    if (parse_caps(&o->caps, &rq.caps, err) < 0 || parse_groups(j, err) < 0)
        return -1;
    rq.groups = j->groups;
    rq.n_groups = j->n_groups;
    if (gather_facts(j, &rq, err) < 0)
        return -1;
    return vl_plan_join(j->container, &j->host, &rq, &j->plan, err);
}

/* -- the process -------------------------------------------------------------------------------------------- */

/* The listener's agent is told about the container and which of its processes it is. */
static char *state_json(void *ctx, enum vl_ctr_status status, pid_t pid)
{
    (void)status;
    (void)pid;
    return vl_op_state_json(ctx, NULL);
}

static void fill_env(struct joining *j)
{
    size_t from = 0;
    const struct vl_op *affinity = vl_plan_find(j->plan, VL_OP_EXEC_AFFINITY, &from);
    from = 0;
    const struct vl_op *filter = vl_plan_find(j->plan, VL_OP_SECCOMP, &from);
    bool listener = filter != NULL && filter->n[1] != 0;
    j->rdt = (struct vl_rdt){.group = j->status->record->rdt_group, .monitor = j->status->record->rdt_monitor};
    j->env = (struct vl_launch_env){
        .plan = j->plan,
        .transcript = j->transcript,
        .prep = j->prep,
        .cgroup = j->cgroup,
        .rdt = j->rdt.group != NULL ? &j->rdt : NULL,
        .console_fd = j->console_fd,
        .pidfd_socket = {j->pidfd_sock, VL_NOFD},
        .cancel = j->cancel.fd >= 0 ? &j->cancel : NULL,
        .state_json = state_json,
        .state_ctx = j->status,
        .bundle = "/",
        .seccomp_listener = listener ? vl_op_s(filter, 1) : NULL,
        .seccomp_metadata = listener ? vl_op_s(filter, 2) : NULL,
        .no_room = &j->no_room,
        .joins = true,
        /* a listener waits for another answer, a terminal of ours for its size */
        .eager = !listener && (!j->terminal || j->console_fd >= 0),
        .initial_affinity = affinity != NULL && affinity->s[0].data != NULL ? &affinity->s[0] : NULL,
    };
}

/* Groups with controllers enabled below them take no process (cgroups.rst, "no internal process"): then it goes where
 * the first process is, unless the caller has named the group. */
static int begin(struct joining *j, struct vl_error **err)
{
    for (int place = 0;; place++) {
        j->no_room = false;
        if (vl_launch_begin(&j->env, &j->launch, err) == 0)
            return 0;
        int e = vl_error_errno(*err);
        if (!j->no_room || (e != EBUSY && e != ENOENT && e != ENODEV) || vl_cgroup_dirfd(j->cgroup) < 0 || j->o->cgroup.n > 0 ||
            place == PLACES)
            return -1;
        vl_err_drop(err, "the container's cgroup takes no process: into that of its first process");
        if (j->host.page_size == 0 && vl_gather_host(&j->host, err) < 0)
            return -1;
        if (vl_cgroup_follow(j->cgroup, &j->host, j->status->proc.pid, err) < 0)
            return -1;
    }
}

static int launch(struct joining *j, struct vl_error **err)
{
    struct vl_prep_env env = {.root_dirfd = j->ctr->root_fd,
                              .root_path = j->ctr->root,
                              .gate_fd = VL_NOFD,
                              .cgroup = j->cgroup,
                              .process_fd = j->status->proc.pidfd};
    vl_tr_planned(j->transcript, j->plan);
    if (vl_prep_open(j->plan, &env, &j->prep, err) < 0)
        return -1;
    vl_tr_acquired(j->transcript);
    fill_env(j);
    if (begin(j, err) < 0)
        return -1;
    if (j->terminal && j->console_fd < 0)
        vl_supervise_console(j->launch->console);
    vl_tr_go(j->transcript);
    if (vl_launch_go(j->launch, err) < 0)
        return -1;
    vl_tr_executed(j->transcript);
    if (j->o->ret_pid != NULL)
        *j->o->ret_pid = j->launch->pid;
    return j->o->pid_file != NULL ? vl_write_pid_file(j->o->pid_file, j->launch->pid, err) : 0;
}

static int start(struct joining *j, struct vl_error **err)
{
    if (launch(j, err) == 0)
        return 0;
    if (j->launch != NULL)
        vl_launch_kill(j->launch);
    /* What became of a process whose container ended meanwhile comes in many words; killed together, it may be a moment
     * ahead of the first process. */
    int e = vl_error_errno(*err);
    bool died = (vl_error_where(*err) == NULL && (*err)->kind == VL_ERR_PAYLOAD) || e == ESRCH || e == ENOMEM;
    if (vl_proc_wait_dead(&j->status->proc, died ? DYING_MS : 0) < 0)
        return -1;
    vl_err_drop(err, "the container has ended");
    return not_running(err);
}

static int prepare(const struct vl_global *g, struct joining *j, struct vl_error **err)
{
    const struct vl_exec_opts *o = j->o;
    if (o->process_text != NULL
            ? vl_process_load_buffer(o->process, o->process_text, strlen(o->process_text), &j->doc, err) < 0
            : o->process != NULL && vl_process_load(o->process, &j->doc, err) < 0)
        return -1;
    for (size_t i = 0; j->doc != NULL && i < j->doc->notes.n; i++)
        vl_debug("%s", j->doc->notes.v[i]);
    j->terminal = o->tty || (j->doc != NULL && j->doc->process->terminal);
    if (vl_check_terminal(j->terminal, o->detach, o->console_socket, err) < 0 ||
        vl_check_preserved(o->preserve_fds, err) < 0 || find_container(g, j, err) < 0 || make_plan(j, err) < 0)
        return -1;
    if (o->console_socket != NULL && (j->console_fd = vl_connect_console(o->console_socket, err)) < 0)
        return -1;
    if (o->pidfd_socket != NULL && (j->pidfd_sock = vl_pidfd_socket_connect(o->pidfd_socket, err)) < 0)
        return -1;
    return 0;
}

static int run_foreground(struct joining *j, int *ret_status, struct vl_error **err)
{
    struct vl_supervise s;
    if (vl_supervise_signals(&s, err) < 0)
        return -1;
    if (vl_cancel_open(&j->cancel) < 0)
        j->cancel.fd = VL_NOFD; /* then nothing can be called off */
    int r = start(j, err);
    vl_cancel_close(&j->cancel);
    if (r == 0)
        r = vl_supervise_run(&s, j->launch->pid, j->launch->pidfd, j->launch->console, ret_status, err);
    vl_supervise_end(&s);
    return r;
}

int vl_op_exec(const struct vl_global *g, const char *id, const struct vl_exec_opts *o, int *ret_status,
               struct vl_error **err)
{
    struct joining j = {.id = id, .o = o, .console_fd = VL_NOFD, .pidfd_sock = VL_NOFD, .cancel = {VL_NOFD, 0}};
    if (o->transcript.target != NULL && vl_transcript_open(&o->transcript, "exec", id, &j.transcript, err) < 0)
        return -1;
    int r = prepare(g, &j, err);
    if (r == 0) {
        *ret_status = 0;
        r = o->detach ? start(&j, err) : run_foreground(&j, ret_status, err);
    }
    if (r < 0)
        vl_tr_failed(j.transcript, *err);
    reset(&j);
    return r;
}
