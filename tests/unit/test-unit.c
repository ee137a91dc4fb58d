/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container as a unit of systemd: names, slices, properties of annotations, devices. The sub-planners are called
 * alone; what they report with is here.
 */
#include <ocispec.h>
#include <stdarg.h>
#include "base/mem.h"
#include "plan/planners.h"
#include "plan/unit.h"
#include "tap.h"

static struct vl_str said;

__attribute__((format(printf, 2, 0))) static void report(const char *where, const char *fmt, va_list ap)
{
    char text[1024];
    vsnprintf(text, sizeof(text), fmt, ap);
    vl_str_addf(&said, "%serror: %s (%s)", said.len ? "; " : "", text, where ? where : "-");
}

int vl_pl_config(struct vl_planner *p, const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report(where, fmt, ap);
    va_end(ap);
    return -1;
}

int vl_pl_unsupported(struct vl_planner *p, const char *feature, const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report(where, fmt, ap);
    va_end(ap);
    return -1;
}

void vl_pl_note(struct vl_planner *p, const char *fmt, ...)
{
}

/* -- names ------------------------------------------------------------------------------------------ */

static void check_names(void)
{
    static const struct {
        const char *slice, *fault;
    } cases[] = {
        {"-.slice", NULL},
        {"a.slice", NULL},
        {"a-b-c.slice", NULL},
        {"user.slice.slice", NULL},
        {"a\\x2db.slice", NULL},
        {"a--b.slice", "has a dash without a name before or after it"},
        {"-a.slice", "has a dash without a name before or after it"},
        {"a-.slice", "has a dash without a name before or after it"},
        {".slice", "has nothing before its ending"},
        {"a", "has not the ending of its kind"},
        {"a.scope", "has not the ending of its kind"},
        {"", "has not the ending of its kind"},
        {"a/b.slice", "has characters that are not letters, digits or :-_.\\"},
        {"a b.slice", "has characters that are not letters, digits or :-_.\\"},
        {"a@b.slice", "has characters that are not letters, digits or :-_.\\"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        const char *got = vl_unit_name_fault(cases[i].slice, ".slice");
        is_str(got ? got : "none", cases[i].fault ? cases[i].fault : "none", "slice `%s`", cases[i].slice);
    }
    char name[300];
    memset(name, 'a', sizeof(name));
    strcpy(name + 249, ".scope");
    ok(vl_unit_name_fault(name, ".scope") == NULL, "a name of 255 characters");
    strcpy(name + 250, ".scope");
    is_str(vl_unit_name_fault(name, ".scope"), "is longer than 255 characters", "one of 256");
}

/* -- plans ------------------------------------------------------------------------------------------ */

static const struct vl_host v2 = {.cgroup_mode = VL_CGROUP_V2, .in_initial_userns = true},
                            v1 = {.cgroup_mode = VL_CGROUP_V1, .in_initial_userns = true},
                            user = {.cgroup_mode = VL_CGROUP_V2, .in_initial_userns = true, .euid = 1000};

/* "SLICE UNIT SUB | NAME=VALUE NAME=VALUE …" of what is not in the plan of every container, then the errors. */
static char *plan(const struct vl_host *host, const char *id, const char *json, bool all)
{
    static const char *const usual[] = {"Delegate",         "DefaultDependencies", "CPUAccounting", "MemoryAccounting",
                                        "TasksAccounting", "IOAccounting",        "CollectMode",   "Description"};
    struct vl_plan_opts opts = {.id = id, .cgroup_manager = VL_CGM_SYSTEMD};
    struct vl_spec spec = {.bundle = NULL};
    cleanup(plan) struct vl_plan *made = vl_alloc(sizeof(*made));
    struct vl_planner p = {&spec, host, &opts, made, NULL, .ns_new = 0};
    struct oci_report problems = OCI_REPORT_INIT;
    struct oci_doc *doc;
    cleanup_free char *text = vl_asprintf("{'ociVersion':'1.2.0','root':{'path':'r'},%s}", json);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
    if (oci_config_parse(text, strlen(text), &doc, &spec.config, &problems) < 0) {
        diag("%s: %s", text, problems.problems[0].message);
        abort();
    }
    said.len = 0;
    struct vl_op *op = vl_plan_op(made, VL_OP_CGROUP, NULL);
    op->n[0] = VL_CGM_SYSTEMD;
    (void)(vl_plan_unit_path(&p, spec.config->linux ? spec.config->linux->cgroups_path : NULL, op) == 0 && vl_plan_unit(&p) == 0);
    op = made->op;
    struct vl_str out = VL_STR_INIT;
    vl_str_addf(&out, "%s %s %s", vl_op_s(op, 1) ? vl_op_s(op, 1) : "-", vl_op_s(op, 2) ? vl_op_s(op, 2) : "-",
                vl_op_s(op, 0) ? vl_op_s(op, 0) : "-");
    for (size_t i = 1; i < made->n_op; i++) {
        bool skipped = false;
        for (size_t k = 0; !all && k < VL_ARRAY_LEN(usual); k++)
            skipped |= vl_streq(vl_op_s(&made->op[i], 0), usual[k]) && made->op[i].where == NULL;
        if (!skipped)
            vl_str_addf(&out, "%s%s=%s%s", all ? "\n" : " | ", vl_op_s(&made->op[i], 0), vl_op_s(&made->op[i], 1),
                        made->op[i].n[0] & VL_UNITF_OPTIONAL ? " (optional)" : "");
    }
    if (said.len)
        vl_str_addf(&out, " | %s", said.s);
    oci_doc_free(doc);
    oci_report_reset(&problems);
    return vl_str_take(&out);
}

#define PATH(p) "'linux':{'cgroupsPath':'" p "'}"
#define PROP(name, value) "'annotations':{'org.systemd.property." name "':'" value "'}"
#define AT(name) " (annotations[\"org.systemd.property." name "\"])"
#define DEFAULT "system.slice veloci-box.scope container"

static const struct {
    const struct vl_host *host;
    const char *json, *want;
} cases[] = {
    {&v2, "'linux':{}", DEFAULT},
    {&user, "'linux':{}", "user.slice veloci-box.scope container"},
    {&v2, PATH("m.slice:libpod:1"), "m.slice libpod-1.scope container"},
    {&v2, PATH("m.slice::1"), "m.slice 1.scope container"},
    {&v2, PATH(":cri:1"), "system.slice cri-1.scope container"},
    {&v2, PATH("-.slice:a:b"), "-.slice a-b.scope container"},
    {&v2, PATH("a-b.slice:c:d-e"), "a-b.slice c-d-e.scope container"},
    {&v2, PATH("a.slice:ignored:b-c.slice"), "a.slice b-c.slice container"},
    {&v2, PATH("/a"), "- - - | error: `/a` is not of the form slice:prefix:name, which the systemd driver wants (linux.cgroupsPath)"},
    {&v2, PATH("a.slice:b:"), "- - - | error: `a.slice:b:` is not of the form slice:prefix:name, which the systemd driver wants "
                              "(linux.cgroupsPath)"},
    {&v2, PATH("a:b:c"), "- - - | error: slice `a` has not the ending of its kind (linux.cgroupsPath)"},
    {&v2, PATH(".slice:b:c"), "- - - | error: slice `.slice` has nothing before its ending (linux.cgroupsPath)"},
    {&v2, PATH("a--b.slice:b:c"), "- - - | error: slice `a--b.slice` has a dash without a name before or after it (linux.cgroupsPath)"},
    {&v2, PATH(":b:c d"), "- - - | error: unit `b-c d.scope` has characters that are not letters, digits or :-_.\\ (linux.cgroupsPath)"},
    {&v2, "'annotations':{'run.oci.systemd.subgroup':''}", "system.slice veloci-box.scope -"},
    {&v2, "'annotations':{'run.oci.systemd.subgroup':'x'}", "system.slice veloci-box.scope x"},
    {&v2, "'annotations':{'run.oci.systemd.subgroup':'cgroup.procs'}",
     "- - - | error: `cgroup.procs` cannot be the name of a cgroup (annotations[\"run.oci.systemd.subgroup\"])"},
    /* properties */
    {&v2, PROP("KillSignal", "15"), DEFAULT " | KillSignal=15"},
    {&v2, PROP("TimeoutStopUSec", "uint64 5000000"), DEFAULT " | TimeoutStopUSec=uint64 5000000"},
    {&v2, PROP("TimeoutStopSec", "5"), DEFAULT " | TimeoutStopUSec=uint64 5000000"},
    {&v2, PROP("TimeoutStopSec", "uint64 10"), DEFAULT " | TimeoutStopUSec=uint64 10000000"},
    {&v2, PROP("TimeoutStopSec", "1.5"), DEFAULT " | TimeoutStopUSec=uint64 1500000"},
    {&v2, PROP("TimeoutStopSec", "0.000001"), DEFAULT " | TimeoutStopUSec=uint64 1"},
    {&v2, PROP("After", "[`a.service`, `b.service`]"), DEFAULT " | After=['a.service', 'b.service']"},
    {&v2, PROP("DefaultDependencies", "true"), DEFAULT " | DefaultDependencies=true"},
    {&v2, PROP("Description", "`mine`"), DEFAULT " | Description='mine'"},
    {&v2, PROP("TimeoutStopSec", "-1"), DEFAULT " | error: -1 seconds are out of range" AT("TimeoutStopSec")},
    {&v2, PROP("TimeoutStopSec", "uint64 18446744073709551615"),
     DEFAULT " | error: 1.84467e+19 seconds are out of range" AT("TimeoutStopSec")},
    {&v2, PROP("TimeoutStopSec", "`5s`"),
     DEFAULT " | error: a time is a number of seconds, not of the type `s`" AT("TimeoutStopSec")},
    {&v2, PROP("KillSignal", "TERM"),
     DEFAULT " | error: property `KillSignal`: value `TERM`: character 1: `TERM` is no value (text is written in quotes)" AT("KillSignal")},
    {&v2, PROP("PIDs", "[uint32 1]"), DEFAULT " | error: the property `PIDs` is set by veloci itself" AT("PIDs")},
    {&v2, PROP("Delegate", "false"), DEFAULT " | error: the property `Delegate` is set by veloci itself" AT("Delegate")},
    {&v2, PROP("A.b", "1"), DEFAULT " | error: `A.b` is no name of a property" AT("A.b")},
    {&v2, PROP("", "1"), DEFAULT " | error: `` is no name of a property" AT("")},
};

static void check_plans(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        cleanup_free char *got = plan(cases[i].host, "box", cases[i].json, false);
        is_str(got, cases[i].want, "%s", cases[i].json);
    }
    cleanup_free char *odd = plan(&v2, "a+b", "'linux':{}", false);
    is_str(odd, "system.slice veloci-a\\x2bb.scope container", "an id with a character that units cannot have");
    cleanup_free char *scope = plan(&v2, "box", "'linux':{}", true);
    is_str(scope,
           DEFAULT "\nDescription='veloci container box'\nDelegate=true\nDefaultDependencies=false\n"
                   "CollectMode='inactive-or-failed' (optional)\nCPUAccounting=true (optional)\nMemoryAccounting=true (optional)\n"
                   "TasksAccounting=true (optional)\nIOAccounting=true (optional)",
           "everything that is said of a scope");
    cleanup_free char *slice = plan(&v1, "box", PATH(":x:y.slice"), true);
    ok(strstr(slice, "Delegate") == NULL && strstr(slice, "BlockIOAccounting=true"), "a slice, on v1");
}

