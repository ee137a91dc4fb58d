/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs on all containers whose id a regular expression matches. */
#ifndef VL_OPS_MATCH_H
#define VL_OPS_MATCH_H

#include "ops/ops.h"

/* Ids that a POSIX extended regular expression matches somewhere, in byte order. USAGE error for a bad expression. */
int vl_match_ids(const struct vl_global *g, const char *regex, struct vl_strv *ret,
                 struct vl_error **err);
/* Adds *e (which becomes NULL) to what failed so far: "VERB container ID: …". */
void vl_match_failed(struct vl_error **errors, struct vl_error **e, const char *verb,
                     const char *id);
/* 0 without errors, else -1 and they are in *err. */
int vl_match_result(struct vl_error *errors, struct vl_error **err);

#endif
