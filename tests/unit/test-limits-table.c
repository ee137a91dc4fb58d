/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of limits as a whole: every row with a good value on v1 and v2, with a bad one, without
 * its controller; the same table in docs/cgroups.md; what systemd is told.
 */
#include <fcntl.h>
#include <ocispec.h>
#include "base/io.h"
#include "base/mem.h"
#include "plan/limits.h"
#include "tap.h"

static char v2_all[] = "cpuset cpu io memory hugetlb pids rdma";
static struct vl_cgroup_v1 v1_all[] = {
    {(char *)"cpu,cpuacct", (char *)"/c/cpu", (char *)"/", false},
    {(char *)"memory", (char *)"/c/memory", (char *)"/", false},
    {(char *)"blkio", (char *)"/c/blkio", (char *)"/", false},
    {(char *)"pids", (char *)"/c/pids", (char *)"/", false},
    {(char *)"cpuset", (char *)"/c/cpuset", (char *)"/", false},
    {(char *)"hugetlb", (char *)"/c/hugetlb", (char *)"/", false},
    {(char *)"rdma", (char *)"/c/rdma", (char *)"/", false},
    {(char *)"net_cls,net_prio", (char *)"/c/net_cls", (char *)"/", false},
};
static const struct vl_host v2 = {.cgroup_mode = VL_CGROUP_V2, .v2_controllers = v2_all},
                            v1 = {.cgroup_mode = VL_CGROUP_V1,
                                  .v1 = v1_all,
                                  .n_v1 = VL_ARRAY_LEN(v1_all)},
                            bare_v2 = {.cgroup_mode = VL_CGROUP_V2, .v2_controllers = (char *)""},
                            bare_v1 = {.cgroup_mode = VL_CGROUP_V1};

/* The plan, or NULL and the text of the error; the caller frees. */
static struct vl_plan *compile(const struct vl_host *host, bool update, const char *json,
                               char **ret_error)
{
    struct vl_limits_ctx ctx = {.host = host, .at = "r", .pids_zero = true, .update = update};
    struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *errors = NULL;
    struct oci_resources *r;
    struct oci_doc *doc;
    cleanup_free char *text = vl_strdup(json);
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    *ret_error = NULL;
    if (oci_resources_parse(text, strlen(text), &doc, &r, &report) < 0) {
        diag("bad test document %s: %s", json, report.problems[0].message);
        abort();
    }
    if (vl_limits_compile(r, &ctx, plan, &errors) < 0) {
        *ret_error = vl_error_text(errors);
        vl_error_free(errors);
        vl_plan_free(plan);
        plan = NULL;
    }
    oci_doc_free(doc);
    oci_report_reset(&report);
    return plan;
}

/* -- every row ----------------------------------------------------------------------------------
 */

