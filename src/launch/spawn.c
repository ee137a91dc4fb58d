/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone3(VM|VFORK|PIDFD|INTO_CGROUP|new namespaces) and execveat of the sealed stage.
 *
 * Nothing of veloci is ever an image inside the container: the child of the clone runs a dozen system calls
 * of spawn_child below on memory it shares with us, then it is the stage. Into a new user namespace that has
 * no maps yet an exec drops all capabilities, unless they are ambient (capabilities(7)): they are raised
 * before, and the stage clears them. No setresuid here: the memory is shared, it would change our own
 * dumpability.
 */
#include "launch/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "base/mem.h"
#include "launch/host_ops.h"
#include "launch/image.h"
#include "sys/caps.h"
#include "sys/clone.h"
#include "sys/fd.h"
#include "sys/sched.h"
#include "sys/scm.h"

static const char join_step[] = "join the container's cgroup";

enum { CPU_WORDS = 8192 / 8 / sizeof(unsigned long) }; /* the largest NR_CPUS */

struct spawn_args {
    int image;
    bool keep_caps, best_effort;
    const struct vl_plan *adjust; /* of a process that joins, or NULL */
    const int *keep, *join;
    size_t n_keep, n_join;
    char *argv[5];
    int error;        /* positive errno of the step that failed */
    const char *step;
};

static int spawn_child(void *arg)
{
    struct spawn_args *a = arg;
    static char *const no_env[] = {NULL};

    a->step = join_step;
    a->error = -vl_cgroup_join_self(a->join, a->n_join, NULL);
    if (a->error != 0)
        return 127;
    a->step = "set oom_score_adj and limits";
    if (a->adjust != NULL)
        a->error = -vl_host_adjust_self(a->adjust, a->best_effort);
    if (a->error != 0)
        return 127;
    a->step = "keep capabilities over the exec";
    if (a->keep_caps)
        a->error = -vl_caps_keep_over_exec();
    if (a->error != 0)
        return 127;
    a->step = "pass descriptors on";
    for (size_t i = 0; i < a->n_keep; i++)
        if (fcntl(a->keep[i], F_SETFD, 0) < 0) {
            a->error = errno;
            return 127;
        }
    a->step = "execute the stage";
    syscall(SYS_execveat, a->image, "", a->argv, no_env, AT_EMPTY_PATH);
    a->error = errno;
    return 127;
}

/* The stage's copy of the plan: without host operations, with this launch's descriptors. */
static int plan_memfd(const struct vl_launch_env *env, struct vl_error **err)
{
    size_t len, n = env->plan->n_desc;
    cleanup_free struct vl_ident *passed = vl_alloc(sizeof(*passed) * (n + 1));

    for (size_t i = 0; i < n; i++) {
        passed[i] = env->prep->ident[i];
        if (!vl_desc_is_passed(&env->plan->desc[i]))
            passed[i].fd = -1;
    }
    cleanup_free void *bytes = vl_plan_encode(env->plan, true, passed, &len);
    int fd = vl_memfd_sealed("veloci-plan", bytes, len, false);

    return fd < 0 ? vl_err_sys(err, fd, "make a sealed memory file for the plan") : fd;
}

static int *descriptors_to_keep(const struct vl_launch_env *env, int plan_fd, int chan, size_t *n)
{
    int *keep = vl_alloc(sizeof(*keep) * (env->plan->n_desc + 2));

    *n = 0;
    keep[(*n)++] = plan_fd;
    keep[(*n)++] = chan;
    for (size_t i = 0; i < env->plan->n_desc; i++)
        if (env->prep->ident[i].fd >= 0 && vl_desc_is_passed(&env->plan->desc[i]))
            keep[(*n)++] = env->prep->ident[i].fd;
    return keep;
}

