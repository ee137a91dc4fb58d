/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process image: host operations of veloci (OOM, LIMIT_RAISE), what is set while there is privilege (SETSID …
 * UMASK, LABEL), the gate, rlimits and EXEC. config.md#process, config.md#linux-process.
 */
#include <sched.h>
#include <sys/personality.h>
#include "base/mem.h"
#include "base/names.h"
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

/* -- done by veloci --------------------------------------------------------------------------------- */

static int plan_raises(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    int r = 0;
    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct oci_rlimit *l = &process->rlimits[i];
        cleanup_free char *where = vl_asprintf("process.rlimits[%zu]", i);
        int64_t resource;
        if (vl_name_find(vl_rlimit_names, l->type, &resource) < 0) {
            r |= vl_pl_config(p, where, "resource limit `%s` is not known", l->type);
            continue;
        }
        if (l->soft > l->hard) {
            r |= vl_pl_config(p, where, "resource limit %s: the soft limit is above the hard one", l->type);
            continue;
        }
        for (size_t k = 0; k < i; k++)
            if (vl_streq(process->rlimits[k].type, l->type))
                r |= vl_pl_config(p, where, "resource limit %s is given twice", l->type);
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_LIMIT_RAISE, where);
        op->n[0] = resource;
        op->n[1] = (int64_t)l->hard;
    }
    return r;
}

int vl_plan_host(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    int r = 0;
    if (process->has_oom_score_adj) {
        if (process->oom_score_adj < -1000 || process->oom_score_adj > 1000)
            r |= vl_pl_config(p, "process.oomScoreAdj", "oom score adjustment %d is not between -1000 and 1000",
                              process->oom_score_adj);
        vl_plan_op(p->plan, VL_OP_OOM, "process.oomScoreAdj")->n[0] = process->oom_score_adj;
    }
    /* The hard limit is raised from outside: when RLIMIT comes, CAP_SYS_RESOURCE is long gone. */
    r |= plan_raises(p);
    return r | vl_plan_host_hooks(p);
}

/* -- scheduling and memory ---------------------------------------------------------------------------- */

static int plan_scheduler(struct vl_planner *p, const struct oci_scheduler *s)
{
    struct vl_wire_sched a = {.size = sizeof(a)};
    int64_t v;
    if (vl_name_find(vl_sched_names, s->policy, &v) < 0)
        return vl_pl_config(p, "process.scheduler.policy", "scheduler policy `%s` is not known", s->policy);
    a.policy = (uint32_t)v;
    for (size_t i = 0; i < s->n_flags; i++) {
        if (vl_name_find(vl_sched_flag_names, s->flags[i], &v) < 0)
            return vl_pl_config(p, vl_pl_at(p, "process.scheduler.flags[%zu]", i), "scheduler flag `%s` is not known",
                                s->flags[i]);
        a.flags |= (uint64_t)v;
    }
    if (s->nice < -20 || s->nice > 19)
        return vl_pl_config(p, "process.scheduler.nice", "nice value %d is not between -20 and 19", s->nice);
    if (s->priority < 0 || s->priority > 99)
        return vl_pl_config(p, "process.scheduler.priority", "scheduler priority %d is not between 0 and 99",
                            s->priority);
    a.nice = s->nice;
    a.priority = (uint32_t)s->priority;
    a.runtime = s->runtime;
    a.deadline = s->deadline;
    a.period = s->period;
    vl_op_blob(vl_plan_op(p->plan, VL_OP_SCHED, "process.scheduler"), 0, &a, sizeof(a));
    return 0;
}

static int plan_ioprio(struct vl_planner *p, const struct oci_io_priority *io)
{
    int64_t class;
    if (vl_name_find(vl_ioprio_names, io->class, &class) < 0)
        return vl_pl_config(p, "process.ioPriority.class", "io priority class `%s` is not known", io->class);
    if (io->priority < 0 || io->priority > 7)
        return vl_pl_config(p, "process.ioPriority.priority", "io priority %d is not between 0 and 7", io->priority);
    vl_plan_op(p->plan, VL_OP_IOPRIO, "process.ioPriority")->n[0] = class << 13 | io->priority;
    return 0;
}

/* "0-3,7" into a bit string; nodes beyond what any kernel is built for are refused. */
#define NODES_MAX 1024
static int parse_nodes(const char *text, uint64_t mask[NODES_MAX / 64], uint32_t *ret_highest)
{
    cleanup_free char *copy = vl_strdup(text);
    *ret_highest = 0;
    for (char *rest = NULL, *s = strtok_r(copy, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest)) {
        uint32_t from, to;
        char *dash = strchr(s, '-');
        if (dash != NULL)
            *dash++ = '\0';
        if (vl_parse_u32(s, 10, &from) < 0 || vl_parse_u32(dash ? dash : s, 10, &to) < 0 || from > to ||
            to >= NODES_MAX - 2)
            return -EINVAL;
        for (uint32_t n = from; n <= to; n++)
            mask[n / 64] |= UINT64_C(1) << n % 64;
        *ret_highest = to > *ret_highest ? to : *ret_highest;
    }
    return 0;
}

