/* SPDX-License-Identifier: Apache-2.0 */
/* Single values: integers with their ranges, and the order of maps. */
#include <string.h>

#include "internal.h"

struct range {
    const char *text;
    uint64_t max, min; /* min: magnitude of the smallest negative number */
    uint8_t size;
};

static const struct range ranges[] = {
    [OCI_INT32] = {"-2147483648 to 2147483647", INT32_MAX, UINT64_C(1) << 31, 4},
    [OCI_INT64] = {"-9223372036854775808 to 9223372036854775807", INT64_MAX, UINT64_C(1) << 63, 8},
    [OCI_UINT16] = {"0 to 65535", UINT16_MAX, 0, 2},
    [OCI_UINT32] = {"0 to 4294967295", UINT32_MAX, 0, 4},
    [OCI_UINT64] = {"0 to 18446744073709551615", UINT64_MAX, 0, 8},
};

size_t oci_kind_size(enum oci_kind kind)
{
    switch (kind) {
    case OCI_STRING:
        return sizeof(char *);
    case OCI_BOOL:
        return sizeof(bool);
    case OCI_INT32:
    case OCI_INT64:
    case OCI_UINT16:
    case OCI_UINT32:
    case OCI_UINT64:
        return ranges[kind].size;
    case OCI_OBJECT:
        break;
    }
    return 0;
}

/* Digits to a number; false when it does not fit 64 bits. */
static bool magnitude(const char *s, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');
        if (v > UINT64_MAX / 10 || (v == UINT64_MAX / 10 && digit > UINT64_MAX % 10))
            return false;
        v = v * 10 + digit;
    }
    *ret = v;
    return true;
}

bool oci_number(const char *s, size_t n, enum oci_kind kind, void *dest, struct oci_text *why)
{
    const struct range *r = &ranges[kind];
    bool negative = n > 0 && s[0] == '-';
    uint64_t v;
    for (size_t i = negative; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') { /* JSON leaves . e E + - here */
            oci_text_add(why, "expected an integer, found ");
            oci_text_add_quoted(why, s, n);
            return false;
        }
    }
    if (!magnitude(s + negative, n - negative, &v) || v > (negative ? r->min : r->max)) {
        oci_text_add_quoted(why, s, n);
        oci_text_addf(why, " is out of range (%s)", r->text);
        return false;
    }
    if (negative)
        v = 0 - v;
    if (r->size == 2)
        *(uint16_t *)dest = (uint16_t)v;
    else if (r->size == 4)
        *(uint32_t *)dest = (uint32_t)v;
    else
        *(uint64_t *)dest = v;
    return true;
}

static int compare(const char *a, const char *b)
{
    const char *key_a, *key_b;
    memcpy(&key_a, a, sizeof(key_a));
    memcpy(&key_b, b, sizeof(key_b));
    return strcmp(key_a, key_b);
}

/* Stable: merges runs of growing width between the two buffers; qsort promises no order of equal
 * keys. */
static void merge_sort(char *entries, size_t n, size_t size, char *tmp)
{
    char *from = entries, *to = tmp;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t mid = start + width < n ? start + width : n;
            size_t end = mid + width < n ? mid + width : n;
            size_t a = start, b = mid;
            for (size_t i = start; i < end; i++) {
                bool left = a < mid && (b >= end || compare(from + a * size, from + b * size) <= 0);
                memcpy(to + i * size, from + (left ? a : b) * size, size);
                *(left ? &a : &b) += 1;
            }
        }
        char *swap = from;
        from = to;
        to = swap;
    }
    if (from != entries)
        memcpy(entries, from, n * size);
}

size_t oci_sort_map(char *entries, size_t n, size_t size, char *tmp)
{
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = compare(entries + (i - 1) * size, entries + i * size) < 0;
    if (sorted) /* what Go programs write */
        return n;
    merge_sort(entries, n, size, tmp);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && compare(entries + i * size, entries + (i + 1) * size) == 0)
            continue;
        if (kept != i)
            memcpy(entries + kept * size, entries + i * size, size);
        kept++;
    }
    return kept;
}
