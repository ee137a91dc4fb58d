/* SPDX-License-Identifier: Apache-2.0 */
/* base/error, base/log: texts, chains, collections, and what ends up where. */
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "tap.h"

static void is_text(struct vl_error *e, const char *want, const char *what)
{
    char *s = vl_error_text(e);
    is_str(s, want, "%s", what);
    free(s);
}

static void texts(void)
{
    struct vl_error *err = NULL;
    is_int(vl_err_sys(&err, -ENOENT, "open `%s`", "/x"), -1, "a constructor gives -1");
    is_text(err, "open `/x`: No such file or directory", "a system error");
    vl_err_at(&err, "mounts[%d]", 3);
    vl_err_at(&err, "root");
    is_str(vl_error_where(err), "mounts[3]", "the first place stays");
    vl_err_ctx(&err, "mount `%s`", "tmpfs");
    is_text(err, "mount `tmpfs`: open `/x` (at mounts[3]): No such file or directory",
            "context, place, errno");
    is_int(err->kind, VL_ERR_SYSTEM, "a context keeps the kind");
    is_int(vl_error_errno(err), ENOENT, "and the errno");
    is_int(vl_error_class(err), VL_CLASS_FAULTED, "a system error is a fault");
    vl_error_free(err);

    err = NULL;
    vl_err_config(&err, "process.args", "process.args is empty");
    is_text(err, "process.args is empty", "a place that the text names is not repeated");
    is_int(vl_error_class(err), VL_CLASS_REFUSED, "a wrong document is refused");
    vl_error_free(err);

    err = NULL;
    vl_err_usage(&err, "a\nb\x1b[1m\tc\x7f");
    is_text(err, "a\\nb\\x1b[1m\\tc\\x7f", "control characters are escaped");
    vl_error_free(err);

    err = NULL;
    vl_err_refused(&err, "policy", "first");
    vl_err_bug(&err, "second");
    is_text(err, "second: first", "an error that was forgotten is not lost");
    vl_error_free(err);
    vl_error_free(NULL);
}

static void kinds(void)
{
    static const char *const names[] = {NULL,    "usage",  "config",  "unsupported", "refused",
                                        "state", "system", "payload", "bug"};
    bool good = true;
    for (size_t k = 1; k < VL_ARRAY_LEN(names); k++)
        good &= vl_streq(vl_error_kind_name((enum vl_error_kind)k), names[k]);
    ok(good, "names of the kinds");
    is_str(vl_error_class_name(VL_CLASS_DEGRADED), "degraded", "degraded");
    struct vl_error *err = NULL;
    vl_err_payload(&err, "x");
    is_int(vl_error_class(err), VL_CLASS_FAULTED, "payload is a fault");
    vl_error_free(err);
    err = NULL;
    vl_err_state(&err, "x");
    is_int(vl_error_class(err), VL_CLASS_REFUSED, "state is a refusal");
    vl_error_free(err);
    err = NULL;
    vl_err_unsupported(&err, "openat2", "x");
    is_str(err->rule, "openat2", "the feature is kept");
    vl_error_free(err);
}

static void collections(void)
{
    struct vl_error *list = NULL;
    for (int i = 0; i < 14; i++) {
        struct vl_error *e = NULL;
        vl_err_config(&e, "a", "e%d", i);
        vl_err_collect(&list, &e);
        if (e != NULL)
            ok(false, "collect must take the error");
    }
    is_int(vl_err_count(list), VL_ERR_MAX, "at most %d are kept", VL_ERR_MAX);
    vl_error_free(list);
    list = NULL;
    struct vl_error *a = NULL, *b = NULL, *c = NULL;
    vl_err_config(&a, "p", "first");
    vl_err_config(&b, NULL, "second");
    vl_err_sys(&c, EPERM, "third");
    vl_err_collect(&list, &a);
    vl_err_collect(&list, &b);
    vl_err_collect(&list, &c);
    vl_err_ctx(&list, "config");
    is_int(vl_err_count(list), 3, "a context keeps the collection");
    is_text(list, "config: first (at p) (and 2 more: second; third: Operation not permitted)",
            "and its text");
    vl_error_free(list);
}

/* Runs f with stderr in a file and returns what it wrote. */
static char *stderr_of(void (*f)(void), const char *path)
{
    int saved = dup(2);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 2);
    f();
    dup2(saved, 2);
    close(saved);
    lseek(fd, 0, SEEK_SET);
    char *text = NULL;
    (void)!vl_slurp_fd(fd, 65536, &text, NULL);
    close(fd);
    return text;
}