/* set_mempolicy(2) looks at one bit less than maxnode says. */
static int plan_mempolicy(struct vl_planner *p, const struct oci_memory_policy *m)
{
    int64_t mode, flag;
    uint64_t mask[NODES_MAX / 64] = {0};
    uint32_t highest = 0;
    if (vl_name_find(vl_mempolicy_names, m->mode, &mode) < 0)
        return vl_pl_config(p, "linux.memoryPolicy.mode", "memory policy `%s` is not known", m->mode);
    for (size_t i = 0; i < m->n_flags; i++) {
        if (vl_name_find(vl_mempolicy_flag_names, m->flags[i], &flag) < 0)
            return vl_pl_config(p, vl_pl_at(p, "linux.memoryPolicy.flags[%zu]", i), "memory policy flag `%s` is not known",
                                m->flags[i]);
        mode |= flag;
    }
    bool nodes = m->nodes != NULL && m->nodes[0] != '\0';
    if (nodes && parse_nodes(m->nodes, mask, &highest) < 0)
        return vl_pl_config(p, "linux.memoryPolicy.nodes", "memory nodes `%s` are no list of numbers and ranges",
                            m->nodes);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_MEMPOLICY, "linux.memoryPolicy");
    op->n[0] = mode;
    if (nodes) {
        size_t bytes = ((size_t)highest + 2 + 63) / 64 * 8;
        vl_op_blob(op, 0, mask, bytes);
        op->n[1] = (int64_t)bytes * 8;
    }
    return 0;
}

static int plan_personality(struct vl_planner *p, const struct oci_personality *per)
{
    int64_t persona;
    if (vl_name_find(vl_personality_names, per->domain, &persona) < 0)
        return vl_pl_config(p, "linux.personality.domain", "personality `%s` is not known", per->domain);
    if (per->n_flags > 0)
        return vl_pl_config(p, "linux.personality.flags[0]", "personality flag `%s` is not known: there are none",
                            per->flags[0]);
    vl_plan_op(p->plan, VL_OP_PERSONALITY, "linux.personality")->n[0] = persona;
    return 0;
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
    if (process->cwd == NULL || process->cwd[0] != '/')
        r |= vl_pl_config(p, "process.cwd", "working directory `%s` is not absolute", process->cwd ? process->cwd : "");
    struct vl_op *cwd = vl_plan_op(p->plan, VL_OP_CWD, "process.cwd");
    vl_op_str(cwd, 0, process->cwd);
    cwd->n[0] = p->setup_uid;
    cwd->n[1] = p->setup_gid;
    if (process->scheduler != NULL)
        r |= plan_scheduler(p, process->scheduler);
    if (process->io_priority != NULL)
        r |= plan_ioprio(p, process->io_priority);
    vl_plan_op(p->plan, VL_OP_AFFINITY, NULL); /* that of our caller says nothing about the container */
    if (l->memory_policy != NULL)
        r |= plan_mempolicy(p, l->memory_policy);
    if (l->personality != NULL)
        r |= plan_personality(p, l->personality);
    /* The specification leaves it alone when it is not given; engines rely on runc's 0022. */
    if (user->has_umask && user->umask > 0777)
        r |= vl_pl_config(p, "process.user.umask", "umask 0%o is not between 0 and 0777", user->umask);
    vl_plan_op(p->plan, VL_OP_UMASK, user->has_umask ? "process.user.umask" : NULL)->n[0] =
        user->has_umask ? user->umask : 0022;
    return r;
}

/* A label for a module that is not there would be a confinement that silently is none. */
int vl_plan_labels(struct vl_planner *p)
{
    const struct oci_process *process = vl_process_of(p);
    const char *profile = process->apparmor_profile, *label = process->selinux_label;
    int r = 0;
    if (profile != NULL && profile[0] != '\0') {
        if (p->host->apparmor) {
            struct vl_op *op = vl_plan_op(p->plan, VL_OP_LABEL, "process.apparmorProfile");
            op->n[0] = VL_LSM_APPARMOR;
            vl_op_str(op, 0, profile);
        } else if (!vl_streq(profile, "unconfined")) {
            r |= vl_pl_unsupported(p, "AppArmor", "process.apparmorProfile",
                                   "confine by AppArmor profile `%s`: AppArmor is not enabled", profile);
        }
    }
    if (label != NULL && label[0] != '\0') {
        if (p->host->selinux) {
            struct vl_op *op = vl_plan_op(p->plan, VL_OP_LABEL, "process.selinuxLabel");
            op->n[0] = VL_LSM_SELINUX;
            vl_op_str(op, 0, label);
        } else {
            r |= vl_pl_unsupported(p, "SELinux", "process.selinuxLabel", "confine by SELinux label `%s`: SELinux is not enabled",
                                   label);
        }
    }
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
        int64_t resource;
        if (vl_name_find(vl_rlimit_names, l->type, &resource) < 0)
            continue; /* told by vl_plan_host */
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_RLIMIT, vl_pl_at(p, "process.rlimits[%zu]", i));
        op->n[0] = resource;
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
