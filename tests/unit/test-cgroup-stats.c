/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics from files as kernels write them (v2 with pressure, v1), as runc's JSON; the values
 * that an update brings back. No cgroups, no privileges.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"
#include "ops/ops.h"
#include "tap.h"

static char base[] = "/tmp/veloci-stats-XXXXXX";

struct file {
    const char *dir, *name, *text;
};

static void write_files(const struct file *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *dir = vl_path_join(base, f[i].dir), *path = vl_path_join(dir, f[i].name);
        (void)mkdir(dir, 0755);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || vl_write_all(fd, f[i].text, strlen(f[i].text)) < 0)
            abort();
        close(fd);
    }
}

static void remove_files(const struct file *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *dir = vl_path_join(base, f[i].dir), *path = vl_path_join(dir, f[i].name);
        (void)unlink(path);
        (void)rmdir(dir);
    }
}

/* JSON of the statistics of these directories, "CONTROLLERS:DIR". */
static char *stats_of(const char *mode, const char *const *dirs, size_t n)
{
    cleanup(strv) struct vl_strv v = {NULL, 0};
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    cleanup(stats) struct vl_stats s = {.pids = {0, 0}};
    struct vl_error *err = NULL;
    vl_strv_add(&v, "cgroupfs");
    vl_strv_add(&v, mode);
    for (size_t i = 0; i < n; i++) {
        const char *colon = strchr(dirs[i], ':');
        vl_strv_addf(&v, "%.*s:%s/%s", (int)(colon - dirs[i]), dirs[i], base, colon + 1);
    }
    if (vl_cgroup_desc_parse(v.v, v.n, &desc, &err) < 0 ||
        vl_cgroup_open_recorded(&desc, &cg, &err) < 0 || vl_cgroup_stats(cg, &s, &err) < 0) {
        char *text = vl_error_text(err);
        vl_error_free(err);
        return text;
    }
    struct vl_json *j = vl_json_new(NULL);
    vl_stats_json(j, &s);
    return vl_json_take(j, NULL);
}

static void has(const char *json, const char *part)
{
    if (!ok(strstr(json, part) != NULL, "%s", part))
        diag("in %s", json);
}

static const struct file v2[] = {
    {"u", "cpu.stat",
     "usage_usec 100\nuser_usec 60\nsystem_usec 40\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n"},
    {"u", "cpu.pressure",
     "some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"},
    {"u", "memory.pressure", "some avg10=100.00 avg60=0.00 avg300=0.00 total=1\n"},
    {"u", "io.pressure", "nonsense\n"},
    {"u", "memory.current", "4096\n"},
    {"u", "memory.max", "8192\n"},
    {"u", "memory.peak", "8000\n"},
    {"u", "memory.swap.current", "1000\n"},
    {"u", "memory.swap.max", "2000\n"},
    {"u", "memory.stat", "anon 12\nfile 34\nslab_reclaimable 0\n"},
    {"u", "memory.events", "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n"},
    {"u", "pids.current", "3\n"},
    {"u", "pids.max", "max\n"},
    {"u", "io.stat",
     "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:1 rbytes=9 wbytes=0 rios=1 wios=0\n"},
    {"u", "hugetlb.2MB.current", "2097152\n"},
    {"u", "hugetlb.2MB.max", "max\n"},
    {"u", "hugetlb.2MB.events", "max 4\n"},
};

