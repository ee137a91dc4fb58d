/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system: PROPAGATE, ROOT; MASK, READONLY; PIVOT, ROOT_ATTR.
 * config.md#root, config-linux.md#rootfs-mount-propagation, #masked-paths, #readonly-paths.
 */
#include <sched.h>
#include <sys/mount.h>
#include "plan/mounts.h"
#include "sys/compat.h"

/* Private ones are not listed: that is what ROOT makes of the tree anyway. */
static const struct {
    const char *word;
    uint32_t bits;
} propagations[] = {
    {"slave", MS_SLAVE},           {"rslave", MS_SLAVE | MS_REC},
    {"shared", MS_SHARED},         {"rshared", MS_SHARED | MS_REC},
    {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC},
};

uint32_t vl_root_propagation(const struct vl_planner *p)
{
    const char *word = p->spec->config->linux->rootfs_propagation;
    for (size_t i = 0; word != NULL && i < VL_ARRAY_LEN(propagations); i++)
        if (vl_streq(propagations[i].word, word))
            return propagations[i].bits;
    return 0;
}

int vl_mount_desc(struct vl_planner *p, enum vl_role role, enum vl_kind kind, unsigned flags, const char *path,
                  const char *where, bool *ret_clone)
{
    bool clone = (p->userns && (p->ns_new & CLONE_NEWNS)) || (p->ns_join & CLONE_NEWNS);
    enum vl_acquire acquire = clone ? VL_ACQ_IN_NS : VL_ACQ_TREE;
    /* procfs shows other things to another process: a path there is followed once, by veloci */
    if (!clone && role == VL_ROLE_SOURCE && (p->ns_new & CLONE_NEWNS) && !vl_starts_with(path, "/proc/"))
        acquire = VL_ACQ_INHERITED;
    if (ret_clone != NULL)
        *ret_clone = clone;
    return vl_plan_desc(p->plan, role, kind, acquire, flags, path, where);
}

/*
 * The inherited tree becomes a slave: nothing done in it reaches the host, and what the host unmounts meanwhile
 * does not stay busy. The root itself is detached from its peers, and gets the propagation that config.json wants
 * only after the root switch, which a shared root would forbid (pivot_root(2)). In the caller's own mount
 * namespace nothing is laid over anything: the directory is used as it is.
 */
int vl_plan_root(struct vl_planner *p)
{
    uint32_t propagation = vl_root_propagation(p);
    int desc;
    bool clone = false, own = vl_pl_own(p, CLONE_NEWNS);
    if (p->ns_new & CLONE_NEWNS)
        vl_plan_op(p->plan, VL_OP_PROPAGATE, NULL)->n[0] = MS_SLAVE | MS_REC;
    if (own) {
        desc = vl_mount_desc(p, VL_ROLE_ROOT, VL_KIND_DIR, VL_DESC_RECURSIVE, p->spec->rootfs, "root.path", &clone);
    } else {
        desc = vl_plan_desc(p->plan, VL_ROLE_ROOT, VL_KIND_DIR, VL_ACQ_OPEN, 0, p->spec->rootfs, "root.path");
    }
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_ROOT, "root.path");
    op->fd[0] = (int16_t)desc;
    op->n[0] = own ? clone : 2;
    if (own)
        op->n[1] = (propagation & (MS_SLAVE | MS_SHARED)) ? MS_SLAVE | MS_REC : MS_PRIVATE | MS_REC;
    return 0;
}

int vl_root_null_desc(struct vl_planner *p)
{
    if (p->null_desc < 0)
        p->null_desc = vl_mount_desc(p, VL_ROLE_NULL, VL_KIND_CHAR, 0, "/dev/null", NULL, NULL);
    return p->null_desc;
}

int vl_root_empty_desc(struct vl_planner *p)
{
    if (p->empty_desc < 0)
        p->empty_desc = vl_mount_desc(p, VL_ROLE_EMPTY, VL_KIND_DIR, 0, NULL, NULL, NULL);
    return p->empty_desc;
}

static void append_path(struct vl_planner *p, enum vl_op_code code, const char *name, size_t i, const char *path)
{
    struct vl_op *op = vl_plan_op(p->plan, code, vl_pl_at(p, "linux.%s[%zu]", name, i));
    vl_op_str(op, 0, path);
    if (code == VL_OP_MASK) {
        op->fd[0] = (int16_t)vl_root_empty_desc(p);
        op->fd[1] = (int16_t)vl_root_null_desc(p);
    }
}

int vl_plan_paths(struct vl_planner *p)
{
    const struct oci_linux *l = p->spec->config->linux;
    for (size_t i = 0; i < l->n_masked_paths; i++)
        append_path(p, VL_OP_MASK, "maskedPaths", i, l->masked_paths[i]);
    for (size_t i = 0; i < l->n_readonly_paths; i++)
        append_path(p, VL_OP_READONLY, "readonlyPaths", i, l->readonly_paths[i]);
    return 0;
}

/* In a mount namespace that others live in only our own root directory is changed. */
static int64_t pivot_mode(const struct vl_planner *p)
{
    if (!(p->ns_new & CLONE_NEWNS))
        return 2;
    return p->opts->no_pivot ? 1 : 0;
}

int vl_plan_pivot(struct vl_planner *p)
{
    const struct oci_root *root = p->spec->config->root;
    uint32_t propagation = vl_root_propagation(p);
    vl_plan_op(p->plan, VL_OP_PIVOT, NULL)->n[0] = pivot_mode(p);
    if (propagation & MS_SLAVE)
        propagation = 0; /* ROOT did that */
    if (!root->readonly && propagation == 0)
        return 0;
    if (!vl_pl_own(p, CLONE_NEWNS)) {
        if (root->readonly)
            return vl_pl_config(p, "root.readonly", "read-only root: needs a mount namespace");
        return vl_pl_config(p, "linux.rootfsPropagation", "root propagation: needs a mount namespace");
    }
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_ROOT_ATTR, root->readonly ? "root.readonly" : "linux.rootfsPropagation");
    op->n[0] = root->readonly ? MOUNT_ATTR_RDONLY : 0;
    op->n[1] = propagation;
    return 0;
}
