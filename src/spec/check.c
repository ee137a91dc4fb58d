/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of config.json outside its process and linux sections (config.md). */
#include "spec/checker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "spec/annot.h"

#define UTS_NAME_MAX 64 /* uname(2), __NEW_UTS_LEN */

/* A number without leading zeros; moves on. */
static bool take_numeric(const char **s)
{
    size_t n = strspn(*s, "0123456789");
    bool good = n == 1 || (n > 1 && **s != '0');
    *s += n;
    return good;
}

/* Dot-separated identifiers after - or + (semver.org, items 9 and 10); moves on. */
static bool take_identifiers(const char **s, bool numbers_plain)
{
    for (;;) {
        size_t n = strspn(*s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
        if (n == 0)
            return false;
        if (numbers_plain && n > 1 && **s == '0' && strspn(*s, "0123456789") == n)
            return false;
        *s += n;
        if (**s != '.')
            return true;
        (*s)++;
    }
}

/* semver.org 2.0.0 */
static bool is_semver(const char *s)
{
    for (int i = 0; i < 3; i++) {
        if (i > 0 && *s++ != '.')
            return false;
        if (!take_numeric(&s))
            return false;
    }
    if (*s == '-') {
        s++;
        if (!take_identifiers(&s, true))
            return false;
    }
    if (*s == '+') {
        s++;
        if (!take_identifiers(&s, false))
            return false;
    }
    return *s == '\0';
}

static void check_version(struct vl_checker *c, const char *version)
{
    if (!is_semver(version))
        vl_bad(c, "ociVersion", "`%s` is not a semantic version such as 1.3.0", version);
    else if (!vl_starts_with(version, "1."))
        vl_bad(c, "ociVersion", "version %s is not supported, only 1.x is", version);
}

static bool has_word(char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (vl_streq(words[i], word))
            return true;
    return false;
}

static void check_mount(struct vl_checker *c, const struct oci_mount *m)
{
    bool bind = has_word(m->options, m->n_options, "bind") ||
                has_word(m->options, m->n_options, "rbind") ||
                (m->type != NULL && vl_streq(m->type, "bind"));
    size_t i = c->i;
    if (m->destination[0] == '\0')
        vl_bad(c, "mounts[].destination", "the destination is empty");
    if (!vl_is_set(m->type) && !bind)
        vl_bad(c, "mounts[].type", "`%s` has no type and is no bind mount", m->destination);
    if (bind && !vl_is_set(m->source))
        vl_bad(c, "mounts[].source", "the bind mount at `%s` has no source", m->destination);
    if ((m->n_uid_mappings > 0) != (m->n_gid_mappings > 0))
        vl_bad(c, "mounts[]", "uidMappings and gidMappings must come together");
    vl_check_mappings(c, "mounts[].uidMappings[]", m->uid_mappings, m->n_uid_mappings);
    vl_check_mappings(c, "mounts[].gidMappings[]", m->gid_mappings, m->n_gid_mappings);
    c->i = i;
}

static void check_hook_list(struct vl_checker *c, const char *where, const struct oci_hook *h,
                            size_t n)
{
    cleanup_free char *path = vl_asprintf("%s[].path", where);
    cleanup_free char *timeout = vl_asprintf("%s[].timeout", where);
    for (c->i = 0; c->i < n; c->i++) {
        vl_check_abs(c, path, "hook", h[c->i].path);
        if (h[c->i].has_timeout && h[c->i].timeout <= 0)
            vl_bad(c, timeout, "timeout %lld is not above 0 seconds", (long long)h[c->i].timeout);
    }
}

static void check_hooks(struct vl_checker *c, const struct oci_hooks *h)
{
    check_hook_list(c, "hooks.prestart", h->prestart, h->n_prestart);
    check_hook_list(c, "hooks.createRuntime", h->create_runtime, h->n_create_runtime);
    check_hook_list(c, "hooks.createContainer", h->create_container, h->n_create_container);
    check_hook_list(c, "hooks.startContainer", h->start_container, h->n_start_container);
    check_hook_list(c, "hooks.poststart", h->poststart, h->n_poststart);
    check_hook_list(c, "hooks.poststop", h->poststop, h->n_poststop);
}

static void check_uts_name(struct vl_checker *c, const struct oci_config *config, const char *where,
                           const char *name)
{
    bool uts = false;
    if (!vl_is_set(name))
        return;
    for (size_t i = 0; config->linux != NULL && i < config->linux->n_namespaces; i++)
        uts |= vl_streq(config->linux->namespaces[i].type, "uts");
    if (config->linux != NULL && !uts)
        vl_bad(c, where, "setting the %s needs a UTS namespace", where);
    if (strlen(name) > UTS_NAME_MAX)
        vl_bad(c, where, "the %s is longer than %d characters", where, UTS_NAME_MAX);
    vl_check_line(c, where, name);
}

int vl_spec_check(const struct vl_spec *spec, struct vl_error **err)
{
    const struct oci_config *config = spec->config;
    struct vl_error *list = NULL;
    struct vl_checker c = {.list = &list, .at = ""};

    check_version(&c, config->oci_version);
    if (config->linux == NULL)
        vl_bad(&c, "linux", "the linux section is missing");
    if (config->root == NULL)
        vl_bad(&c, "root", "the root file system is missing");
    else if (config->root->path[0] == '\0')
        vl_bad(&c, "root.path", "the path is empty");
    if (config->process != NULL)
        vl_check_process(config->process, "process", &list);
    for (c.i = 0; c.i < config->n_mounts; c.i++)
        check_mount(&c, &config->mounts[c.i]);
    if (config->hooks != NULL)
        check_hooks(&c, config->hooks);
    check_uts_name(&c, config, "hostname", config->hostname);
    check_uts_name(&c, config, "domainname", config->domainname);
    if (config->linux != NULL)
        vl_check_linux(config, &list);
    vl_check_annots(config, &list);
    *err = list;
    return list != NULL ? -1 : 0;
}

void vl_note_config(const struct oci_config *config, struct vl_strv *notes)
{
    if (config->process != NULL)
        vl_note_process(config->process, "process", notes);
    for (size_t i = 0; i < config->n_mounts; i++)
        if (config->mounts[i].destination[0] != '/')
            vl_strv_addf(notes, "mounts[%zu].destination: `%s` is taken as relative to /", i,
                         config->mounts[i].destination);
}
