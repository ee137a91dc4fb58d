/* SPDX-License-Identifier: Apache-2.0 */
/* GVariant text, first pass: what is written becomes a tree without types. */
#include "plan/gvariant_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

static int parse_value(struct vl_gv_reader *r, struct vl_gv_node *ret, int depth);

void vl_gv_node_reset(struct vl_gv_node *n)
{
    for (size_t i = 0; i < n->n; i++)
        vl_gv_node_reset(&n->item[i]);
    free(n->item);
    free(n->given);
    free(n->word);
    *n = (struct vl_gv_node){.at = NULL};
}

int vl_gv_wrong(struct vl_gv_reader *r, const char *at, const char *fmt, ...)
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

static void skip_space(struct vl_gv_reader *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

static bool take(struct vl_gv_reader *r, char c)
{
    skip_space(r);
    if (*r->p != c)
        return false;
    r->p++;
    return true;
}

const struct vl_gv_type_word vl_gv_type_words[] = {
    {"boolean", 'b'}, {"byte", 'y'},   {"int16", 'n'},  {"uint16", 'q'}, {"int32", 'i'},      {"uint32", 'u'},    {"int64", 'x'},
    {"uint64", 't'},  {"handle", 'h'}, {"double", 'd'}, {"string", 's'}, {"objectpath", 'o'}, {"signature", 'g'}, {NULL, 0}};

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

size_t vl_gv_type_len(const char *s)
{
    return type_len(s, 0);
}

bool vl_gv_has_point(const char *number)
{
    bool hex = strstr(number, "0x") || strstr(number, "0X");
    return strpbrk(number, ".nN") != NULL || (!hex && strpbrk(number, "eE") != NULL);
}

size_t vl_gv_word_len(const char *p)
{
    return strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* \uXXXX and \UXXXXXXXX as UTF-8 */
static int unescape_unicode(struct vl_gv_reader *r, int digits, struct vl_str *out)
{
    char hex[9] = "";
    uint32_t c;
    memcpy(hex, r->p, strnlen(r->p, (size_t)digits));
    if (strlen(hex) != (size_t)digits || vl_parse_u32(hex, 16, &c) < 0 || c == 0 || c > 0x10ffff ||
        (c >= 0xd800 && c < 0xe000))
        return vl_gv_wrong(r, r->p, "these are not %d hexadecimal digits of a character", digits);
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

static int unescape(struct vl_gv_reader *r, struct vl_str *out)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    char c = *r->p;
    if (c == '\0')
        return vl_gv_wrong(r, r->p, "the string does not end");
    r->p++;
    if (c == 'u' || c == 'U')
        return unescape_unicode(r, c == 'u' ? 4 : 8, out);
    const char *known = strchr(from, c);
    if (c != '\n') /* a line that goes on */
        vl_str_addc(out, known ? to[known - from] : c);
    return 0;
}

static int parse_text(struct vl_gv_reader *r, struct vl_gv_node *ret)
{
    cleanup(str) struct vl_str out = VL_STR_INIT;
    char quote = *r->p++;
    ret->form = VL_GV_TEXT;
    while (*r->p != quote) {
        if (*r->p == '\0')
            return vl_gv_wrong(r, ret->at, "the string does not end");
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

static int parse_number(struct vl_gv_reader *r, struct vl_gv_node *ret)
{
    size_t n = strspn(r->p, "+-.");
    while (vl_gv_word_len(r->p + n) > 0 || r->p[n] == '.' ||
           ((r->p[n] == '+' || r->p[n] == '-') && n > 0 && (r->p[n - 1] == 'e' || r->p[n - 1] == 'E')))
        n++;
    ret->form = VL_GV_NUMBER;
    ret->word = vl_strndup(r->p, n);
    r->p += n;
    return 0;
}

static int parse_items(struct vl_gv_reader *r, struct vl_gv_node *ret, char end, int depth)
{
    bool comma = false;
    if (take(r, end))
        return end == ')' ? vl_gv_wrong(r, ret->at, "D-Bus has no empty tuple") : 0;
    do {
        skip_space(r);
        if (end == ')' && comma && *r->p == ')') /* (1,) */
            break;
        struct vl_gv_node *item = VL_APPEND(ret->item, ret->n);
        if (parse_value(r, item, depth + 1) < 0)
            return -1;
        comma = take(r, ',');
    } while (comma);
    if (!take(r, end))
        return vl_gv_wrong(r, r->p, "`,` or `%c` is expected", end);
    if (end == ')' && ret->n == 1 && !comma)
        return vl_gv_wrong(r, r->p, "a tuple of one value is written `(value,)`");
    return 0;
}

static int parse_pair(struct vl_gv_reader *r, struct vl_gv_node *entry, char colon, int depth)
{
    entry->form = VL_GV_ENTRY;
    skip_space(r);
    entry->at = r->p;
    for (int i = 0; i < 2; i++) {
        struct vl_gv_node *part = VL_APPEND(entry->item, entry->n);
        if (i == 1 && !take(r, colon))
            return vl_gv_wrong(r, r->p, "`%c` is expected", colon);
        if (parse_value(r, part, depth + 1) < 0)
            return -1;
    }
    return 0;
}

/* {k: v, …}; a single {k, v} of GVariant cannot stand alone in D-Bus. */
static int parse_dict(struct vl_gv_reader *r, struct vl_gv_node *ret, int depth)
{
    ret->form = VL_GV_ARRAY;
    if (take(r, '}')) {
        if (ret->given == NULL)
            return vl_gv_wrong(r, ret->at, "the type of an empty dictionary is not known: write it before it, as in `@a{ss} {}`");
        return 0;
    }
    do {
        struct vl_gv_node *entry = VL_APPEND(ret->item, ret->n);
        if (parse_pair(r, entry, ':', depth + 1) < 0)
            return -1;
    } while (take(r, ','));
    return take(r, '}') ? 0 : vl_gv_wrong(r, r->p, "`,` or `}` is expected");
}

/* A type before the value: @t 5, uint64 5. */
static int parse_typed(struct vl_gv_reader *r, struct vl_gv_node *ret, char *type, int depth)
{
    if (ret->given) {
        free(type);
        return vl_gv_wrong(r, ret->at, "the type is given twice");
    }
    int result = 0;
    skip_space(r);
    struct vl_gv_node inner = {.at = r->p, .given = type};
    result = parse_value(r, &inner, depth + 1);
    *ret = inner;
    return result;
}

static int parse_word(struct vl_gv_reader *r, struct vl_gv_node *ret, int depth)
{
    size_t n = vl_gv_word_len(r->p);
    const char *at = r->p;
    if (n == 4 && strncmp(at, "true", n) == 0) {
        ret->form = VL_GV_TRUTH;
        ret->word = vl_strdup("1");
    } else if (n == 5 && strncmp(at, "false", n) == 0) {
        ret->form = VL_GV_TRUTH;
        ret->word = vl_strdup("0");
    }
    if (ret->word) {
        r->p += n;
        return 0;
    }
    for (const struct vl_gv_type_word *w = vl_gv_type_words; w->word != NULL; w++)
        if (strlen(w->word) == n && strncmp(at, w->word, n) == 0) {
            r->p += n;
            return parse_typed(r, ret, vl_strndup(&w->type, 1), depth);
        }
    if ((n == 3 && strncmp(at, "inf", n) == 0) || (n == 3 && strncmp(at, "nan", n) == 0))
        return parse_number(r, ret);
    return vl_gv_wrong(r, at, "`%.*s` is no value (text is written in quotes)", (int)n, at);
}

static int parse_value(struct vl_gv_reader *r, struct vl_gv_node *ret, int depth)
{
    skip_space(r);
    if (ret->at == NULL)
        ret->at = r->p;
    if (depth > VL_GV_DEPTH)
        return vl_gv_wrong(r, r->p, "values are nested more than %d deep", VL_GV_DEPTH);
    switch (*r->p) {
    case '\0':
        return vl_gv_wrong(r, r->p, "a value is expected");
    case '\'':
    case '"':
        return parse_text(r, ret);
    case '[':
        r->p++;
        ret->form = VL_GV_ARRAY;
        return parse_items(r, ret, ']', depth);
    case '(':
        r->p++;
        ret->form = VL_GV_TUPLE;
        return parse_items(r, ret, ')', depth);
    case '{':
        r->p++;
        return parse_dict(r, ret, depth);
    case '<':
        r->p++;
        ret->form = VL_GV_VARIANT;
        if (parse_value(r, VL_APPEND(ret->item, ret->n), depth + 1) < 0)
            return -1;
        return take(r, '>') ? 0 : vl_gv_wrong(r, r->p, "`>` is expected");
    case '@': {
        size_t n = type_len(++r->p, 0);
        cleanup_free char *type = vl_strndup(r->p, n);
        if (n == 0 || strpbrk(type, "NS*"))
            return vl_gv_wrong(r, r->p, "this is no type");
        r->p += n;
        return parse_typed(r, ret, vl_take_ptr(type), depth);
    }
    default:
        if (strchr("+-.0123456789", *r->p))
            return parse_number(r, ret);
        if (vl_gv_word_len(r->p) > 0)
            return parse_word(r, ret, depth);
        return vl_gv_wrong(r, r->p, "`%c` begins no value", *r->p);
    }
}

int vl_gv_read(struct vl_gv_reader *r, struct vl_gv_node *ret)
{
    if (parse_value(r, ret, 0) < 0)
        return -1;
    skip_space(r);
    return *r->p == '\0' ? 0 : vl_gv_wrong(r, r->p, "the value ends before this");
}
