/* SPDX-License-Identifier: Apache-2.0 */
/* The parse as a whole: yajl's callbacks, the checks around them, the public functions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

static int on_null(void *ctx)
{
    return oci_on_value(ctx, &(struct token){.kind = T_NULL});
}

static int on_boolean(void *ctx, int v)
{
    return oci_on_value(ctx, &(struct token){.kind = T_BOOL, .boolean = v != 0});
}

static int on_number(void *ctx, const char *s, size_t n)
{
    return oci_on_value(ctx, &(struct token){.kind = T_NUMBER, .s = s, .n = n});
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    return oci_on_value(ctx, &(struct token){.kind = T_STRING, .s = (const char *)s, .n = n});
}

static int on_start_map(void *ctx)
{
    return oci_on_value(ctx, &(struct token){.kind = T_OBJECT});
}

static int on_start_array(void *ctx)
{
    return oci_on_value(ctx, &(struct token){.kind = T_ARRAY});
}

static int on_map_key(void *ctx, const unsigned char *s, size_t n)
{
    return oci_on_key(ctx, (const char *)s, n);
}

static int on_end(void *ctx)
{
    return oci_on_end(ctx);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_map_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

/* A problem of the document as a whole. */
static void document_problem(struct reader *r, size_t offset, const char *message)
{
    struct oci_text path = {0}, text = {0};
    oci_text_add(&text, message);
    oci_problem_at(r, false, offset, &path, &text);
}

/* yajl's one line, such as "parse error: premature EOF", without its prefix and line end. */
static void syntax_problem(struct reader *r, size_t offset)
{
    unsigned char *said = yajl_get_error(r->yajl, 0, (const unsigned char *)r->buf, r->len);
    const char *s = (const char *)said, *colon = said != NULL ? strstr(s, ": ") : NULL;
    struct oci_text path = oci_path(r), text = {0};
    if (colon != NULL)
        s = colon + 2;
    oci_text_add(&text, "invalid JSON");
    if (said != NULL) {
        oci_text_add(&text, ": ");
        oci_text_add_quoted(&text, s, strcspn(s, "\n"));
        yajl_free_error(r->yajl, said);
    }
    oci_problem_at(r, false, offset, &path, &text);
}

static bool is_blank(const char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr(" \t\r\n", buf[i]) == NULL || buf[i] == '\0')
            return false;
    return true;
}

static void run(struct reader *r)
{
    size_t good = oci_utf8_check(r->buf, r->len);
    if (good < r->len) {
        document_problem(r, good, "invalid UTF-8");
        return;
    }
    if (is_blank(r->buf, r->len)) {
        document_problem(r, 0, "the document is empty");
        return;
    }
    r->yajl = yajl_alloc(&callbacks, NULL, r);
    if (r->yajl == NULL) {
        r->oom = true;
        return;
    }
    yajl_config(r->yajl, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(r->yajl, (const unsigned char *)r->buf, r->len);
    size_t offset = oci_consumed(r); /* completing counts anew */
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(r->yajl);
        offset = r->len;
    }
    if (status != yajl_status_ok && !r->stopped && !r->oom)
        syntax_problem(r, offset);
    yajl_free(r->yajl);
}

int oci_parse(enum oci_type type, const char *buf, size_t len, struct oci_doc **doc, void **ret,
              struct oci_report *report)
{
    *doc = NULL;
    *ret = NULL;
    struct reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    r->buf = buf;
    r->len = len;
    r->report = report;
    r->root_type = type;
    int status = 0;
    if (len > OCI_SIZE_MAX) {
        char text[64];
        (void)snprintf(text, sizeof(text), "longer than %u bytes", OCI_SIZE_MAX);
        document_problem(r, 0, text);
        status = -EFBIG;
    } else {
        /* Structs and strings of real documents take 0.8 times an indented text, 1.6 times a
         * compact one; what is not used is never touched. */
        r->doc = oci_doc_new_sized(2 * len);
        if (r->doc != NULL)
            run(r);
        else
            r->oom = true;
        if (report->n_problems > 0)
            status = -EINVAL;
    }
    if (r->oom)
        status = -ENOMEM;
    if (status == 0) {
        *doc = r->doc;
        *ret = r->root;
    } else {
        oci_doc_free(r->doc);
    }
    free(r->scratch);
    free(r);
    return status;
}

#define DEFINE(name, NAME)                                                                         \
    int oci_##name##_parse(const char *buf, size_t len, struct oci_doc **doc,                      \
                           struct oci_##name **ret, struct oci_report *report)                     \
    {                                                                                              \
        void *document;                                                                            \
        int status = oci_parse(OCI_TYPE_##NAME, buf, len, doc, &document, report);                 \
        *ret = document;                                                                           \
        return status;                                                                             \
    }
OCI_DOCUMENTS(DEFINE)
