/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of what was made outside a container's directory. */
#include "state/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"

#define JOURNAL_MAX (1u << 20)
#define TEXT_MAX 8192

static const struct {
    enum vl_journal_kind kind;
    const char *name;
} kinds[] = {
    {VL_JOURNAL_CGROUP, "cgroup"},
    {VL_JOURNAL_RDT, "resctrl"},
    {VL_JOURNAL_UNIT, "unit"},
};

const char *vl_journal_kind_name(int kind)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(kinds); i++)
        if ((int)kinds[i].kind == kind)
            return kinds[i].name;
    return NULL;
}

static int append(const struct vl_ctr *c, const char *sign, enum vl_journal_kind kind,
                  const char *text, struct vl_error **err)
{
    size_t len = strlen(text);
    if (len == 0 || len > TEXT_MAX)
        return vl_err_bug(err, "journal record of %zu bytes", len);
    cleanup(str) struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b, "%s%c %s", sign, (int)kind, text);
    cleanup_fd int fd =
        vl_open_at(c->dir_fd, VL_CTR_JOURNAL, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
    int r =
        fd < 0 ? fd : vl_write_all(fd, b.s, b.len + 1); /* with its NUL, which ends the record */
    if (r < 0)
        return vl_err_sys(err, r, "note `%s` in `%s/%s`", text, c->path, VL_CTR_JOURNAL);
    return 0;
}

int vl_journal_add(const struct vl_ctr *c, enum vl_journal_kind kind, const char *text,
                   struct vl_error **err)
{
    return append(c, "", kind, text, err);
}

int vl_journal_undo(const struct vl_ctr *c, enum vl_journal_kind kind, const char *text,
                    struct vl_error **err)
{
    return append(c, "-", kind, text, err);
}

void vl_journal_free(struct vl_journal *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->n; i++)
        free(j->entry[i].text);
    free(j->entry);
    free(j);
}

static size_t find(const struct vl_journal *j, int kind, const char *text)
{
    size_t i = 0;
    while (i < j->n && (j->entry[i].kind != kind || !vl_streq(j->entry[i].text, text)))
        i++;
    return i;
}

static void take(struct vl_journal *j, const char *rec)
{
    bool undo = *rec == '-';
    rec += undo;
    if (vl_journal_kind_name((unsigned char)rec[0]) == NULL || rec[1] != ' ' || rec[2] == '\0')
        return;
    int kind = rec[0];
    size_t at = find(j, kind, rec + 2);
    if (!undo && at == j->n) {
        struct vl_journal_entry *e = VL_APPEND(j->entry, j->n);
        e->kind = kind;
        e->text = vl_strdup(rec + 2);
    } else if (undo && at < j->n) {
        free(j->entry[at].text);
        memmove(&j->entry[at], &j->entry[at + 1], (j->n - at - 1) * sizeof(*j->entry));
        j->n--;
    }
}

int vl_journal_read(const struct vl_ctr *c, struct vl_journal **ret, struct vl_error **err)
{
    cleanup_free char *buf = NULL;
    size_t len = 0;
    cleanup_fd int fd = vl_open_at(c->dir_fd, VL_CTR_JOURNAL, O_RDONLY | O_NOFOLLOW, 0);
    int r = fd < 0 ? fd : vl_slurp_fd(fd, JOURNAL_MAX, &buf, &len);
    if (r < 0 && r != -ENOENT)
        return vl_err_sys(err, r, "read `%s/%s`", c->path, VL_CTR_JOURNAL);
    struct vl_journal *j = vl_alloc(sizeof(*j));
    for (size_t at = 0; at < len;) {
        size_t n = strnlen(buf + at, len - at);
        if (at + n == len)
            break; /* torn: its NUL was never written */
        take(j, buf + at);
        at += n + 1;
    }
    *ret = j;
    return 0;
}
