/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver says to systemd: a transient unit is started, changed, stopped, given processes.
 * org.freedesktop.systemd1(5).
 *
 * A property that systemd does not know, or not yet, ends the whole call with an error that names it. Those that the
 * container can do without are then left out, one a round; the files in the container's own cgroup are written in any
 * case.
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "plan/gvariant.h"
#include "plan/unit.h"
#include "plan/unit_props.h"

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

enum { CONNECT_MS = 10000, CALL_MS = 25000, JOB_MS = 30000 };

static int bound(int ms)
{
#ifdef VL_TEST_BUILD
    const char *s = getenv("VELOCI_SYSTEMD_MS"); /* tests do not wait that long */
    uint32_t given;
    if (s && vl_parse_u32(s, 10, &given) == 0)
        return (int)given;
#endif
    return ms;
}

int vl_cg_unit_bus(struct vl_cgroup *cg, struct vl_error **err)
{
    const struct vl_cgroup_unit *u = &cg->desc.unit;
    return cg->bus ? 0 : vl_bus_open(u->user, u->uid, bound(CONNECT_MS), &cg->bus, err);
}

static struct vl_bus_msg *manager_call(struct vl_cgroup *cg, const char *method)
{
    return vl_bus_method(cg->bus, MANAGER_PATH, MANAGER, method);
}

static int failed(const struct vl_cgroup *cg, const char *what, int r, const struct vl_bus_fault *f,
                  struct vl_error **err)
{
    if (*f->text && !vl_streq(f->text, strerror(r < 0 ? -r : r))) /* sd-bus says no more than that of its own troubles */
        return vl_err_sys(err, r, "%s unit `%s`: systemd: %s", what, cg->desc.unit.name, f->text);
    return vl_err_sys(err, r, "%s unit `%s`", what, cg->desc.unit.name);
}

/* -- texts ------------------------------------------------------------------------------------------ */

char *vl_cg_unit_format(const struct vl_cgroup_unit *u)
{
    if (u->user)
        return vl_asprintf(VL_CGROUP_UNIT "user/%u/%s/%s", (unsigned)u->uid, u->sub, u->name);
    return vl_asprintf(VL_CGROUP_UNIT "system/%s/%s", u->sub, u->name);
}

int vl_cg_unit_parse(const char *text, struct vl_cgroup_unit *ret)
{
    static const char user[] = VL_CGROUP_UNIT "user/", machine[] = VL_CGROUP_UNIT "system/";
    struct vl_cgroup_unit u = {.user = vl_starts_with(text, user)};
    const char *p = text + strlen(u.user ? user : machine), *name;
    if (!u.user && !vl_starts_with(text, machine))
        return -EINVAL;
    if (u.user) {
        cleanup_free char *uid = vl_strndup(p, strcspn(p, "/"));
        uint32_t n;
        if (vl_parse_u32(uid, 10, &n) < 0)
            return -EINVAL;
        u.uid = n;
        p += strlen(uid) + (p[strlen(uid)] == '/');
    }
    name = strchr(p, '/');
    if (name == NULL || strchr(name + 1, '/') || name[1] == '\0')
        return -EINVAL;
    u.sub = vl_strndup(p, (size_t)(name - p));
    u.name = vl_strdup(name + 1);
    *ret = u;
    return 0;
}

/* -- properties ------------------------------------------------------------------------------------- */

struct prop {
    const char *name;
    const struct vl_unit_prop *limit; /* or value */
    struct vl_gv *value;              /* owned */
    bool optional, left_out;
};
struct props {
    struct prop *v;
    size_t n;
    struct vl_unit_props limits;
};

static void props_reset(struct props *l)
{
    for (size_t i = 0; i < l->n; i++)
        vl_gv_free(l->v[i].value);
    free(l->v);
    vl_unit_props_reset(&l->limits);
}
static void vl_cleanup_props(struct props *l)
{
    props_reset(l);
}

/* The only process of a new unit keeps its place until the container's is there: two have to have room. */
static bool has_to_wait(const struct vl_unit_prop *p)
{
    return vl_streq(p->name, "TasksMax") && p->u < 2;
}

enum which { NEW, LATE, UPDATE };

