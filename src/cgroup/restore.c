/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values before an update, and how they are brought back.
 *
 * Most files read as they are written. In those with a line for each device only the line of the
 * key that is written changes, and one that has none yet gets what means no limit there.
 */
#include "cgroup/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/io.h"
#include "base/mem.h"

/* "8:0 …", "mlx5_0 …", "default …": a device or a name, and something behind it. */
static bool is_keyed(const char *value)
{
    size_t n = strcspn(value, " "), digits = strspn(value, "0123456789");
    if (value[n] == '\0' || vl_starts_with(value, "max "))
        return false;
    bool device = digits > 0 && value[digits] == ':';
    bool name = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z');
    return device || name;
}

static char *line_of(const char *now, const char *key, size_t n)
{
    for (const char *line = now; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, n) == 0 && line[n] == ' ')
            return vl_strndup(line, strcspn(line, "\n"));
    return NULL;
}

/* "8:0 rbps=1 wiops=2" → "8:0 rbps=max wiops=max" */
static char *all_max(const char *value)
{
    struct vl_str b = VL_STR_INIT;
    while (*value) {
        size_t n = strcspn(value, "= ");
        vl_str_addn(&b, value, n);
        if (value[n] == '=')
            vl_str_add(&b, "=max");
        value += n + strcspn(value + n, " ");
        if (*value == ' ')
            vl_str_addc(&b, *value++);
    }
    return vl_str_take(&b);
}

/* What a key has that is not listed. */
static char *unlisted(const char *file, const char *value)
{
    int n = (int)strcspn(value, " ");
    if (strchr(value, '='))
        return all_max(value);
    if (vl_starts_with(file, "io."))
        return vl_asprintf("%.*s default", n, value);
    if (vl_starts_with(file, "blkio."))
        return vl_asprintf("%.*s 0", n, value);
    return NULL;
}

char *vl_cg_old_value(const char *file, const char *now, const char *value)
{
    static const char dflt[] = "default ", oom[] = "oom_kill_disable ";
    size_t first = strcspn(now, "\n");
    if (vl_streq(file, "memory.oom_control") && vl_starts_with(now, oom))
        return vl_strndup(now + strlen(oom), first - strlen(oom));
    if (is_keyed(value)) {
        char *line = line_of(now, value, strcspn(value, " "));
        return line ? line : unlisted(file, value);
    }
    if (vl_starts_with(now, dflt)) /* io.bfq.weight is written without the word */
        return vl_strndup(now + strlen(dflt), first - strlen(dflt));
    return *now ? vl_strndup(now, first) : vl_strdup("\n"); /* no bytes would be no write */
}

void vl_cg_save(struct vl_cg_saved *s, const char *dir, const char *file, const char *value)
{
    char now[16384];
    struct vl_cg_old *old = VL_APPEND(s->old, s->n);
    old->path = vl_path_join(dir, file);
    old->value = NULL;
    if (vl_cg_read_in(dir, file, now, sizeof(now)) >= 0)
        old->value = vl_cg_old_value(file, now, value);
}

static void forget(struct vl_cg_old *old)
{
    free(old->path);
    free(old->value);
}

void vl_cg_unsave(struct vl_cg_saved *s)
{
    if (s->n > 0)
        forget(&s->old[--s->n]);
}

void vl_cg_restore(struct vl_cg_saved *s, struct vl_error **err)
{
    cleanup(str) struct vl_str lost = VL_STR_INIT;
    for (; s->n > 0; forget(&s->old[--s->n])) {
        const struct vl_cg_old *old = &s->old[s->n - 1];
        if (old->value == NULL ||
            vl_write_file_at(AT_FDCWD, old->path, old->value, strlen(old->value)) < 0)
            vl_str_addf(&lost, "%s`%s`", lost.len ? ", " : "", vl_path_base(old->path));
    }
    if (lost.len > 0)
        vl_err_ctx(err, "%s could not be set back", lost.s);
}

void vl_cg_saved_reset(struct vl_cg_saved *s)
{
    while (s->n > 0)
        forget(&s->old[--s->n]);
    free(s->old);
    s->old = NULL;
}
