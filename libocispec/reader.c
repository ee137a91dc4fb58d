/* SPDX-License-Identifier: Apache-2.0 */
/* What the events mean: values, keys and ends, stored along the table rows. See reader.h. */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

/* Ends the parse; the reason was reported. */
static int stop(struct reader *r)
{
    r->stopped = true;
    return 0;
}

/* ---- memory ---- */

/* Adds size zeroed bytes to the scratch stack. */
static bool push_scratch(struct reader *r, size_t size)
{
    if (size == 0)
        return true;
    if (size > r->scratch_cap - r->scratch_len) {
        size_t cap = 2 * (r->scratch_len + size) + 1024;
        char *p = realloc(r->scratch, cap);
        if (p == NULL) {
            r->oom = true;
            return false;
        }
        r->scratch = p;
        r->scratch_cap = cap;
    }
    memset(r->scratch + r->scratch_len, 0, size);
    r->scratch_len += size;
    return true;
}

static void *checked(struct reader *r, void *p)
{
    if (p == NULL)
        r->oom = true;
    return p;
}

static size_t elem_size(const struct oci_member *m)
{
    const struct oci_type_info *t = &oci_types[m->type];
    if (m->flags & OCI_MAP)
        return m->kind == OCI_OBJECT ? t->entry_size : sizeof(struct oci_kv);
    return m->kind == OCI_OBJECT ? t->size : oci_kind_size((enum oci_kind)m->kind);
}

/* ---- text of strings ---- */

/* Value of the four hex digits at s; yajl has checked that they are some. */
static unsigned hex4(const char *s)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = s[i];
        v = v * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

/* Whether the \u escapes of a raw string pair up as UTF-16; else yajl makes `?` or broken UTF-8. */
static bool escapes_pair_up(const char *raw, size_t n)
{
    bool high = false; /* a high surrogate was just read */
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        bool unicode = raw[i] == '\\' && i + 5 < n && raw[i + 1] == 'u';
        if (unicode)
            v = hex4(raw + i + 2);
        bool low = v >= 0xdc00 && v <= 0xdfff;
        if (low != high)
            return false;
        high = v >= 0xd800 && v <= 0xdbff;
        if (raw[i] == '\\')
            i += unicode ? 5 : 1;
    }
    return !high;
}

/* Refuses what a C string or UTF-8 cannot hold. */
static bool text_is_good(struct reader *r, const char *s, size_t n)
{
    const char *why = NULL;
    bool decoded = n > 0 && (s < r->buf || s >= r->buf + r->len); /* by yajl: it had escapes */
    if (n > 0 && memchr(s, '\0', n) != NULL) {
        why = "has a NUL character (\\u0000) inside";
    } else if (decoded) {
        size_t start = oci_token_start(r);
        if (!escapes_pair_up(r->buf + start + 1, oci_consumed(r) - start - 2))
            why = "has half of a surrogate pair (\\ud800 to \\udfff)";
    }
    if (why != NULL)
        oci_problem(r, oci_token_start(r), why);
    return why == NULL;
}

/* ---- values ---- */

static void set_bool(char *base, uint16_t where, bool v)
{
    if (where != OCI_NOWHERE)
        *(bool *)(base + where) = v;
}

/* Makes a member absent. */
static void clear_member(char *base, const struct oci_member *m)
{
    bool pointer =
        (m->flags & (OCI_ARRAY | OCI_MAP)) || m->kind == OCI_STRING || m->kind == OCI_OBJECT;
    memset(base + m->at, 0, pointer ? sizeof(void *) : oci_kind_size((enum oci_kind)m->kind));
    set_bool(base, m->at_has, false);
    if (m->at_count != OCI_NOWHERE)
        *(size_t *)(base + m->at_count) = 0;
}

static struct frame *push_frame(struct reader *r, enum frame_kind kind)
{
    struct frame *f = &r->frames[r->n_frames++]; /* oci_on_value limits the depth */
    *f = (struct frame){.kind = kind, .offset = oci_consumed(r) - 1};
    return f;
}

static void open_object(struct reader *r, enum oci_type type, struct place self)
{
    struct frame *f = push_frame(r, FRAME_OBJECT);
    f->type = &oci_types[type];
    f->self = self;
}

static bool open_list(struct reader *r, const struct oci_member *m, struct place owner)
{
    struct frame *f = push_frame(r, m->flags & OCI_MAP ? FRAME_MAP : FRAME_ARRAY);
    f->member = m;
    f->self = owner;
    f->elem_size = elem_size(m);
    f->restore = r->scratch_len;
    if (!push_scratch(r, (0 - r->scratch_len) & 7))
        return false;
    f->first = r->scratch_len;
    return true;
}

/* Stores one scalar or opens one object at `where`. False (reported) when the token does not fit.
 */
