/* SPDX-License-Identifier: Apache-2.0 */
/* Bind mounts, id-mapped ones too: BIND, IDMAP_SET and the descriptors of their sources. mount_setattr(2). */
#include <sched.h>
#include <sys/mount.h>
#include "base/mem.h"
#include "plan/idmap.h"
#include "plan/mounts.h"
#include "sys/compat.h"

/* IDMAP_SET without maps means the container's own user namespace. */
static int append_idmap_set(const struct vl_mount_entry *e, const struct vl_idmap_pair *maps, int *ret_desc)
{
    struct vl_plan *plan = e->p->plan;
    *ret_desc = vl_plan_desc(plan, VL_ROLE_IDMAP, VL_KIND_NSFS, VL_ACQ_OPEN, VL_DESC_OPTIONAL, NULL, e->where);
    struct vl_op *op = vl_plan_op(plan, VL_OP_IDMAP_SET, e->where);
    op->n[0] = e->o->idmap == VL_IDMAP_RECURSIVE;
    op->fd[0] = (int16_t)*ret_desc;
    if (maps->n_uid > 0) {
        cleanup_free char *uids = vl_idmap_text(maps->uid, maps->n_uid);
        cleanup_free char *gids = vl_idmap_text(maps->gid, maps->n_gid);
        vl_op_str(op, 0, uids);
        vl_op_str(op, 1, gids);
    }
    return 0;
}

/* Maps of the option, else those of the entry, else none. */
static int read_maps(const struct vl_mount_entry *e, struct vl_idmap_pair *ret)
{
    struct vl_planner *p = e->p;
    const struct oci_mount *m = e->m;
    if (e->o->idmap_spec != NULL) {
        cleanup_free char *at = vl_asprintf("%s.options[%zu]", e->where, e->o->idmap_index);
        return vl_idmap_parse_option(p, e->o->idmap_spec, at, ret);
    }
    if (m->n_uid_mappings == 0)
        return 0;
    vl_idmap_copy(m->uid_mappings, m->n_uid_mappings, &ret->uid);
    vl_idmap_copy(m->gid_mappings, m->n_gid_mappings, &ret->gid);
    ret->n_uid = m->n_uid_mappings;
    ret->n_gid = m->n_gid_mappings;
    return 0;
}

/* *ret_desc stays -1 for a mount without a map. *ret_late: the map is the container's, which exists only after
 * the clone. */
static int plan_idmap(const struct vl_mount_entry *e, int *ret_desc, bool *ret_late)
{
    struct vl_idmap_pair maps = {.uid = NULL};
    int r = 0;
    if (e->o->idmap == VL_IDMAP_NONE && e->m->n_uid_mappings == 0)
        return 0;
    if (!e->p->host->idmap_mounts)
        return vl_pl_unsupported(e->p, "mount_setattr", e->where, "id-mapped mount: this kernel has none");
    if (read_maps(e, &maps) < 0)
        r = -1;
    else if (maps.n_uid == 0 && !e->p->userns)
        r = vl_pl_config(e->p, e->where,
                         "id-mapped mount: no mappings are given, and there is no user namespace to take them from");
    else
        r = append_idmap_set(e, &maps, ret_desc);
    *ret_late = maps.n_uid == 0;
    vl_idmap_pair_reset(&maps);
    return r;
}

/*
 * Below a recursive bind the inner mounts must not stay in the host's peer groups when the outer one leaves them,
 * so what takes a mount out of its group applies to all of the tree.
 */
static uint32_t bind_propagation(const struct vl_mopts *o)
{
    uint32_t bits = o->propagation.bits;
    if (o->rbind && (bits & (MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)))
        bits |= MS_REC;
    return bits;
}

/*
 * A volume in which mounts go both ways: it must stay in the peer group it has on the host, which all of the inherited
 * tree leaves. Only where config.json says so twice, at the mount and at the root, as engines do.
 */
static bool stays_with_peers(const struct vl_mount_entry *e)
{
    return (e->o->propagation.bits & MS_SHARED) && (vl_root_propagation(e->p) & MS_SHARED);
}

