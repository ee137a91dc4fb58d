/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GVariant text in two passes: what is written becomes a tree without types; then each node's type is found and the
 * numbers are read by it.
 *
 * Types are compared as patterns: a complete D-Bus type in which N stands for any number, S for any kind of string and
 * * for anything (the element of an empty array).
 */
#include "plan/gvariant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

enum form { TRUTH, NUMBER, TEXT, ARRAY, TUPLE, ENTRY, VARIANT };

struct node {
    enum form form;
    const char *at;  /* where it begins */
    char *given;     /* type that was written before it, or NULL */
    char *word;      /* number or text */
    struct node *item;
    size_t n;
};

struct reader {
    const char *text, *p;
    char *why;
};

static int parse_value(struct reader *r, struct node *ret, int depth);

static void node_reset(struct node *n)
{
    for (size_t i = 0; i < n->n; i++)
        node_reset(&n->item[i]);
    free(n->item);
    free(n->given);
    free(n->word);
    *n = (struct node){.at = NULL};
}

VL_PRINTF(3, 4) static int wrong(struct reader *r, const char *at, const char *fmt, ...)
{
    cleanup_free char *text = NULL;
    va_list ap;
    if (r->why)
        return -1;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    r->why = vl_asprintf("character %zu: %s", (size_t)(at - r->text) + 1, text);
    return -1;
}

static void skip_space(struct reader *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (*r->p != c)
        return false;
    r->p++;
    return true;
}

/* -- types ------------------------------------------------------------------------------------------ */

/* Length of the complete type or pattern at s; 0 when there is none. */
static size_t type_len(const char *s, int depth)
{
    size_t n = 1;
    if (*s == '\0' || depth > VL_GV_DEPTH || strchr("bynqiuxthdsogvaNS*({", *s) == NULL)
        return 0;
    if (*s == 'a') {
        size_t element = type_len(s + 1, depth + 1);
        return element ? 1 + element : 0;
    }
    if (*s != '(' && *s != '{')
        return 1;
    char end = *s == '(' ? ')' : '}';
    while (s[n] != end) {
        size_t part = type_len(s + n, depth + 1);
        if (part == 0)
            return 0;
        n += part;
    }
    return n > 1 ? n + 1 : 0;
}

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
    size_t na = type_len(*a, 0), nb = type_len(*b, 0);
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

/* -- first pass ------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    char type;
} words[] = {{"boolean", 'b'}, {"byte", 'y'},   {"int16", 'n'},  {"uint16", 'q'},     {"int32", 'i'},
             {"uint32", 'u'},  {"int64", 'x'},  {"uint64", 't'}, {"handle", 'h'},     {"double", 'd'},
             {"string", 's'},  {"objectpath", 'o'}, {"signature", 'g'}};

static size_t word_len(const char *p)
{
    return strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* \uXXXX and \UXXXXXXXX as UTF-8 */
static int unescape_unicode(struct reader *r, int digits, struct vl_str *out)
{
    char hex[9] = "";
    uint32_t c;
    memcpy(hex, r->p, strnlen(r->p, (size_t)digits));
    if (strlen(hex) != (size_t)digits || vl_parse_u32(hex, 16, &c) < 0 || c == 0 || c > 0x10ffff ||
        (c >= 0xd800 && c < 0xe000))
        return wrong(r, r->p, "these are not %d hexadecimal digits of a character", digits);
    r->p += digits;
    if (c < 0x80) {
        vl_str_addc(out, (char)c);
        return 0;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    vl_str_addc(out, (char)(lead[more] | c >> 6 * more));
    while (more-- > 0)
        vl_str_addc(out, (char)(0x80 | (c >> 6 * more & 0x3f)));
    return 0;
}

static int unescape(struct reader *r, struct vl_str *out)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    char c = *r->p;
    if (c == '\0')
        return wrong(r, r->p, "the string does not end");
    r->p++;
    if (c == 'u' || c == 'U')
        return unescape_unicode(r, c == 'u' ? 4 : 8, out);
    const char *known = strchr(from, c);
    if (c != '\n') /* a line that goes on */
        vl_str_addc(out, known ? to[known - from] : c);
    return 0;
}

static int parse_text(struct reader *r, struct node *ret)
{
    cleanup(str) struct vl_str out = VL_STR_INIT;
    char quote = *r->p++;
    ret->form = TEXT;
    while (*r->p != quote) {
        if (*r->p == '\0')
            return wrong(r, ret->at, "the string does not end");
        if (*r->p == '\\') {
            r->p++;
            if (unescape(r, &out) < 0)
                return -1;
        } else {
            vl_str_addc(&out, *r->p++);
        }
    }
    r->p++;
    ret->word = vl_str_take(&out);
    return 0;
}

