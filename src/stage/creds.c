/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids and capabilities of the workload, in the one order that works: the bounding set needs CAP_SETPCAP, the groups
 * CAP_SETGID, both of which go with the user id; the permitted set survives that under KEEPCAPS and is then cut
 * down; ambient ones need permitted and inheritable in place. See capabilities(7).
 */
#include "stage/stage.h"
#include <linux/capability.h>
#include <linux/prctl.h>

#define LAST_CAP 63

struct caps {
    uint64_t permitted, effective, inheritable;
};

static int get_caps(struct caps *c)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    int r = (int)SYS2(__NR_capget, &h, d);
    if (r < 0)
        return r;
    c->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
    c->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
    c->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
    return 0;
}

static int set_caps(const struct caps *c)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {
        {(uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable},
        {(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32), (uint32_t)(c->inheritable >> 32)},
    };
    return (int)SYS2(__NR_capset, &h, d);
}

/* *have: what of the wanted set is in the bounding set. Dropping what is not there is no error but for want of
 * CAP_SETPCAP. */
static int drop_bounding(struct stage *s, uint64_t wanted, uint64_t *have)
{
    *have = 0;
    for (unsigned cap = 0; cap <= LAST_CAP; cap++) {
        int keep = (int)(wanted >> cap & 1);
        int r = keep ? sys_prctl(PR_CAPBSET_READ, cap, 0) : sys_prctl(PR_CAPBSET_DROP, cap, 0);
        if (r == -EINVAL)
            break; /* behind the last one of this kernel */
        if (keep && r > 0)
            *have |= (uint64_t)1 << cap;
        if (r < 0 && !(r == -EPERM && sys_prctl(PR_CAPBSET_READ, cap, 0) == 0)) {
            s->a = cap;
            return st_fail(s, VL_D_CAP_BOUNDING, r);
        }
    }
    return 0;
}

/* Those of the operation and those that USER has found. */
static int set_groups(struct stage *s, const struct vl_wire_op *op)
{
    const char *given = st_str(s, op, 0);
    size_t n = given ? op->s[0].len / 4 : 0;

    if (s->n_groups == 0)
        return sys_setgroups(n, (const void *)given);
    if (n > ST_GROUPS_MAX - s->n_groups)
        return -E2BIG;
    if (n > 0)
        memcpy(s->groups + s->n_groups, given, n * 4);
    return sys_setgroups(s->n_groups + n, s->groups);
}

static int set_ids(struct stage *s, const struct vl_wire_op *op)
{
    unsigned flags = (unsigned)op->n[7];
    uint32_t ids[2];
    int r = st_ids(s, op->n[5], op->n[6], ids);

    if (r < 0)
        return r;
    if (!(flags & VL_CRED_SKIP_GROUPS)) {
        r = set_groups(s, op);
        if (r == -EPERM && (flags & VL_CRED_GROUPS_IF_ALLOWED))
            st_warn(s, r, VL_D_SETGROUPS, 0);
        else if (r < 0)
            return st_fail(s, VL_D_SETGROUPS, r);
    }
    if (flags & VL_CRED_SKIP_IDS)
        return 0;
    (void)sys_prctl(PR_SET_KEEPCAPS, 1, 0);
    if ((r = sys_setresgid(ids[1])) < 0)
        return st_fail(s, VL_D_SETGID, r);
    if ((r = sys_setresuid(ids[0])) < 0)
        return st_fail(s, VL_D_SETUID, r);
    return 0;
}

/* What this process does not have it cannot give (a caller without CAP_SYS_RESOURCE, say): the specification wants a
 * warning and the rest. */
static int set_capabilities(struct stage *s, const struct vl_wire_op *op, uint64_t bounding, uint64_t have)
{
    struct caps now, want = {(uint64_t)op->n[1], (uint64_t)op->n[2], (uint64_t)op->n[3]};
    uint64_t ambient = (uint64_t)op->n[4];
    int r = get_caps(&now);

    if (r < 0)
        return st_fail(s, VL_D_CAP_SET, r);
    uint64_t missing = (want.permitted & ~now.permitted) | (bounding & ~have) |
                       (want.inheritable & ~(have | now.inheritable));
    want.permitted &= now.permitted;
    want.effective &= want.permitted;
    want.inheritable &= have | now.inheritable;
    ambient &= want.permitted & want.inheritable;
    if (missing)
        st_warn(s, -EPERM, VL_D_CAP_SET, (int64_t)missing);
    /* raised by the launcher to get through the exec of the stage */
    r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
    if (r < 0 && r != -EINVAL)
        return st_fail(s, VL_D_CAP_AMBIENT, r);
    if ((r = set_caps(&want)) < 0)
        return st_fail(s, VL_D_CAP_SET, r);
    for (unsigned cap = 0; cap <= LAST_CAP; cap++)
        if ((ambient >> cap & 1) && (r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap)) < 0) {
            s->a = cap;
            return st_fail(s, VL_D_CAP_AMBIENT, r);
        }
    return 0;
}

int step_creds(struct stage *s, const struct vl_wire_op *op)
{
    uint64_t bounding = (uint64_t)op->n[0], have = 0;
    int r = drop_bounding(s, bounding, &have);

    if (r == 0)
        r = set_ids(s, op);
    if (r == 0)
        r = set_capabilities(s, op, bounding, have);
    if (r < 0)
        return r;
    (void)sys_prctl(PR_SET_KEEPCAPS, 0, 0);
    /* a change of ids sets it back to the system's default, fs.suid_dumpable */
    if ((r = sys_prctl(PR_SET_DUMPABLE, 0, 0)) < 0)
        return r;
    if (!s->cwd_pending)
        return 0;
    s->cwd_pending = 0;
    s->at = s->cwd_op; /* an error is the working directory's */
    r = st_set_cwd(s, st_str(s, &s->v.op[s->cwd_op], 0));
    if (r == 0)
        s->at = (uint32_t)(op - s->v.op);
    return r;
}

int step_nnp(struct stage *s, const struct vl_wire_op *op)
{
    (void)s;
    (void)op;
    return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
}
