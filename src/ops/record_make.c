/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/record_make.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "launch/hooks.h"
#include "ops/ops.h"
#include "spec/annot.h"
#include "sys/proc.h"

static char *dup_or_null(const char *s)
{
    return s != NULL ? vl_strdup(s) : NULL;
}

static void add_vec(struct vl_strv *l, const struct vl_blob *b)
{
    for (const char *s = b->data, *end = s != NULL ? s + b->len : NULL; s != NULL && s < end; s += strlen(s) + 1)
        vl_strv_add(l, s);
}

static void add_hooks(struct vl_record *r, const struct vl_plan *plan)
{
    size_t from = 0;
    const struct vl_op *op;

    while ((op = vl_plan_find(plan, VL_OP_HOST_HOOK, &from)) != NULL) {
        struct vl_record_hook *h;
        if (op->n[0] == VL_HOOK_POSTSTART)
            h = VL_APPEND(r->poststart, r->n_poststart);
        else if (op->n[0] == VL_HOOK_POSTSTOP)
            h = VL_APPEND(r->poststop, r->n_poststop);
        else
            continue;
        h->path = dup_or_null(vl_op_s(op, 0));
        add_vec(&h->args, &op->s[1]);
        h->has_env = op->s[2].data != NULL;
        add_vec(&h->env, &op->s[2]);
        h->timeout_ms = (uint32_t)op->n[1];
    }
}

static void add_annotations(struct vl_record *r, const struct oci_config *c)
{
    for (size_t i = 0; i < c->n_annotations; i++) {
        struct vl_kv *kv = VL_APPEND(r->annotation, r->n_annotation);
        kv->key = vl_strdup(c->annotations[i].key);
        kv->value = vl_strdup(c->annotations[i].value);
    }
}

int vl_record_cgroup_desc(const struct vl_record *r, struct vl_cgroup_desc *ret, struct vl_error **err)
{
    if (vl_cgroup_desc_parse(r->cgroup.v, r->cgroup.n, ret, err) < 0)
        return vl_err_ctx(err, "state of container %s", r->id);
    return 0;
}

/* Namespaces that this launch makes itself. */
static uint64_t new_namespaces(const struct vl_plan *plan)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_CLONE, &from);
    uint64_t flags = op != NULL ? (uint64_t)op->n[0] : 0;

    from = 0;
    op = vl_plan_find(plan, VL_OP_FORK, &from);
    return op != NULL ? flags | (uint64_t)op->n[0] : flags;
}

static char *digest_text(const struct vl_plan *plan)
{
    uint8_t d[VL_SHA256_LEN];
    char hex[2 * VL_SHA256_LEN + 1];

    vl_plan_digest(plan, d);
    vl_hex(d, sizeof(d), hex);
    return vl_asprintf("sha256:%s", hex);
}

/* The planner has settled which receiver a listener has. */
static void add_seccomp(struct vl_record *r, const struct vl_plan *plan)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_SECCOMP, &from);

    if (op == NULL || op->n[1] == 0)
        return;
    r->seccomp_listener = dup_or_null(vl_op_s(op, 1));
    r->seccomp_metadata = dup_or_null(vl_op_s(op, 2));
}

struct vl_record *vl_record_make(const char *id, const struct vl_spec *spec, const struct vl_plan *plan,
                                 const struct vl_cgroup *cgroup)
{
    struct vl_record *r = vl_record_new();
    const struct oci_process *p = spec->config->process;
    uint64_t ns = new_namespaces(plan);

    r->id = vl_strdup(id);
    r->oci_version = vl_strdup(spec->config->oci_version);
    r->bundle = vl_strdup(spec->bundle);
    r->rootfs = vl_strdup(spec->rootfs);
    r->created = vl_record_now();
    r->owner = geteuid();
    add_annotations(r, spec->config);
    vl_cgroup_desc_format(vl_cgroup_describe(cgroup), &r->cgroup);
    r->own_pidns = ns & CLONE_NEWPID;
    r->own_userns = ns & CLONE_NEWUSER;
    r->terminal = p != NULL && p->terminal;
    r->no_new_privs = p != NULL && p->no_new_privileges;
    add_hooks(r, plan);
    r->hook_stdout = dup_or_null(vl_annot(spec, "run.oci.hooks.stdout"));
    r->hook_stderr = dup_or_null(vl_annot(spec, "run.oci.hooks.stderr"));
    add_seccomp(r, plan);
    r->plan_digest = digest_text(plan);
    for (size_t i = 0; i < plan->notes.n; i++)
        vl_strv_add(&r->notes, plan->notes.v[i]);
    const struct vl_strv *notes = vl_cgroup_notes(cgroup);
    for (size_t i = 0; i < notes->n; i++)
        vl_strv_add(&r->notes, notes->v[i]);
    return r;
}

int vl_record_set_process(struct vl_record *r, pid_t pid, int pidfd, struct vl_error **err)
{
    char state;
    pid_t ppid;
    int e = vl_proc_stat(pid, &state, &r->start_time, &ppid);

    if (e < 0)
        return vl_err_sys(err, e, "read the start time of process %d", (int)pid);
    r->pid = pid;
    r->pid_inode = vl_pidfd_inode(pidfd);
    return 0;
}

int vl_record_run_hook(const struct vl_record *r, enum vl_hook_kind kind, size_t i, enum vl_ctr_status status,
                       struct vl_cancel *cancel, struct vl_error **err)
{
    const struct vl_record_hook *h = kind == VL_HOOK_POSTSTART ? &r->poststart[i] : &r->poststop[i];
    struct vl_status s = {.status = status, .record = (struct vl_record *)r, .complete = true};
    cleanup_free char *state = vl_op_state_json(&s, NULL);
    struct vl_hook hook = {.kind = kind,
                           .path = h->path,
                           .argv = h->args.v,
                           .envp = h->has_env ? h->env.v : environ, /* NULL is an empty one */
                           .timeout_ms = h->timeout_ms};
    struct vl_hook_env env = {.state = state, .cwd = r->bundle, .out = r->hook_stdout, .err = r->hook_stderr,
                              .cancel = cancel};

    return vl_hook_run(&hook, &env, err);
}

struct vl_plan *vl_recorded_plan(const struct vl_ctr *c)
{
    cleanup_free char *buf = NULL;
    size_t len;
    struct vl_plan *plan = NULL;
    struct vl_error *e = NULL;

    if (vl_slurp_at(c->dir_fd, VL_CTR_PLAN, VL_WIRE_MAX, &buf, &len) < 0)
        return NULL;
    if (vl_plan_decode(buf, len, &plan, &e) < 0)
        vl_err_drop(&e, "the recorded plan cannot be read");
    return plan;
}
