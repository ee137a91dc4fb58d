/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of linux.resources: one write an entry. And the two formulas that turn v1 weights into
 * v2 weights.
 */
#include "plan/limits.h"

#include <stdlib.h>
#include "base/mem.h"

#define V1(controller, file) .c1 = (controller), .f1 = (file)
#define V2(controller, file) .c2 = (controller), .f2 = (file)

/* -- weights ----------------------------------------------------------------------------------- */

/* Base 2 logarithm and power with some 1e-15 of error for the small range needed here. libm would
 * be one more library to map at every start. */
static double log2_of(uint64_t v)
{
    int whole = 63 - __builtin_clzll(v);
    double x = (double)v / (double)(1ULL << whole); /* 1 … 2 */
    double t = (x - 1) / (x + 1), power = t, sum = 0;
    for (int k = 1; k < 40; k += 2, power *= t * t)
        sum += power / k;
    return whole + 2 * sum / 0.693147180559945309417;
}

static double power10(double x)
{
    double sum = 1, term = 1, y = x / 8 * 2.302585092994045684; /* e^y is the eighth root */
    for (int k = 1; k < 40; k++) {
        term *= y / k;
        sum += term;
    }
    sum *= sum;
    sum *= sum;
    return sum * sum;
}

/* ceil(10^((l² + 125 l) / 612 - 7/34)), l = log2(shares): smallest, default and largest shares
 * become smallest, default and largest weight. */
uint64_t vl_limits_cpu_weight(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2_of(shares);
    double w = power10((l * l + 125 * l) / 612 - 7.0 / 34);
    uint64_t whole = (uint64_t)w;
    return w - (double)whole > 1e-9 ? whole + 1 : whole;
}

/* Linear; blkio.weight goes from 10 to 1000, io.weight from 1 to 10000. */
uint64_t vl_limits_io_weight(uint64_t weight)
{
    if (weight <= 10)
        return 1;
    if (weight >= 1000)
        return 10000;
    return 1 + (weight - 10) * 9999 / 990;
}

/* -- blockIO ----------------------------------------------------------------------------------- */

/*
 * The weight goes to BFQ where that scheduler is built in, else to what there was before it (v1:
 * CFQ, up to Linux 4.20) or came after it (v2: io.cost). dev is "" or "MAJOR:MINOR ".
 */
static void weight(struct vl_limits *l, const char *field, const char *dev, unsigned value)
{
    static const struct vl_limit_files files = {V1("blkio", "blkio.bfq.weight"),
                                                V2("io", "io.bfq.weight")};
    int hierarchy = vl_limits_find(l, &files);
    const char *suffix = *dev ? "_device" : "";
    cleanup_free char *same = vl_asprintf("%s%u", dev, value);
    if (value < 10 || value > 1000) {
        vl_limits_bad(l, field, "%u is not between 10 and 1000", value);
        return;
    }
    if (hierarchy == 1) {
        cleanup_free char *bfq = vl_asprintf("blkio.bfq.weight%s", suffix),
                          *cfq = vl_asprintf("blkio.weight%s", suffix);
        vl_limits_write(l, field, 1, VL_CGW_ALT, "blkio", bfq, same);
        vl_limits_write(l, field, 1, 0, "blkio", cfq, same);
    } else if (hierarchy == 2) {
        cleanup_free char *linear = vl_asprintf("%s%llu", *dev ? dev : "default ",
                                                (unsigned long long)vl_limits_io_weight(value));
        vl_limits_write(l, field, 2, VL_CGW_ALT, "io", "io.bfq.weight", same);
        vl_limits_write(l, field, 2, 0, "io", "io.weight", linear);
    } else {
        vl_limits_missing(l, field, &files);
    }
}

static void leaf_weight(struct vl_limits *l, const char *field, const char *dev, unsigned value)
{
    struct vl_limit_files files = {
        V1("blkio", *dev ? "blkio.leaf_weight_device" : "blkio.leaf_weight")};
    cleanup_free char *text = vl_asprintf("%s%u", dev, value);
    if (vl_limits_find(l, &files))
        vl_limits_write(l, field, 1, 0, "blkio", files.f1, text);
    else
        vl_limits_missing(l, field, &files);
}

static bool device_number(struct vl_limits *l, const char *field, int64_t major, int64_t minor)
{
    if (major >= 0 && major < 1 << 12 && minor >= 0 && minor < 1 << 20)
        return true;
    vl_limits_bad(l, field, "%lld:%lld is no device number", (long long)major, (long long)minor);
    return false;
}

