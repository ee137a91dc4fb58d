/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phase identity: who this process is. Namespaces are joined and the container's process is born in them (join
 * sequence), descriptors made after the clone arrive, the ids of the user namespace are assumed.
 *
 * Joining: the stage was exec'ed on the host, so the program that others in the namespaces may look at is only
 * the stage, and it is not dumpable from before the first setns on (CVE-2016-9962, CVE-2019-5736).
 */
#include "stage/stage.h"
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>

/* -- joining --------------------------------------------------------------------------------------- */

/* The kernel refuses to join the user namespace one is in; for a plan that is no failure. */
static int is_own_userns(int fd)
{
    struct statx a, b;
    if (sys_fstat(fd, &a) < 0 || sys_statx(AT_FDCWD, "/proc/self/ns/user", 0, &b) < 0)
        return 0;
    return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

static int join_one(struct stage *s, const struct vl_wire_op *op)
{
    int *fd = &s->fd[op->fd[0]];
    int type = (int)op->n[0];
    int r = sys_setns(*fd, type);

    if (r == -EINVAL && type == CLONE_NEWUSER && is_own_userns(*fd))
        r = 0;
    if (r < 0)
        return r;
    s->joined |= (uint32_t)type;
    st_close(fd);
    return 0;
}

static int userns_follows(const struct stage *s)
{
    for (uint32_t i = s->at + 1; i < s->v.body->n_op && s->v.op[i].code == VL_OP_JOIN; i++)
        if (s->v.op[i].n[0] & CLONE_NEWUSER)
            return 1;
    return 0;
}

/* A user namespace that was made without privilege denies setgroups(2) for good: what groups the caller brings must
 * go while they are the host's. Without privilege there they stay, as everywhere. */
static void leave_groups(const struct stage *s)
{
    for (uint32_t i = s->at + 1; i < s->v.body->n_op; i++)
        if (s->v.op[i].code == VL_OP_ASSUME && s->v.op[i].n[2])
            (void)sys_setgroups(0, NULL);
}

/* Namespaces of others are joined with the rights of the host while they last; those that belong to the container's
 * user namespace allow it only after that one is joined. Hence: what is not permitted waits, once. */
int step_join(struct stage *s, const struct vl_wire_op *op)
{
    (void)sys_prctl(PR_SET_DUMPABLE, 0, 0);
    if (st_fd(s, op, 0) < 0)
        return -EBADF;
    if (op->n[0] & CLONE_NEWUSER)
        leave_groups(s);
    int r = join_one(s, op);
    if (r == -EPERM && !(op->n[0] & CLONE_NEWUSER) && userns_follows(s))
        return 0;
    if (r < 0 || !(op->n[0] & CLONE_NEWUSER))
        return r;
    uint32_t here = s->at;
    for (uint32_t i = 0; i < here && r == 0; i++) {
        const struct vl_wire_op *earlier = &s->v.op[i];
        if (earlier->code != VL_OP_JOIN || s->fd[earlier->fd[0]] < 0)
            continue;
        s->at = i; /* an error names the join that failed */
        r = join_one(s, earlier);
    }
    if (r == 0)
        s->at = here;
    return r;
}

/* Behind CREDS, nothing that the host has opened may come along. */
int step_fork(struct stage *s, const struct vl_wire_op *op)
{
    unsigned long flags = (unsigned long)op->n[0];

    if (op->phase != VL_PHASE_IDENTITY)
        st_close_rest(s);
    /* A new user namespace's maps are written by veloci; without privilege it may do so only while we are dumpable. */
    if (!(flags & CLONE_NEWUSER) || sys_geteuid() == 0)
        (void)sys_prctl(PR_SET_DUMPABLE, 0, 0);
    /* clone(2) has no room for this flag; a child enters the namespace that is set for children */
    if (flags & CLONE_NEWTIME) {
        int r = sys_unshare(CLONE_NEWTIME);
        if (r < 0)
            return r;
        flags &= ~(unsigned long)CLONE_NEWTIME;
    }
    int pid = sys_fork(flags | CLONE_PARENT, NULL);
    if (pid < 0)
        return pid;
    if (pid > 0)
        sys_exit(0);
    return st_send(s, VL_MSG_FORKED, 0, 0, -1);
}

/* -- descriptors that are made after the clone ------------------------------------------------------ */

static int is_late(const struct vl_wire_desc *d)
{
    return d->acquire == VL_ACQ_IN_NS || d->acquire == VL_ACQ_LATE_TREE;
}

/* Next late descriptor at or behind index i, or n_desc. */
static uint32_t next_late(const struct stage *s, uint32_t i)
{
    while (i < s->v.body->n_desc && !is_late(&s->v.desc[i]))
        i++;
    return i;
}

/* Moves *at over late descriptors up to `to`; all of them must be optional. */
static int jump(const struct stage *s, uint32_t *at, uint32_t to)
{
    if (to < *at || to > s->v.body->n_desc || (to < s->v.body->n_desc && !is_late(&s->v.desc[to])))
        return -EPROTO;
    for (; *at < to; *at = next_late(s, *at + 1))
        if (!(s->v.desc[*at].flags & VL_DESC_OPTIONAL))
            return -EPROTO;
    return 0;
}

int step_await(struct stage *s, const struct vl_wire_op *op)
{
    const uint32_t end = s->v.body->n_desc;
    uint32_t at = next_late(s, 0);
    struct vl_msg msg;
    int fds[VL_MSG_FDS];
    unsigned n_fds = 0;
    int identity = 0;

    /* Sent rather than found by veloci below /proc: this process may not be open to it (ptrace(2), access mode). */
    int root = op->n[0] > 0 ? sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0) : -1;
    int r = op->n[0] > 0 && root < 0 ? root : st_send(s, VL_MSG_AWAITING, op->n[0], 0, root);
    if (root >= 0)
        (void)sys_close(root);
    if (r < 0)
        return st_fail(s, VL_D_PROTOCOL, r);
    do {
        r = st_recv(s->chan, &msg, fds, &n_fds);
        if (r == 0 && (msg.type != VL_MSG_PROCEED || msg.a != (int64_t)n_fds))
            r = -EPROTO;
        if (r == 0 && msg.op != VL_NOREF)
            r = jump(s, &at, msg.op);
        for (unsigned i = 0; i < n_fds; i++) {
            if (r == 0 && at < end) {
                s->fd[at] = fds[i];
                r = st_check_desc(s, at);
                if (r < 0)
                    identity = r;
                at = next_late(s, at + 1);
                continue;
            }
            (void)sys_close(fds[i]);
            r = r < 0 ? r : -EPROTO;
        }
        if (r < 0)
            return identity < 0 ? r : st_fail(s, VL_D_PROTOCOL, r);
    } while (at < end);
    return 0;
}

