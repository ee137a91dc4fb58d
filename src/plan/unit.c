/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container as a unit of systemd.
 *
 * Everything that systemd is told is planned here as text (plan/gvariant.h), so that `veloci plan` shows it; what only
 * the launch knows (the process, the slice's existence) is added by src/cgroup/systemd.c.
 */
#include "plan/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "plan/gvariant.h"
#include "plan/planners.h"

#define WHERE "linux.cgroupsPath"
#define PREFIX "org.systemd.property."
#define SUBGROUP "run.oci.systemd.subgroup"

static bool rootless(const struct vl_planner *p)
{
    return !p->host->in_initial_userns || p->host->euid != 0;
}

/* -- names ------------------------------------------------------------------------------------------ */

#define UNIT_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\"
enum { UNIT_NAME_MAX = 255 };

const char *vl_unit_name_fault(const char *name, const char *suffix)
{
    size_t n = strlen(name), end = strlen(suffix);
    if (n > UNIT_NAME_MAX)
        return "is longer than 255 characters";
    if (!vl_ends_with(name, suffix))
        return "has not the ending of its kind";
    if (n == end)
        return "has nothing before its ending";
    if (strspn(name, UNIT_CHARS) != n) /* @ makes an instance of a template, which a transient unit is not */
        return "has characters that are not letters, digits or :-_.\\";
    if (!vl_streq(suffix, ".slice") || vl_streq(name, "-.slice"))
        return NULL;
    if (*name == '-' || name[n - end - 1] == '-' || strstr(name, "--"))
        return "has a dash without a name before or after it";
    return NULL;
}

/* An id may hold what a unit's name may not, '+' (state/dir.h): as systemd-escape(1) does it. */
static char *escaped(const char *id)
{
    cleanup(str) struct vl_str out = VL_STR_INIT;
    for (; *id; id++)
        if (strchr(UNIT_CHARS, *id) && *id != '\\')
            vl_str_addc(&out, *id);
        else
            vl_str_addf(&out, "\\x%02x", (unsigned)(unsigned char)*id);
    return vl_str_take(&out);
}

static const char *annotation(const struct vl_planner *p, const char *key)
{
    const struct oci_config *c = p->spec->config;
    for (size_t i = 0; i < c->n_annotations; i++)
        if (vl_streq(c->annotations[i].key, key))
            return c->annotations[i].value;
    return NULL;
}

static int check_name(struct vl_planner *p, const char *what, const char *name, const char *suffix)
{
    const char *fault = vl_unit_name_fault(name, suffix);
    return fault ? vl_pl_config(p, WHERE, "%s `%s` %s", what, name, fault) : 0;
}

/* "slice:prefix:name": the unit prefix-name.scope in the slice, or, when the name is that of a slice, the slice itself. */
int vl_plan_unit_path(struct vl_planner *p, const char *given, struct vl_op *op)
{
    const char *dflt = rootless(p) ? "user.slice" : "system.slice", *sub = annotation(p, SUBGROUP);
    cleanup_free char *slice = NULL, *unit = NULL;
    if (given == NULL) {
        cleanup_free char *name = escaped(p->opts->id);
        slice = vl_strdup(dflt);
        unit = vl_asprintf("veloci-%s.scope", name);
        op->n[2] |= VL_CG_DEFAULT;
    } else {
        const char *colon1 = strchr(given, ':'), *colon2 = colon1 ? strchr(colon1 + 1, ':') : NULL;
        if (colon2 == NULL || strchr(colon2 + 1, ':') || colon2[1] == '\0' || strchr(given, '/'))
            return vl_pl_config(p, WHERE,
                                "`%s` is not of the form slice:prefix:name, which the systemd driver wants", given);
        cleanup_free char *prefix = vl_strndup(colon1 + 1, (size_t)(colon2 - colon1 - 1));
        const char *name = colon2 + 1;
        slice = colon1 > given ? vl_strndup(given, (size_t)(colon1 - given)) : vl_strdup(dflt);
        if (vl_ends_with(name, ".slice"))
            unit = vl_strdup(name);
        else
            unit = vl_asprintf("%s%s%s.scope", prefix, *prefix ? "-" : "", name);
    }
    if (check_name(p, "slice", slice, ".slice") < 0 ||
        check_name(p, "unit", unit, vl_ends_with(unit, ".slice") ? ".slice" : ".scope") < 0)
        return -1;
    if (sub == NULL)
        sub = VL_UNIT_SUBGROUP;
    if (*sub && (strspn(sub, UNIT_CHARS "@") != strlen(sub) || *sub == '.' || vl_starts_with(sub, "cgroup.")))
        return vl_pl_config(p, "annotations[\"" SUBGROUP "\"]", "`%s` cannot be the name of a cgroup", sub);
    vl_op_str(op, 0, *sub ? sub : NULL);
    vl_op_str(op, 1, slice);
    vl_op_str(op, 2, unit);
    return 0;
}

/* -- properties ------------------------------------------------------------------------------------- */

static void append(struct vl_planner *p, const char *where, const char *name, const char *value, unsigned flags)
{
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_SCOPE_PROP, where);
    op->n[0] = flags;
    vl_op_str(op, 0, name);
    vl_op_str(op, 1, value);
}

