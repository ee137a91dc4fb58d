/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of limits: one row a field of linux.resources, in the order of writing.
 *
 * A row has all that is known about its field, and nothing of it is known elsewhere: create,
 * `update` and the systemd driver read the same rows, and docs/cgroups.md is the same table for
 * people (tests/unit/test-limits-table compares them). A row without a v1 or v2 file cannot be
 * honoured there. runtime-spec config-linux.md#control-groups;
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/; systemd.resource-control(5).
 */
#include "plan/limits.h"

/* clang-format off */
#define FIELD(part, kind, type, member)                                                            \
    part, type, offsetof(struct oci_##kind, has_##member), offsetof(struct oci_##kind, member), 0
#define WORD(part, kind, member)                                                                   \
    part, VL_L_STRING, 0, offsetof(struct oci_##kind, member), 0
#define LIST(part, kind, member)                                                                   \
    part, VL_L_LIST, offsetof(struct oci_##kind, n_##member), offsetof(struct oci_##kind, member), \
        sizeof(*((struct oci_##kind *)0)->member)
#define NOWHERE VL_IN_RESOURCES, VL_L_STRING, 0, 0, 0
#define V1(c, f) .v1 = {c, f}
#define V2(c, f) .v2 = {c, f}
#define OR_V1(c, f) .second1 = {c, f}
#define OR_V2(c, f) .second2 = {c, f}
#define P1(n, how, since) .prop1 = {n, how, since, NULL}
#define P2(n, how, since) .prop2 = {n, how, since, NULL}
#define P2_AND(n, how, since, other) .prop2 = {n, how, since, other}

#define BYTES "a number of bytes, or -1 for unlimited"
#define COUNT "a number, or -1 for unlimited"
#define WEIGHT "between 10 and 1000"
#define DEVICE "a device number, major below 4096 and minor below 1048576"

const struct vl_limit_row vl_limit_rows[] = {
    /* -- memory ------------------------------------------------------------------------------ */
    /* before there is a limit; v2 has no other way, v1 neither since Linux 5.11 */
    {"memory.useHierarchy", FIELD(VL_IN_MEMORY, memory, VL_L_BOOL, use_hierarchy),
     V1("memory", "memory.use_hierarchy"),
     .convert = vl_lc_always_on_v2, .flags1 = VL_CGW_IF_EXISTS},
    {"memory.limit", FIELD(VL_IN_MEMORY, memory, VL_L_I64, limit),
     V1("memory", "memory.limit_in_bytes"), V2("memory", "memory.max"),
     .convert = vl_lc_memory_limit, .must = BYTES, .flags1 = VL_CGW_RETRY,
     P1("MemoryLimit", VL_UNIT_NUMBER, 0), P2("MemoryMax", VL_UNIT_NUMBER, 231)},
    {"memory.swap", FIELD(VL_IN_MEMORY, memory, VL_L_I64, swap),
     V1("memory", "memory.memsw.limit_in_bytes"), V2("memory", "memory.swap.max"),
     .convert = vl_lc_memory_swap, .must = BYTES, .flags1 = VL_CGW_RETRY, .ask = true,
     P2("MemorySwapMax", VL_UNIT_NUMBER, 232)},
    {"memory.reservation", FIELD(VL_IN_MEMORY, memory, VL_L_I64, reservation),
     V1("memory", "memory.soft_limit_in_bytes"), V2("memory", "memory.low"),
     .convert = vl_lc_bytes, .must = BYTES, P2("MemoryLow", VL_UNIT_NUMBER, 231)},
    {"memory.kernel", FIELD(VL_IN_MEMORY, memory, VL_L_I64, kernel),
     V1("memory", "memory.kmem.limit_in_bytes"),
     .convert = vl_lc_bytes, .must = BYTES, .flags1 = VL_CGW_VERIFY},
    {"memory.kernelTCP", FIELD(VL_IN_MEMORY, memory, VL_L_I64, kernel_tcp),
     V1("memory", "memory.kmem.tcp.limit_in_bytes"),
     .convert = vl_lc_bytes, .must = BYTES, .flags1 = VL_CGW_VERIFY},
    {"memory.swappiness", FIELD(VL_IN_MEMORY, memory, VL_L_U64, swappiness),
     V1("memory", "memory.swappiness"),
     .convert = vl_lc_swappiness, .max = 100, .must = "between 0 and 100"},
    {"memory.disableOOMKiller", FIELD(VL_IN_MEMORY, memory, VL_L_BOOL, disable_oom_killer),
     V1("memory", "memory.oom_control"), .convert = vl_lc_switch},
    /* -- cpu --------------------------------------------------------------------------------- */
    {"cpu.idle", FIELD(VL_IN_CPU, cpu, VL_L_I64, idle),
     V1("cpu", "cpu.idle"), V2("cpu", "cpu.idle"),
     .convert = vl_lc_cpu_idle, .must = "0 or 1", P2("CPUWeight", VL_UNIT_IDLE, 252)},
    {"cpu.shares", FIELD(VL_IN_CPU, cpu, VL_L_U64, shares),
     V1("cpu", "cpu.shares"), V2("cpu", "cpu.weight"), .convert = vl_lc_cpu_shares,
     P1("CPUShares", VL_UNIT_NUMBER, 0), P2("CPUWeight", VL_UNIT_NUMBER, 232)},
    {"cpu.period", FIELD(VL_IN_CPU, cpu, VL_L_U64, period),
     V1("cpu", "cpu.cfs_period_us"), V2("cpu", "cpu.max"), .convert = vl_lc_cpu_period,
     .flags1 = VL_CGW_RETRY, .flags2 = VL_CGW_RETRY,
     P1(NULL, VL_UNIT_CPU_PERIOD, 0), P2(NULL, VL_UNIT_CPU_MAX, 0)},
    {"cpu.quota", FIELD(VL_IN_CPU, cpu, VL_L_I64, quota),
     V1("cpu", "cpu.cfs_quota_us"), V2("cpu", "cpu.max"), .convert = vl_lc_cpu_quota,
     .flags1 = VL_CGW_RETRY, .flags2 = VL_CGW_RETRY,
     P1(NULL, VL_UNIT_CPU_QUOTA, 0), P2(NULL, VL_UNIT_CPU_MAX, 0)},
    {"cpu.burst", FIELD(VL_IN_CPU, cpu, VL_L_U64, burst),
     V1("cpu", "cpu.cfs_burst_us"), V2("cpu", "cpu.max.burst"), .convert = vl_lc_cpu_burst,
     .must = "at most the quota", .flags1 = VL_CGW_RETRY, .flags2 = VL_CGW_RETRY},
    {"cpu.realtimePeriod", FIELD(VL_IN_CPU, cpu, VL_L_U64, realtime_period),
     V1("cpu", "cpu.rt_period_us"), .convert = vl_lc_number, .flags1 = VL_CGW_RETRY},
    {"cpu.realtimeRuntime", FIELD(VL_IN_CPU, cpu, VL_L_I64, realtime_runtime),
     V1("cpu", "cpu.rt_runtime_us"), .convert = vl_lc_number_or_zero, .flags1 = VL_CGW_RETRY},
    {"cpu.cpus", WORD(VL_IN_CPU, cpu, cpus),
     V1("cpuset", "cpuset.cpus"), V2("cpuset", "cpuset.cpus"), .convert = vl_lc_cpu_set,
     .must = "a list of numbers such as 0-3,7", P2("AllowedCPUs", VL_UNIT_SET, 244)},
    {"cpu.mems", WORD(VL_IN_CPU, cpu, mems),
     V1("cpuset", "cpuset.mems"), V2("cpuset", "cpuset.mems"), .convert = vl_lc_cpu_set,
     .must = "a list of numbers such as 0-3,7", P2("AllowedMemoryNodes", VL_UNIT_SET, 244)},
    /* -- pids, network ----------------------------------------------------------------------- */
    {"pids.limit", FIELD(VL_IN_PIDS, pids, VL_L_I64, limit),
     V1("pids", "pids.max"), V2("pids", "pids.max"), .convert = vl_lc_pids, .must = COUNT,
     P1("TasksMax", VL_UNIT_TASKS, 227), P2("TasksMax", VL_UNIT_TASKS, 227)},
    {"network.classID", FIELD(VL_IN_NETWORK, network, VL_L_U32, class_id),
     V1("net_cls", "net_cls.classid"), .convert = vl_lc_number_or_zero},
    /* -- blockIO: to BFQ where that scheduler is built in, else to what was before it (v1: CFQ, up
     * to Linux 4.20) or came after it (v2: io.cost) ------------------------------------------- */
    {"blockIO.weight", FIELD(VL_IN_BLOCK_IO, block_io, VL_L_U16, weight),
     V1("blkio", "blkio.bfq.weight"), V2("io", "io.bfq.weight"),
     OR_V1("blkio", "blkio.weight"), OR_V2("io", "io.weight"), .second = VL_INSTEAD,
     .convert = vl_lc_io_weight, .min = 10, .max = 1000, .must = WEIGHT,
     P1("BlockIOWeight", VL_UNIT_NUMBER, 0), P2_AND("IOWeight", VL_UNIT_DFLT, 230, "IODeviceWeight")},
    {"blockIO.leafWeight", FIELD(VL_IN_BLOCK_IO, block_io, VL_L_U16, leaf_weight),
     V1("blkio", "blkio.leaf_weight"),
     .convert = vl_lc_io_leaf_weight, .min = 10, .max = 1000, .must = WEIGHT},
    {"blockIO.weightDevice", LIST(VL_IN_BLOCK_IO, block_io, weight_device),
     V1("blkio", "blkio.bfq.weight_device"), V2("io", "io.bfq.weight"),
     OR_V1("blkio", "blkio.weight_device"), OR_V2("io", "io.weight"), .second = VL_INSTEAD,
     .convert = vl_lc_dev_weight, .min = 10, .max = 1000, .must = WEIGHT,
     P1("BlockIODeviceWeight", VL_UNIT_PER_DEV, 0)},
    {"blockIO.weightDevice", LIST(VL_IN_BLOCK_IO, block_io, weight_device),
     V1("blkio", "blkio.leaf_weight_device"),
     .convert = vl_lc_dev_leaf_weight, .min = 10, .max = 1000, .must = WEIGHT},
    {"blockIO.throttleReadBpsDevice", LIST(VL_IN_BLOCK_IO, block_io, throttle_read_bps_device),
     V1("blkio", "blkio.throttle.read_bps_device"), V2("io", "io.max"),
     .convert = vl_lc_throttle_rbps, .must = DEVICE,
     P1("BlockIOReadBandwidth", VL_UNIT_PER_DEV, 0), P2(NULL, VL_UNIT_IO_MAX, 230)},
    {"blockIO.throttleWriteBpsDevice", LIST(VL_IN_BLOCK_IO, block_io, throttle_write_bps_device),
     V1("blkio", "blkio.throttle.write_bps_device"), V2("io", "io.max"),
     .convert = vl_lc_throttle_wbps, .must = DEVICE,
     P1("BlockIOWriteBandwidth", VL_UNIT_PER_DEV, 0), P2(NULL, VL_UNIT_IO_MAX, 230)},
    {"blockIO.throttleReadIOPSDevice", LIST(VL_IN_BLOCK_IO, block_io, throttle_read_iops_device),
     V1("blkio", "blkio.throttle.read_iops_device"), V2("io", "io.max"),
     .convert = vl_lc_throttle_riops, .must = DEVICE, P2(NULL, VL_UNIT_IO_MAX, 230)},
    {"blockIO.throttleWriteIOPSDevice", LIST(VL_IN_BLOCK_IO, block_io, throttle_write_iops_device),
     V1("blkio", "blkio.throttle.write_iops_device"), V2("io", "io.max"),
     .convert = vl_lc_throttle_wiops, .must = DEVICE, P2(NULL, VL_UNIT_IO_MAX, 230)},
    /* -- other lists ------------------------------------------------------------------------- */
    /* reservations are limited where the kernel can (5.7) */
    {"hugepageLimits", LIST(VL_IN_RESOURCES, resources, hugepage_limits),
     V1("hugetlb", "hugetlb.*.limit_in_bytes"), V2("hugetlb", "hugetlb.*.max"),
     OR_V1("hugetlb", "hugetlb.*.rsvd.limit_in_bytes"), OR_V2("hugetlb", "hugetlb.*.rsvd.max"),
     .second = VL_BESIDE, .convert = vl_lc_hugepages, .must = "a page size such as 2MB"},
    {"rdma", LIST(VL_IN_RESOURCES, resources, rdma),
     V1("rdma", "rdma.max"), V2("rdma", "rdma.max"), .convert = vl_lc_rdma, .keyed = true,
     .must = "the name of a device, with hcaHandles, hcaObjects or both"},
    {"network.priorities", LIST(VL_IN_NETWORK, network, priorities),
     V1("net_prio", "net_prio.ifpriomap"), .convert = vl_lc_priority,
     .must = "the name of an interface"},
    /* -- only by `unified` ------------------------------------------------------------------- */
    {NULL, NOWHERE, V2("memory", "memory.high"), P2("MemoryHigh", VL_UNIT_NUMBER, 231)},
    {NULL, NOWHERE, V2("memory", "memory.min"), P2("MemoryMin", VL_UNIT_NUMBER, 240)},
    {NULL, NOWHERE, V2("memory", "memory.zswap.max"), P2("MemoryZSwapMax", VL_UNIT_NUMBER, 253)},
};
/* clang-format on */
const size_t vl_n_limit_rows = VL_ARRAY_LEN(vl_limit_rows);

/* "hugetlb.*.max" is any text in the place of the star, without another dot. */
static bool is_file(const char *pattern, const char *file)
{
    if (pattern == NULL)
        return false;
    size_t before = strcspn(pattern, "*");
    if (pattern[before] == '\0')
        return vl_streq(pattern, file);
    return strncmp(pattern, file, before) == 0 &&
           vl_streq(file + before + strcspn(file + before, "."), pattern + before + 1);
}

const struct vl_limit_row *vl_limit_row_of(int hierarchy, const char *file)
{
    for (size_t i = 0; i < vl_n_limit_rows; i++) {
        const struct vl_limit_row *r = &vl_limit_rows[i];
        if (is_file(hierarchy == 2 ? r->v2.file : r->v1.file, file) ||
            is_file(hierarchy == 2 ? r->second2.file : r->second1.file, file))
            return r;
    }
    return NULL;
}
