/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and hexadecimal. */
#include "base/digest.h"

#include <sodium/crypto_hash_sha256.h>

void vl_sha256(const void *data, size_t n, uint8_t out[VL_SHA256_LEN])
{
    /* Hashing needs no sodium_init(), which would open the random device. */
    (void)crypto_hash_sha256(out, data, n);
}

void vl_hex(const uint8_t *data, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}
