/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: the recorded plan of a container, a process document and options → the plan of a process that joins.
 *
 * Operations that nobody asks to be different are copied from the record. The order is that of build.c, with one
 * difference: the process is born as late as possible (FORK). Whoever may look at processes in the container's
 * pid namespace then never sees one that has more rights than the container (CVE-2016-9962 and CAP_SYS_PTRACE).
 */
#include "plan/exec.h"

#include <sched.h>
#include "base/mem.h"
#include "base/names.h"
#include "plan/exec_model.h"
#include "plan/planners.h"
#include "sys/compat.h"

/* -- the record --------------------------------------------------------------------------------------- */

const struct vl_op *vl_exec_recorded(const struct vl_plan *plan, enum vl_op_code code)
{
    size_t from = 0;
    return vl_plan_find(plan, code, &from);
}

static struct vl_op *copy(struct vl_exec_model *m, const struct vl_op *from)
{
    struct vl_op *op = vl_plan_op(m->p.plan, from->code, from->where);
    memcpy(op->n, from->n, sizeof(op->n));
    for (int i = 0; i < VL_OP_STRS; i++)
        if (from->s[i].data != NULL)
            vl_op_blob(op, i, from->s[i].data, from->s[i].len);
    return op;
}

/* All operations of a code, in their order. */
static void copy_all(struct vl_exec_model *m, enum vl_op_code code)
{
    size_t from = 0;
    for (const struct vl_op *op; (op = vl_plan_find(m->container, code, &from)) != NULL;)
        copy(m, op);
}

uint64_t vl_plan_namespaces(const struct vl_plan *container)
{
    static const enum vl_op_code codes[] = {VL_OP_CLONE, VL_OP_JOIN, VL_OP_FORK, VL_OP_UNSHARE};
    uint64_t ns = 0;
    for (size_t i = 0; i < VL_ARRAY_LEN(codes); i++) {
        size_t from = 0;
        for (const struct vl_op *op; (op = vl_plan_find(container, codes[i], &from)) != NULL;)
            ns |= (uint64_t)op->n[0];
    }
    return ns;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool vl_plan_join_needs_host(const struct vl_plan *container, const struct vl_exec_request *rq)
{
    const struct oci_process *doc = rq->process;
    const struct vl_op *filter = vl_exec_recorded(container, VL_OP_SECCOMP);
    return is_given(rq->apparmor) || is_given(rq->selinux) ||
           (doc != NULL && (is_given(doc->apparmor_profile) || is_given(doc->selinux_label))) ||
           (filter != NULL && filter->n[1] != VL_LISTENER_NONE);
}

/* -- host ----------------------------------------------------------------------------------------------- */

static int plan_host(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    vl_plan_op(m->p.plan, VL_OP_CLONE, NULL)->n[1] = 1;
    if (doc != NULL && doc->has_oom_score_adj)
        vl_plan_op(m->p.plan, VL_OP_OOM, "oomScoreAdj")->n[0] = doc->oom_score_adj;
    else
        copy_all(m, VL_OP_OOM);
    if (doc == NULL || doc->n_rlimits == 0)
        copy_all(m, VL_OP_LIMIT_RAISE);
    for (size_t i = 0; doc != NULL && i < doc->n_rlimits; i++) {
        int64_t resource = 0;
        (void)vl_name_find(vl_rlimit_names, doc->rlimits[i].type, &resource); /* known: spec/check.h */
        struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_LIMIT_RAISE, vl_pl_at(&m->p, "rlimits[%zu]", i));
        op->n[0] = resource;
        op->n[1] = (int64_t)doc->rlimits[i].hard;
    }
    if (doc != NULL && doc->exec_cpu_affinity != NULL)
        vl_pl_exec_affinity(&m->p, doc->exec_cpu_affinity, "execCPUAffinity");
    else
        copy_all(m, VL_OP_EXEC_AFFINITY);
    return 0;
}

/* -- identity -------------------------------------------------------------------------------------------- */

static int plan_join(struct vl_exec_model *m)
{
    uint64_t ns = vl_plan_namespaces(m->container);
    if (m->rq->own_userns)
        ns &= ~(uint64_t)CLONE_NEWUSER;
    m->p.ns_join = ns;
    m->p.userns = (ns & CLONE_NEWUSER) != 0;
    m->p.fork = true;
    if (m->rq->await_cgroup) /* what is forked later is born there; and only now the process has the caller's ids */
        vl_plan_op(m->p.plan, VL_OP_AWAIT, NULL);
    if (ns == 0)
        return 0;
    int desc = vl_plan_desc(m->p.plan, VL_ROLE_PROCESS, VL_KIND_ANY, VL_ACQ_OPEN, 0, "of the container", NULL);
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_JOIN, NULL);
    op->n[0] = (int64_t)ns;
    op->fd[0] = (int16_t)desc;
    return 0;
}