static bool store(struct reader *r, const struct oci_member *m, struct place where, bool in_struct,
                  const struct token *t)
{
    switch ((enum oci_kind)m->kind) {
    case OCI_STRING: {
        if (t->kind != T_STRING)
            break;
        if (!text_is_good(r, t->s, t->n))
            return false;
        char *s = checked(r, oci_doc_strndup(r->doc, t->s, t->n));
        memcpy(oci_at(r, where), &s, sizeof(s));
        return true;
    }
    case OCI_BOOL:
        if (t->kind != T_BOOL)
            break;
        *(bool *)oci_at(r, where) = t->boolean;
        return true;
    case OCI_INT32:
    case OCI_INT64:
    case OCI_UINT16:
    case OCI_UINT32:
    case OCI_UINT64: {
        struct oci_text why = {0};
        if (t->kind != T_NUMBER)
            break;
        if (oci_number(t->s, t->n, (enum oci_kind)m->kind, oci_at(r, where), &why))
            return true;
        oci_problem_here(r, &why);
        return false;
    }
    case OCI_OBJECT:
        if (t->kind != T_OBJECT)
            break;
        if (in_struct) { /* a pointer to a new struct; elements hold theirs by value */
            char *obj = checked(r, oci_doc_alloc(r->doc, oci_types[m->type].size));
            if (obj == NULL)
                return false;
            memcpy(oci_at(r, where), &obj, sizeof(obj));
            where = (struct place){.arena = obj};
        }
        open_object(r, (enum oci_type)m->type, where);
        return true;
    }
    oci_expected(r, m, !in_struct, t);
    return false;
}

static bool member_value(struct reader *r, struct frame *f, const struct token *t)
{
    const struct oci_member *m = f->member;
    uint64_t bit = UINT64_C(1) << (m - &oci_members[f->type->first]);
    struct place self = f->self;
    clear_member(oci_at(r, self), m);
    if (t->kind == T_NULL) {
        f->seen &= ~bit;
        f->exact &= ~bit;
        return true;
    }
    f->seen |= bit; /* even when it is wrong: one problem is enough */
    if (m->flags & (OCI_ARRAY | OCI_MAP)) {
        if (t->kind != (m->flags & OCI_ARRAY ? T_ARRAY : T_OBJECT)) {
            oci_expected(r, m, false, t);
            return false;
        }
        set_bool(oci_at(r, self), m->at_has, true);
        return open_list(r, m, self);
    }
    struct place where = self;
    where.offset += m->at;
    if (!store(r, m, where, true, t))
        return false;
    set_bool(oci_at(r, self), m->at_has, true);
    return true;
}

static bool array_value(struct reader *r, struct frame *f, const struct token *t)
{
    struct place where = {.offset = r->scratch_len};
    size_t size = f->elem_size;
    f->index++;
    if (!push_scratch(r, size))
        return false;
    f->n++;
    if (store(r, f->member, where, false, t))
        return true;
    f->n--;
    r->scratch_len -= size;
    return false;
}

static bool map_value(struct reader *r, struct frame *f, const struct token *t)
{
    struct place where = {.offset = f->first + (f->n - 1) * f->elem_size + sizeof(char *)};
    return store(r, f->member, where, false, t);
}

static bool root_value(struct reader *r, const struct token *t)
{
    if (t->kind != T_OBJECT) {
        oci_expected(r, NULL, false, t);
        return false;
    }
    r->root = checked(r, oci_doc_alloc(r->doc, oci_types[r->root_type].size));
    if (r->root == NULL)
        return false;
    open_object(r, r->root_type, (struct place){.arena = r->root});
    return true;
}

int oci_on_value(struct reader *r, const struct token *t)
{
    bool container = t->kind == T_OBJECT || t->kind == T_ARRAY;
    if (container && ++r->depth > OCI_DEPTH_MAX) {
        struct oci_text text = {0};
        oci_text_addf(&text, "nested deeper than %d levels", OCI_DEPTH_MAX);
        oci_problem_here(r, &text);
        return stop(r);
    }
    if (r->skip > 0) {
        r->skip += container;
        return 1;
    }
    struct frame *f = oci_top(r);
    bool good;
    if (f == NULL)
        good = root_value(r, t);
    else if (f->kind == FRAME_ARRAY)
        good = array_value(r, f, t);
    else if (f->kind == FRAME_MAP)
        good = map_value(r, f, t);
    else
        good = f->member != NULL && member_value(r, f, t);
    if (!good && container)
        r->skip = 1;
    if (f != NULL && f->kind == FRAME_OBJECT && !(good && container))
        f->member = NULL; /* done: it is no longer part of a path */
    return !r->oom;
}

/* ---- keys ---- */

static bool same_folded(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char x = a[i], y = b[i];
        x = (char)(x >= 'A' && x <= 'Z' ? x | 0x20 : x);
        y = (char)(y >= 'A' && y <= 'Z' ? y | 0x20 : y);
        if (x != y)
            return false;
    }
    return true;
}

