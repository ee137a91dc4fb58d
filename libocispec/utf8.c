/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Well-formed UTF-8 as RFC 3629 has it. yajl's own check takes overlong forms, surrogates and code
 * points above U+10FFFF, so it is switched off and the whole document is checked here first.
 */
#include <string.h>

#include "internal.h"

/* Length of the character at s with n bytes left; 0 when it is malformed. */
static size_t char_len(const unsigned char *s, size_t n)
{
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t len;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        len = 2;
    } else if ((s[0] & 0xf0) == 0xe0) {
        len = 3;
        if (s[0] == 0xe0)
            low = 0xa0;
        else if (s[0] == 0xed)
            high = 0x9f;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        len = 4;
        if (s[0] == 0xf0)
            low = 0x90;
        else if (s[0] == 0xf4)
            high = 0x8f;
    } else {
        return 0;
    }
    if (len > n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

size_t oci_utf8_check(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word;
        if (len - i >= sizeof(word)) { /* documents are nearly all ASCII: eight bytes at a time */
            memcpy(&word, s + i, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof(word);
                continue;
            }
        }
        size_t n = char_len((const unsigned char *)s + i, len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return len;
}
