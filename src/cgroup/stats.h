/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup has used and may use: CPU time, memory, tasks, block I/O, huge pages, pressure.
 *
 * Read from the files of its directories; what the kernel does not have stays 0. The counters stay
 * after the last process has ended, until the cgroup is removed.
 */
#ifndef VL_CGROUP_STATS_H
#define VL_CGROUP_STATS_H

#include "cgroup/cgroup.h"

struct vl_psi { /* Documentation/accounting/psi.rst; without the controller absent */
    bool there;
    struct vl_psi_line {
        char avg10[12], avg60[12], avg300[12]; /* percent, as the kernel writes them */
        uint64_t total;                        /* microseconds */
    } some, full;
};

struct vl_memory_use { /* bytes; UINT64_MAX: no limit (v1: the greatest number of pages) */
    uint64_t limit, usage, max, failcnt;
};

enum vl_io_table {
    VL_IO_BYTES,
    VL_IO_SERVICED,
    VL_IO_QUEUED,
    VL_IO_SERVICE_TIME,
    VL_IO_WAIT_TIME,
    VL_IO_MERGED,
    VL_IO_TIME,
    VL_IO_SECTORS,
    VL_IO_TABLES
};
struct vl_io_entry {
    uint64_t major, minor, value;
    char op[16]; /* "Read", "Write", "Discard", …; "" where there is only one */
};
struct vl_io_list {
    struct vl_io_entry *v;
    size_t n;
};

struct vl_number_list {
    uint64_t *v;
    size_t n;
};

struct vl_stats {
    struct { /* nanoseconds */
        uint64_t total, kernel, user;
        struct vl_number_list percpu, percpu_kernel, percpu_user; /* v1 only */
        uint64_t periods, throttled_periods, throttled_time;
        struct vl_psi psi;
    } cpu;
    struct { /* v1 only */
        struct vl_number_list cpus, mems;
        uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate, memory_spread_page,
            memory_spread_slab, memory_pressure, sched_load_balance;
        int64_t sched_relax_domain_level;
    } cpuset;
    struct {
        uint64_t cache;
        struct vl_memory_use usage, swap, kernel, kernel_tcp; /* swap: memory and swap together;
                                                                 the last two v1 only */
        struct vl_stat_value {
            char *key;
            uint64_t value;
        } * raw; /* memory.stat */
        size_t n_raw;
        struct vl_psi psi;
    } memory;
    struct {
        uint64_t current, limit; /* limit 0: none */
    } pids;
    struct {
        struct vl_io_list table[VL_IO_TABLES];
        struct vl_psi psi;
    } io;
    struct vl_hugetlb_use {
        char *size; /* "2MB" */
        struct vl_memory_use use;
    } * hugetlb;
    size_t n_hugetlb;
};
void vl_stats_reset(struct vl_stats *s);
static inline void vl_cleanup_stats(struct vl_stats *s)
{
    vl_stats_reset(s);
}

/* *ret must be zeroed. STATE error when there is no cgroup, or none any more. */
int vl_cgroup_stats(const struct vl_cgroup *cg, struct vl_stats *ret, struct vl_error **err);

/* -- out of memory ------------------------------------------------------------------------------ */

/*
 * Waits for processes that are killed because the memory limit is reached: a descriptor that is
 * ready for poll(2) when the count may have changed. v2: memory.events, which has to be read again
 * before it waits anew; v1: an eventfd of memory.oom_control, which tells before the kill.
 */
struct vl_oom_watch {
    int event, file; /* owned; event v1 only; VL_NOFD without a memory controller */
};
#define VL_OOM_WATCH_INIT                                                                          \
    {                                                                                              \
        VL_NOFD, VL_NOFD                                                                           \
    }
/* SYSTEM error; success without a watch where there is no memory controller. */
int vl_cgroup_oom_watch(const struct vl_cgroup *cg, struct vl_oom_watch *ret,
                        struct vl_error **err);
/* What to wait for; VL_NOFD without a watch. */
int vl_oom_fd(const struct vl_oom_watch *w, short *ret_events);
/* Processes killed so far, each of a group that is killed together (memory.oom.group) too; takes
 * what made the descriptor ready. 0 when unknown. */
uint64_t vl_oom_read(const struct vl_oom_watch *w);
void vl_oom_watch_close(struct vl_oom_watch *w);
static inline void vl_cleanup_oom_watch(struct vl_oom_watch *w)
{
    vl_oom_watch_close(w);
}

#endif
