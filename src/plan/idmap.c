/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of the container's user namespace: IDMAP, IDMAP_MODE. user_namespaces(7), newuidmap(1), subuid(5),
 * config-linux.md#user-namespace-mappings.
 *
 * Root writes any map itself. Anyone else may write a map of just the own id, with setgroups(2) switched off;
 * larger ones are written by newuidmap and newgidmap after /etc/subuid and /etc/subgid.
 */
#include "plan/idmap.h"

#include <linux/capability.h>
#include <sched.h>
#include "base/mem.h"
#include "plan/planners.h"

uint32_t vl_plan_map_id(const struct vl_idmap_line *map, size_t n, uint32_t id)
{
    if (n == 0)
        return id;
    for (size_t i = 0; i < n; i++)
        if (id >= map[i].container && id - map[i].container < map[i].size)
            return map[i].host + (id - map[i].container);
    return VL_NO_ID;
}

char *vl_idmap_text(const struct vl_idmap_line *map, size_t n)
{
    struct vl_str s = VL_STR_INIT;
    for (size_t i = 0; i < n; i++)
        vl_str_addf(&s, "%u %u %u\n", map[i].container, map[i].host, map[i].size);
    return vl_str_take(&s);
}

void vl_idmap_copy(const struct oci_id_mapping *from, size_t n, struct vl_idmap_line **ret)
{
    *ret = vl_realloc_array(NULL, n + 1, sizeof(**ret));
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = (struct vl_idmap_line){from[i].container_id, from[i].host_id, from[i].size};
}

/* In a user namespace of our own (rootless engines) only ids that are mapped there can be given on. */
static int check_outer(struct vl_planner *p, const struct vl_idmap_line *map, size_t n,
                       const struct vl_idmap_line *own, size_t n_own, const char *where)
{
    if (p->host->in_initial_userns)
        return 0;
    for (size_t i = 0; i < n; i++) {
        bool inside = false;
        for (size_t k = 0; k < n_own; k++)
            inside |= map[i].host >= own[k].container &&
                      (uint64_t)map[i].host + map[i].size <= (uint64_t)own[k].container + own[k].size;
        if (!inside) {
            cleanup_free char *at = vl_asprintf("%s[%zu]", where, i);
            return vl_pl_config(p, at, "id mapping: host ids %u to %u are not mapped in the caller's user namespace",
                                map[i].host, map[i].host + map[i].size - 1);
        }
    }
    return 0;
}

static void add_line(struct vl_idmap_line **map, size_t *n, uint32_t container, uint32_t host, uint32_t size)
{
    struct vl_idmap_line *l = VL_APPEND(*map, *n);
    *l = (struct vl_idmap_line){container, host, size};
}

/* Own id as root, subordinate ids as 1 and so on. */
static void auto_map(struct vl_idmap_line **map, size_t *n, uint32_t own, const struct vl_subid *sub, size_t n_sub)
{
    uint32_t next = 1;
    add_line(map, n, 0, own, 1);
    for (size_t i = 0; i < n_sub && *n < VL_IDMAP_LINES_MAX; i++) {
        if (sub[i].count == 0 || (uint64_t)next + sub[i].count > UINT32_MAX)
            continue;
        add_line(map, n, next, sub[i].start, sub[i].count);
        next += sub[i].count;
    }
}

static void choose_auto_maps(struct vl_planner *p)
{
    const struct vl_host *h = p->host;
    bool ranges = h->newuidmap && h->newgidmap && h->n_subuids > 0 && h->n_subgids > 0;
    if (!ranges)
        vl_pl_note(p, "only one user and one group are mapped: %s",
                   h->newuidmap && h->newgidmap ? "/etc/subuid or /etc/subgid has no range for the caller"
                                                : "newuidmap or newgidmap is not installed");
    auto_map(&p->uid_map, &p->n_uid_map, h->euid, h->subuids, ranges ? h->n_subuids : 0);
    auto_map(&p->gid_map, &p->n_gid_map, h->egid, h->subgids, ranges ? h->n_subgids : 0);
}

