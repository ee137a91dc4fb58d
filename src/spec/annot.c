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

#define UNSAFE true
#define BELOW_PREFIX false /* its family's row says so, or it does nothing */

/* Rows with a final dot come last: the first match counts. */
const struct vl_annot vl_annots[] = {
    {"run.oci.mount_context_type", VL_ANNOT_WORD, BELOW_PREFIX, "context fscontext defcontext rootcontext ",
     "The SELinux mount option by which linux.mountLabel is applied; context without it."},
    {"run.oci.seccomp.receiver", VL_ANNOT_PATH, BELOW_PREFIX, NULL,
     "Socket of the seccomp agent, for a profile with SCMP_ACT_NOTIFY and without listenerPath."},
    {"run.oci.seccomp.plugins", VL_ANNOT_MISSING, BELOW_PREFIX, "plugins for seccomp notifications",
     "Shared objects that answer seccomp notifications: refused, an agent at a socket does the same."},
    {"run.oci.seccomp_fail_unknown_syscall", VL_ANNOT_BOOL, BELOW_PREFIX, NULL,
     "A system call in linux.seccomp that nobody knows is an error instead of being left out."},
    {"run.oci.seccomp_bpf_data", VL_ANNOT_STRING, BELOW_PREFIX, NULL,
     "A ready-made filter, in base64, that is loaded instead of the rules of linux.seccomp."},
    {"run.oci.keep_original_groups", VL_ANNOT_BOOL, BELOW_PREFIX, NULL,
     "The process keeps the supplementary groups of the caller."},
    {"run.oci.pidfd_receiver", VL_ANNOT_PATH, BELOW_PREFIX, NULL,
     "Socket (stream) that gets a pidfd of the container's first process, before createRuntime hooks run."},
    {"run.oci.hooks.stdout", VL_ANNOT_PATH, BELOW_PREFIX, NULL,
     "File to which the standard output of hooks on the host is appended; /dev/null without it."},
    {"run.oci.hooks.stderr", VL_ANNOT_PATH, BELOW_PREFIX, NULL,
     "File to which the standard error of hooks on the host is appended; /dev/null without it."},
    {"run.oci.systemd.subgroup", VL_ANNOT_NAME, BELOW_PREFIX, NULL,
     "Name of the cgroup below the systemd scope in which the container lives; empty for none."},
    {"run.oci.systemd.force_cgroup_v1", VL_ANNOT_PATH, BELOW_PREFIX, NULL,
     "The mount at this destination becomes a cgroup v1 hierarchy name=systemd, for old systemd inside."},
    {"run.oci.delegate-cgroup", VL_ANNOT_SUBPATH, BELOW_PREFIX, NULL,
     "The process starts in this cgroup below the container's, which belongs to the container's root and has no "
     "limits of its own; cgroup v2 only."},
    {"run.oci.timens_offset", VL_ANNOT_OFFSETS, BELOW_PREFIX, NULL,
     "Offsets of a new time namespace, as lines CLOCK SECONDS NANOSECONDS; linux.timeOffsets says the same."},
    {"run.oci.handler", VL_ANNOT_MISSING, BELOW_PREFIX, "handlers beside execve",
     "Another way to run the program, such as a virtual machine: refused, a process would be less isolated."},
    {"module.wasm.image/variant", VL_ANNOT_IGNORED, BELOW_PREFIX, NULL,
     "Asks for a WebAssembly engine where there is one: none is here, a module fails as no executable format."},
    {"io.kubernetes.cri.container-type", VL_ANNOT_IGNORED, BELOW_PREFIX, NULL,
     "Tells handlers which container is the sandbox: there are no handlers."},
    {"org.criu.config", VL_ANNOT_IGNORED, UNSAFE, NULL,
     "Configuration file for checkpoints of this container: create and run have no use for it."},
    {"org.systemd.property.", VL_ANNOT_STRING, UNSAFE, NULL,
     "Property of the systemd scope, the value in gvariant text; without the systemd cgroup manager it has no effect."},
    {"krun.", VL_ANNOT_IGNORED, BELOW_PREFIX, NULL,
     "Size of a virtual machine: only for the handler of that name, which is refused."},
    {"run.oci.", VL_ANNOT_IGNORED, UNSAFE, NULL, "What is not listed here has no effect."},
    {"run.veloci.plan.digest", VL_ANNOT_STRING, BELOW_PREFIX, NULL,
     "The launch is refused unless its plan has this digest (`veloci plan` prints it)."},
    {"run.veloci.landlock", VL_ANNOT_STRING, BELOW_PREFIX, NULL,
     "A Landlock ruleset as JSON, in force when the container's program starts."},
    {"run.veloci.", VL_ANNOT_MISSING, UNSAFE, "such feature",
     "Requests to this program; what is not listed here is refused."},
    {NULL, VL_ANNOT_STRING, BELOW_PREFIX, NULL, NULL},
};

void vl_annots_unsafe(struct vl_strv *ret)
{
    for (const struct vl_annot *a = vl_annots; a->name != NULL; a++)
        if (a->unsafe)
            vl_strv_add(ret, a->name);
}

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

static bool is_subpath(const char *s)
{
    for (const char *end; ; s = end + 1) {
        end = s + strcspn(s, "/");
        size_t n = (size_t)(end - s);
        if (n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        if (*end == '\0')
            return true;
    }
}

/* time_namespaces(7): CLOCK SECONDS NANOSECONDS, a clock by name or number. */
static bool is_offset(const char *line, size_t n)
{
    static const char *const clocks[] = {"monotonic ", "boottime ", "1 ", "7 "};
    size_t at = 0;
    for (size_t i = 0; at == 0 && i < VL_ARRAY_LEN(clocks); i++)
        if (strncmp(line, clocks[i], strlen(clocks[i])) == 0)
            at = strlen(clocks[i]);
    size_t sign = at > 0 && line[at] == '-';
    size_t secs = strspn(line + at + sign, "0123456789"), next = at + sign + secs;
    if (at == 0 || secs == 0 || secs > 18 || line[next] != ' ')
        return false;
    size_t nanos = strspn(line + next + 1, "0123456789");
    return nanos > 0 && nanos <= 9 && next + 1 + nanos == n;
}

static bool are_offsets(const char *s)
{
    do {
        size_t n = strcspn(s, "\n");
        if (!is_offset(s, n))
            return false;
        s += n + (s[n] == '\n');
    } while (*s != '\0');
    return true;
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
    case VL_ANNOT_SUBPATH:
        if (!is_subpath(s) || strchr(s, '\n') != NULL)
            vl_bad(c, where, "`%s` is no relative path without `..`", s);
        break;
    case VL_ANNOT_OFFSETS:
        if (!are_offsets(s))
            vl_bad(c, where, "`%s` is not of the form CLOCK SECONDS NANOSECONDS", s);
        break;
    case VL_ANNOT_IGNORED:
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