static int parse_number(struct reader *r, struct node *ret)
{
    size_t n = strspn(r->p, "+-.");
    while (word_len(r->p + n) > 0 || r->p[n] == '.' ||
           ((r->p[n] == '+' || r->p[n] == '-') && n > 0 && (r->p[n - 1] == 'e' || r->p[n - 1] == 'E')))
        n++;
    ret->form = NUMBER;
    ret->word = vl_strndup(r->p, n);
    r->p += n;
    return 0;
}

static int parse_items(struct reader *r, struct node *ret, char end, int depth)
{
    bool comma = false;
    if (take(r, end))
        return end == ')' ? wrong(r, ret->at, "D-Bus has no empty tuple") : 0;
    do {
        skip_space(r);
        if (end == ')' && comma && *r->p == ')') /* (1,) */
            break;
        struct node *item = VL_APPEND(ret->item, ret->n);
        if (parse_value(r, item, depth + 1) < 0)
            return -1;
        comma = take(r, ',');
    } while (comma);
    if (!take(r, end))
        return wrong(r, r->p, "`,` or `%c` is expected", end);
    if (end == ')' && ret->n == 1 && !comma)
        return wrong(r, r->p, "a tuple of one value is written `(value,)`");
    return 0;
}

static int parse_pair(struct reader *r, struct node *entry, char colon, int depth)
{
    entry->form = ENTRY;
    skip_space(r);
    entry->at = r->p;
    for (int i = 0; i < 2; i++) {
        struct node *part = VL_APPEND(entry->item, entry->n);
        if (i == 1 && !take(r, colon))
            return wrong(r, r->p, "`%c` is expected", colon);
        if (parse_value(r, part, depth + 1) < 0)
            return -1;
    }
    return 0;
}

/* {k: v, …}; a single {k, v} of GVariant cannot stand alone in D-Bus. */
static int parse_dict(struct reader *r, struct node *ret, int depth)
{
    ret->form = ARRAY;
    if (take(r, '}')) {
        if (ret->given == NULL)
            return wrong(r, ret->at, "the type of an empty dictionary is not known: write it before it, as in `@a{ss} {}`");
        return 0;
    }
    do {
        struct node *entry = VL_APPEND(ret->item, ret->n);
        if (parse_pair(r, entry, ':', depth + 1) < 0)
            return -1;
    } while (take(r, ','));
    return take(r, '}') ? 0 : wrong(r, r->p, "`,` or `}` is expected");
}

/* A type before the value: @t 5, uint64 5. */
static int parse_typed(struct reader *r, struct node *ret, char *type, int depth)
{
    if (ret->given) {
        free(type);
        return wrong(r, ret->at, "the type is given twice");
    }
    int result = 0;
    skip_space(r);
    struct node inner = {.at = r->p, .given = type};
    result = parse_value(r, &inner, depth + 1);
    *ret = inner;
    return result;
}

