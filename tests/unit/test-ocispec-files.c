/* SPDX-License-Identifier: Apache-2.0 */
/* libocispec: round trips of captured documents, broken ones, the writer, the speed. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <yajl/yajl_tree.h>

#include <ocispec.h>
#include "tap.h"

static struct oci_doc *doc;
static struct oci_config *config;
static struct oci_report report;
static char printed[4096];

/* "PATH:LINE:COLUMN: MESSAGE; …" of problems or notes */
static const char *list(const struct oci_problem *p, size_t n)
{
    size_t len = 0;
    printed[0] = '\0';
    for (size_t i = 0; i < n && len < sizeof(printed) - 1; i++)
        len += (size_t)snprintf(printed + len, sizeof(printed) - len, "%s%s:%u:%u: %s",
                                i > 0 ? "; " : "", p[i].path, p[i].line, p[i].column, p[i].message);
    return printed;
}

static int parse_n(const char *s, size_t n)
{
    oci_report_reset(&report);
    oci_doc_free(doc);
    return oci_config_parse(s, n, &doc, &config, &report);
}

static char *slurp(const char *name, size_t *len)
{
    char path[4096];
    const char *srcdir = getenv("srcdir");
    (void)snprintf(path, sizeof(path), "%s/tests/data/bundles/%s", srcdir ? srcdir : ".", name);
    FILE *f = fopen(path, "re");
    char *buf = malloc(1 << 20);
    *len = f != NULL ? fread(buf, 1, 1 << 20, f) : 0;
    if (f != NULL)
        (void)fclose(f);
    buf[*len] = '\0';
    return buf;
}

/* Whether two documents say the same; members of objects in any order, null members left out. */
static bool same_tree(yajl_val a, yajl_val b)
{
    if (a == NULL || b == NULL || a->type != b->type)
        return false;
    if (YAJL_IS_STRING(a))
        return strcmp(a->u.string, b->u.string) == 0;
    if (YAJL_IS_NUMBER(a))
        return strcmp(a->u.number.r, b->u.number.r) == 0;
    if (YAJL_IS_ARRAY(a)) {
        bool same = a->u.array.len == b->u.array.len;
        for (size_t i = 0; same && i < a->u.array.len; i++)
            same = same_tree(a->u.array.values[i], b->u.array.values[i]);
        return same;
    }
    if (!YAJL_IS_OBJECT(a))
        return true;
    size_t found = 0;
    for (size_t i = 0; i < a->u.object.len; i++) {
        const char *key[] = {a->u.object.keys[i], NULL};
        if (YAJL_IS_NULL(a->u.object.values[i]))
            continue;
        if (!same_tree(a->u.object.values[i], yajl_tree_get(b, key, yajl_t_any))) {
            diag("differs at %s", key[0]);
            return false;
        }
        found++;
    }
    return found == b->u.object.len;
}

static bool same_json(const char *a, const char *b)
{
    yajl_val tree_a = yajl_tree_parse(a, NULL, 0), tree_b = yajl_tree_parse(b, NULL, 0);
    bool same = same_tree(tree_a, tree_b);
    yajl_tree_free(tree_a);
    yajl_tree_free(tree_b);
    return same;
}

/* One document of any type. */
struct kind {
    int (*parse)(const char *buf, size_t len, void **v);
    int (*write)(const void *v, char **text, size_t *len);
};

#define KIND(name, NAME)                                                                           \
    static int parse_##name(const char *buf, size_t len, void **v)                                 \
    {                                                                                              \
        struct oci_##name *typed;                                                                  \
        oci_report_reset(&report);                                                                 \
        oci_doc_free(doc);                                                                         \
        int status = oci_##name##_parse(buf, len, &doc, &typed, &report);                          \
        *v = typed;                                                                                \
        return status;                                                                             \
    }                                                                                              \
    static int write_##name(const void *v, char **text, size_t *len)                               \
    {                                                                                              \
        return oci_##name##_write(v, "  ", text, len);                                             \
    }                                                                                              \
    static const struct kind kind_##name = {parse_##name, write_##name};
