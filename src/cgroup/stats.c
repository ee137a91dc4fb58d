/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "cgroup/internal.h"

#define FILE_MAX (1u << 20) /* of memory.stat, io.stat: far below */

static void use_reset(struct vl_hugetlb_use *u)
{
    free(u->size);
}

void vl_stats_reset(struct vl_stats *s)
{
    for (size_t i = 0; i < s->memory.n_raw; i++)
        free(s->memory.raw[i].key);
    for (size_t i = 0; i < s->n_hugetlb; i++)
        use_reset(&s->hugetlb[i]);
    for (size_t i = 0; i < VL_IO_TABLES; i++)
        free(s->io.table[i].v);
    free(s->memory.raw);
    free(s->hugetlb);
    free(s->cpu.percpu.v);
    free(s->cpu.percpu_kernel.v);
    free(s->cpu.percpu_user.v);
    free(s->cpuset.cpus.v);
    free(s->cpuset.mems.v);
    *s = (struct vl_stats){.pids = {0, 0}};
}

/* -- files ------------------------------------------------------------------------------------- */

/* NULL when it is not there; else owned by the caller. */
static char *slurp(const char *dir, const char *file)
{
    cleanup_free char *path = vl_path_join(dir, file);
    char *text = NULL;
    return vl_slurp_at(AT_FDCWD, path, FILE_MAX, &text, NULL) == 0 ? text : NULL;
}

static uint64_t number(const char *s)
{
    return vl_starts_with(s, "max") ? UINT64_MAX : strtoull(s, NULL, 10);
}

/* Files with one number, by the place of the number. */
struct cell {
    const char *controller; /* v1 */
    const char *file;
    size_t offset;
};
#define AT(member) offsetof(struct vl_stats, member)

static const struct cell cells_v1[] = {
    {"cpuacct", "cpuacct.usage", AT(cpu.total)},
    {"memory", "memory.limit_in_bytes", AT(memory.usage.limit)},
    {"memory", "memory.usage_in_bytes", AT(memory.usage.usage)},
    {"memory", "memory.max_usage_in_bytes", AT(memory.usage.max)},
    {"memory", "memory.failcnt", AT(memory.usage.failcnt)},
    {"memory", "memory.memsw.limit_in_bytes", AT(memory.swap.limit)},
    {"memory", "memory.memsw.usage_in_bytes", AT(memory.swap.usage)},
    {"memory", "memory.memsw.max_usage_in_bytes", AT(memory.swap.max)},
    {"memory", "memory.memsw.failcnt", AT(memory.swap.failcnt)},
    {"memory", "memory.kmem.limit_in_bytes", AT(memory.kernel.limit)},
    {"memory", "memory.kmem.usage_in_bytes", AT(memory.kernel.usage)},
    {"memory", "memory.kmem.max_usage_in_bytes", AT(memory.kernel.max)},
    {"memory", "memory.kmem.failcnt", AT(memory.kernel.failcnt)},
    {"memory", "memory.kmem.tcp.limit_in_bytes", AT(memory.kernel_tcp.limit)},
    {"memory", "memory.kmem.tcp.usage_in_bytes", AT(memory.kernel_tcp.usage)},
    {"memory", "memory.kmem.tcp.max_usage_in_bytes", AT(memory.kernel_tcp.max)},
    {"memory", "memory.kmem.tcp.failcnt", AT(memory.kernel_tcp.failcnt)},
    {"pids", "pids.current", AT(pids.current)},
    {"pids", "pids.max", AT(pids.limit)},
    {"cpuset", "cpuset.cpu_exclusive", AT(cpuset.cpu_exclusive)},
    {"cpuset", "cpuset.mem_hardwall", AT(cpuset.mem_hardwall)},
    {"cpuset", "cpuset.mem_exclusive", AT(cpuset.mem_exclusive)},
    {"cpuset", "cpuset.memory_migrate", AT(cpuset.memory_migrate)},
    {"cpuset", "cpuset.memory_spread_page", AT(cpuset.memory_spread_page)},
    {"cpuset", "cpuset.memory_spread_slab", AT(cpuset.memory_spread_slab)},
    {"cpuset", "cpuset.memory_pressure", AT(cpuset.memory_pressure)},
    {"cpuset", "cpuset.sched_load_balance", AT(cpuset.sched_load_balance)},
};
static const struct cell cells_v2[] = {
    {"", "memory.max", AT(memory.usage.limit)},
    {"", "memory.current", AT(memory.usage.usage)},
    {"", "memory.peak", AT(memory.usage.max)}, /* Linux 5.19 */
    {"", "memory.swap.max", AT(memory.swap.limit)},
    {"", "memory.swap.current", AT(memory.swap.usage)},
    {"", "pids.current", AT(pids.current)},
    {"", "pids.max", AT(pids.limit)},
};

