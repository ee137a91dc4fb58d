/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known annotations. Unknown ones are ignored as config.md#annotations wants, except below
 * run.veloci.: these are requests to this program, many of them for confinement, and one that it
 * does not understand must not be taken for granted.
 */
#include "spec/annot.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "spec/checker.h"

/* Rows with a final dot come last: the first match counts. */
const struct vl_annot vl_annots[] = {
    {"run.oci.mount_context_type", VL_ANNOT_WORD, "context fscontext defcontext rootcontext "},
    {"run.oci.seccomp.receiver", VL_ANNOT_PATH, NULL},
    {"run.oci.seccomp.plugins", VL_ANNOT_MISSING, "plugins for seccomp notifications"},
    {"run.oci.seccomp_fail_unknown_syscall", VL_ANNOT_BOOL, NULL},
    {"run.oci.seccomp_bpf_data", VL_ANNOT_STRING, NULL},
    {"run.oci.keep_original_groups", VL_ANNOT_BOOL, NULL},
    {"run.oci.pidfd_receiver", VL_ANNOT_MISSING, "code that sends pidfds"},
    {"run.oci.hooks.stdout", VL_ANNOT_PATH, NULL},
    {"run.oci.hooks.stderr", VL_ANNOT_PATH, NULL},
    {"run.oci.systemd.subgroup", VL_ANNOT_NAME, NULL},
    {"run.oci.systemd.force_cgroup_v1", VL_ANNOT_PATH, NULL},
    {"run.oci.delegate-cgroup", VL_ANNOT_MISSING, "cgroups below the container's own"},
    {"run.oci.handler", VL_ANNOT_MISSING, "handlers beside execve"},
    {"org.systemd.property.", VL_ANNOT_STRING, NULL},
    {"run.veloci.", VL_ANNOT_MISSING, "such feature"},
    {NULL, VL_ANNOT_STRING, NULL},
};

const char *vl_kv_get(const struct oci_kv *kv, size_t n, const char *key)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(key, kv[mid].key);
        if (order == 0)
            return kv[mid].value;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const char *vl_annot(const struct vl_spec *spec, const char *key)
{
    return vl_kv_get(spec->config->annotations, spec->config->n_annotations, key);
}

/* 1, 0, or -1 for neither */
static int truth(const char *s)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no",
                                                                                "off"};
    for (size_t i = 0; i < VL_ARRAY_LEN(yes); i++) {
        if (strcasecmp(s, yes[i]) == 0)
            return 1;
        if (strcasecmp(s, no[i]) == 0)
            return 0;
    }
    return -1;
}

bool vl_annot_bool(const struct vl_spec *spec, const char *key, bool dflt)
{
    const char *s = vl_annot(spec, key);
    return s == NULL ? dflt : truth(s) > 0;
}

static const struct vl_annot *find(const char *key)
{
    for (const struct vl_annot *a = vl_annots; a->name != NULL; a++) {
        bool prefix = a->name[strlen(a->name) - 1] == '.';
        if (prefix ? vl_starts_with(key, a->name) : vl_streq(key, a->name))
            return a;
    }
    return NULL;
}

static bool is_word(const char *words, const char *s)
{
    cleanup_free char *word = vl_asprintf("%s ", s);
    const char *at = strchr(s, ' ') == NULL ? strstr(words, word) : NULL;
    return at != NULL && (at == words || at[-1] == ' ');
}

static void check_value(struct vl_checker *c, const struct vl_annot *a, const char *key,
                        const char *s)
{
    cleanup_free char *where = vl_asprintf("annotations[\"%s\"]", key);
    struct vl_error *e = NULL;
    switch (a->type) {
    case VL_ANNOT_STRING:
        break;
    case VL_ANNOT_BOOL:
        if (truth(s) < 0)
            vl_bad(c, where, "`%s` is neither true nor false", s);
        break;
    case VL_ANNOT_PATH:
        vl_check_abs(c, where, "the value", s);
        break;
    case VL_ANNOT_NAME:
        if (strpbrk(s, "/\n") != NULL || vl_streq(s, ".") || vl_streq(s, ".."))
            vl_bad(c, where, "`%s` is no single name", s);
        break;
    case VL_ANNOT_WORD:
        if (!is_word(a->detail, s))
            vl_bad(c, where, "`%s` is none of: %.*s", s, (int)strlen(a->detail) - 1, a->detail);
        break;
    case VL_ANNOT_MISSING:
        vl_err_unsupported(&e, key, "annotation `%s`: this version has no %s", key, a->detail);
        e->where = vl_strdup(where);
        vl_err_collect(c->list, &e);
        break;
    }
}

void vl_check_annots(const struct oci_config *config, struct vl_error **list)
{
    struct vl_checker c = {.list = list, .at = ""};
    for (size_t i = 0; i < config->n_annotations; i++) {
        const struct oci_kv *kv = &config->annotations[i];
        const struct vl_annot *a = find(kv->key);
        if (a != NULL)
            check_value(&c, a, kv->key, kv->value);
    }
}
