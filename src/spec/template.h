/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json that `veloci spec` writes. */
#ifndef VL_SPEC_TEMPLATE_H
#define VL_SPEC_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct vl_template_opts {
    bool rootless;     /* a user namespace with the caller as root, nothing that needs host root */
    bool cgroup_ns;    /* the host has cgroup v2, so a cgroup namespace is useful */
    uint32_t uid, gid; /* effective ids of the caller, for rootless */
};

/* The document, indented, with a final newline; owned by the caller. */
int vl_template_write(const struct vl_template_opts *opts, char **ret, size_t *ret_len,
                      struct vl_error **err);

#endif