/* In the order of the table; bad NULL: any value of the type may be right. */
static const struct {
    const char *field, *good, *bad, *error;
} values[] = {
    {"memory.useHierarchy", "{'memory':{'useHierarchy':true}}", NULL, NULL},
    {"memory.limit", "{'memory':{'limit':7}}", "{'memory':{'limit':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at r.memory.limit)"},
    {"memory.swap", "{'memory':{'limit':7,'swap':9}}", "{'memory':{'limit':7,'swap':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at r.memory.swap)"},
    {"memory.reservation", "{'memory':{'reservation':7}}", "{'memory':{'reservation':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at r.memory.reservation)"},
    {"memory.kernel", "{'memory':{'kernel':7}}", "{'memory':{'kernel':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at r.memory.kernel)"},
    {"memory.kernelTCP", "{'memory':{'kernelTCP':7}}", "{'memory':{'kernelTCP':-2}}",
     "-2: must be a number of bytes, or -1 for unlimited (at r.memory.kernelTCP)"},
    {"memory.swappiness", "{'memory':{'swappiness':7}}", "{'memory':{'swappiness':101}}",
     "101: must be between 0 and 100 (at r.memory.swappiness)"},
    {"memory.disableOOMKiller", "{'memory':{'disableOOMKiller':true}}", NULL, NULL},
    {"cpu.idle", "{'cpu':{'idle':1}}", "{'cpu':{'idle':2}}", "2: must be 0 or 1 (at r.cpu.idle)"},
    {"cpu.shares", "{'cpu':{'shares':7}}", NULL, NULL},
    {"cpu.period", "{'cpu':{'period':7000}}", NULL, NULL},
    {"cpu.quota", "{'cpu':{'quota':7000}}", NULL, NULL},
    {"cpu.burst", "{'cpu':{'burst':7000}}", "{'cpu':{'quota':7,'burst':8}}",
     "8: must be at most the quota of 7 (at r.cpu.burst)"},
    {"cpu.realtimePeriod", "{'cpu':{'realtimePeriod':7000}}", NULL, NULL},
    {"cpu.realtimeRuntime", "{'cpu':{'realtimeRuntime':7000}}", NULL, NULL},
    {"cpu.cpus", "{'cpu':{'cpus':'0-3'}}", "{'cpu':{'cpus':'0;1'}}",
     "`0;1`: must be a list of numbers such as 0-3,7 (at r.cpu.cpus)"},
    {"cpu.mems", "{'cpu':{'mems':'0'}}", "{'cpu':{'mems':'$'}}",
     "`$`: must be a list of numbers such as 0-3,7 (at r.cpu.mems)"},
    {"pids.limit", "{'pids':{'limit':7}}", "{'pids':{'limit':-2}}",
     "-2: must be a number, or -1 for unlimited (at r.pids.limit)"},
    {"network.classID", "{'network':{'classID':7}}", NULL, NULL},
    {"blockIO.weight", "{'blockIO':{'weight':70}}", "{'blockIO':{'weight':1001}}",
     "1001: must be between 10 and 1000 (at r.blockIO.weight)"},
    {"blockIO.leafWeight", "{'blockIO':{'leafWeight':70}}", "{'blockIO':{'leafWeight':9}}",
     "9: must be between 10 and 1000 (at r.blockIO.leafWeight)"},
    {"blockIO.weightDevice", "{'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':70}]}}",
     "{'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':9}]}}",
     "9: must be between 10 and 1000 (at r.blockIO.weightDevice[0])"},
    {"blockIO.weightDevice", "{'blockIO':{'weightDevice':[{'major':8,'minor':0,'leafWeight':70}]}}",
     "{'blockIO':{'weightDevice':[{'major':8,'minor':0,'leafWeight':9}]}}",
     "9: must be between 10 and 1000 (at r.blockIO.weightDevice[0])"},
#define THROTTLE(name)                                                                             \
    {                                                                                              \
        "blockIO." name, "{'blockIO':{'" name "':[{'major':8,'minor':0,'rate':7}]}}",              \
            "{'blockIO':{'" name "':[{'major':4096,'minor':0,'rate':7}]}}",                        \
            "4096:0 is no device number (at r.blockIO." name "[0])"                                \
    }
    THROTTLE("throttleReadBpsDevice"),
    THROTTLE("throttleWriteBpsDevice"),
    THROTTLE("throttleReadIOPSDevice"),
    THROTTLE("throttleWriteIOPSDevice"),
    {"hugepageLimits", "{'hugepageLimits':[{'pageSize':'2MB','limit':7}]}",
     "{'hugepageLimits':[{'pageSize':'2M','limit':7}]}",
     "`2M`: must be a page size such as 2MB (at r.hugepageLimits[0].pageSize)"},
    {"rdma", "{'rdma':{'mlx':{'hcaHandles':7}}}", "{'rdma':{'mlx':{}}}",
     "`mlx`: must be the name of a device, with hcaHandles, hcaObjects or both (at r.rdma.mlx)"},
    {"network.priorities", "{'network':{'priorities':[{'name':'eth0','priority':7}]}}",
     "{'network':{'priorities':[{'name':'','priority':7}]}}",
     "``: must be the name of an interface (at r.network.priorities[0])"},
};

