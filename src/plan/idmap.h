/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps of config.json → checked lines; the text form that the kernel takes. user_namespaces(7). */
#ifndef VL_PLAN_IDMAP_H
#define VL_PLAN_IDMAP_H

#include "plan/build.h"

/* Most lines the kernel takes in one map. */
#define VL_IDMAP_LINES_MAX 340

/* "0 100000 65536\n…", owned by the caller. */
char *vl_idmap_text(const struct vl_idmap_line *map, size_t n);
/* Copies an array of config.json; *ret is the caller's. */
void vl_idmap_copy(const struct oci_id_mapping *from, size_t n, struct vl_idmap_line **ret);
/*
 * Reads the value of an `idmap=` mount option: uids=FS-HOST-SIZE[#FS-HOST-SIZE…];gids=…, where `@` before a range
 * makes it relative to the container's user namespace. Both parts are needed. Returns 0, or -1 with errors in
 * p->errors; the arrays are the caller's in any case.
 */
struct vl_idmap_pair {
    struct vl_idmap_line *uid, *gid;
    size_t n_uid, n_gid;
};
int vl_idmap_parse_option(struct vl_planner *p, const char *text, const char *where, struct vl_idmap_pair *ret);
void vl_idmap_pair_reset(struct vl_idmap_pair *m);

#endif
