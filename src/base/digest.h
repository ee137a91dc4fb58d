/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) through libsodium. */
#ifndef VL_BASE_DIGEST_H
#define VL_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define VL_SHA256_LEN 32
void vl_sha256(const void *data, size_t n, uint8_t out[VL_SHA256_LEN]);
void vl_hex(const uint8_t *data, size_t n, char *out); /* 2n characters and NUL */

#endif
