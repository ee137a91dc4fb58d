/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of control groups: what a mount of type cgroup or cgroup2 becomes on each kind of host.
 *
 *   v2      cgroup2 at the target
 *   v1      tmpfs at the target, a directory a hierarchy with the hierarchy in it, links for joint controllers
 *   hybrid  as v1, and cgroup2 at TARGET/unified
 *
 * With a cgroup namespace a hierarchy is mounted anew and begins at the container's cgroup; without one, on v1, the
 * container's own directory is bound (the descriptor names the hierarchy's mount point; prep opens the container's
 * cgroup below it).
 */
#include <sched.h>
#include "base/mem.h"
#include "plan/mounts.h"
#include "sys/compat.h"

/*
 * A new cgroup2 mount may be refused in a user namespace (EPERM) or when it would be the very same mount again
 * (EBUSY): then the inherited one is shown, read-only. Without a cgroup namespace an unprivileged caller's own
 * cgroups would be writable inside: CVE-2023-25809.
 */
static struct vl_op *append_v2(const struct vl_mount_entry *e, const char *target)
{
    struct vl_planner *p = e->p;
    struct vl_op *op = vl_mount_append(e, "cgroup2", "cgroup", target, &e->o->data);
    op->n[4] |= VL_MNT_BIND_FALLBACK;
    if ((p->userns || !p->host->in_initial_userns) && !vl_pl_own(p, CLONE_NEWCGROUP) &&
        !(op->n[0] & MOUNT_ATTR_RDONLY)) {
        op->n[0] |= MOUNT_ATTR_RDONLY;
        op->n[1] &= ~(int64_t)MOUNT_ATTR_RDONLY;
        vl_pl_note(p, "%s: read-only, because the caller's cgroups would be writable without a cgroup namespace",
                   e->where);
    }
    return op;
}

static void append_dir(const struct vl_mount_entry *e, const char *path)
{
    struct vl_op *op = vl_plan_op(e->p->plan, VL_OP_MKDIR, e->where);
    vl_op_str(op, 0, path);
    op->n[0] = 0755;
    op->n[1] = e->p->setup_uid;
    op->n[2] = e->p->setup_gid;
}

/* Without a cgroup of its own the container is, and sees, where its caller is. */
static void append_bind(const struct vl_mount_entry *e, const char *hierarchy, const char *own_path, const char *target)
{
    struct vl_planner *p = e->p;
    bool clone, none = p->opts->cgroup_manager == VL_CGM_DISABLED;
    cleanup_free char *own = vl_path_join(hierarchy, own_path ? own_path : "/");
    int desc = vl_mount_desc(p, none ? VL_ROLE_SOURCE : VL_ROLE_CGROUP, VL_KIND_DIR, 0, none ? own : hierarchy,
                             e->where, &clone);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_BIND, e->where);
    vl_op_str(op, 0, target);
    vl_op_str(op, 1, hierarchy);
    op->fd[0] = (int16_t)desc;
    op->n[0] = (int64_t)e->o->attr.set;
    op->n[1] = (int64_t)e->o->attr.clear;
    op->n[5] = clone ? VL_MNT_CLONE : 0;
}

/* "cpu,cpuacct" as mount options; a named hierarchy is asked for by its name and has no controllers. */
static void hierarchy_options(const struct vl_cgroup_v1 *h, struct vl_strv *data)
{
    if (h->named) {
        vl_strv_add(data, "none");
        vl_strv_addf(data, "name=%s", h->controllers);
        return;
    }
    cleanup_free char *copy = vl_strdup(h->controllers);
    for (char *rest = NULL, *c = strtok_r(copy, ",", &rest); c != NULL; c = strtok_r(NULL, ",", &rest))
        vl_strv_add(data, c);
}

static void append_links(const struct vl_mount_entry *e, const struct vl_cgroup_v1 *h, const char *name)
{
    cleanup_free char *copy = vl_strdup(h->controllers);
    if (h->named || strchr(h->controllers, ',') == NULL)
        return;
    for (char *rest = NULL, *c = strtok_r(copy, ",", &rest); c != NULL; c = strtok_r(NULL, ",", &rest)) {
        cleanup_free char *path = vl_path_join(e->target, c);
        struct vl_op *op = vl_plan_op(e->p->plan, VL_OP_SYMLINK, e->where);
        vl_op_str(op, 0, name);
        vl_op_str(op, 1, path);
        op->n[0] = 1;
    }
}

static void append_hierarchy(const struct vl_mount_entry *e, const struct vl_cgroup_v1 *h)
{
    const char *name = vl_path_base(h->mount);
    cleanup_free char *path = vl_path_join(e->target, name);
    cleanup(strv) struct vl_strv data = {NULL, 0};
    append_dir(e, path);
    if (vl_pl_own(e->p, CLONE_NEWCGROUP)) {
        hierarchy_options(h, &data);
        vl_mount_append(e, "cgroup", "cgroup", path, &data);
    } else {
        append_bind(e, h->mount, h->own_path, path);
    }
    append_links(e, h, name);
}

static void append_view_dir(const struct vl_mount_entry *e)
{
    cleanup(strv) struct vl_strv data = {NULL, 0};
    vl_strv_add(&data, "mode=755");
    struct vl_op *op = vl_mount_append(e, "tmpfs", "tmpfs", e->target, &data);
    if (e->o->attr.set & MOUNT_ATTR_RDONLY)
        op->n[4] |= VL_MNT_LATE_RO;
}

int vl_mount_plan_cgroup(const struct vl_mount_entry *e)
{
    const struct vl_host *h = e->p->host;
    if (h->cgroup_mode == VL_CGROUP_NONE)
        return vl_pl_unsupported(e->p, "cgroups", e->where, "mount cgroups at `%s`: this host has none mounted", e->target);
    if (h->cgroup_mode == VL_CGROUP_V2 || vl_streq(e->type, "cgroup2")) {
        append_v2(e, e->target);
        return 0;
    }
    append_view_dir(e);
    for (size_t i = 0; i < h->n_v1; i++)
        append_hierarchy(e, &h->v1[i]);
    if (h->cgroup_mode == VL_CGROUP_HYBRID) {
        cleanup_free char *unified = vl_path_join(e->target, vl_path_base(h->v2_mount));
        append_dir(e, unified);
        if (vl_pl_own(e->p, CLONE_NEWCGROUP))
            append_v2(e, unified);
        else
            append_bind(e, h->v2_mount, h->v2_own_path, unified);
    }
    return 0;
}

/* An old systemd inside that knows v1 only gets the one hierarchy it cannot do without. */
int vl_mount_plan_cgroup_v1(const struct vl_mount_entry *e)
{
    cleanup_free char *path = vl_path_join(e->target, "systemd");
    cleanup(strv) struct vl_strv data = {NULL, 0};
    append_view_dir(e);
    append_dir(e, path);
    vl_strv_add(&data, "none");
    vl_strv_add(&data, "name=systemd");
    vl_strv_add(&data, "xattr");
    vl_mount_append(e, "cgroup", "cgroup", path, &data);
    return 0;
}
