/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks.
 *
 * A record is one line and one write(2): engines take the log as one JSON object, and conmon looks
 * at the first read from stderr only. stderr carries the bare text when there is a log as well,
 * else the text with the program's name (or the JSON record, when JSON was asked for and there is
 * no other place).
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

enum sink { SINK_STDERR, SINK_FILE, SINK_SYSLOG, SINK_JOURNAL };

static struct {
    enum vl_log_level level;
    enum vl_log_format format;
    enum sink sink;
    int fd;
    char *ident;
} logger = {VL_LOG_ERROR, VL_LOG_TEXT, SINK_STDERR, VL_NOFD, NULL};

static const struct {
    const char *name;
    int priority; /* syslog(3) */
} levels[] = {
    [VL_LOG_ERROR] = {"error", LOG_ERR},
    [VL_LOG_WARNING] = {"warning", LOG_WARNING},
    [VL_LOG_INFO] = {"info", LOG_INFO},
    [VL_LOG_DEBUG] = {"debug", LOG_DEBUG},
};

/* Kept clear of 0-2, which may be closed in our caller and belong to the workload. */
static int above_stdio(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    vl_close(fd);
    return up;
}

static int open_file(const char *path, struct vl_error **err)
{
    int fd = above_stdio(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
    if (fd < 0)
        return vl_err_sys(err, errno, "open log file `%s`", path);
    logger.fd = fd;
    logger.sink = SINK_FILE;
    return 0;
}

static int open_journal(struct vl_error **err)
{
    static const struct sockaddr_un journal = {AF_UNIX, "/run/systemd/journal/socket"};
    cleanup_fd int fd = above_stdio(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (fd < 0 || connect(fd, (const struct sockaddr *)&journal, sizeof(journal)) < 0)
        return vl_err_sys(err, errno, "connect to the journal at `%s`", journal.sun_path);
    logger.fd = vl_take_fd(&fd);
    logger.sink = SINK_JOURNAL;
    return 0;
}

int vl_log_setup(const char *dest, enum vl_log_format format, enum vl_log_level level,
                 struct vl_error **err)
{
    vl_cleanup_fd(&logger.fd);
    vl_cleanup_free(&logger.ident);
    logger.sink = SINK_STDERR;
    logger.format = format;
    logger.level = level;
    if (dest == NULL)
        return 0;
    if (vl_starts_with(dest, "syslog:") || vl_starts_with(dest, "journald:")) {
        const char *ident = strchr(dest, ':') + 1;
        logger.ident = vl_strdup(*ident ? ident : "veloci");
        if (*dest == 'j')
            return open_journal(err);
        openlog(logger.ident, LOG_PID, LOG_USER); /* keeps the pointer */
        logger.sink = SINK_SYSLOG;
        return 0;
    }
    if (vl_starts_with(dest, "file:"))
        dest += strlen("file:");
    if (*dest == '\0')
        return vl_err_usage(err, "--log needs a file name");
    return open_file(dest, err);
}

enum vl_log_level vl_log_level(void)
{
    return logger.level;
}

/* First of the chain that names it. */
static const char *chain_phase(const struct vl_error *e)
{
    while (e != NULL && e->phase == NULL)
        e = e->cause;
    return e ? e->phase : NULL;
}

static const char *chain_op(const struct vl_error *e)
{
    while (e != NULL && e->op == NULL)
        e = e->cause;
    return e ? e->op : NULL;
}

static void kv_if(struct vl_json *j, const char *key, const char *value)
{
    if (value != NULL)
        vl_json_kv_str(j, key, value);
}

static void json_record(struct vl_str *b, enum vl_log_level level, const char *msg,
                        const struct vl_error *e)
{
    char now[VL_RFC3339_LEN];
    vl_rfc3339_now(now);
    struct vl_json *j = vl_json_new(NULL);
    vl_json_obj(j);
    vl_json_kv_str(j, "level", levels[level].name);
    vl_json_kv_str(j, "msg", msg);
    vl_json_kv_str(j, "time", now);
    if (e != NULL) {
        vl_json_kv_str(j, "class", vl_error_class_name(vl_error_class(e)));
        vl_json_kv_str(j, "kind", vl_error_kind_name(e->kind));
        kv_if(j, "where", vl_error_where(e));
        kv_if(j, "phase", chain_phase(e));
        kv_if(j, "op", chain_op(e));
        if (vl_error_errno(e) != 0)
            vl_json_kv_int(j, "errno", vl_error_errno(e));
    }
    vl_json_end_obj(j);
    size_t n;
    cleanup_free char *text = vl_json_take(j, &n);
    vl_str_addn(b, text, n);
    vl_str_addc(b, '\n');
}

static void text_record(struct vl_str *b, enum vl_log_level level, const char *msg)
{
    char now[VL_RFC3339_LEN];
    vl_rfc3339_now(now);
    vl_str_addf(b, "time=\"%s\" level=%s msg=\"", now, levels[level].name);
    for (; *msg != '\0'; msg++) {
        if (*msg == '"' || *msg == '\\')
            vl_str_addc(b, '\\');
        vl_str_addc(b, *msg);
    }
    vl_str_add(b, "\"\n");
}

/* Nothing can be done about a log that cannot be written; the exit status still tells. */
static void write_out(int fd, struct vl_str *b)
{
    int saved = errno;
    (void)vl_write_all(fd, b->s, b->len);
    vl_str_reset(b);
    errno = saved;
}

static void to_journal(enum vl_log_level level, const char *msg)
{
    struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=veloci\nID=%s\n", msg,
                levels[level].priority, logger.ident);
    write_out(logger.fd, &b);
}

/* msg is one line. */
static void record(enum vl_log_level level, const char *msg, const struct vl_error *e)
{
    struct vl_str b = VL_STR_INIT;
    switch (logger.sink) {
    case SINK_SYSLOG:
        syslog(levels[level].priority, "%s", msg);
        break;
    case SINK_JOURNAL:
        to_journal(level, msg);
        break;
    case SINK_FILE:
        if (logger.format == VL_LOG_JSON)
            json_record(&b, level, msg, e);
        else
            text_record(&b, level, msg);
        write_out(logger.fd, &b);
        break;
    case SINK_STDERR:
        if (logger.format == VL_LOG_JSON)
            json_record(&b, level, msg, e);
        else
            vl_str_addf(&b, "veloci: %s%s\n", level == VL_LOG_WARNING ? "warning: " : "", msg);
        write_out(STDERR_FILENO, &b);
        break;
    }
}

void vl_log(enum vl_log_level level, const char *fmt, ...)
{
    if (level > logger.level)
        return;
    struct vl_error *e = NULL;
    char *msg = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&msg, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    (void)vl_err_usage(&e, "%s", msg); /* for its escaping of control characters */
    cleanup_free char *line = vl_error_text(e);
    vl_error_free(e);
    vl_cleanup_free(&msg);
    record(level, line, NULL);
}

void vl_log_error(const struct vl_error *e)
{
    cleanup_free char *text = vl_error_text(e);
    record(VL_LOG_ERROR, text, e);
    if (logger.sink == SINK_STDERR)
        return;
    struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b, "%s\n", text);
    write_out(STDERR_FILENO, &b);
}
