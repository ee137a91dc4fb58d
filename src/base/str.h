/* SPDX-License-Identifier: Apache-2.0 */
/* A string builder, string vectors, strict number parsing, lexical path work. */
#ifndef VL_BASE_STR_H
#define VL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/attr.h"
#include "base/cleanup.h"

/* Builder. Start with VL_STR_INIT; s is always NUL-terminated once something was added. */
struct vl_str {
    char *s;
    size_t len, cap;
};
#define VL_STR_INIT {NULL, 0, 0}
void vl_str_add(struct vl_str *b, const char *s);
void vl_str_addn(struct vl_str *b, const void *s, size_t n);
void vl_str_addc(struct vl_str *b, char c);
void vl_str_addf(struct vl_str *b, const char *fmt, ...) VL_PRINTF(2, 3);
void vl_str_reset(struct vl_str *b); /* frees */
char *vl_str_take(struct vl_str *b); /* never NULL; leaves the builder empty */
static inline void vl_cleanup_str(struct vl_str *b)
{
    vl_str_reset(b);
}

/* NULL-terminated vector that owns its strings. */
struct vl_strv {
    char **v;
    size_t n;
};
void vl_strv_add(struct vl_strv *l, const char *s);         /* copies */
void vl_strv_add_take(struct vl_strv *l, char *s);          /* owns */
void vl_strv_addf(struct vl_strv *l, const char *fmt, ...) VL_PRINTF(2, 3);
void vl_strv_reset(struct vl_strv *l);
bool vl_strv_has(const struct vl_strv *l, const char *s);
static inline void vl_cleanup_strv(struct vl_strv *l)
{
    vl_strv_reset(l);
}

static inline bool vl_streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}
static inline bool vl_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}
bool vl_ends_with(const char *s, const char *suffix);

/* The whole string must be one number in range: no sign for unsigned, no spaces, no empty string.
 * base 0 accepts 0x and 0 prefixes. Return 0, -EINVAL or -ERANGE; *ret is written only on success. */
int vl_parse_u64(const char *s, int base, uint64_t *ret);
int vl_parse_i64(const char *s, int base, int64_t *ret);
int vl_parse_u32(const char *s, int base, uint32_t *ret);
/* Bytes: "-1", a number, or one with a unit of b, k, m, g, t, p (1024 to the power), in any case, with a "b" or "ib"
 * behind it or not, and with a fraction: "1.5g", "512MiB". Otherwise as above. */
int vl_parse_size(const char *s, int64_t *ret);
/* A time as Go writes it: numbers with units of h, m, s, ms, us, ns, one after the other ("1m30s", "1.5s"), or a plain
 * number of seconds. In milliseconds; less than one is -ERANGE. */
int vl_parse_duration_ms(const char *s, int64_t *ret);

/* Lexical path work only; nothing touches the file system. */
char *vl_path_join(const char *a, const char *b);  /* one slash between; b may be absolute; caller frees */
char *vl_path_clean(const char *p);                /* collapses //, /./ and resolves ..; keeps leading / */
bool vl_path_has_dotdot(const char *p);            /* a component equal to .. */
const char *vl_path_base(const char *p);           /* borrowed */

#endif
