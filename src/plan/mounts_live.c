/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts add, mounts remove:
 *
 *   JOIN…       namespaces that a new file system of some type shows, and the user namespace
 *   FORK        when the pid namespace is among them, or with a user namespace: into a copy of the host's mount tree
 *               that belongs to it, where sources are cloned with their locks
 *   AWAIT …     as at a launch
 *   ENTER       the container's mount namespace
 *   MOUNT, BIND …, or UNMOUNT
 *   DONE
 */
#include "plan/mounts_live.h"

#include <sched.h>
#include "base/mem.h"
#include "plan/planners.h"
#include "sys/compat.h"

/* Which namespace a new file system of a type shows. What is not in the table may ask the network. */
static const struct {
    const char *type;
    uint64_t ns;
} shown[] = {
    {"bind", 0},        {"tmpfs", 0},
    {"ramfs", 0},       {"devpts", 0},
    {"overlay", 0},     {"devfs", 0},
    {"proc", CLONE_NEWPID}, {"mqueue", CLONE_NEWIPC},
    {"cgroup", CLONE_NEWCGROUP}, {"cgroup2", CLONE_NEWCGROUP},
};

static uint64_t shown_by(const struct oci_mount *m)
{
    for (size_t i = 0; i < m->n_options; i++)
        if (vl_streq(m->options[i], "bind") || vl_streq(m->options[i], "rbind"))
            return 0;
    for (size_t i = 0; m->type != NULL && i < VL_ARRAY_LEN(shown); i++)
        if (vl_streq(m->type, shown[i].type))
            return shown[i].ns;
    return CLONE_NEWNET;
}

static int ns_desc(struct vl_planner *p, pid_t pid, uint64_t type, const char *file)
{
    cleanup_free char *path = vl_asprintf("/proc/%d/ns/%s", (int)pid, file);
    int desc = vl_plan_desc(p->plan, VL_ROLE_NS, VL_KIND_NSFS, VL_ACQ_OPEN, 0, path, NULL);
    p->plan->desc[desc].aux = (uint32_t)type;
    return desc;
}

/* The user namespace last: the others are joined with the host's rights where there are any (stage/ident.c). */
static void append_joins(struct vl_planner *p, pid_t pid, uint64_t ns)
{
    static const struct {
        uint64_t type;
        const char *file;
    } order[] = {{CLONE_NEWPID, "pid"},
                 {CLONE_NEWNET, "net"},
                 {CLONE_NEWIPC, "ipc"},
                 {CLONE_NEWCGROUP, "cgroup"},
                 {CLONE_NEWUSER, "user"}};
    for (size_t i = 0; i < VL_ARRAY_LEN(order); i++) {
        if ((ns & order[i].type) == 0)
            continue;
        int desc = ns_desc(p, pid, order[i].type, order[i].file);
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_JOIN, NULL);
        op->n[0] = (int64_t)order[i].type;
        op->fd[0] = (int16_t)desc;
    }
}

/* The recorded maps, to which `idmap=@…` is relative, and the ids with which the container was set up. */
static void take_ids(struct vl_planner *p, const struct vl_plan *container)
{
    size_t from = 0;
    const struct vl_op *op;
    if (!p->userns || container == NULL)
        return;
    while ((op = vl_plan_find(container, VL_OP_IDMAP, &from)) != NULL) {
        struct vl_idmap_line *l = op->n[0] == 0 ? VL_APPEND(p->uid_map, p->n_uid_map) : VL_APPEND(p->gid_map, p->n_gid_map);
        *l = (struct vl_idmap_line){(uint32_t)op->n[1], (uint32_t)op->n[2], (uint32_t)op->n[3]};
    }
    from = 0;
    op = vl_plan_find(container, VL_OP_ASSUME, &from);
    if (op != NULL) {
        p->setup_uid = (uint32_t)op->n[0];
        p->setup_gid = (uint32_t)op->n[1];
    }
}

