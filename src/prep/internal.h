/* SPDX-License-Identifier: Apache-2.0 */
/* Shared between the files of prep/ only. */
#ifndef VL_PREP_INTERNAL_H
#define VL_PREP_INTERNAL_H

#include "prep/prep.h"
#include "sys/fd.h"

/* Path of the object behind a descriptor: its own, the shared empty directory, or the container's directory in
 * the cgroup hierarchy that is mounted at its path. NULL with a BUG error when it has none. */
const char *vl_prep_path(const struct vl_prep *p, const struct vl_desc *d, struct vl_error **err);
int vl_prep_check_kind(const struct vl_desc *d, const struct vl_fd_id *id, struct vl_error **err);
int vl_prep_clone_tree(const struct vl_desc *d, int object, struct vl_error **err);
int vl_prep_identify(struct vl_ident *i, struct vl_error **err);
/* Makes the user namespace of an IDMAP descriptor: from the maps of its IDMAP_SET operation, or, when that
 * has none, the user namespace of the process `stage` (0 = not there yet: left for later). */
int vl_prep_idmap(struct vl_prep *p, size_t desc, pid_t stage, struct vl_error **err);
/* Puts id maps onto the trees of BIND operations that have one; late selects LATE_TREE ones. */
int vl_prep_apply_idmaps(struct vl_prep *p, bool late, struct vl_error **err);

#endif
