/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planner of the cgroup: path, manager, owner, what may fail, device rules for v1 and v2. The
 * sub-planners are called alone; what they report with is here, so that nothing else of the planner
 * is linked.
 */
#include <ocispec.h>
#include <sched.h>
#include <stdarg.h>
#include "base/mem.h"
#include "plan/cgroup.h"
#include "plan/planners.h"
#include "tap.h"

static char *said;

__attribute__((format(printf, 3, 0))) static int report(const char *class, const char *where,
                                                        const char *fmt, va_list ap)
{
    cleanup_free char *text = NULL, *before = said;
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    said = vl_asprintf("%s%s%s: %s (%s)", before ? before : "", before ? "; " : "", class, text,
                       where ? where : "-");
    return -1;
}

#define REPORT(class, where)                                                                       \
    va_list ap;                                                                                    \
    va_start(ap, fmt);                                                                             \
    int r = report(class, where, fmt, ap);                                                         \
    va_end(ap);                                                                                    \
    (void)r

int vl_pl_config(struct vl_planner *p, const char *where, const char *fmt, ...)
{
    REPORT("config", where);
    return -1;
}

int vl_pl_unsupported(struct vl_planner *p, const char *feature, const char *where, const char *fmt,
                      ...)
{
    REPORT("unsupported", where);
    return -1;
}

void vl_pl_note(struct vl_planner *p, const char *fmt, ...)
{
    REPORT("note", NULL);
}

static struct vl_cgroup_v1 all_v1[] = {
    {(char *)"pids", (char *)"/sys/fs/cgroup/pids", (char *)"/", false},
    {(char *)"devices", (char *)"/sys/fs/cgroup/devices", (char *)"/", false},
};
#define V2                                                                                         \
    .cgroup_mode = VL_CGROUP_V2, .v2_mount = (char *)"/sys/fs/cgroup",                             \
    .v2_controllers = (char *)"pids"
static const struct vl_host v2 = {V2, .in_initial_userns = true},
                            user = {V2, .in_initial_userns = true, .euid = 1000}, nested = {V2},
                            none = {.in_initial_userns = true}, user_none = {.euid = 1000},
                            v1 = {.cgroup_mode = VL_CGROUP_V1,
                                  .v1 = all_v1,
                                  .n_v1 = 2,
                                  .in_initial_userns = true};

struct result {
    struct vl_plan *plan;
    char *
        cgroup; /* "flags path slice scope uid" of CGROUP, "" without one; then what was reported */
};

static enum vl_rootless rootless; /* --rootless */

static struct result plan(const struct vl_host *host, enum vl_cgroup_manager manager, uint64_t ns,
                          bool userns, const char *json)
{
    struct vl_plan_opts opts = {.id = "box", .cgroup_manager = manager, .rootless = rootless};
    struct vl_spec spec = {.bundle = NULL};
    struct result res = {vl_alloc(sizeof(struct vl_plan)), NULL};
    struct vl_planner p = {&spec, host, &opts, res.plan, NULL, .ns_new = ns, .userns = userns};
    struct oci_report report = OCI_REPORT_INIT;
    struct oci_doc *doc;
    cleanup_free char *text = vl_asprintf("{'ociVersion':'1.3.0','root':{'path':'r'},'process':{'"
                                          "cwd':'/','user':{'uid':10,'gid':0}},%s}",
                                          json);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    if (oci_config_parse(text, strlen(text), &doc, &spec.config, &report) < 0) {
        diag("%s: %s", text, report.problems[0].message);
        abort();
    }
    if (userns) {
        struct vl_op *op = vl_plan_op(res.plan, VL_OP_IDMAP, NULL);
        op->n[1] = 5;
        op->n[2] = 100000;
        op->n[3] = 6;
    }
    free(said);
    said = NULL;
    (void)(vl_plan_cgroup(&p) == 0 && vl_plan_limits(&p) == 0 && vl_plan_device_rules(&p) == 0);
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(res.plan, VL_OP_CGROUP, &from);
    struct vl_str out = VL_STR_INIT;
    if (op)
        vl_str_addf(&out, "%lld %s %s %s %lld", (long long)op->n[2],
                    vl_op_s(op, 0) ? vl_op_s(op, 0) : "-", vl_op_s(op, 1) ? vl_op_s(op, 1) : "-",
                    vl_op_s(op, 2) ? vl_op_s(op, 2) : "-", (long long)op->n[3]);
    if (p.errors) {
        cleanup_free char *errors = vl_error_text(p.errors);
        vl_str_addf(&out, " | %s", errors);
    }
    if (said)
        vl_str_addf(&out, " | %s", said);
    vl_error_free(p.errors);
    oci_doc_free(doc);
    oci_report_reset(&report);
    res.cgroup = vl_str_take(&out);
    return res;
}

#define MOUNTED "'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup','options':['ro','rw']}]"
#define MOUNTED_RO                                                                                 \
    "'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup','options':['nosuid','ro']}]"
