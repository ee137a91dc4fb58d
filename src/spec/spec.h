/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle as typed data: what the planner reads. Loading touches the bundle directory and its
 * configuration file only; nothing else of the host is looked at. A struct vl_spec that was loaded
 * has passed vl_spec_check (spec/check.h): required parts are there, words are known, combinations
 * allowed.
 */
#ifndef VL_SPEC_SPEC_H
#define VL_SPEC_SPEC_H

#include <ocispec.h>
#include "base/error.h"
#include "base/str.h"

/* The version of the runtime specification that this program follows. */
#define VL_OCI_VERSION "1.3.0"

struct vl_spec {
    struct oci_doc *doc;
    struct oci_config *config; /* in doc; root and linux are never NULL after loading */
    char *bundle;              /* absolute, cleaned */
    char *rootfs;              /* absolute, cleaned */
    char *config_path;         /* what was read, for messages */
    struct vl_strv notes;      /* unknown properties and the like, for debug output and the plan */
};

void vl_spec_free(struct vl_spec *spec);
VL_DEFINE_CLEANUP(spec)

/* Reads config_file (NULL: config.json) of a bundle directory; a relative name is taken below the
 * bundle, an absolute one as it is. It must be a regular file of at most OCI_SIZE_MAX bytes.
 * Returns 0 and *ret, owned by the caller, or -1: SYSTEM (open, read) or up to VL_ERR_MAX CONFIG
 * errors, each with its place. */
int vl_spec_load(const char *bundle, const char *config_file, struct vl_spec **ret,
                 struct vl_error **err);
/* The same for a text in memory. name is used in messages; bundle must be absolute. */
int vl_spec_load_buffer(const char *bundle, const char *name, const char *buf, size_t len,
                        struct vl_spec **ret, struct vl_error **err);

#endif
