/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON output on yajl_gen.
 *
 * Two things are added: invalid UTF-8 (file names, log texts) is replaced, because yajl would write
 * it out as it is, and empty containers are written as {} and [] even when indenting. Misuse (a
 * value where a key belongs, say) is a bug of the caller and ends the process rather than giving a
 * half document.
 */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

struct vl_json {
    yajl_gen gen;
    char *indent; /* yajl keeps the pointer */
    char pending; /* '{' or '[' opened but not written yet, else 0 */
    size_t depth; /* containers open */
};

static void *json_malloc(void *ctx VL_UNUSED, size_t n)
{
    return vl_realloc_array(NULL, n, 1);
}

static void *json_realloc(void *ctx VL_UNUSED, void *p, size_t n)
{
    return vl_realloc_array(p, n, 1);
}

static void json_free(void *ctx VL_UNUSED, void *p)
{
    free(p);
}

static void check(yajl_gen_status s)
{
    if (s == yajl_gen_status_ok)
        return;
    static const char text[] = "veloci: bug: malformed JSON output\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    abort();
}

/* Every generator call comes through here: an opening bracket is written once it has content. */
static yajl_gen flush(struct vl_json *j)
{
    if (j->pending == '{')
        check(yajl_gen_map_open(j->gen));
    else if (j->pending == '[')
        check(yajl_gen_array_open(j->gen));
    j->pending = 0;
    return j->gen;
}

struct vl_json *vl_json_new(const char *indent)
{
    static yajl_alloc_funcs funcs = {json_malloc, json_realloc, json_free, NULL};
    struct vl_json *j = vl_alloc(sizeof(*j));
    j->gen = yajl_gen_alloc(&funcs);
    if (j->gen == NULL)
        vl_oom();
    if (indent != NULL) {
        j->indent = vl_strdup(indent);
        (void)yajl_gen_config(j->gen, yajl_gen_beautify, 1);
        (void)yajl_gen_config(j->gen, yajl_gen_indent_string, j->indent);
    }
    return j;
}

void vl_json_free(struct vl_json *j)
{
    if (j == NULL)
        return;
    yajl_gen_free(j->gen);
    free(j->indent);
    free(j);
}

void vl_json_obj(struct vl_json *j)
{
    (void)flush(j);
    j->pending = '{';
    j->depth++;
}

void vl_json_end_obj(struct vl_json *j)
{
    j->depth--;
    if (j->pending == '{') {
        j->pending = 0;
        check(yajl_gen_number(j->gen, "{}", 2)); /* written as it is */
        return;
    }
    check(yajl_gen_map_close(flush(j)));
}

void vl_json_arr(struct vl_json *j)
{
    (void)flush(j);
    j->pending = '[';
    j->depth++;
}

void vl_json_end_arr(struct vl_json *j)
{
    j->depth--;
    if (j->pending == '[') {
        j->pending = 0;
        check(yajl_gen_number(j->gen, "[]", 2));
        return;
    }
    check(yajl_gen_array_close(flush(j)));
}

/* Length of the valid UTF-8 sequence at p (Unicode 15, table 3-7), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
        return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (p[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

void vl_json_strn(struct vl_json *j, const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0;
    while (i < n) {
        size_t k = utf8_sequence(p + i, n - i);
        if (k == 0)
            break;
        i += k;
    }
    if (i == n) {
        check(yajl_gen_string(flush(j), p, n));
        return;
    }
    struct vl_str b = VL_STR_INIT;
    for (i = 0; i < n;) {
        size_t k = utf8_sequence(p + i, n - i);
        if (k == 0)
            vl_str_add(&b, "\xef\xbf\xbd");
        else
            vl_str_addn(&b, p + i, k);
        i += k ? k : 1;
    }
    check(yajl_gen_string(flush(j), (const unsigned char *)b.s, b.len));
    vl_str_reset(&b);
}

void vl_json_str(struct vl_json *j, const char *s)
{
    if (s == NULL)
        vl_json_null(j);
    else
        vl_json_strn(j, s, strlen(s));
}

void vl_json_key(struct vl_json *j, const char *key)
{
    vl_json_strn(j, key, strlen(key));
}

void vl_json_int(struct vl_json *j, int64_t v)
{
    check(yajl_gen_integer(flush(j), v));
}

void vl_json_uint(struct vl_json *j, uint64_t v)
{
    char buf[24];
    int n = snprintf(buf, sizeof(buf), "%" PRIu64, v);
    check(yajl_gen_number(flush(j), buf, (size_t)n));
}

void vl_json_decimal(struct vl_json *j, const char *digits)
{
    check(yajl_gen_number(flush(j), digits, strlen(digits)));
}

void vl_json_bool(struct vl_json *j, bool v)
{
    check(yajl_gen_bool(flush(j), v));
}

void vl_json_null(struct vl_json *j)
{
    check(yajl_gen_null(flush(j)));
}

void vl_json_kv_str(struct vl_json *j, const char *key, const char *s)
{
    vl_json_key(j, key);
    vl_json_str(j, s);
}

void vl_json_kv_int(struct vl_json *j, const char *key, int64_t v)
{
    vl_json_key(j, key);
    vl_json_int(j, v);
}

void vl_json_kv_uint(struct vl_json *j, const char *key, uint64_t v)
{
    vl_json_key(j, key);
    vl_json_uint(j, v);
}

void vl_json_kv_bool(struct vl_json *j, const char *key, bool v)
{
    vl_json_key(j, key);
    vl_json_bool(j, v);
}

char *vl_json_take(struct vl_json *j, size_t *ret_len)
{
    const unsigned char *buf = NULL;
    size_t n = 0;
    /* yajl hands out half documents too */
    check(j->depth == 0 ? yajl_gen_get_buf(j->gen, &buf, &n) : yajl_gen_in_error_state);
    char *text = vl_strndup((const char *)buf, n);
    if (ret_len != NULL)
        *ret_len = n;
    vl_json_free(j);
    return text;
}
