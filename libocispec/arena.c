/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena of one document: memory is handed out by moving a pointer and released all at once. The
 * first chunk is sized from the length of the text, so that an ordinary document needs one malloc.
 */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CHUNK_MIN 4096

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(8) char data[];
};

struct oci_doc {
    struct chunk *chunks; /* the one in use first */
};

static struct chunk *add_chunk(struct oci_doc *doc, size_t size)
{
    if (size < CHUNK_MIN)
        size = CHUNK_MIN;
    if (size > SIZE_MAX - sizeof(struct chunk))
        return NULL;
    struct chunk *c = malloc(sizeof(*c) + size);
    if (c == NULL)
        return NULL;
    c->next = doc->chunks;
    c->used = 0;
    c->size = size;
    doc->chunks = c;
    return c;
}

struct oci_doc *oci_doc_new_sized(size_t expected)
{
    struct oci_doc *doc = calloc(1, sizeof(*doc));
    if (doc != NULL && add_chunk(doc, expected) == NULL) {
        free(doc);
        return NULL;
    }
    return doc;
}

struct oci_doc *oci_doc_new(void)
{
    return oci_doc_new_sized(0);
}

void oci_doc_free(struct oci_doc *doc)
{
    if (doc == NULL)
        return;
    for (struct chunk *c = doc->chunks, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(doc);
}

void *oci_doc_alloc_raw(struct oci_doc *doc, size_t size, size_t align)
{
    struct chunk *c = doc->chunks;
    size_t at = (c->used + align - 1) & ~(align - 1);
    if (at > c->size || size > c->size - at) {
        size_t twice = c->size <= SIZE_MAX / 2 ? 2 * c->size : c->size;
        c = add_chunk(doc, size > twice ? size : twice);
        if (c == NULL)
            return NULL;
        at = 0;
    }
    c->used = at + size;
    return c->data + at;
}

void *oci_doc_alloc(struct oci_doc *doc, size_t size)
{
    void *p = oci_doc_alloc_raw(doc, size, 8);
    return p != NULL ? memset(p, 0, size) : NULL;
}

char *oci_doc_strndup(struct oci_doc *doc, const char *s, size_t n)
{
    char *p = oci_doc_alloc_raw(doc, n + 1, 1);
    if (p != NULL) {
        if (n > 0)
            memcpy(p, s, n);
        p[n] = '\0';
    }
    return p;
}

char *oci_doc_strdup(struct oci_doc *doc, const char *s)
{
    return oci_doc_strndup(doc, s, strlen(s));
}
