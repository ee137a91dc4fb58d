/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of libocispec share with each other and with nobody else. */
#ifndef OCISPEC_INTERNAL_H
#define OCISPEC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ocispec.h"
#include "tables.h"

/* An arena whose first chunk is expected to hold `expected` bytes. NULL without memory. */
struct oci_doc *oci_doc_new_sized(size_t expected);
/* Not zeroed; align is 1 or 8. */
void *oci_doc_alloc_raw(struct oci_doc *doc, size_t size, size_t align);
char *oci_doc_strndup(struct oci_doc *doc, const char *s, size_t n);

/* A growing text for paths and messages. Once memory ran out `failed` stays set. */
struct oci_text {
    char *s;
    size_t len, cap;
    bool failed;
};
void oci_text_addn(struct oci_text *t, const char *s, size_t n);
void oci_text_add(struct oci_text *t, const char *s);
void oci_text_addf(struct oci_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text of unknown origin: control characters as \xNN, cut after 80 bytes. */
void oci_text_add_quoted(struct oci_text *t, const char *s, size_t n);

/* Adds one problem (or note) found at a byte offset of the document; takes path and message over.
 * Returns false without memory. */
bool oci_report_add(struct oci_report *report, bool note, const char *buf, size_t offset,
                    struct oci_text *path, struct oci_text *message);

/* First byte that is not part of well-formed UTF-8 (RFC 3629), or len. */
size_t oci_utf8_check(const char *s, size_t len);

/* A JSON number as an integer of that kind, stored at dest. On failure returns false and says why.
 */
bool oci_number(const char *s, size_t n, enum oci_kind kind, void *dest, struct oci_text *why);
size_t oci_kind_size(enum oci_kind kind); /* of scalars */

/* Sorts the n entries of a map (size bytes each, a char * key first) by key and keeps the last of
 * equal ones. tmp has room for n entries. Returns the new count. */
size_t oci_sort_map(char *entries, size_t n, size_t size, char *tmp);

/* Reads one document of the given type. See ocispec.h. */
int oci_parse(enum oci_type type, const char *buf, size_t len, struct oci_doc **doc, void **ret,
              struct oci_report *report);
int oci_write(enum oci_type type, const void *document, const char *indent, char **text,
              size_t *len);

#endif
