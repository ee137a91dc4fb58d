/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: what the process will be. Of a process document only absent members are inherited; options come on top of
 * either. noNewPrivileges is the document's word alone, because writers leave it out to say false.
 */
#include "plan/exec_model.h"

#include <sched.h>
#include "base/mem.h"
#include "plan/env.h"
#include "plan/mounts.h"

enum { BOUNDING, PERMITTED, EFFECTIVE, INHERITABLE, AMBIENT };

void vl_exec_model_reset(struct vl_exec_model *m)
{
    vl_strv_reset(&m->env);
    free(m->user_name);
    free(m->group_name);
    free(m->groups);
    free(m->p.uid_map);
    free(m->p.gid_map);
}

static int fill_args(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    m->args = m->rq->args;
    m->n_args = m->rq->n_args;
    if (m->n_args == 0 && doc != NULL) {
        m->args = doc->args;
        m->n_args = doc->n_args;
    }
    if (m->n_args == 0)
        return vl_pl_config(&m->p, doc != NULL ? "args" : NULL, "exec: there is no command to execute");
    return 0;
}

/* -- environment ------------------------------------------------------------------------------------------ */

/* What create has added for the container's first process is not meant for others. */
static bool is_of_first_process(const char *entry)
{
    return vl_starts_with(entry, "LISTEN_FDS=") || vl_starts_with(entry, "LISTEN_PID=") ||
           vl_starts_with(entry, "LISTEN_FDNAMES=") || vl_streq(entry, "NOTIFY_SOCKET=" VL_NOTIFY_DIR "/notify.sock");
}

static void add_recorded(const struct vl_blob *b, struct vl_strv *all)
{
    const char *s = b->data, *end = s != NULL ? s + b->len : NULL;
    for (; s != NULL && s < end; s += strlen(s) + 1)
        if (!is_of_first_process(s))
            vl_strv_add(all, s);
}

static int fill_env(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    const struct vl_op *recorded = vl_exec_recorded(m->container, VL_OP_EXEC);
    cleanup(strv) struct vl_strv all = {NULL, 0};
    int r = 0;
    if (doc != NULL && doc->has_env)
        for (size_t i = 0; i < doc->n_env; i++)
            vl_strv_add(&all, doc->env[i]);
    else if (recorded != NULL)
        add_recorded(&recorded->s[1], &all);
    for (size_t i = 0; i < m->rq->n_env; i++) {
        const char *e = m->rq->env[i];
        if (strchr(e, '=') == NULL || e[0] == '=')
            r |= vl_pl_config(&m->p, "--env", "`%s` is no assignment NAME=VALUE", e);
        vl_strv_add(&all, e);
    }
    struct oci_process process = {.env = all.v, .n_env = all.n};
    m->has_home = vl_env_build(&m->p, &process, &m->env);
    return r;
}

/* -- user --------------------------------------------------------------------------------------------------- */

static void fill_maps(struct vl_exec_model *m)
{
    size_t from = 0;
    for (const struct vl_op *op; (op = vl_plan_find(m->container, VL_OP_IDMAP, &from)) != NULL;) {
        struct vl_idmap_line *l = op->n[0] == 0 ? VL_APPEND(m->p.uid_map, m->p.n_uid_map)
                                                : VL_APPEND(m->p.gid_map, m->p.n_gid_map);
        *l = (struct vl_idmap_line){(uint32_t)op->n[1], (uint32_t)op->n[2], (uint32_t)op->n[3]};
    }
}

static void set_groups(struct vl_exec_model *m, const void *groups, size_t n)
{
    free(m->groups);
    m->groups = n > 0 ? vl_memdup(groups, n * sizeof(m->groups[0])) : NULL;
    m->n_groups = n;
}

/* Half of USER[:GROUP]: all digits are an id, anything else a name. */
static int parse_half(struct vl_exec_model *m, const char *text, size_t len, const char *what, int64_t *id, char **name)
{
    cleanup_free char *half = vl_strndup(text, len);
    uint32_t number;
    if (len == 0 || len > 255 || half[0] == '-' || half[strcspn(half, ":,/ \t\n")] != '\0')
        return vl_pl_config(&m->p, "--user", "`%s`: the %s is neither a number nor a name", m->rq->user, what);
    if (strspn(half, "0123456789") != len) {
        *name = vl_take_ptr(half);
        return 0;
    }
    if (vl_parse_u32(half, 10, &number) < 0 || number == UINT32_MAX)
        return vl_pl_config(&m->p, "--user", "`%s`: the %s is no id that exists", m->rq->user, what);
    *id = number;
    return 0;
}

/* A number alone leaves the group and the other groups as they were. A name brings those of the container's files. */
static int apply_user_option(struct vl_exec_model *m)
{
    const char *user = m->rq->user, *colon = user != NULL ? strchr(user, ':') : NULL;
    if (user == NULL || user[0] == '\0')
        return 0;
    m->has_gid = false;
    int r = parse_half(m, user, colon != NULL ? (size_t)(colon - user) : strlen(user), "user", &m->uid, &m->user_name);
    if (r == 0 && colon != NULL) {
        r = parse_half(m, colon + 1, strlen(colon + 1), "group", &m->gid, &m->group_name);
        m->has_gid = m->group_name == NULL;
    }
    m->lookup = m->user_name != NULL || m->group_name != NULL;
    if (m->user_name != NULL)
        set_groups(m, NULL, 0);
    return r;
}

