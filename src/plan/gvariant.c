/* SPDX-License-Identifier: Apache-2.0 */
/* GVariant text, second pass: each node's type is found, and the numbers are read by it. */
#include "plan/gvariant_int.h"

#include <errno.h>
#include <stdlib.h>
#include "base/mem.h"

/* -- patterns --------------------------------------------------------------------------------------- */

static bool is_number(char c)
{
    return c != '\0' && strchr("ynqiuxthd", c) != NULL;
}

static bool is_string(char c)
{
    return c == 's' || c == 'o' || c == 'g';
}

/* What both patterns allow, appended to out; false when they contradict each other. */
static bool merge(const char **a, const char **b, struct vl_str *out)
{
    size_t na = vl_gv_type_len(*a), nb = vl_gv_type_len(*b);
    if (na == 0 || nb == 0)
        return false;
    if (**a == '*' || **b == '*') {
        vl_str_addn(out, **a == '*' ? *b : *a, **a == '*' ? nb : na);
        *a += na;
        *b += nb;
        return true;
    }
    char ca = *(*a)++, cb = *(*b)++;
    if ((ca == 'N' && (is_number(cb) || cb == 'N')) || (ca == 'S' && (is_string(cb) || cb == 'S')))
        ca = cb;
    else if (!((cb == 'N' && is_number(ca)) || (cb == 'S' && is_string(ca)) || ca == cb))
        return false;
    vl_str_addc(out, ca);
    if (ca == 'a')
        return merge(a, b, out);
    if (ca != '(' && ca != '{')
        return true;
    char end = ca == '(' ? ')' : '}';
    while (**a != end && **b != end)
        if (!merge(a, b, out))
            return false;
    if (**a != **b)
        return false;
    vl_str_addc(out, end);
    (*a)++;
    (*b)++;
    return true;
}

static char *merged(const char *a, const char *b)
{
    cleanup(str) struct vl_str out = VL_STR_INIT;
    return merge(&a, &b, &out) ? vl_str_take(&out) : NULL;
}

/* -- of a value ------------------------------------------------------------------------------------- */

static char *pattern_of(struct vl_gv_reader *r, const struct vl_gv_node *n);

/* "a" and what all elements allow. */
static char *array_pattern(struct vl_gv_reader *r, const struct vl_gv_node *n)
{
    cleanup_free char *element = vl_strdup("*");
    for (size_t i = 0; i < n->n; i++) {
        cleanup_free char *one = pattern_of(r, &n->item[i]);
        char *both = one ? merged(element, one) : NULL;
        if (both == NULL) {
            vl_gv_wrong(r, n->item[i].at, "this is of another type than the elements before it");
            return NULL;
        }
        free(element);
        element = both;
    }
    return vl_asprintf("a%s", element);
}

static char *tuple_pattern(struct vl_gv_reader *r, const struct vl_gv_node *n, const char *ends)
{
    cleanup(str) struct vl_str out = VL_STR_INIT;
    vl_str_addc(&out, ends[0]);
    for (size_t i = 0; i < n->n; i++) {
        cleanup_free char *one = pattern_of(r, &n->item[i]);
        if (one == NULL)
            return NULL;
        vl_str_add(&out, one);
    }
    vl_str_addc(&out, ends[1]);
    return vl_str_take(&out);
}

static char *own_pattern(struct vl_gv_reader *r, const struct vl_gv_node *n)
{
    switch (n->form) {
    case VL_GV_TRUTH:
        return vl_strdup("b");
    case VL_GV_NUMBER:
        return vl_strdup(vl_gv_has_point(n->word) ? "d" : "N");
    case VL_GV_TEXT:
        return vl_strdup("S");
    case VL_GV_ARRAY:
        return array_pattern(r, n);
    case VL_GV_TUPLE:
        return tuple_pattern(r, n, "()");
    case VL_GV_ENTRY:
        return tuple_pattern(r, n, "{}");
    case VL_GV_VARIANT:
        return vl_strdup("v");
    }
    return NULL;
}

static char *pattern_of(struct vl_gv_reader *r, const struct vl_gv_node *n)
{
    cleanup_free char *own = own_pattern(r, n);
    if (own == NULL || n->given == NULL)
        return vl_take_ptr(own);
    char *both = merged(n->given, own);
    if (both == NULL)
        vl_gv_wrong(r, n->at, "this is no value of the type `%s`", n->given);
    return both;
}

