/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real cgroups in use: updates that are all or nothing, device rules that are replaced at once
 * beside those of others, limits that wait for the first process, processes killed for memory. In
 * every view of the host. Needs root; leaves nothing behind.
 */
#include "cgroup-live.h"

#include <poll.h>
#include "cgroup/stats.h"
#include "sys/bpf.h"

/* A file that takes numbers in every view: "pids.max" of v1, "cgroup.max.depth" of v2. */
static const char *any_controller(void)
{
    return host.v2_mount ? "cgroup" : "pids";
}
static const char *any_file(void)
{
    return host.v2_mount ? "cgroup.max.depth" : "pids.max";
}
static const char *any_dir(void)
{
    return host.v2_mount ? "" : "pids";
}

static void add_any(struct vl_plan *plan, const char *value)
{
    add_write(plan, host.v2_mount ? 2 : 1, 0, any_controller(), any_file(), value);
}

static void test_all_or_nothing(void)
{
    struct vl_cgroup *cg = create_plain("nothing");
    struct vl_plan *good = vl_alloc(sizeof(*good)), *bad = vl_alloc(sizeof(*bad));
    struct vl_error *err = NULL;
    add_any(good, "7");
    ok(fine(vl_cgroup_apply(cg, &host, good, &err), &err), "updated");
    value_is(cg, any_dir(), any_file(), "7");
    add_any(bad, "8");
    add_any(bad, "9");
    if (has_controller("memory"))
        add_limits(bad, "{'memory':{'limit':16777216}}");
    if (has_controller("cpu"))
        add_limits(bad, "{'cpu':{'shares':262144,'quota':20000,'period':50000}}");
    add_any(bad, "nonsense");
    is_int(vl_cgroup_apply(cg, &host, bad, &err), -1, "one value is refused");
    ok(err && strstr(err->text, "set back") == NULL, "nothing is lost");
    error_is(err, "write `nonsense` into", "and which one");
    value_is(cg, any_dir(), any_file(), "7");
    if (host.cgroup_mode == VL_CGROUP_V2) {
        if (has_controller("memory"))
            value_is(cg, "", "memory.max", "max");
        if (has_controller("cpu"))
            value_is(cg, "", "cpu.max", "max 100000");
    }
    value_is(cg, "memory", "memory.limit_in_bytes", "9223372036854771712");
    value_is(cg, "cpu", "cpu.cfs_quota_us", "-1");
    value_is(cg, "cpu", "cpu.cfs_period_us", "100000");
    value_is(cg, "cpu", "cpu.shares", "1024");
    vl_plan_free(good);
    vl_plan_free(bad);
    destroy(cg);
}

/* Burst, quota and period stay when another of them is written; a limit is read for swap alone. */
static void test_nothing_reset(void)
{
    struct vl_cgroup *cg = create_plain("reset");
    struct vl_error *err = NULL;
    static const char *const updates[] = {"{'cpu':{'quota':40000,'period':80000,'burst':5000}}",
                                          "{'cpu':{'quota':30000}}", "{'cpu':{'period':60000}}",
                                          "{'cpu':{'shares':512}}"};
    for (size_t i = 0; i < VL_ARRAY_LEN(updates); i++) {
        struct vl_plan *plan = vl_alloc(sizeof(*plan));
        add_limits(plan, updates[i]);
        ok(fine(vl_cgroup_apply(cg, &host, plan, &err), &err), "%s", updates[i]);
        vl_plan_free(plan);
    }
    value_is(cg, "cpu", "cpu.cfs_quota_us", "30000");
    value_is(cg, "cpu", "cpu.cfs_period_us", "60000");
    value_is(cg, "cpu", "cpu.cfs_burst_us", "5000");
    if (host.cgroup_mode == VL_CGROUP_V2) {
        value_is(cg, "", "cpu.max", "30000 60000");
        value_is(cg, "", "cpu.max.burst", "5000");
    }
    destroy(cg);
}

