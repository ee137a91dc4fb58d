/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start of veloci-stage: {"veloci-stage", PLANFD, CHANFD} with decimal descriptor numbers, environment empty, the
 * descriptors of the plan's table inherited under the numbers written there. The plan comes in a sealed memfd;
 * it is checked in full before the first step. Whatever goes wrong from then on is said on the channel.
 */
#include "stage/sha256.h"
#include "stage/stage.h"

__asm__(ST_START_ASM);

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define FD_MAX (1 << 20)

static struct stage stage;

/* Numbers 0 to 2 must be taken, or the next descriptor opened would become the workload's stdio. */
static void fill_stdio(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (sys_fcntl(fd, F_GETFD, 0) < 0)
            (void)SYS4(__NR_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
}

/* Maps and checks the plan; the descriptor is closed, the mapping stays. */
static int load_plan(struct stage *s, int plan)
{
    struct statx stx;
    uint32_t at = 0;
    int r = sys_fcntl(plan, F_GET_SEALS, 0);

    s->detail = VL_D_PLAN;
    if (r < 0 || (r & SEALS) != SEALS)
        return r < 0 ? r : -EPERM; /* its owner could still change it */
    if ((r = sys_fstat(plan, &stx)) < 0)
        return r;
    if (stx.stx_size == 0 || stx.stx_size > VL_WIRE_MAX) {
        s->a = VL_WIRE_BAD_LENGTH;
        return -EINVAL;
    }
    s->plan_len = (size_t)stx.stx_size;
    /* Private: before 6.7 a file that is sealed against writing cannot be mapped shared at all. The pages are the
     * file's all the same, nothing is copied. */
    const void *p = sys_mmap(s->plan_len, ST_PROT_READ, ST_MAP_PRIVATE, plan);
    if (st_map_failed(p))
        return -ENOMEM;
    (void)sys_close(plan);
    s->a = vl_wire_check(p, s->plan_len, 1, st_sha256, &s->v, &at);
    s->b = at;
    return s->a == VL_WIRE_OK ? 0 : -EINVAL;
}

/* Descriptors 3 … of the workload must be there: a missing number would be taken by somebody else's. */
static int check_preserved(struct stage *s)
{
    for (unsigned i = 0; i < s->v.body->preserve_fds; i++) {
        int r = sys_fcntl((int)(3 + i), F_GETFD, 0);
        if (r < 0) {
            s->a = 3 + i;
            return st_fail(s, VL_D_PRESERVE, r);
        }
        if (r & FD_CLOEXEC)
            (void)sys_fcntl((int)(3 + i), F_SETFD, 0);
    }
    return 0;
}

/* The channel above the workload's numbers, everything of ours close-on-exec. */
static int claim_descriptors(struct stage *s)
{
    unsigned first = 3 + s->v.body->preserve_fds;

    if ((unsigned)s->chan < first) {
        int moved = sys_fcntl(s->chan, F_DUPFD_CLOEXEC, first);
        if (moved < 0)
            return moved;
        (void)sys_close(s->chan);
        s->chan = moved;
    }
    if ((s->feat & VL_FEAT_CLOSE_RANGE) && sys_close_range(first, ~0u, ST_CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    (void)sys_fcntl(s->chan, F_SETFD, FD_CLOEXEC);
    for (uint32_t i = 0; i < s->v.body->n_desc; i++)
        if (s->v.desc[i].fd >= 0)
            (void)sys_fcntl(s->v.desc[i].fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

static int take_descriptors(struct stage *s)
{
    for (uint32_t i = 0; i < s->v.body->n_desc; i++) {
        s->fd[i] = s->v.desc[i].fd;
        if (s->fd[i] == s->chan) {
            s->a = i;
            return st_fail(s, VL_D_DESC_IDENTITY, -EBADF);
        }
        int r = s->fd[i] >= 0 ? st_check_desc(s, i) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int prepare(struct stage *s, int plan)
{
    int r = load_plan(s, plan);
    if (r < 0)
        return r;
    s->feat = s->v.body->features;
    s->a = s->b = 0;
    s->detail = VL_D_NONE;
    if ((r = check_preserved(s)) < 0)
        return r;
    fill_stdio();
    if ((r = claim_descriptors(s)) < 0 || (r = take_descriptors(s)) < 0)
        return r;
    s->umask = (uint32_t)SYS1(__NR_umask, 0);
    st_signals_default();
    return 0;
}

/* A filter may not know the call. */
static int64_t clock_ns(struct stage *s)
{
    int64_t now[2];
    if (s->filtered || SYS2(__NR_clock_gettime, 0 /* CLOCK_REALTIME */, now) < 0)
        return 0;
    return now[0] * 1000000000 + now[1];
}

/* For a transcript; who does not read it is not waited for. Under a filter of the ready phase nothing more is said. */
static void report(struct stage *s, int64_t begin)
{
    if (s->report && !(s->filtered && s->op->phase == VL_PHASE_READY))
        (void)st_send(s, VL_MSG_STEP, s->filtered ? 0 : begin, clock_ns(s), -1);
}

/* Ends by execve in the last step, or by an error. */
static __attribute__((noreturn)) void run(struct stage *s)
{
    for (s->at = 0; s->at < s->v.body->n_op; s->at++) {
        s->op = &s->v.op[s->at];
        s->detail = VL_D_NONE;
        s->a = s->b = 0;
        int r = 0;
        int64_t begin = s->report ? clock_ns(s) : 0;
        if (s->n_late_ro > 0 && s->op->phase > VL_PHASE_VISIBILITY)
            r = st_late_ro_apply(s);
        if (r == 0) {
            st_step *step = st_steps[s->op->code];
            r = step ? step(s, s->op) : st_fail(s, VL_D_PLAN, -ENOSYS);
        }
        if (r < 0) {
            st_take_back(s);
            st_die(s, r);
        }
        report(s, begin);
    }
    st_die(s, -EPROTO); /* the check wants EXEC or DONE last, and these do not come back */
}

/* Called by _start with the stack as the kernel made it: argc, argv … */
__attribute__((noreturn, used)) void st_start(const long *sp);
void st_start(const long *sp)
{
    char *const *argv = (char *const *)(sp + 1);
    struct stage *s = &stage;

    if (sp[0] != 3 && sp[0] != 4) /* a fourth: every step is reported */
        sys_exit(125);
    s->report = sp[0] == 4;
    int64_t plan = st_number(argv[1], st_len(argv[1]), FD_MAX);
    int64_t chan = st_number(argv[2], st_len(argv[2]), FD_MAX);
    if (plan < 3 || chan < 3 || plan == chan)
        sys_exit(125);
    s->chan = (int)chan;
    s->gate = s->root = s->host = s->proc = s->own_proc = s->null = s->ruleset = s->slave = s->dev_dir_fd = -1;
    int r = prepare(s, (int)plan);
    if (r < 0)
        st_die(s, r);
    run(s);
}
