/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streaming reader: yajl's events (parse.c) drive a stack of frames (reader.c), one an open
 * object, map or array. A frame knows the table rows of what it expects, so one reader serves every
 * document.
 *
 * Elements of arrays and maps are collected on one scratch stack: a nested array is complete before
 * its parent's next element begins, so each is contiguous, and it moves into the arena when it is
 * closed. The scratch memory moves when it grows; frames therefore hold offsets into it (struct
 * place).
 *
 * A value of the wrong type is reported (place.c) and skipped, so that one pass finds the other
 * problems too.
 */
#ifndef OCISPEC_READER_H
#define OCISPEC_READER_H

#include <yajl/yajl_parse.h>

#include "internal.h"

enum frame_kind { FRAME_OBJECT, FRAME_ARRAY, FRAME_MAP };

/* Where a struct lives: in the arena, or at an offset of the scratch stack. */
struct place {
    char *arena; /* NULL: scratch */
    size_t offset;
};

struct frame {
    enum frame_kind kind;
    const struct oci_type_info *type; /* OBJECT */
    const struct oci_member *member; /* OBJECT: whose value comes next, NULL: ignored; else owner */
    struct place self;               /* OBJECT: the struct; else the struct the member belongs to */
    size_t offset;                   /* byte of the document where it begins */
    uint64_t seen, exact;            /* OBJECT: members given, and given by their exact name */
    size_t first, restore;           /* ARRAY, MAP: first element, scratch length before it */
    size_t n, elem_size;
    size_t index; /* ARRAY: of the value being read, counted from 1 */
};

struct reader {
    const char *buf;
    size_t len;
    yajl_handle yajl;
    struct oci_doc *doc;
    struct oci_report *report;
    enum oci_type root_type;
    void *root;
    struct frame frames[OCI_DEPTH_MAX + 1];
    size_t n_frames;
    size_t depth; /* of all containers, skipped ones too */
    size_t skip;  /* open containers of a value that is skipped */
    char *scratch;
    size_t scratch_len, scratch_cap;
    bool oom;
    bool stopped; /* parsing was ended by us, the reason is in the report */
};

/* A value as yajl gives it. */
struct token {
    enum { T_NULL, T_BOOL, T_NUMBER, T_STRING, T_OBJECT, T_ARRAY } kind;
    bool boolean;
    const char *s;
    size_t n;
};

static inline char *oci_at(struct reader *r, struct place p)
{
    return (p.arena != NULL ? p.arena : r->scratch) + p.offset;
}

static inline struct frame *oci_top(struct reader *r)
{
    return r->n_frames > 0 ? &r->frames[r->n_frames - 1] : NULL;
}

/* ---- reader.c: events; 0 ends the parse ---- */
int oci_on_value(struct reader *r, const struct token *t);
int oci_on_key(struct reader *r, const char *key, size_t n);
int oci_on_end(struct reader *r);

/* ---- place.c ---- */
size_t oci_consumed(struct reader *r);      /* bytes up to the end of the token just read */
size_t oci_token_start(struct reader *r);   /* its first byte */
struct oci_text oci_path(struct reader *r); /* of the value being read */
void oci_path_add(struct oci_text *path, const char *name, size_t n);
/* Reports at the path given, or here. Texts are taken over. */
void oci_problem_at(struct reader *r, bool note, size_t offset, struct oci_text *path,
                    struct oci_text *message);
void oci_problem_here(struct reader *r, struct oci_text *message);
void oci_problem(struct reader *r, size_t offset, const char *message);
/* The value of a member (element: of one of its elements; NULL: of the document) has the wrong
 * type. */
void oci_expected(struct reader *r, const struct oci_member *m, bool element,
                  const struct token *t);

#endif
