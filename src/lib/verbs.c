/* SPDX-License-Identifier: Apache-2.0 */
/* libveloci: the verbs. Each translates what it was given and calls the one of ops/. */
#include <stdlib.h>
#include "base/mem.h"
#include "lib/lib.h"
#include "sys/proc.h"

_Static_assert((int)VELOCI_CGROUPFS == VL_CGM_CGROUPFS && (int)VELOCI_SYSTEMD == VL_CGM_SYSTEMD &&
                   (int)VELOCI_NO_CGROUPS == VL_CGM_DISABLED &&
                   (int)VELOCI_ROOTLESS_AUTO == VL_ROOTLESS_AUTO &&
                   (int)VELOCI_ROOTLESS_YES == VL_ROOTLESS_YES &&
                   (int)VELOCI_ROOTLESS_NO == VL_ROOTLESS_NO,
               "the numbers of veloci.h never change");

static int open_veloci(const struct veloci_options *options, struct veloci **ret,
                       struct vl_error **err)
{
    struct veloci_options o;
    if (vl_lib_options(options, &o, sizeof(o), "veloci_options", err) < 0)
        return -1;
    if (o.cgroup_manager < VELOCI_CGROUPFS || o.cgroup_manager > VELOCI_NO_CGROUPS)
        return vl_err_usage(err, "veloci_options: %d is no cgroup manager", o.cgroup_manager);
    if (o.rootless < VELOCI_ROOTLESS_AUTO || o.rootless > VELOCI_ROOTLESS_NO)
        return vl_err_usage(err, "veloci_options: %d says nothing about rootless", o.rootless);
    struct veloci *v = vl_alloc(sizeof(*v));
    v->root = o.root != NULL ? vl_strdup(o.root) : NULL;
    v->global = (struct vl_global){.root = v->root,
                                   .cgroup_manager = (enum vl_cgroup_manager)o.cgroup_manager,
                                   .rootless = (enum vl_rootless)o.rootless,
                                   .foreign_env = true};
    *ret = v;
    return 0;
}

int veloci_open(const struct veloci_options *options, struct veloci **ret,
                struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(open_veloci(options, ret, &e), &e, err);
}

void veloci_close(struct veloci *v)
{
    if (v == NULL)
        return;
    free(v->root);
    free(v);
}

static int read_create(const struct veloci_create_options *options, uint32_t known,
                       struct vl_create_opts *ret, struct vl_error **err)
{
    struct veloci_create_options o;
    if (vl_lib_options(options, &o, sizeof(o), "veloci_create_options", err) < 0 ||
        vl_lib_flags(o.flags, known, "veloci_create_options", err) < 0 || vl_lib_can_wait(err) < 0)
        return -1;
    *ret = (struct vl_create_opts){.bundle = o.bundle,
                                   .config = o.config,
                                   .console_socket = o.console_socket,
                                   .pid_file = o.pid_file,
                                   .pidfd_socket = o.pidfd_socket,
                                   .plan_digest = o.plan_digest,
                                   .plan_file = o.plan_file,
                                   .no_pivot = o.flags & VELOCI_NO_PIVOT,
                                   .no_new_keyring = o.flags & VELOCI_NO_NEW_KEYRING,
                                   .preserve_fds = o.preserve_fds,
                                   .detach = o.flags & VELOCI_DETACH,
                                   .keep = o.flags & VELOCI_KEEP};
    return 0;
}

int veloci_create(const struct veloci *v, const char *id,
                  const struct veloci_create_options *options, struct veloci_error **err)
{
    struct vl_create_opts o;
    struct vl_error *e = NULL;
    int r = read_create(options, VELOCI_NO_PIVOT | VELOCI_NO_NEW_KEYRING, &o, &e);
    if (r == 0)
        r = vl_op_create(&v->global, id, &o, &e);
    return vl_lib_result(r, &e, err);
}

int veloci_start(const struct veloci *v, const char *id, struct veloci_error **err)
{
    struct vl_error *e = NULL;
    int r = vl_lib_can_wait(&e);
    if (r == 0)
        r = vl_op_start(&v->global, id, NULL, &e);
    return vl_lib_result(r, &e, err);
}

int veloci_run(const struct veloci *v, const char *id, const struct veloci_create_options *options,
               int *status, struct veloci_error **err)
{
    const uint32_t known = VELOCI_NO_PIVOT | VELOCI_NO_NEW_KEYRING | VELOCI_DETACH | VELOCI_KEEP;
    struct vl_create_opts o;
    struct vl_error *e = NULL;
    int unused;
    int r = read_create(options, known, &o, &e);
    if (r == 0)
        r = vl_op_run(&v->global, id, &o, status != NULL ? status : &unused, &e);
    return vl_lib_result(r, &e, err);
}

int veloci_kill(const struct veloci *v, const char *id, int signal, uint32_t flags,
                struct veloci_error **err)
{
    struct vl_error *e = NULL;
    int r = vl_lib_flags(flags, VELOCI_KILL_ALL, "veloci_kill", &e);
    if (r == 0 && (signal < 0 || signal > 64))
        r = vl_err_usage(&e, "veloci_kill: %d is no signal", signal);
    if (r == 0)
        r = vl_op_kill(&v->global, id, signal, flags & VELOCI_KILL_ALL, &e);
    return vl_lib_result(r, &e, err);
}

/* The process of a container that is gone, when it is our child and still waits to be reaped. */
static void reap(const struct vl_status *before)
{
    struct vl_proc p = VL_PROC_INIT;
    if (before == NULL || before->record->pid <= 0 || vl_proc_open(before->record->pid, &p) < 0)
        return;
    if (p.start_time == before->record->start_time)
        (void)vl_proc_reap(&p, 0, NULL); /* ECHILD: another's */
    vl_proc_close(&p);
}

