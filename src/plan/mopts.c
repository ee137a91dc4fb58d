/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mount option words, and its reader. mount(8), mount_setattr(2), config.md#linux-mount-options. */
#include "plan/mopts.h"

#include <sys/mount.h>
#include "base/attr.h"
#include "sys/compat.h"

enum kind {
    NOTHING,     /* known, changes nothing */
    SET,         /* attribute of the mount */
    CLEAR,
    ATIME,       /* access time: this rule */
    NOT_ATIME,   /* access time: not this rule, so the kernel's default when it was chosen or nothing was */
    SB_SET,      /* flag of the superblock */
    SB_CLEAR,
    PROPAGATION,
    BIND,
    RBIND,
    REMOUNT,
    IDMAP,
    TMPCOPYUP,
    COPY_SYMLINK,
    SRC_NOFOLLOW,
    DEST_NOFOLLOW,
};

struct word {
    const char *name;
    enum kind kind;
    bool recursive;
    uint32_t value;
};

#define PLAIN(name, kind)                                                                          \
    {                                                                                              \
        name, kind, false, 0                                                                       \
    }

/* Sorted by name: looked up by bisection, and printed in this order by `features`. */
static const struct word words[] = {
    {"async", SB_CLEAR, false, MS_SYNCHRONOUS},
    {"atime", NOT_ATIME, false, MOUNT_ATTR_NOATIME},
    PLAIN("bind", BIND),
    PLAIN("copy-symlink", COPY_SYMLINK),
    PLAIN("defaults", NOTHING),
    PLAIN("dest-nofollow", DEST_NOFOLLOW),
    {"dev", CLEAR, false, MOUNT_ATTR_NODEV},
    {"diratime", CLEAR, false, MOUNT_ATTR_NODIRATIME},
    {"dirsync", SB_SET, false, MS_DIRSYNC},
    {"exec", CLEAR, false, MOUNT_ATTR_NOEXEC},
    PLAIN("idmap", IDMAP),
    {"iversion", SB_SET, false, MS_I_VERSION},
    {"lazytime", SB_SET, false, MS_LAZYTIME},
    {"loud", SB_CLEAR, false, MS_SILENT},
    {"mand", SB_SET, false, MS_MANDLOCK},
    {"noatime", ATIME, false, MOUNT_ATTR_NOATIME},
    {"nodev", SET, false, MOUNT_ATTR_NODEV},
    {"nodiratime", SET, false, MOUNT_ATTR_NODIRATIME},
    {"noexec", SET, false, MOUNT_ATTR_NOEXEC},
    {"noiversion", SB_CLEAR, false, MS_I_VERSION},
    {"nolazytime", SB_CLEAR, false, MS_LAZYTIME},
    {"nomand", SB_CLEAR, false, MS_MANDLOCK},
    {"norelatime", NOT_ATIME, false, MOUNT_ATTR_RELATIME},
    {"nostrictatime", NOT_ATIME, false, MOUNT_ATTR_STRICTATIME},
    {"nosuid", SET, false, MOUNT_ATTR_NOSUID},
    {"nosymfollow", SET, false, MOUNT_ATTR_NOSYMFOLLOW},
    {"private", PROPAGATION, false, MS_PRIVATE},
    {"rasync", SB_CLEAR, true, MS_SYNCHRONOUS},
    {"ratime", NOT_ATIME, true, MOUNT_ATTR_NOATIME},
    PLAIN("rbind", RBIND),
    {"rdev", CLEAR, true, MOUNT_ATTR_NODEV},
    {"rdiratime", CLEAR, true, MOUNT_ATTR_NODIRATIME},
    {"rdirsync", SB_SET, true, MS_DIRSYNC},
    {"relatime", ATIME, false, MOUNT_ATTR_RELATIME},
    PLAIN("remount", REMOUNT),
    {"rexec", CLEAR, true, MOUNT_ATTR_NOEXEC},
    {"ridmap", IDMAP, true, 0},
    {"rmand", SB_SET, true, MS_MANDLOCK},
    {"rnoatime", ATIME, true, MOUNT_ATTR_NOATIME},
    {"rnodev", SET, true, MOUNT_ATTR_NODEV},
    {"rnodiratime", SET, true, MOUNT_ATTR_NODIRATIME},
    {"rnoexec", SET, true, MOUNT_ATTR_NOEXEC},
    {"rnomand", SB_CLEAR, true, MS_MANDLOCK},
    {"rnorelatime", NOT_ATIME, true, MOUNT_ATTR_RELATIME},
    {"rnostrictatime", NOT_ATIME, true, MOUNT_ATTR_STRICTATIME},
    {"rnosuid", SET, true, MOUNT_ATTR_NOSUID},
    {"rnosymfollow", SET, true, MOUNT_ATTR_NOSYMFOLLOW},
    {"ro", SET, false, MOUNT_ATTR_RDONLY},
    {"rprivate", PROPAGATION, true, MS_PRIVATE},
    {"rrelatime", ATIME, true, MOUNT_ATTR_RELATIME},
    {"rro", SET, true, MOUNT_ATTR_RDONLY},
    {"rrw", CLEAR, true, MOUNT_ATTR_RDONLY},
    {"rshared", PROPAGATION, true, MS_SHARED},
    {"rslave", PROPAGATION, true, MS_SLAVE},
    {"rstrictatime", ATIME, true, MOUNT_ATTR_STRICTATIME},
    {"rsuid", CLEAR, true, MOUNT_ATTR_NOSUID},
    {"rsymfollow", CLEAR, true, MOUNT_ATTR_NOSYMFOLLOW},
    {"rsync", SB_SET, true, MS_SYNCHRONOUS},
    {"runbindable", PROPAGATION, true, MS_UNBINDABLE},
    {"rw", CLEAR, false, MOUNT_ATTR_RDONLY},
    {"shared", PROPAGATION, false, MS_SHARED},
    {"silent", SB_SET, false, MS_SILENT},
    {"slave", PROPAGATION, false, MS_SLAVE},
    PLAIN("src-nofollow", SRC_NOFOLLOW),
    {"strictatime", ATIME, false, MOUNT_ATTR_STRICTATIME},
    {"suid", CLEAR, false, MOUNT_ATTR_NOSUID},
    {"symfollow", CLEAR, false, MOUNT_ATTR_NOSYMFOLLOW},
    {"sync", SB_SET, false, MS_SYNCHRONOUS},
    PLAIN("tmpcopyup", TMPCOPYUP),
    {"unbindable", PROPAGATION, false, MS_UNBINDABLE},
};

