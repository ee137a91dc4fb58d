/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real cgroups: on the host as it is, then, in a mount namespace of our own, with the v1
 * hierarchies alone and with cgroup2 alone at /sys/fs/cgroup. Needs root; leaves nothing behind.
 */
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

static char *slurp(const char *path)
{
    static char buf[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
    vl_close(fd);
    buf[n < 0 ? 0 : n] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return buf;
}

static char *file_of(const struct vl_cgroup *cg, size_t dir, const char *file)
{
    return vl_path_join(vl_cgroup_describe(cg)->dir[dir].path, file);
}

/* Index of the directory that has a controller; of cgroup2 for "". -1 without. */
static int dir_of(const struct vl_cgroup *cg, const char *controller)
{
    const struct vl_cgroup_desc *d = vl_cgroup_describe(cg);
    for (size_t i = 0; i < d->n_dir; i++)
        if (strcmp(d->dir[i].controllers, controller) == 0)
            return (int)i;
    return -1;
}

static bool exists(const struct vl_cgroup *cg, bool want)
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
static bool no_error_(struct vl_error **err)
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
static bool fine(int r, struct vl_error **err)
{
    return no_error_(err) && r == 0;
}

static void error_is(struct vl_error *err, const char *part, const char *name)
{
    char *text = err ? vl_error_text(err) : NULL;
    if (!ok(text && strstr(text, part), "%s", name))
        diag("got: %s", text ? text : "no error");
    free(text);
    vl_error_free(err);
}

static struct vl_plan *plan_new(const char *name, int flags)
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

static void add_limits(struct vl_plan *plan, const char *json)
{
    struct vl_limits_ctx ctx = {&host, "linux.resources", true, false};
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

static struct vl_cgroup *create(const struct vl_plan *plan)
{
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    if (!ok(fine(vl_cgroup_create(plan, &host, NULL, &cg, &err), &err), "created"))
        exit(1);
    return cg;
}

static struct vl_cgroup *create_plain(const char *name)
{
    struct vl_plan *plan = plan_new(name, 0);
    struct vl_cgroup *cg = create(plan);
    vl_plan_free(plan);
    return cg;
}

/* A forked child that is in the cgroup and runs f; its pid. */
static pid_t in_cgroup(struct vl_cgroup *cg, int (*f)(void))
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

static int sleep_long(void)
{
    sleep(1000);
    return 0;
}

static int reap(pid_t pid)
{
    int status = -1;
    (void)waitpid(pid, &status, 0);
    return status;
}

static void destroy(struct vl_cgroup *cg)
{
    struct vl_error *err = NULL;
    ok(fine(vl_cgroup_destroy(cg, 5000, &err), &err) && exists(cg, false),
       "destroyed, nothing is left");
    vl_cgroup_free(cg);
}

/* -- cases ------------------------------------------------------------------------------------- */

static int noted, noted_late;
static int note(void *arg, const char *path, bool undo, struct vl_error **err)
{
    noted++;
    noted_late += access(path, F_OK) == 0 || undo;
    return 0;
}

static void test_life(void)
{
    struct vl_cgroup_journal journal = {note, NULL};
    struct vl_plan *plan = plan_new("life", 0);
    struct vl_cgroup_desc desc = {.dir = NULL};
    struct vl_cgroup_pids pids = {NULL, 0};
    struct vl_cgroup *cg = NULL, *again = NULL;
    struct vl_strv text = {NULL, 0};
    struct vl_error *err = NULL;
    noted = noted_late = 0;
    ok(fine(vl_cgroup_create(plan, &host, &journal, &cg, &err), &err) && exists(cg, true),
       "created");
    size_t n = vl_cgroup_describe(cg)->n_dir;
    is_int(noted, n, "the journal heard of each directory");
    is_int(noted_late, 0, "before it was made");
    is_int(n, host.n_v1 + (host.v2_mount != NULL), "one in each hierarchy");
    ok((vl_cgroup_dirfd(cg) >= 0) == (host.v2_mount != NULL),
       "a descriptor of cgroup2 where there is one");

    pid_t pid = in_cgroup(cg, sleep_long);
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 1 && pids.pid[0] == pid,
       "the process is listed");
    vl_cgroup_pids_reset(&pids);
    bool everywhere = true;
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *file = file_of(cg, i, "cgroup.procs");
        if (atoi(slurp(file)) != pid) {
            diag("%s: `%s`, not %d", file, slurp(file), (int)pid);
            everywhere = false;
        }
    }
    ok(everywhere, "it is in every hierarchy");

    is_int(vl_cgroup_create(plan, &host, NULL, &again, &err), -1,
           "a second one of that name is refused");
    error_is(err, "container's cgroup is not empty: 1 process(es) found", "with the usual words");
    err = NULL;
    ok(exists(cg, true), "and did not harm the first");

    vl_cgroup_desc_format(vl_cgroup_describe(cg), &text);
    ok(vl_cgroup_desc_parse(text.v, text.n, &desc, &err) == 0 && desc.n_dir == n,
       "the description survives as text");
    ok(vl_cgroup_open_recorded(&desc, &again, &err) == 0, "and opens again");
    is_int(vl_cgroup_wait_empty(again, 30, &err), -1, "it is not empty");
    error_is(err, "still in use: 1 process", "and says so at the timeout");
    err = NULL;
    is_int(vl_cgroup_remove(again, 30, &err), -1, "nor can it be removed");
    error_is(err, "still in use: 1 process", "which is said too");
    err = NULL;
    ok(fine(vl_cgroup_signal_all(again, SIGTERM, &err), &err), "a signal to all");
    ok(WTERMSIG(reap(pid)) == SIGTERM, "reaches the process");
    ok(fine(vl_cgroup_wait_empty(again, 2000, &err), &err), "then it is empty");
    destroy(again);
    ok(fine(vl_cgroup_remove(cg, 0, &err), &err), "removing what is gone is fine");
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 0, "and it has no processes");
    ok(!vl_cgroup_frozen(cg), "nor is it frozen");
    vl_cgroup_free(cg);
    vl_cgroup_desc_reset(&desc);
    vl_strv_reset(&text);
    vl_plan_free(plan);
}

