/* SPDX-License-Identifier: Apache-2.0 */
/*
 * READY and GATE: the container is created. Everything that is not the workload's is closed, memory is given back, and
 * the stage waits: for COMMIT (veloci has written the state and may go), then for GO on the channel (run) or on
 * the gate's socket, which lies in the state directory where only its owner connects.
 */
#include "stage/stage.h"

#define PEER_TIMEOUT_MS 10000
#define SHORTAGE_MS 100

/* -- descriptors --------------------------------------------------------------------------------------- */

void st_close_from(unsigned feat, unsigned first, unsigned last)
{
    if (first > last)
        return;
    if ((feat & VL_FEAT_CLOSE_RANGE) && sys_close_range(first, last, 0) == 0)
        return;
    uint64_t limit[2] = {65536, 0};
    (void)SYS4(__NR_prlimit64, 0, 7 /* RLIMIT_NOFILE */, 0, limit);
    for (unsigned fd = first; fd <= last && fd < limit[0] && fd < 1u << 20; fd++)
        (void)sys_close((int)fd);
}

void st_close_rest(struct stage *s)
{
    int keep[] = {s->chan, s->gate, s->null, s->ruleset};
    const unsigned n = sizeof(keep) / sizeof(keep[0]);
    unsigned next = 3 + s->v.body->preserve_fds;

    for (unsigned i = 0; i < n; i++) /* in ascending order */
        for (unsigned j = i + 1; j < n; j++)
            if (keep[j] < keep[i]) {
                int swap = keep[i];
                keep[i] = keep[j];
                keep[j] = swap;
            }
    for (unsigned i = 0; i < n; i++) {
        if (keep[i] < (int)next)
            continue;
        if ((unsigned)keep[i] > next)
            st_close_from(s->feat, next, (unsigned)keep[i] - 1);
        next = (unsigned)keep[i] + 1;
    }
    st_close_from(s->feat, next, ~0u);
    for (uint32_t i = 0; i < s->v.body->n_desc; i++)
        s->fd[i] = -1;
    s->root = s->host = s->proc = s->own_proc = s->slave = s->dev_dir_fd = -1;
}

static int has_later(const struct stage *s, unsigned code)
{
    for (uint32_t i = s->at; i < s->v.body->n_op; i++)
        if (s->v.op[i].code == code)
            return 1;
    return 0;
}

/* -- signals --------------------------------------------------------------------------------------------- */

void st_signals_default(void)
{
    const struct st_sigaction dfl = {0};
    for (int sig = 1; sig <= ST_NSIG; sig++)
        if (sig != ST_SIGKILL && sig != ST_SIGSTOP)
            (void)sys_sigaction(sig, &dfl);
    (void)sys_sigmask(0);
}

static void end_by_signal(int sig)
{
    sys_exit(128 + sig);
}

/* The first process of a pid namespace does not get signals that it has no handler for; a created container that is
 * told to end must end all the same. */