/* -- ids -------------------------------------------------------------------------------------------- */

/* Ambient capabilities carried the stage into an unmapped user namespace (facts of execve(2)); no hook and no
 * workload may inherit them. */
static int drop_inherited_caps(struct stage *s)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    int r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);

    if (r < 0 && r != -EINVAL)
        return st_fail(s, VL_D_CAP_AMBIENT, r);
    if ((r = (int)SYS2(__NR_capget, &h, d)) < 0)
        return st_fail(s, VL_D_CAP_SET, r);
    d[0].inheritable = d[1].inheritable = 0;
    r = (int)SYS2(__NR_capset, &h, d);
    return r < 0 ? st_fail(s, VL_D_CAP_SET, r) : 0;
}

int step_assume(struct stage *s, const struct vl_wire_op *op)
{
    int r = 0;

    /* A map without 0 makes us an ordinary user here, who would lose the capabilities of the creator. */
    (void)sys_prctl(PR_SET_KEEPCAPS, 1, 0);
    if (op->n[2] && (r = sys_setgroups(0, NULL)) < 0 && !(op->n[2] == 2 && r == -EPERM))
        return st_fail(s, VL_D_SETGROUPS, r);
    if ((r = sys_setresgid((uint32_t)op->n[1])) < 0)
        return st_fail(s, VL_D_SETGID, r);
    if ((r = sys_setresuid((uint32_t)op->n[0])) < 0)
        return st_fail(s, VL_D_SETUID, r);
    (void)sys_prctl(PR_SET_KEEPCAPS, 0, 0);
    return drop_inherited_caps(s);
}

