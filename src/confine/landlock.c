/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/landlock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec.h>
#include "base/mem.h"
#include "spec/load.h"

/* -- tables (linux/landlock.h) --------------------------------------------------------------------- */

static const struct vl_landlock_right fs_rights[] = {
    {"execute", 1 << 0, 1, "5.13", 'x'},     {"write_file", 1 << 1, 1, "5.13", 'w'},
    {"read_file", 1 << 2, 1, "5.13", 'r'},   {"read_dir", 1 << 3, 1, "5.13", 'r'},
    {"remove_dir", 1 << 4, 1, "5.13", 'w'},  {"remove_file", 1 << 5, 1, "5.13", 'w'},
    {"make_char", 1 << 6, 1, "5.13", 'w'},   {"make_dir", 1 << 7, 1, "5.13", 'w'},
    {"make_reg", 1 << 8, 1, "5.13", 'w'},    {"make_sock", 1 << 9, 1, "5.13", 'w'},
    {"make_fifo", 1 << 10, 1, "5.13", 'w'},  {"make_block", 1 << 11, 1, "5.13", 'w'},
    {"make_sym", 1 << 12, 1, "5.13", 'w'},   {"refer", 1 << 13, 2, "5.19", 'w'},
    {"truncate", 1 << 14, 3, "6.2", 'w'},    {"ioctl_dev", 1 << 15, 5, "6.10", 'w'},
    {NULL, 0, 0, NULL, 0},
};
static const struct vl_landlock_right net_rights[] = {
    {"bind_tcp", 1 << 0, 4, "6.7", 0},
    {"connect_tcp", 1 << 1, 4, "6.7", 0},
    {NULL, 0, 0, NULL, 0},
};
static const struct vl_landlock_right scopes[] = {
    {"abstract_unix_socket", 1 << 0, 6, "6.12", 0},
    {"signal", 1 << 1, 6, "6.12", 0},
    {NULL, 0, 0, NULL, 0},
};
static const struct vl_landlock_right log_flags[] = {
    {"same_exec_off", 1 << 0, 7, "6.15", 0},
    {"new_exec_on", 1 << 1, 7, "6.15", 0},
    {"subdomains_off", 1 << 2, 7, "6.15", 0},
    {NULL, 0, 0, NULL, 0},
};
const struct vl_landlock_right *const vl_landlock_rights[VL_LL_KINDS] = {
    [VL_LL_FS] = fs_rights, [VL_LL_NET] = net_rights, [VL_LL_SCOPE] = scopes, [VL_LL_LOG] = log_flags};

static const char *const kind_names[VL_LL_KINDS] = {
    [VL_LL_FS] = "file system right", [VL_LL_NET] = "network right", [VL_LL_SCOPE] = "scope", [VL_LL_LOG] = "log flag"};

const char *vl_landlock_linux(int abi)
{
    static const char *const versions[VL_LANDLOCK_ABI_KNOWN + 1] = {NULL,  "5.13", "5.19", "6.2",
                                                                    "6.7", "6.10", "6.12", "6.15"};
    return abi >= 1 && abi <= VL_LANDLOCK_ABI_KNOWN ? versions[abi] : NULL;
}

/* What an ABI knows; everything for one that is newer than the table. */
static uint64_t known_to(enum vl_landlock_kind kind, int abi)
{
    uint64_t mask = abi > VL_LANDLOCK_ABI_KNOWN ? UINT64_MAX : 0;

    for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
        mask |= r->abi <= abi ? r->bit : 0;
    return mask;
}

char *vl_landlock_words(enum vl_landlock_kind kind, uint64_t mask)
{
    struct vl_str b = VL_STR_INIT;

    for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
        if ((mask & r->bit) != 0) {
            vl_str_addf(&b, "%s%s", b.len > 0 ? ", " : "", r->name);
            mask &= ~r->bit;
        }
    if (mask != 0)
        vl_str_addf(&b, "%s0x%llx", b.len > 0 ? ", " : "", (unsigned long long)mask);
    return vl_str_take(&b);
}

