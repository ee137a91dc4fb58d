/* SPDX-License-Identifier: Apache-2.0 */
/* What the loaders of spec/ share: files into memory, reports of libocispec into errors and notes.
 */
#ifndef VL_SPEC_LOAD_H
#define VL_SPEC_LOAD_H

#include <ocispec.h>
#include "base/error.h"
#include "base/str.h"

/* Reads a whole document from an open descriptor (borrowed); name is for messages. *buf is owned by
 * the caller. */
int vl_doc_slurp(int fd, const char *name, char **buf, size_t *len, struct vl_error **err);
/* The same for a path; "-" is standard input. */
int vl_doc_slurp_path(const char *path, char **buf, size_t *len, struct vl_error **err);

/* Turns what oci_NAME_parse returned into a result: notes are added to *notes, problems become
 * CONFIG errors under the document's name. Resets the report. Returns 0 or -1. */
int vl_doc_result(int status, struct oci_report *report, const char *name, struct vl_strv *notes,
                  struct vl_error **err);
/* Moves collected errors to *err, under the document's name. Returns 0 when there are none, else
 * -1. */
int vl_doc_errors(struct vl_error **list, const char *name, struct vl_error **err);

#endif