static int by_name(const void *key, const void *word)
{
    return strcmp(key, ((const struct word *)word)->name);
}

static const struct word *find_word(const char *name)
{
    return bsearch(name, words, VL_ARRAY_LEN(words), sizeof(words[0]), by_name);
}

const char *vl_mopts_word(size_t index)
{
    return index < VL_ARRAY_LEN(words) ? words[index].name : NULL;
}

/* The access time rule is a field, not a set of bits: mount_setattr(2) wants the whole field cleared. */
static void choose_atime(struct vl_mount_attrs *a, uint64_t rule)
{
    a->set = (a->set & ~(uint64_t)MOUNT_ATTR__ATIME) | rule;
    a->clear |= MOUNT_ATTR__ATIME;
}

static void apply_attr(struct vl_mount_attrs *a, enum kind kind, uint64_t value)
{
    bool chosen = (a->clear & MOUNT_ATTR__ATIME) != 0;
    if (kind == SET) {
        a->set |= value;
        a->clear &= ~value;
    } else if (kind == CLEAR) {
        a->clear |= value;
        a->set &= ~value;
    } else if (kind == ATIME) {
        choose_atime(a, value);
    } else if (!chosen || (a->set & MOUNT_ATTR__ATIME) == value) {
        choose_atime(a, MOUNT_ATTR_RELATIME);
    }
}

