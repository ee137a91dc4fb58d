/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of real cgroups: short ways to make one, to put a process into it and to look at
 * it; and the same suite in each view of /sys/fs/cgroup: the host as it is, then, in a mount
 * namespace of our own, the v1 hierarchies alone and cgroup2 alone.
 */
#ifndef VL_TESTS_CGROUP_LIVE_H
#define VL_TESTS_CGROUP_LIVE_H

#include <errno.h>
#include <fcntl.h>
#include <ocispec.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "plan/cgroup.h"
#include "sys/clone.h"
#include "sys/host.h"
#include "tap.h"

static struct vl_host host;
static char *parent; /* cgroupsPath of all that is made here */

/* -- helpers ----------------------------------------------------------------------------------- */

VL_UNUSED static char *slurp(const char *path)
{
    static char buf[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
    vl_close(fd);
    buf[n < 0 ? 0 : n] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return buf;
}

VL_UNUSED static char *file_of(const struct vl_cgroup *cg, size_t dir, const char *file)
{
    return vl_path_join(vl_cgroup_describe(cg)->dir[dir].path, file);
}

/* Index of the directory that has a controller; of cgroup2 for "". -1 without. */
VL_UNUSED static int dir_of(const struct vl_cgroup *cg, const char *controller)
{
    const struct vl_cgroup_desc *d = vl_cgroup_describe(cg);
    for (size_t i = 0; i < d->n_dir; i++)
        if (strcmp(d->dir[i].controllers, controller) == 0)
            return (int)i;
    return -1;
}

VL_UNUSED static bool exists(const struct vl_cgroup *cg, bool want)
{
    const struct vl_cgroup_desc *d = vl_cgroup_describe(cg);
    for (size_t i = 0; i < d->n_dir; i++)
        if ((access(d->dir[i].path, F_OK) == 0) != want) {
            diag("%s %s", d->dir[i].path, want ? "is not there" : "is still there");
            return false;
        }
    return d->n_dir > 0;
}

/* True when there is none; else shows and drops it. */
VL_UNUSED static bool no_error_(struct vl_error **err)
{
    if (*err == NULL)
        return true;
    char *text = vl_error_text(*err);
    diag("%s", text);
    free(text);
    vl_cleanup_error(err);
    return false;
}
#define no_error(err) no_error_(&(err))

/* A call that has to succeed; shows the error of one that does not. */
VL_UNUSED static bool fine(int r, struct vl_error **err)
{
    return no_error_(err) && r == 0;
}

VL_UNUSED static void error_is(struct vl_error *err, const char *part, const char *name)
{
    char *text = err ? vl_error_text(err) : NULL;
    if (!ok(text && strstr(text, part), "%s", name))
        diag("got: %s", text ? text : "no error");
    free(text);
    vl_error_free(err);
}

VL_UNUSED static struct vl_plan *plan_new(const char *name, int flags)
{
    struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_op *op = vl_plan_op(plan, VL_OP_CGROUP, "linux.cgroupsPath");
    cleanup_free char *path = vl_asprintf("%s/%s", parent, name);
    op->n[1] = host.cgroup_mode;
    op->n[2] = flags;
    op->n[3] = op->n[4] = -1;
    vl_op_str(op, 0, path);
    return plan;
}

VL_UNUSED static void add_limits(struct vl_plan *plan, const char *json)
{
    struct vl_limits_ctx ctx = {.host = &host, .at = "linux.resources", .pids_zero = true};
    cleanup_free char *text = vl_strdup(json);
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *err = NULL;
    struct oci_resources *r;
    struct oci_doc *doc;
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    if (oci_resources_parse(text, strlen(text), &doc, &r, &report) < 0)
        abort();
    ok(fine(vl_limits_compile(r, &ctx, plan, &err), &err), "limits are planned");
    oci_doc_free(doc);
    oci_report_reset(&report);
}

VL_UNUSED static struct vl_cgroup *create(const struct vl_plan *plan)
{
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    if (!ok(fine(vl_cgroup_create(plan, &host, NULL, &cg, &err), &err), "created"))
        exit(1);
    return cg;
}

VL_UNUSED static struct vl_cgroup *create_plain(const char *name)
{
    struct vl_plan *plan = plan_new(name, 0);
    struct vl_cgroup *cg = create(plan);
    vl_plan_free(plan);
    return cg;
}

/* A forked child that is in the cgroup and runs f; its pid. */
VL_UNUSED static pid_t in_cgroup(struct vl_cgroup *cg, int (*f)(void))
{
    struct vl_error *err = NULL;
    const int *fds;
    size_t n;
    if (vl_cgroup_self_fds(cg, false, &fds, &n, &err) < 0)
        no_error(err);
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        if (vl_cgroup_join_self(fds, n, NULL) < 0)
            _exit(99);
        (void)!write(ready[1], "x", 1);
        _exit(f());
    }
    char c;
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1)
        diag("the child could not join");
    close(ready[0]);
    return pid;
}

VL_UNUSED static int sleep_long(void)
{
    sleep(1000);
    return 0;
}

VL_UNUSED static int reap(pid_t pid)
{
    int status = -1;
    (void)waitpid(pid, &status, 0);
    return status;
}

