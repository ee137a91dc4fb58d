/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan digest means: SHA-256 over the wire bytes of the whole plan, host operations included, with
 * no descriptor numbers and no device:inode identities in them. Nothing else is left out; a plan carries no
 * pids and no temporary names.
 */
#include "base/digest.h"
#include "plan/plan.h"

void vl_plan_digest(const struct vl_plan *p, uint8_t out[32])
{
    size_t len;
    cleanup_free char *buf = vl_plan_encode(p, false, NULL, &len);
    vl_sha256(buf, len, out);
}