static void test_late(void)
{
    struct vl_plan *plan = plan_new("late", 0);
    struct vl_error *err = NULL;
    const char *dir = host.cgroup_mode == VL_CGROUP_V2 ? "" : "pids";
    add_limits(plan, "{'pids':{'limit':0}}");
    struct vl_cgroup *cg = create(plan);
    value_is(cg, dir, "pids.max", "max");
    pid_t pid = in_cgroup(cg, sleep_long);
    ok(fine(vl_cgroup_settle(cg, plan, &err), &err), "the process is born");
    value_is(cg, dir, "pids.max", "0");
    kill(pid, SIGKILL);
    reap(pid);
    vl_plan_free(plan);
    destroy(cg);
}

/* -- devices -----------------------------------------------------------------------------------
 */

static struct vl_plan *rules(const char *json)
{
    struct vl_limits_ctx ctx = {.host = &host, .at = "", .update = true};
    struct vl_plan *plan = vl_alloc(sizeof(*plan));
    cleanup_free char *text = vl_strdup(json);
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *err = NULL;
    struct oci_resources *r;
    struct oci_doc *doc;
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    if (oci_resources_parse(text, strlen(text), &doc, &r, &report) < 0)
        abort();
    ok(fine(vl_devices_compile(r, &ctx, plan, &err), &err), "%s", json);
    oci_doc_free(doc);
    oci_report_reset(&report);
    return plan;
}

static bool replace(struct vl_cgroup *cg, const char *json)
{
    struct vl_plan *plan = rules(json);
    struct vl_error *err = NULL;
    bool good = fine(vl_cgroup_apply(cg, &host, plan, &err), &err);
    vl_plan_free(plan);
    return good;
}

static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC), r = fd >= 0 ? 0 : errno;
    vl_close(fd);
    return r;
}
static int open_kmsg(void)
{
    return try_open("/dev/kmsg", O_WRONLY);
}
static int open_null(void)
{
    return try_open("/dev/null", O_RDWR);
}

static volatile sig_atomic_t stop;
static void on_term(int sig)
{
    stop = sig;
}
/* Until told to stop; 1 when it was ever refused. */
static int open_null_always(void)
{
    (void)signal(SIGTERM, on_term);
    int bad = 0;
    while (!stop)
        bad |= open_null() != 0;
    return bad;
}

#define DENY "{'allow':false,'access':'rwm'}"
#define KMSG "{'allow':true,'type':'c','major':1,'minor':11,'access':'rw'}"
#define FUSE "{'allow':true,'type':'c','major':10,'minor':229,'access':'rw'}"

static size_t programs(struct vl_cgroup *cg)
{
    cleanup_free uint32_t *ids = NULL;
    size_t n = 0;
    return vl_bpf_cgroup_query(vl_cgroup_dirfd(cg), BPF_CGROUP_DEVICE, &ids, &n) < 0 ? 99 : n;
}

static void test_replaced(void)
{
    struct vl_cgroup *cg = create_plain("replaced");
    bool v2 = host.n_v1 == 0;
    ok(replace(cg, "{'devices':[" DENY "]}"), "none but the usual");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), EPERM, "kmsg is denied");
    ok(replace(cg, "{'devices':[" DENY "," KMSG "]}"), "one more");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), 0, "kmsg is allowed");
    ok(!v2 || programs(cg) == 1, "one program");
    pid_t pid = in_cgroup(cg, open_null_always);
    usleep(10000);
    for (int i = 0; i < 25; i++) {
        struct vl_plan *a = rules("{'devices':[" DENY "," FUSE "]}"),
                       *b = rules("{'devices':[" DENY "," KMSG "]}");
        struct vl_error *err = NULL;
        if (vl_cgroup_apply(cg, &host, a, &err) < 0 || vl_cgroup_apply(cg, &host, b, &err) < 0)
            ok(no_error(err), "replaced again");
        vl_plan_free(a);
        vl_plan_free(b);
    }
    kill(pid, SIGTERM);
    is_int(WEXITSTATUS(reap(pid)), 0, "null was never denied in between");
    ok(!v2 || programs(cg) == 1, "still one program");
    ok(replace(cg, "{'devices':[{'allow':true,'access':'rwm'}]}"), "all allowed");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), 0, "kmsg is allowed");
    ok(!v2 || programs(cg) == 0, "no program");
    ok(replace(cg, "{'devices':[" DENY "]}"), "and none again");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), EPERM, "kmsg is denied");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_null))), 0, "null is not");
    destroy(cg);
}