static int parse_word(struct reader *r, struct node *ret, int depth)
{
    size_t n = word_len(r->p);
    const char *at = r->p;
    if (n == 4 && strncmp(at, "true", n) == 0) {
        ret->form = TRUTH;
        ret->word = vl_strdup("1");
    } else if (n == 5 && strncmp(at, "false", n) == 0) {
        ret->form = TRUTH;
        ret->word = vl_strdup("0");
    }
    if (ret->word) {
        r->p += n;
        return 0;
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
        if (strlen(words[i].word) == n && strncmp(at, words[i].word, n) == 0) {
            r->p += n;
            return parse_typed(r, ret, vl_strndup(&words[i].type, 1), depth);
        }
    if ((n == 3 && strncmp(at, "inf", n) == 0) || (n == 3 && strncmp(at, "nan", n) == 0))
        return parse_number(r, ret);
    return wrong(r, at, "`%.*s` is no value (text is written in quotes)", (int)n, at);
}

static int parse_value(struct reader *r, struct node *ret, int depth)
{
    skip_space(r);
    if (ret->at == NULL)
        ret->at = r->p;
    if (depth > VL_GV_DEPTH)
        return wrong(r, r->p, "values are nested more than %d deep", VL_GV_DEPTH);
    switch (*r->p) {
    case '\0':
        return wrong(r, r->p, "a value is expected");
    case '\'':
    case '"':
        return parse_text(r, ret);
    case '[':
        r->p++;
        ret->form = ARRAY;
        return parse_items(r, ret, ']', depth);
    case '(':
        r->p++;
        ret->form = TUPLE;
        return parse_items(r, ret, ')', depth);
    case '{':
        r->p++;
        return parse_dict(r, ret, depth);
    case '<':
        r->p++;
        ret->form = VARIANT;
        if (parse_value(r, VL_APPEND(ret->item, ret->n), depth + 1) < 0)
            return -1;
        return take(r, '>') ? 0 : wrong(r, r->p, "`>` is expected");
    case '@': {
        size_t n = type_len(++r->p, 0);
        cleanup_free char *type = vl_strndup(r->p, n);
        if (n == 0 || strpbrk(type, "NS*"))
            return wrong(r, r->p, "this is no type");
        r->p += n;
        return parse_typed(r, ret, vl_take_ptr(type), depth);
    }
    default:
        if (strchr("+-.0123456789", *r->p))
            return parse_number(r, ret);
        if (word_len(r->p) > 0)
            return parse_word(r, ret, depth);
        return wrong(r, r->p, "`%c` begins no value", *r->p);
    }
}

/* -- second pass ------------------------------------------------------------------------------------ */

static char *pattern_of(struct reader *r, const struct node *n);

/* "a" and what all elements allow. */
static char *array_pattern(struct reader *r, const struct node *n)
{
    cleanup_free char *element = vl_strdup("*");
    for (size_t i = 0; i < n->n; i++) {
        cleanup_free char *one = pattern_of(r, &n->item[i]);
        char *both = one ? merged(element, one) : NULL;
        if (both == NULL) {
            wrong(r, n->item[i].at, "this is of another type than the elements before it");
            return NULL;
        }
        free(element);
        element = both;
    }
    return vl_asprintf("a%s", element);
}

static char *tuple_pattern(struct reader *r, const struct node *n, const char *ends)
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

static bool has_point(const char *number)
{
    bool hex = strstr(number, "0x") || strstr(number, "0X");
    return strpbrk(number, ".nN") != NULL || (!hex && strpbrk(number, "eE") != NULL);
}

static char *own_pattern(struct reader *r, const struct node *n)
{
    switch (n->form) {
    case TRUTH:
        return vl_strdup("b");
    case NUMBER:
        return vl_strdup(has_point(n->word) ? "d" : "N");
    case TEXT:
        return vl_strdup("S");
    case ARRAY:
        return array_pattern(r, n);
    case TUPLE:
        return tuple_pattern(r, n, "()");
    case ENTRY:
        return tuple_pattern(r, n, "{}");
    case VARIANT:
        return vl_strdup("v");
    }
    return NULL;
}

static char *pattern_of(struct reader *r, const struct node *n)
{
    cleanup_free char *own = own_pattern(r, n);
    if (own == NULL || n->given == NULL)
        return vl_take_ptr(own);
    char *both = merged(n->given, own);
    if (both == NULL)
        wrong(r, n->at, "this is no value of the type `%s`", n->given);
    return both;
}

static int settle_integer(struct reader *r, const struct node *n, struct vl_gv *ret)
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
        return wrong(r, n->at, "%s is out of range", n->word);
    if (e < 0)
        return wrong(r, n->at, "`%s` is no whole number", n->word);
    for (size_t i = 0; i < VL_ARRAY_LEN(ranges); i++)
        if (ranges[i].type == *ret->type && u > (negative ? ranges[i].below : ranges[i].max))
            return wrong(r, n->at, "%s is out of the range of type `%s`", n->word, ret->type);
    ret->v.u = negative ? UINT64_C(0) - u : u;
    return 0;
}

static int settle_double(struct reader *r, const struct node *n, struct vl_gv *ret)
{
    char *end;
    errno = 0;
    ret->v.d = strtod(n->word, &end);
    if (end == n->word || *end != '\0' || errno == ERANGE)
        return wrong(r, n->at, "`%s` is no number", n->word);
    return 0;
}

/* D-Bus Specification, "Valid Object Paths" */
static bool is_object_path(const char *s)
{
    size_t n = strlen(s);
    if (*s != '/' || (n > 1 && s[n - 1] == '/') || strstr(s, "//"))
        return false;
    for (; *s; s++)
        if (*s != '/' && word_len(s) == 0)
            return false;
    return true;
}

static int settle_text(struct reader *r, const struct node *n, struct vl_gv *ret)
{
    ret->s = vl_strdup(n->word);
    if (*ret->type == 'o' && !is_object_path(ret->s))
        return wrong(r, n->at, "`%s` is no object path", ret->s);
    if (*ret->type == 'g')
        for (const char *p = ret->s; *p;) {
            size_t len = type_len(p, 0);
            if (len == 0 || strchr("NS*{", *p))
                return wrong(r, n->at, "`%s` is no signature", ret->s);
            p += len;
        }
    return 0;
}