/* CVE-2023-25809: the host's cgroup file system lies below /sys, and read-only at the top says nothing about it. */
static bool hides_writable_cgroups(const struct vl_mount_entry *e, const char *source)
{
    return e->o->rbind && (e->o->attr.set & MOUNT_ATTR_RDONLY) && vl_streq(source, "/sys") &&
           (e->p->userns || !e->p->host->in_initial_userns);
}

int vl_mount_plan_bind(const struct vl_mount_entry *e)
{
    struct vl_planner *p = e->p;
    const struct vl_mopts *o = e->o;
    cleanup_free char *joined = vl_path_join(p->spec->bundle, e->m->source);
    const char *source = e->m->source[0] == '/' ? e->m->source : joined;
    unsigned flags = (o->rbind ? VL_DESC_RECURSIVE : 0u) | (o->src_nofollow || o->copy_symlink ? VL_DESC_NOFOLLOW : 0u);
    int idmap = -1, tree;
    bool late = false, clone = false;
    if (plan_idmap(e, &idmap, &late) < 0)
        return -1;
    if (idmap >= 0) /* mapping takes rights over the source's file system, which only veloci has */
        tree = vl_plan_desc(p->plan, VL_ROLE_SOURCE, VL_KIND_ANY, late ? VL_ACQ_LATE_TREE : VL_ACQ_TREE, flags,
                            source, e->where);
    else
        tree = vl_mount_desc(p, VL_ROLE_SOURCE, VL_KIND_ANY, flags, source, e->where, &clone);
    if (!clone && stays_with_peers(e))
        p->plan->desc[tree].acquire = late ? VL_ACQ_LATE_TREE : VL_ACQ_TREE;

    struct vl_op *op = vl_plan_op(p->plan, VL_OP_BIND, e->where);
    vl_op_str(op, 0, e->target);
    vl_op_str(op, 1, source);
    op->fd[0] = (int16_t)tree;
    op->fd[1] = (int16_t)idmap;
    op->n[0] = (int64_t)o->attr.set;
    op->n[1] = (int64_t)o->attr.clear;
    op->n[2] = (int64_t)o->rattr.set;
    op->n[3] = (int64_t)o->rattr.clear;
    op->n[4] = bind_propagation(o);
    op->n[5] = (o->rbind ? VL_MNT_RECURSIVE : 0u) | (clone ? VL_MNT_CLONE : 0u) |
               (o->copy_symlink ? VL_MNT_COPY_SYMLINK : 0u) | (o->dest_nofollow ? VL_MNT_DEST_NOFOLLOW : 0u) |
               (o->src_nofollow ? VL_MNT_SRC_IS_LINK : 0u) |
               (idmap >= 0 && o->idmap == VL_IDMAP_RECURSIVE ? VL_MNT_IDMAP_RECURSIVE : 0u);
    if (hides_writable_cgroups(e, source)) {
        op->n[2] |= MOUNT_ATTR_RDONLY;
        vl_pl_note(p, "%s: read-only with all mounts below it, so that no cgroup of the host stays writable", e->where);
    }
    return 0;
}

/* In a mount namespace of others it would stay, and in the caller's own it would be the host's. */
void vl_mount_plan_notify(struct vl_planner *p)
{
    bool clone;
    p->notify = p->opts->notify && (p->ns_new & CLONE_NEWNS);
    if (p->opts->notify && !p->notify)
        vl_pl_note(p, "NOTIFY_SOCKET: nobody is notified: the container has no mount namespace of its own for the socket");
    if (!p->notify)
        return;
    int desc = vl_mount_desc(p, VL_ROLE_NOTIFY, VL_KIND_DIR, 0, NULL, NULL, &clone);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_BIND, NULL);
    vl_op_str(op, 0, VL_NOTIFY_DIR);
    op->fd[0] = (int16_t)desc;
    op->n[0] = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    op->n[5] = clone ? VL_MNT_CLONE : 0;
}