static void read_cell(const char *dir, const struct cell *c, struct vl_stats *s)
{
    char text[64];
    if (vl_cg_read_in(dir, c->file, text, sizeof(text)) > 0)
        *(uint64_t *)(void *)((char *)s + c->offset) = number(text);
}

/* "0-3,8" */
static void add_set(struct vl_number_list *l, const char *s)
{
    for (char *end; *s; s = *end == ',' ? end + 1 : end) {
        uint64_t first = strtoull(s, &end, 10), last = first;
        if (end == s)
            break;
        if (*end == '-')
            last = strtoull(end + 1, &end, 10);
        for (uint64_t i = first; i <= last && l->n < 65536; i++)
            *VL_APPEND(l->v, l->n) = i;
    }
}

static void add_numbers(struct vl_number_list *l, const char *s)
{
    for (char *end;; s = end) {
        uint64_t v = strtoull(s, &end, 10);
        if (end == s)
            break;
        *VL_APPEND(l->v, l->n) = v;
    }
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void read_psi(const char *dir, const char *file, struct vl_psi *ret)
{
    cleanup_free char *text = slurp(dir, file);
    for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        struct vl_psi_line l;
        char word[8];
        unsigned long long total;
        if (sscanf(line, "%7s avg10=%11[0-9.] avg60=%11[0-9.] avg300=%11[0-9.] total=%llu", word,
                   l.avg10, l.avg60, l.avg300, &total) != 5)
            continue;
        l.total = total;
        if (vl_streq(word, "some"))
            ret->some = l;
        else if (vl_streq(word, "full"))
            ret->full = l;
        else
            continue;
        if (!ret->there && vl_streq(word, "some")) /* cpu had no `full` before Linux 5.13 */
            ret->full = (struct vl_psi_line){"0", "0", "0", 0};
        ret->there = true;
    }
}

static void read_memory_stat(const char *dir, const char *cache, struct vl_stats *s)
{
    cleanup_free char *text = slurp(dir, "memory.stat");
    for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');
        if (value == NULL)
            continue;
        *value++ = '\0';
        struct vl_stat_value *raw = VL_APPEND(s->memory.raw, s->memory.n_raw);
        raw->key = vl_strdup(line);
        raw->value = strtoull(value, NULL, 10);
        if (vl_streq(line, cache))
            s->memory.cache = raw->value;
    }
}

static uint64_t keyed(const char *text, const char *key)
{
    uint64_t v = 0;
    if (text != NULL)
        (void)vl_cg_keyed(text, key, &v);
    return v;
}

/* -- v1 ---------------------------------------------------------------------------------------- */

static void read_cpu_v1(const char *acct, const char *cpu, struct vl_stats *s)
{
    cleanup_free char *stat = acct ? slurp(acct, "cpuacct.stat") : NULL,
                      *each = acct ? slurp(acct, "cpuacct.usage_percpu") : NULL,
                      *all = acct ? slurp(acct, "cpuacct.usage_all") : NULL,
                      *bandwidth = cpu ? slurp(cpu, "cpu.stat") : NULL;
    uint64_t tick = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    s->cpu.user = keyed(stat, "user") * tick;
    s->cpu.kernel = keyed(stat, "system") * tick;
    if (each)
        add_numbers(&s->cpu.percpu, each);
    /* a headline, then "CPU USER SYSTEM" */
    for (char *line = all ? strchr(all, '\n') : NULL; line; line = strchr(line + 1, '\n')) {
        unsigned long long user, kernel;
        if (sscanf(line, " %*u %llu %llu", &user, &kernel) != 2)
            continue;
        *VL_APPEND(s->cpu.percpu_user.v, s->cpu.percpu_user.n) = user;
        *VL_APPEND(s->cpu.percpu_kernel.v, s->cpu.percpu_kernel.n) = kernel;
    }
    s->cpu.periods = keyed(bandwidth, "nr_periods");
    s->cpu.throttled_periods = keyed(bandwidth, "nr_throttled");
    s->cpu.throttled_time = keyed(bandwidth, "throttled_time");
}

