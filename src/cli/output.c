/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/str.h"
#include "cli/cli.h"

int vl_print(const char *text, size_t len, struct vl_error **err)
{
    int r = vl_write_all(STDOUT_FILENO, text, len);
    return r == 0 ? 0 : vl_err_sys(err, r, "write to standard output");
}

enum { COLUMNS = 6, CELL_MIN = 12, CELL_PADDING = 3 };

static void fill_row(const struct vl_status *s, char pid[16], const char *row[COLUMNS])
{
    const struct vl_record *r = s->record;
    (void)snprintf(pid, 16, "%d", s->status == VL_STOPPED ? 0 : (int)r->pid);
    row[0] = r->id;
    row[1] = pid;
    row[2] = vl_ctr_status_name(s->status);
    row[3] = r->bundle ? r->bundle : "";
    row[4] = r->created ? r->created : "";
    row[5] = s->owner ? s->owner : "";
}

static void widen(const char *const row[COLUMNS], size_t width[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t n = strlen(row[i]) + CELL_PADDING;
        width[i] = n > width[i] ? n : width[i];
    }
}

static void add_row(struct vl_str *b, const char *const row[COLUMNS], const size_t width[COLUMNS])
{
    for (size_t i = 0; i + 1 < COLUMNS; i++)
        vl_str_addf(b, "%-*s", (int)width[i], row[i]);
    vl_str_addf(b, "%s\n", row[COLUMNS - 1]);
}

char *vl_list_table(const struct vl_list *l)
{
    static const char *const head[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
    size_t width[COLUMNS] = {CELL_MIN, CELL_MIN, CELL_MIN, CELL_MIN, CELL_MIN, CELL_MIN};
    const char *row[COLUMNS];
    char pid[16];
    struct vl_str b = VL_STR_INIT;
    widen(head, width);
    for (size_t i = 0; i < l->n; i++) {
        fill_row(l->item[i], pid, row);
        widen(row, width);
    }
    add_row(&b, head, width);
    for (size_t i = 0; i < l->n; i++) {
        fill_row(l->item[i], pid, row);
        add_row(&b, row, width);
    }
    return vl_str_take(&b);
}