static void weight_devices(struct vl_limits *l)
{
    for (size_t i = 0; i < l->r->block_io->n_weight_device; i++) {
        const struct oci_weight_device *d = &l->r->block_io->weight_device[i];
        cleanup_free char *field = vl_asprintf("blockIO.weightDevice[%zu]", i);
        cleanup_free char *dev =
            vl_asprintf("%lld:%lld ", (long long)d->major, (long long)d->minor);
        if (!device_number(l, field, d->major, d->minor))
            continue;
        if (d->weight != 0)
            weight(l, field, dev, d->weight);
        if (d->leaf_weight != 0)
            leaf_weight(l, field, dev, d->leaf_weight);
    }
}

static void throttle(struct vl_limits *l, const char *list, const char *v1_file, const char *v2_key,
                     const struct oci_throttle_device *d, size_t n)
{
    struct vl_limit_files files = {V1("blkio", v1_file), V2("io", "io.max")};
    int hierarchy = vl_limits_find(l, &files);
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *field = vl_asprintf("blockIO.%s[%zu]", list, i), *text = NULL;
        if (!device_number(l, field, d[i].major, d[i].minor))
            continue;
        if (hierarchy == 0 && d[i].rate == 0) /* no limit, and nothing that could limit */
            continue;
        if (hierarchy == 2 && d[i].rate == 0) /* 0 lifts a limit on v1 */
            text = vl_asprintf("%lld:%lld %s=max", (long long)d[i].major, (long long)d[i].minor,
                               v2_key);
        else
            text = vl_asprintf("%lld:%lld %s%s%llu", (long long)d[i].major, (long long)d[i].minor,
                               hierarchy == 2 ? v2_key : "", hierarchy == 2 ? "=" : "",
                               (unsigned long long)d[i].rate);
        if (hierarchy == 0)
            vl_limits_missing(l, field, &files);
        else
            vl_limits_write(l, field, hierarchy, 0, hierarchy == 2 ? "io" : "blkio",
                            hierarchy == 2 ? "io.max" : v1_file, text);
    }
}

void vl_limits_block_io(struct vl_limits *l)
{
    const struct oci_block_io *b = l->r->block_io;
    if (b->weight != 0)
        weight(l, "blockIO.weight", "", b->weight);
    if (b->leaf_weight != 0)
        leaf_weight(l, "blockIO.leafWeight", "", b->leaf_weight);
    weight_devices(l);
    throttle(l, "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps",
             b->throttle_read_bps_device, b->n_throttle_read_bps_device);
    throttle(l, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps",
             b->throttle_write_bps_device, b->n_throttle_write_bps_device);
    throttle(l, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops",
             b->throttle_read_iops_device, b->n_throttle_read_iops_device);
    throttle(l, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops",
             b->throttle_write_iops_device, b->n_throttle_write_iops_device);
}

/* -- huge pages, RDMA, network ----------------------------------------------------------------- */

/* "2MB", "64KB", "1GB": also a part of the file's name, so nothing else may pass. */
static bool page_size_ok(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    return digits > 0 && digits < 8 && s[0] != '0' &&
           (vl_streq(s + digits, "KB") || vl_streq(s + digits, "MB") || vl_streq(s + digits, "GB"));
}

void vl_limits_hugepages(struct vl_limits *l)
{
    for (size_t i = 0; i < l->r->n_hugepage_limits; i++) {
        const struct oci_hugepage_limit *h = &l->r->hugepage_limits[i];
        cleanup_free char *field = vl_asprintf("hugepageLimits[%zu]", i),
                          *size = vl_asprintf("%s.pageSize", field);
        if (!page_size_ok(h->page_size)) {
            vl_limits_bad(l, size, "`%s` is no page size such as 2MB", h->page_size);
            continue;
        }
        cleanup_free char *v1 = vl_asprintf("hugetlb.%s.limit_in_bytes", h->page_size);
        cleanup_free char *v1_rsvd = vl_asprintf("hugetlb.%s.rsvd.limit_in_bytes", h->page_size);
        cleanup_free char *v2 = vl_asprintf("hugetlb.%s.max", h->page_size);
        cleanup_free char *v2_rsvd = vl_asprintf("hugetlb.%s.rsvd.max", h->page_size);
        cleanup_free char *value = vl_asprintf("%llu", (unsigned long long)h->limit);
        struct vl_limit_files files = {V1("hugetlb", v1), V2("hugetlb", v2)};
        int hierarchy = vl_limits_find(l, &files);
        if (hierarchy == 0) {
            vl_limits_missing(l, field, &files);
            continue;
        }
        bool known = l->ctx->host->n_hugepage_sizes == 0; /* then nobody looked */
        for (size_t k = 0; k < l->ctx->host->n_hugepage_sizes; k++)
            known = known || vl_streq(l->ctx->host->hugepage_sizes[k], h->page_size);
        if (!known) {
            vl_limits_bad(l, size, "this machine has no huge pages of %s", h->page_size);
            continue;
        }
        vl_limits_write(l, field, hierarchy, 0, "hugetlb", hierarchy == 2 ? v2 : v1, value);
        /* reservations are limited where the kernel can (5.7) */
        vl_limits_write(l, field, hierarchy, VL_CGW_IF_EXISTS, "hugetlb",
                        hierarchy == 2 ? v2_rsvd : v1_rsvd, value);
    }
}