static int collect(const struct vl_plan *plan, const char *now, enum which which, struct props *l,
                   struct vl_error **err)
{
    for (size_t i = 0; which != LATE && i < plan->n_op; i++) {
        const struct vl_op *op = &plan->op[i];
        cleanup_free char *why = NULL;
        if (op->code != VL_OP_SCOPE_PROP)
            continue;
        struct prop *p = VL_APPEND(l->v, l->n);
        p->name = vl_op_s(op, 0);
        p->optional = op->n[0] & VL_UNITF_OPTIONAL;
        if (vl_gv_parse(vl_op_s(op, 1), &p->value, &why) < 0)
            return vl_err_bug(err, "property %s was planned as `%s`: %s", p->name, vl_op_s(op, 1), why);
    }
    vl_unit_props_of(plan, now, &l->limits);
    for (size_t i = 0; i < l->limits.n; i++) {
        const struct vl_unit_prop *limit = &l->limits.v[i];
        if (which != UPDATE && has_to_wait(limit) != (which == LATE))
            continue;
        struct prop *p = VL_APPEND(l->v, l->n);
        p->name = limit->name;
        p->limit = limit;
        p->optional = true; /* the file is written too */
    }
    return 0;
}

static void put_value(struct vl_bus_msg *m, const struct vl_gv *v)
{
    char type = *v->type;
    switch (type) {
    case 's':
    case 'o':
    case 'g':
        vl_bus_put_text(m, type, v->s);
        return;
    case 'd':
        vl_bus_put_double(m, v->v.d);
        return;
    case 'a':
    case '(':
    case '{':
    case 'v':
        break;
    default:
        vl_bus_put_int(m, type, v->v.u);
        return;
    }
    /* what is in it: the element's type; that without the brackets; that of the one value */
    cleanup_free char *contents = type == 'a'   ? vl_strdup(v->type + 1)
                                  : type == 'v' ? vl_strdup(v->item[0].type)
                                                : vl_strndup(v->type + 1, strlen(v->type) - 2);
    vl_bus_open_container(m, type == '(' ? 'r' : type == '{' ? 'e' : type, contents);
    for (size_t i = 0; i < v->n; i++)
        put_value(m, &v->item[i]);
    vl_bus_close_container(m);
}

static void put_limit(struct vl_bus_msg *m, const struct vl_unit_prop *p)
{
    switch (p->type) {
    case VL_UNIT_U64:
        vl_bus_open_container(m, 'v', "t");
        vl_bus_put_int(m, 't', p->u);
        break;
    case VL_UNIT_BYTES:
        vl_bus_open_container(m, 'v', "ay");
        vl_bus_put_bytes(m, p->bytes, p->n);
        break;
    case VL_UNIT_DEVICE:
        vl_bus_open_container(m, 'v', "a(st)");
        vl_bus_open_container(m, 'a', "(st)");
        vl_bus_open_container(m, 'r', "st");
        vl_bus_put_text(m, 's', p->path);
        vl_bus_put_int(m, 't', p->u);
        vl_bus_close_container(m);
        vl_bus_close_container(m);
        break;
    }
    vl_bus_close_container(m);
}

static void begin_prop(struct vl_bus_msg *m, const char *name)
{
    vl_bus_open_container(m, 'r', "sv");
    vl_bus_put_text(m, 's', name);
}

static void put_props(struct vl_bus_msg *m, const struct props *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct prop *p = &l->v[i];
        if (p->left_out)
            continue;
        begin_prop(m, p->name);
        if (p->limit) {
            put_limit(m, p->limit);
        } else {
            vl_bus_open_container(m, 'v', p->value->type);
            put_value(m, p->value);
            vl_bus_close_container(m);
        }
        vl_bus_close_container(m);
    }
}

/* "Cannot set property X, or unknown property.": leaves it out; false when the answer is about something else, or about
 * what was asked for by name. */
