/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/sdnotify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/scm.h"
#include "sys/sockets.h"

#define SOCKET "notify.sock" /* as runc names it; plan/env.c tells the container */

enum {
    MESSAGE_MAX = 4096,    /* longer ones are dropped */
    STATUS_MAX = 512,      /* bytes of a STATUS text */
    PER_SECOND = 20,       /* messages passed on; a container shall not keep the service manager busy */
    HOST_TIMEOUT_S = 5,    /* for a manager that does not read */
    BARRIER_MS = 30 * 1000 /* as runc and crun wait */
};

const char *vl_sdnotify_wanted(void)
{
    const char *s = getenv("NOTIFY_SOCKET");

    if (s == NULL || s[0] == '\0')
        return NULL;
    if (s[0] == '/' || s[0] == '@')
        return s;
    vl_debug("NOTIFY_SOCKET `%s` is neither a path nor an abstract address: nobody is notified", s);
    return NULL;
}

/* -- the container's end ---------------------------------------------------------------------------- */

int vl_sdnotify_prepare(const struct vl_ctr *c, const char *label, struct vl_error **err)
{
    if (mkdirat(c->dir_fd, VL_CTR_NOTIFY, 0755) < 0)
        return vl_err_sys(err, errno, "make the directory `%s/%s`", c->path, VL_CTR_NOTIFY);
    cleanup_fd int fd = vl_open_at(c->dir_fd, VL_CTR_NOTIFY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return vl_err_sys(err, fd, "open the directory `%s/%s`", c->path, VL_CTR_NOTIFY);
    if (fchmod(fd, 0755) < 0) /* whatever our umask is: the container's user has to get to the socket */
        return vl_err_sys(err, errno, "set the mode of `%s/%s`", c->path, VL_CTR_NOTIFY);
    if (label != NULL && fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0)
        return vl_err_sys(err, errno, "label the directory `%s/%s`", c->path, VL_CTR_NOTIFY);
    return 0;
}

static int bind_socket(const struct vl_ctr *c, struct vl_error **err)
{
    cleanup_fd int dir = vl_open_at(c->dir_fd, VL_CTR_NOTIFY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dir < 0)
        return vl_err_sys(err, dir, "open the directory `%s/%s`", c->path, VL_CTR_NOTIFY);
    if (unlinkat(dir, SOCKET, 0) < 0 && errno != ENOENT)
        return vl_err_sys(err, errno, "replace the socket `%s/%s/%s`", c->path, VL_CTR_NOTIFY, SOCKET);
    /* Any user of the container may speak; on the host nobody else gets through the directory above. */
    cleanup_fd int fd = vl_unix_listen_at(dir, SOCKET, SOCK_DGRAM, 0777, 0);
    int r = fd < 0 ? fd : vl_fd_set_nonblock(fd, true);
    if (r < 0)
        return vl_err_sys(err, r, "make the socket `%s/%s/%s`", c->path, VL_CTR_NOTIFY, SOCKET);
    return vl_take_fd(&fd);
}

int vl_sdnotify_open(const struct vl_ctr *c, const char *host, struct vl_sdnotify **ret, struct vl_error **err)
{
    cleanup_fd int manager = vl_unix_connect(host, SOCK_DGRAM);
    *ret = NULL;
    if (manager < 0) {
        vl_warn("NOTIFY_SOCKET `%s`: %s: nobody is notified", host, strerror(-manager));
        return 0;
    }
    struct timeval limit = {.tv_sec = HOST_TIMEOUT_S};
    (void)setsockopt(manager, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    cleanup_fd int sock = bind_socket(c, err);
    if (sock < 0)
        return -1;
    struct vl_sdnotify *n = vl_alloc(sizeof(*n));
    n->sock = vl_take_fd(&sock);
    n->host = vl_take_fd(&manager);
    *ret = n;
    return 0;
}

void vl_sdnotify_free(struct vl_sdnotify *n)
{
    if (n == NULL)
        return;
    vl_close(n->sock);
    vl_close(n->host);
    free(n);
}

/* -- what may pass ----------------------------------------------------------------------------------- */

enum form { WORD, NUMBER, TEXT };

/* Not here: MAINPID and what names processes, which is ours to say; descriptors; who else may notify; and what would
 * lengthen the manager's time-outs, with which a container could hold up a shutdown. */
static const struct {
    const char *field;
    enum form form;
} fields[] = {
    {"READY=1", WORD}, {"RELOADING=1", WORD}, {"STOPPING=1", WORD},
    {"WATCHDOG=1", WORD}, {"MONOTONIC_USEC=", NUMBER}, {"STATUS=", TEXT},
};

/* Somebody will look at it on a terminal. Cut between characters of UTF-8. */
static void add_text(struct vl_str *out, const char *s, size_t n)
{
    if (n > STATUS_MAX)
        for (n = STATUS_MAX; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
            n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        vl_str_addn(out, ch < ' ' || ch == 0x7f ? "?" : s + i, 1);
    }
}

static void add_line(struct vl_str *out, const char *line, size_t len, bool *ready)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(fields); i++) {
        size_t n = strlen(fields[i].field), rest = len - n;
        if (len < n || memcmp(line, fields[i].field, n) != 0)
            continue;
        if (fields[i].form == WORD ? rest != 0 : fields[i].form == NUMBER && (rest == 0 || rest > 20))
            return;
        if (fields[i].form == NUMBER)
            for (size_t k = n; k < len; k++)
                if (line[k] < '0' || line[k] > '9')
                    return;
        vl_str_addn(out, line, n);
        add_text(out, line + n, rest);
        vl_str_addn(out, "\n", 1);
        *ready |= i == 0;
        return;
    }
}

