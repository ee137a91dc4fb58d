/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the container's cgroup is, who manages it and who owns it.
 * runtime-spec config-linux.md#cgroups-path and #cgroup-ownership.
 */
#include "plan/cgroup.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "plan/planners.h"
#include "plan/unit.h"

#define WHERE "linux.cgroupsPath"

/* Not the host's root user: may fail where nothing was asked for. */
static bool rootless(const struct vl_planner *p)
{
    return !p->host->in_initial_userns || p->host->euid != 0;
}

static bool may_go_without(const struct vl_planner *p)
{
    return p->opts->rootless == VL_ROOTLESS_AUTO ? rootless(p) : p->opts->rootless == VL_ROOTLESS_YES;
}

/* -- path -------------------------------------------------------------------------------------- */

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            return true;
    return false;
}

static int plan_fs_path(struct vl_planner *p, const char *given, struct vl_op *op)
{
    if (given == NULL) {
        cleanup_free char *path = vl_asprintf("/%s", p->opts->id);
        vl_op_str(op, 0, path);
        op->n[2] |= VL_CG_DEFAULT;
        return 0;
    }
    cleanup_free char *path = vl_path_clean(given);
    if (vl_path_has_dotdot(given))
        return vl_pl_config(p, WHERE, "`%s` leads upwards", given);
    if (has_control(given))
        return vl_pl_config(p, WHERE, "control characters cannot be in the name of a cgroup");
    if (vl_streq(path, "/") || vl_streq(path, ".") || *path == '\0')
        return vl_pl_config(p, WHERE, "`%s` is no cgroup of the container's own", given);
    if (*path != '/')
        op->n[2] |= VL_CG_RELATIVE;
    vl_op_str(op, 0, path);
    return 0;
}

/* -- ownership --------------------------------------------------------------------------------- */

/* The container sees its cgroup as the root of the hierarchy and may write into it. */
static bool mounted_writable(const struct oci_config *c)
{
    for (size_t i = 0; i < c->n_mounts; i++) {
        const struct oci_mount *m = &c->mounts[i];
        bool ro = false, bind = false;
        if (m->type == NULL || (!vl_streq(m->type, "cgroup") && !vl_streq(m->type, "cgroup2")))
            continue;
        for (size_t k = 0; k < m->n_options; k++) {
            const char *word = m->options[k];
            if (vl_streq(word, "ro") || vl_streq(word, "rro"))
                ro = true;
            else if (vl_streq(word, "rw") || vl_streq(word, "rrw"))
                ro = false;
            else if (vl_streq(word, "bind") || vl_streq(word, "rbind"))
                bind = true;
        }
        if (!ro && !bind)
            return true;
    }
    return false;
}

/* Host id of a user of the container; -1 when it has none, or when the map belongs to a joined
 * namespace. */
static int64_t host_uid(const struct vl_planner *p, uint32_t uid)
{
    if (!p->userns)
        return uid;
    for (size_t i = 0; i < p->plan->n_op; i++) {
        const struct vl_op *op = &p->plan->op[i];
        if (op->code == VL_OP_IDMAP && op->n[0] == 0 && uid >= op->n[1] &&
            uid - op->n[1] < op->n[3])
            return op->n[2] + (uid - op->n[1]);
    }
    return -1;
}

static void plan_owner(struct vl_planner *p, struct vl_op *op)
{
    const struct oci_config *c = p->spec->config;
    op->n[3] = op->n[4] = -1;
    if (p->host->cgroup_mode != VL_CGROUP_V2 || (p->ns_new & CLONE_NEWCGROUP) == 0 ||
        !mounted_writable(c))
        return;
    op->n[2] |= VL_CG_DELEGATE;
    int64_t uid = host_uid(p, c->process && c->process->user ? c->process->user->uid : 0);
    if (uid != (int64_t)p->host->euid)
        op->n[3] = uid;
}

int vl_plan_cgroup(struct vl_planner *p)
{
    const char *given = p->spec->config->linux->cgroups_path;
    enum vl_cgroup_manager manager = p->opts->cgroup_manager;
    if (given && *given == '\0') /* engines send it for "choose yourself" */
        given = NULL;
    if (manager == VL_CGM_DISABLED) {
        if (given)
            vl_pl_note(p, WHERE ": ignored, cgroups are switched off");
        return 0;
    }
    if (p->host->cgroup_mode == VL_CGROUP_NONE) {
        if (given || !may_go_without(p))
            return vl_pl_unsupported(
                p, "cgroups", given ? WHERE : NULL,
                "no cgroup hierarchy is mounted at /sys/fs/cgroup (--cgroup-manager=disabled "
                "goes on without)");
        vl_pl_note(p, "cgroup: none, no hierarchy is mounted at /sys/fs/cgroup");
        return 0;
    }
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CGROUP, given ? WHERE : NULL);
    op->n[0] = manager;
    op->n[1] = p->host->cgroup_mode;
    op->n[2] = rootless(p) ? VL_CG_ROOTLESS : 0;
    if (may_go_without(p) && given == NULL && manager != VL_CGM_SYSTEMD) /* systemd was asked for, and is for users too */
        op->n[2] |= VL_CG_OPTIONAL;
    plan_owner(p, op);
    return manager == VL_CGM_SYSTEMD ? vl_plan_unit_path(p, given, op) : plan_fs_path(p, given, op);
}