static bool leave_out(struct vl_cgroup *cg, struct props *l, const struct vl_bus_fault *f)
{
    static const char words[] = "Cannot set property ";
    const char *name = strstr(f->text, words);
    bool found = false;
    if (name == NULL)
        return false;
    name += strlen(words);
    size_t n = strcspn(name, ", .");
    for (size_t i = 0; i < l->n; i++) {
        struct prop *p = &l->v[i];
        if (strlen(p->name) != n || strncmp(p->name, name, n) != 0 || !p->optional || p->left_out)
            continue;
        p->left_out = found = true;
    }
    if (found)
        vl_strv_addf(&cg->notes, "unit `%s`: systemd here does not know the property %.*s", cg->desc.unit.name, (int)n,
                     name);
    return found;
}

/* -- start ------------------------------------------------------------------------------------------ */

static struct vl_bus_msg *start_message(struct vl_cgroup *cg, const struct vl_op *op, const struct props *l, pid_t pid)
{
    bool slice = vl_ends_with(cg->desc.unit.name, ".slice");
    struct vl_bus_msg *m = manager_call(cg, "StartTransientUnit");
    vl_bus_put_text(m, 's', cg->desc.unit.name);
    vl_bus_put_text(m, 's', "fail");
    vl_bus_open_container(m, 'a', "(sv)");
    /* a slice is in the one that its name says, which only has to be there */
    begin_prop(m, slice ? "Wants" : "Slice");
    vl_bus_open_container(m, 'v', slice ? "as" : "s");
    if (slice)
        vl_bus_open_container(m, 'a', "s");
    vl_bus_put_text(m, 's', vl_op_s(op, 1));
    if (slice)
        vl_bus_close_container(m);
    vl_bus_close_container(m);
    vl_bus_close_container(m);
    if (pid > 0) {
        begin_prop(m, "PIDs");
        vl_bus_open_container(m, 'v', "au");
        vl_bus_open_container(m, 'a', "u");
        vl_bus_put_int(m, 'u', (uint64_t)pid);
        vl_bus_close_container(m);
        vl_bus_close_container(m);
        vl_bus_close_container(m);
    }
    put_props(m, l);
    vl_bus_close_container(m);
    vl_bus_open_container(m, 'a', "(sa(sv))"); /* auxiliary units: none */
    vl_bus_close_container(m);
    return m;
}

/* A failure of an earlier unit of that name that nobody looked at; systemd keeps the unit for that. */
static void reset_failed(struct vl_cgroup *cg)
{
    struct vl_bus_fault f;
    struct vl_bus_msg *m = manager_call(cg, "ResetFailedUnit");
    vl_bus_put_text(m, 's', cg->desc.unit.name);
    (void)vl_bus_call(cg->bus, m, bound(CALL_MS), NULL, &f);
}

/* Somebody's unit of that name that will not go by itself. */
static bool is_in_use(struct vl_cgroup *cg)
{
    static const char *const ending[] = {"inactive", "failed", "deactivating"};
    cleanup(error) struct vl_error *e = NULL;
    cleanup_free char *state = NULL;
    if (vl_cg_unit_text(cg, "org.freedesktop.systemd1.Unit", "ActiveState", &state, &e) < 0 || state == NULL)
        return false;
    for (size_t i = 0; i < VL_ARRAY_LEN(ending); i++)
        if (vl_streq(state, ending[i]))
            return false;
    return true;
}

static int call_start(struct vl_cgroup *cg, const struct vl_cg_request *rq, pid_t pid, struct props *l, char **ret_job,
                      struct vl_error **err)
{
    vl_deadline d = vl_cg_deadline(2000); /* for one of that name to go */
    int nap = 0;
    bool reset = false;
    for (;;) {
        struct vl_bus_fault f;
        int r = vl_bus_call(cg->bus, start_message(cg, rq->op, l, pid), bound(CALL_MS), ret_job, &f);
        if (r == 0)
            return 0;
        if (leave_out(cg, l, &f))
            continue;
        if (!vl_streq(f.name, UNIT_EXISTS))
            return failed(cg, "start", r, &f, err);
        if (!reset)
            reset_failed(cg);
        reset = true;
        if (is_in_use(cg) || !vl_cg_nap(d, &nap)) {
            vl_err_state(err, "unit `%s` exists already", cg->desc.unit.name);
            return -EEXIST;
        }
    }
}