static void test_v2(void)
{
    static const char *const dirs[] = {"unified:u"};
    write_files(v2, VL_ARRAY_LEN(v2));
    cleanup_free char *json = stats_of("v2", dirs, 1);
    has(json, "{\"cpu\":{\"usage\":{\"total\":100000,\"kernel\":40000,\"user\":60000},"
              "\"throttling\":{\"periods\":7,\"throttledPeriods\":2,\"throttledTime\":9000},"
              "\"psi\":{\"some\":{\"avg10\":1.50,\"avg60\":0.25,\"avg300\":0.00,\"total\":12345},"
              "\"full\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":7}}},\"cpuset\":{");
    has(json, "\"memory\":{\"cache\":34,"
              "\"usage\":{\"limit\":8192,\"usage\":4096,\"max\":8000,\"failcnt\":5},"
              "\"swap\":{\"limit\":10192,\"usage\":5096,\"max\":0,\"failcnt\":0},");
    has(json, "\"raw\":{\"anon\":12,\"file\":34,\"slab_reclaimable\":0},\"psi\":{\"some\":{\"avg10\""
              ":100.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":1},\"full\":{\"avg10\":0,");
    has(json, "\"pids\":{\"current\":3,\"limit\":0}");
    has(json, "\"blkio\":{\"ioServiceBytesRecursive\":["
              "{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":1},"
              "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2},"
              "{\"major\":8,\"minor\":0,\"op\":\"Discard\",\"value\":5},"
              "{\"major\":253,\"minor\":1,\"op\":\"Read\",\"value\":9},"
              "{\"major\":253,\"minor\":1,\"op\":\"Write\",\"value\":0}],"
              "\"ioServicedRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":3},");
    has(json, "\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"max\":0,\"failcnt\":4}},\"intel_rdt\":{},"
              "\"network_interfaces\":null}");
    ok(strstr(json, "percpu") == NULL, "no list that is not there");
    ok(strstr(strstr(json, "blkio"), "psi") == NULL, "no pressure from a file that has none");
    remove_files(v2, VL_ARRAY_LEN(v2));
    free(json);
    json = stats_of("v2", dirs, 1);
    has(json, "is gone");
    write_files(v2, 1);
    free(json);
    json = stats_of("v2", dirs, 1);
    has(json, "\"memory\":{\"cache\":0,\"usage\":{\"limit\":0,\"usage\":0,");
    remove_files(v2, 1);
}

static const struct file v1[] = {
    {"cpu", "cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 9\n"},
    {"acct", "cpuacct.usage", "300\n"},
    {"acct", "cpuacct.usage_percpu", "100 200 \n"},
    {"acct", "cpuacct.stat", "user 2\nsystem 1\n"},
    {"acct", "cpuacct.usage_all", "cpu user system\n0 60 40\n1 150 50\n"},
    {"mem", "memory.limit_in_bytes", "9223372036854771712\n"},
    {"mem", "memory.usage_in_bytes", "4096\n"},
    {"mem", "memory.max_usage_in_bytes", "8192\n"},
    {"mem", "memory.failcnt", "5\n"},
    {"mem", "memory.memsw.usage_in_bytes", "5000\n"},
    {"mem", "memory.kmem.usage_in_bytes", "600\n"},
    {"mem", "memory.kmem.tcp.failcnt", "1\n"},
    {"mem", "memory.stat", "cache 77\nrss 1\n"},
    {"pids", "pids.current", "3\n"},
    {"pids", "pids.max", "33\n"},
    {"blk", "blkio.throttle.io_service_bytes_recursive",
     "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n"},
    {"blk", "blkio.bfq.io_serviced_recursive", "8:16 Async 4\n"},
    {"blk", "blkio.throttle.io_serviced_recursive", "8:0 Read 99\n"},
    {"blk", "blkio.sectors_recursive", "8:0 55\n"},
    {"set", "cpuset.cpus", "0-1,3\n"},
    {"set", "cpuset.mems", "0\n"},
    {"set", "cpuset.sched_relax_domain_level", "-1\n"},
    {"set", "cpuset.sched_load_balance", "1\n"},
};

