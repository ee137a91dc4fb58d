/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: conversions of block devices' values and of list entries, one write an entry; unified. */
#include "plan/limits.h"

#include <stdlib.h>
#include "base/mem.h"

/* -- blockIO ----------------------------------------------------------------------------------- */

/* dev is "" or "MAJOR:MINOR ". BFQ takes the same numbers as v1; io.weight goes to 10000. */
static enum vl_limit_answer weight(struct vl_limits *l, const struct vl_limit_row *r,
                                   struct vl_limit_item *it, const char *dev, uint64_t value)
{
    if (value == 0)
        return VL_NOT_SET;
    if (value < r->min || value > r->max)
        return vl_limits_bad(l, it->field, "%llu: must be %s", (unsigned long long)value, r->must);
    if (it->second && it->hierarchy == 2)
        vl_str_addf(&it->out, "%s%llu", *dev ? dev : "default ",
                    (unsigned long long)vl_limits_io_weight(value));
    else
        vl_str_addf(&it->out, "%s%llu", dev, (unsigned long long)value);
    return VL_WRITE;
}

enum vl_limit_answer vl_lc_io_weight(struct vl_limits *l, const struct vl_limit_row *r,
                                     struct vl_limit_item *it)
{
    return weight(l, r, it, "", it->u);
}

enum vl_limit_answer vl_lc_io_leaf_weight(struct vl_limits *l, const struct vl_limit_row *r,
                                          struct vl_limit_item *it)
{
    return weight(l, r, it, "", it->u);
}

/* "MAJOR:MINOR ", owned by the caller; NULL for what is no device number (12 and 20 bits). */
static char *device(struct vl_limits *l, const struct vl_limit_item *it, int64_t major,
                    int64_t minor)
{
    if (major >= 0 && major < 1 << 12 && minor >= 0 && minor < 1 << 20)
        return vl_asprintf("%lld:%lld ", (long long)major, (long long)minor);
    vl_limits_bad(l, it->field, "%lld:%lld is no device number", (long long)major,
                  (long long)minor);
    return NULL;
}

enum vl_limit_answer vl_lc_dev_weight(struct vl_limits *l, const struct vl_limit_row *r,
                                      struct vl_limit_item *it)
{
    const struct oci_weight_device *d = it->entry;
    cleanup_free char *dev = device(l, it, d->major, d->minor);
    if (dev && !d->has_weight && !d->has_leaf_weight)
        return vl_limits_bad(l, it->field, "neither weight nor leafWeight is given");
    return dev ? weight(l, r, it, dev, d->weight) : VL_REPORTED;
}

enum vl_limit_answer vl_lc_dev_leaf_weight(struct vl_limits *l, const struct vl_limit_row *r,
                                           struct vl_limit_item *it)
{
    const struct oci_weight_device *d = it->entry;
    if (d->leaf_weight == 0)
        return VL_NOT_SET;
    cleanup_free char *dev = device(l, it, d->major, d->minor);
    return dev ? weight(l, r, it, dev, d->leaf_weight) : VL_REPORTED;
}

/* A rate of 0 is no limit. */
static enum vl_limit_answer throttle(struct vl_limits *l, const struct vl_limit_row *r,
                                     struct vl_limit_item *it, const char *key)
{
    const struct oci_throttle_device *d = it->entry;
    cleanup_free char *dev = device(l, it, d->major, d->minor);
    if (dev == NULL)
        return VL_REPORTED;
    if (d->rate == 0 && vl_limits_find(l, &r->v1, &r->v2) == 0)
        return VL_NOT_SET; /* and nothing that could limit */
    vl_str_add(&it->out, dev);
    if (it->hierarchy == 2)
        vl_str_addf(&it->out, "%s=", key);
    if (it->hierarchy == 2 && d->rate == 0)
        vl_str_add(&it->out, "max");
    else
        vl_str_addf(&it->out, "%llu", (unsigned long long)d->rate);
    return VL_WRITE;
}

enum vl_limit_answer vl_lc_throttle_rbps(struct vl_limits *l, const struct vl_limit_row *r,
                                         struct vl_limit_item *it)
{
    return throttle(l, r, it, "rbps");
}

enum vl_limit_answer vl_lc_throttle_wbps(struct vl_limits *l, const struct vl_limit_row *r,
                                         struct vl_limit_item *it)
{
    return throttle(l, r, it, "wbps");
}

enum vl_limit_answer vl_lc_throttle_riops(struct vl_limits *l, const struct vl_limit_row *r,
                                          struct vl_limit_item *it)
{
    return throttle(l, r, it, "riops");
}

