/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: HOST_HOOK (run by veloci in its own namespaces), HOOKS_DUE, HOOK (run by the stage). config.md#posix-platform-hooks.
 *
 * The stage writes no JSON: the state that a hook reads is rendered here, with blanks where it puts the pid.
 */
#include "base/json.h"
#include "base/mem.h"
#include "plan/hookname.h"
#include "plan/planners.h"

#define PID_BLANK 2147483647 /* ten digits, the widest pid */
#define PID_TEXT "2147483647"

static const struct oci_hook *hooks_of(const struct vl_planner *p, enum vl_hook_kind kind, size_t *n)
{
    const struct oci_hooks *h = p->spec->config->hooks;
    *n = 0;
    if (h == NULL)
        return NULL;
    switch (kind) {
    case VL_HOOK_PRESTART:
        *n = h->n_prestart;
        return h->prestart;
    case VL_HOOK_CREATE_RUNTIME:
        *n = h->n_create_runtime;
        return h->create_runtime;
    case VL_HOOK_CREATE_CONTAINER:
        *n = h->n_create_container;
        return h->create_container;
    case VL_HOOK_START_CONTAINER:
        *n = h->n_start_container;
        return h->start_container;
    case VL_HOOK_POSTSTART:
        *n = h->n_poststart;
        return h->poststart;
    case VL_HOOK_POSTSTOP:
        *n = h->n_poststop;
        return h->poststop;
    case VL_HOOK_KINDS:
        break;
    }
    return NULL;
}

/* Whole seconds in the document; what is longer than poll(2) can wait is as good as that. */
static int64_t timeout_ms(const struct oci_hook *h)
{
    return h->timeout > INT32_MAX / 1000 ? INT32_MAX : h->timeout * 1000;
}

/* path, argv and env are at the same places in both operations. */
static void put_command(struct vl_op *op, const struct oci_hook *h)
{
    vl_op_str(op, 0, h->path);
    if (h->n_args > 0)
        vl_op_vec(op, 1, h->args, h->n_args);
    else
        vl_op_vec(op, 1, (char *const *)&h->path, 1);
    if (h->has_env)
        vl_op_vec(op, 2, h->env, h->n_env);
}

static void append_host_kind(struct vl_planner *p, enum vl_hook_kind kind)
{
    size_t n;
    const struct oci_hook *hooks = hooks_of(p, kind, &n);
    for (size_t i = 0; i < n; i++) {
        const char *where = vl_pl_at(p, "hooks.%s[%zu]", vl_hook_name(kind), i);
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_HOST_HOOK, where);
        op->n[0] = kind;
        op->n[1] = timeout_ms(&hooks[i]);
        put_command(op, &hooks[i]);
    }
}

int vl_plan_host_hooks(struct vl_planner *p)
{
    append_host_kind(p, VL_HOOK_PRESTART);
    append_host_kind(p, VL_HOOK_CREATE_RUNTIME);
    append_host_kind(p, VL_HOOK_POSTSTART);
    append_host_kind(p, VL_HOOK_POSTSTOP);
    return 0;
}

/* The state document of runtime.md#state for a hook in the container; *slot is where the pid belongs. */
static char *render_state(const struct vl_planner *p, const char *status, size_t *slot)
{
    const struct oci_config *c = p->spec->config;
    struct vl_json *j = vl_json_new(NULL);
    vl_json_obj(j);
    vl_json_kv_str(j, "ociVersion", c->oci_version); /* as in the states that veloci itself prints */
    vl_json_kv_str(j, "id", p->opts->id);
    vl_json_kv_str(j, "status", status);
    vl_json_kv_int(j, "pid", PID_BLANK);
    vl_json_kv_str(j, "bundle", p->spec->bundle);
    if (c->n_annotations > 0) {
        vl_json_key(j, "annotations");
        vl_json_obj(j);
        for (size_t i = 0; i < c->n_annotations; i++)
            vl_json_kv_str(j, c->annotations[i].key, c->annotations[i].value);
        vl_json_end_obj(j);
    }
    vl_json_end_obj(j);
    size_t len;
    char *text = vl_json_take(j, &len);
    /* Quotation marks inside of strings are escaped: the first match is the member itself. */
    char *pid = strstr(text, "\"pid\":" PID_TEXT) + strlen("\"pid\":");
    memset(pid, ' ', strlen(PID_TEXT));
    *slot = (size_t)(pid - text);
    return text;
}

static void append_stage_kind(struct vl_planner *p, enum vl_hook_kind kind, const char *status)
{
    size_t n, slot;
    const struct oci_hook *hooks = hooks_of(p, kind, &n);
    if (n == 0)
        return;
    cleanup_free char *state = render_state(p, status, &slot);
    for (size_t i = 0; i < n; i++) {
        const char *where = vl_pl_at(p, "hooks.%s[%zu]", vl_hook_name(kind), i);
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_HOOK, where);
        op->n[0] = kind;
        op->n[1] = timeout_ms(&hooks[i]);
        op->n[2] = (int64_t)slot;
        op->n[3] = (int64_t)strlen(PID_TEXT);
        op->n[4] = (int64_t)i;
        put_command(op, &hooks[i]);
        vl_op_str(op, 3, state);
        if (kind == VL_HOOK_CREATE_CONTAINER)
            vl_op_str(op, 4, p->spec->bundle);
    }
}

int vl_plan_create_hooks(struct vl_planner *p)
{
    size_t prestart, create_runtime, from = 0;
    hooks_of(p, VL_HOOK_PRESTART, &prestart);
    hooks_of(p, VL_HOOK_CREATE_RUNTIME, &create_runtime);
    if (prestart + create_runtime > 0 || vl_plan_find(p->plan, VL_OP_CGDELEGATE, &from) != NULL)
        vl_plan_op(p->plan, VL_OP_HOOKS_DUE, NULL);
    append_stage_kind(p, VL_HOOK_CREATE_CONTAINER, "creating");
    return 0;
}

int vl_plan_start_hooks(struct vl_planner *p)
{
    append_stage_kind(p, VL_HOOK_START_CONTAINER, "created");
    return 0;
}
