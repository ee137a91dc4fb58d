/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the linux section (config-linux.md). */
#include "spec/checker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

#define MAJOR_MAX 4095    /* mknod(2): 12 bits */
#define MINOR_MAX 1048575 /* and 20 */
#define IFNAME_MAX 15     /* IFNAMSIZ less its NUL */
#define NODES 1024        /* the greatest MAX_NUMNODES */

static const struct oci_namespace *find_ns(const struct oci_linux *l, const char *type)
{
    for (size_t i = 0; i < l->n_namespaces; i++)
        if (vl_streq(l->namespaces[i].type, type))
            return &l->namespaces[i];
    return NULL;
}

static void check_namespaces(struct vl_checker *c, const struct oci_linux *l)
{
    for (c->i = 0; c->i < l->n_namespaces; c->i++) {
        const struct oci_namespace *ns = &l->namespaces[c->i];
        if (!vl_known(vl_ns_names, ns->type))
            vl_bad(c, "linux.namespaces[].type", "unknown namespace type `%s`", ns->type);
        else if (find_ns(l, ns->type) != ns)
            vl_bad(c, "linux.namespaces[].type", "the %s namespace is listed twice", ns->type);
        if (vl_is_set(ns->path))
            vl_check_abs(c, "linux.namespaces[].path", "namespace", ns->path);
    }
}

static void check_id_maps(struct vl_checker *c, const struct oci_linux *l)
{
    if ((l->n_uid_mappings > 0) != (l->n_gid_mappings > 0))
        vl_bad(c, l->n_uid_mappings > 0 ? "linux.gidMappings" : "linux.uidMappings",
               "uidMappings and gidMappings must come together");
    vl_check_mappings(c, "linux.uidMappings[]", l->uid_mappings, l->n_uid_mappings);
    vl_check_mappings(c, "linux.gidMappings[]", l->gid_mappings, l->n_gid_mappings);
}

static void check_devices(struct vl_checker *c, const struct oci_linux *l)
{
    for (c->i = 0; c->i < l->n_devices; c->i++) {
        const struct oci_device *d = &l->devices[c->i];
        if (strlen(d->type) != 1 || strchr("cbup", d->type[0]) == NULL) {
            vl_bad(c, "linux.devices[].type", "unknown device type `%s`", d->type);
            continue;
        }
        vl_check_abs(c, "linux.devices[].path", "device", d->path);
        if (d->type[0] == 'p')
            continue; /* a FIFO has no numbers; some write them nevertheless */
        if (!d->has_major || !d->has_minor)
            vl_bad(c, "linux.devices[]", "`%s` needs major and minor", d->path);
        else if (d->major < 0 || d->major > MAJOR_MAX || d->minor < 0 || d->minor > MINOR_MAX)
            vl_bad(c, "linux.devices[]", "%lld:%lld is no device number", (long long)d->major,
                   (long long)d->minor);
    }
}

/* dev_valid_name() of the kernel: also what `ip` takes. */
static bool is_ifname(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= IFNAME_MAX && !vl_streq(s, ".") && !vl_streq(s, "..") &&
           strpbrk(s, "/: \t\n\v\f\r") == NULL;
}

/* The kernel fills in the number: one %d, and no other use of % (dev_alloc_name). */
static bool is_new_ifname(const char *s)
{
    const char *percent = strchr(s, '%');
    return is_ifname(s) && (percent == NULL || (percent[1] == 'd' && strchr(percent + 1, '%') == NULL));
}

static void check_net_devices(struct vl_checker *c, const struct oci_linux *l)
{
    if (l->n_net_devices > 0 && find_ns(l, "network") == NULL)
        vl_bad(c, "linux.netDevices", "moving network devices needs a network namespace");
    for (size_t i = 0; i < l->n_net_devices; i++) {
        const struct oci_net_device_entry *e = &l->net_devices[i];
        cleanup_free char *where = vl_asprintf("linux.netDevices[\"%s\"]", e->key);
        if (!is_ifname(e->key) || strchr(e->key, '%') != NULL)
            vl_bad(c, where, "`%s` is no interface name", e->key);
        if (vl_is_set(e->value.name) && !is_new_ifname(e->value.name))
            vl_bad(c, where, "`%s` is no interface name", e->value.name);
    }
}

/* Only the form: which keys are allowed depends on the namespaces and is the planner's decision. A
 * key is a path below /proc/sys with dots, or with slashes where a component has dots itself. */
static void check_sysctl(struct vl_checker *c, const struct oci_linux *l)
{
    for (size_t i = 0; i < l->n_sysctl; i++) {
        const char *key = l->sysctl[i].key;
        cleanup_free char *where = vl_asprintf("linux.sysctl[\"%s\"]", key);
        size_t n = strlen(key);
        if (n == 0 || strstr(key, "..") != NULL || strstr(key, "//") != NULL ||
            strchr("./", key[0]) != NULL || strchr("./", key[n - 1]) != NULL ||
            strpbrk(key, " \t\n") != NULL)
            vl_bad(c, where, "`%s` is no sysctl key", key);
        vl_check_line(c, where, l->sysctl[i].value);
    }
}

static void check_paths(struct vl_checker *c, const char *where, char *const *paths, size_t n)
{
    for (c->i = 0; c->i < n; c->i++)
        vl_check_abs(c, where, "path", paths[c->i]);
}

static void check_propagation(struct vl_checker *c, const char *word)
{
    static const char *const words[] = {"shared", "slave", "private", "unbindable"};
    if (!vl_is_set(word))
        return;
    const char *plain = word + (word[0] == 'r');
    for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
        if (vl_streq(plain, words[i]))
            return;
    vl_bad(c, "linux.rootfsPropagation", "unknown propagation `%s`", word);
}