/* -- words to masks -------------------------------------------------------------------------------- */

struct compiler {
    const struct oci_landlock *doc;
    const char *where; /* of the document */
    int abi, group_abi;
    bool relax;
    struct vl_landlock *out;
    struct vl_strv *notes;
    struct vl_error **list;
};

__attribute__((format(printf, 3, 4))) static void bad(struct compiler *c, const char *place, const char *fmt, ...)
{
    struct vl_error *e = NULL;
    char text[512], at[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)snprintf(at, sizeof(at), "%s: %s", c->where, place);
    vl_err_config(&e, at, "%s", text);
    vl_err_collect(c->list, &e);
}

/* The words of the kernel's header, with either mark between them. */
static bool same_word(const char *name, const char *word)
{
    for (; *name != '\0' && *word != '\0'; name++, word++)
        if (*name != *word && !(*name == '_' && *word == '-'))
            return false;
    return *name == *word;
}

static bool group_mask(enum vl_landlock_kind kind, const char *word, int abi, uint64_t *ret)
{
    static const struct {
        const char *word;
        char group;
    } groups[] = {{"read", 'r'}, {"write", 'w'}, {"exec", 'x'}};
    char group = 0;

    for (size_t i = 0; kind == VL_LL_FS && i < VL_ARRAY_LEN(groups); i++)
        if (vl_streq(word, groups[i].word))
            group = groups[i].group;
    if (group == 0 && (kind == VL_LL_LOG || !vl_streq(word, "all")))
        return false;
    for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
        if (r->abi <= abi && (group == 0 || r->group == group))
            *ret |= r->bit;
    return true;
}

static bool word_mask(enum vl_landlock_kind kind, const char *word, uint64_t *ret)
{
    uint64_t mask;

    for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
        if (same_word(r->name, word)) {
            *ret |= r->bit;
            return true;
        }
    if (word[0] < '0' || word[0] > '9' || vl_parse_u64(word, 0, &mask) < 0)
        return false;
    *ret |= mask;
    return true;
}

/* *ret_groups: what came from groups, which give way to what is handled. */
static uint64_t masks(struct compiler *c, enum vl_landlock_kind kind, char *const *words, size_t n, const char *place,
                      uint64_t *ret_groups)
{
    uint64_t mask = 0, groups = 0;

    for (size_t i = 0; i < n; i++)
        if (!group_mask(kind, words[i], c->group_abi, &groups) && !word_mask(kind, words[i], &mask))
            bad(c, place, "`%s` is no %s of Landlock", words[i], kind_names[kind]);
    if (ret_groups != NULL)
        *ret_groups = groups;
    return mask | groups;
}

/* What this kernel lacks: refused, or in mode relax left out and said. */
static uint64_t on_this_kernel(struct compiler *c, enum vl_landlock_kind kind, uint64_t mask)
{
    uint64_t missing = mask & ~known_to(kind, c->abi);
    int needed = 0;

    if (missing == 0)
        return mask;
    cleanup_free char *words = vl_landlock_words(kind, missing);
    for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
        if ((missing & r->bit) != 0 && r->abi > needed)
            needed = r->abi;
    const char *version = vl_landlock_linux(needed);
    cleanup_free char *needs = version == NULL ? vl_strdup("a newer Linux")
                                               : vl_asprintf("Landlock ABI %d (Linux %s)", needed, version);
    if (c->relax) {
        vl_strv_addf(c->notes, "landlock: %s %s left out: needs %s, this kernel has ABI %d", kind_names[kind], words, needs,
                     c->abi);
        return mask & ~missing;
    }
    struct vl_error *e = NULL;
    vl_err_unsupported(&e, "landlock", "Landlock %s %s: needs %s, this kernel has ABI %d", kind_names[kind], words, needs,
                       c->abi);
    vl_err_at(&e, "%s", c->where);
    vl_err_collect(c->list, &e);
    return mask;
}

