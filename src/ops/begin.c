/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "confine/seccomp_cache.h"
#include "launch/pidfd_socket.h"
#include "launch/planhooks.h"
#include "launch/sdnotify.h"
#include "ops/contract.h"
#include "ops/record_make.h"
#include "spec/annot.h"
#include "state/gate.h"
#include "state/journal.h"
#include "sys/fd.h"
#include "sys/sockets.h"

enum { UNDO_TIMEOUT_MS = 10000 };

/* -- before anything is made ----------------------------------------------------------------------- */

/* Descriptors passed by LISTEN_FDS (sd_listen_fds(3)), when they are meant for us. */
static uint32_t listen_fds(void)
{
    const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    uint32_t count, for_pid;

    if (n == NULL || vl_parse_u32(n, 10, &count) < 0 || count > 1024)
        return 0;
    if (pid != NULL && (vl_parse_u32(pid, 10, &for_pid) < 0 || (pid_t)for_pid != getpid()))
        return 0;
    return count;
}

const char *vl_seccomp_receiver(const struct vl_global *g)
{
    return g->foreign_env ? NULL : getenv("RUN_OCI_SECCOMP_RECEIVER");
}

/* A descriptor of ours could have taken the number of one that is not open; ours are close-on-exec. */
int vl_check_preserved(uint64_t n, struct vl_error **err)
{
    for (uint64_t i = 0; i < n; i++) {
        int flags = fcntl(3 + (int)i, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC))
            return vl_err_usage(err, "preserve descriptors 3 to %llu: unable to stat preserved-fd %d: it is not open",
                                (unsigned long long)n + 2, 3 + (int)i);
    }
    return 0;
}

int vl_check_terminal(bool terminal, bool detached, const char *console_socket, struct vl_error **err)
{
    if (console_socket != NULL && !(terminal && detached))
        return vl_err_usage(err, "cannot use console socket if the container is not detached or has no terminal");
    if (terminal && detached && console_socket == NULL)
        return vl_err_usage(err, "cannot allocate tty if the container is detached without setting console socket");
    return 0;
}

int vl_connect_console(const char *console_socket, struct vl_error **err)
{
    int fd = vl_unix_connect(console_socket, SOCK_STREAM);
    return fd >= 0 ? fd : vl_err_sys(err, fd, "connect to console socket `%s`", console_socket);
}

static int check_terminal(const struct vl_spec *spec, const struct vl_create_opts *o, bool gate, struct vl_error **err)
{
    const struct oci_process *p = spec->config->process;
    return vl_check_terminal(p != NULL && p->terminal, gate || o->detach, o->console_socket, err);
}

static int make_plan(const struct vl_global *g, const struct vl_create_opts *o, bool gate, const char *root,
                     struct vl_begun *b, struct vl_error **err)
{
    cleanup_fd int root_fd = VL_NOFD;
    struct vl_seccomp_cache cache = {.root_fd = VL_NOFD};
    struct vl_seccomp_provider provider = {.get = vl_seccomp_cached, .ctx = &cache};
    uint32_t listening = g->foreign_env ? 0 : listen_fds();

    if (vl_check_preserved((uint64_t)o->preserve_fds + listening, err) < 0)
        return -1;
    if (b->spec->config->linux->seccomp != NULL) {
        root_fd = vl_open(root, O_PATH | O_DIRECTORY);
        cache.root_fd = root_fd;
    }
    struct vl_plan_opts opts = {.id = b->id,
                                .cgroup_manager = g->cgroup_manager,
                                .rootless = g->rootless,
                                .no_pivot = o->no_pivot,
                                .no_new_keyring = o->no_new_keyring,
                                .detached = gate,
                                .console_socket = o->console_socket != NULL,
                                .preserve_fds = o->preserve_fds + listening,
                                .listen_fds = listening,
                                .listen_fdnames = getenv("LISTEN_FDNAMES"),
                                .notify = !g->foreign_env && vl_sdnotify_wanted() != NULL,
                                .seccomp = &provider,
                                .seccomp_receiver = vl_seccomp_receiver(g)};
    if (vl_plan_build(b->spec, &b->host, &opts, &b->plan, err) < 0)
        return -1;
    return vl_contract_check(b->plan, b->spec, o->plan_digest, o->plan_file, err);
}

