/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock, from the annotation run.veloci.landlock: LANDLOCK, LANDLOCK_PATH, LANDLOCK_PORT, LANDLOCK_ENFORCE.
 *
 * The ruleset is made while the stage may still find every path; it comes into force after every mount (it forbids
 * them), and as late as the kernel allows: landlock_restrict_self(2) asks for no_new_privs or CAP_SYS_ADMIN.
 */
#include <linux/capability.h>
#include "confine/landlock.h"
#include "plan/env.h"
#include "plan/planners.h"
#include "spec/annot.h"

#define NAME "run.veloci.landlock"
#define WHERE "annotations." NAME

static void append_rules(struct vl_planner *p, const struct vl_landlock *l)
{
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_LANDLOCK, WHERE);

    op->n[0] = (int64_t)l->handled_fs;
    op->n[1] = (int64_t)l->handled_net;
    op->n[2] = (int64_t)l->scoped;
    for (size_t i = 0; i < l->n_path; i++) {
        op = vl_plan_op(p->plan, VL_OP_LANDLOCK_PATH, vl_pl_at(p, WHERE ": rules[%zu]", l->path[i].rule));
        op->n[0] = (int64_t)l->path[i].access;
        op->n[1] = l->path[i].optional;
        vl_op_str(op, 0, l->path[i].path);
    }
    for (size_t i = 0; i < l->n_port; i++) {
        op = vl_plan_op(p->plan, VL_OP_LANDLOCK_PORT, vl_pl_at(p, WHERE ": rules[%zu]", l->port[i].rule));
        op->n[0] = l->port[i].port;
        op->n[1] = (int64_t)l->port[i].access;
    }
}

static void append_enforce(struct vl_planner *p)
{
    vl_plan_op(p->plan, VL_OP_LANDLOCK_ENFORCE, WHERE)->n[0] = p->landlock_flags;
}

int vl_plan_landlock(struct vl_planner *p)
{
    const char *text = vl_annot(p->spec, NAME);
    cleanup(landlock) struct vl_landlock *l = NULL;
    struct vl_error *e = NULL;
    bool late = vl_process_of(p)->no_new_privileges;

    if (text == NULL)
        return 0;
    if (vl_landlock_compile(text, WHERE, p->host->landlock_abi, &l, &p->plan->notes, &e) < 0) {
        for (struct vl_error *next; e != NULL; e = next) {
            next = e->next;
            e->next = NULL;
            vl_err_collect(&p->errors, &e);
        }
        return -1;
    }
    if (l == NULL)
        return 0;
    if (!late && !p->userns && (p->host->caps_permitted >> CAP_SYS_ADMIN & 1) == 0)
        return vl_pl_refused(p, "landlock", WHERE,
                             "Landlock without process.noNewPrivileges takes CAP_SYS_ADMIN, which the caller lacks");
    append_rules(p, l);
    p->landlock_flags = l->flags;
    p->landlock_late = late;
    if (!late)
        append_enforce(p);
    return 0;
}

void vl_plan_landlock_enforce(struct vl_planner *p)
{
    if (p->landlock_late)
        append_enforce(p);
}
