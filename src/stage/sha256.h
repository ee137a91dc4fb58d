/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) for the stage, which links no library. */
#ifndef VL_STAGE_SHA256_H
#define VL_STAGE_SHA256_H

#include <stddef.h>
#include <stdint.h>

void st_sha256(const void *data, size_t n, uint8_t out[32]);
/* plain: without the processor's instructions for it; for tests. */
void st_sha256_with(int plain, const void *data, size_t n, uint8_t out[32]);

#endif