KIND(config, CONFIG)
KIND(process, PROCESS)
KIND(resources, RESOURCES)

static void round_trip(const char *name, const struct kind *k)
{
    size_t len, len1 = 0, len2 = 0;
    char *text = slurp(name, &len), *out1 = NULL, *out2 = NULL;
    void *v;
    int status = k->parse(text, len, &v);
    ok(status == 0 && report.n_notes == 0, "%s is read without notes", name);
    if (status != 0 || report.n_notes > 0) {
        diag("%s", list(report.problems, report.n_problems));
        diag("%s", list(report.notes, report.n_notes));
    }
    if (status == 0) {
        is_int(k->write(v, &out1, &len1), 0, "and written");
        ok(same_json(text, out1) && same_json(out1, text), "nothing is lost or added");
        is_int(k->parse(out1, len1, &v), 0, "read again");
        is_int(k->write(v, &out2, &len2), 0, "and written again");
        is_str(out2, out1, "gives the same bytes");
    }
    free(text);
    free(out1);
    free(out2);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static void test_captured(void)
{
    char path[4096];
    const char *srcdir = getenv("srcdir");
    (void)snprintf(path, sizeof(path), "%s/tests/data/bundles", srcdir ? srcdir : ".");
    DIR *dir = opendir(path);
    size_t n = 0;
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (!ends_with(e->d_name, ".json"))
            continue;
        n++;
        if (ends_with(e->d_name, "-process.json"))
            round_trip(e->d_name, &kind_process);
        else if (ends_with(e->d_name, "-resources.json"))
            round_trip(e->d_name, &kind_resources);
        else
            round_trip(e->d_name, &kind_config);
    }
    if (dir != NULL)
        (void)closedir(dir);
    ok(n >= 8, "%zu captured documents", n);
}

static void test_truncated(void)
{
    size_t len;
    char *text = slurp("podman-run.json", &len);
    size_t end = len;
    while (end > 0 && text[end - 1] != '}')
        end--;
    size_t refused_n = 0;
    for (size_t n = 0; n < end; n++) {
        char *part = malloc(n + 1); /* its own size, so that the sanitizer sees reads beyond */
        memcpy(part, text, n);
        refused_n += parse_n(part, n) == -EINVAL && doc == NULL && report.n_problems > 0;
        free(part);
    }
    is_int(refused_n, end, "podman-run.json cut at each of its %zu bytes is refused", end);

    size_t survived = 0;
    for (size_t n = 0; n < end; n += 7) { /* and with a byte changed it never crashes */
        char was = text[n];
        text[n] = (char)(was ^ 0x11);
        (void)parse_n(text, len);
        survived++;
        text[n] = was;
    }
    ok(survived > 1000, "%zu copies with one byte changed", survived);
    free(text);
}