static void leave(int sig)
{
    _exit(7);
}

/* Handles SIGTERM: a fatal signal would end a process that cgroup2 froze at once. */
static int count_up(void)
{
    (void)signal(SIGTERM, leave);
    for (volatile unsigned i = 0;; i++)
        ;
    return 0;
}

static void test_freeze(void)
{
    struct vl_cgroup *cg = create_plain("freeze"), *again = NULL;
    struct vl_plan *plan = plan_new("freeze", 0);
    struct vl_error *err = NULL;
    pid_t pid = in_cgroup(cg, count_up);
    usleep(20000); /* until it handles the signal */
    ok(!vl_cgroup_frozen(cg), "not frozen at first");
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err) && vl_cgroup_frozen(cg), "frozen");
    ok(fine(vl_cgroup_signal_all(cg, SIGTERM, &err), &err) && vl_cgroup_frozen(cg),
       "a signal leaves it frozen");
    usleep(20000);
    ok(waitpid(pid, NULL, WNOHANG) == 0, "and the process lives");
    ok(fine(vl_cgroup_thaw(cg, 2000, &err), &err) && !vl_cgroup_frozen(cg), "thawed");
    is_int(WEXITSTATUS(reap(pid)), 7, "now the signal is taken");
    pid = in_cgroup(cg, count_up);
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err), "frozen again");
    ok(fine(vl_cgroup_kill(cg, 2000, &err), &err), "killed while frozen");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "the process is dead");
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err), "an empty one can be frozen");
    is_int(vl_cgroup_create(plan, &host, NULL, &again, &err), -1,
           "and is then not taken for a container");
    error_is(err, "is frozen", "which is said");
    err = NULL;
    vl_plan_free(plan);
    destroy(cg);
}

static int breed(void)
{
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            for (;;) {
                pid_t p = fork();
                if (p == 0)
                    _exit(0);
                waitpid(p, NULL, 0);
            }
    sleep(1000);
    return 0;
}

