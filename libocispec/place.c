/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the document the reader is, as byte, as path, and in what it reports. */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

static const char *const token_names[] = {
    [T_NULL] = "null",       [T_BOOL] = "a boolean",   [T_NUMBER] = "a number",
    [T_STRING] = "a string", [T_OBJECT] = "an object", [T_ARRAY] = "an array",
};

size_t oci_consumed(struct reader *r)
{
    size_t n = yajl_get_bytes_consumed(r->yajl);
    return n < r->len ? n : r->len;
}

/* First byte of the token that yajl has just consumed. */
size_t oci_token_start(struct reader *r)
{
    size_t end = oci_consumed(r), i = end;
    if (i == 0)
        return 0;
    char last = r->buf[i - 1];
    if (last == '"') { /* back to the quote that no odd number of backslashes precedes */
        for (i--; i > 0; i--) {
            if (r->buf[i - 1] != '"')
                continue;
            size_t slashes = 0;
            while (slashes < i - 1 && r->buf[i - 2 - slashes] == '\\')
                slashes++;
            if (slashes % 2 == 0)
                return i - 1;
        }
        return 0;
    }
    if (strchr("{}[]", last) != NULL)
        return i - 1;
    while (i > 0 && strchr(" \t\r\n,:[{", r->buf[i - 1]) == NULL)
        i--;
    return i;
}

static void add_key(struct oci_text *path, const char *key, size_t n)
{
    oci_text_add(path, "[\"");
    oci_text_add_quoted(path, key, n);
    oci_text_add(path, "\"]");
}

void oci_path_add(struct oci_text *path, const char *name, size_t n)
{
    if (path->len > 0)
        oci_text_add(path, ".");
    oci_text_add_quoted(path, name, n);
}

/* Path of the value being read by the frames. */
struct oci_text oci_path(struct reader *r)
{
    struct oci_text path = {0};
    for (size_t i = 0; i < r->n_frames; i++) {
        const struct frame *f = &r->frames[i];
        if (f->kind == FRAME_OBJECT) {
            if (f->member != NULL)
                oci_path_add(&path, oci_member_name(f->member), f->member->name_len);
        } else if (f->kind == FRAME_ARRAY) {
            if (f->index > 0)
                oci_text_addf(&path, "[%zu]", f->index - 1);
        } else if (f->n > 0) {
            char *key;
            memcpy(&key, r->scratch + f->first + (f->n - 1) * f->elem_size, sizeof(key));
            add_key(&path, key, strlen(key));
        }
    }
    return path;
}

void oci_problem_at(struct reader *r, bool note, size_t offset, struct oci_text *path,
                    struct oci_text *message)
{
    if (!oci_report_add(r->report, note, r->buf, offset, path, message))
        r->oom = true;
}

void oci_problem_here(struct reader *r, struct oci_text *message)
{
    struct oci_text path = oci_path(r);
    oci_problem_at(r, false, oci_token_start(r), &path, message);
}

void oci_problem(struct reader *r, size_t offset, const char *message)
{
    struct oci_text path = oci_path(r), text = {0};
    oci_text_add(&text, message);
    oci_problem_at(r, false, offset, &path, &text);
}

void oci_expected(struct reader *r, const struct oci_member *m, bool element, const struct token *t)
{
    static const char *const words[] = {
        [OCI_STRING] = "string",  [OCI_BOOL] = "boolean",   [OCI_INT32] = "integer",
        [OCI_INT64] = "integer",  [OCI_UINT16] = "integer", [OCI_UINT32] = "integer",
        [OCI_UINT64] = "integer", [OCI_OBJECT] = "object",
    };
    struct oci_text text = {0};
    const char *word = m != NULL ? words[m->kind] : "object";
    if (m != NULL && !element && (m->flags & OCI_ARRAY))
        oci_text_addf(&text, "expected an array of %ss", word);
    else if (m != NULL && !element && (m->flags & OCI_MAP))
        oci_text_addf(&text, "expected an object of %ss", word);
    else
        oci_text_addf(&text, "expected %s %s", strchr("aeio", word[0]) != NULL ? "an" : "a", word);
    oci_text_addf(&text, ", found %s", token_names[t->kind]);
    oci_problem_here(r, &text);
}
