/* SPDX-License-Identifier: Apache-2.0 */
/* spec/: bundles and documents as files, documents that stand alone, the template, and what engines wrote. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "spec/process.h"
#include "spec/resources.h"
#include "spec/spec.h"
#include "spec/template.h"
#include "tap.h"
#include "spec-errors.h"

static void put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        diag("cannot write %s", name);
    close(fd);
}

static void load_fails(const char *bundle, const char *file, const char *want)
{
    struct vl_spec *spec = NULL;
    cleanup(error) struct vl_error *err = NULL;
    int status = vl_spec_load(bundle, file, &spec, &err);
    cleanup_free char *text = err != NULL ? vl_error_text(err) : NULL;
    ok(status < 0 && spec == NULL && tap_same_str(text, want), "%s", want);
}

static const char minimal[] =
    "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"%s\"},\"linux\":{},\"x\":1,"
    "\"process\":{\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_X\"]},"
    "\"env\":[\"A=1\",\"B\"],\"commandLine\":\"c\"},"
    "\"mounts\":[{\"destination\":\"m\",\"type\":\"tmpfs\"}]}";

/* A directory with b/ (plain), d/real (behind the symbolic link `link`). */
static int make_tree(char *base)
{
    if (mkdtemp(base) == NULL)
        return -1;
    int dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_free char *plain = vl_asprintf(minimal, "rootfs/./x");
    cleanup_free char *dotdot = vl_asprintf(minimal, "../rootfs");
    mkdirat(dir, "b", 0700);
    mkdirat(dir, "d", 0700);
    mkdirat(dir, "d/real", 0700);
    mkdirat(dir, "d/rootfs", 0700);
    if (symlinkat("d/real", dir, "link") < 0)
        diag("no symbolic link");
    put(dir, "b/config.json", plain);
    put(dir, "b/other.json", "{}");
    put(dir, "b/broken.json", "{\n\"ociVersion\": 1.0 }");
    mkfifoat(dir, "b/fifo", 0600);
    put(dir, "d/real/config.json", dotdot);
    return dir;
}

static void remove_tree(const char *base, int dir)
{
    static const char *const names[] = {"b/config.json", "b/other.json",       "b/broken.json",
                                        "b/fifo",        "d/real/config.json", "link"};
    static const char *const dirs[] = {"b", "d/real", "d/rootfs", "d"};
    for (size_t i = 0; i < VL_ARRAY_LEN(names); i++)
        unlinkat(dir, names[i], 0);
    for (size_t i = 0; i < VL_ARRAY_LEN(dirs); i++)
        unlinkat(dir, dirs[i], AT_REMOVEDIR);
    close(dir);
    rmdir(base);
}

static void load_plain(const char *base, int dir)
{
    cleanup_free char *bundle = vl_asprintf("%s/b", base);
    cleanup_free char *rootfs = vl_asprintf("%s/b/rootfs/x", base);
    cleanup(spec) struct vl_spec *spec = NULL, *relative = NULL;
    struct vl_error *err = NULL;
    is_int(vl_spec_load(bundle, NULL, &spec, &err), 0, "a bundle is loaded");
    is_str(spec->bundle, bundle, "its directory");
    is_str(spec->rootfs, rootfs, "its root, cleaned");
    is_int(spec->notes.n, 5, "five notes");
    is_str(spec->notes.v[0], "x: unknown property, ignored", "unknown property");
    is_str(spec->notes.v[1],
           "process.capabilities.bounding[0]: unknown capability `CAP_X`, ignored",
           "unknown capability");
    is_str(spec->notes.v[2], "process.env[1]: has no `=`, passed on as it is", "odd environment");
    is_str(spec->notes.v[3], "process.commandLine: is for Windows, ignored",
           "setting of another system");
    is_str(spec->notes.v[4], "mounts[0].destination: `m` is taken as relative to /",
           "relative destination");

    int cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fchdir(dir) == 0) {
        is_int(vl_spec_load("./b//", "config.json", &relative, &err), 0, "a relative bundle");
        is_str(relative->bundle, bundle, "becomes absolute");
        if (fchdir(cwd) < 0)
            diag("cannot go back");
    }
    close(cwd);
}

/* To the kernel link/../rootfs is d/rootfs: `..` is not resolved by its looks. */
static void load_links(const char *base)
{
    cleanup_free char *rootfs = vl_asprintf("%s/d/rootfs", base);
    cleanup_free char *link = vl_asprintf("%s/link", base);
    cleanup_free char *up = vl_asprintf("%s/link/../real", base);
    cleanup(spec) struct vl_spec *spec = NULL, *other = NULL;
    struct vl_error *err = NULL;
    is_int(vl_spec_load(link, NULL, &spec, &err), 0, "a bundle behind a symbolic link");
    is_str(spec->bundle, link, "keeps its name");
    is_str(spec->rootfs, rootfs, "and ../rootfs is beside the real directory");
    is_int(vl_spec_load(up, NULL, &other, &err), 0, "a bundle with .. behind a symbolic link");
}