void vl_limits_rdma(struct vl_limits *l)
{
    static const struct vl_limit_files files = {V1("rdma", "rdma.max"), V2("rdma", "rdma.max")};
    int hierarchy = vl_limits_find(l, &files);
    for (size_t i = 0; i < l->r->n_rdma; i++) {
        const struct oci_rdma_entry *e = &l->r->rdma[i];
        cleanup_free char *field = vl_asprintf("rdma.%s", e->key);
        cleanup(str) struct vl_str text = VL_STR_INIT;
        if (!e->value.has_hca_handles && !e->value.has_hca_objects) {
            vl_limits_bad(l, field, "neither hcaHandles nor hcaObjects is there");
            continue;
        }
        if (*e->key == '\0' || strpbrk(e->key, " \t\n")) {
            vl_limits_bad(l, "rdma", "`%s` is no device name", e->key);
            continue;
        }
        vl_str_add(&text, e->key);
        if (e->value.has_hca_handles)
            vl_str_addf(&text, " hca_handle=%u", e->value.hca_handles);
        if (e->value.has_hca_objects)
            vl_str_addf(&text, " hca_object=%u", e->value.hca_objects);
        if (hierarchy == 0)
            vl_limits_missing(l, field, &files);
        else
            vl_limits_write(l, field, hierarchy, 0, "rdma", "rdma.max", text.s);
    }
}

void vl_limits_priorities(struct vl_limits *l)
{
    static const struct vl_limit_files files = {V1("net_prio", "net_prio.ifpriomap")};
    int hierarchy = vl_limits_find(l, &files);
    for (size_t i = 0; i < l->r->network->n_priorities; i++) {
        const struct oci_interface_priority *p = &l->r->network->priorities[i];
        cleanup_free char *field = vl_asprintf("network.priorities[%zu]", i);
        cleanup_free char *text = vl_asprintf("%s %u", p->name, p->priority);
        if (*p->name == '\0' || strpbrk(p->name, " \t\n"))
            vl_limits_bad(l, field, "`%s` is no interface name", p->name);
        else if (hierarchy == 0)
            vl_limits_missing(l, field, &files);
        else
            vl_limits_write(l, field, hierarchy, 0, "net_prio", files.f1, text);
    }
}

/* -- unified ----------------------------------------------------------------------------------- */

/*
 * Names of cgroup2 files and what to write into them, as they are: keys that nobody knows here too.
 * The part before the first dot names the controller. The kernel takes one device or one setting a
 * write, so a value of several lines becomes several writes.
 */
static void unified_entry(struct vl_limits *l, const char *key, const char *value)
{
    cleanup_free char *field = vl_asprintf("unified.%s", key), *controller = NULL;
    size_t n = strcspn(key, ".");
    if (*key == '\0' || key[n] == '\0' || n == 0 || strpbrk(key, "/\n")) {
        vl_limits_bad(l, field, "`%s` is no name of a cgroup file", key);
        return;
    }
    controller = vl_strndup(key, n);
    if (l->ctx->host->cgroup_mode == VL_CGROUP_V1) {
        vl_limits_bad(l, field, "`unified` needs cgroup v2");
        return;
    }
    struct vl_limit_files files = {V2(controller, key)};
    if (!vl_streq(controller, "cgroup") && vl_limits_find(l, &files) == 0) {
        vl_limits_missing(l, field, &files);
        return;
    }
    const char *line = value;
    do {
        size_t len = strcspn(line, "\n");
        cleanup_free char *text = vl_strndup(line, len);
        /* an empty line is written only when it is all there is */
        if (len > 0 || (line == value && line[len] == '\0'))
            vl_limits_write(l, field, 2, 0, controller, key, text);
        line += len;
    } while (*line++ == '\n');
}

void vl_limits_unified(struct vl_limits *l)
{
    for (size_t i = 0; i < l->r->n_unified; i++)
        unified_entry(l, l->r->unified[i].key, l->r->unified[i].value);
}
