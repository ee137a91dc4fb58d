/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what this build understands (features.md, features-linux.md).
 *
 * Words come from the tables that reader and planner use. Whether a part of the configuration is
 * supported is asked of the planner itself: it plans a document with that part for a host that has
 * everything, and what it refuses is not there. So the document cannot claim what the code does not
 * do. By the specification the host does not matter; only supportedFlags tells of this kernel.
 */
#include <ocispec.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "cgroup/cgroup.h"
#include "ops/ops.h"
#include "plan/hookname.h"
#include "plan/mopts.h"
#include "spec/annot.h"
#include "sys/host.h"

/* What is asked. Order of the rows of `questions`. */
enum question {
    ASK_CGROUP_V1,
    ASK_CGROUP_V2,
    ASK_RDMA,
    ASK_SECCOMP,
    ASK_APPARMOR,
    ASK_SELINUX,
    ASK_RDT,
    ASK_RDT_SCHEMATA,
    ASK_RDT_MONITORING,
    ASK_MEMORY_POLICY,
    ASK_IDMAP,
    ASK_NET_DEVICES,
    ASK_N,
};

/* A document that has it: members of the process, of the linux section, of the only mount; and the
 * word for it in --version, NULL where it is a detail of the row before. */
static const struct {
    const char *name, *process, *linux_part, *mount;
    bool on_v1;
} questions[ASK_N] = {
    [ASK_CGROUP_V1] = {"cgroup-v1", "", ",\"resources\":{\"memory\":{\"limit\":8388608}}", "",
                       true},
    [ASK_CGROUP_V2] = {"cgroup-v2", "", ",\"resources\":{\"memory\":{\"limit\":8388608}}", "",
                       false},
    [ASK_RDMA] = {"rdma", "", ",\"resources\":{\"rdma\":{\"mlx5_0\":{\"hcaHandles\":1}}}", "",
                  false},
    [ASK_SECCOMP] = {"seccomp", "",
                     ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
                     "\"swapon\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
                     "", false},
    [ASK_APPARMOR] = {"apparmor", ",\"apparmorProfile\":\"p\"", "", "", false},
    [ASK_SELINUX] = {"selinux", ",\"selinuxLabel\":\"u:r:t:s0\"", ",\"mountLabel\":\"u:r:t:s0\"",
                     "", false},
    [ASK_RDT] = {"intel-rdt", "", ",\"intelRdt\":{\"closID\":\"a\",\"l3CacheSchema\":\"L3:0=f\"}",
                 "", false},
    [ASK_RDT_SCHEMATA] = {NULL, "", ",\"intelRdt\":{\"closID\":\"a\",\"schemata\":[\"L3:0=f\"]}",
                          "", false},
    [ASK_RDT_MONITORING] = {NULL, "", ",\"intelRdt\":{\"closID\":\"a\",\"enableMonitoring\":true}",
                            "", false},
    [ASK_MEMORY_POLICY] = {"memory-policy", "",
                           ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"}", "", false},
    [ASK_IDMAP] = {"idmap", "", "",
                   ",\"uidMappings\":[{\"containerID\":0,\"hostID\":7,\"size\":1}],\"gidMappings\":"
                   "[{\"containerID\":0,\"hostID\":7,\"size\":1}]",
                   false},
    [ASK_NET_DEVICES] = {"net-devices", "", ",\"netDevices\":{\"eth7\":{}}", "", false},
};

#define TEXT(s) ((char *)(uintptr_t)(s))

/* A host with everything; strings and maps are borrowed. */
static struct vl_host ideal_host(bool v1)
{
    static struct vl_idmap_line all_ids = {0, 0, UINT32_MAX};
    static struct vl_cgroup_v1 hierarchies[] = {
        {TEXT("memory"), TEXT("/sys/fs/cgroup/memory"), TEXT("/"), false},
        {TEXT("devices"), TEXT("/sys/fs/cgroup/devices"), TEXT("/"), false},
    };
    const uint64_t caps = (UINT64_C(1) << 41) - 1;
    struct vl_host h = {
        .openat2 = true,
        .clone3 = true,
        .clone_into_cgroup = true,
        .new_mount_api = true,
        .mount_setattr = true,
        .idmap_mounts = true,
        .close_range = true,
        .close_range_cloexec = true,
        .pidfd_open = true,
        .pidfd_getfd = true,
        .statmount = true,
        .memfd_exec_flag = true,
        .memfd_exec_ok = true,
        .ns_user = true,
        .ns_cgroup = true,
        .ns_time = true,
        .seccomp = true,
        .seccomp_user_notif = true,
        .seccomp_log = true,
        .seccomp_kill_process = true,
        .seccomp_flags = UINT32_MAX,
        .apparmor = true,
        .selinux = true,
        .in_initial_userns = true,
        .own_uid_map = &all_ids,
        .own_gid_map = &all_ids,
        .n_own_uid_map = 1,
        .n_own_gid_map = 1,
        .caps_effective = caps,
        .caps_permitted = caps,
        .caps_bounding = caps,
        .last_cap = 40,
        .subids_known = true,
        .page_size = 4096,
        .nr_cpus = 1,
    };
    h.cgroup_mode = v1 ? VL_CGROUP_V1 : VL_CGROUP_V2;
    if (v1) {
        h.v1 = hierarchies;
        h.n_v1 = VL_ARRAY_LEN(hierarchies);
    } else {
        h.v2_mount = TEXT("/sys/fs/cgroup");
        h.v2_own_path = TEXT("/");
        h.v2_controllers = TEXT("cpuset cpu io memory hugetlb pids rdma misc");
    }
    return h;
}