int veloci_delete(const struct veloci *v, const char *id, uint32_t flags, struct veloci_error **err)
{
    cleanup(status) struct vl_status *before = NULL;
    struct vl_error *e = NULL;
    int r = vl_lib_flags(flags, VELOCI_DELETE_FORCE, "veloci_delete", &e);
    if (r == 0)
        r = vl_lib_can_wait(&e);
    if (r == 0 && vl_op_state(&v->global, id, &before, &e) < 0)
        vl_err_drop(&e, "delete says it better");
    if (r == 0)
        r = vl_op_delete(&v->global, id, flags & VELOCI_DELETE_FORCE, &e);
    if (r == 0)
        reap(before);
    return vl_lib_result(r, &e, err);
}

static int run_exec(const struct veloci *v, const char *id,
                    const struct veloci_exec_options *options, pid_t *pid, int *status,
                    struct vl_error **err)
{
    const uint32_t known =
        VELOCI_EXEC_DETACH | VELOCI_EXEC_TTY | VELOCI_EXEC_NO_NEW_PRIVS | VELOCI_EXEC_IGNORE_PAUSED;
    struct veloci_exec_options o;
    if (vl_lib_options(options, &o, sizeof(o), "veloci_exec_options", err) < 0 ||
        vl_lib_flags(o.flags, known, "veloci_exec_options", err) < 0 || vl_lib_can_wait(err) < 0)
        return -1;
    struct vl_exec_opts x = {.process = "process",
                             .process_text = o.process,
                             .args = (char *const *)o.args,
                             .user = o.user,
                             .cwd = o.cwd,
                             .console_socket = o.console_socket,
                             .pid_file = o.pid_file,
                             .pidfd_socket = o.pidfd_socket,
                             .preserve_fds = o.preserve_fds,
                             .tty = o.flags & VELOCI_EXEC_TTY,
                             .detach = o.flags & VELOCI_EXEC_DETACH,
                             .no_new_privs = o.flags & VELOCI_EXEC_NO_NEW_PRIVS,
                             .ignore_paused = o.flags & VELOCI_EXEC_IGNORE_PAUSED,
                             .ret_pid = pid};
    if (o.process == NULL)
        x.process = NULL;
    while (o.args != NULL && o.args[x.n_args] != NULL)
        x.n_args++;
    for (size_t i = 0; o.env != NULL && o.env[i] != NULL; i++)
        vl_strv_add(&x.env, o.env[i]);
    int r = vl_op_exec(&v->global, id, &x, status, err);
    vl_strv_reset(&x.env);
    return r;
}

int veloci_exec(const struct veloci *v, const char *id, const struct veloci_exec_options *options,
                pid_t *pid, int *status, struct veloci_error **err)
{
    struct vl_error *e = NULL;
    int unused;
    return vl_lib_result(run_exec(v, id, options, pid, status != NULL ? status : &unused, &e), &e,
                         err);
}

int veloci_pause(const struct veloci *v, const char *id, struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(vl_op_pause(&v->global, id, &e), &e, err);
}

int veloci_resume(const struct veloci *v, const char *id, struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(vl_op_resume(&v->global, id, &e), &e, err);
}

int veloci_ps(const struct veloci *v, const char *id, pid_t **pids, size_t *count,
              struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(vl_op_ps(&v->global, id, pids, count, &e), &e, err);
}

int veloci_update(const struct veloci *v, const char *id, const char *resources,
                  struct veloci_error **err)
{
    struct vl_update_opts o = {.resources = "resources", .text = resources};
    struct vl_error *e = NULL;
    int r = resources != NULL ? 0 : vl_err_usage(&e, "veloci_update: there is no document");
    if (r == 0)
        r = vl_op_update(&v->global, id, &o, &e);
    return vl_lib_result(r, &e, err);
}

int veloci_mounts_add(const struct veloci *v, const char *id, const char *file,
                      struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(vl_op_mounts_add(&v->global, id, file, &e), &e, err);
}

int veloci_mounts_remove(const struct veloci *v, const char *id, const char *file,
                         struct veloci_error **err)
{
    struct vl_error *e = NULL;
    return vl_lib_result(vl_op_mounts_remove(&v->global, id, file, &e), &e, err);
}

struct listener {
    veloci_events_fn *fn;
    void *context;
    bool enough;
};

static int pass_on(void *ctx, const char *line, size_t len, struct vl_error **err)
{
    struct listener *l = ctx;
    if (l->fn(l->context, line, len) == 0)
        return 0;
    l->enough = true;
    return vl_err_usage(err, "events: ended by the caller");
}

int veloci_events(const struct veloci *v, const char *id, uint32_t flags, int64_t interval_ms,
                  veloci_events_fn *fn, void *context, struct veloci_error **err)
{
    struct listener l = {.fn = fn, .context = context};
    struct vl_events_opts o = {.stats_only = flags & VELOCI_EVENTS_STATS,
                               .interval_ms = interval_ms};
    struct vl_error *e = NULL;
    int r = vl_lib_flags(flags, VELOCI_EVENTS_STATS, "veloci_events", &e);
    if (r == 0 && !o.stats_only && interval_ms <= 0)
        r = vl_err_usage(&e, "veloci_events: the interval must be more than 0");
    if (r == 0)
        r = vl_op_events(&v->global, id, &o, pass_on, &l, &e);
    if (r < 0 && l.enough) {
        vl_err_drop(&e, "as the caller wants it");
        return 0;
    }
    return vl_lib_result(r, &e, err);
}
