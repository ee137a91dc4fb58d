/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources → writes: each field on v2, v1 and a hybrid host, conversions with their
 * published examples, zero and default values that engines send, errors with their places.
 */
#include <math.h>
#include <ocispec.h>
#include "base/mem.h"
#include "plan/cgroup.h"
#include "tap.h"

enum { UPDATE = 1, NO_ZERO = 2, HAS_LIMIT = 4 };

static char all_v2[] = "cpuset cpu io memory hugetlb pids rdma misc";
static struct vl_cgroup_v1 all_v1[] = {
    {(char *)"cpu,cpuacct", (char *)"/sys/fs/cgroup/cpu,cpuacct", (char *)"/", false},
    {(char *)"memory", (char *)"/sys/fs/cgroup/memory", (char *)"/", false},
    {(char *)"blkio", (char *)"/sys/fs/cgroup/blkio", (char *)"/", false},
    {(char *)"pids", (char *)"/sys/fs/cgroup/pids", (char *)"/", false},
    {(char *)"cpuset", (char *)"/sys/fs/cgroup/cpuset", (char *)"/", false},
    {(char *)"net_cls,net_prio", (char *)"/sys/fs/cgroup/net_cls,net_prio", (char *)"/", false},
    {(char *)"systemd", (char *)"/sys/fs/cgroup/systemd", (char *)"/", true},
};
static char *page_sizes[] = {(char *)"2MB", (char *)"1GB"};
static const struct vl_host v2 = {.cgroup_mode = VL_CGROUP_V2,
                                  .v2_controllers = all_v2,
                                  .hugepage_sizes = page_sizes,
                                  .n_hugepage_sizes = 2},
                            bare = {.cgroup_mode = VL_CGROUP_V2,
                                    .v2_controllers = (char *)"hugetlb"},
                            v1 = {.cgroup_mode = VL_CGROUP_V1,
                                  .v1 = all_v1,
                                  .n_v1 = VL_ARRAY_LEN(all_v1)},
                            hybrid = {.cgroup_mode = VL_CGROUP_HYBRID,
                                      .v1 = all_v1,
                                      .n_v1 = VL_ARRAY_LEN(all_v1),
                                      .v2_controllers = (char *)"hugetlb"},
                            split = {.cgroup_mode = VL_CGROUP_HYBRID,
                                     .v1 = &all_v1[0],
                                     .n_v1 = 1,
                                     .v2_controllers = (char *)"memory pids"},
                            bare1 = {.cgroup_mode = VL_CGROUP_V1};

/* One write a line: "2 memory.max=1048576", flags as letters behind the hierarchy. */
static void show(const struct vl_op *op, struct vl_str *out)
{
    static const char letters[] =
        "earkctvl"; /* if Exists, Alternative, Retry, Keep, Check, Tolerate, Verify, Late */
    vl_str_addf(out, "%s%lld", out->len ? "\n" : "", (long long)op->n[0]);
    for (int i = 0; letters[i]; i++)
        if (op->n[1] & 1 << i)
            vl_str_addc(out, letters[i]);
    vl_str_addf(out, " %s=%s", vl_op_s(op, 1), vl_op_s(op, 2));
    if (strncmp(vl_op_s(op, 1), vl_op_s(op, 0), strlen(vl_op_s(op, 0))) != 0)
        vl_str_addf(out, " (%s)", vl_op_s(op, 0));
}

static char *compile(const struct vl_host *host, int how, const char *json)
{
    struct vl_limits_ctx ctx = {.host = host,
                                .at = "linux.resources",
                                .pids_zero = !(how & NO_ZERO),
                                .update = how & UPDATE,
                                .memory_limit = how & HAS_LIMIT ? 64 : 0};
    struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_str out = VL_STR_INIT;
    struct vl_error *errors = NULL;
    struct oci_resources *r;
    struct oci_doc *doc;
    if (oci_resources_parse(json, strlen(json), &doc, &r, &report) < 0) {
        diag("bad test document %s: %s", json, report.problems[0].message);
        abort();
    }
    if (vl_limits_compile(r, &ctx, plan, &errors) < 0) {
        char *text = vl_error_text(errors);
        vl_str_add(&out, text);
        free(text);
        vl_error_free(errors);
    } else {
        for (size_t i = 0; i < plan->n_op; i++)
            show(&plan->op[i], &out);
    }
    vl_plan_free(plan);
    oci_doc_free(doc);
    oci_report_reset(&report);
    return vl_str_take(&out);
}

