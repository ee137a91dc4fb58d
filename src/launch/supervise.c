/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/supervise.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sigs.h"
#include "sys/sockets.h"
#include "sys/tty.h"

/* One direction of the relay. A full buffer stops reading; what cannot be written now waits. Where nobody reads any
 * more, what comes is thrown away: a program must not stand still because its output is not wanted. */
struct flow {
    int from, to; /* to: VL_NOFD when nobody reads any more */
    char buf[8192];
    size_t start, len;
    bool ended;
};

struct relay {
    struct flow in, out; /* stdin → master, master → stdout */
    bool raw;
    struct termios saved;
};

int vl_supervise_signals(struct vl_supervise *s, struct vl_error **err)
{
    sigset_t set;

    sigfillset(&set);
    /* a fault of our own must not wait in a queue */
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < VL_ARRAY_LEN(own); i++)
        sigdelset(&set, own[i]);
    s->extra = VL_NOFD;
    s->sigfd = vl_sigs_fd(&set, &s->old);
    return s->sigfd < 0 ? vl_err_sys(err, s->sigfd, "block signals to forward them") : 0;
}

void vl_supervise_end(struct vl_supervise *s)
{
    vl_cleanup_fd(&s->sigfd);
    (void)vl_sigs_restore(&s->old);
}

/* Reaps everything that ended; true when pid was among it. */
static bool reap(pid_t pid, int *status)
{
    bool found = false;

    for (;;) {
        int st;
        pid_t p = waitpid(-1, &st, WNOHANG);
        if (p <= 0)
            return found;
        if (p != pid)
            continue;
        found = true;
        *status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
    }
}

static void on_signals(struct vl_supervise *s, pid_t pid, int pidfd, int master, bool *child)
{
    struct signalfd_siginfo si;
    int sig;

    while ((sig = vl_sigs_read(s->sigfd, &si)) > 0) {
        if (sig == SIGCHLD) {
            *child = true;
        } else if (sig == SIGPIPE) {
            continue; /* ours: a closed standard output */
        } else if (sig == SIGWINCH && master >= 0) {
            (void)vl_tty_copy_size(STDIN_FILENO, master);
        } else {
            struct vl_proc p = {.pid = pid, .pidfd = pidfd};
            (void)vl_proc_signal(&p, sig);
        }
    }
}

static void flow_read(struct flow *f)
{
    if (f->len == 0)
        f->start = 0;
    size_t at = f->start + f->len;
    if (at == sizeof(f->buf))
        return;
    ssize_t n = read(f->from, f->buf + at, sizeof(f->buf) - at);
    if (n > 0)
        f->len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        f->ended = true; /* a pty master says EIO when the last slave is closed */
}

/* Never blocks, whether the descriptor is non-blocking or not: what poll(2) calls writable takes a page. */
static void flow_write(struct flow *f)
{
    enum { CHUNK = 4096 };
    while (f->len > 0 && f->to >= 0 && vl_poll_one(f->to, POLLOUT, 0) != 0) {
        ssize_t n = write(f->to, f->buf + f->start, f->len < CHUNK ? f->len : CHUNK);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && errno != EINTR)
            f->to = VL_NOFD;
        if (n > 0) {
            f->start += (size_t)n;
            f->len -= (size_t)n;
        }
    }
    if (f->to < 0)
        f->len = 0;
}

void vl_supervise_console(int master)
{
    uint16_t rows = 0, cols = 0;
    if (master < 0 || (vl_tty_get_size(master, &rows, &cols) == 0 && (rows | cols) != 0))
        return;
    (void)vl_tty_copy_size(STDIN_FILENO, master);
}

static void relay_begin(struct relay *r, int master)
{
    r->in = (struct flow){.from = STDIN_FILENO, .to = master};
    r->out = (struct flow){.from = master, .to = STDOUT_FILENO};
    (void)vl_fd_set_nonblock(master, true);
    r->raw = isatty(STDIN_FILENO) && vl_tty_raw(STDIN_FILENO, &r->saved) == 0;
}

/* Waits until more can be written; false when a signal says that nobody wants to wait for that. */
static bool await_room(int fd, int sigfd)
{
    for (;;) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLOUT}, {.fd = sigfd, .events = POLLIN}};
        struct signalfd_siginfo si;
        int sig;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return false;
        while ((sig = vl_sigs_read(sigfd, &si)) > 0)
            if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT)
                return false;
        if (p[0].revents != 0)
            return true;
    }
}

static void relay_end(struct relay *r, int sigfd)
{
    while (!r->out.ended) { /* what the terminal still holds */
        flow_read(&r->out);
        if (r->out.len == 0)
            break;
        flow_write(&r->out);
        if (r->out.len > 0 && !await_room(r->out.to, sigfd))
            break;
    }
    if (r->raw)
        (void)vl_tty_restore(STDIN_FILENO, &r->saved);
}

static void add_flow(struct pollfd *p, const struct flow *f)
{
    p[0] = (struct pollfd){.fd = f->ended || f->len > 0 ? -1 : f->from, .events = POLLIN};
    p[1] = (struct pollfd){.fd = f->len > 0 ? f->to : -1, .events = POLLOUT};
}

static void step_flow(const struct pollfd *p, struct flow *f)
{
    if (p[0].revents != 0)
        flow_read(f);
    if (f->len > 0)
        flow_write(f);
}

int vl_supervise_run(struct vl_supervise *s, pid_t pid, int pidfd, int master, int *status, struct vl_error **err)
{
    struct relay r = {0};
    bool done = reap(pid, status);

    if (master >= 0)
        relay_begin(&r, master);
    while (!done) {
        struct pollfd p[6] = {{.fd = s->sigfd, .events = POLLIN}};
        bool child = false;

        p[1].fd = p[2].fd = p[3].fd = p[4].fd = -1;
        p[5] = (struct pollfd){.fd = s->extra, .events = POLLIN};
        if (master >= 0) {
            add_flow(p + 1, &r.in);
            add_flow(p + 3, &r.out);
        }
        if (poll(p, 6, -1) < 0 && errno != EINTR) {
            int saved = errno;
            if (master >= 0)
                relay_end(&r, s->sigfd);
            return vl_err_sys(err, saved, "wait for the container");
        }
        on_signals(s, pid, pidfd, master, &child);
        if (master >= 0) {
            step_flow(p + 1, &r.in);
            step_flow(p + 3, &r.out);
        }
        if (p[5].revents != 0)
            s->on_extra(s->extra_ctx);
        if (child)
            done = reap(pid, status);
    }
    if (master >= 0)
        relay_end(&r, s->sigfd);
    return 0;
}