static void test_kill(const char *disable)
{
    struct vl_cgroup *cg = create_plain("kill");
    struct vl_error *err = NULL;
    size_t n = vl_cgroup_describe(cg)->n_dir;
    setenv("VELOCI_DISABLE", disable, 1);
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *sub = file_of(cg, i, "a"), *subsub = file_of(cg, i, "a/b"),
                          *other = file_of(cg, i, "c");
        ok(mkdir(sub, 0755) == 0 && mkdir(subsub, 0755) == 0 && mkdir(other, 0755) == 0,
           "groups below it");
    }
    pid_t pid = in_cgroup(cg, breed);
    usleep(20000);
    ok(fine(vl_cgroup_kill(cg, 5000, &err), &err), "killed a family that goes on forking (%s)",
       *disable ? disable : "as usual");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "the first of them is dead");
    ok(fine(vl_cgroup_wait_empty(cg, 2000, &err), &err), "all are gone");
    ok(!vl_cgroup_frozen(cg), "and nothing stays frozen");
    setenv("VELOCI_DISABLE", "", 1);
    destroy(cg);
    vl_cgroup_free(cg = create_plain("path"));
    pid = in_cgroup(cg = create_plain("path"), sleep_long);
    for (size_t i = 0; i < n; i++)
        ok(fine(vl_cgroup_destroy_path(vl_cgroup_describe(cg)->dir[i].path, 2000, &err), &err),
           "a directory that only the journal knows");
    ok(WTERMSIG(reap(pid)) == SIGKILL && exists(cg, false), "process and directories are gone");
    is_int(vl_cgroup_destroy_path("/tmp", 0, &err), -1, "what is no cgroup");
    error_is(err, "no cgroup, it is left alone", "is left alone");
    err = NULL;
    vl_cgroup_free(cg);
}

