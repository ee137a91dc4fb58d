/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to run another program: hooks, newuidmap, mksquashfs … (interface in sys/clone.h).
 *
 * Descriptors are placed without order problems: all sources are first duplicated above every
 * target, the whole table is then marked close-on-exec, and duplicating into place clears the mark
 * of just the targets.
 */
#include "sys/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/compat.h"
#include "sys/fd.h"
#include "sys/sigs.h"

struct spawn_ctx {
    const struct vl_spawn *s;
    int *moved; /* n_fds + 3 numbers, memory of the parent */
    int floor;  /* above every target */
    pid_t parent;
    bool in_cgroup; /* it was born there */
    enum vl_spawn_step step;
    int errnum;
};

const char *vl_spawn_step_name(enum vl_spawn_step s)
{
    static const char *const names[] = {
        [VL_SPAWN_CLONE] = "clone",   [VL_SPAWN_FDS] = "descriptors",
        [VL_SPAWN_CGROUP] = "cgroup", [VL_SPAWN_SESSION] = "session",
        [VL_SPAWN_CWD] = "chdir",     [VL_SPAWN_EXEC] = "exec",
    };
    return (size_t)s < VL_ARRAY_LEN(names) && names[s] ? names[s] : "spawn";
}

/* ---- the child: system calls only ---- */

static int child_move(struct spawn_ctx *x, size_t i, int fd)
{
    int r = fd >= 0 ? vl_fd_dup_above(fd, x->floor) : vl_open("/dev/null", O_RDWR);
    if (r >= 0 && r < x->floor) {
        int up = vl_fd_dup_above(r, x->floor);
        vl_close(r);
        r = up;
    }
    x->moved[i] = r;
    return r < 0 ? r : 0;
}

static int child_fds(struct spawn_ctx *x)
{
    const struct vl_spawn *s = x->s;
    for (size_t i = 0; i < 3 + s->n_fds; i++) {
        int r = child_move(x, i, i < 3 ? s->std_fds[i] : s->fds[i - 3].fd);
        if (r < 0)
            return r;
    }
    int r = vl_cloexec_from(0);
    for (size_t i = 0; r == 0 && i < 3 + s->n_fds; i++)
        if (dup3(x->moved[i], i < 3 ? (int)i : s->fds[i - 3].target, 0) < 0)
            r = -errno;
    return r;
}

static int child_session(struct spawn_ctx *x)
{
    if (x->s->new_session && setsid() < 0)
        return -errno;
    if (x->s->die_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
            return -errno;
        if (getppid() != x->parent) /* it died before the prctl */
            return -ESRCH;
    }
    return 0;
}

static int child_exec(struct spawn_ctx *x)
{
    static char *const empty[] = {NULL};
    const struct vl_spawn *s = x->s;
    char *const *envp = s->envp ? s->envp : empty;
    vl_child_default_signals();
    vl_child_unmask();
    if (s->path != NULL)
        (void)execve(s->path, s->argv, envp);
    else
        (void)syscall(SYS_execveat, s->exec_fd, "", s->argv, envp, AT_EMPTY_PATH);
    return -errno;
}

static int child_cwd(struct spawn_ctx *x)
{
    return x->s->cwd != NULL && chdir(x->s->cwd) < 0 ? -errno : 0;
}

static int child_cgroup(struct spawn_ctx *x)
{
    if (x->s->cgroup_fd < 0 || x->in_cgroup)
        return 0;
    return vl_write_file_at(x->s->cgroup_fd, "cgroup.procs", "0", 1);
}

static int child_main(void *arg)
{
    static const struct {
        enum vl_spawn_step step;
        int (*run)(struct spawn_ctx *);
    } steps[] = {
        {VL_SPAWN_CGROUP, child_cgroup}, /* needs the cgroup's descriptor, so before fds */
        {VL_SPAWN_SESSION, child_session}, {VL_SPAWN_CWD, child_cwd},
        {VL_SPAWN_FDS, child_fds},         {VL_SPAWN_EXEC, child_exec},
    };
    struct spawn_ctx *x = arg;
    for (size_t i = 0; i < VL_ARRAY_LEN(steps); i++) {
        int r = steps[i].run(x);
        if (r < 0) {
            x->step = steps[i].step;
            x->errnum = -r;
            return 127;
        }
    }
    return 127;
}

/* ---- the parent ---- */

