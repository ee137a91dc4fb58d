/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hook on the host. Called by create (prestart, createRuntime), start (poststart) and delete
 * (poststop); the hooks inside a container are the stage's.
 */
#include "launch/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "plan/hookname.h"
#include "sys/clone.h"
#include "sys/fd.h"

static int open_output(const char *path, struct vl_error **err)
{
    if (path == NULL)
        return VL_NOFD;
    int fd = vl_open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0600);
    return fd >= 0 ? fd : vl_err_sys(err, fd, "open `%s` for the output of hooks", path);
}

/* An anonymous file instead of a pipe: any length fits, nobody has to write while the hook runs,
 * and one that never reads it disturbs nobody. */
static int state_input(const char *state, struct vl_error **err)
{
    int fd = vl_memfd_sealed("state", state, strlen(state), false);
    return fd >= 0 ? fd : vl_err_sys(err, fd, "hold the state for a hook");
}

static int judge(int r, enum vl_spawn_step step, const struct vl_exit *x, const struct vl_hook *h,
                 struct vl_error **err)
{
    const char *kind = vl_hook_name(h->kind);
    if (r == -ETIME)
        return vl_err_payload(err, "%s hook `%s`: not finished after %u ms, killed", kind, h->path,
                              h->timeout_ms);
    if (r == -ECANCELED)
        return vl_err_payload(err, "%s hook `%s`: not finished when a signal came, killed", kind, h->path);
    if (r < 0 && step == VL_SPAWN_EXEC) {
        (void)vl_err_sys(err, r, "execute it");
        return vl_err_ctx(err, "%s hook `%s`", kind, h->path);
    }
    if (r < 0) {
        (void)vl_err_sys(err, r, "run it (%s)", step == 0 ? "wait" : vl_spawn_step_name(step));
        return vl_err_ctx(err, "%s hook `%s`", kind, h->path);
    }
    if (x->signaled)
        return vl_err_payload(err, "%s hook `%s`: killed by signal %d", kind, h->path, x->value);
    if (x->value != 0)
        return vl_err_payload(err, "%s hook `%s`: exit status %d", kind, h->path, x->value);
    return 0;
}

int vl_hook_run(const struct vl_hook *h, const struct vl_hook_env *env, struct vl_error **err)
{
    char *const only_path[] = {(char *)h->path, NULL};
    struct vl_spawn s = VL_SPAWN_INIT;
    cleanup_fd int in = state_input(env->state, err);
    if (in < 0)
        return -1;
    cleanup_fd int out = open_output(env->out, err);
    if (out == -1)
        return -1;
    cleanup_fd int err_fd = open_output(env->err, err);
    if (err_fd == -1)
        return -1;
    s.path = h->path;
    s.argv = h->argv != NULL && h->argv[0] != NULL ? h->argv : only_path;
    s.envp = h->envp;
    s.std_fds[0] = in;
    s.std_fds[1] = out;
    s.std_fds[2] = err_fd;
    s.cwd = env->cwd;
    s.cancel = env->cancel;
    s.die_with_parent = true; /* a runtime that was killed must leave nothing behind */
    struct vl_exit x = {false, 0};
    enum vl_spawn_step step = 0;
    int timeout = h->timeout_ms == 0          ? -1
                  : h->timeout_ms > INT32_MAX ? INT32_MAX
                                              : (int)h->timeout_ms;
    int r = vl_spawn_run(&s, timeout, &x, &step, NULL, 0);
    if (judge(r, step, &x, h, err) == 0)
        return 0;
    return h->where != NULL ? vl_err_at(err, "%s", h->where) : -1;
}