static int choose_maps(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    if (l->n_uid_mappings == 0) {
        if (p->ns_join & CLONE_NEWUSER)
            return 0;
        if (p->host->euid == 0)
            return vl_pl_config(p, "linux.uidMappings", "a new user namespace needs id mappings");
        choose_auto_maps(p);
        return 0;
    }
    vl_idmap_copy(l->uid_mappings, l->n_uid_mappings, &p->uid_map);
    vl_idmap_copy(l->gid_mappings, l->n_gid_mappings, &p->gid_map);
    p->n_uid_map = l->n_uid_mappings;
    p->n_gid_map = l->n_gid_mappings;
    int r = check_outer(p, p->uid_map, p->n_uid_map, p->host->own_uid_map, p->host->n_own_uid_map,
                        "linux.uidMappings");
    return r | check_outer(p, p->gid_map, p->n_gid_map, p->host->own_gid_map, p->host->n_own_gid_map,
                           "linux.gidMappings");
}

static bool is_own_only(const struct vl_idmap_line *map, size_t n, uint32_t own)
{
    return n == 1 && map[0].size == 1 && map[0].host == own;
}

static void append_lines(struct vl_planner *p, const struct vl_idmap_line *map, size_t n, int kind)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *where = NULL;
        if (p->spec->config->linux->n_uid_mappings > 0)
            where = vl_asprintf("linux.%sMappings[%zu]", kind == 0 ? "uid" : "gid", i);
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_IDMAP, where);
        op->n[0] = kind;
        op->n[1] = map[i].container;
        op->n[2] = map[i].host;
        op->n[3] = map[i].size;
    }
}

/* How the maps get written; see the head of this file. */
static int append_mode(struct vl_planner *p)
{
    const struct vl_host *h = p->host;
    const uint64_t need = UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;
    bool direct = h->euid == 0 && (h->caps_effective & need) == need;
    bool own_ids =
        is_own_only(p->uid_map, p->n_uid_map, h->euid) && is_own_only(p->gid_map, p->n_gid_map, h->egid);
    if (!direct && !own_ids && (h->newuidmap == NULL || h->newgidmap == NULL))
        return vl_pl_unsupported(p, h->newuidmap ? "newgidmap" : "newuidmap", "linux.uidMappings",
                                 "write id mappings: more than the caller's own id needs %s, which is not installed",
                                 h->newuidmap ? "newgidmap" : "newuidmap");
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_IDMAP_MODE, NULL);
    op->n[0] = !direct && !own_ids;
    op->n[1] = !direct && own_ids;
    if (op->n[0]) {
        vl_op_str(op, 0, h->newuidmap);
        vl_op_str(op, 1, h->newgidmap);
    }
    p->setgroups_denied |= op->n[1] != 0;
    return 0;
}

/* The container is set up as its root, or, when that is not mapped, as the first id that is. */
static void choose_setup_ids(struct vl_planner *p)
{
    if (vl_plan_map_id(p->uid_map, p->n_uid_map, 0) == VL_NO_ID)
        p->setup_uid = p->uid_map[0].container;
    if (vl_plan_map_id(p->gid_map, p->n_gid_map, 0) == VL_NO_ID)
        p->setup_gid = p->gid_map[0].container;
}

int vl_plan_idmap(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    p->setgroups_denied = p->host->setgroups_denied;
    if (!p->userns) {
        if (l->n_uid_mappings > 0)
            return vl_pl_config(p, "linux.uidMappings",
                                "id mappings need a user namespace, which linux.namespaces does not have");
        return 0;
    }
    if (choose_maps(p) < 0)
        return -1;
    choose_setup_ids(p);
    if (p->ns_join & CLONE_NEWUSER)
        return 0;
    append_lines(p, p->uid_map, p->n_uid_map, 0);
    append_lines(p, p->gid_map, p->n_gid_map, 1);
    return append_mode(p);
}

/* -- the idmap= mount option ------------------------------------------------------------------------ */

void vl_idmap_pair_reset(struct vl_idmap_pair *m)
{
    free(m->uid);
    free(m->gid);
    *m = (struct vl_idmap_pair){.uid = NULL};
}