static void heed_signals(int on)
{
    static const int ending[] = {1 /* HUP */, 2 /* INT */, 3 /* QUIT */, 10 /* USR1 */, 12 /* USR2 */, 15 /* TERM */};
    struct st_sigaction act = {0};

    if (sys_getpid() != 1)
        return;
    if (on) {
        act.handler = end_by_signal;
#ifdef ST_SA_RESTORER
        act.flags = ST_SA_RESTORER;
        act.restorer = (void (*)(void))(uintptr_t)end_by_signal; /* never returned to */
#endif
    }
    for (unsigned i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sys_sigaction(ending[i], &act);
}

/* -- READY ------------------------------------------------------------------------------------------------- */

/* The pages of the plan come back from its memfd when they are needed again; the buffers have had their use. */
static void give_memory_back(struct stage *s)
{
    (void)sys_madvise(&st_scratch, sizeof(st_scratch), ST_MADV_DONTNEED);
    (void)sys_madvise((void *)(uintptr_t)s->v.header, s->plan_len, ST_MADV_DONTNEED);
}

static int next_word(struct stage *s, struct vl_msg *msg)
{
    int fds[VL_MSG_FDS];
    unsigned n_fds;
    int r = st_recv(s->chan, msg, fds, &n_fds);

    if (r < 0) {
        /* veloci has gone without a word: nothing was promised to anybody */
        if (r == -EPIPE || r == -ECONNRESET)
            sys_exit(1);
        return st_fail(s, VL_D_PROTOCOL, r);
    }
    while (n_fds > 0)
        (void)sys_close(fds[--n_fds]);
    return 0;
}

int step_ready(struct stage *s, const struct vl_wire_op *op)
{
    struct vl_msg msg;

    (void)op;
    int r = 0;
    if (has_later(s, VL_OP_HOOK) && s->null < 0 && (r = st_null(s)) < 0)
        return st_fail(s, VL_D_OPEN_PROC, r);
    for (uint32_t i = s->at; i < s->v.body->n_op; i++)
        if (s->v.op[i].code == VL_OP_GATE && s->v.op[i].n[0] == 1)
            s->gate = st_fd(s, &s->v.op[i], 0);
    st_close_rest(s);
    if ((r = st_send(s, VL_MSG_READY, has_later(s, VL_OP_SECCOMP), 0, -1)) < 0)
        return st_fail(s, VL_D_PROTOCOL, r);
    if ((r = next_word(s, &msg)) < 0)
        return r;
    if (msg.type == VL_MSG_GO)
        s->go = 1;
    else if (msg.type != VL_MSG_COMMIT)
        return st_fail(s, VL_D_PROTOCOL, -EPROTO);
    s->committed = 1;
    return 0;
}

/* -- GATE -------------------------------------------------------------------------------------------------- */

/* The next connection that says GO. Whoever says something else, or nothing in good time, is shown the door. */
static int await_go(struct stage *s)
{
    struct vl_msg msg;
    int fds[VL_MSG_FDS];
    unsigned n_fds;

    for (;;) {
        int peer = sys_accept(s->gate);
        if (peer == -EINTR || peer == -ECONNABORTED)
            continue;
        if (peer == -EMFILE || peer == -ENFILE || peer == -ENOBUFS || peer == -ENOMEM) {
            (void)sys_poll(NULL, 0, SHORTAGE_MS); /* passes, or not: no reason to die or to spin */
            continue;
        }
        if (peer < 0)
            return peer;
        struct st_pollfd p = {peer, ST_POLLIN, 0};
        if (sys_poll(&p, 1, PEER_TIMEOUT_MS) > 0 && st_recv(peer, &msg, fds, &n_fds) == 0) {
            while (n_fds > 0)
                (void)sys_close(fds[--n_fds]);
            if (msg.type == VL_MSG_GO)
                return peer;
        }
        (void)sys_close(peer);
    }
}

static int wait_at_gate(struct stage *s)
{
    st_close(&s->chan);
    int peer = await_go(s);
    if (peer < 0)
        sys_exit(1); /* nobody is there to be told */
    s->chan = peer;
    st_close(&s->gate);
    return 0;
}

static int wait_on_channel(struct stage *s)
{
    struct vl_msg msg;
    int r = next_word(s, &msg);
    if (r < 0)
        return r;
    return msg.type == VL_MSG_GO ? 0 : st_fail(s, VL_D_PROTOCOL, -EPROTO);
}

int step_gate(struct stage *s, const struct vl_wire_op *op)
{
    int r = 0;

    if (!s->go) {
        int by_socket = op->n[0] == 1;
        if (by_socket && s->gate < 0)
            return st_fail(s, VL_D_PROTOCOL, -EBADF);
        heed_signals(1);
        give_memory_back(s);
        r = by_socket ? wait_at_gate(s) : wait_on_channel(s);
        heed_signals(0);
    }
    if (r < 0)
        return r;
    s->go = 1;
    st_close(&s->gate);
    return st_exec_prepare(s);
}