int vl_gather_host(struct vl_host *h, struct vl_error **err)
{
    int r = vl_host_gather(h);

    if (r >= 0 && h->euid != 0)
        r = vl_host_gather_subids(h);
    return r < 0 ? vl_err_sys(err, r, "gather facts about this host") : 0;
}

/* -- what is made ---------------------------------------------------------------------------------- */

static int note_cgroup(void *arg, const char *path, bool undo, struct vl_error **err)
{
    struct vl_begun *b = arg;
    enum vl_journal_kind kind = *path == '/' ? VL_JOURNAL_CGROUP : VL_JOURNAL_UNIT;

    return (undo ? vl_journal_undo : vl_journal_add)(b->ctr, kind, path, err);
}

static int note_rdt(void *arg, const char *path, bool undo, struct vl_error **err)
{
    struct vl_begun *b = arg;

    return (undo ? vl_journal_undo : vl_journal_add)(b->ctr, VL_JOURNAL_RDT, path, err);
}

static bool has_notify(const struct vl_plan *plan)
{
    for (size_t i = 0; i < plan->n_desc; i++)
        if (plan->desc[i].role == VL_ROLE_NOTIFY)
            return true;
    return false;
}

static int open_descriptors(struct vl_begun *b, bool gate, struct vl_error **err)
{
    cleanup_fd int gate_fd = VL_NOFD;
    cleanup_free char *notify = has_notify(b->plan) ? vl_path_join(b->ctr->path, VL_CTR_NOTIFY) : NULL;

    if (notify != NULL &&
        vl_sdnotify_prepare(b->ctr, b->host.selinux ? b->spec->config->linux->mount_label : NULL, err) < 0)
        return -1;
    if (gate) {
        gate_fd = vl_gate_listen(b->ctr, err);
        if (gate_fd < 0)
            return -1;
    }
    struct vl_prep_env env = {.root_dirfd = b->ctr->root_fd, .root_path = b->ctr->root,
                              .notify_path = notify, .gate_fd = gate_fd, .cgroup = b->cgroup};
    return vl_prep_open(b->plan, &env, &b->prep, err);
}

static char *state_json(void *ctx, enum vl_ctr_status status, pid_t pid)
{
    struct vl_begun *b = ctx;
    struct vl_status s = {.status = status, .record = b->record, .complete = true};

    b->record->pid = pid;
    return vl_op_state_json(&s, NULL);
}

static void fill_env(struct vl_begun *b)
{
    b->env = (struct vl_launch_env){.plan = b->plan,
                                    .transcript = b->transcript,
                                    .prep = b->prep,
                                    .cgroup = b->cgroup,
                                    .rdt = b->rdt,
                                    .console_fd = b->console_fd,
                                    .pidfd_socket = {b->pidfd_socket[0], b->pidfd_socket[1]},
                                    .state_json = state_json,
                                    .state_ctx = b,
                                    .bundle = b->spec->bundle,
                                    .seccomp_listener = b->record->seccomp_listener,
                                    .seccomp_metadata = b->record->seccomp_metadata,
                                    .hook_stdout = b->record->hook_stdout,
                                    .hook_stderr = b->record->hook_stderr};
}

