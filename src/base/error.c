/* SPDX-License-Identifier: Apache-2.0 */
/* The error object: making, wrapping, collecting, and its one line of text. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

static const struct {
    const char *name;
    enum vl_error_class class;
} kinds[] = {
    [VL_ERR_USAGE] = {"usage", VL_CLASS_REFUSED},
    [VL_ERR_CONFIG] = {"config", VL_CLASS_REFUSED},
    [VL_ERR_UNSUPPORTED] = {"unsupported", VL_CLASS_REFUSED},
    [VL_ERR_REFUSED] = {"refused", VL_CLASS_REFUSED},
    [VL_ERR_STATE] = {"state", VL_CLASS_REFUSED},
    [VL_ERR_SYSTEM] = {"system", VL_CLASS_FAULTED},
    [VL_ERR_PAYLOAD] = {"payload", VL_CLASS_FAULTED},
    [VL_ERR_BUG] = {"bug", VL_CLASS_FAULTED},
};

const char *vl_error_kind_name(enum vl_error_kind k)
{
    return (size_t)k < VL_ARRAY_LEN(kinds) && kinds[k].name ? kinds[k].name : "bug";
}

enum vl_error_class vl_error_class(const struct vl_error *e)
{
    return (size_t)e->kind < VL_ARRAY_LEN(kinds) && kinds[e->kind].name ? kinds[e->kind].class
                                                                        : VL_CLASS_FAULTED;
}

const char *vl_error_class_name(enum vl_error_class c)
{
    static const char *const names[] = {"faulted", "refused", "faulted", "degraded"};
    return (size_t)c < VL_ARRAY_LEN(names) ? names[c] : names[0];
}

void vl_error_free(struct vl_error *e)
{
    int saved = errno;
    while (e != NULL) {
        struct vl_error *next = e->next;
        while (e != NULL) {
            struct vl_error *cause = e->cause;
            free(e->text);
            free(e->where);
            free(e->rule);
            free(e->phase);
            free(e->op);
            free(e);
            e = cause;
        }
        e = next;
    }
    errno = saved;
}

VL_PRINTF(3, 0)
static struct vl_error *push(struct vl_error **err, enum vl_error_kind kind, const char *fmt,
                             va_list ap)
{
    struct vl_error *e = vl_alloc(sizeof(*e));
    struct vl_str text = VL_STR_INIT;
    char *formatted = NULL;
    if (vasprintf(&formatted, fmt, ap) < 0)
        vl_oom();
    vl_str_add(&text, formatted);
    free(formatted);
    e->kind = kind;
    e->text = vl_str_take(&text);
    e->cause = *err; /* NULL but for vl_err_ctx; an error somebody forgot is kept, not lost */
    *err = e;
    return e;
}

#define PUSH(e, err, kind, fmt)                                                                    \
    do {                                                                                           \
        va_list ap_;                                                                               \
        va_start(ap_, fmt);                                                                        \
        (e) = push((err), (kind), (fmt), ap_);                                                     \
        va_end(ap_);                                                                               \
    } while (0)

int vl_err_usage(struct vl_error **err, const char *fmt, ...)
{
    struct vl_error *e VL_UNUSED;
    PUSH(e, err, VL_ERR_USAGE, fmt);
    return -1;
}

int vl_err_config(struct vl_error **err, const char *where, const char *fmt, ...)
{
    struct vl_error *e;
    PUSH(e, err, VL_ERR_CONFIG, fmt);
    e->where = where ? vl_strdup(where) : NULL;
    return -1;
}

int vl_err_unsupported(struct vl_error **err, const char *feature, const char *fmt, ...)
{
    struct vl_error *e;
    PUSH(e, err, VL_ERR_UNSUPPORTED, fmt);
    e->rule = feature ? vl_strdup(feature) : NULL;
    return -1;
}

int vl_err_refused(struct vl_error **err, const char *rule, const char *fmt, ...)
{
    struct vl_error *e;
    PUSH(e, err, VL_ERR_REFUSED, fmt);
    e->rule = rule ? vl_strdup(rule) : NULL;
    return -1;
}

int vl_err_state(struct vl_error **err, const char *fmt, ...)
{
    struct vl_error *e VL_UNUSED;
    PUSH(e, err, VL_ERR_STATE, fmt);
    return -1;
}