static const struct {
    const struct vl_host *host;
    int how;
    const char *json, *want;
} cases[] = {
    /* memory */
    {&v2, 0, "{'memory':{'limit':1048576}}", "2 memory.max=1048576"},
    {&v1, 0, "{'memory':{'limit':1048576}}", "1r memory.limit_in_bytes=1048576"},
    {&hybrid, 0, "{'memory':{'limit':1048576}}", "1r memory.limit_in_bytes=1048576"},
    {&v2, 0, "{'memory':{'limit':-1}}", "2 memory.max=max"},
    {&v1, 0, "{'memory':{'limit':-1}}", "1r memory.limit_in_bytes=-1"},
    {&v2, 0, "{'memory':{'limit':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at linux.resources.memory.limit)"},
    {&v2, 0, "{'memory':{'limit':0,'swap':0,'reservation':0,'kernel':0,'disableOOMKiller':false}}",
     ""},
    {&v2, 0, "{'memory':{'limit':100,'checkBeforeUpdate':true}}", "2c memory.max=100"},
    {&v2, 0, "{'memory':{'limit':100,'swap':300}}", "2 memory.max=100\n2 memory.swap.max=200"},
    {&v2, 0, "{'memory':{'limit':100,'swap':100}}", "2 memory.max=100\n2e memory.swap.max=0"},
    {&v2, 0, "{'memory':{'limit':100,'swap':-1}}", "2 memory.max=100\n2e memory.swap.max=max"},
    {&v2, 0, "{'memory':{'limit':100,'swap':99}}",
     "the limit of memory and swap is below that of memory (at linux.resources.memory.swap)"},
    {&v2, 0, "{'memory':{'limit':-1,'swap':99}}",
     "the limit of memory and swap is below that of memory (at linux.resources.memory.swap)"},
    {&v2, 0, "{'memory':{'swap':99}}",
     "a limit of memory and swap needs memory.limit too (at linux.resources.memory.swap)"},
    {&v2, UPDATE, "{'memory':{'swap':99}}",
     "a limit of memory and swap needs memory.limit too (at linux.resources.memory.swap)"},
    {&v2, UPDATE | HAS_LIMIT, "{'memory':{'swap':99}}", "2 memory.swap.max=35"},
    {&v2, UPDATE | HAS_LIMIT, "{'memory':{'swap':63}}",
     "the limit of memory and swap is below that of memory (at linux.resources.memory.swap)"},
    {&v1, UPDATE | HAS_LIMIT, "{'memory':{'swap':99}}", "1r memory.memsw.limit_in_bytes=99"},
    {&v2, HAS_LIMIT, "{'memory':{'swap':99}}",
     "a limit of memory and swap needs memory.limit too (at linux.resources.memory.swap)"},
    {&v2, UPDATE, "{'memory':{'limit':-1}}", "2 memory.max=max\n2e memory.swap.max=max"},
    {&v1, UPDATE, "{'memory':{'limit':-1}}",
     "1r memory.limit_in_bytes=-1\n1er memory.memsw.limit_in_bytes=-1"},
    {&v1, UPDATE, "{'memory':{'swap':99}}", "1r memory.memsw.limit_in_bytes=99"},
    {&v1, 0, "{'memory':{'limit':100,'swap':300}}",
     "1r memory.limit_in_bytes=100\n1r memory.memsw.limit_in_bytes=300"},
    {&v2, 0, "{'memory':{'reservation':7}}", "2 memory.low=7"},
    {&v1, 0, "{'memory':{'reservation':7}}", "1 memory.soft_limit_in_bytes=7"},
    {&v1, 0,
     "{'memory':{'kernel':8,'kernelTCP':9,'swappiness':0,'disableOOMKiller':true,'useHierarchy':"
     "true}}",
     "1e memory.use_hierarchy=1\n1v memory.kmem.limit_in_bytes=8\n1v memory.kmem.tcp.limit_in_bytes=9\n1 "
     "memory.swappiness=0\n1 "
     "memory.oom_control=1"},
    {&v2, 0, "{'memory':{'kernel':8}}",
     "`memory.kmem.limit_in_bytes` exists with cgroup v1 only (at linux.resources.memory.kernel)"},
    {&v2, 0, "{'memory':{'swappiness':60}}",
     "`memory.swappiness` exists with cgroup v1 only (at linux.resources.memory.swappiness)"},
    {&v2, 0, "{'memory':{'swappiness':18446744073709551615}}", ""},
    {&v1, 0, "{'memory':{'swappiness':101}}",
     "101: must be between 0 and 100 (at linux.resources.memory.swappiness)"},
    {&v2, 0, "{'memory':{'disableOOMKiller':true}}",
     "`memory.oom_control` exists with cgroup v1 only (at "
     "linux.resources.memory.disableOOMKiller)"},
    {&bare, 0, "{'memory':{'limit':1}}",
     "cgroup controller `memory` is not available (at linux.resources.memory.limit)"},
    /* cpu */
    {&v2, 0, "{'cpu':{'shares':1024}}", "2 cpu.weight=100"},
    {&v1, 0, "{'cpu':{'shares':1024}}", "1 cpu.shares=1024"},
    {&v2, 0, "{'cpu':{'shares':0}}", ""},
    {&bare, 0,
     "{'cpu':{'shares':0,'quota':0,'period':0,'cpus':'','idle':0,'burst':0,'realtimeRuntime':0}}",
     ""},
    {&v2, 0, "{'cpu':{'quota':50000}}", "2r cpu.max=50000"},
    {&v2, 0, "{'cpu':{'quota':50000,'period':200000}}", "2r cpu.max=50000 200000"},
    {&v2, 0, "{'cpu':{'quota':-1,'period':200000}}", "2r cpu.max=max 200000"},
    {&v2, 0, "{'cpu':{'period':200000}}", "2rk cpu.max=- 200000"},
    {&v1, 0, "{'cpu':{'quota':50000,'period':200000,'burst':1000}}",
     "1r cpu.cfs_period_us=200000\n1r cpu.cfs_quota_us=50000\n1r cpu.cfs_burst_us=1000"},
    {&v2, 0, "{'cpu':{'quota':50000,'burst':50000}}", "2r cpu.max=50000\n2r cpu.max.burst=50000"},
    {&v2, 0, "{'cpu':{'quota':50000,'burst':50001}}",
     "50001: must be at most the quota of 50000 (at linux.resources.cpu.burst)"},
    {&v2, UPDATE, "{'cpu':{'burst':0,'idle':0}}", "2 cpu.idle=0\n2r cpu.max.burst=0"},
    {&v2, 0, "{'cpu':{'idle':1,'shares':512}}", "2 cpu.idle=1"},
    {&v2, 0, "{'cpu':{'cpus':'0-1','mems':'0'}}", "2 cpuset.cpus=0-1\n2 cpuset.mems=0"},
    {&v1, 0, "{'cpu':{'realtimePeriod':1000000,'realtimeRuntime':950000}}",
     "1r cpu.rt_period_us=1000000\n1r cpu.rt_runtime_us=950000"},
    {&v2, 0, "{'cpu':{'realtimeRuntime':950000}}",
     "`cpu.rt_runtime_us` exists with cgroup v1 only (at linux.resources.cpu.realtimeRuntime)"},
    /* pids */
    {&v2, 0, "{'pids':{'limit':10}}", "2 pids.max=10"},
    {&v1, 0, "{'pids':{'limit':-1}}", "1 pids.max=max"},
    {&v2, 0, "{'pids':{'limit':0}}", "2l pids.max=0"},
    {&v2, NO_ZERO, "{'pids':{'limit':0}}", ""},
    {&v2, 0, "{'pids':{'limit':-5}}",
     "-5: must be a number, or -1 for unlimited (at linux.resources.pids.limit)"},
    {&bare, 0, "{'pids':{'limit':5}}",
     "cgroup controller `pids` is not available (at linux.resources.pids.limit)"},
    /* blockIO */
    {&bare, 0, "{'blockIO':{'weight':0,'leafWeight':0}}", ""},
    {&v2, 0, "{'blockIO':{'weight':500}}", "2a io.bfq.weight=500\n2 io.weight=default 4950"},
    {&v1, 0, "{'blockIO':{'weight':500}}", "1a blkio.bfq.weight=500\n1 blkio.weight=500"},
    {&v2, 0, "{'blockIO':{'weight':9}}",
     "9: must be between 10 and 1000 (at linux.resources.blockIO.weight)"},
    {&bare, 0, "{'blockIO':{'weight':500}}",
     "cgroup controller `io` is not available (at linux.resources.blockIO.weight)"},
    {&v2, 0, "{'blockIO':{'weightDevice':[{'major':8,'minor':16,'weight':1000}]}}",
     "2a io.bfq.weight=8:16 1000\n2 io.weight=8:16 10000"},
    {&v1, 0,
     "{'blockIO':{'weightDevice':[{'major':8,'minor':16,'weight':10,'leafWeight':20}],'leafWeight':"
     "30}}",
     "1 blkio.leaf_weight=30\n1a blkio.bfq.weight_device=8:16 10\n1 blkio.weight_device=8:16 10\n"
     "1 blkio.leaf_weight_device=8:16 20"},
    {&v2, 0, "{'blockIO':{'leafWeight':30}}",
     "`blkio.leaf_weight` exists with cgroup v1 only (at linux.resources.blockIO.leafWeight)"},
    {&v2, 0,
     "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':600}],"
     "'throttleWriteBpsDevice':[{'major':8,'minor':0,'rate':601}],"
     "'throttleReadIOPSDevice':[{'major':8,'minor':0,'rate':602}],"
     "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':0}]}}",
     "2 io.max=8:0 rbps=600\n2 io.max=8:0 wbps=601\n2 io.max=8:0 riops=602\n2 io.max=8:0 "
     "wiops=max"},
    {&v1, 0,
     "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':600}],"
     "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':0}]}}",
     "1 blkio.throttle.read_bps_device=8:0 600\n1 blkio.throttle.write_iops_device=8:0 0"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':-8,'minor':0,'rate':600}]}}",
     "-8:0 is no device number (at linux.resources.blockIO.throttleReadBpsDevice[0])"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':4095,'minor':1048575,'rate':6}]}}",
     "2 io.max=4095:1048575 rbps=6"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':4096,'minor':0,'rate':6}]}}",
     "4096:0 is no device number (at linux.resources.blockIO.throttleReadBpsDevice[0])"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':1048576,'rate':6}]}}",
     "8:1048576 is no device number (at linux.resources.blockIO.throttleReadBpsDevice[0])"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':-1,'rate':6}]}}",
     "8:-1 is no device number (at linux.resources.blockIO.throttleReadBpsDevice[0])"},
    {&bare, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':0}]}}", ""},
    {&bare, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1}]}}",
     "cgroup controller `io` is not available (at "
     "linux.resources.blockIO.throttleReadBpsDevice[0])"},
    {&v2, 0, "{'blockIO':{'weightDevice':[{'major':8,'minor':0}]}}",
     "neither weight nor leafWeight is given (at linux.resources.blockIO.weightDevice[0])"},
    {&v2, 0, "{'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':0}]}}", ""},
    /* huge pages */
    {&v2, 0, "{'hugepageLimits':[{'pageSize':'2MB','limit':9},{'pageSize':'2MB','limit':8}]}",
     "`2MB` is limited twice (at linux.resources.hugepageLimits[1].pageSize)"},
    {&v2, 0, "{'hugepageLimits':[{'pageSize':'2MB','limit':9}]}",
     "2 hugetlb.2MB.max=9\n2e hugetlb.2MB.rsvd.max=9"},
    {&hybrid, 0, "{'hugepageLimits':[{'pageSize':'1GB','limit':0}]}",
     "2 hugetlb.1GB.max=0\n2e hugetlb.1GB.rsvd.max=0"},
    {&v2, 0, "{'hugepageLimits':[{'pageSize':'3MB','limit':9}]}",
     "this machine has no huge pages of 3MB (at linux.resources.hugepageLimits[0].pageSize)"},
    {&v2, 0, "{'hugepageLimits':[{'pageSize':'../2MB','limit':9}]}",
     "`../2MB`: must be a page size such as 2MB (at linux.resources.hugepageLimits[0].pageSize)"},
    {&v1, 0, "{'hugepageLimits':[{'pageSize':'2MB','limit':9}]}",
     "cgroup controller `hugetlb` is not available (at linux.resources.hugepageLimits[0])"},
    /* rdma, network */
    {&v2, 0, "{'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':10000},'mlx4_0':{'hcaObjects':1}}}",
     "2 rdma.max=mlx4_0 hca_object=1\n2 rdma.max=mlx5_1 hca_handle=3 hca_object=10000"},
    {&v2, 0, "{'rdma':{'mlx5_1':{}}}",
     "`mlx5_1`: must be the name of a device, with hcaHandles, hcaObjects or both (at linux.resources.rdma.mlx5_1)"},
    {&bare, 0, "{'rdma':{'mlx5_1':{'hcaHandles':3}}}",
     "cgroup controller `rdma` is not available (at linux.resources.rdma.mlx5_1)"},
    {&v1, 0, "{'network':{'classID':1048577,'priorities':[{'name':'eth0','priority':500}]}}",
     "1 net_cls.classid=1048577\n1 net_prio.ifpriomap=eth0 500"},
    {&v2, 0, "{'network':{'classID':0,'priorities':[]}}", ""},
    {&v2, 0, "{'network':{'classID':1}}",
     "`net_cls.classid` exists with cgroup v1 only (at linux.resources.network.classID)"},
    {&v2, 0, "{'network':{'priorities':[{'name':'eth0','priority':500}]}}",
     "`net_prio.ifpriomap` exists with cgroup v1 only (at linux.resources.network.priorities[0])"},
    /* unified */
    {&v2, 0,
     "{'unified':{'memory.high':'5','cgroup.max.depth':'1','misc.max':'res "
     "1','cpu.weight.nice':'-3'}}",
     "2 cgroup.max.depth=1\n2 cpu.weight.nice=-3\n2 memory.high=5\n2 misc.max=res 1"},
    {&v2, 0, "{'unified':{'memory.max':'5'},'memory':{'limit':7}}",
     "2 memory.max=7\n2 memory.max=5"},
    {&v2, 0, "{'unified':{'io.max':'8:0 rbps=1\\n8:16 wbps=2\\n'}}",
     "2 io.max=8:0 rbps=1\n2 io.max=8:16 wbps=2"},
    {&v2, 0, "{'unified':{'cpuset.cpus':''}}", "2 cpuset.cpus="},
    {&v2, 0, "{'unified':{'memory/x.max':'5'}}",
     "`memory/x.max` is no name of a cgroup file (at linux.resources.unified.memory/x.max)"},
    {&v2, 0, "{'unified':{'nonsense':'5'}}",
     "`nonsense` is no name of a cgroup file (at linux.resources.unified.nonsense)"},
    {&v2, 0, "{'unified':{'.max':'5'}}",
     "`.max` is no name of a cgroup file (at linux.resources.unified..max)"},
    {&v2, 0, "{'unified':{'..':'5'}}",
     "`..` is no name of a cgroup file (at linux.resources.unified...)"},
    {&v2, 0, "{'unified':{'':'5'}}",
     "`` is no name of a cgroup file (at linux.resources.unified.)"},
    {&v2, 0, "{'unified':{'pids.max':'0','cgroup.max.depth':'0'}}",
     "2 cgroup.max.depth=0\n2l pids.max=0"},
    {&v2, 0, "{'pids':{'limit':1}}", "2l pids.max=1"},
    {&bare, 0, "{'unified':{'memory.high':'5'}}",
     "cgroup controller `memory` is not available (at linux.resources.unified.memory.high)"},
    {&v1, 0, "{'unified':{'memory.high':'5'}}",
     "`unified` needs cgroup v2 (at linux.resources.unified.memory.high)"},
    {&hybrid, 0, "{'unified':{'hugetlb.2MB.max':'0'}}", "2 hugetlb.2MB.max=0"},
    /* a hybrid host with some controllers in either */
    {&split, 0, "{'memory':{'limit':7,'useHierarchy':true},'cpu':{'shares':7}}",
     "2 memory.max=7\n1 cpu.shares=7"},
    {&split, 0, "{'memory':{'disableOOMKiller':true}}",
     "`memory.oom_control` exists with cgroup v1 only (at "
     "linux.resources.memory.disableOOMKiller)"},
    {&split, 0, "{'memory':{'limit':-1},'pids':{'limit':-1}}", "2 memory.max=max\n2 pids.max=max"},
    {&split, 0, "{'blockIO':{'weight':70}}",
     "cgroup controller `blkio` is not available (at linux.resources.blockIO.weight)"},
    {&bare, 0, "{'memory':{'useHierarchy':true}}", ""},
    {&bare1, 0, "{'memory':{'useHierarchy':true}}",
     "cgroup controller `memory` is not available (at linux.resources.memory.useHierarchy)"},
    {&v2, 0, "{'blockIO':{'throttleReadBpsDevice':[{'major':0,'minor':5,'rate':6}]}}",
     "2 io.max=0:5 rbps=6"},
    {&v2, 0, "{'rdma':{'m x':{'hcaHandles':3}}}",
     "`m x`: must be the name of a device, with hcaHandles, hcaObjects or both (at "
     "linux.resources.rdma.m x)"},
    {&v1, 0, "{'network':{'priorities':[{'name':'e h','priority':5}]}}",
     "`e h`: must be the name of an interface (at linux.resources.network.priorities[0])"},
    /* several errors in one pass */
    {&bare, 0, "{'memory':{'limit':1},'pids':{'limit':1}}",
     "cgroup controller `memory` is not available (at linux.resources.memory.limit) (and 1 more: "
     "cgroup controller "
     "`pids` is not available (at linux.resources.pids.limit))"},
};