static void load_errors(const char *base)
{
    cleanup_free char *none = vl_asprintf("%s/none", base);
    cleanup_free char *bundle = vl_asprintf("%s/b", base);
    cleanup_free char *m1 = vl_asprintf("open bundle `%s/none`: No such file or directory", base);
    cleanup_free char *m2 =
        vl_asprintf("open `none.json` in bundle `%s`: No such file or directory", bundle);
    cleanup_free char *m3 = vl_asprintf("`fifo` in bundle `%s` is not a regular file", bundle);
    cleanup_free char *m4 = vl_asprintf(
        "%s/other.json: ociVersion: required property is missing (line 1, column 1)", bundle);
    cleanup_free char *m5 = vl_asprintf(
        "%s/broken.json: ociVersion: expected a string, found a number (line 2, column 15)",
        bundle);
    load_fails(none, NULL, m1);
    load_fails(bundle, "none.json", m2);
    load_fails(bundle, "fifo", m3);
    load_fails(bundle, "other.json", m4);
    load_fails(bundle, "broken.json", m5);
}

static void test_load(void)
{
    char base[] = "/tmp/veloci-test-spec-XXXXXX";
    int dir = make_tree(base);
    if (dir < 0) {
        skip("no temporary directory");
        return;
    }
    load_plain(base, dir);
    load_links(base);
    load_errors(base);
    remove_tree(base, dir);
}

static void test_alone(void)
{
    struct vl_process *p = NULL;
    struct vl_resources *r = NULL;
    struct vl_error *err = NULL;
    static const char good[] =
        "{\"cwd\":\"/\",\"args\":[\"sh\"],\"capabilities\":{\"ambient\":[\"Y\"]}}";
    is_int(vl_process_load_buffer("p", good, strlen(good), &p, &err), 0, "a process document");
    is_str(p->process->args[0], "sh", "is read");
    is_str(p->notes.v[0], "capabilities.ambient[0]: unknown capability `Y`, ignored", "with notes");
    vl_process_free(p);
    p = NULL;
    static const char bad[] = "{\"cwd\":\"x\",\"args\":[]}";
    int status = vl_process_load_buffer("p", bad, strlen(bad), &p, &err);
    ok(check(status, &err,
             "cwd: working directory `x` is not an absolute path; "
             "args: there must be at least one entry"),
       "places without a prefix");
    static const char res[] = "{\"devices\":[{\"allow\":true,\"type\":\"p\"}]}";
    status = vl_resources_load_buffer("r", res, strlen(res), &r, &err);
    ok(check(status, &err, "devices[0].type: unknown device type `p`"), "resources too");
    static const char res2[] = "{\"pids\":{\"limit\":3}}";
    is_int(vl_resources_load_buffer("r", res2, strlen(res2), &r, &err), 0, "a resources document");
    is_int(r->resources->pids->limit, 3, "is read");
    vl_resources_free(r);
    is_int(vl_process_load("/nonexistent/p", &p, &err), -1, "a file that is not there");
    is_int(vl_error_errno(err), ENOENT, "says so");
    vl_error_free(err);
}

static void test_template(void)
{
    for (int i = 0; i < 4; i++) {
        struct vl_template_opts opts = {
            .rootless = i & 1, .cgroup_ns = i & 2, .uid = 1000, .gid = 1001};
        size_t len;
        cleanup_free char *text = NULL;
        cleanup(spec) struct vl_spec *spec = NULL;
        struct vl_error *err = NULL;
        is_int(vl_template_write(&opts, &text, &len, &err), 0, "template %d is written", i);
        int status = vl_spec_load_buffer("/b", "template", text, len, &spec, &err);
        ok(check(status, &err, ""), "template %d passes its own checks", i);
        if (status < 0)
            continue;
        const struct oci_linux *l = spec->config->linux;
        is_int(spec->notes.n, 0, "without notes");
        is_int(l->n_namespaces, 5 + opts.rootless + opts.cgroup_ns, "namespaces");
        ok((l->resources == NULL) == opts.rootless, "resources");
        is_str(spec->config->mounts[5].type, opts.rootless ? "none" : "sysfs", "/sys");
        is_int(spec->config->mounts[2].n_options, opts.rootless ? 5 : 6, "gid=5 of /dev/pts");
        if (opts.rootless)
            is_int(l->gid_mappings[0].host_id, 1001, "the caller's group is root inside");
    }
}

static void test_captured(void)
{
    const char *srcdir = getenv("srcdir");
    cleanup_free char *path = vl_asprintf("%s/tests/data/bundles", srcdir ? srcdir : ".");
    DIR *dir = opendir(path);
    size_t n = 0;
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        cleanup(spec) struct vl_spec *spec = NULL;
        cleanup(process) struct vl_process *p = NULL;
        cleanup(resources) struct vl_resources *r = NULL;
        cleanup_free char *file = vl_asprintf("%s/%s", path, e->d_name);
        struct vl_error *err = NULL;
        int status;
        if (!vl_ends_with(e->d_name, ".json"))
            continue;
        n++;
        if (vl_ends_with(e->d_name, "-process.json"))
            status = vl_process_load(file, &p, &err);
        else if (vl_ends_with(e->d_name, "-resources.json"))
            status = vl_resources_load(file, &r, &err);
        else
            status = vl_spec_load(path, e->d_name, &spec, &err);
        ok(check(status, &err, "") && (spec == NULL || spec->notes.n == 0), "%s passes", e->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    ok(n >= 8, "%zu captured documents", n);
}

int main(void)
{
    test_load();
    test_alone();
    test_template();
    test_captured();
    return done_testing();
}
