/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles one configuration for one described host and prints the plan, or the errors, one a line.
 *
 *   golden [OPTION]... CONFIG HOST     exit status 0 for a plan, 1 for errors, 2 for a broken test
 *
 * Nothing of the machine it runs on is looked at: the host is a document of tests/golden/hosts. Its members:
 * "missing" lists kernel facilities that are not there (all others are), "caps" what the caller has, and the
 * others are the fields of struct vl_host under their own names.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>
#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/names.h"
#include "plan/build.h"
#include "plan/exec.h"
#include "spec/process.h"
#include "plan/wire_check.h"

__attribute__((noreturn, format(printf, 1, 2))) static void broken(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("golden: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

static char *slurp(const char *path, size_t *len)
{
    char *text;
    int r = vl_slurp_at(AT_FDCWD, path, 64u << 20, &text, len);
    if (r < 0)
        broken("%s: %s", path, strerror(-r));
    return text;
}

/* -- the host document ------------------------------------------------------------------------------ */

static yajl_val get(yajl_val v, const char *name)
{
    const char *path[] = {name, NULL};
    return yajl_tree_get(v, path, yajl_t_any);
}

static const char *string_of(yajl_val v)
{
    const char *s = YAJL_GET_STRING(v);
    if (s == NULL)
        broken("host: a string is missing");
    return s;
}

static const char *get_str(yajl_val v, const char *name)
{
    yajl_val s = get(v, name);
    return s ? string_of(s) : NULL;
}

static char *dup_str(yajl_val v, const char *name)
{
    const char *s = get_str(v, name);
    return s ? vl_strdup(s) : NULL;
}

static uint32_t get_u32(yajl_val v, const char *name, uint32_t dflt)
{
    yajl_val n = get(v, name);
    return n && YAJL_IS_INTEGER(n) ? (uint32_t)YAJL_GET_INTEGER(n) : dflt;
}

static bool get_bool(yajl_val v, const char *name)
{
    yajl_val b = get(v, name);
    return b && YAJL_IS_TRUE(b);
}

static size_t get_array(yajl_val v, const char *name, yajl_val **ret)
{
    yajl_val a = get(v, name);
    *ret = a && YAJL_IS_ARRAY(a) ? YAJL_GET_ARRAY(a)->values : NULL;
    return *ret ? YAJL_GET_ARRAY(a)->len : 0;
}

/* ["all", "!CAP_X"] or names */
static uint64_t read_caps(yajl_val host, const char *name, uint64_t dflt)
{
    yajl_val *v;
    size_t n = get_array(host, name, &v);
    uint64_t set = 0;
    if (v == NULL)
        return dflt;
    for (size_t i = 0; i < n; i++) {
        const char *s = string_of(v[i]);
        int cap = vl_cap_by_name(s + (s[0] == '!'));
        if (strcmp(s, "all") == 0)
            set = (UINT64_C(1) << 41) - 1;
        else if (cap < 0)
            broken("capability %s", s);
        else if (s[0] == '!')
            set &= ~(UINT64_C(1) << cap);
        else
            set |= UINT64_C(1) << cap;
    }
    return set;
}

static void read_facilities(yajl_val host, struct vl_host *h)
{
#define FACILITY(x) {#x, &h->x}
    const struct {
        const char *name;
        bool *slot;
    } all[] = {
        FACILITY(openat2),       FACILITY(clone3),          FACILITY(clone_into_cgroup),
        FACILITY(new_mount_api), FACILITY(mount_setattr),   FACILITY(idmap_mounts),
        FACILITY(close_range),   FACILITY(pidfd_open),      FACILITY(pidfd_getfd),
        FACILITY(statmount),     FACILITY(memfd_exec_flag), FACILITY(memfd_exec_ok),
        FACILITY(ns_user),       FACILITY(ns_cgroup),       FACILITY(ns_time),
        FACILITY(seccomp),       FACILITY(seccomp_log),     FACILITY(seccomp_user_notif),
        FACILITY(close_range_cloexec), FACILITY(seccomp_kill_process),
    };
    yajl_val *v;
    size_t n = get_array(host, "missing", &v);
    for (size_t i = 0; i < VL_ARRAY_LEN(all); i++)
        *all[i].slot = true;
    for (size_t k = 0; k < n; k++) {
        bool found = false;
        for (size_t i = 0; i < VL_ARRAY_LEN(all); i++)
            if (strcmp(all[i].name, string_of(v[k])) == 0)
                found = !(*all[i].slot = false);
        if (!found)
            broken("facility %s", string_of(v[k]));
    }
}

static void read_map(yajl_val host, const char *name, struct vl_idmap_line **ret, size_t *ret_n)
{
    yajl_val *v;
    size_t n = get_array(host, name, &v);
    for (size_t i = 0; i < n; i++) {
        struct vl_idmap_line *l = VL_APPEND(*ret, *ret_n);
        *l = (struct vl_idmap_line){get_u32(v[i], "container", 0), get_u32(v[i], "host", 0), get_u32(v[i], "size", 0)};
    }
}

static void read_subids(yajl_val host, const char *name, struct vl_subid **ret, size_t *ret_n)
{
    yajl_val *v;
    size_t n = get_array(host, name, &v);
    for (size_t i = 0; i < n; i++) {
        struct vl_subid *s = VL_APPEND(*ret, *ret_n);
        *s = (struct vl_subid){get_u32(v[i], "start", 0), get_u32(v[i], "count", 0)};
    }
}

static void read_cgroups(yajl_val host, struct vl_host *h)
{
    static const char *const modes[] = {"none", "v1", "v2", "hybrid"};
    const char *mode = get_str(host, "cgroup_mode");
    for (unsigned i = 0; i < VL_ARRAY_LEN(modes); i++)
        if (mode != NULL && strcmp(modes[i], mode) == 0)
            h->cgroup_mode = (enum vl_cgroup_mode)i;
    h->v2_mount = dup_str(host, "v2_mount");
    h->v2_own_path = dup_str(host, "v2_own_path");
    h->v2_controllers = dup_str(host, "v2_controllers");
    yajl_val *v;
    size_t n = get_array(host, "v1", &v);
    for (size_t i = 0; i < n; i++) {
        struct vl_cgroup_v1 *c = VL_APPEND(h->v1, h->n_v1);
        c->controllers = dup_str(v[i], "controllers");
        c->mount = dup_str(v[i], "mount");
        c->own_path = dup_str(v[i], "own_path");
        c->named = get_bool(v[i], "named");
    }
}

static void read_host(const char *path, struct vl_host *h)
{
    char message[256];
    size_t len;
    cleanup_free char *text = slurp(path, &len);
    yajl_val host = yajl_tree_parse(text, message, sizeof(message));
    if (host == NULL)
        broken("%s: %s", path, message);
    const uint64_t all = (UINT64_C(1) << 41) - 1;
    read_facilities(host, h);
    read_cgroups(host, h);
    h->apparmor = get_bool(host, "apparmor");
    h->selinux = get_bool(host, "selinux");
    h->landlock_abi = (int)get_u32(host, "landlock_abi", 0);
    h->euid = get_u32(host, "euid", 0);
    h->egid = get_u32(host, "egid", 0);
    h->in_initial_userns = !get_bool(host, "in_userns");
    h->setgroups_denied = get_bool(host, "setgroups_denied");
    h->no_new_privs = get_bool(host, "no_new_privs");
    h->caps_effective = h->caps_permitted = read_caps(host, "caps", h->euid == 0 ? all : 0);
    h->caps_bounding = read_caps(host, "caps_bounding", all);
    h->last_cap = (int)get_u32(host, "last_cap", 40);
    read_map(host, "own_uid_map", &h->own_uid_map, &h->n_own_uid_map);
    read_map(host, "own_gid_map", &h->own_gid_map, &h->n_own_gid_map);
    h->subids_known = true;
    h->user_name = dup_str(host, "user_name");
    read_subids(host, "subuids", &h->subuids, &h->n_subuids);
    read_subids(host, "subgids", &h->subgids, &h->n_subgids);
    h->newuidmap = dup_str(host, "newuidmap");
    h->newgidmap = dup_str(host, "newgidmap");
    h->seccomp_flags = 0x37;
    h->page_size = 4096;
    h->nr_cpus = (int)get_u32(host, "nr_cpus", 4);
    h->kernel_release = vl_strdup("6.12.0");
    h->machine = vl_strdup("x86_64");
    yajl_tree_free(host);
}

/* -- output --------------------------------------------------------------------------------------- */

/* kind, policy or feature, place, text: what scripts and people can rely on. */
static int print_errors(struct vl_error *e)
{
    for (const struct vl_error *x = e; x != NULL; x = x->next) {
        printf("%s", vl_error_kind_name(x->kind));
        if (x->rule != NULL)
            printf(" [%s]", x->rule);
        if (vl_error_where(x) != NULL)
            printf(" at %s", vl_error_where(x));
        for (const struct vl_error *c = x; c != NULL; c = c->cause)
            printf(": %s", c->text);
        putchar('\n');
    }
    vl_error_free(e);
    return 1;
}

/* With --exec the plan of a process that joins the container; each of its options has the name of the verb's. */
struct exec {
    struct vl_exec_request rq;
    struct vl_strv args, env, caps;
    uint32_t groups[8];
    struct vl_process *doc;
};

enum { EXEC = 256, EXEC_ENV, EXEC_USER, EXEC_GID, EXEC_CWD, EXEC_CAP, EXEC_APPARMOR, EXEC_LABEL, EXEC_NNP, EXEC_TTY,
       EXEC_FDS, EXEC_OWN_USERNS, EXEC_ROOT, EXEC_PROCESS, EXEC_AWAIT };

static bool read_exec_option(int c, struct exec *e, struct vl_error **err)
{
    switch (c) {
    case EXEC:
        vl_strv_add(&e->args, optarg);
        return true;
    case EXEC_ENV:
        vl_strv_add(&e->env, optarg);
        return true;
    case EXEC_USER:
        e->rq.user = optarg;
        return true;
    case EXEC_GID:
        return e->rq.n_groups < 8 && vl_parse_u32(optarg, 10, &e->groups[e->rq.n_groups++]) == 0;
    case EXEC_CWD:
        e->rq.cwd = optarg;
        return true;
    case EXEC_CAP:
        vl_strv_add(&e->caps, optarg);
        return true;
    case EXEC_APPARMOR:
        e->rq.apparmor = optarg;
        return true;
    case EXEC_LABEL:
        e->rq.selinux = optarg;
        return true;
    case EXEC_NNP:
        return e->rq.no_new_privs = true;
    case EXEC_TTY:
        return e->rq.terminal = true;
    case EXEC_FDS:
        return vl_parse_u32(optarg, 10, &e->rq.preserve_fds) == 0;
    case EXEC_OWN_USERNS:
        return e->rq.own_userns = true;
    case EXEC_AWAIT:
        return e->rq.await_cgroup = true;
    case EXEC_ROOT:
        e->rq.root = optarg;
        return true;
    case EXEC_PROCESS:
        (void)vl_process_load_buffer("process.json", optarg, strlen(optarg), &e->doc, err);
        return true;
    default:
        return false;
    }
}

/* From the container's plan as later verbs read it. */
static int join(const struct vl_plan *container, const struct vl_host *host, struct exec *e, struct vl_plan **ret,
                struct vl_error **err)
{
    size_t len;
    cleanup_free void *bytes = vl_plan_encode(container, false, NULL, &len);
    cleanup(plan) struct vl_plan *recorded = NULL;
    if (vl_plan_decode(bytes, len, &recorded, err) < 0)
        return -1;
    e->rq.process = e->doc != NULL ? e->doc->process : NULL;
    e->rq.args = e->args.v;
    e->rq.n_args = vl_streq(e->args.v[0], "") ? 0 : e->args.n; /* an empty one asks for that of the document */
    e->rq.env = e->env.v;
    e->rq.n_env = e->env.n;
    e->rq.groups = e->groups;
    for (size_t i = 0; i < e->caps.n; i++)
        e->rq.caps |= UINT64_C(1) << vl_cap_by_name(e->caps.v[i]);
    return vl_plan_join(recorded, host, &e->rq, ret, err);
}

static const struct option long_options[] = {
    {"exec", required_argument, NULL, EXEC},
    {"env", required_argument, NULL, EXEC_ENV},
    {"user", required_argument, NULL, EXEC_USER},
    {"additional-gids", required_argument, NULL, EXEC_GID},
    {"cwd", required_argument, NULL, EXEC_CWD},
    {"cap", required_argument, NULL, EXEC_CAP},
    {"apparmor", required_argument, NULL, EXEC_APPARMOR},
    {"process-label", required_argument, NULL, EXEC_LABEL},
    {"no-new-privs", no_argument, NULL, EXEC_NNP},
    {"tty", no_argument, NULL, EXEC_TTY},
    {"exec-preserve-fds", required_argument, NULL, EXEC_FDS},
    {"await-cgroup", no_argument, NULL, EXEC_AWAIT},
    {"own-userns", no_argument, NULL, EXEC_OWN_USERNS},
    {"root", required_argument, NULL, EXEC_ROOT},
    {"process", required_argument, NULL, EXEC_PROCESS},
    {"id", required_argument, NULL, 'i'},       {"bundle", required_argument, NULL, 'b'},
    {"detached", no_argument, NULL, 'd'},       {"console-socket", no_argument, NULL, 'c'},
    {"no-pivot", no_argument, NULL, 'p'},       {"no-new-keyring", no_argument, NULL, 'k'},
    {"systemd", no_argument, NULL, 's'},        {"no-cgroup", no_argument, NULL, 'n'},
    {"notify", no_argument, NULL, 'N'},         {"preserve-fds", required_argument, NULL, 'P'},
    {"listen-fds", required_argument, NULL, 'l'}, {"listen-fdnames", required_argument, NULL, 'L'},
    {NULL, 0, NULL, 0},
};

static const char *read_options(int argc, char **argv, struct vl_plan_opts *o, struct exec *e, struct vl_error **err)
{
    const char *bundle = "/bundle";
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o->id = optarg;
            break;
        case 'b':
            bundle = optarg;
            break;
        case 'd':
            o->detached = true;
            break;
        case 'c':
            o->console_socket = true;
            break;
        case 'p':
            o->no_pivot = true;
            break;
        case 'k':
            o->no_new_keyring = true;
            break;
        case 's':
            o->cgroup_manager = VL_CGM_SYSTEMD;
            break;
        case 'n':
            o->cgroup_manager = VL_CGM_DISABLED;
            break;
        case 'N':
            o->notify = true;
            break;
        case 'P':
            (void)vl_parse_u32(optarg, 10, &o->preserve_fds);
            break;
        case 'l':
            (void)vl_parse_u32(optarg, 10, &o->listen_fds);
            break;
        case 'L':
            o->listen_fdnames = optarg;
            break;
        default:
            if (!read_exec_option(c, e, err))
                broken("option");
        }
    }
    if (argc - optind != 2)
        broken("usage: golden [OPTION]... CONFIG HOST");
    return bundle;
}