static void test_cases(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        const struct vl_host *h = cases[i].host;
        char *json = vl_strdup(cases[i].json);
        for (char *p = json; *p; p++)
            if (*p == '\'')
                *p = '"';
        char *got = compile(h, cases[i].how, json);
        is_str(got, cases[i].want, "%s%s: %s",
               h == &v2     ? "v2"
               : h == &v1   ? "v1"
               : h == &bare ? "bare v2"
                            : "hybrid",
               cases[i].how & UPDATE ? " update" : "", cases[i].json);
        free(got);
        free(json);
    }
}

static void test_weights(void)
{
    static const struct {
        uint64_t from, to;
    } cpu[] = {{0, 1}, {1, 1}, {2, 1}, {1024, 100}, {262144, 10000}, {1 << 30, 10000}},
      io[] = {{10, 1}, {1000, 10000}, {100, 910}};
    int bad = 0;
    for (size_t i = 0; i < VL_ARRAY_LEN(cpu); i++)
        is_int(vl_limits_cpu_weight(cpu[i].from), cpu[i].to, "cpu.shares %llu",
               (unsigned long long)cpu[i].from);
    for (size_t i = 0; i < VL_ARRAY_LEN(io); i++)
        is_int(vl_limits_io_weight(io[i].from), io[i].to, "blockIO.weight %llu",
               (unsigned long long)io[i].from);
    for (uint64_t s = 2; s <= 262144; s++) {
        double l = log2((double)s), w = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
        double want = fabs(w - round(w)) < 1e-9 ? round(w) : ceil(w);
        if (vl_limits_cpu_weight(s) != (uint64_t)want && bad++ < 5)
            diag("shares %llu: got %llu, want %.0f", (unsigned long long)s,
                 (unsigned long long)vl_limits_cpu_weight(s), want);
    }
    is_int(bad, 0, "all 262143 shares as the C library's logarithm and power give them");
}

static void test_version(void)
{
    ok(vl_limits_pids_zero("1.3.0") && vl_limits_pids_zero("1.10.0") &&
           vl_limits_pids_zero("2.0.0"),
       "1.3 and newer");
    ok(!vl_limits_pids_zero("1.2.1") && !vl_limits_pids_zero("1.0.2-dev") &&
           !vl_limits_pids_zero(NULL),
       "older than 1.3");
}

int main(void)
{
    test_weights();
    test_version();
    test_cases();
    return done_testing();
}