/* A program of somebody else, which denies or allows everything. */
static int foreign(struct vl_cgroup *cg, int allow)
{
    struct bpf_insn insn[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = allow},
        {.code = BPF_JMP | BPF_EXIT}};
    int prog = vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, insn, 2, "GPL", "other",
                           NULL, 0);
    if (prog < 0 || vl_bpf_cgroup_attach(vl_cgroup_dirfd(cg), prog, BPF_CGROUP_DEVICE,
                                         BPF_F_ALLOW_MULTI, VL_NOFD) < 0)
        return -1;
    return prog;
}

static void test_others(void)
{
    struct vl_cgroup *cg = create_plain("others");
    int first = foreign(cg, 1);
    ok(first >= 0 && replace(cg, "{'devices':[" DENY "," KMSG "]}"), "beside somebody's program");
    is_int(programs(cg), 2, "there are two");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), 0, "both allow kmsg");
    int second = foreign(cg, 0);
    ok(second >= 0, "a third one denies everything");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), EPERM, "so it is denied");
    ok(replace(cg, "{'devices':[{'allow':true,'access':'rwm'}]}"), "ours goes");
    is_int(programs(cg), 2, "the others stay");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), EPERM, "and are in force");
    vl_close(first);
    vl_close(second);
    destroy(cg);
}

/* The rules come last: when they are refused, limits go back, and the old rules stay. */
static void test_refused(void)
{
    struct vl_cgroup *cg = create_plain("refused");
    struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_error *err = NULL;
    static const struct bpf_insn nonsense[] = {{.code = BPF_JMP | BPF_EXIT}};
    ok(replace(cg, "{'devices':[" DENY "]}"), "none but the usual");
    add_any(plan, "9");
    if (host.n_v1 == 0) {
        vl_op_blob(vl_plan_op(plan, VL_OP_CGDEVICES, "devices"), 0, nonsense, sizeof(nonsense));
    } else {
        add_write(plan, 1, 0, "devices", "devices.deny", "a");
        add_write(plan, 1, 0, "devices", "devices.allow", "c 1:11 rw");
        add_write(plan, 1, 0, "devices", "devices.allow", "c nonsense:3 rwm");
    }
    is_int(vl_cgroup_apply(cg, &host, plan, &err), -1, "rules that the kernel refuses");
    error_is(err, host.n_v1 == 0 ? "load the device program" : "replace the device rules",
             "say what");
    value_is(cg, any_dir(), any_file(), "max");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), EPERM, "kmsg is still denied");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_null))), 0, "null is still allowed");
    vl_plan_free(plan);
    destroy(cg);
}

/* A filter that was asked for and is not there would be a hole, whatever the rules say. */
static void test_program(void)
{
    struct vl_plan *plan = rules("{'devices':[{'allow':true,'access':'rwm'}," DENY "," KMSG "]}"),
                   *bad = plan_new("program", 0), *good = plan_new("program", 0);
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    size_t from = 0;
    static const struct bpf_insn nonsense[] = {{.code = BPF_JMP | BPF_EXIT}};
    const struct vl_op *op = vl_plan_find(plan, VL_OP_CGDEVICES, &from);
    for (int tolerate = 0; tolerate < 2; tolerate++) {
        vl_plan_free(bad);
        bad = plan_new("program", 0);
        struct vl_op *b = vl_plan_op(bad, VL_OP_CGDEVICES, "linux.resources.devices");
        b->n[0] = tolerate ? VL_CGD_TOLERATE : 0;
        vl_op_blob(b, 0, nonsense, sizeof(nonsense));
        is_int(vl_cgroup_create(bad, &host, NULL, &cg, &err), -1, "a program that is not loaded");
        error_is(err, "load the device program of cgroup", "fails the creation");
        err = NULL;
    }
    vl_op_blob(vl_plan_op(good, VL_OP_CGDEVICES, "linux.resources.devices"), 0, op->s[0].data,
               op->s[0].len);
    cg = create(good);
    is_int(programs(cg), 1, "a program is loaded once");
    is_int(WEXITSTATUS(reap(in_cgroup(cg, open_kmsg))), 0, "the last rule wins");
    vl_plan_free(plan);
    vl_plan_free(bad);
    vl_plan_free(good);
    destroy(cg);
}

