/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the documents' types cannot say and no host fact is needed for: words, ranges, combinations.
 * Up to VL_ERR_MAX CONFIG errors are collected, each with its place ("linux.namespaces[2].type").
 */
#ifndef VL_SPEC_CHECK_H
#define VL_SPEC_CHECK_H

#include "spec/spec.h"

/* Called by vl_spec_load. Returns 0 or -1 with the errors. */
int vl_spec_check(const struct vl_spec *spec, struct vl_error **err);
/* The same for parts that come alone. at: "" for a document of its own, else the path before it,
 * such as "process". Errors are added to *list (vl_err_collect). */
void vl_check_process(const struct oci_process *p, const char *at, struct vl_error **list);
void vl_check_resources(const struct oci_resources *r, const char *at, struct vl_error **list);
/* What is tolerated but worth a debug line: unknown capabilities (config.md#linux-process),
 * settings of other systems, relative destinations. Called by the loaders; one note each. */
void vl_note_process(const struct oci_process *p, const char *at, struct vl_strv *notes);
void vl_note_config(const struct oci_config *c, struct vl_strv *notes);

#endif
