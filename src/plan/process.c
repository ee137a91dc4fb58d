/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process image: host operations of veloci (OOM, LIMIT_RAISE), what is set while there is privilege (SETSID …
 * UMASK, LABEL), the gate, rlimits and EXEC. config.md#process, config.md#linux-process.
 */
#include <sched.h>
#include "base/mem.h"
#include "base/names.h"
#include "confine/labels.h"
#include "plan/env.h"
#include "plan/planners.h"

static const struct oci_process empty_process = {.cwd = (char *)"/"};
static const struct oci_user root_user = {.uid = 0};

/* `process` is optional at create (config.md): without it start fails, because there is nothing to execute. */
const struct oci_process *vl_process_of(const struct vl_planner *p)
{
    const struct oci_process *process = p->spec->config->process;
    return process ? process : &empty_process;
}

const struct oci_user *vl_user_of(const struct vl_planner *p)
{
    const struct oci_user *user = vl_process_of(p)->user;
    return user ? user : &root_user;
}

/* A word that spec/check.h has found in the same table. */
static int64_t number_of(const struct vl_name *names, const char *word)
{
    int64_t v = 0;
    (void)vl_name_find(names, word, &v);
    return v;
}

/* -- done by veloci --------------------------------------------------------------------------------- */

int vl_plan_host(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    if (process->has_oom_score_adj)
        vl_plan_op(p->plan, VL_OP_OOM, "process.oomScoreAdj")->n[0] = process->oom_score_adj;
    /* The hard limit is raised from outside: when RLIMIT comes, CAP_SYS_RESOURCE is long gone. */
    for (size_t i = 0; i < process->n_rlimits; i++) {
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_LIMIT_RAISE, vl_pl_at(p, "process.rlimits[%zu]", i));
        op->n[0] = number_of(vl_rlimit_names, process->rlimits[i].type);
        op->n[1] = (int64_t)process->rlimits[i].hard;
    }
    vl_pl_exec_affinity(p, process->exec_cpu_affinity, "process.execCPUAffinity");
    return vl_plan_host_hooks(p);
}

/* -- scheduling and memory ---------------------------------------------------------------------------- */

void vl_pl_scheduler(struct vl_planner *p, const struct oci_scheduler *s, const char *where)
{
    struct vl_wire_sched a = {.size = sizeof(a)};
    a.policy = (uint32_t)number_of(vl_sched_names, s->policy);
    for (size_t i = 0; i < s->n_flags; i++)
        a.flags |= (uint64_t)number_of(vl_sched_flag_names, s->flags[i]);
    a.nice = s->nice;
    a.priority = (uint32_t)s->priority;
    a.runtime = s->runtime;
    a.deadline = s->deadline;
    a.period = s->period;
    vl_op_blob(vl_plan_op(p->plan, VL_OP_SCHED, where), 0, &a, sizeof(a));
}

/* ioprio_set(2): the class above 13 bits of data */
void vl_pl_ioprio(struct vl_planner *p, const struct oci_io_priority *io, const char *where)
{
    int64_t class = number_of(vl_ioprio_names, io->class);
    vl_plan_op(p->plan, VL_OP_IOPRIO, where)->n[0] = class << 13 | io->priority;
}

/* "0-3, 7" into a bit string; that it is a list of numbers that have room in it was seen by spec/check.h. */
#define NODES_MAX 1024
#define CPUS_MAX 8192
static uint32_t read_list(const char *text, uint64_t *mask)
{
    uint32_t highest = 0;
    for (char *end; *text != '\0'; text = end + strspn(end, ", ")) {
        uint32_t from = (uint32_t)strtoul(text, &end, 10), to = from;
        if (*end == '-')
            to = (uint32_t)strtoul(end + 1, &end, 10);
        for (uint32_t n = from; n <= to; n++)
            mask[n / 64] |= UINT64_C(1) << n % 64;
        highest = to > highest ? to : highest;
    }
    return highest;
}

/* set_mempolicy(2) looks at one bit less than maxnode says, so the mask is one bit longer than its last node. */
static void append_mempolicy(struct vl_planner *p, const struct oci_memory_policy *m)
{
    uint64_t mask[NODES_MAX / 64 + 1] = {0};
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_MEMPOLICY, "linux.memoryPolicy");
    op->n[0] = number_of(vl_mempolicy_names, m->mode);
    for (size_t i = 0; i < m->n_flags; i++)
        op->n[0] |= number_of(vl_mempolicy_flag_names, m->flags[i]);
    if (m->nodes == NULL || m->nodes[0] == '\0')
        return;
    size_t bytes = ((size_t)read_list(m->nodes, mask) + 2 + 63) / 64 * 8;
    vl_op_blob(op, 0, mask, bytes);
    op->n[1] = (int64_t)bytes * 8;
}

void vl_pl_cpu_mask(struct vl_op *op, int index, const char *list)
{
    uint64_t mask[CPUS_MAX / 64] = {0};
    if (list != NULL && list[0] != '\0')
        vl_op_blob(op, index, mask, (read_list(list, mask) / 64 + 1) * sizeof(mask[0]));
}

/* Of processes that join later; the container's own has none (config.md#linux-process, execCPUAffinity). */
void vl_pl_exec_affinity(struct vl_planner *p, const struct oci_cpu_affinity *a, const char *where)
{
    if (a == NULL)
        return;
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_EXEC_AFFINITY, where);
    vl_pl_cpu_mask(op, 0, a->initial);
    vl_pl_cpu_mask(op, 1, a->final);
}

