/* SPDX-License-Identifier: Apache-2.0 */
/* String builder, owned vectors, strict numbers, lexical paths. */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

/* Room for n more bytes and the terminator. */
static void reserve(struct vl_str *b, size_t n)
{
    size_t need;
    if (__builtin_add_overflow(b->len, n, &need) || __builtin_add_overflow(need, (size_t)1, &need))
        vl_oom();
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 32;
    while (cap < need)
        if (__builtin_mul_overflow(cap, (size_t)2, &cap))
            vl_oom();
    b->s = vl_realloc_array(b->s, cap, 1);
    b->cap = cap;
}

void vl_str_addn(struct vl_str *b, const void *s, size_t n)
{
    reserve(b, n);
    if (n)
        memcpy(b->s + b->len, s, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void vl_str_add(struct vl_str *b, const char *s)
{
    vl_str_addn(b, s, strlen(s));
}

void vl_str_addc(struct vl_str *b, char c)
{
    vl_str_addn(b, &c, 1);
}

VL_PRINTF(2, 0) static void str_vaddf(struct vl_str *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    reserve(b, 0);
    size_t room = b->cap - b->len;
    int n = vsnprintf(b->s + b->len, room, fmt, ap);
    if (n < 0)
        vl_oom();
    if ((size_t)n >= room) {
        reserve(b, (size_t)n);
        n = vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    b->len += (size_t)n;
}

void vl_str_addf(struct vl_str *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vaddf(b, fmt, ap);
    va_end(ap);
}

void vl_str_reset(struct vl_str *b)
{
    vl_cleanup_free(&b->s);
    b->len = b->cap = 0;
}

char *vl_str_take(struct vl_str *b)
{
    char *s = b->s ? b->s : vl_strdup("");
    *b = (struct vl_str)VL_STR_INIT;
    return s;
}

void vl_strv_add_take(struct vl_strv *l, char *s)
{
    /* Capacity doubles whenever the entries and the final NULL fill a power of two. */
    size_t used = l->n + 1;
    if (l->v == NULL || (used & (used - 1)) == 0)
        l->v = vl_realloc_array(l->v, used * 2, sizeof(*l->v));
    l->v[l->n++] = s;
    l->v[l->n] = NULL;
}

void vl_strv_add(struct vl_strv *l, const char *s)
{
    vl_strv_add_take(l, vl_strdup(s));
}

void vl_strv_addf(struct vl_strv *l, const char *fmt, ...)
{
    struct vl_str b = VL_STR_INIT;
    va_list ap;
    va_start(ap, fmt);
    str_vaddf(&b, fmt, ap);
    va_end(ap);
    vl_strv_add_take(l, vl_str_take(&b));
}

void vl_strv_reset(struct vl_strv *l)
{
    for (size_t i = 0; i < l->n; i++)
        vl_cleanup_free(&l->v[i]);
    vl_cleanup_free(&l->v);
    l->n = 0;
}

bool vl_strv_has(const struct vl_strv *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (vl_streq(l->v[i], s))
            return true;
    return false;
}

bool vl_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

/* The C functions accept leading blanks and signs; a number here starts with a digit. */
static bool starts_like_number(const char *s, bool sign)
{
    if (sign && *s == '-')
        s++;
    return *s >= '0' && *s <= '9';
}

int vl_parse_u64(const char *s, int base, uint64_t *ret)
{
    if (base <= 10 && !starts_like_number(s, false))
        return -EINVAL;
    if (base > 10 && (*s == '\0' || strchr(" \t\n\v\f\r+-", *s)))
        return -EINVAL;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(s, &end, base);
    if (end == s || *end != '\0')
        return -EINVAL;
    if (errno == ERANGE)
        return -ERANGE;
    *ret = v;
    return 0;
}

int vl_parse_i64(const char *s, int base, int64_t *ret)
{
    if (base <= 10 && !starts_like_number(s, true))
        return -EINVAL;
    if (base > 10 && (*s == '\0' || strchr(" \t\n\v\f\r+", *s)))
        return -EINVAL;
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, base);
    if (end == s || *end != '\0')
        return -EINVAL;
    if (errno == ERANGE)
        return -ERANGE;
    *ret = v;
    return 0;
}

int vl_parse_u32(const char *s, int base, uint32_t *ret)
{
    uint64_t v;
    int r = vl_parse_u64(s, base, &v);
    if (r < 0)
        return r;
    if (v > UINT32_MAX)
        return -ERANGE;
    *ret = (uint32_t)v;
    return 0;
}

/* "123.456"; leaves *s behind it. */
static int parse_decimal(const char **s, double *ret)
{
    const char *p = *s;
    double v = 0, place = 1;
    if (*p < '0' || *p > '9')
        return -EINVAL;
    for (; *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (*p - '0');
    if (*p == '.' && p[1] >= '0' && p[1] <= '9')
        for (p++; *p >= '0' && *p <= '9'; p++) {
            place /= 10;
            v += (*p - '0') * place;
        }
    *s = p;
    *ret = v;
    return 0;
}

int vl_parse_size(const char *s, int64_t *ret)
{
    static const char units[] = "kmgtp";
    double v;
    int64_t whole;
    if (vl_parse_i64(s, 10, &whole) == 0) {
        if (whole < -1)
            return -ERANGE;
        *ret = whole;
        return 0;
    }
    if (parse_decimal(&s, &v) < 0)
        return -EINVAL;
    s += *s == ' ';
    char low = (char)(*s | 0x20);
    const char *unit = *s ? strchr(units, low) : NULL;
    if (unit != NULL) {
        for (const char *u = units; u <= unit; u++)
            v *= 1024;
        s++;
        s += (*s == 'i' || *s == 'I') && (s[1] == 'b' || s[1] == 'B');
    }
    s += *s == 'b' || *s == 'B';
    if (*s != '\0')
        return -EINVAL;
    if (v >= 9.2e18)
        return -ERANGE;
    *ret = (int64_t)v;
    return 0;
}

int vl_parse_duration_ms(const char *s, int64_t *ret)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"h", 3600e3}, {"m", 60e3}, {"s", 1e3}};
    double sum = 0, v;
    uint64_t seconds;
    if (vl_parse_u64(s, 10, &seconds) == 0) {
        sum = (double)seconds * 1e3;
        s = "";
    } else if (*s == '\0') {
        return -EINVAL;
    }
    while (*s != '\0') {
        size_t i = 0;
        if (parse_decimal(&s, &v) < 0)
            return -EINVAL;
        while (i < VL_ARRAY_LEN(units) && !vl_starts_with(s, units[i].name))
            i++;
        if (i == VL_ARRAY_LEN(units))
            return -EINVAL;
        s += strlen(units[i].name);
        sum += v * units[i].ms;
    }
    if (sum < 1 || sum > 9e15)
        return -ERANGE;
    *ret = (int64_t)sum;
    return 0;
}