static void test_v1(void)
{
    static const char *const dirs[] = {"cpu:cpu", "cpuacct:acct", "memory:mem", "pids:pids",
                                       "blkio:blk", "cpuset:set"};
    write_files(v1, VL_ARRAY_LEN(v1));
    cleanup_free char *json = stats_of("v1", dirs, VL_ARRAY_LEN(dirs));
    has(json, "\"usage\":{\"total\":300,\"percpu\":[100,200],\"percpu_kernel\":[40,50],"
              "\"percpu_user\":[60,150],\"kernel\":10000000,\"user\":20000000}");
    has(json, "\"throttling\":{\"periods\":7,\"throttledPeriods\":2,\"throttledTime\":9}}");
    has(json, "\"cpuset\":{\"cpus\":[0,1,3],\"cpu_exclusive\":0,\"mems\":[0],");
    has(json, "\"sched_load_balance\":1,\"sched_relax_domain_level\":-1}");
    has(json, "\"memory\":{\"cache\":77,\"usage\":{\"limit\":9223372036854771712,\"usage\":4096,"
              "\"max\":8192,\"failcnt\":5},\"swap\":{\"limit\":0,\"usage\":5000,");
    has(json, "\"kernel\":{\"limit\":0,\"usage\":600,");
    has(json, "\"kernelTCP\":{\"limit\":0,\"usage\":0,\"max\":0,\"failcnt\":1}");
    has(json, "\"pids\":{\"current\":3,\"limit\":33}");
    has(json, "\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":1},"
              "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2},"
              "{\"major\":8,\"minor\":0,\"op\":\"Total\",\"value\":3}],");
    has(json, "\"ioServicedRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Async\",\"value\":4}]");
    has(json, "\"sectorsRecursive\":[{\"major\":8,\"minor\":0,\"value\":55}]");
    ok(strstr(json, "psi") == NULL, "no pressure");
    remove_files(v1, VL_ARRAY_LEN(v1));
}

static void test_old_values(void)
{
    static const struct {
        const char *file, *now, *value, *want;
    } cases[] = {
        {"memory.max", "max", "4096", "max"},
        {"cpu.max", "max 100000", "5000 50000", "max 100000"},
        {"cpu.max", "5000 100000", "max 50000", "5000 100000"},
        {"cpu.max", "max 100000", "- 50000", "max 100000"},
        {"cpuset.cpus", "", "0-1", "\n"},
        {"cpuset.cpus", "0, 2", "0, 1", "0, 2"},
        {"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3", "1", "0"},
        {"io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=max", "8:16 rbps=9",
         "8:16 rbps=2 wbps=max"},
        {"io.max", "8:0 rbps=1", "8:16 rbps=9 wiops=8", "8:16 rbps=max wiops=max"},
        {"io.max", "", "8:16 rbps=9", "8:16 rbps=max"},
        {"io.weight", "default 100\n8:0 50", "default 200", "default 100"},
        {"io.weight", "default 100", "8:0 200", "8:0 default"},
        {"io.bfq.weight", "default 100", "500", "100"},
        {"blkio.bfq.weight_device", "", "8:0 500", "8:0 0"},
        {"blkio.throttle.read_bps_device", "8:1 5\n8:0 7", "8:0 0", "8:0 7"},
        {"rdma.max", "mlx4_0 hca_handle=max hca_object=max", "mlx4_0 hca_handle=2",
         "mlx4_0 hca_handle=max hca_object=max"},
        {"net_prio.ifpriomap", "lo 0\neth0 5", "eth0 6", "eth0 5"},
        {"net_prio.ifpriomap", "lo 0", "eth0 6", NULL},
        {"misc.max", "res 5", "res 1", "res 5"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        cleanup_free char *got = vl_cg_old_value(cases[i].file, cases[i].now, cases[i].value);
        is_str(got, cases[i].want, "before `%s` in %s", cases[i].value, cases[i].file);
    }
}

int main(void)
{
    if (mkdtemp(base) == NULL)
        abort();
    test_v2();
    test_v1();
    test_old_values();
    ok(rmdir(base) == 0, "nothing is left");
    return done_testing();
}