/* One FS-HOST-SIZE; relative ones are moved by what the container's own map adds at FS. */
static int parse_range(const char *s, const struct vl_idmap_line *ctr, size_t n_ctr, struct vl_idmap_line *ret)
{
    bool relative = *s == '@';
    cleanup_free char *copy = vl_strdup(s + relative);
    char *host = strchr(copy, '-');
    char *size = host ? strchr(host + 1, '-') : NULL;
    if (size == NULL)
        return -EINVAL;
    *host++ = *size++ = '\0';
    if (vl_parse_u32(copy, 10, &ret->container) < 0 || vl_parse_u32(host, 10, &ret->host) < 0 ||
        vl_parse_u32(size, 10, &ret->size) < 0)
        return -EINVAL;
    if (relative) {
        uint32_t at = vl_plan_map_id(ctr, n_ctr, ret->container);
        if (at == VL_NO_ID)
            return -ERANGE;
        ret->host += at - ret->container;
    }
    return 0;
}

static bool overlap(uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
    return a < (uint64_t)b + nb && b < (uint64_t)a + na;
}

static int check_line(struct vl_planner *p, const struct vl_idmap_line *map, size_t i, const char *where)
{
    const struct vl_idmap_line *l = &map[i];
    if (l->size == 0)
        return vl_pl_config(p, where, "idmap range %zu is empty", i);
    if ((uint64_t)l->container + l->size > UINT32_MAX || (uint64_t)l->host + l->size > UINT32_MAX)
        return vl_pl_config(p, where, "idmap range %zu goes beyond the last id", i);
    for (size_t k = 0; k < i; k++)
        if (overlap(l->container, l->size, map[k].container, map[k].size) ||
            overlap(l->host, l->size, map[k].host, map[k].size))
            return vl_pl_config(p, where, "idmap range %zu overlaps with range %zu", i, k);
    return 0;
}

static int check_lines(struct vl_planner *p, const struct vl_idmap_line *map, size_t n, const char *where)
{
    if (n > VL_IDMAP_LINES_MAX)
        return vl_pl_config(p, where, "idmap option: the kernel takes at most %d ranges", VL_IDMAP_LINES_MAX);
    for (size_t i = 0; i < n; i++)
        if (check_line(p, map, i, where) < 0)
            return -1;
    return 0;
}

static int parse_ranges(struct vl_planner *p, char *text, const struct vl_idmap_line *ctr, size_t n_ctr,
                        const char *where, struct vl_idmap_line **ret, size_t *n)
{
    for (char *rest = NULL, *s = strtok_r(text, "#", &rest); s != NULL; s = strtok_r(NULL, "#", &rest)) {
        struct vl_idmap_line *l = VL_APPEND(*ret, *n);
        int r = parse_range(s, ctr, n_ctr, l);
        if (r == -ERANGE)
            return vl_pl_config(p, where, "idmap range `%s`: not mapped in the container's user namespace", s);
        if (r < 0)
            return vl_pl_config(p, where, "idmap range `%s` is not FS-HOST-SIZE", s);
    }
    return check_lines(p, *ret, *n, where);
}

int vl_idmap_parse_option(struct vl_planner *p, const char *text, const char *where, struct vl_idmap_pair *ret)
{
    cleanup_free char *copy = vl_strdup(text);
    *ret = (struct vl_idmap_pair){.uid = NULL};
    for (char *rest = NULL, *part = strtok_r(copy, ";", &rest); part; part = strtok_r(NULL, ";", &rest)) {
        int r;
        if (vl_starts_with(part, "uids=") && ret->n_uid == 0)
            r = parse_ranges(p, part + 5, p->uid_map, p->n_uid_map, where, &ret->uid, &ret->n_uid);
        else if (vl_starts_with(part, "gids=") && ret->n_gid == 0)
            r = parse_ranges(p, part + 5, p->gid_map, p->n_gid_map, where, &ret->gid, &ret->n_gid);
        else
            r = vl_pl_config(p, where, "idmap part `%s` is not a single uids= or gids=", part);
        if (r < 0)
            return -1;
    }
    if (ret->n_uid == 0 || ret->n_gid == 0)
        return vl_pl_config(p, where, "idmap option: uids= and gids= are both needed");
    return 0;
}
