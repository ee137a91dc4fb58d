/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of GVariant text share: the tree without types that reading makes (gvariant_read.c), from which the
 * types are found (gvariant.c), and the words for types, which printing needs too (gvariant_print.c).
 *
 * Types are compared as patterns: a complete D-Bus type in which N stands for any number, S for any kind of string and
 * * for anything (the element of an empty array).
 */
#ifndef VL_PLAN_GVARIANT_INT_H
#define VL_PLAN_GVARIANT_INT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/attr.h"
#include "plan/gvariant.h"

enum vl_gv_form { VL_GV_TRUTH, VL_GV_NUMBER, VL_GV_TEXT, VL_GV_ARRAY, VL_GV_TUPLE, VL_GV_ENTRY, VL_GV_VARIANT };

struct vl_gv_node {
    enum vl_gv_form form;
    const char *at;  /* where it begins; in the text */
    char *given;     /* type that was written before it, or NULL; owned */
    char *word;      /* number or text; owned */
    struct vl_gv_node *item;
    size_t n;
};
void vl_gv_node_reset(struct vl_gv_node *n);

struct vl_gv_reader {
    const char *text, *p;
    char *why; /* the first fault, with its character; the caller's */
};
/* Says what is wrong at a place of the text, unless something was before. Returns -1. */
int vl_gv_wrong(struct vl_gv_reader *r, const char *at, const char *fmt, ...) VL_PRINTF(3, 4);
/* The whole text as one value. 0, or -1 with r->why; *ret (zeroed) is to be reset in either case. */
int vl_gv_read(struct vl_gv_reader *r, struct vl_gv_node *ret);

/* Length of the complete type or pattern at s; 0 when there is none. */
size_t vl_gv_type_len(const char *s);
/* Of letters, digits and _ at p. */
size_t vl_gv_word_len(const char *p);
/* Whether a number is written as one with a fraction. */
bool vl_gv_has_point(const char *number);

struct vl_gv_type_word {
    const char *word; /* "uint64" */
    char type;
};
extern const struct vl_gv_type_word vl_gv_type_words[]; /* ends with a NULL word */

#endif