static int check_ids(struct vl_exec_model *m)
{
    struct vl_planner *p = &m->p;
    const char *where = m->rq->user != NULL ? "--user" : "user";
    int r = 0;
    if (m->user_name == NULL)
        r |= vl_pl_check_id(p, p->uid_map, p->n_uid_map, (uint32_t)m->uid, where);
    if (m->group_name == NULL && (m->user_name == NULL || m->has_gid))
        r |= vl_pl_check_id(p, p->gid_map, p->n_gid_map, (uint32_t)m->gid, where);
    for (size_t i = 0; i < m->n_groups && !(m->cred_flags & VL_CRED_SKIP_GROUPS); i++)
        r |= vl_pl_check_id(p, p->gid_map, p->n_gid_map, m->groups[i], "additional groups");
    return r;
}

static int fill_user(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    const struct vl_op *creds = vl_exec_recorded(m->container, VL_OP_CREDS);
    if (creds == NULL)
        return vl_err_bug(&m->p.errors, "the recorded plan has no credentials");
    fill_maps(m);
    m->uid = creds->n[5];
    m->gid = creds->n[6];
    m->cred_flags = creds->n[7];
    set_groups(m, creds->s[0].data, creds->s[0].len / sizeof(uint32_t));
    if (vl_plan_namespaces(m->container) & CLONE_NEWUSER && !m->rq->own_userns)
        m->cred_flags |= m->n_groups == 0 ? VL_CRED_GROUPS_IF_ALLOWED : 0;
    if (doc != NULL && doc->user != NULL) {
        m->uid = doc->user->uid;
        m->gid = doc->user->gid;
        set_groups(m, doc->user->additional_gids, doc->user->n_additional_gids);
    }
    int r = apply_user_option(m);
    for (size_t i = 0; i < m->rq->n_groups; i++)
        *VL_APPEND(m->groups, m->n_groups) = m->rq->groups[i];
    if (m->rq->n_groups > 0)
        m->cred_flags &= ~(int64_t)VL_CRED_SKIP_GROUPS; /* asked for: an error when they are denied */
    if (m->n_groups > 0 && !(m->cred_flags & VL_CRED_SKIP_GROUPS))
        m->cred_flags &= ~(int64_t)VL_CRED_GROUPS_IF_ALLOWED;
    return r < 0 ? r : check_ids(m);
}

/* -- rights --------------------------------------------------------------------------------------------------- */

static void fill_caps(struct vl_exec_model *m)
{
    const struct oci_capabilities *c = m->rq->process != NULL ? m->rq->process->capabilities : NULL;
    const struct vl_op *creds = vl_exec_recorded(m->container, VL_OP_CREDS);
    for (int i = 0; i < VL_EXEC_SETS; i++)
        m->sets[i] = (uint64_t)creds->n[i];
    if (c != NULL) {
        m->sets[BOUNDING] = vl_pl_caps(c->bounding, c->n_bounding);
        m->sets[PERMITTED] = vl_pl_caps(c->permitted, c->n_permitted);
        m->sets[EFFECTIVE] = vl_pl_caps(c->effective, c->n_effective) & m->sets[PERMITTED];
        m->sets[INHERITABLE] = vl_pl_caps(c->inheritable, c->n_inheritable);
        m->sets[AMBIENT] = vl_pl_caps(c->ambient, c->n_ambient) & m->sets[PERMITTED] & m->sets[INHERITABLE];
    }
    /* Never inheritable: files with inheritable capabilities would then give more (CVE-2022-29162). */
    m->sets[BOUNDING] |= m->rq->caps;
    m->sets[PERMITTED] |= m->rq->caps;
    m->sets[EFFECTIVE] |= m->rq->caps;
    m->sets[AMBIENT] |= m->rq->caps & m->sets[INHERITABLE];
}

static bool has_label(const struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    const struct vl_op *keyring = vl_exec_recorded(m->container, VL_OP_KEYRING);
    return m->rq->apparmor != NULL || m->rq->selinux != NULL || vl_exec_recorded(m->container, VL_OP_LABEL) != NULL ||
           (doc != NULL && (doc->apparmor_profile != NULL || doc->selinux_label != NULL)) ||
           (keyring != NULL && keyring->s[1].data != NULL);
}

/*
 * The process is born with the container's rights unless a step is in the way: a scheduling policy is not always
 * inherited and needs privilege to set; a label is written to the procfs that the process itself is in; a listener is
 * fetched from the process it belongs to; a filter that is in force already may forbid what is left to do.
 */
static bool is_fork_late(const struct vl_exec_model *m)
{
    const struct vl_op *filter = vl_exec_recorded(m->container, VL_OP_SECCOMP);
    const struct oci_process *doc = m->rq->process;
    if (vl_exec_recorded(m->container, VL_OP_SCHED) != NULL || (doc != NULL && doc->scheduler != NULL))
        return false;
    if ((vl_plan_namespaces(m->container) & CLONE_NEWUSER) && has_label(m))
        return false;
    if (filter == NULL || m->no_new_privs)
        return filter == NULL || filter->n[1] == VL_LISTENER_NONE;
    struct vl_seccomp_prog prog = {.insns = filter->s[0].data, .n = filter->s[0].len / sizeof(prog.insns[0])};
    size_t from = 0;
    uint32_t value;
    unsigned parts = VL_PART_FORK | (m->rq->terminal ? VL_PART_TTY : 0u);
    return filter->n[1] == VL_LISTENER_NONE && vl_stage_call_stopped(&prog, parts, &from, &value) == NULL;
}

int vl_exec_model_fill(struct vl_exec_model *m)
{
    const struct oci_process *doc = m->rq->process;
    int r = fill_args(m);
    r |= fill_env(m);
    if (fill_user(m) < 0)
        return -1;
    fill_caps(m);
    m->no_new_privs = m->rq->no_new_privs ||
                      (doc != NULL ? doc->no_new_privileges : vl_exec_recorded(m->container, VL_OP_NNP) != NULL);
    m->late_fork = is_fork_late(m);
    return r;
}
