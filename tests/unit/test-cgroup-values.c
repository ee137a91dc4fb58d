/* SPDX-License-Identifier: Apache-2.0 */
/* Real cgroups: limits, device rules, owners, values that the kernel refuses, in every view of the
 * host. Needs root; leaves nothing behind. */
#include "cgroup-live.h"

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
    error_is(err, "`x.nonsense` of cgroup", "is named");
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

static void test_forgotten(void)
{
    struct vl_plan *plan = plan_new("kernel", 0);
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    add_limits(plan, "{'memory':{'kernel':1048576}}");
    if (vl_cgroup_create(plan, &host, NULL, &cg, &err) < 0) {
        ok(false, "a kernel memory limit fails nothing: %s", err->text);
        vl_error_free(err);
    } else if (vl_cgroup_notes(cg)->n > 0) { /* since Linux 5.11 */
        is_str(vl_cgroup_notes(cg)->v[0],
               "linux.resources.memory.kernel: this kernel has no such limit any more, "
               "`memory.kmem.limit_in_bytes` is not written",
               "a limit that the kernel no longer keeps is reported as left out");
        destroy(cg);
    } else {
        value_is(cg, "memory", "memory.kmem.limit_in_bytes", "1048576");
        destroy(cg);
    }
    vl_plan_free(plan);
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

static void cases(void)
{
    test_limits();
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_limits_v2();
    if (host.cgroup_mode == VL_CGROUP_V2 && has_controller("memory"))
        test_threaded();
    test_failures();
    if (host.n_v1 > 0 && has_controller("memory"))
        test_forgotten();
    test_devices();
    if (host.n_v1 == 0)
        test_verifier();
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_owner();
}

int main(void)
{
    return run_views(cases);
}
