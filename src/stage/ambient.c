/* SPDX-License-Identifier: Apache-2.0 */
/* Phase ambient: what surrounds the workload's process: stdio, working directory, scheduling, memory policy. */
#include "stage/stage.h"

/* -- stdio ------------------------------------------------------------------------------------------ */

static int is_null(const struct statx *stx)
{
    return st_is_type(stx, S_IFCHR) && stx->stx_rdev_major == 1 && stx->stx_rdev_minor == 3;
}

/* A null device from the host would keep a mount of the host alive; the container's own does the same. */
static int own_null(int fd)
{
    struct statx stx;
    int r = 0;

    /* looked at before it is opened, as the image may have any device there, and after, as it may change */
    if (sys_statx(AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW, &stx) < 0 || !is_null(&stx))
        return 0;
    int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY, 0);
    if (null < 0)
        return 0;
    if (sys_fstat(null, &stx) == 0 && is_null(&stx))
        r = sys_dup2(null, fd);
    (void)sys_close(null);
    return r < 0 ? r : 0;
}

int step_stdio(struct stage *s, const struct vl_wire_op *op)
{
    struct statx stx;
    uint32_t ids[2];
    int found = st_ids(s, op->n[0], 0, ids);
    uint32_t uid = ids[0];

    if (found < 0)
        return found;
    if (s->slave >= 0)
        return st_console_stdio(s);
    for (int fd = 0; fd <= 2; fd++) {
        int r = sys_fstat(fd, &stx);
        if (r < 0)
            return st_fail(s, VL_D_STDIO, r);
        if (is_null(&stx) && (s->pivoted || (s->joined & CLONE_NEWNS)) && (r = own_null(fd)) < 0)
            return st_fail(s, VL_D_STDIO, r);
        /* devices belong to somebody else; what is left must be opened anew through /proc/self/fd by the user */
        if (stx.stx_uid == uid || !(st_is_type(&stx, S_IFIFO) || st_is_type(&stx, S_IFSOCK) || st_is_type(&stx, S_IFREG)))
            continue;
        r = sys_fchown(fd, uid, (uint32_t)-1);
        if (r < 0 && r != -EPERM && r != -EROFS && r != -EINVAL && r != -EACCES)
            return st_fail(s, VL_D_CHOWN, r);
    }
    return 0;
}

/* -- working directory ---------------------------------------------------------------------------------- */

/* The kernel's own answer must be inside the root: a directory of the host that leaked in as a descriptor shows as
 * "(unreachable)" or not at all (CVE-2024-21626). */
static int inside_root(struct stage *s)
{
    char *cwd = st_scratch.text;
    long n = sys_getcwd(cwd, ST_PATH);
    /* deeper than any path can tell: there, yet nameable by nobody */
    if (n < 0)
        return st_fail(s, VL_D_CWD_OUTSIDE, (int)n);
    return cwd[0] == '/' ? 0 : st_fail(s, VL_D_CWD_OUTSIDE, -ENOENT);
}

int st_set_cwd(struct stage *s, const char *path)
{
    int r = sys_chdir(path);
    return r < 0 ? st_fail(s, VL_D_CHDIR, r) : inside_root(s);
}

static int make_cwd(struct stage *s, const struct vl_wire_op *op)
{
    const uint32_t owner[2] = {(uint32_t)op->n[0], (uint32_t)op->n[1]};
    int root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    int dir = root < 0 ? root : st_walk(root, st_str(s, op, 0), ST_R_DIR, owner, NULL);
    st_close(&root);
    if (dir < 0)
        return st_fail(s, VL_D_CHDIR, dir);
    (void)sys_close(dir);
    return st_set_cwd(s, st_str(s, op, 0));
}

int step_cwd(struct stage *s, const struct vl_wire_op *op)
{
    int r = st_set_cwd(s, st_str(s, op, 0));

    if (s->detail == VL_D_CHDIR && r == -ENOENT && op->n[0] != -1)
        r = make_cwd(s, op);
    if (s->detail == VL_D_CHDIR && r == -EACCES) {
        /* root may be the one who is kept out: NFS, a home directory of another user with capabilities dropped */
        s->cwd_pending = 1;
        s->cwd_op = s->at;
        return 0;
    }
    return r;
}

int step_umask(struct stage *s, const struct vl_wire_op *op)
{
    s->umask = (uint32_t)op->n[0] & 0777;
    return 0;
}

/* -- scheduling and memory --------------------------------------------------------------------------- */

int step_sched(struct stage *s, const struct vl_wire_op *op)
{
    return (int)SYS3(__NR_sched_setattr, 0, st_str(s, op, 0), 0);
}

int step_ioprio(struct stage *s, const struct vl_wire_op *op)
{
    (void)s;
    return (int)SYS3(__NR_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, op->n[0]);
}

/* A runtime that somebody pinned must not pin the container: the kernel cuts "all" down to the cpuset. */
int step_affinity(struct stage *s, const struct vl_wire_op *op)
{
    uint64_t all[128]; /* 8192 CPUs, the largest NR_CPUS */
    const void *mask = st_str(s, op, 0);
    size_t n = op->s[0].len;

    if (!mask) {
        memset(all, 0xff, sizeof(all));
        mask = all;
        n = sizeof(all);
    }
    int r = (int)SYS3(__NR_sched_setaffinity, 0, n, mask);
    if (r < 0 && mask == all) {
        st_warn(s, r, VL_D_NONE, 0);
        return 0;
    }
    return r < 0 ? r : 0;
}

int step_mempolicy(struct stage *s, const struct vl_wire_op *op)
{
    return (int)SYS3(__NR_set_mempolicy, op->n[0], st_str(s, op, 0), op->n[1]);
}

int step_personality(struct stage *s, const struct vl_wire_op *op)
{
    (void)s;
    int r = (int)SYS1(__NR_personality, op->n[0]);
    return r < 0 ? r : 0;
}
