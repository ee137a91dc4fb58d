/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the checks. */
#include "spec/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

char *vl_check_where(const struct vl_checker *c, const char *where)
{
    struct vl_str s = VL_STR_INIT;
    const size_t index[] = {c->i, c->j};
    size_t used = 0;
    vl_str_add(&s, c->at);
    if (c->at[0] != '\0' && where[0] != '\0')
        vl_str_addc(&s, '.');
    for (; *where != '\0'; where++) {
        vl_str_addc(&s, *where);
        if (where[0] == '[' && where[1] == ']' && used < VL_ARRAY_LEN(index))
            vl_str_addf(&s, "%zu", index[used++]);
    }
    return vl_str_take(&s);
}

void vl_bad(struct vl_checker *c, const char *where, const char *fmt, ...)
{
    cleanup_free char *place = vl_check_where(c, where);
    struct vl_error *e = NULL;
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    vl_err_config(&e, place, "%s", text);
    vl_err_collect(c->list, &e);
    free(text);
}

bool vl_known(const struct vl_name *table, const char *name)
{
    int64_t value;
    return vl_name_find(table, name, &value) == 0;
}

void vl_check_line(struct vl_checker *c, const char *where, const char *s)
{
    if (s != NULL && strchr(s, '\n') != NULL)
        vl_bad(c, where, "a line break inside");
}

void vl_check_abs(struct vl_checker *c, const char *where, const char *what, const char *s)
{
    if (s[0] != '/')
        vl_bad(c, where, "%s `%s` is not an absolute path", what, s);
    else
        vl_check_line(c, where, s);
}

/* One number below limit at *s; moves on. */
static bool take_number(const char **s, unsigned limit, unsigned *ret)
{
    unsigned v = 0;
    const char *p = *s;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v >= limit)
            return false;
    }
    bool any = p != *s;
    *s = p;
    *ret = v;
    return any;
}

bool vl_number_list_ok(const char *s, unsigned limit)
{
    unsigned low, high;
    for (;;) {
        s += strspn(s, " ");
        if (!take_number(&s, limit, &low))
            return false;
        if (*s == '-') {
            s++;
            if (!take_number(&s, limit, &high) || high < low)
                return false;
        }
        s += strspn(s, " ");
        if (*s == '\0')
            return true;
        if (*s++ != ',')
            return false;
    }
}

static bool overlap(uint32_t a, uint32_t b, uint32_t a_size, uint32_t b_size)
{
    return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

#define MAPPINGS_MAX 340 /* user_namespaces(7), since Linux 4.15 */

void vl_check_mappings(struct vl_checker *c, const char *where, const struct oci_id_mapping *m,
                       size_t n)
{
    if (n > MAPPINGS_MAX) {
        cleanup_free char *list = vl_strndup(where, strlen(where) - 2); /* without its [] */
        vl_bad(c, list, "%zu ranges, the kernel takes %d", n, MAPPINGS_MAX);
        return;
    }
    size_t *index = strstr(where, "[]") == where + strlen(where) - 2 ? &c->i : &c->j;
    for (size_t i = 0; i < n; i++) {
        *index = i;
        /* 4294967295 is no id: it means "leave as it is" in chown(2) and setresuid(2). */
        if (m[i].size == 0)
            vl_bad(c, where, "the range is empty");
        else if ((uint64_t)m[i].container_id + m[i].size > UINT32_MAX ||
                 (uint64_t)m[i].host_id + m[i].size > UINT32_MAX)
            vl_bad(c, where, "the range goes beyond 4294967294");
        for (size_t k = 0; k < i; k++) {
            if (overlap(m[i].container_id, m[k].container_id, m[i].size, m[k].size) ||
                overlap(m[i].host_id, m[k].host_id, m[i].size, m[k].size)) {
                vl_bad(c, where, "the range overlaps with range %zu", k);
                break;
            }
        }
    }
}
