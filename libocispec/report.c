/* SPDX-License-Identifier: Apache-2.0 */
/* Problems and notes of one document, with their places; the texts they are made of. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define QUOTED_MAX 80

void oci_text_addn(struct oci_text *t, const char *s, size_t n)
{
    if (t->failed)
        return;
    if (t->len + n + 1 > t->cap) {
        size_t cap = 2 * (t->len + n + 1);
        char *p = realloc(t->s, cap);
        if (p == NULL) {
            t->failed = true;
            return;
        }
        t->s = p;
        t->cap = cap;
    }
    memcpy(t->s + t->len, s, n);
    t->len += n;
    t->s[t->len] = '\0';
}

void oci_text_add(struct oci_text *t, const char *s)
{
    oci_text_addn(t, s, strlen(s));
}

void oci_text_addf(struct oci_text *t, const char *fmt, ...)
{
    char buf[256]; /* callers format numbers and short fixed words only */
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    oci_text_add(t, buf);
}

void oci_text_add_quoted(struct oci_text *t, const char *s, size_t n)
{
    size_t shown = n < QUOTED_MAX ? n : QUOTED_MAX;
    while (shown < n && shown > 0 && ((unsigned char)s[shown] & 0xc0) == 0x80)
        shown--; /* not inside a character */
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f)
            oci_text_addf(t, "\\x%02x", c);
        else
            oci_text_addn(t, s + i, 1);
    }
    if (shown < n)
        oci_text_add(t, "...");
}

static void set_place(struct oci_problem *p, const char *buf, size_t offset)
{
    p->line = 1;
    p->column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (buf[i] == '\n') {
            p->line++;
            p->column = 1;
        } else if (((unsigned char)buf[i] & 0xc0) != 0x80) {
            p->column++;
        }
    }
}

bool oci_report_add(struct oci_report *report, bool note, const char *buf, size_t offset,
                    struct oci_text *path, struct oci_text *message)
{
    size_t *n = note ? &report->n_notes : &report->n_problems;
    size_t max = note ? OCI_NOTES_MAX : OCI_REPORT_MAX;
    bool good = false;
    oci_text_addn(path, "", 0);
    oci_text_addn(message, "", 0);
    if (path->failed || message->failed)
        goto out;
    good = true;
    if (*n >= max) {
        (*(note ? &report->more_notes : &report->more_problems))++;
        goto out;
    }
    struct oci_problem *p = note ? &report->notes[*n] : &report->problems[*n];
    set_place(p, buf, offset);
    p->path = path->s;
    p->message = message->s;
    (*n)++;
    *path = *message = (struct oci_text){0};
    return true;
out:
    free(path->s);
    free(message->s);
    *path = *message = (struct oci_text){0};
    return good;
}

static void reset(struct oci_problem *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(p[i].path);
        free(p[i].message);
    }
}

void oci_report_reset(struct oci_report *report)
{
    reset(report->problems, report->n_problems);
    reset(report->notes, report->n_notes);
    *report = (struct oci_report)OCI_REPORT_INIT;
}