static void value_is(struct vl_cgroup *cg, const char *controller, const char *file,
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

static bool has_controller(const char *name)
{
    for (size_t i = 0; i < host.n_v1; i++)
        if (strcmp(host.v1[i].controllers, name) == 0)
            return true;
    return host.v2_controllers && strstr(host.v2_controllers, name);
}

static void test_limits(void)
{
    struct vl_plan *plan = plan_new("limits", 0), *more = vl_alloc(sizeof(*more));
    struct vl_cgroup *cg;
    struct vl_error *err = NULL;
    bool v2 = host.cgroup_mode == VL_CGROUP_V2;
    if (has_controller("memory"))
        add_limits(plan, "{'memory':{'limit':16777216,'swap':33554432}}");
    if (has_controller("pids"))
        add_limits(plan, "{'pids':{'limit':7}}");
    if (has_controller("cpu"))
        add_limits(plan, "{'cpu':{'period':50000,'quota':20000,'burst':10000,'shares':512}}");
    if (has_controller("hugetlb") && host.n_hugepage_sizes > 0) {
        cleanup_free char *json = vl_asprintf(
            "{'hugepageLimits':[{'pageSize':'%s','limit':4294967296}]}", host.hugepage_sizes[0]);
        add_limits(plan, json);
    }
    cg = create(plan);
    value_is(cg, "memory", "memory.limit_in_bytes", "16777216");
    value_is(cg, "memory", "memory.memsw.limit_in_bytes", "33554432");
    value_is(cg, "pids", "pids.max", "7");
    value_is(cg, "cpu", "cpu.cfs_quota_us", "20000");
    value_is(cg, "cpu", "cpu.cfs_burst_us", "10000");
    if (dir_of(cg, "cpuset") >= 0) {
        cleanup_free char *cpus = file_of(cg, (size_t)dir_of(cg, "cpuset"), "cpuset.cpus");
        ok(*slurp(cpus), "CPUs are inherited");
    }
    if (v2 && has_controller("memory"))
        value_is(cg, "", "memory.max", "16777216");
    if (v2 && has_controller("memory"))
        value_is(cg, "", "memory.swap.max", "16777216");
    if (v2 && has_controller("cpu"))
        value_is(cg, "", "cpu.max", "20000 50000");
    if (dir_of(cg, "") >= 0 && has_controller("hugetlb") && host.n_hugepage_sizes > 0) {
        cleanup_free char *file = vl_asprintf("hugetlb.%s.max", host.hugepage_sizes[0]);
        cleanup_free char *rsvd = vl_asprintf("hugetlb.%s.rsvd.max", host.hugepage_sizes[0]);
        value_is(cg, "", file, "4294967296");
        value_is(cg, "", rsvd, "4294967296");
    }
    if (has_controller("memory"))
        add_limits(more, "{'memory':{'limit':8388608,'swap':8388608}}");
    if (has_controller("cpu"))
        add_limits(more, "{'cpu':{'period':80000}}");
    ok(fine(vl_cgroup_apply(cg, &host, more, &err), &err), "updated");
    value_is(cg, "memory", "memory.memsw.limit_in_bytes", "8388608");
    value_is(cg, "cpu", "cpu.cfs_period_us", "80000");
    value_is(cg, "cpu", "cpu.cfs_quota_us", "20000");
    if (v2 && has_controller("cpu"))
        value_is(cg, "", "cpu.max", "20000 80000");
    vl_plan_free(plan);
    vl_plan_free(more);
    destroy(cg);
}

/* What only a host with these controllers on cgroup2 can show. */
static void test_limits_v2(void)
{
    struct vl_plan *plan = plan_new("limits2", 0);
    if (has_controller("memory"))
        add_limits(plan, "{'unified':{'memory.high':'8388608'},'memory':{'reservation':4194304}}");
    if (has_controller("cpuset"))
        add_limits(plan, "{'cpu':{'cpus':'0','mems':'0'}}");
    if (has_controller("cpu"))
        add_limits(plan, "{'cpu':{'shares':262144}}");
    if (has_controller("io"))
        add_limits(plan, "{'blockIO':{'weight':500}}");
    struct vl_cgroup *cg = create(plan);
    if (has_controller("memory")) {
        value_is(cg, "", "memory.high", "8388608");
        value_is(cg, "", "memory.low", "4194304");
    }
    if (has_controller("cpuset"))
        value_is(cg, "", "cpuset.cpus", "0");
    if (has_controller("cpu"))
        value_is(cg, "", "cpu.weight", "10000");
    if (has_controller("io")) {
        cleanup_free char *bfq = file_of(cg, 0, "io.bfq.weight");
        bool has_bfq = access(bfq, F_OK) == 0;
        value_is(cg, "", has_bfq ? "io.bfq.weight" : "io.weight",
                 has_bfq ? "default 500" : "default 4950");
    }
    vl_plan_free(plan);
    destroy(cg);
}

/* Below a threaded cgroup: the container's has to become threaded too. */
static void test_threaded(void)
{
    cleanup_free char *above =
        vl_asprintf("%s/veloci-unit-threaded-%d", host.v2_mount, (int)getpid());
    cleanup_free char *type = vl_path_join(above, "cgroup.type");
    cleanup_free char *path = vl_asprintf("%s/x", above + strlen(host.v2_mount));
    struct vl_plan *plan = plan_new("threaded", 0);
    struct vl_cgroup *cg;
    struct vl_cgroup_pids pids = {NULL, 0};
    struct vl_error *err = NULL;
    vl_op_str(&plan->op[0], 0, path);
    FILE *f = mkdir(above, 0755) == 0 ? fopen(type, "we") : NULL;
    ok(f && fputs("threaded", f) >= 0 && fclose(f) == 0, "a threaded cgroup");
    cg = create(plan);
    value_is(cg, "", "cgroup.type", "threaded");
    pid_t pid = in_cgroup(cg, sleep_long);
    ok(fine(vl_cgroup_procs(cg, &pids, &err), &err) && pids.n == 1 && pids.pid[0] == pid,
       "its process is listed");
    ok(fine(vl_cgroup_kill(cg, 2000, &err), &err), "killed, although it has no cgroup.kill");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "the process is dead");
    vl_cgroup_pids_reset(&pids);
    vl_plan_free(plan);
    destroy(cg);
    ok(rmdir(above) == 0, "nothing is left below it");
}

static struct vl_op *add_write(struct vl_plan *plan, int hierarchy, unsigned flags,
                               const char *controller, const char *file, const char *value)
{
    struct vl_op *op = vl_plan_op(plan, VL_OP_CGWRITE, "linux.resources.unified.x");
    op->n[0] = hierarchy;
    op->n[1] = flags;
    vl_op_str(op, 0, controller);
    vl_op_str(op, 1, file);
    vl_op_str(op, 2, value);
    return op;
}