static const struct oci_member *find_member(const struct oci_type_info *t, const char *key,
                                            size_t n, bool *exact)
{
    if (n == 0 || n > OCI_LONGEST_NAME)
        return NULL;
    for (unsigned i = t->by_len[n]; i < t->by_len[n + 1]; i++) {
        const struct oci_member *m = &oci_members[t->first + oci_lookup[t->first + i]];
        if (memcmp(oci_member_name(m), key, n) == 0) {
            *exact = true;
            return m;
        }
    }
    *exact = false;
    for (unsigned i = t->by_len[n]; i < t->by_len[n + 1]; i++) {
        const struct oci_member *m = &oci_members[t->first + oci_lookup[t->first + i]];
        if (same_folded(oci_member_name(m), key, n))
            return m;
    }
    return NULL;
}

/* A note about a key of the object at the top, whose member is not set yet. */
static void key_note(struct reader *r, const char *key, size_t n, const char *text,
                     const struct oci_member *m)
{
    struct oci_text path = oci_path(r), message = {0};
    oci_path_add(&path, key, n);
    oci_text_add(&message, text);
    if (m != NULL)
        oci_text_addf(&message, " `%s`", oci_member_name(m));
    oci_problem_at(r, true, oci_token_start(r), &path, &message);
}

static void object_key(struct reader *r, struct frame *f, const char *key, size_t n)
{
    bool exact = false;
    f->member = NULL; /* for the path of notes */
    const struct oci_member *m = find_member(f->type, key, n, &exact);
    if (m == NULL) {
        key_note(r, key, n, "unknown property, ignored", NULL);
        return;
    }
    uint64_t bit = UINT64_C(1) << (m - &oci_members[f->type->first]);
    if (!exact && (f->exact & bit)) {
        key_note(r, key, n, "ignored, since its exact spelling is there too:", m);
        return;
    }
    if (!exact)
        key_note(r, key, n, "taken for", m);
    else if (f->seen & bit)
        key_note(r, key, n, "given more than once, the last one counts", NULL);
    if (exact)
        f->exact |= bit;
    f->member = m;
}

static void map_key(struct reader *r, struct frame *f, const char *key, size_t n)
{
    size_t entry = r->scratch_len;
    char *copy = checked(r, oci_doc_strndup(r->doc, key, n));
    if (copy == NULL || !push_scratch(r, f->elem_size))
        return;
    memcpy(r->scratch + entry, &copy, sizeof(copy));
    f->n++;
    (void)text_is_good(r, key, n); /* reported only: the document will not be returned */
}

int oci_on_key(struct reader *r, const char *key, size_t n)
{
    if (r->skip > 0)
        return 1;
    struct frame *f = oci_top(r);
    if (f->kind == FRAME_MAP)
        map_key(r, f, key, n);
    else
        object_key(r, f, key, n);
    return !r->oom;
}

/* ---- ends ---- */

static void report_missing(struct reader *r, struct frame *f)
{
    uint64_t missing = f->type->required & ~f->seen;
    for (unsigned i = 0; i < f->type->count; i++) {
        if ((missing >> i & 1) == 0)
            continue;
        f->member = &oci_members[f->type->first + i];
        oci_problem(r, f->offset, "required property is missing");
    }
}

static void close_list(struct reader *r, struct frame *f)
{
    const struct oci_member *m = f->member;
    bool strings = f->kind == FRAME_ARRAY && m->kind == OCI_STRING;
    size_t size = f->n * f->elem_size;
    if (f->kind == FRAME_MAP && f->n > 1) {
        if (!push_scratch(r, size))
            return;
        size_t kept =
            oci_sort_map(r->scratch + f->first, f->n, f->elem_size, r->scratch + f->first + size);
        if (kept != f->n) {
            r->n_frames--; /* of the map, not of its last entry */
            struct oci_text path = oci_path(r), text = {0};
            r->n_frames++;
            oci_text_add(&text, "keys given more than once, the last ones count");
            oci_problem_at(r, true, f->offset, &path, &text);
            f->n = kept;
        }
        size = f->n * f->elem_size;
    }
    if (strings) { /* the NULL at the end */
        if (!push_scratch(r, sizeof(char *)))
            return;
        size += sizeof(char *);
    }
    char *list = NULL;
    if (size > 0) {
        list = checked(r, oci_doc_alloc_raw(r->doc, size, 8));
        if (list == NULL)
            return;
        memcpy(list, r->scratch + f->first, size);
    }
    char *owner = oci_at(r, f->self);
    memcpy(owner + m->at, &list, sizeof(list));
    memcpy(owner + m->at_count, &f->n, sizeof(f->n));
    r->scratch_len = f->restore;
}

int oci_on_end(struct reader *r)
{
    r->depth--;
    if (r->skip > 0) {
        r->skip--;
        return 1;
    }
    struct frame *f = oci_top(r);
    if (f->kind == FRAME_OBJECT)
        report_missing(r, f);
    else
        close_list(r, f);
    r->n_frames--;
    f = oci_top(r);
    if (f != NULL && f->kind == FRAME_OBJECT)
        f->member = NULL;
    return !r->oom;
}
