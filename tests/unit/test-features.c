/* SPDX-License-Identifier: Apache-2.0 */
/* The features document: complete by the schema, and every word in it is understood by reader and
 * planner. */
#include "tap.h"

#include <errno.h>
#include <ocispec.h>
#include "base/mem.h"
#include "base/names.h"
#include "ops/ops.h"
#include "plan/mopts.h"
#include "spec/spec.h"
#include "sys/host.h"

static struct oci_features *f;

/* Another description of a good host than that of features.c: the one of this kernel, with all
 * rights. */
static void host_with_all_rights(struct vl_host *h)
{
    if (vl_host_gather(h) < 0)
        skip_all("there is no /proc");
    free(h->own_uid_map);
    free(h->own_gid_map);
    h->own_uid_map = vl_alloc(sizeof(*h->own_uid_map));
    h->own_gid_map = vl_alloc(sizeof(*h->own_gid_map));
    *h->own_uid_map = *h->own_gid_map = (struct vl_idmap_line){0, 0, UINT32_MAX};
    h->n_own_uid_map = h->n_own_gid_map = 1;
    h->euid = h->egid = 0;
    h->in_initial_userns = h->ns_user = h->ns_time = h->ns_cgroup = true;
    h->caps_effective = h->caps_permitted = h->caps_bounding = (UINT64_C(1) << 41) - 1;
    h->seccomp = h->seccomp_user_notif = h->seccomp_log = h->seccomp_kill_process = true;
    h->new_mount_api = h->mount_setattr = h->idmap_mounts = true;
}

/* Members of: the document, the process, the linux section, the mount. Quotation marks are written
 * '. */
static bool planned(const char *top, const char *process, const char *linux_part, const char *mount,
                    char **why)
{
    struct vl_host host = {0};
    struct vl_plan_opts opts = {.id = "test", .cgroup_manager = VL_CGM_DISABLED};
    cleanup(spec) struct vl_spec *spec = NULL;
    cleanup(plan) struct vl_plan *plan = NULL;
    struct vl_error *e = NULL;
    cleanup_free char *text = vl_asprintf(
        "{'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['a']%s},"
        "'mounts':[{'destination':'/m','source':'/s'%s}],'linux':{%s}%s}",
        process, mount, linux_part, top);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    host_with_all_rights(&host);
    bool good = vl_spec_load_buffer("/b", "test", text, strlen(text), &spec, &e) == 0 &&
                vl_plan_build(spec, &host, &opts, &plan, &e) == 0;
    if (why != NULL)
        *why = e != NULL ? vl_error_text(e) : NULL;
    vl_error_free(e);
    vl_host_reset(&host);
    return good;
}

#define NAMESPACES "'namespaces':[{'type':'mount'}]"

/* One point for a list of words, each put between two texts. */
static void all_planned(char *const *words, size_t n, const char *what, const char *before,
                        const char *after, int place)
{
    bool good = n > 0;
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *member = vl_asprintf("%s%s%s", before, words[i], after);
        cleanup_free char *why = NULL;
        const char *part[4] = {"", "", NAMESPACES, ",'type':'bind'"};
        part[place] = member;
        if (!planned(part[0], part[1], part[2], part[3], &why)) {
            diag("%s: %s", words[i], why);
            good = false;
        }
    }
    ok(good, "%zu %s: all of them can be planned", n, what);
}

enum { TOP, PROCESS, LINUX, MOUNT };

static bool listed(char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static bool sorted(char *const *words, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(words[i - 1], words[i]) >= 0)
            return false;
    return true;
}

/* A bind mount takes every word, but tmpcopyup is for a tmpfs, and idmap needs mappings. */
static void mount_options(void)
{
    char **plain = vl_alloc((f->n_mount_options + 1) * sizeof(*plain)), *idmap[2] = {NULL}, *tmpfs[1] = {NULL};
    size_t n = 0, n_idmap = 0, n_tmpfs = 0, passed_on = 0;
    for (size_t i = 0; i < f->n_mount_options; i++) {
        char *word = f->mount_options[i];
        struct vl_mopts m;
        struct vl_error *e = NULL;
        if (vl_mopts_parse(&word, 1, "", &m, &e) < 0 || m.data.n > 0)
            passed_on++;
        vl_mopts_reset(&m);
        if (strcmp(word, "idmap") == 0 || strcmp(word, "ridmap") == 0)
            idmap[n_idmap++] = word;
        else if (strcmp(word, "tmpcopyup") == 0)
            tmpfs[n_tmpfs++] = word;
        else
            plain[n++] = word;
    }
    is_int(passed_on, 0, "no mount option is taken for one of a file system");
    all_planned(plain, n, "mount options", ",'type':'bind','options':['bind','", "']", MOUNT);
    all_planned(tmpfs, n_tmpfs, "mount options for tmpfs", ",'type':'tmpfs','options':['", "']",
                MOUNT);
    all_planned(idmap, n_idmap, "mount options for mappings",
                ",'uidMappings':[{'containerID':0,'hostID':1,'size':1}],'type':'bind',"
                "'gidMappings':[{'containerID':0,'hostID':1,'size':1}],'options':['bind','",
                "']", MOUNT);
    is_int(n_idmap, 2, "both of them");
    ok(sorted(f->mount_options, f->n_mount_options), "mount options are sorted");
    ok(listed(f->mount_options, f->n_mount_options, "rro"),
       "rro, by which engines know recursive read-only mounts");
    ok(!listed(f->mount_options, f->n_mount_options, "size"), "none of a file system");
    free(plain);
}

