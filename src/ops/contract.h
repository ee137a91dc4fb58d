/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans as contracts: a launch happens only as it was approved. The plan is always compiled anew from the bundle; what
 * was approved is compared with it, never executed. What a digest leaves out: plan/digest.c.
 */
#ifndef VL_OPS_CONTRACT_H
#define VL_OPS_CONTRACT_H

#include "base/error.h"
#include "plan/plan.h"
#include "spec/spec.h"

#define VL_ANNOT_PLAN_DIGEST "run.veloci.plan.digest"

/*
 * REFUSED when the plan is not what the digest ("sha256:…") or the file (either form of `veloci plan`) say, or the
 * annotation run.veloci.plan.digest of the document; each may be absent. USAGE and CONFIG errors for what is no digest.
 */
int vl_contract_check(const struct vl_plan *plan, const struct vl_spec *spec, const char *digest, const char *file,
                      struct vl_error **err);

/* "sha256:…"; caller frees. */
char *vl_contract_digest(const struct vl_plan *plan);

/* A file with a plan: bytes as they are, and the plan itself when it is of the wire form. */
struct vl_approved {
    char *text; /* of the wire form: printed */
    size_t len;
    struct vl_plan *plan; /* or NULL: JSON, of which only the text counts */
};
void vl_approved_reset(struct vl_approved *a);
static inline void vl_cleanup_approved(struct vl_approved *a)
{
    vl_approved_reset(a);
}
int vl_approved_load(const char *file, struct vl_approved *ret, struct vl_error **err);

/* Lines of two texts that differ, "-" of a and "+" of b; NULL when there are none. *ret_n counts them. Caller frees. */
char *vl_contract_diff(const char *a, const char *b, size_t *ret_n);

#endif