/* Whether a document with these members can be planned. */
static bool try(const char *process, const char *linux_part, const char *mount, bool on_v1)
{
    cleanup_free char *text =
        vl_asprintf("{\"ociVersion\":\"" VL_OCI_VERSION "\",\"root\":{\"path\":\"r\"},"
                    "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0}%s},"
                    "\"mounts\":[{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"/s\","
                    "\"options\":[\"rbind\"]%s}],"
                    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}]%s}}",
                    process, mount, linux_part);
    struct vl_host host = ideal_host(on_v1);
    struct vl_plan_opts opts = {.id = "features"};
    cleanup(spec) struct vl_spec *spec = NULL;
    cleanup(plan) struct vl_plan *plan = NULL;
    struct vl_error *e = NULL;
    if (vl_spec_load_buffer("/b", "features", text, strlen(text), &spec, &e) == 0 &&
        vl_plan_build(spec, &host, &opts, &plan, &e) == 0)
        return true;
    vl_err_drop(&e, "not a feature");
    return false;
}

static bool ask(enum question q)
{
    return try(questions[q].process, questions[q].linux_part, questions[q].mount,
               questions[q].on_v1);
}

/* An architecture that this libseccomp does not know cannot be named in a profile. */
static bool has_arch(const char *name)
{
    cleanup_free char *profile =
        vl_asprintf(",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"%s\"],"
                    "\"syscalls\":[{\"names\":[\"swapon\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
                    name);
    return try("", profile, "", false);
}

static bool has_systemd(void)
{
    struct vl_error *e = NULL;
    bool yes = vl_cgroup_manager_check(VL_CGM_SYSTEMD, &e) == 0;
    vl_err_drop(&e, "the systemd cgroup driver");
    return yes;
}

/* -- lists; their strings of a struct list belong to the tables ------------------------
 */

struct list {
    char **v;
    size_t n;
};

struct lists {
    struct list hooks, mount_options, namespaces, caps, actions, operators, archs, known, supported,
        modes, policy_flags;
    struct vl_strv unsafe;
};