/* The plan as it was executed, for `start` to word an error with and for people to read. */
static int write_plan(struct vl_begun *b, struct vl_error **err)
{
    size_t len;
    cleanup_free void *bytes = vl_plan_encode(b->plan, false, NULL, &len);
    cleanup_fd int fd = vl_open_at(b->ctr->dir_fd, VL_CTR_PLAN, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    int r = fd < 0 ? fd : vl_write_all(fd, bytes, len);

    return r < 0 ? vl_err_sys(err, r, "write the plan of container %s", b->id) : 0;
}

/* With hooks a create can take long and be killed: `state` then shows what is being made, and `delete` runs the
 * poststop hooks. */
static int write_early_record(struct vl_begun *b, struct vl_error **err)
{
    size_t from = 0;

    if (vl_plan_find(b->plan, VL_OP_HOST_HOOK, &from) == NULL)
        return 0;
    b->record->creating = true;
    int r = vl_record_write(b->ctr, b->record, err);
    b->record->creating = false;
    return r;
}

static int finish_record(struct vl_begun *b, struct vl_error **err)
{
    struct vl_launch *l = b->launch;

    for (size_t i = 0; i < l->warnings.n; i++)
        vl_strv_add(&b->record->notes, l->warnings.v[i]);
    return vl_record_set_process(b->record, l->pid, l->pidfd, err);
}

int vl_write_pid_file(const char *path, pid_t pid, struct vl_error **err)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%d", (int)pid);
    int r = vl_replace_file(path, text, (size_t)n, 0644);

    return r < 0 ? vl_err_sys(err, r, "write pid file `%s`", path) : 0;
}

/* What may take long are hooks; without any there is nothing that would have to be called off. */
static int watch_signals(struct vl_begun *b, struct vl_error **err)
{
    if (!b->foreground || b->spec->config->hooks == NULL)
        return 0;
    int r = vl_cancel_open(&b->cancel);
    if (r < 0)
        return vl_err_sys(err, r, "watch for signals");
    b->env.cancel = &b->cancel;
    return 0;
}

static int make(struct vl_begun *b, const char *root, const struct vl_create_opts *o, bool gate, struct vl_error **err)
{
    struct vl_cgroup_journal journal = {.note = note_cgroup, .arg = b}, rdt_journal = {.note = note_rdt, .arg = b};

    if (vl_ctr_claim(root, b->id, &b->ctr, err) < 0)
        return -1;
    if (vl_cgroup_create(b->plan, &b->host, &journal, &b->cgroup, err) < 0 ||
        vl_rdt_create(b->plan, &rdt_journal, &b->rdt, err) < 0 || open_descriptors(b, gate, err) < 0)
        goto undo;
    vl_tr_acquired(b->transcript);
    b->record = vl_record_make(b->id, b->spec, b->plan, b->cgroup);
    if (has_notify(b->plan))
        b->record->notify_socket = vl_strdup(vl_sdnotify_wanted());
    if (b->rdt != NULL)
        b->record->rdt_group = vl_strdup(b->rdt->group);
    if (b->rdt != NULL && b->rdt->monitor != NULL)
        b->record->rdt_monitor = vl_strdup(b->rdt->monitor);
    fill_env(b);
    if (watch_signals(b, err) < 0)
        goto undo;
    if (write_plan(b, err) < 0 || write_early_record(b, err) < 0 || vl_launch_begin(&b->env, &b->launch, err) < 0 ||
        vl_cgroup_settle(b->cgroup, b->plan, err) < 0 || finish_record(b, err) < 0 || vl_record_write(b->ctr, b->record, err) < 0)
        goto undo;
    if (o->pid_file != NULL && vl_write_pid_file(o->pid_file, b->launch->pid, err) < 0)
        goto undo;
    b->pid_file = o->pid_file;
    return 0;
undo:
    vl_begun_undo(b);
    return -1;
}