/* The first CPUs of a process that joins are set before it is in the container's cgroup: it inherits ours. */
static int pin(const struct vl_blob *mask, unsigned long saved[CPU_WORDS], struct vl_error **err)
{
    int r = vl_sched_get_affinity(0, saved, CPU_WORDS * sizeof(saved[0]));
    if (r >= 0)
        r = vl_sched_set_affinity(0, mask->data, mask->len);
    if (r >= 0)
        return 0;
    vl_err_sys(err, r, "set the CPU affinity of the process before it joins");
    return vl_err_at(err, "execCPUAffinity.initial");
}

static int no_room(const struct vl_launch_env *env)
{
    if (env->no_room != NULL)
        *env->no_room = true;
    return -1;
}

int vl_spawn_stage(const struct vl_launch_env *env, struct vl_spawned *ret, struct vl_error **err)
{
    cleanup_fd int image = vl_stage_image(err);
    if (image < 0)
        return -1;
    cleanup_fd int plan_fd = plan_memfd(env, err);
    if (plan_fd < 0)
        return -1;
    int pair[2];
    int r = vl_socketpair(SOCK_SEQPACKET, pair);
    if (r < 0)
        return vl_err_sys(err, r, "make the channel to the stage");
    cleanup_fd int ours = pair[0], theirs = pair[1];
    r = vl_scm_passcred(ours);
    if (r < 0)
        return vl_err_sys(err, r, "ask for credentials on the channel to the stage");

    size_t from = 0;
    const struct vl_op *clone_op = vl_plan_find(env->plan, VL_OP_CLONE, &from);
    uint64_t flags = clone_op != NULL ? (uint64_t)clone_op->n[0] : 0;
    char plan_no[12], chan_no[12];
    snprintf(plan_no, sizeof(plan_no), "%d", plan_fd);
    snprintf(chan_no, sizeof(chan_no), "%d", theirs);

    size_t n_keep;
    cleanup_free int *keep = descriptors_to_keep(env, plan_fd, theirs, &n_keep);
    bool joiner = clone_op != NULL && clone_op->n[1] != 0;
    struct spawn_args args = {.image = image,
                              .keep_caps = flags & CLONE_NEWUSER,
                              .best_effort = env->joins,
                              .adjust = joiner ? env->plan : NULL,
                              .keep = keep,
                              .n_keep = n_keep,
                              .argv = {(char *)"veloci-stage", plan_no, chan_no,
                                       env->transcript != NULL ? (char *)"report" : NULL, NULL}};
    struct vl_clone c = {.flags = flags, .cgroup_fd = vl_cgroup_birth_fd(env->cgroup), .exit_signal = SIGCHLD};
    if (vl_cgroup_self_fds(env->cgroup, c.cgroup_fd >= 0, &args.join, &args.n_join, err) < 0)
        return no_room(env);
    bool in_cgroup = c.cgroup_fd < 0;
    cleanup_fd int pidfd = VL_NOFD;
    unsigned long cpus[CPU_WORDS];
    if (env->initial_affinity != NULL && pin(env->initial_affinity, cpus, err) < 0)
        return -1;
    pid_t pid = vl_clone_vm(spawn_child, &args, &c, &pidfd, &in_cgroup);
    if (env->initial_affinity != NULL)
        (void)vl_sched_set_affinity(0, cpus, sizeof(cpus));
    if (pid < 0) {
        vl_err_sys(err, (int)pid, "create the container's process with its namespaces");
        return no_room(env);
    }
    if (args.error != 0) {
        struct vl_child child = {.pid = pid, .pidfd = vl_take_fd(&pidfd)};
        vl_child_kill(&child);
        vl_err_sys(err, args.error, "start the container's process: %s", args.step);
        return args.step == join_step ? no_room(env) : -1;
    }
    *ret = (struct vl_spawned){.pid = pid,
                               .pidfd = vl_take_fd(&pidfd),
                               .chan = vl_take_fd(&ours),
                               .in_cgroup = in_cgroup || c.cgroup_fd < 0,
                               .joiner = joiner};
    return 0;
}