static void check_intel_rdt(struct vl_checker *c, const struct oci_intel_rdt *r)
{
    const char *id = r->clos_id;
    static const char *const kernels[] = {"info", "mon_groups", "mon_data"};
    for (size_t i = 0; vl_is_set(id) && i < VL_ARRAY_LEN(kernels); i++)
        if (vl_streq(id, kernels[i]))
            vl_bad(c, "linux.intelRdt.closID", "`%s` is no name of a resctrl group", id);
    vl_check_line(c, "linux.intelRdt.memBwSchema", r->mem_bw_schema);
    if (vl_is_set(id) && !vl_streq(id, "/") &&
        (strpbrk(id, "/\n") != NULL || vl_streq(id, ".") || vl_streq(id, "..")))
        vl_bad(c, "linux.intelRdt.closID", "`%s` is no name of a resctrl group", id);
    for (c->i = 0; c->i < r->n_schemata; c->i++)
        vl_check_line(c, "linux.intelRdt.schemata[]", r->schemata[c->i]);
}

/* set_mempolicy(2) */
static void check_memory_policy(struct vl_checker *c, const struct oci_memory_policy *m)
{
    bool none = vl_streq(m->mode, "MPOL_DEFAULT") || vl_streq(m->mode, "MPOL_LOCAL");
    bool maybe = vl_streq(m->mode, "MPOL_PREFERRED");
    bool is_static = false, relative = false;
    if (!vl_known(vl_mempolicy_names, m->mode)) {
        vl_bad(c, "linux.memoryPolicy.mode", "unknown mode `%s`", m->mode);
        return;
    }
    if (vl_is_set(m->nodes) && none)
        vl_bad(c, "linux.memoryPolicy.nodes", "%s takes no nodes", m->mode);
    else if (!vl_is_set(m->nodes) && !none && !maybe)
        vl_bad(c, "linux.memoryPolicy.nodes", "%s needs nodes", m->mode);
    else if (vl_is_set(m->nodes) && !vl_number_list_ok(m->nodes, NODES))
        vl_bad(c, "linux.memoryPolicy.nodes", "`%s` is no list of nodes", m->nodes);
    for (c->i = 0; c->i < m->n_flags; c->i++) {
        if (!vl_known(vl_mempolicy_flag_names, m->flags[c->i]))
            vl_bad(c, "linux.memoryPolicy.flags[]", "unknown flag `%s`", m->flags[c->i]);
        is_static |= vl_streq(m->flags[c->i], "MPOL_F_STATIC_NODES");
        relative |= vl_streq(m->flags[c->i], "MPOL_F_RELATIVE_NODES");
    }
    if (is_static && relative)
        vl_bad(c, "linux.memoryPolicy.flags",
               "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
}

static void check_personality(struct vl_checker *c, const struct oci_personality *p)
{
    if (!vl_known(vl_personality_names, p->domain))
        vl_bad(c, "linux.personality.domain", "unknown domain `%s`", p->domain);
    for (c->i = 0; c->i < p->n_flags; c->i++) /* the specification names none */
        vl_bad(c, "linux.personality.flags[]", "unknown flag `%s`", p->flags[c->i]);
}

static void check_time_offsets(struct vl_checker *c, const struct oci_linux *l)
{
    const struct oci_namespace *ns = find_ns(l, "time");
    if (l->n_time_offsets > 0 && ns == NULL)
        vl_bad(c, "linux.timeOffsets", "clock offsets need a time namespace");
    else if (l->n_time_offsets > 0 && vl_is_set(ns->path))
        vl_bad(c, "linux.timeOffsets", "a time namespace that is joined keeps its offsets");
    for (size_t i = 0; i < l->n_time_offsets; i++) {
        const struct oci_time_offset_entry *e = &l->time_offsets[i];
        cleanup_free char *where = vl_asprintf("linux.timeOffsets[\"%s\"]", e->key);
        if (!vl_streq(e->key, "monotonic") && !vl_streq(e->key, "boottime"))
            vl_bad(c, where, "unknown clock `%s`", e->key);
        if (e->value.nanosecs > 999999999)
            vl_bad(c, where, "%u nanoseconds are more than a second", e->value.nanosecs);
    }
}

void vl_check_linux(const struct oci_config *config, struct vl_error **list)
{
    const struct oci_linux *l = config->linux;
    struct vl_checker c = {.list = list, .at = ""};
    check_namespaces(&c, l);
    check_id_maps(&c, l);
    check_devices(&c, l);
    check_net_devices(&c, l);
    check_sysctl(&c, l);
    if (l->resources != NULL)
        vl_check_resources(l->resources, "linux.resources", list);
    if (l->seccomp != NULL)
        vl_check_seccomp(l->seccomp, list);
    check_propagation(&c, l->rootfs_propagation);
    check_paths(&c, "linux.maskedPaths[]", l->masked_paths, l->n_masked_paths);
    check_paths(&c, "linux.readonlyPaths[]", l->readonly_paths, l->n_readonly_paths);
    vl_check_line(&c, "linux.mountLabel", l->mount_label);
    vl_check_line(&c, "linux.cgroupsPath", l->cgroups_path);
    if (l->intel_rdt != NULL)
        check_intel_rdt(&c, l->intel_rdt);
    if (l->memory_policy != NULL)
        check_memory_policy(&c, l->memory_policy);
    if (l->personality != NULL)
        check_personality(&c, l->personality);
    check_time_offsets(&c, l);
}