static void apply_word(struct vl_mopts *m, const struct word *w)
{
    switch (w->kind) {
    case SET:
    case CLEAR:
    case ATIME:
    case NOT_ATIME:
        apply_attr(w->recursive ? &m->rattr : &m->attr, w->kind, w->value);
        break;
    case SB_SET:
    case SB_CLEAR:
        if (w->recursive)
            vl_strv_add(&m->idle, w->name); /* a superblock has nothing below it */
        else if (w->kind == SB_SET)
            m->sb.bits |= w->value;
        else
            m->sb.bits &= ~w->value;
        break;
    case PROPAGATION:
        m->propagation.bits = w->value | (w->recursive ? (uint32_t)MS_REC : 0);
        break;
    case BIND:
        m->bind = true;
        break;
    case RBIND:
        m->bind = m->rbind = true;
        break;
    case REMOUNT:
        m->remount = true;
        break;
    case IDMAP:
        m->idmap = w->recursive ? VL_IDMAP_RECURSIVE : VL_IDMAP_TOP;
        break;
    case TMPCOPYUP:
        m->tmpcopyup = true;
        break;
    case COPY_SYMLINK:
        m->copy_symlink = true;
        break;
    case SRC_NOFOLLOW:
        m->src_nofollow = true;
        break;
    case DEST_NOFOLLOW:
        m->dest_nofollow = true;
        break;
    case NOTHING:
        break;
    }
}

static bool has_quotes_around(const char *s, size_t n)
{
    return n >= 2 && s[0] == '"' && s[n - 1] == '"' && memchr(s + 1, '"', n - 2) == NULL;
}

/* One file system option. The kernel's option parser of mount(2) took the quotes off SELinux contexts, which
 * may have commas in them; fsconfig(2) does not. */
static void add_data(struct vl_mopts *m, const char *s, size_t n)
{
    const char *eq = memchr(s, '=', n);
    size_t key = eq ? (size_t)(eq - s) : n;
    if (n == 0)
        return;
    if (eq != NULL && key >= 7 && strncmp(eq - 7, "context", 7) == 0 && has_quotes_around(eq + 1, n - key - 1))
        vl_strv_addf(&m->data, "%.*s=%.*s", (int)key, s, (int)(n - key - 3), eq + 2);
    else
        vl_strv_addf(&m->data, "%.*s", (int)n, s);
}

/* Splits at commas that are neither escaped nor quoted, as mount(8) writes them. */
static int add_fs_options(struct vl_mopts *m, const char *option, const char *where, size_t index,
                          struct vl_error **err)
{
    const char *start = option;
    bool quoted = false;
    for (const char *c = option;; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
        } else if (*c == '"') {
            quoted = !quoted;
        } else if (*c == '\0' || (*c == ',' && !quoted)) {
            add_data(m, start, (size_t)(c - start));
            start = c + 1;
            if (*c == '\0')
                break;
        }
    }
    if (!quoted)
        return 0;
    vl_err_config(err, NULL, "mount option `%s`: a quotation mark is not closed", option);
    return vl_err_at(err, "%s[%zu]", where, index);
}

int vl_mopts_parse(char *const *options, size_t n, const char *where, struct vl_mopts *ret, struct vl_error **err)
{
    *ret = (struct vl_mopts){.bind = false};
    for (size_t i = 0; i < n; i++) {
        const char *o = options[i];
        const struct word *w = find_word(o);
        bool ridmap = vl_starts_with(o, "ridmap=");
        if (w != NULL) {
            apply_word(ret, w);
        } else if (ridmap || vl_starts_with(o, "idmap=")) {
            ret->idmap = ridmap ? VL_IDMAP_RECURSIVE : VL_IDMAP_TOP;
            ret->idmap_spec = strchr(o, '=') + 1;
            ret->idmap_index = i;
        } else if (add_fs_options(ret, o, where, i, err) < 0) {
            return -1;
        }
    }
    return 0;
}

void vl_mopts_reset(struct vl_mopts *m)
{
    vl_strv_reset(&m->data);
    vl_strv_reset(&m->idle);
}

bool vl_mopts_has(const struct vl_mopts *m, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = 0; i < m->data.n; i++)
        if (strncmp(m->data.v[i], key, n) == 0 && (m->data.v[i][n] == '=' || m->data.v[i][n] == '\0'))
            return true;
    return false;
}