/* -- the document ---------------------------------------------------------------------------------- */

static void read_mode(struct compiler *c)
{
    const char *mode = c->doc->mode;

    c->relax = mode != NULL && vl_streq(mode, "relax");
    if (mode != NULL && !c->relax && !vl_streq(mode, "enforce"))
        bad(c, "mode", "`%s` is neither enforce nor relax", mode);
    c->group_abi = VL_LANDLOCK_ABI_KNOWN;
    if (!c->doc->has_abi_min)
        return;
    if (c->doc->abi_min == 0 || c->doc->abi_min > 1000) {
        bad(c, "abiMin", "%u is no ABI of Landlock", c->doc->abi_min);
        return;
    }
    c->group_abi = (int)c->doc->abi_min;
    if (c->abi >= c->group_abi)
        return;
    const char *version = vl_landlock_linux(c->group_abi);
    struct vl_error *e = NULL;
    vl_err_unsupported(&e, "landlock", "Landlock ABI %d is demanded%s%s%s, this kernel has %d", c->group_abi,
                       version != NULL ? " (Linux " : "", version != NULL ? version : "", version != NULL ? ")" : "", c->abi);
    vl_err_at(&e, "%s: abiMin", c->where);
    vl_err_collect(c->list, &e);
}

/* A rule implies that its kind of right is handled: rules without effect would look like confinement. */
static uint64_t handled(struct compiler *c, enum vl_landlock_kind kind, bool given, char *const *words, size_t n,
                        const char *place, bool ruled)
{
    uint64_t mask = 0;

    if (given)
        mask = masks(c, kind, words, n, place, NULL);
    else if (ruled)
        (void)group_mask(kind, "all", c->group_abi, &mask);
    return on_this_kernel(c, kind, mask);
}

static void *grown(void *array, size_t n, size_t size)
{
    void *p = realloc(array, (n + 1) * size);
    if (p == NULL)
        vl_oom();
    memset((char *)p + n * size, 0, size);
    return p;
}

static void add_path(struct compiler *c, const char *place, size_t rule, const char *path, uint64_t access)
{
    struct vl_landlock *l = c->out;

    if (path[0] != '/') {
        bad(c, place, "the path `%s` is not absolute", path);
        return;
    }
    l->path = grown(l->path, l->n_path, sizeof(*l->path));
    l->path[l->n_path++] = (struct vl_landlock_path){.path = vl_strdup(path),
                                                     .access = access,
                                                     .optional = c->doc->rules[rule].optional,
                                                     .rule = rule};
}

static void add_port(struct compiler *c, size_t rule, uint16_t port, uint64_t access)
{
    struct vl_landlock *l = c->out;

    l->port = grown(l->port, l->n_port, sizeof(*l->port));
    l->port[l->n_port++] = (struct vl_landlock_port){.port = port, .access = access, .rule = rule};
}

/* Named rights must be handled; of groups counts what is. */
static uint64_t rule_access(struct compiler *c, enum vl_landlock_kind kind, const struct oci_landlock_rule *r, const char *place,
                            uint64_t handled_mask)
{
    uint64_t groups, mask = masks(c, kind, r->access, r->n_access, place, &groups);
    uint64_t stray = (mask & ~groups) & ~handled_mask;

    if (c->relax)
        stray &= known_to(kind, c->abi);
    if (stray != 0) {
        cleanup_free char *words = vl_landlock_words(kind, stray);
        bad(c, place, "%s is allowed, but not among the handled rights: the rule would have no effect", words);
    }
    return mask & handled_mask;
}