/* A plan that goes over the wire and comes back is the same plan. */
static void check_wire(const struct vl_plan *plan, const char *printed)
{
    size_t len, text_len;
    cleanup_free void *bytes = vl_plan_encode(plan, false, NULL, &len);
    cleanup(plan) struct vl_plan *copy = NULL;
    struct vl_error *err = NULL;
    if (vl_plan_decode(bytes, len, &copy, &err) < 0)
        broken("the plan is refused by its own check: %s", err->text);
    for (size_t i = 0; i < plan->notes.n; i++) /* they are no part of the wire form */
        vl_strv_add(&copy->notes, plan->notes.v[i]);
    cleanup_free char *again = vl_plan_print(copy, &text_len);
    if (strcmp(printed, again) != 0)
        broken("the plan changed on the wire");
}

/* What the stage gets: host operations left out, every descriptor that exists before the clone numbered. */
static void check_stage(const struct vl_plan *plan)
{
    size_t len;
    uint32_t at;
    struct vl_wire_view view = {NULL, NULL, NULL, NULL, NULL};
    struct vl_ident *idents = vl_alloc((plan->n_desc + 1) * sizeof(idents[0]));
    for (size_t i = 0; i < plan->n_desc; i++) {
        bool late = plan->desc[i].acquire == VL_ACQ_IN_NS || plan->desc[i].acquire == VL_ACQ_LATE_TREE;
        idents[i].fd = late || !vl_desc_is_passed(&plan->desc[i]) ? -1 : (int)(3 + plan->preserve_fds + i);
        idents[i].dev = idents[i].ino = 1;
    }
    cleanup_free void *bytes = vl_plan_encode(plan, true, idents, &len);
    enum vl_wire_fault fault = vl_wire_check(bytes, len, 1, vl_sha256, &view, &at);
    if (fault != VL_WIRE_OK)
        broken("the stage would refuse the plan: fault %d at %u (%s)", fault, at,
               vl_plan_stage_op(plan, at) ? vl_op_names(vl_plan_stage_op(plan, at)->code)->name : "end");
    free(idents);
}