int vl_err_sys(struct vl_error **err, int errnum, const char *fmt, ...)
{
    struct vl_error *e;
    PUSH(e, err, VL_ERR_SYSTEM, fmt);
    e->errnum = errnum < 0 ? -errnum : errnum;
    return -1;
}

int vl_err_payload(struct vl_error **err, const char *fmt, ...)
{
    struct vl_error *e VL_UNUSED;
    PUSH(e, err, VL_ERR_PAYLOAD, fmt);
    return -1;
}

int vl_err_bug(struct vl_error **err, const char *fmt, ...)
{
    struct vl_error *e VL_UNUSED;
    PUSH(e, err, VL_ERR_BUG, fmt);
    return -1;
}

int vl_err_ctx(struct vl_error **err, const char *fmt, ...)
{
    struct vl_error *inner = *err, *e;
    PUSH(e, err, inner ? inner->kind : VL_ERR_BUG, fmt);
    if (inner == NULL)
        return -1;
    /* Errors collected beside the inner one now hang on the chain's head. */
    e->next = inner->next;
    inner->next = NULL;
    return -1;
}

int vl_err_at(struct vl_error **err, const char *where, ...)
{
    if (*err == NULL || vl_error_where(*err) != NULL)
        return -1;
    char *s = NULL;
    va_list ap;
    va_start(ap, where);
    if (vasprintf(&s, where, ap) < 0)
        vl_oom();
    va_end(ap);
    (*err)->where = s;
    return -1;
}

void vl_err_collect(struct vl_error **list, struct vl_error **e)
{
    struct vl_error *add = *e;
    *e = NULL;
    size_t n = 0;
    struct vl_error **tail = list;
    for (; *tail != NULL; tail = &(*tail)->next)
        n++;
    for (; add != NULL; n++) {
        struct vl_error *rest = add->next;
        add->next = NULL;
        if (n < VL_ERR_MAX) {
            *tail = add;
            tail = &add->next;
        } else {
            vl_error_free(add);
        }
        add = rest;
    }
}

size_t vl_err_count(const struct vl_error *list)
{
    size_t n = 0;
    for (; list != NULL; list = list->next)
        n++;
    return n;
}

void vl_err_drop(struct vl_error **err, const char *why)
{
    if (*err != NULL && vl_log_level() >= VL_LOG_DEBUG) {
        cleanup_free char *text = vl_error_text(*err);
        vl_debug("%s (%s)", why, text);
    }
    vl_error_free(*err);
    *err = NULL;
}

int vl_error_errno(const struct vl_error *e)
{
    int n = 0;
    for (; e != NULL; e = e->cause)
        if (e->errnum != 0)
            n = e->errnum;
    return n;
}

const char *vl_error_where(const struct vl_error *e)
{
    for (; e != NULL; e = e->cause)
        if (e->where != NULL)
            return e->where;
    return NULL;
}

/* One line: control characters would let a file name forge log records or play with a terminal. */
static void add_escaped(struct vl_str *b, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n')
            vl_str_add(b, "\\n");
        else if (c == '\t')
            vl_str_add(b, "\\t");
        else if (c < 0x20 || c == 0x7f)
            vl_str_addf(b, "\\x%02x", c);
        else
            vl_str_addc(b, (char)c);
    }
}

static void add_chain(struct vl_str *b, const struct vl_error *e)
{
    const char *where = vl_error_where(e);
    int errnum = vl_error_errno(e);
    bool place_said = where == NULL;
    for (const struct vl_error *c = e; c != NULL; c = c->cause) {
        if (c != e)
            vl_str_add(b, ": ");
        add_escaped(b, c->text);
        if (where != NULL && strstr(c->text, where) != NULL)
            place_said = true;
    }
    if (!place_said) {
        vl_str_add(b, " (at ");
        add_escaped(b, where);
        vl_str_addc(b, ')');
    }
    if (errnum != 0)
        vl_str_addf(b, ": %s", strerror(errnum));
}

char *vl_error_text(const struct vl_error *e)
{
    struct vl_str b = VL_STR_INIT;
    add_chain(&b, e);
    if (e->next != NULL) {
        vl_str_addf(&b, " (and %zu more: ", vl_err_count(e->next));
        for (const struct vl_error *n = e->next; n != NULL; n = n->next) {
            add_chain(&b, n);
            if (n->next != NULL)
                vl_str_add(&b, "; ");
        }
        vl_str_addc(&b, ')');
    }
    return vl_str_take(&b);
}