static int settle_integer(struct vl_gv_reader *r, const struct vl_gv_node *n, struct vl_gv *ret)
{
    static const struct {
        char type;
        uint64_t below, max; /* smallest is -below */
    } ranges[] = {{'y', 0, UINT8_MAX},  {'q', 0, UINT16_MAX}, {'u', 0, UINT32_MAX}, {'h', 0, INT32_MAX},
                  {'t', 0, UINT64_MAX}, {'n', 32768, 32767},  {'i', 2147483648, 2147483647},
                  {'x', UINT64_C(1) << 63, INT64_MAX}};
    const char *digits = n->word + (*n->word == '-' || *n->word == '+');
    bool negative = *n->word == '-';
    uint64_t u;
    int base = 10;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        base = 16;
        digits += 2;
    } else if (digits[0] == '0' && digits[1] != '\0') {
        base = 8;
    }
    int e = vl_parse_u64(digits, base, &u);
    if (e == -ERANGE)
        return vl_gv_wrong(r, n->at, "%s is out of range", n->word);
    if (e < 0)
        return vl_gv_wrong(r, n->at, "`%s` is no whole number", n->word);
    for (size_t i = 0; i < VL_ARRAY_LEN(ranges); i++)
        if (ranges[i].type == *ret->type && u > (negative ? ranges[i].below : ranges[i].max))
            return vl_gv_wrong(r, n->at, "%s is out of the range of type `%s`", n->word, ret->type);
    ret->v.u = negative ? UINT64_C(0) - u : u;
    return 0;
}

static int settle_double(struct vl_gv_reader *r, const struct vl_gv_node *n, struct vl_gv *ret)
{
    char *end;
    errno = 0;
    ret->v.d = strtod(n->word, &end);
    if (end == n->word || *end != '\0' || errno == ERANGE)
        return vl_gv_wrong(r, n->at, "`%s` is no number", n->word);
    return 0;
}

/* D-Bus Specification, "Valid Object Paths" */
static bool is_object_path(const char *s)
{
    size_t n = strlen(s);
    if (*s != '/' || (n > 1 && s[n - 1] == '/') || strstr(s, "//"))
        return false;
    for (; *s; s++)
        if (*s != '/' && vl_gv_word_len(s) == 0)
            return false;
    return true;
}

static int settle_text(struct vl_gv_reader *r, const struct vl_gv_node *n, struct vl_gv *ret)
{
    ret->s = vl_strdup(n->word);
    if (*ret->type == 'o' && !is_object_path(ret->s))
        return vl_gv_wrong(r, n->at, "`%s` is no object path", ret->s);
    if (*ret->type == 'g')
        for (const char *p = ret->s; *p;) {
            size_t len = vl_gv_type_len(p);
            if (len == 0 || strchr("NS*{", *p))
                return vl_gv_wrong(r, n->at, "`%s` is no signature", ret->s);
            p += len;
        }
    return 0;
}

/* type: complete; may still hold N and S, which become i and s. */
static int settle(struct vl_gv_reader *r, const struct vl_gv_node *n, const char *type, struct vl_gv *ret)
{
    const char *part = type + 1;
    if (strchr(type, '*') && *type == 'a')
        return vl_gv_wrong(r, n->at, "the type of an empty array is not known: write it before it, as in `@as []`");
    ret->type = vl_strdup(type);
    for (char *p = ret->type; *p; p++)
        *p = *p == 'N' ? 'i' : *p == 'S' ? 's' : *p;
    switch (n->form) {
    case VL_GV_TRUTH:
        ret->v.u = *n->word == '1';
        return 0;
    case VL_GV_NUMBER:
        return *ret->type == 'd' ? settle_double(r, n, ret) : settle_integer(r, n, ret);
    case VL_GV_TEXT:
        return settle_text(r, n, ret);
    case VL_GV_ARRAY:
    case VL_GV_TUPLE:
    case VL_GV_ENTRY:
    case VL_GV_VARIANT:
        break;
    }
    for (size_t i = 0; i < n->n; i++) {
        struct vl_gv *item = VL_APPEND(ret->item, ret->n);
        size_t len = vl_gv_type_len(part);
        cleanup_free char *want = n->form == VL_GV_VARIANT ? pattern_of(r, &n->item[i]) : vl_strndup(part, len);
        if (want == NULL || settle(r, &n->item[i], want, item) < 0)
            return -1;
        part += n->form == VL_GV_ARRAY ? 0 : len;
    }
    return 0;
}

static void gv_reset(struct vl_gv *v)
{
    for (size_t i = 0; i < v->n; i++)
        gv_reset(&v->item[i]);
    free(v->item);
    free(v->type);
    free(v->s);
}

void vl_gv_free(struct vl_gv *v)
{
    if (v == NULL)
        return;
    gv_reset(v);
    free(v);
}

int vl_gv_parse(const char *text, struct vl_gv **ret, char **ret_why)
{
    struct vl_gv_reader r = {.text = text, .p = text};
    struct vl_gv_node root = {.at = NULL};
    cleanup(gv) struct vl_gv *v = vl_alloc(sizeof(*v));
    cleanup_free char *type = NULL;
    int result = vl_gv_read(&r, &root);
    if (result == 0) {
        type = pattern_of(&r, &root);
        result = type ? settle(&r, &root, type, v) : -1;
    }
    vl_gv_node_reset(&root);
    if (result < 0) {
        *ret_why = r.why;
        return -1;
    }
    *ret = vl_take_ptr(v);
    return 0;
}
