/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps: limits, filter, execve. After the limits no memory can be counted on, after the filter hardly a system
 * call: the argument arrays are made and EXECING is sent before. From then on the stage needs sendto(2) for an error,
 * read(2) behind a listener, execve(2) and exit_group(2).
 */
#include "stage/stage.h"
#include <linux/seccomp.h>

struct sock_fprog_ { /* struct sock_fprog of <linux/filter.h> */
    unsigned short len;
    const void *filter;
};

char **st_vector(struct stage *s, struct vl_ref ref, unsigned extra, size_t *bytes)
{
    const char *text = vl_wire_str(&s->v, ref);
    size_t n = 0, at = 0;

    for (uint32_t i = 0; text && i < ref.len; i++)
        n += text[i] == '\0';
    *bytes = (n + extra + 1) * sizeof(char *);
    char **v = sys_mmap(*bytes, ST_PROT_READ | ST_PROT_WRITE, ST_MAP_PRIVATE | ST_MAP_ANONYMOUS, -1);
    if (st_map_failed(v))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        v[i] = (char *)(uintptr_t)(text + at);
        at += st_len(text + at) + 1;
    }
    return v; /* fresh memory is zero: NULL ends it */
}

int st_exec_prepare(struct stage *s)
{
    const struct vl_wire_op *exec = &s->v.op[s->v.body->n_op - 1];
    size_t argv_bytes, env_bytes, n = 0;

    (void)SYS1(__NR_umask, s->umask); /* nothing is made any more, and a filter may forbid it later */
    s->argv = st_vector(s, exec->s[0], 0, &argv_bytes);
    s->env = st_vector(s, exec->s[1], 1, &env_bytes);
    if (!s->argv || !s->env)
        return -ENOMEM;
    if (s->home[0] == '\0')
        return 0;
    /* an empty HOME= counts as none and is replaced where it stands */
    while (s->env[n] && !st_begins(s->env[n], "HOME="))
        n++;
    s->env[n] = (char *)(uintptr_t)s->home;
    return 0;
}

int st_send_execing(struct stage *s)
{
    int64_t nonce;

    if (s->execing)
        return 0;
    s->execing = 1;
    memcpy(&nonce, s->nonce, sizeof(nonce));
    /* a `start` that has ended meanwhile has given its word nevertheless */
    (void)st_send(s, VL_MSG_EXECING, nonce, 0, -1);
    return 0;
}

int step_rlimit(struct stage *s, const struct vl_wire_op *op)
{
    const uint64_t limit[2] = {(uint64_t)op->n[1], (uint64_t)op->n[2]};
    (void)s;
    return (int)SYS4(__NR_prlimit64, 0, op->n[0], limit, 0);
}

/* -- filter ------------------------------------------------------------------------------------------------ */

/* The lowest free number, which the listener will get: nothing else opens a descriptor meanwhile. */
static int next_fd(struct stage *s)
{
    int fd = sys_fcntl(s->chan, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        (void)sys_close(fd);
    return fd;
}

/* Until veloci holds the listener, the exec that closes it must not happen. The filter is in force already: read(2), on
 * a packet socket as good as recvmsg(2), is what nearly every profile allows. */
static int await_held(struct stage *s)
{
    struct vl_msg msg;
    long n;

    do {
        n = sys_read(s->chan, &msg, sizeof(msg));
    } while (n == -EINTR);
    if (n < 0)
        return st_fail(s, VL_D_PROTOCOL, (int)n);
    return n == (long)sizeof(msg) && msg.type == VL_MSG_PROCEED ? 0 : st_fail(s, VL_D_PROTOCOL, -EPROTO);
}

int step_seccomp(struct stage *s, const struct vl_wire_op *op)
{
    struct sock_fprog_ prog = {(unsigned short)(op->s[0].len / 8), st_str(s, op, 0)};
    unsigned long flags = (unsigned long)op->n[0];
    int announced = -1, r;

    if (op->n[1] != 0)
        flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (op->phase == VL_PHASE_READY)
        (void)st_send_execing(s);
    if (op->n[1] == 1) {
        announced = next_fd(s);
        r = announced < 0 ? announced : st_send(s, VL_MSG_LISTENER, announced, 0, -1);
        if (r < 0)
            return st_fail(s, VL_D_PROTOCOL, r);
    }
    r = (int)SYS3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
    s->filtered |= r >= 0;
    if (r < 0 || op->n[1] == 0)
        return r < 0 ? r : 0;
    int listener = r;
    if (op->n[1] == 2)
        r = st_send(s, VL_MSG_LISTENER, -1, 0, listener);
    else
        r = listener == announced ? 0 : -EBADF;
    if (r < 0)
        r = st_fail(s, VL_D_PROTOCOL, r);
    else
        r = await_held(s);
    if (op->phase != VL_PHASE_READY) /* else execve closes it: no call more than needed */
        (void)sys_close(listener);
    return r;
}

/* -- execve ------------------------------------------------------------------------------------------------ */

int step_exec(struct stage *s, const struct vl_wire_op *op)
{
    (void)op;
    (void)st_send_execing(s);
    int r = sys_execve(s->exec_path, s->argv, s->env);
    switch (r) {
    case -ENOENT: /* it was there at create; a missing interpreter looks the same */
    case -ENOTDIR:
        return st_fail(s, VL_D_EXEC_NOT_FOUND, r);
    case -EACCES:
    case -EPERM:
        return st_fail(s, VL_D_EXEC_PERM, r);
    case -ENOEXEC:
        return st_fail(s, VL_D_EXEC_FORMAT, r);
    default:
        return st_fail(s, VL_D_EXEC, r);
    }
}
