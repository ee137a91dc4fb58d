/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The annotations that are known, in one table: type, what they do (the text of veloci-annotations(7)), or why they
 * do nothing. What is asked for and no code honours has a row of type VL_ANNOT_MISSING and is refused; what may be
 * left out without harm has one of type VL_ANNOT_IGNORED.
 */
#ifndef VL_SPEC_ANNOT_H
#define VL_SPEC_ANNOT_H

#include <stdbool.h>
#include "base/str.h"
#include "spec/spec.h"

enum vl_annot_type {
    VL_ANNOT_STRING,  /* any text */
    VL_ANNOT_BOOL,    /* 1 true yes on, 0 false no off */
    VL_ANNOT_PATH,    /* absolute host path */
    VL_ANNOT_NAME,    /* one path component, or empty */
    VL_ANNOT_SUBPATH, /* relative path without `.` and `..` */
    VL_ANNOT_WORD,    /* one of the listed words */
    VL_ANNOT_OFFSETS, /* lines of /proc/PID/timens_offsets */
    VL_ANNOT_IGNORED, /* has no effect, and need not have one */
    VL_ANNOT_MISSING, /* cannot be honoured: refused, naming what is missing */
};

struct vl_annot {
    const char *name; /* with a final dot: every key that begins with it and has no row of its own */
    enum vl_annot_type type;
    bool unsafe; /* with this row, and all below its prefix, whoever writes it influences the host: not to be taken from
                    untrusted people (features.md#unsafe-annotations-in-configjson) */
    const char *detail; /* WORD: the words, each followed by a space; MISSING: what is missing; else NULL */
    const char *help;   /* one sentence: what it does; IGNORED and MISSING: why not */
};
/* Ends with a NULL name. */
extern const struct vl_annot vl_annots[];
/* What `features` shows as potentiallyUnsafeConfigAnnotations: keys, and prefixes with a final dot. */
void vl_annots_unsafe(struct vl_strv *ret);

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