static void add_rule(struct compiler *c, size_t i)
{
    const struct oci_landlock_rule *r = &c->doc->rules[i];
    size_t n_paths = r->n_paths + (r->path != NULL), n_ports = r->n_ports + r->has_port;
    char place[64];

    (void)snprintf(place, sizeof(place), "rules[%zu]", i);
    if ((n_paths > 0) == (n_ports > 0)) {
        bad(c, place, "a rule is about paths or about ports");
        return;
    }
    uint64_t access = rule_access(c, n_paths > 0 ? VL_LL_FS : VL_LL_NET, r, place,
                                  n_paths > 0 ? c->out->handled_fs : c->out->handled_net);
    if (access == 0)
        return; /* relaxed away, or an error already; a rule that allows nothing changes nothing */
    if (r->path != NULL)
        add_path(c, place, i, r->path, access);
    for (size_t k = 0; k < r->n_paths; k++)
        add_path(c, place, i, r->paths[k], access);
    if (r->has_port)
        add_port(c, i, r->port, access);
    for (size_t k = 0; k < r->n_ports; k++)
        add_port(c, i, r->ports[k], access);
}

static bool about_paths(const struct oci_landlock_rule *r)
{
    return r->path != NULL || r->n_paths > 0;
}

static void compile(struct compiler *c)
{
    const struct oci_landlock *d = c->doc;
    struct vl_landlock *l = c->out;
    bool paths = false, ports = false;

    read_mode(c);
    if (*c->list != NULL)
        return;
    for (size_t i = 0; i < d->n_rules; i++) {
        paths |= about_paths(&d->rules[i]);
        ports |= !about_paths(&d->rules[i]);
    }
    l->handled_fs = handled(c, VL_LL_FS, d->has_handled_fs, d->handled_fs, d->n_handled_fs, "handledFs", paths);
    l->handled_net = handled(c, VL_LL_NET, d->has_handled_net, d->handled_net, d->n_handled_net, "handledNet", ports);
    l->scoped = handled(c, VL_LL_SCOPE, d->has_scoped, d->scoped, d->n_scoped, "scoped", false);
    l->flags = (uint32_t)handled(c, VL_LL_LOG, d->has_log, d->log, d->n_log, "log", false);
    for (size_t i = 0; i < d->n_rules; i++)
        add_rule(c, i);
    bool asked = d->n_handled_fs > 0 || d->n_handled_net > 0 || d->n_scoped > 0 || d->n_rules > 0;
    if (!asked && *c->list == NULL)
        bad(c, "handledFs", "nothing is handled, scoped or allowed: no confinement would come of it");
}

/* What the reader only notes is a fault here: a right under a misspelt name would not be handled. */
static int parse(const char *text, const char *where, struct oci_doc **doc, struct oci_landlock **ret, struct vl_error **err)
{
    struct oci_report report = OCI_REPORT_INIT;
    cleanup(strv) struct vl_strv notes = {NULL, 0};
    int r = oci_landlock_parse(text, strlen(text), doc, ret, &report);

    if (vl_doc_result(r, &report, where, &notes, err) < 0)
        return -1;
    return notes.n == 0 ? 0 : vl_err_config(err, where, "%s", notes.v[0]);
}

int vl_landlock_compile(const char *text, const char *where, int abi, struct vl_landlock **ret, struct vl_strv *notes,
                        struct vl_error **err)
{
    cleanup(landlock) struct vl_landlock *l = vl_alloc(sizeof(*l));
    struct vl_error *list = NULL;
    struct oci_doc *doc = NULL;
    struct oci_landlock *d = NULL;

    *ret = NULL;
    if (parse(text, where, &doc, &d, err) < 0) {
        oci_doc_free(doc);
        return -1;
    }
    struct compiler c = {.doc = d, .where = where, .abi = abi, .out = l, .notes = notes, .list = &list};
    compile(&c);
    oci_doc_free(doc);
    if (list != NULL) {
        *err = list;
        return -1;
    }
    if (l->handled_fs != 0 || l->handled_net != 0 || l->scoped != 0)
        *ret = vl_take_ptr(l);
    return 0;
}

void vl_landlock_free(struct vl_landlock *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n_path; i++)
        free(l->path[i].path);
    free(l->path);
    free(l->port);
    free(l);
}
