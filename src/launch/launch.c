/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's side of a launch: what each message of the stage means in which state, and what is answered.
 *
 *   spawned --AWAITING--> maps, cgroup, late descriptors, PROCEED
 *           --HOOKS_DUE-> prestart and createRuntime hooks, PROCEED
 *           --CONSOLE---> pty master kept or handed to the console socket
 *           --READY-----> waits at the gate
 * End of file before READY means that the process died: it is reaped and its end reported.
 */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "base/mem.h"
#include "base/io.h"
#include "base/log.h"
#include "cgroup/rdt.h"
#include "launch/host_ops.h"
#include "launch/late.h"
#include "launch/listener.h"
#include "launch/netdev.h"
#include "launch/pidfd_socket.h"
#include "launch/planhooks.h"
#include "launch/spawn.h"
#include "launch/transcript.h"
#include "launch/wording.h"
#include "sys/clone.h"
#include "sys/proc.h"
#include "sys/scm.h"
#include "sys/sigs.h"
#include "sys/sockets.h"

static int send_msg(int sock, uint16_t type, const int *fds, size_t n_fds)
{
    struct vl_msg m = {.type = type, .version = VL_MSG_VERSION, .op = VL_NOREF, .a = (int64_t)n_fds};
    return vl_scm_send(sock, &m, sizeof(m), fds, n_fds);
}

/* 1 and *m, 0 at end of file, -1 with an error. Descriptors and credentials are in *scm. */
static int recv_msg(struct vl_cancel *cancel, int sock, struct vl_msg *m, struct vl_scm_msg *scm, struct vl_error **err)
{
    if (cancel != NULL && vl_cancel_wait(cancel, sock, -1) == -ECANCELED)
        return vl_err_payload(err, "container set-up: called off by signal %d", cancel->sig);
    int r = vl_scm_recv(sock, m, sizeof(*m), 1, scm);

    /* said once of an end that closed before it had read everything (GO): what it has sent is still to come */
    if (r == -ECONNRESET)
        r = vl_scm_recv(sock, m, sizeof(*m), 1, scm);
    if (r == -ECONNRESET || (r >= 0 && scm->len == 0))
        return 0;
    if (r < 0)
        return vl_err_sys(err, r, "receive from the container's process");
    if (scm->len != sizeof(*m) || m->version != VL_MSG_VERSION) {
        vl_scm_close(scm);
        return vl_err_bug(err, "the container's process sent a message of %zu bytes", scm->len);
    }
    return 1;
}

/* -- answers ------------------------------------------------------------------------------------- */

static int send_late(struct vl_launch *l, int stage_root, struct vl_error **err)
{
    cleanup_free int *fds = NULL;
    size_t n = 0;

    if (vl_prep_late(l->env->prep, l->pid, stage_root, &fds, &n, err) < 0)
        return -1;
    int r = vl_send_late(l->chan, l->env->plan, fds, n);
    return r < 0 ? vl_err_sys(err, r, "send descriptors to the container's process") : 0;
}

static int attach(const struct vl_launch_env *env, pid_t pid, struct vl_error **err)
{
    if (vl_cgroup_attach(env->cgroup, pid, false, err) == 0)
        return 0;
    if (env->no_room != NULL)
        *env->no_room = true;
    return -1;
}

static int on_awaiting(struct vl_launch *l, const struct vl_scm_msg *scm, struct vl_error **err)
{
    if (vl_host_write_maps(l->env->plan, l->pid, err) < 0 ||
        vl_netdevs_move(l->env->plan, l->pid, &l->moved, err) < 0)
        return -1;
    if (vl_cgroup_is_moved(l->env->cgroup)) {
        if (attach(l->env, l->pid, err) < 0)
            return -1;
        l->in_cgroup = true;
        vl_cgroup_occupied(l->env->cgroup);
    }
    return send_late(l, scm->n_fds > 0 ? scm->fds[0] : VL_NOFD, err);
}