static void test_failures(void)
{
    int hierarchy = host.v2_mount ? 2 : 1;
    const char *controller = host.v2_mount ? "cgroup" : "pids",
               *file = host.v2_mount ? "cgroup.max.depth" : "pids.max";
    struct vl_plan *plan = plan_new("fail", 0);
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    add_write(plan, hierarchy, 0, controller, "x.nonsense", "1");
    is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1, "a file that is not there");
    error_is(err, "has no `x.nonsense`", "is named");
    err = NULL;
    vl_plan_free(plan);
    plan = plan_new("fail", 0);
    add_write(plan, hierarchy, 0, controller, file, "nonsense");
    is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1, "a value that the kernel refuses");
    error_is(err, "(at linux.resources.unified.x): Invalid argument", "is told with its place");
    err = NULL;
    vl_plan_free(plan);
    plan = plan_new("fail", 0);
    add_write(plan, hierarchy, VL_CGW_ALT, controller, "x.nonsense", "1");
    add_write(plan, hierarchy, 0, controller, file, "3");
    add_write(plan, hierarchy, VL_CGW_ALT, controller, file, "4");
    add_write(plan, hierarchy, 0, controller, "x.nonsense", "1");
    add_write(plan, hierarchy, VL_CGW_IF_EXISTS, controller, "x.nonsense", "1");
    add_write(plan, hierarchy, VL_CGW_KEEP, controller, file, "-");
    cg = create(plan);
    value_is(cg, host.v2_mount ? "" : "pids", file, "4");
    vl_plan_free(plan);
    destroy(cg);
}

static int open_devices(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return 1;
    if (open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0)
        return 2;
    return errno == EPERM ? 0 : 3;
}

static void test_devices(void)
{
    static const struct vl_devrule rules[] = {{false, 'a', -1, -1, 7, NULL},
                                              {true, 'c', 1, 3, 7, NULL}};
    struct vl_plan *plan = plan_new("devices", 0);
    struct vl_devwrite *w = NULL;
    struct bpf_insn *insn = NULL;
    struct vl_error *err = NULL;
    size_t n = 0;
    if (host.n_v1 > 0) {
        if (vl_devrules_v1(rules, 2, &w, &n, &err) < 0)
            abort();
        for (size_t i = 0; i < n; i++)
            add_write(plan, 1, 0, "devices", w[i].file, w[i].value);
    } else {
        if (vl_devrules_bpf(rules, 2, &insn, &n) < 0)
            abort();
        vl_op_blob(vl_plan_op(plan, VL_OP_CGDEVICES, "linux.resources.devices"), 0, insn,
                   n * sizeof(*insn));
    }
    struct vl_cgroup *cg = create(plan), *open = create_plain("open");
    is_int(reap(in_cgroup(cg, open_devices)), 0, "null can be opened, zero cannot");
    is_int(WEXITSTATUS(reap(in_cgroup(open, open_devices))), 2, "without the rules it can");
    free(w);
    free(insn);
    vl_plan_free(plan);
    destroy(cg);
    destroy(open);
}

/* The kernel's verifier has to take what the compiler makes of any list. */
static void test_verifier(void)
{
    unsigned long long seed = 7;
    int refused = 0;
    for (int round = 0; round < 200; round++) {
        struct vl_devrule r[10];
        struct bpf_insn *insn = NULL;
        size_t n = 0;
        for (size_t i = 0; i < 10; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            unsigned v = (unsigned)(seed >> 32);
            r[i] = (struct vl_devrule){v & 1,
                                       "abc"[v % 3],
                                       (int64_t)(v >> 8 & 7) - 1,
                                       (int64_t)(v >> 12 & 7) - 1,
                                       1 + (v >> 16) % 7,
                                       NULL};
        }
        if (vl_devrules_bpf(r, 10, &insn, &n) < 0 || n == 0)
            continue;
        struct vl_plan *plan = plan_new("verifier", 0);
        vl_op_blob(vl_plan_op(plan, VL_OP_CGDEVICES, "linux.resources.devices"), 0, insn,
                   n * sizeof(*insn));
        struct vl_cgroup *cg = NULL;
        struct vl_error *err = NULL;
        refused += vl_cgroup_create(plan, &host, NULL, &cg, &err) < 0;
        no_error(err);
        if (cg && vl_cgroup_remove(cg, 1000, &err) < 0)
            no_error(err);
        vl_cgroup_free(cg);
        vl_plan_free(plan);
        free(insn);
    }
    is_int(refused, 0, "the kernel takes the programs of 200 random lists");
}