static bool writes(const struct vl_plan *plan, int hierarchy, const char *pattern)
{
    cleanup_free char *file = vl_strdup(pattern);
    char *star = strchr(file, '*');
    cleanup_free char *full = NULL;
    if (star) {
        *star = '\0';
        full = vl_asprintf("%s2MB%s", file, star + 1);
    }
    for (size_t i = 0; i < plan->n_op; i++)
        if (plan->op[i].n[0] == hierarchy && vl_streq(vl_op_s(&plan->op[i], 1), full ? full : file))
            return true;
    return false;
}

/* The good value on a host: written to the file, or the error that names what is missing. */
static void try_host(const struct vl_host *host, const char *name, const char *json, int hierarchy,
                     const struct vl_limit_file *f, const struct vl_limit_file *second,
                     const char *want_error)
{
    cleanup_free char *error = NULL;
    cleanup(plan) struct vl_plan *plan = compile(host, false, json, &error);
    if (want_error != NULL) {
        if (!ok(error && strstr(error, want_error), "%s: %s", name, want_error))
            diag("got %s", error ? error : "no error");
        return;
    }
    if (!ok(plan && writes(plan, hierarchy, f->file), "%s: %s", name, f->file))
        diag("got %s", error ? error : "no such write");
    if (second->file)
        ok(plan && writes(plan, hierarchy, second->file), "%s: and %s", name, second->file);
}

static void test_rows(void)
{
    size_t v = 0;
    for (size_t i = 0; i < vl_n_limit_rows; i++) {
        const struct vl_limit_row *r = &vl_limit_rows[i];
        if (r->field == NULL)
            continue;
        if (v == VL_ARRAY_LEN(values) || !vl_streq(values[v].field, r->field)) {
            ok(false, "%s has values in this test", r->field);
            return;
        }
        const char *good = values[v].good;
        bool always = r->convert == vl_lc_always_on_v2;
        cleanup_free char *missing1 =
            vl_asprintf("cgroup controller `%s` is not available", r->v1.controller);
        cleanup_free char *missing2 =
            vl_asprintf("cgroup controller `%s` is not available", r->v2.controller);
        cleanup_free char *only = vl_asprintf("`%s` exists with cgroup v1 only (at r.%s",
                                              r->v1.file, r->field);
        try_host(&v1, r->field, good, 1, &r->v1, &r->second1, NULL);
        try_host(&bare_v1, r->field, good, 1, &r->v1, &r->second1, missing1);
        if (!always) {
            try_host(&v2, r->field, good, 2, &r->v2, &r->second2, r->v2.file ? NULL : only);
            try_host(&bare_v2, r->field, good, 2, &r->v2, &r->second2,
                     r->v2.file ? missing2 : only);
        }
        ok(values[v].bad || r->must == NULL, "%s: what is wrong is known", r->field);
        if (values[v].bad) {
            cleanup_free char *error = NULL;
            vl_plan_free(compile(&v1, false, values[v].bad, &error));
            is_str(error, values[v].error, "%s: a bad value", r->field);
        }
        v++;
    }
    is_int(v, VL_ARRAY_LEN(values), "every row");
}

/* -- docs/cgroups.md ----------------------------------------------------------------------------
 */

static char *files_cell(const struct vl_limit_row *r, const struct vl_limit_file *f,
                        const struct vl_limit_file *second)
{
    if (f->file == NULL)
        return vl_strdup("–");
    if (second->file == NULL)
        return vl_asprintf("`%s`", f->file);
    return vl_asprintf("`%s`, %s `%s`", f->file, r->second == VL_INSTEAD ? "else" : "also",
                       second->file);
}