VL_UNUSED static void destroy(struct vl_cgroup *cg)
{
    struct vl_error *err = NULL;
    ok(fine(vl_cgroup_destroy(cg, 5000, &err), &err) && exists(cg, false),
       "destroyed, nothing is left");
    vl_cgroup_free(cg);
}

VL_UNUSED static void value_is(struct vl_cgroup *cg, const char *controller, const char *file,
                               const char *want)
{
    int i = dir_of(cg, controller);
    if (i < 0)
        return;
    cleanup_free char *path = file_of(cg, (size_t)i, file);
    if (access(path, F_OK) < 0)
        skip("%s is not there", path);
    else
        is_str(slurp(path), want, "%s", path);
}

VL_UNUSED static bool has_controller(const char *name)
{
    for (size_t i = 0; i < host.n_v1; i++)
        if (strcmp(host.v1[i].controllers, name) == 0)
            return true;
    return host.v2_controllers && strstr(host.v2_controllers, name);
}

VL_UNUSED static struct vl_op *add_write(struct vl_plan *plan, int hierarchy, unsigned flags,
                                         const char *controller, const char *file,
                                         const char *value)
{
    struct vl_op *op = vl_plan_op(plan, VL_OP_CGWRITE, "linux.resources.unified.x");
    op->n[0] = hierarchy;
    op->n[1] = flags;
    vl_op_str(op, 0, controller);
    vl_op_str(op, 1, file);
    vl_op_str(op, 2, value);
    return op;
}

/* -- views --------------------------------------------------------------------------------------
 */

VL_UNUSED static void suite(const char *view, void (*cases)(void))
{
    vl_host_reset(&host);
    if (vl_host_gather(&host) < 0)
        abort();
    if (host.cgroup_mode == VL_CGROUP_NONE) {
        skip("%s: no cgroups", view);
        return;
    }
    diag("%s: %s", view,
         host.cgroup_mode == VL_CGROUP_V2   ? "v2"
         : host.cgroup_mode == VL_CGROUP_V1 ? "v1"
                                            : "hybrid");
    cases();
    for (size_t i = 0; i < host.n_v1; i++) {
        cleanup_free char *dir = vl_path_join(host.v1[i].mount, parent);
        ok(rmdir(dir) == 0, "%s: nothing was left below %s", view, dir);
    }
    if (host.v2_mount) {
        cleanup_free char *dir = vl_path_join(host.v2_mount, parent);
        ok(rmdir(dir) == 0, "%s: nothing was left below %s", view, dir);
    }
}

VL_UNUSED static void clear_view(void)
{
    while (umount2("/sys/fs/cgroup", MNT_DETACH) == 0)
        ;
}

/* The v1 hierarchies of the host, bound one by one on a tmpfs. */
VL_UNUSED static bool view_v1(void)
{
    char dir[] = "/tmp/veloci-test.XXXXXX";
    if (host.n_v1 == 0 || mkdtemp(dir) == NULL || mount("tmpfs", dir, "tmpfs", 0, NULL) < 0)
        return false;
    for (size_t i = 0; i < host.n_v1; i++) {
        cleanup_free char *at = vl_path_join(dir, host.v1[i].mount + strlen("/sys/fs/cgroup/"));
        if (mkdir(at, 0755) < 0 || mount(host.v1[i].mount, at, NULL, MS_BIND, NULL) < 0)
            return false;
    }
    clear_view();
    bool done = mount(dir, "/sys/fs/cgroup", NULL, MS_MOVE, NULL) == 0;
    (void)rmdir(dir);
    return done;
}

VL_UNUSED static bool view_v2(void)
{
    clear_view();
    return mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
}

/* What a test that stopped in the middle has left. */
VL_UNUSED static void clean_up(void)
{
    for (size_t i = 0; i <= host.n_v1; i++) {
        const char *mount = i < host.n_v1 ? host.v1[i].mount : host.v2_mount;
        cleanup_free char *dir = mount ? vl_path_join(mount, parent) : NULL;
        cleanup(error) struct vl_error *err = NULL;
        if (dir != NULL)
            (void)!vl_cgroup_destroy_path(dir, 1000, &err);
    }
}

/* Runs the cases in every view that this host can give. */
VL_UNUSED static int run_views(void (*cases)(void))
{
    if (geteuid() != 0)
        skip_all("needs root");
    parent = vl_asprintf("/veloci-unit-%d", (int)getpid());
    (void)atexit(clean_up);
    suite("host", cases);
    bool was_v2 = host.cgroup_mode == VL_CGROUP_V2, was_v1 = host.cgroup_mode == VL_CGROUP_V1;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0) {
        skip("the other views need a mount namespace");
        return done_testing();
    }
    if (was_v1 || !view_v1())
        skip("v1 view: %s", was_v1 ? "done" : "this host has no v1 hierarchies");
    else
        suite("v1 view", cases);
    if (was_v2 || !view_v2())
        skip("v2 view: %s", was_v2 ? "done" : "cgroup2 cannot be mounted");
    else
        suite("v2 view", cases);
    int status = done_testing();
    clean_up();
    vl_host_reset(&host);
    return status;
}

#endif