/* Not earlier: a cgroup namespace takes the cgroup of the moment as its root, which shall be the container's. */
static int delegate_cgroup(const struct vl_launch *l, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(l->env->plan, VL_OP_CGDELEGATE, &from);

    return op != NULL ? vl_cgroup_delegate(l->env->cgroup, op, l->pid, err) : 0;
}

static int on_hooks_due(struct vl_launch *l, struct vl_error **err)
{
    static const enum vl_hook_kind kinds[] = {VL_HOOK_PRESTART, VL_HOOK_CREATE_RUNTIME};

    if (delegate_cgroup(l, err) < 0)
        return -1;
    for (size_t i = 0; i < VL_ARRAY_LEN(kinds); i++) {
        cleanup_free char *state = l->env->state_json(l->env->state_ctx, VL_CREATING, l->pid);
        struct vl_hook_env he = {state, l->env->bundle, l->env->hook_stdout, l->env->hook_stderr, l->env->cancel};
        if (vl_run_plan_hooks(l->env->plan, kinds[i], &he, err) < 0)
            return -1;
    }
    int r = send_msg(l->chan, VL_MSG_PROCEED, NULL, 0);
    return r < 0 ? vl_err_sys(err, r, "let the container's process proceed") : 0;
}

static int on_console(struct vl_launch *l, const struct vl_msg *m, struct vl_scm_msg *scm, struct vl_error **err)
{
    cleanup_fd int master = scm->n_fds == 1 ? vl_scm_take(scm, 0) : VL_NOFD;
    char name[32];

    if (master < 0)
        return vl_err_bug(err, "the container's process sent no terminal");
    if (l->env->console_fd < 0) {
        l->console = vl_take_fd(&master);
        return 0;
    }
    snprintf(name, sizeof(name), "/dev/pts/%d", (int)m->a);
    int r = vl_scm_send(l->env->console_fd, name, strlen(name), &master, 1);
    return r < 0 ? vl_err_sys(err, r, "send the terminal to the console socket") : 0;
}

/* The stage waits until its listener is in safe hands. */
static int on_listener(const struct vl_launch_env *env, int sock, pid_t pid, int pidfd, const struct vl_msg *m,
                       const struct vl_scm_msg *scm, enum vl_ctr_status status, struct vl_error **err)
{
    if (vl_serve_listener(env, pid, pidfd, (int)m->a, scm->n_fds > 0 ? scm->fds[0] : VL_NOFD, status, err) < 0)
        return -1;
    int r = send_msg(sock, VL_MSG_PROCEED, NULL, 0);
    return r < 0 ? vl_err_sys(err, r, "let the container's process proceed") : 0;
}

static int send_pidfd(const struct vl_launch *l, struct vl_error **err)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(l->env->pidfd_socket); i++)
        if (l->env->pidfd_socket[i] >= 0 &&
            vl_pidfd_socket_send(l->env->pidfd_socket[i], l->pidfd, l->env->joins ? "setns" : "standard", err) < 0)
            return -1;
    return 0;
}

/* Outside work on the container's process, as soon as it is known and before it does anything. */
static int take_over(const struct vl_launch *l, struct vl_error **err)
{
    if (vl_host_adjust(l->env->plan, l->pid, err) < 0 || vl_rdt_attach(l->env->rdt, l->pid, err) < 0)
        return -1;
    return send_pidfd(l, err);
}

/* Join sequence: the message's credentials name the real process; the joiner has done its work. */
static int on_forked(struct vl_launch *l, const struct vl_scm_msg *scm, struct vl_error **err)
{
    struct vl_child joiner = {.pid = l->pid, .pidfd = l->pidfd};
    struct vl_exit how;

    if (scm->pid <= 0 || scm->pid == l->pid)
        return vl_err_bug(err, "the container's process did not tell who it is");
    l->pidfd = VL_NOFD;
    l->pid = scm->pid;
    l->forks = false;
    (void)vl_child_wait(&joiner, -1, &how);
    vl_tr_born(l->env->transcript, l->pid);
    l->pidfd = vl_pidfd_open(l->pid);
    if (l->pidfd < 0)
        return vl_err_sys(err, l->pidfd, "open the container's process %d", (int)l->pid);
    /* where the joiner had to be moved into the cgroup it may have forked before */
    if (!l->in_cgroup && l->env->joins && attach(l->env, l->pid, err) < 0)
        return -1;
    /* the rest was done by the joiner (vl_host_adjust_self) */
    return vl_rdt_attach(l->env->rdt, l->pid, err) < 0 ? -1 : send_pidfd(l, err);
}

