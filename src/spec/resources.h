/* SPDX-License-Identifier: Apache-2.0 */
/* The resources document of `update --resources`: linux.resources of config.json alone. */
#ifndef VL_SPEC_RESOURCES_H
#define VL_SPEC_RESOURCES_H

#include <ocispec.h>
#include "base/error.h"
#include "base/str.h"

struct vl_resources {
    struct oci_doc *doc;
    struct oci_resources *resources; /* in doc */
    struct vl_strv notes;
};

void vl_resources_free(struct vl_resources *r);
VL_DEFINE_CLEANUP(resources)

/* Reads and checks a resources document; path "-" is standard input. Returns 0 and *ret, owned by
 * the caller, or -1: SYSTEM or CONFIG errors. */
int vl_resources_load(const char *path, struct vl_resources **ret, struct vl_error **err);
int vl_resources_load_buffer(const char *name, const char *buf, size_t len,
                             struct vl_resources **ret, struct vl_error **err);

#endif