static void test_docs(void)
{
    const char *srcdir = getenv("srcdir");
    cleanup_free char *path = vl_asprintf("%s/docs/cgroups.md", srcdir ? srcdir : "."), *text = NULL;
    size_t rows = 1, lines = 0; /* and one for unified */
    if (vl_slurp_at(AT_FDCWD, path, 1 << 20, &text, NULL) < 0) {
        skip("%s is not there", path);
        return;
    }
    for (size_t i = 0; i < vl_n_limit_rows; i++) {
        const struct vl_limit_row *r = &vl_limit_rows[i];
        if (r->field == NULL)
            continue;
        cleanup_free char *f1 = files_cell(r, &r->v1, &r->second1),
                          *f2 = files_cell(r, &r->v2, &r->second2),
                          *prop = r->prop2.name ? vl_asprintf(" `%s` |", r->prop2.name)
                                                : vl_strdup(""),
                          *line = vl_asprintf("\n| `%s` | %s | %s |%s", r->field, f1, f2, prop);
        ok(strstr(text, line), "documented: %s", line + 1);
        rows++;
    }
    for (const char *p = strstr(text, "## Limits"); p && strncmp(p, "\n## Update", 10) != 0;
         p = strchr(p + 1, '\n'))
        lines += strncmp(p, "\n| `", 4) == 0;
    is_int(lines, rows, "and nothing else");
}

/* -- systemd ------------------------------------------------------------------------------------
 */

static char *props(const struct vl_host *host, const char *now, const char *json)
{
    cleanup_free char *error = NULL;
    cleanup(plan) struct vl_plan *plan = compile(host, now != NULL, json, &error);
    cleanup(unit_props) struct vl_unit_props l = {NULL, 0};
    struct vl_str b = VL_STR_INIT;
    if (plan == NULL)
        return vl_strdup(error);
    vl_unit_props_of(plan, now, &l);
    for (size_t i = 0; i < l.n; i++) {
        const struct vl_unit_prop *p = &l.v[i];
        vl_str_addf(&b, "%s%s", i ? " " : "", p->name);
        if (p->since)
            vl_str_addf(&b, "@%u", p->since);
        vl_str_addc(&b, '=');
        if (p->type == VL_UNIT_DEVICE)
            vl_str_addf(&b, "%s,", p->path);
        for (size_t k = 0; k < p->n; k++)
            vl_str_addf(&b, "%02x", p->bytes[k]);
        if (p->type != VL_UNIT_BYTES && p->u == UINT64_MAX)
            vl_str_add(&b, "infinity");
        else if (p->type != VL_UNIT_BYTES)
            vl_str_addf(&b, "%llu", (unsigned long long)p->u);
    }
    return vl_str_take(&b);
}