/*
 * A process that the joiner has forked and that was ended before it could say so: our child, of which nobody knows. Left
 * as a zombie it would keep the first process of its pid namespace from ending. It has the joiner's name, which no other
 * child of this thread has: a nonce, or, before that is set, the stage's own.
 */
static void reap_forked(pid_t joiner, const char *name)
{
    cleanup_free char *list = NULL;
    char comm[17];

    if (name[0] == '\0' || vl_slurp_at(AT_FDCWD, "/proc/thread-self/children", 1 << 16, &list, NULL) < 0)
        return; /* a kernel without CONFIG_PROC_CHILDREN */
    for (char *p = list, *end; *p != '\0'; p = end) {
        pid_t pid = (pid_t)strtol(p, &end, 10);
        if (end == p)
            break;
        if (pid <= 0 || pid == joiner || vl_proc_comm(pid, comm) < 0 || strcmp(comm, name) != 0)
            continue;
        struct vl_child child = {.pid = pid, .pidfd = VL_NOFD};
        vl_child_kill(&child);
    }
}

/* The process ended without a word. */
static int died(struct vl_launch *l, struct vl_error **err)
{
    struct vl_child child = {.pid = l->pid, .pidfd = l->pidfd};
    struct vl_exit how = {0};
    char name[17] = "";

    l->pidfd = VL_NOFD;
    l->pid = 0;
    if (l->forks)
        (void)vl_proc_comm(child.pid, name);
    pid_t pid = child.pid;
    if (vl_child_wait(&child, 5000, &how) < 0) {
        vl_child_kill(&child);
        return vl_err_bug(err, "the container's process closed its channel");
    }
    if (l->forks)
        reap_forked(pid, name);
    if (l->forks && !how.signaled && how.value == 0)
        return vl_err_payload(err, "the container's process was killed while it was set up");
    if (how.signaled && how.value == SIGKILL)
        return vl_err_payload(err, "the container's process was killed while it was set up");
    if (how.signaled)
        return vl_err_payload(err, "the container's process ended by signal %d while it was set up", how.value);
    return vl_err_payload(err, "the container's process ended with status %d while it was set up", how.value);
}

/* -- the table ----------------------------------------------------------------------------------- */

static int serve(struct vl_launch *l, struct vl_error **err)
{
    bool forked = false, awaited = false, hooks = false;

    for (;;) {
        struct vl_msg m;
        struct vl_scm_msg scm = {0};
        int r = recv_msg(l->env->cancel, l->chan, &m, &scm, err);

        if (r < 0)
            return -1;
        if (r == 0)
            return died(l, err);
        switch ((enum vl_msg_type)m.type) {
        case VL_MSG_FORKED:
            r = forked ? vl_err_bug(err, "the container's process forked twice") : on_forked(l, &scm, err);
            forked = true;
            break;
        case VL_MSG_AWAITING:
            r = awaited ? vl_err_bug(err, "the container's process awaits twice") : on_awaiting(l, &scm, err);
            awaited = true;
            break;
        case VL_MSG_HOOKS_DUE:
            r = hooks ? vl_err_bug(err, "the container's process asks for hooks twice") : on_hooks_due(l, err);
            hooks = true;
            break;
        case VL_MSG_CONSOLE:
            r = on_console(l, &m, &scm, err);
            break;
        case VL_MSG_LISTENER:
            r = on_listener(l->env, l->chan, l->pid, l->pidfd, &m, &scm, VL_CREATING, err);
            break;
        case VL_MSG_WARNING:
            vl_strv_add_take(&l->warnings, vl_stage_warning(l->env->plan, &m));
            vl_debug("%s", l->warnings.v[l->warnings.n - 1]);
            break;
        case VL_MSG_ERROR:
            r = vl_stage_error(l->env->plan, &m, err);
            break;
        case VL_MSG_STEP:
            vl_tr_step(l->env->transcript, m.op, m.a, m.b);
            break;
        case VL_MSG_READY:
            vl_tr_ready(l->env->transcript);
            vl_scm_close(&scm);
            return 0;
        case VL_MSG_EXECING:
        case VL_MSG_PROCEED:
        case VL_MSG_COMMIT:
        case VL_MSG_GO:
        default:
            r = vl_err_bug(err, "the container's process sent message %u out of order", m.type);
            break;
        }
        vl_scm_close(&scm);
        if (r < 0)
            return -1;
    }
}