static int compile(int argc, char **argv, struct exec *e)
{
    struct vl_plan_opts opts = {.id = "c1"};
    struct vl_error *err = NULL;
    const char *bundle = read_options(argc, argv, &opts, e, &err);
    cleanup(host) struct vl_host host = {.euid = 0};
    cleanup(spec) struct vl_spec *spec = NULL;
    cleanup(plan) struct vl_plan *plan = NULL, *joined = NULL;
    size_t len;
    if (err != NULL)
        return print_errors(err);
    cleanup_free char *text = slurp(argv[optind], &len);
    read_host(argv[optind + 1], &host);
    if (vl_spec_load_buffer(bundle, "config.json", text, len, &spec, &err) < 0 ||
        vl_plan_build(spec, &host, &opts, &plan, &err) < 0)
        return print_errors(err);
    if (e->args.n > 0 && join(plan, &host, e, &joined, &err) < 0)
        return print_errors(err);
    const struct vl_plan *made = joined != NULL ? joined : plan;
    cleanup_free char *json = vl_plan_print(made, &len);
    check_wire(made, json);
    check_stage(made);
    fwrite(json, 1, len, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    struct exec e = {.doc = NULL};
    int r = compile(argc, argv, &e);
    vl_strv_reset(&e.args);
    vl_strv_reset(&e.env);
    vl_strv_reset(&e.caps);
    vl_process_free(e.doc);
    return r;
}
