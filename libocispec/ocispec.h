/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the OCI documents: config.json, process.json, resources, state, features.
 *
 * Reading streams the text once through yajl into the structs of ocispec/types.h. What a Go program
 * would take is taken: unknown properties are ignored, names match in any case (the exact one
 * wins), null means absent, the last of two equal names wins. What it would refuse is refused:
 * wrong types, numbers out of range or with a fraction or exponent where an integer belongs, text
 * after the end. Stricter than Go: required properties, NUL characters in strings, invalid UTF-8,
 * null in arrays and maps, 64 levels, 16 MiB. One pass reports up to OCI_REPORT_MAX problems.
 */
#ifndef OCISPEC_H
#define OCISPEC_H

#include <stddef.h>
#include <ocispec/types.h>

#ifndef OCI_SIZE_MAX
#define OCI_SIZE_MAX (16u << 20) /* bytes of one document */
#endif
#define OCI_DEPTH_MAX 64
#define OCI_REPORT_MAX 10
#define OCI_NOTES_MAX 32

struct oci_problem {
    char *path;      /* mounts[3].options[1]; "" for the document itself */
    char *message;   /* lower case, without the place */
    unsigned line;   /* from 1 */
    unsigned column; /* from 1, in characters */
};

/* What was found in one document. Start with OCI_REPORT_INIT, end with oci_report_reset. */
struct oci_report {
    struct oci_problem problems[OCI_REPORT_MAX];
    size_t n_problems;
    size_t more_problems;                    /* found beyond OCI_REPORT_MAX */
    struct oci_problem notes[OCI_NOTES_MAX]; /* ignored or tolerated things, worth a debug line */
    size_t n_notes;
    size_t more_notes;
};
/* clang-format off */
#define OCI_REPORT_INIT {.n_problems = 0}
/* clang-format on */
void oci_report_reset(struct oci_report *report);

/* Owns every string and struct of one document. */
struct oci_doc;
void oci_doc_free(struct oci_doc *doc); /* NULL is accepted */
/* Zeroed, aligned memory that lives as long as the document, for callers that complete it; NULL
 * when there is none. oci_doc_new makes an empty document. */
struct oci_doc *oci_doc_new(void);
void *oci_doc_alloc(struct oci_doc *doc, size_t size);
char *oci_doc_strdup(struct oci_doc *doc, const char *s);

/*
 * oci_NAME_parse: buf need not end with a NUL and is not kept. On success returns 0, *doc is to be
 * freed with oci_doc_free and *ret points into it. Else -EINVAL (the problems are in the report),
 * -EFBIG (longer than OCI_SIZE_MAX; reported too) or -ENOMEM; *doc and *ret are NULL then. Notes
 * may be there in every case.
 *
 * oci_NAME_write: the document as text. indent is NULL for one line, else the unit of indentation
 * (the text then ends with a newline). *text is NUL-terminated and freed by the caller with free().
 * Returns 0, -ENOMEM, or -EINVAL when a string is not UTF-8 or a required one is NULL. Members are
 * written in the order of the schema.
 */
#define OCI_DECLARE(name, NAME)                                                                    \
    int oci_##name##_parse(const char *buf, size_t len, struct oci_doc **doc,                      \
                           struct oci_##name **ret, struct oci_report *report);                    \
    int oci_##name##_write(const struct oci_##name *document, const char *indent, char **text,     \
                           size_t *len);
OCI_DOCUMENTS(OCI_DECLARE)
#undef OCI_DECLARE

#endif