/* An error of the stage, which may have ended already, is still to be read. */
static int say_go(struct vl_launch *l, struct vl_error **err)
{
    int r = send_msg(l->chan, VL_MSG_GO, NULL, 0);

    l->gone = true;
    return r < 0 && r != -EPIPE && r != -ECONNRESET ? vl_err_sys(err, r, "start the container's process") : 0;
}

int vl_launch_begin(const struct vl_launch_env *env, struct vl_launch **ret, struct vl_error **err)
{
    cleanup(launch) struct vl_launch *l = vl_alloc(sizeof(*l));
    struct vl_spawned s;

    l->env = env;
    l->chan = l->pidfd = l->console = VL_NOFD;
    if (vl_spawn_stage(env, &s, err) < 0) {
        vl_cgroup_note_oom(env->cgroup, err);
        return -1;
    }
    l->pid = s.pid;
    l->pidfd = s.pidfd;
    l->chan = s.chan;
    l->forks = s.joiner;
    l->in_cgroup = s.in_cgroup && !vl_cgroup_is_moved(env->cgroup);
    if (!vl_cgroup_is_moved(env->cgroup)) { /* else once it waits: what it forks before would stay behind */
        if (!s.in_cgroup && attach(env, s.pid, err) < 0)
            goto fail;
        vl_cgroup_occupied(env->cgroup);
    }
    if (!s.joiner)
        vl_tr_born(env->transcript, l->pid);
    if (!s.joiner && take_over(l, err) < 0)
        goto fail;
    if (env->eager && l->in_cgroup && say_go(l, err) < 0)
        goto fail;
    if (serve(l, err) < 0)
        goto fail;
    vl_prep_close_all(env->prep);
    *ret = vl_take_ptr(l);
    return 0;
fail:
    vl_cgroup_note_oom(env->cgroup, err);
    vl_launch_kill(l);
    return -1;
}

int vl_launch_commit(struct vl_launch *l, struct vl_error **err)
{
    int r = send_msg(l->chan, VL_MSG_COMMIT, NULL, 0);
    return r < 0 ? vl_err_sys(err, r, "hand the container over to the start gate") : 0;
}

int vl_launch_go(struct vl_launch *l, struct vl_error **err)
{
    int r = l->gone ? 0 : send_msg(l->chan, VL_MSG_GO, NULL, 0);

    if (r < 0)
        return vl_err_sys(err, r, "start the container's process");
    struct vl_exec_watch w = {.sock = l->chan, .pidfd = l->pidfd, .pid = l->pid, .plan = l->env->plan, .env = l->env};
    if (vl_watch_exec(&w, err) < 0) {
        vl_cgroup_note_oom(l->env->cgroup, err);
        return -1;
    }
    vl_moved_free(vl_take_ptr(l->moved)); /* from now on they share the fate of their namespace */
    return 0;
}