enum vl_limit_answer vl_lc_throttle_wiops(struct vl_limits *l, const struct vl_limit_row *r,
                                          struct vl_limit_item *it)
{
    return throttle(l, r, it, "wiops");
}

/* -- huge pages, RDMA, network ----------------------------------------------------------------- */

/* "2MB", "64KB", "1GB": also a part of the file's name, so nothing else may pass. */
static bool page_size_ok(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    return digits > 0 && digits < 8 && s[0] != '0' &&
           (vl_streq(s + digits, "KB") || vl_streq(s + digits, "MB") || vl_streq(s + digits, "GB"));
}

/* Without sizes nobody has looked. */
static bool has_page_size(const struct vl_host *h, const char *size)
{
    for (size_t i = 0; i < h->n_hugepage_sizes; i++)
        if (vl_streq(h->hugepage_sizes[i], size))
            return true;
    return h->n_hugepage_sizes == 0;
}

static bool limited_before(const struct vl_limits *l, const struct oci_hugepage_limit *h)
{
    for (const struct oci_hugepage_limit *p = l->r->hugepage_limits; p < h; p++)
        if (vl_streq(p->page_size, h->page_size))
            return true;
    return false;
}

enum vl_limit_answer vl_lc_hugepages(struct vl_limits *l, const struct vl_limit_row *r,
                                     struct vl_limit_item *it)
{
    const struct oci_hugepage_limit *h = it->entry;
    cleanup_free char *at = vl_asprintf("%s.pageSize", it->field);
    if (!page_size_ok(h->page_size))
        return vl_limits_bad(l, at, "`%s`: must be %s", h->page_size, r->must);
    if (limited_before(l, h))
        return vl_limits_bad(l, at, "`%s` is limited twice", h->page_size);
    if (vl_limits_find(l, &r->v1, &r->v2) && !has_page_size(l->ctx->host, h->page_size))
        return vl_limits_bad(l, at, "this machine has no huge pages of %s", h->page_size);
    it->star = vl_strdup(h->page_size);
    vl_str_addf(&it->out, "%llu", (unsigned long long)h->limit);
    return VL_WRITE;
}

static bool is_word(const char *s)
{
    return *s != '\0' && strpbrk(s, " \t\n") == NULL;
}

enum vl_limit_answer vl_lc_rdma(struct vl_limits *l, const struct vl_limit_row *r,
                                struct vl_limit_item *it)
{
    const struct oci_rdma_entry *e = it->entry;
    if (!is_word(e->key) || (!e->value.has_hca_handles && !e->value.has_hca_objects))
        return vl_limits_bad(l, it->field, "`%s`: must be %s", e->key, r->must);
    vl_str_add(&it->out, e->key);
    if (e->value.has_hca_handles)
        vl_str_addf(&it->out, " hca_handle=%u", e->value.hca_handles);
    if (e->value.has_hca_objects)
        vl_str_addf(&it->out, " hca_object=%u", e->value.hca_objects);
    return VL_WRITE;
}

enum vl_limit_answer vl_lc_priority(struct vl_limits *l, const struct vl_limit_row *r,
                                    struct vl_limit_item *it)
{
    const struct oci_interface_priority *p = it->entry;
    if (!is_word(p->name))
        return vl_limits_bad(l, it->field, "`%s`: must be %s", p->name, r->must);
    vl_str_addf(&it->out, "%s %u", p->name, p->priority);
    return VL_WRITE;
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
    struct vl_limit_file v1 = {NULL, NULL}, v2 = {controller, key};
    if (!vl_streq(controller, "cgroup") && vl_limits_find(l, &v1, &v2) == 0) {
        vl_limits_missing(l, field, &v1, &v2);
        return;
    }
    const char *line = value;
    bool late = vl_streq(key, "pids.max") && (vl_streq(value, "0") || vl_streq(value, "1"));
    do {
        size_t len = strcspn(line, "\n");
        cleanup_free char *text = vl_strndup(line, len);
        /* an empty line is written only when it is all there is */
        if (len > 0 || (line == value && line[len] == '\0'))
            vl_limits_write(l, field, 2, late ? VL_CGW_LATE : 0, controller, key, text);
        line += len;
    } while (*line++ == '\n');
}

void vl_limits_unified(struct vl_limits *l)
{
    for (size_t i = 0; i < l->r->n_unified; i++)
        unified_entry(l, l->r->unified[i].key, l->r->unified[i].value);
}