#define BOUND                                                                                      \
    "'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup','source':'/"                        \
    "x','options':['rbind']}]"
#define PATH(p) "'linux':{'cgroupsPath':'" p "'}"
#define NO "'linux':{}"

static const struct {
    const struct vl_host *host;
    int manager;
    uint64_t ns;
    bool userns;
    const char *json, *want;
} cases[] = {
    /* path */
    {&v2, 0, 0, 0, NO, "4 /box - - -1"},
    {&v2, 0, 0, 0, PATH(""), "4 /box - - -1"},
    {&v2, 0, 0, 0, PATH("/a/b"), "0 /a/b - - -1"},
    {&v2, 0, 0, 0, PATH("//a/./b/"), "0 /a/b - - -1"},
    {&v2, 0, 0, 0, PATH("a/b"), "2 a/b - - -1"},
    {&v2, 0, 0, 0, PATH("system.slice:docker:1"), "2 system.slice:docker:1 - - -1"},
    {&v2, 0, 0, 0, PATH("/a/../b"),
     "0 - - - -1 | config: `/a/../b` leads upwards (linux.cgroupsPath)"},
    {&v2, 0, 0, 0, PATH(".."), "0 - - - -1 | config: `..` leads upwards (linux.cgroupsPath)"},
    {&v2, 0, 0, 0, PATH("/"),
     "0 - - - -1 | config: `/` is no cgroup of the container's own (linux.cgroupsPath)"},
    {&v2, 0, 0, 0, PATH("./."),
     "0 - - - -1 | config: `./.` is no cgroup of the container's own (linux.cgroupsPath)"},
    {&v2, 0, 0, 0, PATH("/a\\nb"),
     "0 - - - -1 | config: control characters cannot be in the name of a cgroup "
     "(linux.cgroupsPath)"},
    /* who may fail */
    {&user, 0, 0, 0, NO, "21 /box - - -1"},
    {&nested, 0, 0, 0, NO, "21 /box - - -1"},
    {&user, 0, 0, 0, PATH("/a"), "16 /a - - -1"},
    {&user, 0, 0, 0, "'linux':{'resources':{'pids':{'limit':5}}}", "20 /box - - -1"},
    {&user, 0, 0, 0, "'linux':{'resources':{'pids':{'limit':null},'cpu':{'shares':0}}}",
     "21 /box - - -1"},
    /* systemd */
    {&v2, VL_CGM_SYSTEMD, 0, 0, NO, "4 container system.slice veloci-box.scope -1"},
    {&user, VL_CGM_SYSTEMD, 0, 0, NO, "20 container user.slice veloci-box.scope -1"},
    {&v2, VL_CGM_SYSTEMD, 0, 0, PATH("machine.slice:libpod:1"),
     "0 container machine.slice libpod-1.scope -1"},
    {&v2, VL_CGM_SYSTEMD, 0, 0, PATH(":cri:1"), "0 container system.slice cri-1.scope -1"},
    {&v2, VL_CGM_SYSTEMD, 0, 0, PATH("a.slice::b.slice"), "0 container a.slice b.slice -1"},
    {&v2, VL_CGM_SYSTEMD, 0, 0, PATH("/a/b"),
     "0 - - - -1 | config: `/a/b` is not of the form slice:prefix:name, which the systemd driver "
     "wants "
     "(linux.cgroupsPath)"},
    {&v2, VL_CGM_SYSTEMD, 0, 0, PATH("a:b:c:d"),
     "0 - - - -1 | config: `a:b:c:d` is not of the form slice:prefix:name, which the systemd "
     "driver wants "
     "(linux.cgroupsPath)"},
    /* none */
    {&v2, VL_CGM_DISABLED, 0, 0, NO, ""},
    {&v2, VL_CGM_DISABLED, 0, 0, PATH("/a"),
     " | note: linux.cgroupsPath: ignored, cgroups are switched off (-)"},
    {&v2, VL_CGM_DISABLED, 0, 0, "'linux':{'resources':{'pids':{'limit':5}}}",
     " | a limit needs a cgroup, and cgroups are switched off (at linux.resources.pids.limit)"},
    {&v2, VL_CGM_DISABLED, 0, 0, "'linux':{'resources':{'devices':[{'allow':false}]}}",
     " | note: linux.resources.devices: no cgroup, device rules are not applied (-)"},
    {&none, 0, 0, 0, NO,
     " | unsupported: no cgroup hierarchy is mounted at /sys/fs/cgroup (--cgroup-manager=disabled "
     "goes on without) (-)"},
    {&user_none, 0, 0, 0, NO,
     " | note: cgroup: none, no hierarchy is mounted at /sys/fs/cgroup (-)"},
    {&user_none, 0, 0, 0, PATH("/a"),
     " | unsupported: no cgroup hierarchy is mounted at /sys/fs/cgroup (--cgroup-manager=disabled "
     "goes on without) "
     "(linux.cgroupsPath)"},
    /* owner: all of cgroup v2, own cgroup namespace, mounted writable */
    {&v2, 0, CLONE_NEWCGROUP, 0, NO "," MOUNTED, "12 /box - - 10"},
    {&v2, 0, CLONE_NEWCGROUP, 1, NO "," MOUNTED, "12 /box - - 100005"},
    {&v2, 0, CLONE_NEWCGROUP, 0, NO "," MOUNTED_RO, "4 /box - - -1"},
    {&v2, 0, CLONE_NEWCGROUP, 0, NO "," BOUND, "4 /box - - -1"},
    {&v2, 0, CLONE_NEWCGROUP, 0, NO, "4 /box - - -1"},
    {&v2, 0, 0, 0, NO "," MOUNTED, "4 /box - - -1"},
    {&v1, 0, CLONE_NEWCGROUP, 0, NO "," MOUNTED, "4 /box - - -1"},
    /* device rules that are none */
    {&v2, 0, 0, 0, "'linux':{'resources':{'devices':[{'allow':true,'type':'x'}]}}",
     "4 /box - - -1 | config: device rule: type, number or access is not valid "
     "(linux.resources.devices[0])"},
    {&v2, 0, 0, 0, "'linux':{'resources':{'devices':[{'allow':true,'major':-2}]}}",
     "4 /box - - -1 | config: device rule: type, number or access is not valid "
     "(linux.resources.devices[0])"},
    {&v2, 0, 0, 0, "'linux':{'resources':{'devices':[{'allow':true,'access':'rx'}]}}",
     "4 /box - - -1 | config: device rule: type, number or access is not valid "
     "(linux.resources.devices[0])"},
};