static void read_cpuset_v1(const char *dir, struct vl_stats *s)
{
    char text[64];
    cleanup_free char *cpus = slurp(dir, "cpuset.cpus"), *mems = slurp(dir, "cpuset.mems");
    if (cpus)
        add_set(&s->cpuset.cpus, cpus);
    if (mems)
        add_set(&s->cpuset.mems, mems);
    if (vl_cg_read_in(dir, "cpuset.sched_relax_domain_level", text, sizeof(text)) > 0)
        s->cpuset.sched_relax_domain_level = strtoll(text, NULL, 10);
}

/* "8:0 Read 4096", "8:0 4096", and a line "Total 4096" at the end */
static bool read_io_v1(const char *dir, const char *file, struct vl_io_list *l)
{
    cleanup_free char *text = slurp(dir, file);
    for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        unsigned long long major, minor, value;
        char op[16] = "";
        if (sscanf(line, "%llu:%llu %15[A-Za-z] %llu", &major, &minor, op, &value) != 4) {
            *op = '\0';
            if (sscanf(line, "%llu:%llu %llu", &major, &minor, &value) != 3)
                continue;
        }
        struct vl_io_entry *e = VL_APPEND(l->v, l->n);
        *e = (struct vl_io_entry){.major = major, .minor = minor, .value = value};
        memcpy(e->op, op, sizeof(op));
    }
    return text != NULL;
}