static bool has_ended(const struct vl_exec_watch *w, int wait_ms)
{
    struct vl_proc p = {.pid = w->pid, .pidfd = w->pidfd};
    char state;
    pid_t ppid;

    if (p.pidfd >= 0)
        return vl_poll_one(p.pidfd, POLLIN, wait_ms) != 0;
    (void)poll(NULL, 0, wait_ms);
    return vl_proc_stat(w->pid, &state, &p.start_time, &ppid) < 0 || state == 'Z' || state == 'X';
}

/* EXECING names a nonce that is the stage's process name; a changed name at end of file means exec'ed, the
 * same name that it died before (a zombie keeps its name), no process at all that it ran and ended. execve(2) closes
 * descriptors a moment before it changes the name: who lives under the old one is waited for. */
static int told_apart(const struct vl_exec_watch *w, int64_t nonce, bool execing, struct vl_error **err)
{
    char comm[17] = "", expected[sizeof(VL_NONCE_PREFIX) + VL_NONCE_LEN] = VL_NONCE_PREFIX;
    bool ended = false;

    if (!execing)
        return vl_err_payload(err, "the container's process ended before it executed its program");
    memcpy(expected + sizeof(VL_NONCE_PREFIX) - 1, &nonce, VL_NONCE_LEN);
    for (int looks = 0; vl_proc_comm(w->pid, comm) == 0 && strcmp(comm, expected) == 0; looks++) {
        if (ended || looks > 10000)
            return vl_err_payload(err, "the container's process was killed before it executed its program");
        ended = has_ended(w, looks < 10 ? 0 : 1); /* and then once more: it may have come so far */
    }
    return 0;
}

static int watched_error(const struct vl_exec_watch *w, const struct vl_msg *m, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *loaded = w->plan == NULL && w->load_plan != NULL ? w->load_plan(w->load_ctx) : NULL;

    return vl_stage_error(w->plan != NULL ? w->plan : loaded, m, err);
}

int vl_watch_exec(const struct vl_exec_watch *w, struct vl_error **err)
{
    int64_t nonce = 0;
    bool execing = false;

    for (;;) {
        struct vl_msg m;
        struct vl_scm_msg scm = {0};
        int r = recv_msg(w->env->cancel, w->sock, &m, &scm, err);

        if (r < 0)
            return -1;
        if (r == 0)
            return told_apart(w, nonce, execing, err);
        if (m.type == VL_MSG_LISTENER)
            r = on_listener(w->env, w->sock, w->pid, w->pidfd, &m, &scm,
                            w->env != NULL && w->env->joins ? VL_RUNNING : VL_CREATED, err); /* not executed yet */
        vl_scm_close(&scm);
        if (r < 0)
            return -1;
        switch ((int)m.type) {
        case VL_MSG_LISTENER:
            break;
        case VL_MSG_EXECING:
            execing = true;
            nonce = m.a;
            break;
        case VL_MSG_WARNING:
            break;
        case VL_MSG_STEP:
            vl_tr_step(w->env->transcript, m.op, m.a, m.b);
            break;
        case VL_MSG_ERROR:
            return watched_error(w, &m, err);
        default:
            return vl_err_bug(err, "the container's process sent message %u out of order", m.type);
        }
    }
}

static void kill_process(struct vl_launch *l)
{
    char name[17] = "";
    pid_t pid = l->pid;
    struct vl_child child = {.pid = pid, .pidfd = l->pidfd};

    if (pid <= 0)
        return;
    if (l->forks)
        (void)vl_proc_comm(pid, name);
    vl_child_kill(&child);
    if (l->forks)
        reap_forked(pid, name);
    l->pid = 0;
    l->pidfd = VL_NOFD;
}

void vl_launch_kill(struct vl_launch *l)
{
    kill_process(l);
    vl_netdevs_return(l->moved);
    vl_moved_free(vl_take_ptr(l->moved));
}

void vl_launch_free(struct vl_launch *l)
{
    if (l == NULL)
        return;
    vl_close(l->chan);
    vl_close(l->pidfd);
    vl_close(l->console);
    vl_strv_reset(&l->warnings);
    vl_moved_free(l->moved);
    free(l);
}
