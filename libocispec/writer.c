/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: walks a struct along its table rows and hands each value to yajl's generator. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "internal.h"

struct writer {
    yajl_gen gen;
    bool failed; /* a string is not UTF-8, or a required one is NULL */
};

static void check(struct writer *w, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        w->failed = true;
}

static void write_string(struct writer *w, const char *s)
{
    if (s == NULL || oci_utf8_check(s, strlen(s)) != strlen(s))
        w->failed = true;
    else
        check(w, yajl_gen_string(w->gen, (const unsigned char *)s, strlen(s)));
}

static void write_number(struct writer *w, const char *text)
{
    check(w, yajl_gen_number(w->gen, text, strlen(text)));
}

static void write_object(struct writer *w, enum oci_type type, const char *obj);

/* One value at p: a scalar, or a struct by value. */
static void write_value(struct writer *w, const struct oci_member *m, const char *p)
{
    char text[24] = "";
    switch ((enum oci_kind)m->kind) {
    case OCI_STRING:
        write_string(w, *(char *const *)p);
        break;
    case OCI_BOOL:
        check(w, yajl_gen_bool(w->gen, *(const bool *)p));
        break;
    case OCI_INT32:
        (void)snprintf(text, sizeof(text), "%" PRId32, *(const int32_t *)p);
        break;
    case OCI_INT64:
        (void)snprintf(text, sizeof(text), "%" PRId64, *(const int64_t *)p);
        break;
    case OCI_UINT16:
        (void)snprintf(text, sizeof(text), "%" PRIu16, *(const uint16_t *)p);
        break;
    case OCI_UINT32:
        (void)snprintf(text, sizeof(text), "%" PRIu32, *(const uint32_t *)p);
        break;
    case OCI_UINT64:
        (void)snprintf(text, sizeof(text), "%" PRIu64, *(const uint64_t *)p);
        break;
    case OCI_OBJECT:
        write_object(w, (enum oci_type)m->type, p);
        break;
    }
    if (text[0] != '\0')
        write_number(w, text);
}

static void write_list(struct writer *w, const struct oci_member *m, const char *obj)
{
    const struct oci_type_info *t = &oci_types[m->type];
    const char *list = *(char *const *)(obj + m->at);
    size_t n = *(const size_t *)(obj + m->at_count);
    if (m->flags & OCI_ARRAY) {
        size_t size = m->kind == OCI_OBJECT ? t->size : oci_kind_size((enum oci_kind)m->kind);
        check(w, yajl_gen_array_open(w->gen));
        for (size_t i = 0; i < n; i++)
            write_value(w, m, list + i * size);
        check(w, yajl_gen_array_close(w->gen));
        return;
    }
    size_t size = m->kind == OCI_OBJECT ? t->entry_size : sizeof(struct oci_kv);
    check(w, yajl_gen_map_open(w->gen));
    for (size_t i = 0; i < n; i++) {
        write_string(w, *(char *const *)(list + i * size));
        write_value(w, m, list + i * size + sizeof(char *));
    }
    check(w, yajl_gen_map_close(w->gen));
}

static bool present(const struct oci_member *m, const char *obj)
{
    if (m->flags & OCI_REQUIRED) /* a missing required pointer is found when it is written */
        return true;
    if (m->at_has != OCI_NOWHERE && *(const bool *)(obj + m->at_has))
        return true;
    if (m->flags & (OCI_ARRAY | OCI_MAP))
        return *(const size_t *)(obj + m->at_count) > 0;
    if (m->kind == OCI_STRING || m->kind == OCI_OBJECT)
        return *(char *const *)(obj + m->at) != NULL;
    return m->at_has == OCI_NOWHERE;
}

static void write_object(struct writer *w, enum oci_type type, const char *obj)
{
    const struct oci_type_info *t = &oci_types[type];
    check(w, yajl_gen_map_open(w->gen));
    for (unsigned i = 0; i < t->count && !w->failed; i++) {
        const struct oci_member *m = &oci_members[t->first + i];
        if (!present(m, obj))
            continue;
        check(w, yajl_gen_string(w->gen, (const unsigned char *)oci_member_name(m), m->name_len));
        if (m->flags & (OCI_ARRAY | OCI_MAP)) {
            write_list(w, m, obj);
        } else if (m->kind == OCI_OBJECT) {
            const char *inner = *(char *const *)(obj + m->at);
            if (inner != NULL)
                write_object(w, (enum oci_type)m->type, inner);
            else
                w->failed = true;
        } else {
            write_value(w, m, obj + m->at);
        }
    }
    check(w, yajl_gen_map_close(w->gen));
}

int oci_write(enum oci_type type, const void *document, const char *indent, char **text,
              size_t *len)
{
    struct writer w = {.gen = yajl_gen_alloc(NULL)};
    int status = -ENOMEM;
    *text = NULL;
    *len = 0;
    if (w.gen == NULL)
        return status;
    if (indent != NULL) {
        yajl_gen_config(w.gen, yajl_gen_beautify, 1);
        yajl_gen_config(w.gen, yajl_gen_indent_string, indent);
    }
    write_object(&w, type, document);
    if (w.failed) {
        status = -EINVAL;
    } else {
        const unsigned char *made;
        size_t n;
        yajl_gen_get_buf(w.gen, &made, &n);
        char *copy = malloc(n + 1);
        if (copy != NULL) {
            memcpy(copy, made, n);
            copy[n] = '\0';
            *text = copy;
            *len = n;
            status = 0;
        }
    }
    yajl_gen_free(w.gen);
    return status;
}

#define DEFINE(name, NAME)                                                                         \
    int oci_##name##_write(const struct oci_##name *document, const char *indent, char **text,     \
                           size_t *len)                                                            \
    {                                                                                              \
        return oci_write(OCI_TYPE_##NAME, document, indent, text, len);                            \
    }
OCI_DOCUMENTS(DEFINE)