/* -- ambient ------------------------------------------------------------------------------------------ */

int vl_plan_ambient(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    const struct oci_linux *l = p->spec->config->linux;
    const struct oci_user *user = vl_user_of(p);
    int r = 0;
    vl_plan_op(p->plan, VL_OP_SETSID, NULL);
    vl_plan_op(p->plan, VL_OP_STDIO, NULL)->n[0] = user->uid;
    struct vl_op *cwd = vl_plan_op(p->plan, VL_OP_CWD, "process.cwd");
    vl_op_str(cwd, 0, process->cwd);
    cwd->n[0] = p->setup_uid;
    cwd->n[1] = p->setup_gid;
    if (process->scheduler != NULL)
        vl_pl_scheduler(p, process->scheduler, "process.scheduler");
    if (process->io_priority != NULL)
        vl_pl_ioprio(p, process->io_priority, "process.ioPriority");
    vl_plan_op(p->plan, VL_OP_AFFINITY, NULL); /* that of our caller says nothing about the container */
    if (l->memory_policy != NULL)
        append_mempolicy(p, l->memory_policy);
    if (l->personality != NULL)
        vl_plan_op(p->plan, VL_OP_PERSONALITY, "linux.personality")->n[0] =
            number_of(vl_personality_names, l->personality->domain);
    /* The specification leaves it alone when it is not given; engines rely on runc's 0022. */
    vl_plan_op(p->plan, VL_OP_UMASK, user->has_umask ? "process.user.umask" : NULL)->n[0] =
        user->has_umask ? user->umask : 0022;
    return r;
}

/* A label for a module that is not there would be a confinement that silently is none. */
int vl_pl_apparmor(struct vl_planner *p, const char *profile, const char *where)
{
    struct vl_error *e = NULL;
    if (vl_label_check_apparmor(profile, where, &e) < 0) {
        vl_err_collect(&p->errors, &e);
        return -1;
    }
    if (p->host->apparmor) {
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_LABEL, where);
        op->n[0] = VL_LSM_APPARMOR;
        vl_op_str(op, 0, profile);
    } else if (!vl_streq(profile, "unconfined")) {
        return vl_pl_unsupported(p, "AppArmor", where, "confine by AppArmor profile `%s`: AppArmor is not enabled", profile);
    }
    return 0;
}

int vl_pl_selinux(struct vl_planner *p, const char *label, const char *where)
{
    struct vl_error *e = NULL;
    if (vl_label_check_selinux(label, where, &e) < 0) {
        vl_err_collect(&p->errors, &e);
        return -1;
    }
    if (!p->host->selinux)
        return vl_pl_unsupported(p, "SELinux", where, "confine by SELinux label `%s`: SELinux is not enabled", label);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_LABEL, where);
    op->n[0] = VL_LSM_SELINUX;
    vl_op_str(op, 0, label);
    return 0;
}

int vl_plan_labels(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    const char *profile = process->apparmor_profile, *label = process->selinux_label;
    int r = 0;
    if (profile != NULL && profile[0] != '\0')
        r |= vl_pl_apparmor(p, profile, "process.apparmorProfile");
    if (label != NULL && label[0] != '\0')
        r |= vl_pl_selinux(p, label, "process.selinuxLabel");
    return r;
}

/* -- the gate and what comes behind it ------------------------------------------------------------------ */

int vl_plan_gate(struct vl_planner *p)
{
    const struct oci_user *user = vl_user_of(p);
    if (vl_process_of(p)->n_args > 0) {
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_RESOLVE, "process.args[0]");
        op->n[0] = user->uid;
        op->n[1] = user->gid;
    }
    vl_plan_landlock_enforce(p);
    vl_plan_op(p->plan, VL_OP_READY, NULL);
    int fd = -1;
    if (p->opts->detached)
        fd = vl_plan_desc(p->plan, VL_ROLE_GATE, VL_KIND_SOCKET, VL_ACQ_OPEN, 0, NULL, NULL);
    struct vl_op *gate = vl_plan_op(p->plan, VL_OP_GATE, NULL);
    gate->n[0] = p->opts->detached;
    gate->fd[0] = (int16_t)fd;
    return 0;
}

int vl_plan_rlimits(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct oci_rlimit *l = &process->rlimits[i];
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_RLIMIT, vl_pl_at(p, "process.rlimits[%zu]", i));
        op->n[0] = number_of(vl_rlimit_names, l->type);
        op->n[1] = (int64_t)l->soft;
        op->n[2] = (int64_t)l->hard;
    }
    return 0;
}

int vl_plan_exec(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    cleanup(strv) struct vl_strv env = {NULL, 0};
    bool home = vl_env_build(p, process, &env);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_EXEC, "process.args");
    vl_op_vec(op, 0, process->args, process->n_args);
    vl_op_vec(op, 1, env.v, env.n);
    op->n[0] = home ? -1 : (int64_t)vl_user_of(p)->uid;
    op->n[1] = (int64_t)process->n_args;
    op->n[2] = (int64_t)env.n;
    if (process->n_args == 0)
        vl_pl_note(p, "process.args: there is no command, start will fail");
    return 0;
}