static void add(struct list *l, const char *word)
{
    *VL_APPEND(l->v, l->n) = TEXT(word);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct list names(const struct vl_name *t)
{
    struct list l = {NULL, 0};
    for (; t->name != NULL; t++)
        add(&l, t->name);
    qsort(l.v, l.n, sizeof(l.v[0]), by_text);
    return l;
}

static void fill(struct lists *l)
{
    struct vl_host here = {0};
    for (unsigned k = 0; k < VL_HOOK_KINDS; k++)
        add(&l->hooks, vl_hook_name((enum vl_hook_kind)k));
    for (size_t i = 0; vl_mopts_word(i) != NULL; i++)
        add(&l->mount_options, vl_mopts_word(i));
    for (int c = 0; vl_cap_name(c) != NULL; c++)
        add(&l->caps, vl_cap_name(c));
    vl_annots_unsafe(&l->unsafe);
    l->namespaces = names(vl_ns_names);
    l->actions = names(vl_seccomp_actions);
    l->operators = names(vl_seccomp_operators);
    for (const struct vl_name *a = vl_seccomp_archs; a->name != NULL; a++)
        if (has_arch(a->name))
            add(&l->archs, a->name);
    l->known = names(vl_seccomp_flag_names);
    l->modes = names(vl_mempolicy_names);
    l->policy_flags = names(vl_mempolicy_flag_names);
    if (vl_host_gather(&here) < 0)
        here.seccomp_flags = 0;
    for (const struct vl_name *f = vl_seccomp_flag_names; f->name != NULL; f++)
        if (here.seccomp_flags & f->value)
            add(&l->supported, f->name);
    vl_host_reset(&here);
}

static void drop(struct lists *l)
{
    struct list *all[] = {&l->hooks,     &l->mount_options, &l->namespaces,  &l->caps,
                          &l->actions,   &l->operators,     &l->archs,       &l->known,
                          &l->supported, &l->modes,         &l->policy_flags};
    for (size_t i = 0; i < VL_ARRAY_LEN(all); i++)
        free(all[i]->v);
    vl_strv_reset(&l->unsafe);
}

/* -- the document ------------------------------------------------------------------------------ */

#define LIST(member, list) .has_##member = true, .member = (list).v, .n_##member = (list).n
#define BOOL(member, value) .has_##member = true, .member = (value)

static int write_document(const struct lists *l, const bool *can, char **ret, size_t *ret_len)
{
    bool systemd = has_systemd();
    struct oci_features_cgroup cgroup = {BOOL(v1, can[ASK_CGROUP_V1]), BOOL(v2, can[ASK_CGROUP_V2]),
                                         BOOL(systemd, systemd), BOOL(systemd_user, systemd),
                                         BOOL(rdma, can[ASK_RDMA])};
    struct oci_features_seccomp seccomp = {
        BOOL(enabled, can[ASK_SECCOMP]), LIST(actions, l->actions),
        LIST(operators, l->operators),   LIST(archs, l->archs),
        LIST(known_flags, l->known),     LIST(supported_flags, l->supported)};
    struct oci_features_enabled apparmor = {BOOL(enabled, can[ASK_APPARMOR])},
                                selinux = {BOOL(enabled, can[ASK_SELINUX])},
                                idmap = {BOOL(enabled, can[ASK_IDMAP])},
                                net_devices = {BOOL(enabled, can[ASK_NET_DEVICES])};
    struct oci_features_intel_rdt rdt = {BOOL(enabled, can[ASK_RDT]),
                                         BOOL(schemata, can[ASK_RDT_SCHEMATA]),
                                         BOOL(monitoring, can[ASK_RDT_MONITORING])};
    struct oci_features_memory_policy policy = {LIST(modes, l->modes),
                                                LIST(flags, l->policy_flags)};
    struct oci_features_mount_extensions extensions = {.idmap = &idmap};
    struct oci_features_linux linux_part = {LIST(namespaces, l->namespaces),
                                            LIST(capabilities, l->caps),
                                            .cgroup = &cgroup,
                                            .seccomp = &seccomp,
                                            .apparmor = &apparmor,
                                            .selinux = &selinux,
                                            .intel_rdt = &rdt,
                                            .memory_policy =
                                                can[ASK_MEMORY_POLICY] ? &policy : NULL,
                                            .mount_extensions = &extensions,
                                            .net_devices = &net_devices};
    struct oci_kv annotations[4]; /* sorted by key */
    size_t n = 0;
    if (vl_seccomp_lib_version() != NULL)
        annotations[n++] = (struct oci_kv){TEXT("io.github.seccomp.libseccomp.version"),
                                           TEXT(vl_seccomp_lib_version())};
    annotations[n++] = (struct oci_kv){TEXT("run.veloci.checkpoint.enabled"), TEXT("false")};
    annotations[n++] = (struct oci_kv){TEXT("run.veloci.commit"), TEXT(VL_COMMIT)};
    annotations[n++] = (struct oci_kv){TEXT("run.veloci.version"), TEXT(PACKAGE_VERSION)};
    struct oci_features f = {.oci_version_min = TEXT("1.0.0"),
                             .oci_version_max = TEXT(VL_OCI_VERSION),
                             LIST(hooks, l->hooks),
                             LIST(mount_options, l->mount_options),
                             .linux = &linux_part,
                             .has_annotations = true,
                             .annotations = annotations,
                             .n_annotations = n,
                             LIST(potentially_unsafe_config_annotations, l->unsafe)};
    return oci_features_write(&f, "  ", ret, ret_len);
}

int vl_op_features(char **ret, size_t *ret_len, struct vl_error **err)
{
    struct lists l = {.hooks = {NULL, 0}};
    bool can[ASK_N];
    for (unsigned q = 0; q < ASK_N; q++)
        can[q] = ask((enum question)q);
    fill(&l);
    int r = write_document(&l, can, ret, ret_len);
    drop(&l);
    return r < 0 ? vl_err_sys(err, r, "write the features document") : 0;
}

/* Docker takes name and version from the last line that has the word "version" in it, the commit
 * from the line that begins with "commit:". */
char *vl_op_version(void)
{
    struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b,
                "veloci version " PACKAGE_VERSION "\ncommit: %s\nspec: %s\nfeatures:", VL_COMMIT,
                VL_OCI_VERSION);
    for (unsigned q = 0; q < ASK_N; q++)
        if (questions[q].name != NULL)
            vl_str_addf(&b, " %c%s", ask((enum question)q) ? '+' : '-', questions[q].name);
    vl_str_addf(&b, " %csystemd\n", has_systemd() ? '+' : '-');
#ifdef VL_TEST_BUILD
    vl_str_add(&b, "test build: VELOCI_DISABLE is honoured\n");
#endif
    return vl_str_take(&b);
}