/* A new one of each kind; one of users needs mappings. */
static void namespaces(const struct oci_features_linux *l)
{
    char *user[] = {NULL}, **others = vl_alloc((l->n_namespaces + 1) * sizeof(*others));
    size_t n = 0;
    for (size_t i = 0; i < l->n_namespaces; i++)
        if (strcmp(l->namespaces[i], "user") == 0)
            user[0] = l->namespaces[i];
        else
            others[n++] = l->namespaces[i];
    all_planned(others, n, "namespaces", "'namespaces':[{'type':'", "'}]", LINUX);
    all_planned(user, user[0] != NULL, "user namespace",
                "'uidMappings':[{'containerID':0,'hostID':1,'size':1}],"
                "'gidMappings':[{'containerID':0,'hostID':1,'size':1}],"
                "'namespaces':[{'type':'mount'},{'type':'",
                "'}]", LINUX);
    free(others);
}

static void memory_policy(const struct oci_features_memory_policy *m)
{
    bool good = m->n_modes > 0;
    for (size_t i = 0; i < m->n_modes; i++) {
        bool bare =
            strcmp(m->modes[i], "MPOL_DEFAULT") == 0 || strcmp(m->modes[i], "MPOL_LOCAL") == 0;
        cleanup_free char *why = NULL;
        cleanup_free char *member = vl_asprintf(NAMESPACES ",'memoryPolicy':{'mode':'%s'%s}",
                                                m->modes[i], bare ? "" : ",'nodes':'0'");
        if (!planned("", "", member, ",'type':'bind'", &why)) {
            diag("%s: %s", m->modes[i], why);
            good = false;
        }
    }
    ok(good, "%zu modes of memory policy: all of them can be planned", m->n_modes);
}

#define PROFILE(members) NAMESPACES ",'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'" members

static void seccomp(void)
{
    struct oci_features_seccomp *s = f->linux->seccomp;
    cleanup_free char *why = NULL;
    bool lib =
        planned("", "", PROFILE(",'syscalls':[{'names':['swapon'],'action':'SCMP_ACT_ERRNO'}]}"),
                ",'type':'bind'", &why);
    is_int(s->enabled, lib, "seccomp is enabled when a profile can be planned");
    for (size_t i = 0; i < s->n_supported_flags; i++)
        if (!listed(s->known_flags, s->n_known_flags, s->supported_flags[i]))
            lib = false;
    if (!lib) {
        skip("profiles: %s", why ? why : "a supported flag is not known");
        return;
    }
    /* a listener needs a receiver */
    all_planned(s->actions, s->n_actions, "actions",
                PROFILE(",'listenerPath':'/l','syscalls':[{'names':['swapon'],'action':'"), "'}]}",
                LINUX);
    all_planned(s->operators, s->n_operators, "operators",
                PROFILE(",'syscalls':[{'names':['swapon'],'action':'SCMP_ACT_ERRNO','args':[{'"
                        "index':0,'value':1,'op':'"),
                "'}]}]}", LINUX);
    all_planned(s->archs, s->n_archs, "architectures", PROFILE(",'architectures':['"), "']}",
                LINUX);
    if (s->n_supported_flags == 0)
        skip("this kernel takes no flags");
    else
        all_planned(s->supported_flags, s->n_supported_flags, "flags", PROFILE(",'flags':['"), "']}",
                LINUX);
    is_int(s->n_known_flags, 4, "known flags");
}

static void linux_part(void)
{
    struct oci_features_linux *l = f->linux;
    namespaces(l);
    all_planned(l->capabilities, l->n_capabilities, "capabilities",
                ",'capabilities':{'bounding':['", "']}", PROCESS);
    is_int(l->n_capabilities, 41, "as many as Linux has");
    memory_policy(l->memory_policy);
    ok(l->cgroup->v1 && l->cgroup->v2 && l->cgroup->rdma, "cgroup v1, v2 and rdma");
    ok(l->apparmor->enabled && l->selinux->enabled, "labels of both kinds");
    ok(l->mount_extensions->idmap->enabled, "id-mapped mounts");
}