/* -- devices ---------------------------------------------------------------------------------------- */

static char *devices(const struct vl_devrule *rules, size_t n, bool replace)
{
    cleanup(plan) struct vl_plan *made = vl_alloc(sizeof(*made));
    struct vl_planner p = {.plan = made};
    struct vl_str out = VL_STR_INIT;
    vl_plan_unit_devices(&p, rules, n, "x", replace);
    for (size_t i = 0; i < made->n_op; i++)
        vl_str_addf(&out, "%s%s=%s", i ? " | " : "", vl_op_s(&made->op[i], 0), vl_op_s(&made->op[i], 1));
    return vl_str_take(&out);
}

static void check_devices(void)
{
    enum { R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE, M = BPF_DEVCG_ACC_MKNOD };
    static const struct vl_devrule some[] = {{false, 'a', -1, -1, R | W | M, NULL}, {true, 'c', 1, 3, R | W, NULL},
                                             {true, 'b', 8, -1, R, NULL},           {true, 'c', -1, 5, M, NULL},
                                             {false, 'c', 1, 5, R, NULL},           {true, 'c', 1, 3, R | W, NULL}};
    static const struct vl_devrule any[] = {{true, 'a', -1, -1, R | W | M, NULL}};
    cleanup_free char *a = devices(some, 6, false), *b = devices(any, 1, false), *c = devices(any, 1, true),
                      *d = devices(some, 1, true);
    is_str(a, "DevicePolicy='strict' | DeviceAllow=[('/dev/char/1:3', 'rw'), ('block-8', 'r'), ('char-*', 'm')]",
           "what rules allow, each once; any minor of a major, any major");
    is_str(b, "", "nothing is said when everything may be allowed");
    is_str(c, "DeviceAllow=@a(ss) [] | DevicePolicy='auto'", "an update takes back what was said");
    is_str(d, "DeviceAllow=@a(ss) [] | DevicePolicy='strict' | DeviceAllow=@a(ss) []", "nothing is allowed");
}

int main(void)
{
    check_names();
    check_plans();
    check_devices();
    vl_str_reset(&said);
    return done_testing();
}