static char *device_entry(const struct vl_devrule *r)
{
    const char *kind = r->type == 'b' ? "block" : "char";
    char device[64];
    if (r->major < 0)
        snprintf(device, sizeof(device), "%s-*", kind);
    else if (r->minor < 0)
        snprintf(device, sizeof(device), "%s-%lld", kind, (long long)r->major);
    else
        snprintf(device, sizeof(device), "/dev/%s/%lld:%lld", kind, (long long)r->major, (long long)r->minor);
    return vl_asprintf("('%s', '%s%s%s')", device, r->access & BPF_DEVCG_ACC_READ ? "r" : "",
                       r->access & BPF_DEVCG_ACC_WRITE ? "w" : "", r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
}

/* Every entry once, after a bracket; false when a rule allows devices of all kinds. */
static bool device_list(const struct vl_devrule *rules, size_t n, struct vl_str *list)
{
    cleanup(strv) struct vl_strv seen = {NULL, 0};
    for (size_t i = 0; i < n; i++) {
        if (!rules[i].allow)
            continue;
        if (rules[i].type == 'a')
            return false;
        cleanup_free char *entry = device_entry(&rules[i]);
        if (vl_strv_has(&seen, entry))
            continue;
        vl_strv_add(&seen, entry);
        vl_str_addf(list, "%s%s", list->len ? ", " : "[", entry);
    }
    vl_str_add(list, list->len ? "]" : "@a(ss) []");
    return true;
}

/*
 * A list that allows at least what the rules allow: systemd has no rules that deny, and its own program beside ours,
 * both of which have to agree, may not forbid what ours allows. A reload of systemd then finds the devices in its
 * books (runc issues 3708, 4568). Nothing is said when everything may be allowed.
 */
void vl_plan_unit_devices(struct vl_planner *p, const struct vl_devrule *rules, size_t n, const char *where,
                          bool replace)
{
    cleanup(str) struct vl_str list = VL_STR_INIT;
    bool some = device_list(rules, n, &list);
    if (replace)
        append(p, where, "DeviceAllow", "@a(ss) []", 0); /* empties the list, what follows is added to it */
    if (some || replace)
        append(p, where, "DevicePolicy", some ? "'strict'" : "'auto'", 0);
    if (some)
        append(p, where, "DeviceAllow", list.s, 0);
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (vl_streq(*list, name))
            return true;
    return false;
}

/* "5", "uint64 5", "1.5" seconds as microseconds. */
static int to_usec(struct vl_planner *p, const char *where, const struct vl_gv *v, char **ret)
{
    double seconds = 0;
    switch (*v->type) {
    case 'd':
        seconds = v->v.d;
        break;
    case 'n':
    case 'i':
    case 'x':
        seconds = (double)v->v.i;
        break;
    case 'y':
    case 'q':
    case 'u':
    case 't':
        seconds = (double)v->v.u;
        break;
    default:
        return vl_pl_config(p, where, "a time is a number of seconds, not of the type `%s`", v->type);
    }
    if (!(seconds >= 0 && seconds < 18446744073709.0))
        return vl_pl_config(p, where, "%g seconds are out of range", seconds);
    /* whole seconds beyond 2^53 µs stay exact */
    uint64_t whole = (uint64_t)seconds, part = (uint64_t)((seconds - (double)whole) * 1e6 + 0.5);
    *ret = vl_asprintf("uint64 %" PRIu64, whole * 1000000 + part);
    return 0;
}

static int from_annotation(struct vl_planner *p, const char *key, const char *text, struct vl_strv *names)
{
    static const char *const ours[] = {"PIDs", "PIDFDs", "Slice", "Delegate", "Scope", NULL};
    cleanup_free char *where = vl_asprintf("annotations[\"%s\"]", key), *why = NULL, *usec = NULL, *name = NULL;
    const char *given = key + strlen(PREFIX);
    size_t n = strlen(given);
    cleanup(gv) struct vl_gv *v = NULL;
    cleanup(str) struct vl_str value = VL_STR_INIT;
    if (n < 3 || strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != n)
        return vl_pl_config(p, where, "`%s` is no name of a property", given);
    if (is_one_of(given, ours))
        return vl_pl_config(p, where, "the property `%s` is set by veloci itself", given);
    if (vl_gv_parse(text, &v, &why) < 0)
        return vl_pl_config(p, where, "property `%s`: value `%s`: %s", given, text, why);
    name = vl_strdup(given);
    if (vl_ends_with(given, "Sec") && !vl_ends_with(given, "USec")) {
        if (to_usec(p, where, v, &usec) < 0)
            return -1;
        free(name);
        name = vl_asprintf("%.*sUSec", (int)n - 3, given);
    } else {
        vl_gv_print(v, &value);
    }
    vl_strv_add(names, name);
    append(p, where, name, usec ? usec : value.s, 0);
    return 0;
}

static int append_annotations(struct vl_planner *p, struct vl_strv *names)
{
    const struct oci_config *c = p->spec->config;
    int r = 0;
    for (size_t i = 0; i < c->n_annotations; i++)
        if (vl_starts_with(c->annotations[i].key, PREFIX))
            r |= from_annotation(p, c->annotations[i].key, c->annotations[i].value, names);
    return r;
}

int vl_plan_unit(struct vl_planner *p)
{
    /* Statistics for whoever asks systemd; on v1 they are also what makes it put the unit into a controller's
     * hierarchy. Newer versions count without being asked and forget the words. */
    static const char *const accounting[] = {"CPUAccounting", "MemoryAccounting", "TasksAccounting"};
    size_t from = 0;
    const struct vl_op *cgroup = vl_plan_find(p->plan, VL_OP_CGROUP, &from);
    cleanup(strv) struct vl_strv given = {NULL, 0};
    if (cgroup == NULL || cgroup->n[0] != VL_CGM_SYSTEMD || vl_op_s(cgroup, 2) == NULL)
        return 0;
    bool slice = vl_ends_with(vl_op_s(cgroup, 2), ".slice"); /* it takes no Delegate: systemd.resource-control(5) */
    cleanup_free char *description = vl_asprintf("'veloci container %s'", p->opts->id);
    int r = append_annotations(p, &given);
    const struct {
        const char *name, *value;
        unsigned flags;
    } fixed[] = {
        {"Description", description, 0},
        {slice ? NULL : "Delegate", "true", 0},
        {"DefaultDependencies", "false", 0},
        {"CollectMode", "'inactive-or-failed'", VL_UNITF_OPTIONAL},
        {accounting[0], "true", VL_UNITF_OPTIONAL},
        {accounting[1], "true", VL_UNITF_OPTIONAL},
        {accounting[2], "true", VL_UNITF_OPTIONAL},
        {p->host->cgroup_mode == VL_CGROUP_V2 ? "IOAccounting" : "BlockIOAccounting", "true", VL_UNITF_OPTIONAL},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(fixed); i++)
        if (fixed[i].name && !vl_strv_has(&given, fixed[i].name))
            append(p, NULL, fixed[i].name, fixed[i].value, fixed[i].flags);
    return r;
}
