/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics as JSON, with the names that runc gave them and engines read. Lists and pressure that
 * are not there are left out; numbers never are. */
#include "base/json.h"
#include "cgroup/stats.h"
#include "ops/ops.h"

static void numbers(struct vl_json *j, const char *key, const struct vl_number_list *l)
{
    if (l->n == 0)
        return;
    vl_json_key(j, key);
    vl_json_arr(j);
    for (size_t i = 0; i < l->n; i++)
        vl_json_uint(j, l->v[i]);
    vl_json_end_arr(j);
}

static void psi_line(struct vl_json *j, const char *key, const struct vl_psi_line *l)
{
    vl_json_key(j, key);
    vl_json_obj(j);
    vl_json_key(j, "avg10");
    vl_json_decimal(j, l->avg10);
    vl_json_key(j, "avg60");
    vl_json_decimal(j, l->avg60);
    vl_json_key(j, "avg300");
    vl_json_decimal(j, l->avg300);
    vl_json_kv_uint(j, "total", l->total);
    vl_json_end_obj(j);
}

static void psi(struct vl_json *j, const struct vl_psi *p)
{
    if (!p->there)
        return;
    vl_json_key(j, "psi");
    vl_json_obj(j);
    psi_line(j, "some", &p->some);
    psi_line(j, "full", &p->full);
    vl_json_end_obj(j);
}

static void cpu(struct vl_json *j, const struct vl_stats *s)
{
    vl_json_key(j, "cpu");
    vl_json_obj(j);
    vl_json_key(j, "usage");
    vl_json_obj(j);
    vl_json_kv_uint(j, "total", s->cpu.total);
    numbers(j, "percpu", &s->cpu.percpu);
    numbers(j, "percpu_kernel", &s->cpu.percpu_kernel);
    numbers(j, "percpu_user", &s->cpu.percpu_user);
    vl_json_kv_uint(j, "kernel", s->cpu.kernel);
    vl_json_kv_uint(j, "user", s->cpu.user);
    vl_json_end_obj(j);
    vl_json_key(j, "throttling");
    vl_json_obj(j);
    vl_json_kv_uint(j, "periods", s->cpu.periods);
    vl_json_kv_uint(j, "throttledPeriods", s->cpu.throttled_periods);
    vl_json_kv_uint(j, "throttledTime", s->cpu.throttled_time);
    vl_json_end_obj(j);
    psi(j, &s->cpu.psi);
    vl_json_end_obj(j);
}

static void cpuset(struct vl_json *j, const struct vl_stats *s)
{
    vl_json_key(j, "cpuset");
    vl_json_obj(j);
    numbers(j, "cpus", &s->cpuset.cpus);
    vl_json_kv_uint(j, "cpu_exclusive", s->cpuset.cpu_exclusive);
    numbers(j, "mems", &s->cpuset.mems);
    vl_json_kv_uint(j, "mem_hardwall", s->cpuset.mem_hardwall);
    vl_json_kv_uint(j, "mem_exclusive", s->cpuset.mem_exclusive);
    vl_json_kv_uint(j, "memory_migrate", s->cpuset.memory_migrate);
    vl_json_kv_uint(j, "memory_spread_page", s->cpuset.memory_spread_page);
    vl_json_kv_uint(j, "memory_spread_slab", s->cpuset.memory_spread_slab);
    vl_json_kv_uint(j, "memory_pressure", s->cpuset.memory_pressure);
    vl_json_kv_uint(j, "sched_load_balance", s->cpuset.sched_load_balance);
    vl_json_kv_int(j, "sched_relax_domain_level", s->cpuset.sched_relax_domain_level);
    vl_json_end_obj(j);
}

static void use_members(struct vl_json *j, const struct vl_memory_use *u)
{
    vl_json_kv_uint(j, "usage", u->usage);
    vl_json_kv_uint(j, "max", u->max);
    vl_json_kv_uint(j, "failcnt", u->failcnt);
}

static void use(struct vl_json *j, const char *key, const struct vl_memory_use *u)
{
    vl_json_key(j, key);
    vl_json_obj(j);
    vl_json_kv_uint(j, "limit", u->limit);
    use_members(j, u);
    vl_json_end_obj(j);
}

static void memory(struct vl_json *j, const struct vl_stats *s)
{
    vl_json_key(j, "memory");
    vl_json_obj(j);
    vl_json_kv_uint(j, "cache", s->memory.cache);
    use(j, "usage", &s->memory.usage);
    use(j, "swap", &s->memory.swap);
    use(j, "kernel", &s->memory.kernel);
    use(j, "kernelTCP", &s->memory.kernel_tcp);
    vl_json_key(j, "raw");
    vl_json_obj(j);
    for (size_t i = 0; i < s->memory.n_raw; i++)
        vl_json_kv_uint(j, s->memory.raw[i].key, s->memory.raw[i].value);
    vl_json_end_obj(j);
    psi(j, &s->memory.psi);
    vl_json_end_obj(j);
}

static void blkio(struct vl_json *j, const struct vl_stats *s)
{
    static const char *const names[VL_IO_TABLES] = {
        [VL_IO_BYTES] = "ioServiceBytesRecursive",  [VL_IO_SERVICED] = "ioServicedRecursive",
        [VL_IO_QUEUED] = "ioQueueRecursive",        [VL_IO_SERVICE_TIME] = "ioServiceTimeRecursive",
        [VL_IO_WAIT_TIME] = "ioWaitTimeRecursive",  [VL_IO_MERGED] = "ioMergedRecursive",
        [VL_IO_TIME] = "ioTimeRecursive",           [VL_IO_SECTORS] = "sectorsRecursive"};
    vl_json_key(j, "blkio");
    vl_json_obj(j);
    for (size_t t = 0; t < VL_IO_TABLES; t++) {
        if (s->io.table[t].n == 0)
            continue;
        vl_json_key(j, names[t]);
        vl_json_arr(j);
        for (size_t i = 0; i < s->io.table[t].n; i++) {
            const struct vl_io_entry *e = &s->io.table[t].v[i];
            vl_json_obj(j);
            vl_json_kv_uint(j, "major", e->major);
            vl_json_kv_uint(j, "minor", e->minor);
            if (*e->op)
                vl_json_kv_str(j, "op", e->op);
            vl_json_kv_uint(j, "value", e->value);
            vl_json_end_obj(j);
        }
        vl_json_end_arr(j);
    }
    psi(j, &s->io.psi);
    vl_json_end_obj(j);
}

void vl_stats_json(struct vl_json *j, const struct vl_stats *s)
{
    vl_json_obj(j);
    cpu(j, s);
    cpuset(j, s);
    memory(j, s);
    vl_json_key(j, "pids");
    vl_json_obj(j);
    vl_json_kv_uint(j, "current", s->pids.current);
    vl_json_kv_uint(j, "limit", s->pids.limit);
    vl_json_end_obj(j);
    blkio(j, s);
    vl_json_key(j, "hugetlb");
    vl_json_obj(j);
    for (size_t i = 0; i < s->n_hugetlb; i++) {
        vl_json_key(j, s->hugetlb[i].size);
        vl_json_obj(j);
        use_members(j, &s->hugetlb[i].use);
        vl_json_end_obj(j);
    }
    vl_json_end_obj(j);
    vl_json_key(j, "intel_rdt");
    vl_json_obj(j);
    vl_json_end_obj(j);
    vl_json_key(j, "network_interfaces");
    vl_json_null(j);
    vl_json_end_obj(j);
}