char *vl_path_join(const char *a, const char *b)
{
    size_t n = strlen(a);
    while (n > 0 && a[n - 1] == '/')
        n--;
    while (*b == '/')
        b++;
    struct vl_str s = VL_STR_INIT;
    vl_str_addn(&s, a, n);
    /* An empty first part stays relative unless it was the root. */
    if (*a != '\0' && (*b != '\0' || n == 0))
        vl_str_addc(&s, '/');
    vl_str_add(&s, b);
    return vl_str_take(&s);
}

char *vl_path_clean(const char *p)
{
    bool absolute = *p == '/';
    struct vl_str s = VL_STR_INIT;
    if (absolute)
        vl_str_addc(&s, '/');
    size_t root = s.len, kept = 0; /* components before which ".." cannot be resolved */
    while (*p != '\0') {
        size_t n = strcspn(p, "/");
        bool dotdot = n == 2 && p[0] == '.' && p[1] == '.';
        if (dotdot && s.len > kept && s.len > root) {
            while (s.len > root && s.s[s.len - 1] != '/')
                s.len--;
            if (s.len > root)
                s.len--;
            s.s[s.len] = '\0';
        } else if (n > 0 && !(n == 1 && p[0] == '.') && !(dotdot && absolute)) {
            if (s.len > root)
                vl_str_addc(&s, '/');
            vl_str_addn(&s, p, n);
            if (dotdot)
                kept = s.len;
        }
        p += n;
        p += strspn(p, "/");
    }
    if (s.len == 0)
        vl_str_addc(&s, '.');
    return vl_str_take(&s);
}

bool vl_path_has_dotdot(const char *p)
{
    while (*p != '\0') {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return true;
        p += n;
        p += strspn(p, "/");
    }
    return false;
}

const char *vl_path_base(const char *p)
{
    const char *slash = strrchr(p, '/');
    return slash ? slash + 1 : p;
}
