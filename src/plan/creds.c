/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of the workload: CREDS, NNP. config.md#linux-process (`capabilities`), capabilities(7).
 *
 * A capability that cannot be granted is left out with a note and is no error (runtime-spec 1.1): sets are bounded
 * by what the caller has, except in a user namespace of the container's own, which begins with all of them.
 */
#include <stdio.h>
#include "base/mem.h"
#include "base/names.h"
#include "plan/env.h"
#include "plan/planners.h"
#include "spec/annot.h"

enum { BOUNDING, PERMITTED, EFFECTIVE, INHERITABLE, AMBIENT, N_SETS };
static const char *const set_names[N_SETS] = {"bounding", "permitted", "effective", "inheritable", "ambient"};

static uint64_t all_caps(const struct vl_host *h)
{
    return h->last_cap >= 63 ? UINT64_MAX : (UINT64_C(1) << (h->last_cap + 1)) - 1;
}

/* Names that nobody knows were noted when the document was read. */
uint64_t vl_pl_caps(char *const *names, size_t n)
{
    uint64_t set = 0;
    for (size_t i = 0; i < n; i++) {
        int cap = vl_cap_by_name(names[i]);
        if (cap >= 0)
            set |= UINT64_C(1) << cap;
    }
    return set;
}

static void note_lost(struct vl_planner *p, const char *set, uint64_t lost, const char *why)
{
    cleanup(str) struct vl_str names = VL_STR_INIT;
    for (int cap = 0; cap < 64; cap++) {
        const char *name = lost & UINT64_C(1) << cap ? vl_cap_name(cap) : NULL;
        if (name != NULL)
            vl_str_addf(&names, "%s%s", names.len > 0 ? ", " : "", name);
    }
    if (names.len > 0)
        vl_pl_note(p, "process.capabilities.%s: without %s: %s", set, names.s, why);
}

static void bound_set(struct vl_planner *p, uint64_t sets[N_SETS], int which, uint64_t bound, const char *why)
{
    note_lost(p, set_names[which], sets[which] & ~bound, why);
    sets[which] &= bound;
}

static void plan_sets(struct vl_planner *p, uint64_t sets[N_SETS])
{
    const struct oci_capabilities *c = vl_process_of(p)->capabilities;
    const struct vl_host *h = p->host;
    if (c == NULL)
        return; /* none at all, as the others do */
    sets[BOUNDING] = vl_pl_caps(c->bounding, c->n_bounding);
    sets[PERMITTED] = vl_pl_caps(c->permitted, c->n_permitted);
    sets[EFFECTIVE] = vl_pl_caps(c->effective, c->n_effective);
    sets[INHERITABLE] = vl_pl_caps(c->inheritable, c->n_inheritable);
    sets[AMBIENT] = vl_pl_caps(c->ambient, c->n_ambient);
    uint64_t bound = p->userns ? all_caps(h) : h->caps_bounding & all_caps(h);
    uint64_t have = p->userns ? all_caps(h) : h->caps_permitted & all_caps(h);
    bound_set(p, sets, BOUNDING, bound, "not in the caller's bounding set");
    bound_set(p, sets, PERMITTED, have, "the caller does not have them");
    bound_set(p, sets, EFFECTIVE, sets[PERMITTED], "not permitted");
    bound_set(p, sets, INHERITABLE, have, "the caller does not have them");
    bound_set(p, sets, AMBIENT, sets[PERMITTED] & sets[INHERITABLE], "not both permitted and inheritable");
}

/* An id that is not mapped cannot be taken: EINVAL, long after the mounts. */
int vl_pl_check_id(struct vl_planner *p, const struct vl_idmap_line *map, size_t n, uint32_t id, const char *where)
{
    if (vl_plan_map_id(map, n, id) == VL_NO_ID)
        return vl_pl_config(p, where, "id %u is not mapped in the container's user namespace", id);
    return 0;
}

static int plan_groups(struct vl_planner *p, struct vl_op *op, const struct oci_user *user)
{
    if (vl_annot_bool(p->spec, "run.oci.keep_original_groups", false)) {
        op->n[7] |= VL_CRED_SKIP_GROUPS;
        return 0;
    }
    if (p->setgroups_denied) {
        op->n[7] |= VL_CRED_SKIP_GROUPS;
        if (user->n_additional_gids > 0)
            vl_pl_note(p, "process.user.additionalGids: left out, because setgroups is denied in the user namespace");
        return 0;
    }
    if (vl_groups_may_be_denied(p) && user->n_additional_gids == 0)
        op->n[7] |= VL_CRED_GROUPS_IF_ALLOWED;
    int r = 0;
    for (size_t i = 0; i < user->n_additional_gids; i++)
        r |= vl_pl_check_id(p, p->gid_map, p->n_gid_map, user->additional_gids[i],
                      vl_pl_at(p, "process.user.additionalGids[%zu]", i));
    vl_op_blob(op, 0, user->additional_gids, user->n_additional_gids * sizeof(user->additional_gids[0]));
    return r;
}

int vl_plan_creds(struct vl_planner *p)
{
    const struct oci_user *user = vl_user_of(p);
    uint64_t sets[N_SETS] = {0};
    plan_sets(p, sets);
    int r = vl_pl_check_id(p, p->uid_map, p->n_uid_map, user->uid, "process.user.uid");
    r |= vl_pl_check_id(p, p->gid_map, p->n_gid_map, user->gid, "process.user.gid");
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CREDS, "process.user");
    for (int i = 0; i < N_SETS; i++)
        op->n[i] = (int64_t)sets[i];
    op->n[5] = user->uid;
    op->n[6] = user->gid;
    r |= plan_groups(p, op, user);
    if (vl_process_of(p)->no_new_privileges)
        vl_plan_op(p->plan, VL_OP_NNP, "process.noNewPrivileges");
    return r;
}
