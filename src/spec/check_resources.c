/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of linux.resources (config-linux.md#control-groups). Zero counts as not set where engines
 * send it. */
#include "spec/checker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

static void check_device_rules(struct vl_checker *c, const struct oci_resources *r)
{
    for (c->i = 0; c->i < r->n_devices; c->i++) {
        const struct oci_device_rule *d = &r->devices[c->i];
        if (vl_is_set(d->type) && (strlen(d->type) != 1 || strchr("abc", d->type[0]) == NULL))
            vl_bad(c, "devices[].type", "unknown device type `%s`", d->type);
        if (d->access != NULL && d->access[strspn(d->access, "rwm")] != '\0')
            vl_bad(c, "devices[].access", "`%s` has other letters than r, w and m", d->access);
        if (d->has_major && (d->major < -1 || d->major > UINT32_MAX))
            vl_bad(c, "devices[].major", "%lld is no device number", (long long)d->major);
        if (d->has_minor && (d->minor < -1 || d->minor > UINT32_MAX))
            vl_bad(c, "devices[].minor", "%lld is no device number", (long long)d->minor);
    }
}

static void check_amount(struct vl_checker *c, const char *where, bool has, int64_t v)
{
    if (has && v < -1)
        vl_bad(c, where, "%lld: only -1 (unlimited) may be negative", (long long)v);
}

static void check_memory(struct vl_checker *c, const struct oci_memory *m)
{
    check_amount(c, "memory.limit", m->has_limit, m->limit);
    check_amount(c, "memory.reservation", m->has_reservation, m->reservation);
    check_amount(c, "memory.swap", m->has_swap, m->swap);
    check_amount(c, "memory.kernel", m->has_kernel, m->kernel);
    check_amount(c, "memory.kernelTCP", m->has_kernel_tcp, m->kernel_tcp);
    /* Engines send the greatest number for "not set". */
    if (m->has_swappiness && m->swappiness > 100 && m->swappiness != UINT64_MAX)
        vl_bad(c, "memory.swappiness", "%llu is not in 0 to 100",
               (unsigned long long)m->swappiness);
}

/* cpuset(7), "List format"; the kernel judges the rest. */
static void check_set(struct vl_checker *c, const char *where, const char *s)
{
    if (s != NULL && s[strspn(s, "0123456789,-:/ abcdefghijklmnopqrstuvwxyzN")] != '\0')
        vl_bad(c, where, "`%s` is no list of numbers", s);
}

static void check_cpu(struct vl_checker *c, const struct oci_cpu *cpu)
{
    check_set(c, "cpu.cpus", cpu->cpus);
    check_set(c, "cpu.mems", cpu->mems);
    if (cpu->has_burst && cpu->has_quota && cpu->quota > 0 && cpu->burst > (uint64_t)cpu->quota)
        vl_bad(c, "cpu.burst", "the burst is greater than the quota");
    if (cpu->has_idle && (cpu->idle < 0 || cpu->idle > 1))
        vl_bad(c, "cpu.idle", "%lld is not 0 or 1", (long long)cpu->idle);
}

static void check_weight(struct vl_checker *c, const char *where, bool has, uint16_t weight)
{
    if (has && weight != 0 && (weight < 10 || weight > 1000))
        vl_bad(c, where, "weight %u is not in 10 to 1000", weight);
}

static void check_device_number(struct vl_checker *c, const char *where, int64_t major,
                                int64_t minor)
{
    if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
        vl_bad(c, where, "%lld:%lld is no device number", (long long)major, (long long)minor);
}

static void check_throttles(struct vl_checker *c, const char *where,
                            const struct oci_throttle_device *d, size_t n)
{
    for (c->i = 0; c->i < n; c->i++)
        check_device_number(c, where, d[c->i].major, d[c->i].minor);
}

static void check_block_io(struct vl_checker *c, const struct oci_block_io *b)
{
    check_weight(c, "blockIO.weight", b->has_weight, b->weight);
    check_weight(c, "blockIO.leafWeight", b->has_leaf_weight, b->leaf_weight);
    for (c->i = 0; c->i < b->n_weight_device; c->i++) {
        const struct oci_weight_device *d = &b->weight_device[c->i];
        check_device_number(c, "blockIO.weightDevice[]", d->major, d->minor);
        check_weight(c, "blockIO.weightDevice[].weight", d->has_weight, d->weight);
        check_weight(c, "blockIO.weightDevice[].leafWeight", d->has_leaf_weight, d->leaf_weight);
        if (!d->has_weight && !d->has_leaf_weight)
            vl_bad(c, "blockIO.weightDevice[]", "neither weight nor leafWeight is given");
    }
    check_throttles(c, "blockIO.throttleReadBpsDevice[]", b->throttle_read_bps_device,
                    b->n_throttle_read_bps_device);
    check_throttles(c, "blockIO.throttleWriteBpsDevice[]", b->throttle_write_bps_device,
                    b->n_throttle_write_bps_device);
    check_throttles(c, "blockIO.throttleReadIOPSDevice[]", b->throttle_read_iops_device,
                    b->n_throttle_read_iops_device);
    check_throttles(c, "blockIO.throttleWriteIOPSDevice[]", b->throttle_write_iops_device,
                    b->n_throttle_write_iops_device);
}

static void check_hugepages(struct vl_checker *c, const struct oci_resources *r)
{
    for (c->i = 0; c->i < r->n_hugepage_limits; c->i++) {
        const char *size = r->hugepage_limits[c->i].page_size;
        size_t digits = strspn(size, "0123456789");
        const char *unit = size + digits;
        if (digits == 0 || size[0] == '0' ||
            !(vl_streq(unit, "KB") || vl_streq(unit, "MB") || vl_streq(unit, "GB")))
            vl_bad(c, "hugepageLimits[].pageSize", "`%s` is no page size such as 2MB", size);
        for (size_t k = 0; k < c->i; k++)
            if (vl_streq(size, r->hugepage_limits[k].page_size))
                vl_bad(c, "hugepageLimits[].pageSize", "`%s` is limited twice", size);
    }
}

/* A key becomes the name of a file in the container's cgroup directory, a map's key a word in one.
 */
static void check_keys(struct vl_checker *c, const struct oci_resources *r)
{
    for (c->i = 0; c->i < r->n_unified; c->i++) {
        const char *key = r->unified[c->i].key;
        cleanup_free char *where = vl_asprintf("unified[\"%s\"]", key);
        if (key[0] == '\0' || strchr(key, '/') != NULL || vl_streq(key, ".") || vl_streq(key, ".."))
            vl_bad(c, where, "`%s` is no name of a cgroup file", key);
    }
    for (c->i = 0; c->i < r->n_rdma; c->i++) {
        const struct oci_rdma_entry *e = &r->rdma[c->i];
        cleanup_free char *where = vl_asprintf("rdma[\"%s\"]", e->key);
        if (e->key[0] == '\0' || strpbrk(e->key, " \t\n") != NULL)
            vl_bad(c, where, "`%s` is no device name", e->key);
        if (!e->value.has_hca_handles && !e->value.has_hca_objects)
            vl_bad(c, where, "neither hcaHandles nor hcaObjects is given");
    }
    if (r->network == NULL)
        return;
    for (c->i = 0; c->i < r->network->n_priorities; c->i++) {
        const char *name = r->network->priorities[c->i].name;
        if (name[0] == '\0' || strpbrk(name, " \t\n") != NULL)
            vl_bad(c, "network.priorities[].name", "`%s` is no interface name", name);
    }
}

void vl_check_resources(const struct oci_resources *r, const char *at, struct vl_error **list)
{
    struct vl_checker c = {.list = list, .at = at};
    check_device_rules(&c, r);
    if (r->memory != NULL)
        check_memory(&c, r->memory);
    if (r->cpu != NULL)
        check_cpu(&c, r->cpu);
    if (r->pids != NULL)
        check_amount(&c, "pids.limit", r->pids->has_limit, r->pids->limit);
    if (r->block_io != NULL)
        check_block_io(&c, r->block_io);
    check_hugepages(&c, r);
    check_keys(&c, r);
}