static int plan_early_fork(struct vl_exec_model *m)
{
    if (!m->late_fork)
        vl_plan_op(m->p.plan, VL_OP_FORK, NULL);
    return 0;
}

static int plan_identity(struct vl_exec_model *m)
{
    const struct vl_op *assume = vl_exec_recorded(m->container, VL_OP_ASSUME);
    if (assume != NULL && m->p.userns) {
        struct vl_op *op = copy(m, assume);
        op->n[2] = op->n[2] != 0 ? 2 : 0; /* the maps are there already, and so may a denial of setgroups(2) be */
    }
    copy_all(m, VL_OP_KEYRING);
    vl_plan_op(m->p.plan, VL_OP_GUARD, NULL);
    return 0;
}

/* -- visibility -------------------------------------------------------------------------------------------- */

/* Without a mount namespace of its own the container is where its root directory is. */
static int plan_root(struct vl_exec_model *m)
{
    const struct vl_op *pivot = vl_exec_recorded(m->container, VL_OP_PIVOT);
    if (m->rq->root == NULL || pivot == NULL || pivot->n[0] != VL_PIVOT_CHROOT)
        return 0;
    int desc = vl_plan_desc(m->p.plan, VL_ROLE_ROOT, VL_KIND_DIR, VL_ACQ_OPEN, 0, m->rq->root, NULL);
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_ROOT, NULL);
    op->n[0] = 2;
    op->fd[0] = (int16_t)desc;
    vl_plan_op(m->p.plan, VL_OP_PIVOT, NULL)->n[0] = VL_PIVOT_CHROOT;
    return 0;
}

static int plan_user(struct vl_exec_model *m)
{
    if (!m->lookup)
        return 0;
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_USER, "--user");
    op->n[0] = m->user_name != NULL ? -1 : m->uid;
    op->n[1] = m->group_name != NULL || !m->has_gid ? -1 : m->gid;
    vl_op_str(op, 0, m->user_name);
    vl_op_str(op, 1, m->group_name);
    m->uid = m->gid = VL_ID_FOUND;
    return 0;
}

static int plan_console(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    if (!m->rq->terminal)
        return 0;
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_CONSOLE, NULL);
    op->n[2] = m->uid;
    op->n[3] = VL_CON_NO_BIND;
    if (doc != NULL && doc->console_size != NULL) {
        op->n[0] = (int64_t)doc->console_size->height;
        op->n[1] = (int64_t)doc->console_size->width;
        op->n[3] |= VL_CON_HAS_SIZE;
    }
    return 0;
}

/* -- ambient ------------------------------------------------------------------------------------------------ */

static int plan_stdio(struct vl_exec_model *m)
{
    if (!m->late_fork)
        vl_plan_op(m->p.plan, VL_OP_SETSID, NULL);
    vl_plan_op(m->p.plan, VL_OP_STDIO, NULL)->n[0] = m->uid;
    return 0;
}

static int plan_cwd(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    const struct vl_op *recorded = vl_exec_recorded(m->container, VL_OP_CWD);
    const char *cwd = recorded != NULL ? vl_op_s(recorded, 0) : "/", *where = "cwd";
    if (doc != NULL)
        cwd = doc->cwd;
    if (m->rq->cwd != NULL) {
        cwd = m->rq->cwd;
        where = "--cwd";
    }
    if (cwd[0] != '/')
        return vl_pl_config(&m->p, where, "working directory `%s`: is no absolute path", cwd);
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_CWD, where);
    op->n[0] = op->n[1] = -1;
    vl_op_str(op, 0, cwd);
    return vl_pl_check_cwd(&m->p, cwd, where);
}

/* A final affinity replaces what the caller has; with an initial one alone that stays (config.md, execCPUAffinity). */
static void plan_affinity(struct vl_exec_model *m)
{
    const struct vl_op *given = vl_exec_recorded(m->p.plan, VL_OP_EXEC_AFFINITY);
    if (given != NULL && given->s[1].data == NULL && given->s[0].data != NULL)
        return;
    cleanup_free void *mask = given != NULL && given->s[1].data != NULL ? vl_memdup(given->s[1].data, given->s[1].len) : NULL;
    size_t len = mask != NULL ? given->s[1].len : 0;
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_AFFINITY, mask != NULL ? "execCPUAffinity.final" : NULL);
    if (mask != NULL)
        vl_op_blob(op, 0, mask, len);
}

