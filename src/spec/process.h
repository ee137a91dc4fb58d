/* SPDX-License-Identifier: Apache-2.0 */
/* The process document of `exec --process`: the process object of config.json alone
 * (config.md#process). */
#ifndef VL_SPEC_PROCESS_H
#define VL_SPEC_PROCESS_H

#include <ocispec.h>
#include "base/error.h"
#include "base/str.h"

struct vl_process {
    struct oci_doc *doc;
    struct oci_process *process; /* in doc */
    struct vl_strv notes;
};

void vl_process_free(struct vl_process *p);
VL_DEFINE_CLEANUP(process)

/* Reads and checks a process document; path "-" is standard input. Returns 0 and *ret, owned by the
 * caller, or -1: SYSTEM or CONFIG errors. args may be absent: whether a command is needed is the
 * caller's business. */
int vl_process_load(const char *path, struct vl_process **ret, struct vl_error **err);
int vl_process_load_buffer(const char *name, const char *buf, size_t len, struct vl_process **ret,
                           struct vl_error **err);

#endif