/* A part that the planner refuses is not claimed, one that it takes is. */
static void claim(bool claimed, const char *linux_part, const char *what)
{
    cleanup_free char *why = NULL;
    bool good = claimed == planned("", "", linux_part, ",'type':'bind'", &why);
    if (!good)
        diag("claimed %d: %s", claimed, why ? why : "it can be planned");
    ok(good, "%s as the planner has it", what);
}

static void claims(void)
{
    struct oci_features_intel_rdt *rdt = f->linux->intel_rdt;
    claim(rdt->enabled, NAMESPACES ",'intelRdt':{'closID':'x','l3CacheSchema':'L3:0=f'}",
          "intelRdt");
    claim(rdt->schemata, NAMESPACES ",'intelRdt':{'closID':'x','schemata':['L3:0=f']}",
          "its schemata");
    claim(rdt->monitoring, NAMESPACES ",'intelRdt':{'closID':'x','enableMonitoring':true}",
          "its monitoring");
    claim(f->linux->net_devices->enabled,
          "'namespaces':[{'type':'network'},{'type':'mount'}],'netDevices':{'x':{}}", "netDevices");
    ok(!planned("", "", NAMESPACES, ",'type':'bind','options':['bind','idmap']", NULL),
       "control: idmap without mappings is not planned");
    ok(!planned("", "", "'namespaces':[{'type':'nosuch'}]", ",'type':'bind'", NULL),
       "control: nor an unknown namespace");
    ok(planned("", "", NAMESPACES, ",'type':'bind'", NULL), "control: without all this it is");
}

static void document(const char *text, size_t len, struct oci_doc **doc)
{
    struct oci_report report = OCI_REPORT_INIT;
    is_int(oci_features_parse(text, len, doc, &f, &report), 0,
           "the document is read by its schema");
    is_int(report.n_notes, 0, "and has nothing beside it");
    for (size_t i = 0; i < report.n_notes; i++)
        diag("%s: %s", report.notes[i].path, report.notes[i].message);
    oci_report_reset(&report);
    is_str(f->oci_version_min, "1.0.0", "ociVersionMin");
    is_str(f->oci_version_max, VL_OCI_VERSION, "ociVersionMax");
    ok(f->linux != NULL && f->linux->cgroup != NULL && f->linux->seccomp != NULL &&
           f->linux->apparmor != NULL && f->linux->selinux != NULL && f->linux->intel_rdt != NULL &&
           f->linux->memory_policy != NULL && f->linux->mount_extensions != NULL &&
           f->linux->mount_extensions->idmap != NULL && f->linux->net_devices != NULL,
       "all sections are there");
    ok(listed(f->potentially_unsafe_config_annotations, f->n_potentially_unsafe_config_annotations,
              "org.systemd.property."),
       "annotations with an effect are named");
    char *again;
    size_t again_len;
    is_int(oci_features_write(f, "  ", &again, &again_len), 0, "it can be written again");
    is_str(again, text, "as it was");
    free(again);
}

static void version(void)
{
    cleanup_free char *text = vl_op_version();
    unsigned named = 0;
    ok(strncmp(text, "veloci version " PACKAGE_VERSION "\ncommit: ",
               strlen("veloci version " PACKAGE_VERSION "\ncommit: ")) == 0,
       "--version begins with name, version and commit");
    ok(strstr(text, "\nspec: " VL_OCI_VERSION "\n") != NULL,
       "and tells the version of the specification");
    for (const char *p = text; (p = strstr(p, "version")) != NULL; p++)
        named++;
    is_int(named, 1, "no other line has the word by which Docker finds the version");
    is_int(strstr(text, " +net-devices ") != NULL, f->linux->net_devices->enabled,
           "its words agree with features");
    is_int(strstr(text, " +seccomp ") != NULL, f->linux->seccomp->enabled, "for seccomp too");
}

int main(void)
{
    struct oci_doc *doc = NULL;
    struct vl_error *e = NULL;
    cleanup_free char *text = NULL;
    size_t len;
    is_int(vl_op_features(&text, &len, &e), 0, "features");
    document(text, len, &doc);
    all_planned(f->hooks, f->n_hooks, "hooks", ",'hooks':{'", "':[{'path':'/h'}]}", TOP);
    is_int(f->n_hooks, 6, "six kinds of hooks");
    mount_options();
    linux_part();
    seccomp();
    claims();
    version();
    oci_doc_free(doc);
    return done_testing();
}