static int wait_job(struct vl_cgroup *cg, const char *job, const char *what, int timeout_ms, struct vl_error **err)
{
    char result[32];
    int r = vl_bus_wait_job(cg->bus, job, timeout_ms, result);
    if (r == -ETIMEDOUT)
        return vl_err_sys(err, r, "%s unit `%s`: systemd has not done it within %d ms", what, cg->desc.unit.name,
                          timeout_ms);
    if (r < 0)
        return vl_err_sys(err, r, "%s unit `%s`: wait for systemd", what, cg->desc.unit.name);
    if (vl_streq(result, "done"))
        return 0;
    return vl_err_sys(err, EIO, "%s unit `%s`: systemd's job ended as `%s`", what, cg->desc.unit.name, result);
}

static int note(struct vl_cgroup *cg, const struct vl_cg_request *rq, const struct props *l, bool undo,
                struct vl_error **err)
{
    const char *description = "";
    cleanup_free char *unit = vl_cg_unit_format(&cg->desc.unit), *text = NULL;
    if (rq->journal == NULL || rq->journal->note == NULL)
        return 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].value && vl_streq(l->v[i].name, "Description") && *l->v[i].value->type == 's')
            description = l->v[i].value->s;
    text = vl_asprintf("%s %.*s", unit, VL_CG_DESCRIPTION, description);
    return rq->journal->note(rq->journal->arg, text, undo, err);
}

int vl_cg_unit_start(struct vl_cgroup *cg, const struct vl_cg_request *rq, pid_t pid, struct vl_error **err)
{
    cleanup(props) struct props l = {.n = 0};
    cleanup_free char *job = NULL;
    if (vl_cg_unit_bus(cg, err) < 0 || collect(rq->plan, NULL, NEW, &l, err) < 0)
        return -1;
    int r = vl_bus_watch_jobs(cg->bus);
    if (r < 0)
        return vl_err_sys(err, r, "watch the jobs of systemd");
    if (note(cg, rq, &l, false, err) < 0)
        return -1;
    r = call_start(cg, rq, pid, &l, &job, err);
    if (r == -EEXIST) {
        cleanup(error) struct vl_error *ignored = NULL; /* the other error is the news */
        (void)note(cg, rq, &l, true, &ignored);
        return -1;
    }
    if (r == 0)
        r = wait_job(cg, job, "start", bound(JOB_MS), err);
    if (r < 0) { /* it may be there, or come to be */
        cleanup(error) struct vl_error *ignored = NULL;
        if (vl_cg_unit_stop(cg, vl_cg_deadline(bound(2000)), &ignored) < 0)
            vl_err_drop(&ignored, "the unit did not start");
        return -1;
    }
    return 0;
}

/* -- ask, change, stop ------------------------------------------------------------------------------ */

/* Path of the unit's object; *ret is NULL when systemd has no such unit. */
static int get_unit(struct vl_cgroup *cg, char **ret, struct vl_error **err)
{
    struct vl_bus_fault f;
    if (vl_cg_unit_bus(cg, err) < 0)
        return -1;
    struct vl_bus_msg *m = manager_call(cg, "GetUnit");
    vl_bus_put_text(m, 's', cg->desc.unit.name);
    *ret = NULL;
    int r = vl_bus_call(cg->bus, m, bound(CALL_MS), ret, &f);
    return r < 0 && !vl_streq(f.name, NO_SUCH_UNIT) ? failed(cg, "ask for", r, &f, err) : 0;
}

int vl_cg_unit_text(struct vl_cgroup *cg, const char *interface, const char *property, char **ret,
                    struct vl_error **err)
{
    cleanup_free char *object = NULL;
    struct vl_bus_fault f;
    *ret = NULL;
    if (get_unit(cg, &object, err) < 0)
        return -1;
    if (object == NULL)
        return 0;
    struct vl_bus_msg *m = vl_bus_method(cg->bus, object, PROPERTIES, "Get");
    vl_bus_put_text(m, 's', interface);
    vl_bus_put_text(m, 's', property);
    int r = vl_bus_call(cg->bus, m, bound(CALL_MS), ret, &f);
    return r < 0 ? failed(cg, "ask about", r, &f, err) : 0;
}