static void test_owner(void)
{
    struct vl_plan *plan = plan_new("owner", VL_CG_DELEGATE);
    struct stat dir, procs, type;
    plan->op[0].n[3] = 12345;
    struct vl_cgroup *cg = create(plan);
    cleanup_free char *own = file_of(cg, 0, ""), *file = file_of(cg, 0, "cgroup.procs"),
                      *other = file_of(cg, 0, "cgroup.type");
    ok(stat(own, &dir) == 0 && stat(file, &procs) == 0 && stat(other, &type) == 0,
       "files are there");
    ok(dir.st_uid == 12345 && procs.st_uid == 12345,
       "directory and cgroup.procs have the new owner");
    ok(type.st_uid == 0 && dir.st_gid == 0, "other files and the group have not");
    vl_plan_free(plan);
    destroy(cg);
}

static void test_optional(void)
{
    struct vl_plan *plan = plan_new("optional", VL_CG_OPTIONAL);
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    if (seteuid(65534) < 0)
        abort();
    ok(fine(vl_cgroup_create(plan, &host, NULL, &cg, &err), &err), "not permitted, but optional");
    ok(cg && vl_cgroup_describe(cg)->manager == VL_CGM_DISABLED && vl_cgroup_notes(cg)->n == 1,
       "goes on without, and notes it");
    vl_cgroup_free(cg);
    plan->op[0].n[2] = 0;
    is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1, "not permitted");
    error_is(err, "Permission denied", "is an error else");
    if (seteuid(0) < 0)
        abort();
    vl_plan_free(plan);
    plan = vl_alloc(sizeof(*plan));
    err = NULL;
    cg = create(plan);
    ok(vl_cgroup_kill(cg, 0, &err) == 0 && vl_cgroup_remove(cg, 0, &err) == 0 &&
           vl_cgroup_dirfd(cg) < 0,
       "without a planned cgroup nothing happens");
    vl_cgroup_free(cg);
    vl_plan_free(plan);
}

static void test_spawn(void)
{
    struct vl_cgroup *cg = create_plain("spawn");
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_child child;
    struct vl_error *err = NULL;
    struct vl_cgroup_pids pids = {NULL, 0};
    s.path = "/bin/sleep";
    s.argv = (char *const[]){(char *)"sleep", (char *)"1000", NULL};
    s.cgroup_fd = vl_cgroup_dirfd(cg);
    is_int(vl_spawn(&s, &child, NULL), 0, "a program is started");
    ok(fine(vl_cgroup_attach(cg, child.pid, s.cgroup_fd >= 0, &err), &err),
       "and moved where it was not born");
    for (size_t i = 0; i < vl_cgroup_describe(cg)->n_dir; i++) {
        cleanup_free char *file = file_of(cg, i, "cgroup.procs");
        is_int(atoi(slurp(file)), child.pid, "%s has it", file);
    }
    if (host.v2_mount) {
        int fd = vl_cgroup_dirfd_of(&host, child.pid);
        struct stat a, b;
        ok(fd >= 0 && fstat(fd, &a) == 0 && fstat(vl_cgroup_dirfd(cg), &b) == 0 &&
               a.st_ino == b.st_ino,
           "found by its pid");
        vl_close(fd);
    }
    ok(fine(vl_cgroup_kill(cg, 2000, &err), &err), "killed");
    vl_child_kill(&child);
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 0, "empty");
    struct vl_cgroup *undo = create_plain("undo");
    vl_cgroup_undo(undo);
    ok(exists(undo, false), "undone");
    vl_cgroup_free(undo);
    destroy(cg);
}

static char *path_of(const char *mount, const char *name)
{
    return vl_asprintf("%s%s/%s", mount, parent, name);
}

static void test_relative(void)
{
    cleanup_free char *below = path_of(host.v2_mount, "mine/below/x");
    cleanup_free char *beside = path_of(host.v2_mount, "below/x");
    struct vl_plan *plan = plan_new("x", VL_CG_RELATIVE);
    struct vl_error *err = NULL;
    vl_op_str(&plan->op[0], 0, "below/x");
    struct vl_cgroup *cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, below, "a relative path is below our own cgroup");
    destroy(cg);
    if (has_controller("hugetlb") && host.n_hugepage_sizes > 0) {
        cleanup_free char *file = vl_asprintf("hugetlb.%s.max", host.hugepage_sizes[0]);
        cleanup_free char *busy = vl_asprintf("%s/mine/y", parent);
        add_write(plan, 2, 0, "hugetlb", file, "0");
        cg = create(plan);
        is_str(vl_cgroup_describe(cg)->dir[0].path, beside, "or beside it, when that one is busy");
        value_is(cg, "", file, "0");
        destroy(cg);
        plan->op[0].n[2] = 0;
        vl_op_str(&plan->op[0], 0, busy);
        is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1,
               "an absolute path has no second choice");
        error_is(err, "which has processes of its own", "and the reason is said");
    } else {
        skip("a busy parent needs the hugetlb controller");
    }
    vl_plan_free(plan);
}