static int plan_scheduling(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    if (doc != NULL && doc->scheduler != NULL)
        vl_pl_scheduler(&m->p, doc->scheduler, "scheduler");
    else
        copy_all(m, VL_OP_SCHED);
    if (doc != NULL && doc->io_priority != NULL)
        vl_pl_ioprio(&m->p, doc->io_priority, "ioPriority");
    else
        copy_all(m, VL_OP_IOPRIO);
    plan_affinity(m);
    copy_all(m, VL_OP_MEMPOLICY);
    copy_all(m, VL_OP_PERSONALITY);
    if (doc != NULL && doc->user != NULL && doc->user->has_umask)
        vl_plan_op(m->p.plan, VL_OP_UMASK, "user.umask")->n[0] = doc->user->umask;
    else
        copy_all(m, VL_OP_UMASK);
    return 0;
}

static void copy_label(struct vl_exec_model *m, int64_t kind)
{
    size_t from = 0;
    for (const struct vl_op *op; (op = vl_plan_find(m->container, VL_OP_LABEL, &from)) != NULL;)
        if (op->n[0] == kind)
            copy(m, op);
}

static int plan_labels(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    int r = 0;
    if (is_given(m->rq->apparmor))
        r |= vl_pl_apparmor(&m->p, m->rq->apparmor, "--apparmor");
    else if (doc != NULL && is_given(doc->apparmor_profile))
        r |= vl_pl_apparmor(&m->p, doc->apparmor_profile, "apparmorProfile");
    else
        copy_label(m, VL_LSM_APPARMOR);
    if (is_given(m->rq->selinux))
        r |= vl_pl_selinux(&m->p, m->rq->selinux, "--process-label");
    else if (doc != NULL && is_given(doc->selinux_label))
        r |= vl_pl_selinux(&m->p, doc->selinux_label, "selinuxLabel");
    else
        copy_label(m, VL_LSM_SELINUX);
    return r;
}

static void copy_enforce(struct vl_exec_model *m)
{
    const struct vl_op *recorded = vl_exec_recorded(m->container, VL_OP_LANDLOCK_ENFORCE);
    if (recorded != NULL)
        vl_plan_op(m->p.plan, VL_OP_LANDLOCK_ENFORCE, recorded->where)->n[0] = recorded->n[0];
}

/* The same filter; where it comes in depends on this process's noNewPrivileges (plan/seccomp.h). */
static int plan_filter(struct vl_exec_model *m, bool late)
{
    const struct vl_op *recorded = vl_exec_recorded(m->container, VL_OP_SECCOMP);
    if (recorded == NULL || m->no_new_privs != late)
        return 0;
    struct vl_seccomp_prog prog = {.insns = recorded->s[0].data, .n = recorded->s[0].len / sizeof(prog.insns[0])};
    int64_t way = recorded->n[1] != VL_LISTENER_NONE ? vl_seccomp_listener_way(&m->p) : VL_LISTENER_NONE;
    unsigned parts = VL_PART_EXEC;
    parts |= way != VL_LISTENER_NONE ? VL_PART_HELD : 0u;
    parts |= way == VL_LISTENER_SENT ? VL_PART_SENT : 0u;
    if (!late) {
        parts |= VL_PART_CREDS | VL_PART_READY;
        parts |= m->cred_flags & VL_CRED_SKIP_GROUPS ? 0u : VL_PART_GROUPS;
        parts |= m->rq->preserve_fds > 0 ? VL_PART_KEEP : 0u;
        parts |= vl_exec_recorded(m->p.plan, VL_OP_LIMIT_RAISE) != NULL ? VL_PART_RLIMITS : 0u;
    }
    struct vl_op *op = copy(m, recorded);
    op->n[1] = way;
    return vl_seccomp_check_stage(&m->p, &prog, parts, late, "linux.seccomp");
}

/* The container's ruleset, made anew: its descriptor is gone. In force as in landlock.c, but by this process's
 * noNewPrivileges. */
static int plan_landlock(struct vl_exec_model *m)
{
    copy_all(m, VL_OP_LANDLOCK);
    copy_all(m, VL_OP_LANDLOCK_PATH);
    copy_all(m, VL_OP_LANDLOCK_PORT);
    if (!m->no_new_privs)
        copy_enforce(m);
    return 0;
}

static int plan_early_filter(struct vl_exec_model *m)
{
    return plan_filter(m, false);
}

static int plan_late_filter(struct vl_exec_model *m)
{
    return plan_filter(m, true);
}