char *vl_sdnotify_filter(const char *msg, size_t len, bool *ret_ready)
{
    struct vl_str out = VL_STR_INIT;

    *ret_ready = false;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(msg + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - msg) - at : len - at;
        add_line(&out, msg + at, n, ret_ready);
        at += n + 1;
    }
    return out.s != NULL ? out.s : vl_strdup("");
}

/* -- relaying ------------------------------------------------------------------------------------------ */

static bool may_send(struct vl_sdnotify *n)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec >= n->until) {
        n->until = now.tv_sec + 1;
        n->budget = PER_SECOND;
    }
    return n->budget > 0 && n->budget-- > 0;
}

bool vl_sdnotify_relay(struct vl_sdnotify *n, pid_t main_pid)
{
    char buf[MESSAGE_MAX + 1];
    struct vl_scm_msg m;
    bool ready = false;

    int r = vl_scm_recv(n->sock, buf, sizeof(buf), VL_SCM_MAX_FDS, &m);
    if (r < 0) /* none, too long, or with descriptors that did not fit: all closed by now */
        return r != -EAGAIN;
    cleanup_free char *text = m.len > MESSAGE_MAX ? vl_strdup("") : vl_sdnotify_filter(buf, m.len, &ready);
    if (text[0] != '\0' && !n->deaf && ((ready && !n->ready) || may_send(n))) {
        cleanup_free char *named = ready ? vl_asprintf("%sMAINPID=%d\n", text, (int)main_pid) : NULL;
        const char *out = named != NULL ? named : text;
        r = vl_scm_send(n->host, out, strlen(out), NULL, 0);
        if (r < 0)
            vl_warn("notify the service manager: %s", strerror(-r));
        n->deaf = r == -EAGAIN; /* it has been waited for once */
        n->sent = true;
        n->ready |= ready;
    }
    vl_scm_close(&m); /* last: a barrier of the container is over */
    return true;
}

void vl_sdnotify_drain(struct vl_sdnotify *n, pid_t main_pid)
{
    enum { QUEUE_MAX = 1024 };

    for (int i = 0; i < QUEUE_MAX && vl_sdnotify_relay(n, main_pid); i++)
        ;
}

void vl_sdnotify_wait(struct vl_sdnotify *n, pid_t main_pid, int pidfd)
{
    while (!n->ready) {
        struct pollfd p[2] = {{.fd = n->sock, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
        if (poll(p, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        if (p[0].revents != 0)
            (void)vl_sdnotify_relay(n, main_pid);
        else if (p[1].revents != 0)
            break;
    }
    vl_sdnotify_barrier(n);
}

void vl_sdnotify_barrier(struct vl_sdnotify *n)
{
    int ends[2];

    if (!n->sent || pipe2(ends, O_CLOEXEC) < 0)
        return;
    cleanup_fd int ours = ends[0], theirs = ends[1];
    static const char text[] = "BARRIER=1";
    if (vl_scm_send(n->host, text, sizeof(text) - 1, &theirs, 1) < 0)
        return;
    vl_cleanup_fd(&theirs);
    (void)vl_poll_one(ours, 0, BARRIER_MS); /* hang-up: it was read and closed */
    n->sent = false;
}