/* The name tells `start` an exec from a death at end of file: an exec changes it, and nobody can guess it. */
int step_guard(struct stage *s, const struct vl_wire_op *op)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char random[VL_NONCE_LEN];
    char name[sizeof(VL_NONCE_PREFIX) + VL_NONCE_LEN] = VL_NONCE_PREFIX;

    (void)op;
    int r = sys_prctl(PR_SET_DUMPABLE, 0, 0);
    if (r < 0)
        return r;
    r = sys_getrandom(random, sizeof(random));
    if (r != (int)sizeof(random))
        return r < 0 ? r : -EIO;
    for (unsigned i = 0; i < VL_NONCE_LEN; i++)
        s->nonce[i] = letters[random[i] & 63];
    memcpy(name + sizeof(VL_NONCE_PREFIX) - 1, s->nonce, VL_NONCE_LEN);
    return sys_prctl(PR_SET_NAME, (unsigned long)name, 0);
}

/* -- what else is the process's own ------------------------------------------------------------------- */

/* Into the time namespace that was made for children: until Linux 6.3 an exec is no child. Its offsets cannot be
 * changed any more then. The link is procfs's own and leads out of it, which st_proc_open would not follow. */
static int enter_time(struct stage *s)
{
    int r = st_proc(s);
    if (r < 0)
        return r;
    int fd = sys_openat(r, "thread-self/ns/time_for_children", O_RDONLY, 0);
    if (fd < 0)
        return fd;
    r = sys_setns(fd, CLONE_NEWTIME);
    (void)sys_close(fd);
    return r;
}

int step_unshare(struct stage *s, const struct vl_wire_op *op)
{
    int r = sys_unshare((unsigned long)op->n[0]);
    if (r < 0 || !(op->n[0] & CLONE_NEWTIME) || op[1].code == VL_OP_TIME_OFFSETS) /* EXEC is last: there is a next one */
        return r;
    return enter_time(s);
}

int step_time_offsets(struct stage *s, const struct vl_wire_op *op)
{
    int r = st_proc_write(s, "self/timens_offsets", st_str(s, op, 0), op->s[0].len, 1);
    return r < 0 ? r : enter_time(s);
}

/* The possessor must be able to search the keyring, or nothing in the container finds its own keys. */
static int keyring_searchable(int keyring)
{
    char text[256];
    long n = SYS4(__NR_keyctl, KEYCTL_DESCRIBE, keyring, text, sizeof(text));
    if (n <= 0 || n > (long)sizeof(text))
        return n < 0 ? (int)n : -EPROTO;
    /* "keyring;uid;gid;permissions in hexadecimal;name" */
    const char *p = text;
    text[n - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        if (!(p = st_find(p, ';')))
            return -EPROTO;
        p++;
    }
    uint32_t perm = 0;
    for (; *p != ';' && *p != '\0'; p++) {
        unsigned digit = *p >= 'a' ? (unsigned)(*p - 'a') + 10 : (unsigned)(*p - '0');
        if (digit > 15)
            return -EPROTO;
        perm = perm << 4 | digit;
    }
    return (int)SYS3(__NR_keyctl, KEYCTL_SETPERM, keyring, perm | 0x08000000u /* KEY_POS_SEARCH */);
}

int step_keyring(struct stage *s, const struct vl_wire_op *op)
{
    if (op->s[1].off != VL_NOREF) {
        int r = st_proc_write(s, "thread-self/attr/keycreate", st_str(s, op, 1), op->s[1].len, 1);
        if (r < 0)
            return r;
    }
    int keyring = (int)SYS2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, st_str(s, op, 0));
    /* absent from the kernel, or forbidden by a filter around us (nested containers): the session's keyring stays */
    if (keyring == -ENOSYS || keyring == -EPERM) {
        st_warn(s, keyring, VL_D_NONE, 0);
        return 0;
    }
    if (keyring < 0)
        return keyring;
    int r = keyring_searchable(keyring);
    if (r < 0)
        st_warn(s, r, VL_D_NONE, keyring);
    return 0;
}
