/* SPDX-License-Identifier: Apache-2.0 */
/* The document of `mounts add` and `mounts remove`: an array of entries as config.json has them in `mounts`. */
#ifndef VL_SPEC_MOUNTS_DOC_H
#define VL_SPEC_MOUNTS_DOC_H

#include "spec/spec.h"

struct vl_mounts_context { /* borrowed */
    const char *bundle;     /* relative sources are below it */
    const char *label;      /* linux.mountLabel of the container, or NULL … */
    const char *label_type; /* … and how it is given: "context", "rootcontext" …; NULL: "context" */
    bool targets_only;      /* of each entry only the destination is asked for */
};
/* Reads and checks the document; path "-" is standard input. The result is a configuration with these mounts and
 * nothing else, owned by the caller. SYSTEM or CONFIG errors, places are "mounts[0]…". */
int vl_mounts_load(const char *path, const struct vl_mounts_context *c, struct vl_spec **ret,
                   struct vl_error **err);

#endif