static void test_others(void)
{
    struct oci_resources *res;
    static const char r[] =
        "{\"devices\":[{\"allow\":false}],\"unified\":{\"memory.high\":\"1\"},"
        "\"pids\":{\"limit\":-1},\"rdma\":{\"mlx5\":{\"hcaHandles\":3}},"
        "\"memory\":{\"checkBeforeUpdate\":true},\"cpu\":{\"burst\":5,\"idle\":1}}";
    char *text;
    size_t len;
    oci_report_reset(&report);
    oci_doc_free(doc);
    is_int(oci_resources_parse(r, strlen(r), &doc, &res, &report), 0, "resources document");
    is_int(res->rdma[0].value.hca_handles, 3, "map of objects");
    is_int(oci_resources_write(res, NULL, &text, &len), 0, "is written");
    ok(same_json(r, text) && same_json(text, r), "as it was");
    ok(strchr(text, '\n') == NULL && strlen(text) == len, "on one line");
    free(text);

    struct oci_features *f;
    static const char ft[] =
        "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\",\"linux\":{\"seccomp\":{"
        "\"enabled\":true,\"actions\":[]},\"mountExtensions\":{\"idmap\":{\"enabled\":false}}},"
        "\"potentiallyUnsafeConfigAnnotations\":[\"org.criu.\"]}";
    oci_doc_free(doc);
    is_int(oci_features_parse(ft, strlen(ft), &doc, &f, &report), 0, "features document");
    is_int(oci_features_write(f, "    ", &text, &len), 0, "is written");
    ok(same_json(ft, text) && same_json(text, ft), "as it was");
    ok(len > 0 && text[len - 1] == '\n', "indented text ends with a newline");
    free(text);

    struct oci_kv kv[] = {{(char *)"a", (char *)"1"}};
    struct oci_state s = {.oci_version = (char *)"1.3.0",
                          .id = (char *)"x\"y",
                          .status = (char *)"created",
                          .has_pid = true,
                          .pid = 12,
                          .bundle = (char *)"/b",
                          .annotations = kv,
                          .n_annotations = 1};
    is_int(oci_state_write(&s, NULL, &text, &len), 0, "state document");
    is_str(text,
           "{\"ociVersion\":\"1.3.0\",\"id\":\"x\\\"y\",\"pid\":12,\"status\":\"created\","
           "\"bundle\":\"/b\",\"annotations\":{\"a\":\"1\"}}",
           "members in the order of the schema");
    free(text);
    struct oci_process_state ps = {.oci_version = (char *)"1.3.0",
                                   .fds = (char *[]){(char *)"seccompFd"},
                                   .n_fds = 1,
                                   .state = &s};
    is_int(oci_process_state_write(&ps, NULL, &text, &len), 0, "message for seccomp listeners");
    free(text);
    ps.state = NULL;
    is_int(oci_process_state_write(&ps, NULL, &text, &len), -EINVAL, "a required object is NULL");
    s.bundle = NULL;
    is_int(oci_state_write(&s, NULL, &text, &len), -EINVAL, "a required string is NULL");
    s.bundle = (char *)"\xff";
    is_int(oci_state_write(&s, NULL, &text, &len), -EINVAL, "a string is not UTF-8");
    ok(text == NULL, "no text then");
}

/* A document of about 100 KB: the system call list of podman-run.json 15 times. The limit is
 * generous: the figure is for the reader of the log, the check for a parser that became quadratic.
 */
static void test_speed(void)
{
    size_t len, out_len;
    char *text = slurp("podman-run.json", &len), *out;
    if (parse_n(text, len) != 0 || config->linux->seccomp == NULL) {
        ok(false, "podman-run.json is there");
        free(text);
        return;
    }
    struct oci_seccomp *sc = config->linux->seccomp;
    size_t n = sc->n_syscalls;
    struct oci_syscall *more = oci_doc_alloc(doc, 15 * n * sizeof(*more));
    for (size_t i = 0; i < 15 * n; i++)
        more[i] = sc->syscalls[i % n];
    sc->syscalls = more;
    sc->n_syscalls = 15 * n;
    (void)oci_config_write(config, NULL, &out, &out_len);
    free(text);
    double best = 1e9;
    bool good = true;
    for (int i = 0; i < 20; i++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        good = parse_n(out, out_len) == 0 && good;
        clock_gettime(CLOCK_MONOTONIC, &b);
        double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
        best = ms < best ? ms : best;
    }
    free(out);
    diag("%zu bytes in %.3f ms", out_len, best);
    ok(good && best < 50, "a document of %zu KB is read at once", out_len / 1000);
}

int main(void)
{
    test_captured();
    test_truncated();
    test_others();
    test_speed();
    oci_report_reset(&report);
    oci_doc_free(doc);
    return done_testing();
}