/* BFQ counts where it is the scheduler; the throttling layer counts everything. */
static void read_blkio(const char *dir, struct vl_stats *s)
{
    static const struct {
        enum vl_io_table table;
        const char *bfq, *otherwise;
    } files[] = {
        {VL_IO_BYTES, "io_service_bytes_recursive", "throttle.io_service_bytes_recursive"},
        {VL_IO_SERVICED, "io_serviced_recursive", "throttle.io_serviced_recursive"},
        {VL_IO_QUEUED, "io_queued_recursive", "io_queued_recursive"},
        {VL_IO_SERVICE_TIME, "io_service_time_recursive", "io_service_time_recursive"},
        {VL_IO_WAIT_TIME, "io_wait_time_recursive", "io_wait_time_recursive"},
        {VL_IO_MERGED, "io_merged_recursive", "io_merged_recursive"},
        {VL_IO_TIME, "time_recursive", "time_recursive"},
        {VL_IO_SECTORS, "sectors_recursive", "sectors_recursive"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(files); i++) {
        struct vl_io_list *l = &s->io.table[files[i].table];
        cleanup_free char *bfq = vl_asprintf("blkio.bfq.%s", files[i].bfq),
                          *other = vl_asprintf("blkio.%s", files[i].otherwise);
        (void)read_io_v1(dir, bfq, l);
        if (l->n == 0)
            (void)read_io_v1(dir, other, l);
    }
}

/* -- v2 ---------------------------------------------------------------------------------------- */

static void read_cpu_v2(const char *dir, struct vl_stats *s)
{
    cleanup_free char *stat = slurp(dir, "cpu.stat");
    s->cpu.total = keyed(stat, "usage_usec") * 1000;
    s->cpu.user = keyed(stat, "user_usec") * 1000;
    s->cpu.kernel = keyed(stat, "system_usec") * 1000;
    s->cpu.periods = keyed(stat, "nr_periods");
    s->cpu.throttled_periods = keyed(stat, "nr_throttled");
    s->cpu.throttled_time = keyed(stat, "throttled_usec") * 1000;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void read_io_v2(const char *dir, struct vl_stats *s)
{
    static const struct {
        const char *key, *op;
        enum vl_io_table table;
    } keys[] = {{"rbytes=", "Read", VL_IO_BYTES},    {"wbytes=", "Write", VL_IO_BYTES},
                {"dbytes=", "Discard", VL_IO_BYTES}, {"rios=", "Read", VL_IO_SERVICED},
                {"wios=", "Write", VL_IO_SERVICED},  {"dios=", "Discard", VL_IO_SERVICED}};
    cleanup_free char *text = slurp(dir, "io.stat");
    for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        unsigned long long major, minor;
        if (sscanf(line, "%llu:%llu", &major, &minor) != 2)
            continue;
        for (char *word = strchr(line, ' '); word; word = strchr(word, ' ')) {
            word++;
            for (size_t i = 0; i < VL_ARRAY_LEN(keys); i++) {
                if (!vl_starts_with(word, keys[i].key))
                    continue;
                struct vl_io_list *l = &s->io.table[keys[i].table];
                struct vl_io_entry *e = VL_APPEND(l->v, l->n);
                *e = (struct vl_io_entry){.major = major,
                                          .minor = minor,
                                          .value = strtoull(word + strlen(keys[i].key), NULL, 10)};
                strcpy(e->op, keys[i].op);
            }
        }
    }
}

static void read_v2(const char *dir, struct vl_stats *s)
{
    read_cpu_v2(dir, s);
    for (size_t i = 0; i < VL_ARRAY_LEN(cells_v2); i++)
        read_cell(dir, &cells_v2[i], s);
    read_memory_stat(dir, "file", s);
    cleanup_free char *events = slurp(dir, "memory.events");
    s->memory.usage.failcnt = keyed(events, "max");
    /* together with memory, as v1 counts it */
    s->memory.swap.usage += s->memory.usage.usage;
    if (s->memory.swap.limit != UINT64_MAX)
        s->memory.swap.limit = s->memory.usage.limit == UINT64_MAX
                                   ? UINT64_MAX
                                   : s->memory.swap.limit + s->memory.usage.limit;
    read_io_v2(dir, s);
    read_psi(dir, "cpu.pressure", &s->cpu.psi);
    read_psi(dir, "memory.pressure", &s->memory.psi);
    read_psi(dir, "io.pressure", &s->io.psi);
}

/* -- both -------------------------------------------------------------------------------------- */

static void read_hugetlb(const char *dir, bool v2, const char *size, struct vl_stats *s)
{
    char text[64];
    struct vl_memory_use u = {0, 0, 0, 0};
    cleanup_free char *usage = vl_asprintf("hugetlb.%s.%s", size, v2 ? "current" : "usage_in_bytes"),
                      *limit = vl_asprintf("hugetlb.%s.%s", size, v2 ? "max" : "limit_in_bytes"),
                      *max = vl_asprintf("hugetlb.%s.max_usage_in_bytes", size),
                      *fail = vl_asprintf("hugetlb.%s.%s", size, v2 ? "events" : "failcnt");
    if (vl_cg_read_in(dir, usage, text, sizeof(text)) <= 0)
        return;
    u.usage = number(text);
    if (vl_cg_read_in(dir, limit, text, sizeof(text)) > 0)
        u.limit = number(text);
    if (!v2 && vl_cg_read_in(dir, max, text, sizeof(text)) > 0)
        u.max = number(text);
    if (vl_cg_read_in(dir, fail, text, sizeof(text)) > 0)
        u.failcnt = v2 ? keyed(text, "max") : number(text);
    struct vl_hugetlb_use *h = VL_APPEND(s->hugetlb, s->n_hugetlb);
    h->size = vl_strdup(size);
    h->use = u;
}

int vl_cgroup_stats(const struct vl_cgroup *cg, struct vl_stats *ret, struct vl_error **err)
{
    const char *unified = vl_cg_unified(cg), *memory = vl_cg_v1_dir(cg, "memory"),
               *cpuset = vl_cg_v1_dir(cg, "cpuset"), *blkio = vl_cg_v1_dir(cg, "blkio"),
               *hugetlb = vl_cg_v1_dir(cg, "hugetlb");
    static const char *const sizes[] = {"16KB", "64KB",  "1MB",   "2MB",   "8MB",  "16MB",
                                        "32MB", "256MB", "512MB", "1GB",   "2GB",  "16GB"};
    if (cg->driver == NULL)
        return vl_err_state(err, "the container has no cgroup");
    if (access(vl_cg_main_dir(cg), F_OK) < 0)
        return vl_err_state(err, "the container's cgroup `%s` is gone", vl_cg_main_dir(cg));
    if (unified && cg->desc.mode == VL_CGROUP_V2)
        read_v2(unified, ret);
    for (size_t i = 0; i < VL_ARRAY_LEN(cells_v1); i++) {
        const char *dir = vl_cg_v1_dir(cg, cells_v1[i].controller);
        if (dir)
            read_cell(dir, &cells_v1[i], ret);
    }
    if (cg->desc.mode != VL_CGROUP_V2)
        read_cpu_v1(vl_cg_v1_dir(cg, "cpuacct"), vl_cg_v1_dir(cg, "cpu"), ret);
    if (memory)
        read_memory_stat(memory, "cache", ret);
    if (cpuset)
        read_cpuset_v1(cpuset, ret);
    if (blkio)
        read_blkio(blkio, ret);
    if (ret->pids.limit == UINT64_MAX)
        ret->pids.limit = 0;
    for (size_t i = 0; i < VL_ARRAY_LEN(sizes) && (hugetlb || unified); i++)
        read_hugetlb(hugetlb ? hugetlb : unified, hugetlb == NULL, sizes[i], ret);
    return 0;
}