int vl_spawn(const struct vl_spawn *s, struct vl_child *ret, enum vl_spawn_step *ret_step)
{
    struct spawn_ctx x = {.s = s, .floor = 3, .parent = getpid(), .step = VL_SPAWN_CLONE};
    cleanup_free int *moved = vl_realloc_array(NULL, s->n_fds + 3, sizeof(*moved));
    x.moved = moved;
    for (size_t i = 0; i < s->n_fds; i++)
        if (s->fds[i].target >= x.floor)
            x.floor = s->fds[i].target + 1;
    struct vl_clone c = {.cgroup_fd = s->cgroup_fd, .exit_signal = SIGCHLD};
    struct vl_child child = {0, VL_NOFD};
    child.pid = vl_clone_vm(child_main, &x, &c, &child.pidfd, &x.in_cgroup);
    if (child.pid < 0)
        x.errnum = -child.pid;
    if (x.errnum == 0) {
        *ret = child;
        return 0;
    }
    if (child.pid > 0)
        vl_child_kill(&child); /* it has exited already: reaps */
    if (ret_step != NULL)
        *ret_step = x.step;
    return -x.errnum;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void nap(void)
{
    struct timespec ts = {0, 2000000};
    (void)nanosleep(&ts, NULL);
}

/* 1 when it has ended, 0 when not within timeout_ms. */
static int await_end(const struct vl_child *c, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : end - now_ms();
        if (c->pidfd >= 0) {
            struct pollfd p = {c->pidfd, POLLIN, 0};
            int r = poll(&p, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
            if (r > 0)
                return 1;
            if (r < 0 && errno != EINTR)
                return -errno;
        } else {
            siginfo_t si = {.si_pid = 0};
            if (waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
                return -errno;
            if (si.si_pid != 0)
                return 1;
            nap();
        }
        if (timeout_ms >= 0 && now_ms() >= end)
            return 0;
    }
}

static int reap(struct vl_child *c, struct vl_exit *ret)
{
    siginfo_t si = {.si_pid = 0};
    int r;
    do
        r = waitid(P_PID, (id_t)c->pid, &si, WEXITED | __WALL);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    if (ret != NULL)
        *ret = (struct vl_exit){si.si_code != CLD_EXITED, si.si_status};
    vl_cleanup_fd(&c->pidfd);
    c->pid = 0;
    return 0;
}

int vl_child_wait(struct vl_child *c, int timeout_ms, struct vl_exit *ret)
{
    int r = await_end(c, timeout_ms);
    if (r < 0)
        return r;
    return r == 0 ? -ETIME : reap(c, ret);
}

void vl_child_kill(struct vl_child *c)
{
    if (c->pid <= 0)
        return;
    (void)kill(c->pid, SIGKILL); /* unreaped, so the pid is still its own */
    (void)reap(c, NULL);
}

/* Reads what has come: 1 while more may follow, 0 at the end. Beyond size bytes it is dropped. */
static int drain(int fd, char *out, size_t size, size_t *len)
{
    char buf[4096];
    for (;;) {
        ssize_t n = read(fd, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return 0;
        size_t room = size - 1 - *len;
        size_t k = (size_t)n < room ? (size_t)n : room;
        memcpy(out + *len, buf, k);
        *len += k;
    }
}

/* Until the program ends (a grandchild may keep the pipe open longer) or time is up. */
static int collect(struct vl_child *c, int fd, int64_t end, char *out, size_t size)
{
    size_t len = 0;
    int open_end = 1, r = 0;
    while (r == 0) {
        int64_t left = end < 0 ? -1 : end - now_ms();
        if (end >= 0 && left <= 0) {
            r = -ETIME;
            break;
        }
        struct pollfd p[2] = {{c->pidfd, POLLIN, 0}, {open_end ? fd : -1, POLLIN, 0}};
        if (c->pidfd < 0 && (left < 0 || left > 5))
            left = 5;
        if (poll(p, 2, (int)left) < 0 && errno != EINTR) {
            r = -errno;
            break;
        }
        if (open_end)
            open_end = drain(fd, out, size, &len);
        if (c->pidfd >= 0 ? p[0].revents != 0 : await_end(c, 0) != 0)
            break;
    }
    if (open_end)
        (void)drain(fd, out, size, &len);
    out[len] = '\0';
    return r;
}

int vl_spawn_run(const struct vl_spawn *s, int timeout_ms, struct vl_exit *ret,
                 enum vl_spawn_step *ret_step, char *out, size_t out_size)
{
    struct vl_spawn copy = *s;
    cleanup_fd int from = VL_NOFD;
    cleanup_fd int to = VL_NOFD;
    int64_t end = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    if (ret_step != NULL)
        *ret_step = VL_SPAWN_CLONE;
    if (out != NULL) {
        int ends[2], r = vl_pipe(ends);
        if (r < 0)
            return r;
        from = ends[0];
        to = ends[1];
        copy.std_fds[1] = copy.std_fds[2] = to;
        out[0] = '\0';
        r = vl_fd_set_nonblock(from, true);
        if (r < 0)
            return r;
    }
    struct vl_child child;
    int r = vl_spawn(&copy, &child, ret_step);
    if (r < 0)
        return r;
    vl_cleanup_fd(&to);
    if (out != NULL)
        r = collect(&child, from, end, out, out_size);
    if (r == 0 && s->cancel != NULL && child.pidfd >= 0)
        r = vl_cancel_wait(s->cancel, child.pidfd, timeout_ms);
    if (r >= 0) {
        int64_t left = end < 0 ? -1 : end - now_ms();
        r = vl_child_wait(&child, left < 0 && end >= 0 ? 0 : (int)left, ret);
    }
    if (r < 0)
        vl_child_kill(&child);
    return r;
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int vl_find_program(const char *name, const char *path_list, char **ret)
{
    if (strchr(name, '/') != NULL) {
        if (!is_program(name))
            return -ENOENT;
        *ret = vl_strdup(name);
        return 0;
    }
    if (path_list == NULL)
        path_list = getenv("PATH");
    if (path_list == NULL || *path_list == '\0')
        path_list = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (const char *p = path_list;; p++) {
        size_t n = strcspn(p, ":");
        if (n > 0 && *p == '/') { /* a relative entry would depend on where we are */
            char *path = vl_asprintf("%.*s/%s", (int)n, p, name);
            if (is_program(path)) {
                *ret = path;
                return 0;
            }
            free(path);
        }
        p += n;
        if (*p == '\0')
            return -ENOENT;
    }
}