static void test_default(void)
{
    cleanup_free char *ours = path_of(host.v2_mount, "mine");
    cleanup_free char *id = vl_asprintf("/veloci-unit-box-%d", (int)getpid());
    cleanup_free char *at_root = vl_path_join(host.v2_mount, id), *in_ours = vl_path_join(ours, id);
    struct vl_plan *plan = plan_new("x", VL_CG_DEFAULT);
    vl_op_str(&plan->op[0], 0, id);
    struct vl_cgroup *cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, at_root, "the default is at the root");
    destroy(cg);
    if (chown(ours, 65534, 0) < 0 || seteuid(65534) < 0)
        abort();
    cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, in_ours,
           "or below our own, where only that is permitted");
    destroy(cg);
    if (seteuid(0) < 0)
        abort();
    vl_plan_free(plan);
}

/* Where a cgroup goes when the first choice is not possible; our own facts are made up for that. */
static void test_places(void)
{
    char *own = host.v2_own_path;
    struct vl_cgroup *mine = create_plain("mine");
    pid_t pid = in_cgroup(mine, sleep_long);
    host.v2_own_path = vl_asprintf("%s/mine", parent);
    test_relative();
    test_default();
    free(host.v2_own_path);
    host.v2_own_path = own;
    kill(pid, SIGKILL);
    reap(pid);
    cleanup_free char *left1 = path_of(host.v2_mount, "mine/below"),
                      *left2 = path_of(host.v2_mount, "below");
    ok(rmdir(left1) == 0 && (rmdir(left2) == 0 || errno == ENOENT),
       "parents that had to be made stay");
    destroy(mine);
}

/* -- views ------------------------------------------------------------------------------------- */

static void suite(const char *view)
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
    test_life();
    test_freeze();
    test_kill("");
    if (host.v2_mount)
        test_kill("cgroup_kill");
    test_limits();
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_limits_v2();
    if (host.cgroup_mode == VL_CGROUP_V2 && has_controller("memory"))
        test_threaded();
    test_failures();
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_places();
    test_devices();
    if (host.n_v1 == 0)
        test_verifier();
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_owner();
    test_optional();
    test_spawn();
    for (size_t i = 0; i < host.n_v1; i++) {
        cleanup_free char *dir = vl_path_join(host.v1[i].mount, parent);
        ok(rmdir(dir) == 0, "%s: nothing was left below %s", view, dir);
    }
    if (host.v2_mount) {
        cleanup_free char *dir = vl_path_join(host.v2_mount, parent);
        ok(rmdir(dir) == 0, "%s: nothing was left below %s", view, dir);
    }
}

static void clear_view(void)
{
    while (umount2("/sys/fs/cgroup", MNT_DETACH) == 0)
        ;
}

/* The v1 hierarchies of the host, bound one by one on a tmpfs. */
static bool view_v1(void)
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

static bool view_v2(void)
{
    clear_view();
    return mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
}

int main(void)
{
    if (geteuid() != 0)
        skip_all("needs root");
    parent = vl_asprintf("/veloci-unit-%d", (int)getpid());
    suite("host");
    bool was_v2 = host.cgroup_mode == VL_CGROUP_V2, was_v1 = host.cgroup_mode == VL_CGROUP_V1;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0) {
        skip("the other views need a mount namespace");
        return done_testing();
    }
    if (was_v1 || !view_v1())
        skip("v1 view: %s", was_v1 ? "done" : "this host has no v1 hierarchies");
    else
        suite("v1 view");
    if (was_v2 || !view_v2())
        skip("v2 view: %s", was_v2 ? "done" : "cgroup2 cannot be mounted");
    else
        suite("v2 view");
    vl_host_reset(&host);
    free(parent);
    return done_testing();
}