static int plan_credentials(struct vl_exec_model *m)
{
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_CREDS, "user");
    for (int i = 0; i < VL_EXEC_SETS; i++)
        op->n[i] = (int64_t)m->sets[i];
    op->n[5] = m->uid;
    op->n[6] = m->gid;
    op->n[7] = m->cred_flags;
    vl_op_blob(op, 0, m->groups, m->n_groups * sizeof(m->groups[0]));
    if (m->no_new_privs)
        vl_plan_op(m->p.plan, VL_OP_NNP, NULL);
    return 0;
}

/* The session is the forked process's own. */
static int plan_late_fork(struct vl_exec_model *m)
{
    if (!m->late_fork)
        return 0;
    vl_plan_op(m->p.plan, VL_OP_FORK, NULL);
    vl_plan_op(m->p.plan, VL_OP_SETSID, NULL);
    return 0;
}

/* -- ready ---------------------------------------------------------------------------------------------------- */

static int plan_gate(struct vl_exec_model *m)
{
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_RESOLVE, "args[0]");
    op->n[0] = m->uid;
    op->n[1] = m->gid;
    if (m->no_new_privs)
        copy_enforce(m);
    vl_plan_op(m->p.plan, VL_OP_READY, NULL);
    vl_plan_op(m->p.plan, VL_OP_GATE, NULL);
    return 0;
}

static int plan_rlimits(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    if (doc == NULL || doc->n_rlimits == 0)
        copy_all(m, VL_OP_RLIMIT);
    for (size_t i = 0; doc != NULL && i < doc->n_rlimits; i++) {
        int64_t resource = 0;
        (void)vl_name_find(vl_rlimit_names, doc->rlimits[i].type, &resource);
        struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_RLIMIT, vl_pl_at(&m->p, "rlimits[%zu]", i));
        op->n[0] = resource;
        op->n[1] = (int64_t)doc->rlimits[i].soft;
        op->n[2] = (int64_t)doc->rlimits[i].hard;
    }
    return 0;
}

static int plan_exec(struct vl_exec_model *m)
{
    struct vl_op *op = vl_plan_op(m->p.plan, VL_OP_EXEC, "args");
    vl_op_vec(op, 0, m->args, m->n_args);
    vl_op_vec(op, 1, m->env.v, m->env.n);
    op->n[0] = m->has_home ? -1 : m->uid;
    op->n[1] = (int64_t)m->n_args;
    op->n[2] = (int64_t)m->env.n;
    return 0;
}

static const struct {
    const char *name;
    int (*plan)(struct vl_exec_model *m);
} rows[] = {
    {"model", vl_exec_model_fill},        /* what the process will be; decides when it is born */
    {"host", plan_host},                  /* by veloci, before the stage is executed */
    {"join", plan_join},
    {"early fork", plan_early_fork},      /* where a step needs to be done by the process itself with all rights */
    {"identity", plan_identity},
    {"root", plan_root},
    {"user", plan_user},                  /* in the container's files; the terminal is the user's */
    {"console", plan_console},
    {"stdio", plan_stdio},
    {"working directory", plan_cwd},
    {"scheduling", plan_scheduling},
    {"labels", plan_labels},
    {"Landlock", plan_landlock},          /* as in build.c, and the filter too */
    {"early filter", plan_early_filter},
    {"credentials", plan_credentials},
    {"late fork", plan_late_fork},        /* in the joined pid namespace: nothing left to be stolen */
    {"gate", plan_gate},
    {"rlimits", plan_rlimits},
    {"late filter", plan_late_filter},
    {"exec", plan_exec},
};

int vl_plan_join(const struct vl_plan *container, const struct vl_host *host, const struct vl_exec_request *rq,
                 struct vl_plan **ret, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_plan_opts opts = {.preserve_fds = rq->preserve_fds};
    struct vl_exec_model m = {
        .container = container,
        .rq = rq,
        .p = {.host = host, .opts = &opts, .plan = plan, .null_desc = -1, .empty_desc = -1},
    };
    plan->features = container->features;
    plan->preserve_fds = rq->preserve_fds;
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        if (rows[i].plan(&m) < 0 && m.p.errors == NULL)
            vl_err_bug(&m.p.errors, "plan exec %s: failed without a reason", rows[i].name);
        if (i == 0 && m.p.errors != NULL)
            break; /* without a model the rest would report consequences */
    }
    if (m.p.errors == NULL)
        vl_plan_check_size(&m.p);
    vl_exec_model_reset(&m);
    if (m.p.errors != NULL) {
        *err = m.p.errors;
        return -1;
    }
    *ret = vl_take_ptr(plan);
    return 0;
}
