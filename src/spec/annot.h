/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The annotations that have an effect, in one table with their types. What no code honours must have a
 * row of type VL_ANNOT_MISSING: it is refused then, not ignored.
 */
#ifndef VL_SPEC_ANNOT_H
#define VL_SPEC_ANNOT_H

#include <stdbool.h>
#include "spec/spec.h"

enum vl_annot_type {
    VL_ANNOT_STRING,  /* any text */
    VL_ANNOT_BOOL,    /* 1 true yes on, 0 false no off */
    VL_ANNOT_PATH,    /* absolute host path */
    VL_ANNOT_NAME,    /* one path component, or empty */
    VL_ANNOT_WORD,    /* one of the listed words */
    VL_ANNOT_MISSING, /* cannot be honoured: refused, naming what is missing */
};

struct vl_annot {
    const char
        *name; /* with a final dot: every key that begins with it and has no row of its own */
    enum vl_annot_type type;
    const char *
        detail; /* WORD: the words, each followed by a space; MISSING: what is missing; else NULL */
};
/* Ends with a NULL name. */
extern const struct vl_annot vl_annots[];

/* Value of a key, borrowed from the document; NULL when absent. */
const char *vl_annot(const struct vl_spec *spec, const char *key);
/* A bool annotation; dflt when absent. */
bool vl_annot_bool(const struct vl_spec *spec, const char *key, bool dflt);
/* The same on any sorted map. */
const char *vl_kv_get(const struct oci_kv *kv, size_t n, const char *key);
/* Values against the table; CONFIG errors, and UNSUPPORTED for what cannot be honoured, are
 * collected in *list. Unknown keys are fine (config.md#annotations). */
void vl_check_annots(const struct oci_config *c, struct vl_error **list);

#endif