/* -- memory ------------------------------------------------------------------------------------
 */

static int eat(void)
{
    for (;;) {
        volatile char *p = malloc(1 << 20); /* a compiler may leave out what nobody can see */
        for (size_t i = 0; p && i < 1 << 20; i += 4096)
            p[i] = 1;
    }
    return 0;
}

static bool waits(const struct vl_oom_watch *w, uint64_t kills)
{
    for (int tries = 0; tries < 50; tries++) {
        struct pollfd p = {0};
        p.fd = vl_oom_fd(w, &p.events);
        (void)poll(&p, 1, 20);
        if (vl_oom_read(w) >= kills)
            return true;
    }
    return false;
}

static void test_oom(void)
{
    struct vl_plan *plan = plan_new("oom", 0);
    struct vl_oom_watch w = VL_OOM_WATCH_INIT;
    struct vl_error *err = NULL, *told = NULL;
    struct vl_stats s = {.pids = {0, 0}};
    short events;
    add_limits(plan, "{'memory':{'limit':8388608,'swap':8388608}}");
    struct vl_cgroup *cg = create(plan);
    is_int(vl_cgroup_memory_limit(cg), 8388608, "the limit is known");
    ok(fine(vl_cgroup_oom_watch(cg, &w, &err), &err) && vl_oom_fd(&w, &events) >= 0, "watched");
    is_int(vl_oom_read(&w), 0, "nobody was killed");
    pid_t pid = in_cgroup(cg, eat);
    ok(waits(&w, 1), "a process that takes too much is told");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "it is dead");
    is_int(vl_oom_read(&w), 1, "one kill");
    vl_err_state(&told, "it died");
    vl_cgroup_note_oom(cg, &told);
    error_is(told, "the memory limit of 8388608 bytes is too low (kills: 1): it died", "in words");
    ok(fine(vl_cgroup_stats(cg, &s, &err), &err) && s.memory.usage.max > 8000000 &&
           s.memory.usage.limit == 8388608 && s.cpu.total > 0,
       "its peak and its CPU time are still there");
    vl_stats_reset(&s);
    vl_oom_watch_close(&w);
    if (host.cgroup_mode == VL_CGROUP_V2) {
        struct vl_plan *group = vl_alloc(sizeof(*group));
        add_limits(group, "{'unified':{'memory.oom.group':'1'}}");
        ok(fine(vl_cgroup_apply(cg, &host, group, &err), &err), "killed as a group");
        ok(fine(vl_cgroup_oom_watch(cg, &w, &err), &err), "watched");
        pid_t other = in_cgroup(cg, sleep_long);
        pid = in_cgroup(cg, eat);
        ok(waits(&w, 3), "two more");
        ok(WTERMSIG(reap(pid)) == SIGKILL && WTERMSIG(reap(other)) == SIGKILL, "both are dead");
        is_int(vl_oom_read(&w), 3, "each of them counts");
        vl_oom_watch_close(&w);
        vl_plan_free(group);
    }
    vl_plan_free(plan);
    destroy(cg);
}

/* Without the controller nothing is watched, and that is no error. */
static void test_no_memory(void)
{
    struct vl_cgroup *cg = create_plain("nomem");
    struct vl_oom_watch w = VL_OOM_WATCH_INIT;
    struct vl_error *err = NULL;
    struct vl_stats s = {.pids = {0, 0}};
    short events;
    ok(fine(vl_cgroup_oom_watch(cg, &w, &err), &err) && vl_oom_fd(&w, &events) < 0, "no watch");
    is_int(vl_oom_read(&w), 0, "nothing is known");
    ok(fine(vl_cgroup_stats(cg, &s, &err), &err), "statistics of what there is");
    vl_stats_reset(&s);
    destroy(cg);
}

static void cases(void)
{
    test_all_or_nothing();
    if (has_controller("cpu"))
        test_nothing_reset();
    else
        skip("no cpu controller");
    if (has_controller("pids"))
        test_late();
    else
        skip("no pids controller");
    test_replaced();
    test_refused();
    if (host.n_v1 == 0) {
        test_others();
        test_program();
    }
    if (has_controller("memory"))
        test_oom();
    else
        test_no_memory();
}

int main(void)
{
    return run_views(cases);
}