static void test_props(void)
{
    static const struct {
        const struct vl_host *host;
        const char *now; /* update */
        const char *json, *want;
    } cases[] = {
        {&v2, NULL, "{'memory':{'limit':100,'swap':300,'reservation':50}}",
         "MemoryMax@231=100 MemorySwapMax@232=200 MemoryLow@231=50"},
        {&v2, NULL, "{'memory':{'limit':-1}}", "MemoryMax@231=infinity"},
        {&v1, NULL, "{'memory':{'limit':-1,'reservation':5}}", "MemoryLimit=infinity"},
        {&v2, NULL, "{'cpu':{'shares':1024}}", "CPUWeight@232=100"},
        {&v1, NULL, "{'cpu':{'shares':1024}}", "CPUShares=1024"},
        {&v2, NULL, "{'cpu':{'idle':1,'shares':1024}}", "CPUWeight@252=0"},
        {&v2, "max 100000", "{'cpu':{'idle':0}}", "CPUWeight@252=100"},
        {&v2, NULL, "{'cpu':{'quota':50000}}", "CPUQuotaPerSecUSec=500000"},
        {&v2, NULL, "{'cpu':{'quota':50000,'period':200000}}",
         "CPUQuotaPerSecUSec=250000 CPUQuotaPeriodUSec@242=200000"},
        {&v1, NULL, "{'cpu':{'quota':50000,'period':200000}}",
         "CPUQuotaPerSecUSec=250000 CPUQuotaPeriodUSec@242=200000"},
        {&v2, NULL, "{'cpu':{'quota':-1}}", "CPUQuotaPerSecUSec=infinity"},
        {&v2, NULL, "{'cpu':{'quota':33333}}", "CPUQuotaPerSecUSec=340000"},
        /* quota or period alone: the other one stays (and does not go back to its default) */
        {&v2, "20000 50000", "{'cpu':{'quota':10000}}",
         "CPUQuotaPerSecUSec=200000 CPUQuotaPeriodUSec@242=50000"},
        {&v2, "20000 50000", "{'cpu':{'period':100000}}",
         "CPUQuotaPerSecUSec=200000 CPUQuotaPeriodUSec@242=100000"},
        {&v2, "max 100000", "{'cpu':{'period':50000}}",
         "CPUQuotaPerSecUSec=infinity CPUQuotaPeriodUSec@242=50000"},
        {&v1, "-1 50000", "{'cpu':{'quota':10000}}",
         "CPUQuotaPerSecUSec=200000 CPUQuotaPeriodUSec@242=50000"},
        {&v2, "20000 50000", "{'pids':{'limit':9}}", "TasksMax@227=9"},
        {&v2, NULL, "{'cpu':{'cpus':'0-2,8','mems':'1'}}",
         "AllowedCPUs@244=0701 AllowedMemoryNodes@244=02"},
        {&v1, NULL, "{'cpu':{'cpus':'0-2,8','mems':'1'}}", ""},
        {&v2, NULL, "{'pids':{'limit':-1}}", "TasksMax@227=infinity"},
        {&v2, NULL, "{'pids':{'limit':0}}", "TasksMax@227=1"}, /* systemd takes no 0 */
        {&v2, NULL, "{'blockIO':{'weight':1000}}", "IOWeight@230=10000"},
        {&v1, NULL, "{'blockIO':{'weight':1000}}", "BlockIOWeight=1000"},
        {&v2, NULL,
         "{'blockIO':{'weightDevice':[{'major':8,'minor':16,'weight':10}],"
         "'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':600},{'major':8,'minor':1,'rate':1}],"
         "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':0}]}}",
         "IODeviceWeight@230=/dev/block/8:16,1 IOReadBandwidthMax@230=/dev/block/8:0,600 "
         "IOReadBandwidthMax@230=/dev/block/8:1,1 IOWriteIOPSMax@230=/dev/block/8:0,infinity"},
        {&v2, NULL, "{'unified':{'memory.high':'9','memory.min':'max','memory.max':'7'}}",
         "MemoryHigh@231=9 MemoryMax@231=7 MemoryMin@240=infinity"},
        {&v2, NULL, "{'memory':{'limit':5},'unified':{'memory.max':'7'}}", "MemoryMax@231=7"},
        {&v2, NULL, "{'unified':{'cpu.max':'50000 200000','io.max':'8:0 rbps=1 wiops=2'}}",
         "IOReadBandwidthMax@230=/dev/block/8:0,1 IOWriteIOPSMax@230=/dev/block/8:0,2 "
         "CPUQuotaPerSecUSec=250000 CPUQuotaPeriodUSec@242=200000"},
        {&v2, NULL, "{'hugepageLimits':[{'pageSize':'2MB','limit':7}]}", ""},
        {&v2, NULL, "{'unified':{'cpuset.cpus':'5-3,70000-80000,x'}}", "AllowedCPUs@244="},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        cleanup_free char *got = props(cases[i].host, cases[i].now, cases[i].json);
        is_str(got, cases[i].want, "%s%s%s: %s", cases[i].host == &v2 ? "v2" : "v1",
               cases[i].now ? " update of " : "", cases[i].now ? cases[i].now : "", cases[i].json);
    }
}

int main(void)
{
    test_rows();
    test_docs();
    test_props();
    return done_testing();
}