static void an_error(void)
{
    struct vl_error *e = NULL;
    vl_err_sys(&e, ENOENT, "open `%s`", "/x\n");
    e->phase = vl_strdup("visibility");
    e->op = vl_strdup("mount");
    vl_err_at(&e, "mounts[1]");
    vl_err_ctx(&e, "create");
    vl_log_error(e);
    vl_error_free(e);
}

static void a_warning(void)
{
    vl_warn("w \"%d\"", 1);
    vl_debug("hidden");
}

static void matches(const char *text, const char *regex, const char *what)
{
    regex_t re;
    if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB) != 0)
        abort();
    if (!ok(regexec(&re, text, 0, NULL, 0) == 0, "%s", what))
        diag("text is: %s", text);
    regfree(&re);
}

static void logs(void)
{
    char dir[] = "/tmp/veloci-test-XXXXXX";
    if (!ok(mkdtemp(dir) != NULL, "scratch directory"))
        return;
    char *capture = vl_path_join(dir, "stderr"), *log = vl_path_join(dir, "log"), *text;
    struct vl_error *err = NULL;
    const char *line = "create: open `/x\\n` (at mounts[1]): No such file or directory";

    is_int(vl_log_setup(NULL, VL_LOG_TEXT, VL_LOG_ERROR, &err), 0, "stderr only");
    text = stderr_of(an_error, capture);
    char *want = vl_asprintf("veloci: %s\n", line);
    is_str(text, want, "one line with the program's name");
    free(want);
    free(text);
    text = stderr_of(a_warning, capture);
    is_str(text, "", "warnings are silent by default");
    free(text);
    vl_log_setup(NULL, VL_LOG_TEXT, VL_LOG_WARNING, &err);
    text = stderr_of(a_warning, capture);
    is_str(text, "veloci: warning: w \"1\"\n", "and visible when asked for");
    free(text);

    is_int(vl_log_setup(log, VL_LOG_JSON, VL_LOG_ERROR, &err), 0, "a JSON log");
    text = stderr_of(an_error, capture);
    want = vl_asprintf("%s\n", line);
    is_str(text, want, "stderr gets the bare text beside a log");
    free(want);
    free(text);
    text = NULL;
    (void)!vl_slurp_at(AT_FDCWD, log, 65536, &text, NULL);
    matches(text,
            "^\\{\"level\":\"error\",\"msg\":\"create: open `/x\\\\\\\\n` \\(at mounts\\[1\\]\\): "
            "No such file or "
            "directory\",\"time\":\"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\\.[0-9]{9}Z\","
            "\"class\":\"faulted\","
            "\"kind\":\"system\",\"where\":\"mounts\\[1\\]\",\"phase\":\"visibility\",\"op\":"
            "\"mount\",\"errno\":2\\}"
            "\n$",
            "one JSON record");
    free(text);
    struct stat st;
    ok(stat(log, &st) == 0 && (st.st_mode & 0777 & ~0644u) == 0, "mode of the log is at most 0644");

    char *prefixed = vl_asprintf("file:%s", log);
    is_int(vl_log_setup(prefixed, VL_LOG_TEXT, VL_LOG_WARNING, &err), 0, "a text log, with file:");
    free(prefixed);
    text = stderr_of(a_warning, capture);
    is_str(text, "", "a warning goes to the log alone");
    free(text);
    text = NULL;
    (void)!vl_slurp_at(AT_FDCWD, log, 65536, &text, NULL);
    matches(text, "\ntime=\"20[^\"]*Z\" level=warning msg=\"w \\\\\"1\\\\\"\"\n$",
            "appended as key=value");
    free(text);

    is_int(vl_log_setup("/nonexistent/log", VL_LOG_TEXT, VL_LOG_ERROR, &err), -1,
           "a log that cannot be opened");
    is_text(err, "open log file `/nonexistent/log`: No such file or directory", "says so");
    vl_error_free(err);
    err = NULL;
    is_int(vl_log_setup("file:", VL_LOG_TEXT, VL_LOG_ERROR, &err), -1, "no name");
    vl_error_free(err);
    err = NULL;

    (void)vl_log_setup(NULL, VL_LOG_JSON, VL_LOG_ERROR, &err);
    text = stderr_of(an_error, capture);
    matches(text, "^\\{\"level\":\"error\",.*\\}\n$",
            "JSON without a log file goes to stderr, once");
    free(text);
    (void)vl_log_setup(NULL, VL_LOG_TEXT, VL_LOG_ERROR, &err);
    unlink(capture);
    unlink(log);
    rmdir(dir);
    free(capture);
    free(log);
}

int main(void)
{
    texts();
    kinds();
    collections();
    logs();
    return done_testing();
}