/* Before anything is made, so that a socket where nobody listens costs nothing. */
static int connect_sockets(struct vl_begun *b, const struct vl_create_opts *o, struct vl_error **err)
{
    const char *pidfd[] = {o->pidfd_socket, vl_annot(b->spec, "run.oci.pidfd_receiver")};

    if (o->console_socket != NULL && (b->console_fd = vl_connect_console(o->console_socket, err)) < 0)
        return -1;
    for (size_t i = 0; i < VL_ARRAY_LEN(pidfd); i++) {
        if (pidfd[i] == NULL)
            continue;
        b->pidfd_socket[i] = vl_pidfd_socket_connect(pidfd[i], err);
        if (b->pidfd_socket[i] < 0)
            return i == 0 ? -1 : vl_err_at(err, "annotations[\"run.oci.pidfd_receiver\"]");
    }
    return 0;
}

int vl_begin(const struct vl_global *g, const char *id, const struct vl_create_opts *o, bool gate, struct vl_begun *b,
             struct vl_error **err)
{
    cleanup_free char *root = NULL;

    b->id = id;
    if (vl_id_check(id, err) < 0 || vl_root_path(g->root, &root, err) < 0 ||
        vl_cgroup_manager_check(g->cgroup_manager, err) < 0)
        return -1;
    if (vl_spec_load(o->bundle != NULL ? o->bundle : ".", o->config, &b->spec, err) < 0 ||
        check_terminal(b->spec, o, gate, err) < 0 || vl_gather_host(&b->host, err) < 0 ||
        make_plan(g, o, gate, root, b, err) < 0)
        return -1;
    vl_tr_planned(b->transcript, b->plan);
    for (size_t i = 0; i < b->plan->notes.n; i++)
        vl_debug("%s", b->plan->notes.v[i]);
    if (connect_sockets(b, o, err) < 0)
        return -1;
    return make(b, root, o, gate, err);
}

/* -- taking it back -------------------------------------------------------------------------------- */

static void warn_drop(struct vl_error **e)
{
    cleanup_free char *text = *e != NULL ? vl_error_text(*e) : NULL;

    if (text != NULL)
        vl_warn("%s", text);
    vl_error_free(*e);
    *e = NULL;
}

static void run_poststop(struct vl_begun *b)
{
    for (size_t i = 0; i < b->record->n_poststop; i++) {
        struct vl_error *e = NULL;
        vl_record_run_hook(b->record, VL_HOOK_POSTSTOP, i, VL_STOPPED, b->env.cancel, &e);
        warn_drop(&e);
    }
}

void vl_begun_undo(struct vl_begun *b)
{
    struct vl_error *e = NULL;
    bool gone = true;

    if (b->launch != NULL)
        vl_launch_kill(b->launch);
    if (b->pid_file != NULL) /* its number may be another process's soon */
        (void)unlink(b->pid_file);
    if (b->cgroup != NULL) {
        if (vl_cgroup_kill(b->cgroup, UNDO_TIMEOUT_MS, &e) < 0)
            warn_drop(&e);
        gone = vl_cgroup_undo(b->cgroup);
    }
    vl_rdt_undo(b->rdt);
    if (b->record != NULL)
        run_poststop(b);
    if (!gone)
        vl_warn("container %s: its cgroup cannot be removed now, `delete --force` will", b->id);
    else if (b->ctr != NULL && vl_ctr_remove(b->ctr, &e) < 0)
        warn_drop(&e);
}

void vl_begun_reset(struct vl_begun *b)
{
    vl_transcript_free(b->transcript); /* before the plan, which it borrows */
    vl_launch_free(b->launch);
    vl_prep_free(b->prep);
    vl_cgroup_free(b->cgroup);
    vl_rdt_free(b->rdt);
    vl_record_free(b->record);
    vl_ctr_free(b->ctr);
    vl_plan_free(b->plan);
    vl_spec_free(b->spec);
    vl_host_reset(&b->host);
    vl_cleanup_fd(&b->console_fd);
    vl_cleanup_fd(&b->pidfd_socket[0]);
    vl_cleanup_fd(&b->pidfd_socket[1]);
    if (b->env.cancel != NULL)
        vl_cancel_close(&b->cancel);
}