int vl_cg_unit_cgroup(struct vl_cgroup *cg, char **ret, struct vl_error **err)
{
    if (vl_cg_unit_text(cg, "org.freedesktop.systemd1.Slice", "ControlGroup", ret, err) < 0)
        return -1;
    if (*ret == NULL || **ret != '/')
        return vl_err_sys(err, ENOENT, "ask for the cgroup of unit `%s`", cg->desc.unit.name);
    return 0;
}

int vl_cg_unit_set(struct vl_cgroup *cg, const struct vl_plan *plan, const char *now, bool late,
                   struct vl_error **err)
{
    cleanup(props) struct props l = {.n = 0};
    struct vl_bus_fault f;
    if (collect(plan, now, late ? LATE : UPDATE, &l, err) < 0)
        return -1;
    if (l.n == 0)
        return 0;
    if (vl_cg_unit_bus(cg, err) < 0)
        return -1;
    for (;;) {
        size_t left = 0;
        for (size_t i = 0; i < l.n; i++)
            left += !l.v[i].left_out;
        if (left == 0)
            return 0;
        struct vl_bus_msg *m = manager_call(cg, "SetUnitProperties");
        vl_bus_put_text(m, 's', cg->desc.unit.name);
        vl_bus_put_int(m, 'b', true); /* not beyond the next boot, which the unit does not see either */
        vl_bus_open_container(m, 'a', "(sv)");
        put_props(m, &l);
        vl_bus_close_container(m);
        int r = vl_bus_call(cg->bus, m, bound(CALL_MS), NULL, &f);
        if (r == 0)
            return 0;
        if (!leave_out(cg, &l, &f))
            return failed(cg, "change", r, &f, err);
    }
}

/* What follows the unit's directory in that of the handle, which may be further below: "/container". */
static const char *below_unit(const struct vl_cgroup *cg)
{
    const char *dir = vl_cg_unified(cg);
    size_t n = strlen(cg->desc.unit.name);
    for (const char *p = dir; p && (p = strchr(p, '/')); p++) {
        const char *name = p + 1 + (p[1] == '_' && cg->desc.unit.name[0] != '_');
        if (strncmp(name, cg->desc.unit.name, n) == 0 && (name[n] == '/' || name[n] == '\0'))
            return name + n;
    }
    return "";
}

int vl_cg_unit_attach(struct vl_cgroup *cg, pid_t pid, struct vl_error **err)
{
    struct vl_bus_fault f;
    if (vl_cg_unit_bus(cg, err) < 0)
        return -1;
    struct vl_bus_msg *m = manager_call(cg, "AttachProcessesToUnit");
    vl_bus_put_text(m, 's', cg->desc.unit.name);
    vl_bus_put_text(m, 's', below_unit(cg));
    vl_bus_open_container(m, 'a', "u");
    vl_bus_put_int(m, 'u', (uint64_t)pid);
    vl_bus_close_container(m);
    int r = vl_bus_call(cg->bus, m, bound(CALL_MS), NULL, &f);
    return r < 0 ? failed(cg, "move the process into", r, &f, err) : 0;
}

int vl_cg_unit_stop(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err)
{
    cleanup_free char *job = NULL;
    struct vl_bus_fault f;
    if (vl_cg_unit_bus(cg, err) < 0)
        return -1;
    int r = vl_bus_watch_jobs(cg->bus), left = vl_cg_left(d);
    if (r < 0)
        return vl_err_sys(err, r, "watch the jobs of systemd");
    struct vl_bus_msg *m = manager_call(cg, "StopUnit");
    vl_bus_put_text(m, 's', cg->desc.unit.name);
    vl_bus_put_text(m, 's', "replace");
    r = vl_bus_call(cg->bus, m, bound(left < 0 ? CALL_MS : left), &job, &f);
    if (r < 0 && vl_streq(f.name, NO_SUCH_UNIT))
        return 0;
    if (r < 0)
        return failed(cg, "stop", r, &f, err);
    left = vl_cg_left(d);
    if (wait_job(cg, job, "stop", bound(left < 0 ? JOB_MS : left), err) < 0)
        return -1;
    reset_failed(cg);
    return 0;
}