/* type: complete; may still hold N and S, which become i and s. */
static int settle(struct reader *r, const struct node *n, const char *type, struct vl_gv *ret)
{
    const char *part = type + 1;
    if (strchr(type, '*') && *type == 'a')
        return wrong(r, n->at, "the type of an empty array is not known: write it before it, as in `@as []`");
    ret->type = vl_strdup(type);
    for (char *p = ret->type; *p; p++)
        *p = *p == 'N' ? 'i' : *p == 'S' ? 's' : *p;
    switch (n->form) {
    case TRUTH:
        ret->v.u = *n->word == '1';
        return 0;
    case NUMBER:
        return *ret->type == 'd' ? settle_double(r, n, ret) : settle_integer(r, n, ret);
    case TEXT:
        return settle_text(r, n, ret);
    case ARRAY:
    case TUPLE:
    case ENTRY:
    case VARIANT:
        break;
    }
    for (size_t i = 0; i < n->n; i++) {
        struct vl_gv *item = VL_APPEND(ret->item, ret->n);
        size_t len = type_len(part, 0);
        cleanup_free char *want = n->form == VARIANT ? pattern_of(r, &n->item[i]) : vl_strndup(part, len);
        if (want == NULL || settle(r, &n->item[i], want, item) < 0)
            return -1;
        part += n->form == ARRAY ? 0 : len;
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
    struct reader r = {.text = text, .p = text};
    struct node root = {.at = NULL};
    cleanup(gv) struct vl_gv *v = vl_alloc(sizeof(*v));
    cleanup_free char *type = NULL;
    int result = parse_value(&r, &root, 0);
    skip_space(&r);
    if (result == 0 && *r.p != '\0')
        result = wrong(&r, r.p, "the value ends before this");
    if (result == 0) {
        type = pattern_of(&r, &root);
        result = type ? settle(&r, &root, type, v) : -1;
    }
    node_reset(&root);
    if (result < 0) {
        *ret_why = r.why;
        return -1;
    }
    *ret = vl_take_ptr(v);
    return 0;
}

/* -- out -------------------------------------------------------------------------------------------- */

static void print_text(const char *s, struct vl_str *out)
{
    vl_str_addc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            vl_str_addc(out, '\\');
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            vl_str_addf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            vl_str_addc(out, *s);
    }
    vl_str_addc(out, '\'');
}

static void print_bare(const struct vl_gv *v, struct vl_str *out);

static void print_items(const struct vl_gv *v, const char *ends, bool bare, struct vl_str *out)
{
    vl_str_addc(out, ends[0]);
    for (size_t i = 0; i < v->n; i++) {
        vl_str_add(out, i ? ", " : "");
        /* the type of the first element is that of all */
        if (bare && i > 0)
            print_bare(&v->item[i], out);
        else
            vl_gv_print(&v->item[i], out);
    }
    vl_str_add(out, *ends == '(' && v->n == 1 ? "," : "");
    vl_str_addc(out, ends[1]);
}

static void print_dict(const struct vl_gv *v, struct vl_str *out)
{
    vl_str_addc(out, '{');
    for (size_t i = 0; i < v->n; i++) {
        vl_str_add(out, i ? ", " : "");
        vl_gv_print(&v->item[i].item[0], out);
        vl_str_add(out, ": ");
        vl_gv_print(&v->item[i].item[1], out);
    }
    vl_str_addc(out, '}');
}

static void print_bare(const struct vl_gv *v, struct vl_str *out)
{
    switch (*v->type) {
    case 'b':
        vl_str_add(out, v->v.u ? "true" : "false");
        break;
    case 'd': {
        char text[64];
        snprintf(text, sizeof(text), "%.17g", v->v.d);
        vl_str_addf(out, "%s%s", text, has_point(text) ? "" : ".0");
        break;
    }
    case 'n':
    case 'i':
    case 'x':
        vl_str_addf(out, "%" PRId64, v->v.i);
        break;
    case 's':
    case 'o':
    case 'g':
        print_text(v->s, out);
        break;
    case 'a':
        if (v->type[1] == '{')
            print_dict(v, out);
        else
            print_items(v, "[]", true, out);
        break;
    case '(':
        print_items(v, "()", false, out);
        break;
    case 'v':
        vl_str_addc(out, '<');
        vl_gv_print(&v->item[0], out);
        vl_str_addc(out, '>');
        break;
    default:
        vl_str_addf(out, "%" PRIu64, v->v.u);
        break;
    }
}

void vl_gv_print(const struct vl_gv *v, struct vl_str *out)
{
    if (*v->type == 'a' && v->n == 0)
        vl_str_addf(out, "@%s ", v->type);
    else if (v->type[1] == '\0' && strchr("isbdv", *v->type) == NULL)
        for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
            if (words[i].type == *v->type)
                vl_str_addf(out, "%s ", words[i].word);
    print_bare(v, out);
}