static size_t count(const struct vl_plan *p, enum vl_op_code code)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_op; i++)
        n += p->op[i].code == code;
    return n;
}

static void test_devices(void)
{
    static const char privileged[] =
        "'linux':{'resources':{'devices':[{'allow':true,'access':'rwm'}]}}";
    size_t from = 0;
    struct result r = plan(&v2, 0, 0, false, NO);
    const struct vl_op *op = vl_plan_find(r.plan, VL_OP_CGDEVICES, &from);
    ok(op && op->s[0].len % 8 == 0 && op->n[0] == 0, "without a list there is a program too");
    vl_plan_free(r.plan);
    free(r.cgroup);

    r = plan(&user, 0, 0, false, NO);
    from = 0;
    op = vl_plan_find(r.plan, VL_OP_CGDEVICES, &from);
    ok(op && op->n[0] == VL_CGD_TOLERATE, "which may fail for an ordinary user");
    vl_plan_free(r.plan);
    free(r.cgroup);

    r = plan(&v2, 0, 0, false, privileged);
    is_int(count(r.plan, VL_OP_CGDEVICES), 0, "none when everything is allowed");
    vl_plan_free(r.plan);
    free(r.cgroup);

    r = plan(&v1, 0, 0, false, NO);
    from = 0;
    op = vl_plan_find(r.plan, VL_OP_CGWRITE, &from);
    is_int(count(r.plan, VL_OP_CGDEVICES), 0, "v1 has no program");
    is_int(count(r.plan, VL_OP_CGWRITE), 12, "but writes");
    ok(op && strcmp(vl_op_s(op, 1), "devices.deny") == 0 && strcmp(vl_op_s(op, 2), "a") == 0,
       "everything is denied first");
    vl_plan_free(r.plan);
    free(r.cgroup);
}

/* --rootless says who may go without a cgroup, not who is root. */
static void test_rootless(void)
{
    static const struct {
        const struct vl_host *host;
        enum vl_rootless rootless;
        const char *json, *want;
    } t[] = {
        {&v2, VL_ROOTLESS_YES, NO, "5 /box - - -1"},
        {&v2, VL_ROOTLESS_NO, NO, "4 /box - - -1"},
        {&user, VL_ROOTLESS_YES, NO, "21 /box - - -1"},
        {&user, VL_ROOTLESS_NO, NO, "20 /box - - -1"},
        {&v2, VL_ROOTLESS_YES, PATH("/a"), "0 /a - - -1"},
        {&v2, VL_ROOTLESS_YES, "'linux':{'resources':{'pids':{'limit':5}}}", "4 /box - - -1"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(t); i++) {
        rootless = t[i].rootless;
        struct result r = plan(t[i].host, VL_CGM_CGROUPFS, 0, false, t[i].json);
        is_str(r.cgroup, t[i].want, "--rootless: row %zu", i);
        vl_plan_free(r.plan);
        free(r.cgroup);
    }
    rootless = VL_ROOTLESS_AUTO;
}

int main(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        struct result r = plan(cases[i].host, (enum vl_cgroup_manager)cases[i].manager, cases[i].ns,
                               cases[i].userns, cases[i].json);
        is_str(r.cgroup, cases[i].want, "%s", cases[i].json);
        vl_plan_free(r.plan);
        free(r.cgroup);
    }
    test_devices();
    test_rootless();
    free(said);
    return done_testing();
}