/* Up to the container's mount namespace. join: namespaces beside it. */
static void plan_way(struct vl_planner *p, const struct vl_mounts_request *rq, uint64_t join)
{
    struct vl_plan *plan = p->plan;
    vl_plan_op(plan, VL_OP_CLONE, NULL)->n[1] = 1;
    append_joins(p, rq->pid, join & rq->ns);
    if (p->userns || (join & rq->ns & CLONE_NEWPID))
        vl_plan_op(plan, VL_OP_FORK, NULL)->n[0] = p->userns ? CLONE_NEWNS : 0;
    vl_plan_op(plan, VL_OP_AWAIT, NULL);
    if (p->userns) {
        struct vl_op *op = vl_plan_op(plan, VL_OP_ASSUME, NULL);
        op->n[0] = p->setup_uid;
        op->n[1] = p->setup_gid;
        op->n[2] = 2;
    }
    vl_plan_op(plan, VL_OP_GUARD, NULL);
    int desc = ns_desc(p, rq->pid, CLONE_NEWNS, "mnt");
    vl_plan_op(plan, VL_OP_ENTER, NULL)->fd[0] = (int16_t)desc;
}

static bool is_root(const char *destination)
{
    cleanup_free char *absolute = vl_path_join("/", destination);
    cleanup_free char *target = vl_path_clean(absolute);
    return vl_streq(target, "/");
}

static int check_request(struct vl_planner *p, const struct vl_mounts_request *rq)
{
    const struct oci_config *c = rq->spec->config;
    if ((rq->ns & CLONE_NEWNS) == 0)
        return vl_pl_refused(p, "mount namespace", NULL,
                             "the container has no mount namespace of its own: its mounts are those of the host");
    if (c->n_mounts > VL_WIRE_MAX_ADDED)
        return vl_pl_config(p, "mounts", "%zu mounts at once are more than %u", c->n_mounts, VL_WIRE_MAX_ADDED);
    int r = 0;
    for (size_t i = 0; i < c->n_mounts; i++)
        if (is_root(c->mounts[i].destination))
            r = vl_pl_refused(p, "root file system", vl_pl_at(p, "mounts[%zu].destination", i),
                              "`%s` is the root of a container that runs", c->mounts[i].destination);
    return r;
}

static int plan_add(struct vl_planner *p, const struct vl_mounts_request *rq)
{
    uint64_t join = CLONE_NEWUSER;
    for (size_t i = 0; i < rq->spec->config->n_mounts; i++)
        join |= shown_by(&rq->spec->config->mounts[i]);
    plan_way(p, rq, join);
    return vl_plan_mounts(p);
}

static int plan_remove(struct vl_planner *p, const struct vl_mounts_request *rq)
{
    cleanup(strv) struct vl_strv paths = {NULL, 0};
    for (size_t i = 0; i < rq->spec->config->n_mounts; i++) {
        cleanup_free char *absolute = vl_path_join("/", rq->spec->config->mounts[i].destination);
        vl_strv_add_take(&paths, vl_path_clean(absolute));
    }
    plan_way(p, rq, CLONE_NEWUSER);
    vl_op_vec(vl_plan_op(p->plan, VL_OP_UNMOUNT, "mounts"), 0, paths.v, paths.n);
    return 0;
}

static int build(const struct vl_mounts_request *rq, const struct vl_host *host,
                 int (*changes)(struct vl_planner *, const struct vl_mounts_request *), struct vl_plan **ret,
                 struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_plan_opts opts = {.cgroup_manager = rq->cgroup_manager};
    struct vl_planner p = {
        .spec = rq->spec,
        .host = host,
        .opts = &opts,
        .plan = plan,
        .null_desc = -1,
        .empty_desc = -1,
        .userns = (rq->ns & CLONE_NEWUSER) != 0,
    };
    /* What a namespace of the container's own means for a mount is decided as at a launch. Without a user namespace
     * there is no tree to inherit: veloci clones the sources itself. */
    p.ns_new = p.userns ? rq->ns : rq->ns & ~(uint64_t)CLONE_NEWNS;
    plan->features = vl_plan_features(host);
    take_ids(&p, rq->container);
    if (check_request(&p, rq) == 0)
        (void)changes(&p, rq);
    if (p.errors == NULL) {
        vl_plan_op(plan, VL_OP_DONE, NULL);
        vl_plan_finish_await(&p);
        vl_plan_check_size(&p);
    }
    free(p.uid_map);
    free(p.gid_map);
    if (p.errors != NULL) {
        *err = p.errors;
        return -1;
    }
    *ret = vl_take_ptr(plan);
    return 0;
}

int vl_plan_mounts_add(const struct vl_mounts_request *rq, const struct vl_host *host, struct vl_plan **ret,
                       struct vl_error **err)
{
    return build(rq, host, plan_add, ret, err);
}

int vl_plan_mounts_remove(const struct vl_mounts_request *rq, const struct vl_host *host, struct vl_plan **ret,
                          struct vl_error **err)
{
    return build(rq, host, plan_remove, ret, err);
}
