/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of the container: createContainer runs in the container's namespaces while "/" is still the inherited tree,
 * startContainer in the finished root, after the gate. Both are run by path, as a script started by descriptor
 * would see another $0. The state is on standard input, with this process's id in the place that veloci left
 * free; output goes to the null device of the host, never to the workload's.
 */
#include "stage/stage.h"

#define NULL_MAJOR 1
#define NULL_MINOR 3
#define SPACES "                                "

int st_null(struct stage *s)
{
    struct statx stx;

    if (s->null >= 0)
        return s->null;
    int fd = sys_openat(AT_FDCWD, "/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY, 0);
    if (fd < 0)
        return fd;
    if (sys_fstat(fd, &stx) < 0 || !st_is_type(&stx, S_IFCHR) || stx.stx_rdev_major != NULL_MAJOR ||
        stx.stx_rdev_minor != NULL_MINOR) {
        (void)sys_close(fd);
        return -ENODEV;
    }
    s->null = fd;
    return fd;
}

int step_hooks_due(struct stage *s, const struct vl_wire_op *op)
{
    (void)op;
    int r = st_send(s, VL_MSG_HOOKS_DUE, 0, 0, -1);
    if (r < 0)
        return st_fail(s, VL_D_PROTOCOL, r);
    return st_expect(s, VL_MSG_PROCEED);
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        long done = sys_write(fd, p, n);
        if (done < 0)
            return (int)done;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The state with the pid in its slot, filled up with spaces, which JSON allows behind a number. */
static int state_file(struct stage *s, const struct vl_wire_op *op)
{
    const char *state = st_str(s, op, 3);
    size_t slot = (size_t)op->n[2], width = (size_t)op->n[3];
    char pid[64] = SPACES, digits[24];

    size_t n = st_len(st_dec(digits, (uint64_t)sys_getpid()));
    if (width > 0 && n > width)
        return -EOVERFLOW;
    memcpy(pid, digits, n);
    pid[n] = ' ';
    int fd = sys_memfd_create("state", ST_MFD_CLOEXEC | ST_MFD_NOEXEC_SEAL);
    if (fd == -EINVAL)
        fd = sys_memfd_create("state", ST_MFD_CLOEXEC);
    if (fd < 0)
        return fd;
    int r = write_all(fd, state, slot);
    if (r == 0)
        r = write_all(fd, pid, width);
    if (r == 0)
        r = write_all(fd, state + slot + width, op->s[3].len - slot - width);
    if (r == 0)
        r = (int)sys_lseek(fd, 0, 0);
    if (r < 0) {
        (void)sys_close(fd);
        return r;
    }
    return fd;
}

/* What a child needs, prepared by the parent. */
struct launch {
    const char *path, *dir;
    char **argv, **env;
    int in, out;
    uint32_t umask;
    unsigned feat;
    int *error; /* shared page: errno of a failed exec */
};

static __attribute__((noreturn)) void child(const struct launch *l)
{
    (void)SYS1(__NR_umask, l->umask);
    if (l->dir)
        (void)sys_chdir(l->dir); /* as engines expect; a hook that needs it says so itself */
    int r = sys_dup2(l->in, 0);
    if (r >= 0)
        r = sys_dup2(l->out, 1);
    if (r >= 0)
        r = sys_dup2(l->out, 2);
    st_close_from(l->feat, 3, ~0u); /* the workload's extra descriptors are not the hook's */
    if (r >= 0)
        r = sys_execve(l->path, l->argv, l->env);
    *l->error = -r;
    sys_exit(127);
}

/* Orphans of a hook become children of pid 1, which we may be. */
static void reap_orphans(void)
{
    while (sys_wait4(-1, NULL, 1 /* WNOHANG */) > 0)
        ;
}

static int wait_for(struct stage *s, int pid, int pidfd, int64_t timeout_ms, const int *error)
{
    struct st_pollfd p = {pidfd, ST_POLLIN, 0};
    int status = 0, late = 0, r;

    if (timeout_ms > 0 && pidfd >= 0) {
        do {
            r = sys_poll(&p, 1, timeout_ms);
        } while (r == -EINTR);
        late = r == 0;
        if (late)
            (void)sys_pidfd_send_signal(pidfd, ST_SIGKILL);
    }
    do {
        r = sys_wait4(pid, &status, 0);
    } while (r == -EINTR);
    reap_orphans();
    if (r < 0)
        return st_fail(s, VL_D_HOOK_SPAWN, r);
    if (*error != 0)
        return st_fail(s, VL_D_HOOK_SPAWN, -*error);
    if (late)
        return st_fail(s, VL_D_HOOK_TIMEOUT, -ETIMEDOUT);
    if (status == 0)
        return 0;
    s->a = status;
    return st_fail(s, VL_D_HOOK_STATUS, -ECHILD);
}

static int run(struct stage *s, const struct vl_wire_op *op, struct launch *l)
{
    int pidfd = -1;
    void *page = sys_mmap(ST_PAGE, ST_PROT_READ | ST_PROT_WRITE, ST_MAP_SHARED | ST_MAP_ANONYMOUS, -1);

    if (st_map_failed(page))
        return st_fail(s, VL_D_HOOK_SPAWN, -ENOMEM);
    l->error = page;
    int pid = sys_fork(CLONE_PIDFD | ST_SIGCHLD, &pidfd);
    if (pid == 0)
        child(l);
    int r = pid < 0 ? st_fail(s, VL_D_HOOK_SPAWN, pid) : wait_for(s, pid, pidfd, op->n[1], l->error);
    st_close(&pidfd);
    (void)sys_munmap(page, ST_PAGE);
    return r;
}

int step_hook(struct stage *s, const struct vl_wire_op *op)
{
    char *only_path[] = {(char *)(uintptr_t)st_str(s, op, 0), NULL};
    struct launch l = {.path = st_str(s, op, 0), .dir = st_str(s, op, 4), .umask = s->umask, .feat = s->feat};
    size_t argv_bytes = 0, env_bytes = 0;
    int r;

    if ((l.out = st_null(s)) < 0)
        return st_fail(s, VL_D_HOOK_SPAWN, l.out);
    if ((l.in = state_file(s, op)) < 0)
        return st_fail(s, VL_D_HOOK_SPAWN, l.in);
    char **argv = st_vector(s, op->s[1], 0, &argv_bytes);
    l.env = st_vector(s, op->s[2], 0, &env_bytes);
    if (!argv || !l.env) {
        r = st_fail(s, VL_D_HOOK_SPAWN, -ENOMEM);
    } else {
        l.argv = argv[0] ? argv : only_path;
        r = run(s, op, &l);
    }
    if (argv)
        (void)sys_munmap(argv, argv_bytes);
    if (l.env)
        (void)sys_munmap(l.env, env_bytes);
    (void)sys_close(l.in);
    return r;
}
