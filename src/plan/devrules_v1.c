/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules → devices.allow and devices.deny of cgroup v1.
 *
 * The v1 controller knows a default (all or nothing) and a list of exceptions, each a device
 * pattern with rights (Documentation/admin-guide/cgroup-v1/devices.rst). The rules are played
 * through on such a state and only the result is written. What the state cannot hold is refused
 * here, because the kernel would accept the writes and not do what they say.
 */
#include "plan/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

struct state {
    bool allow; /* what holds for devices without an exception */
    struct vl_devrule *exc;
    size_t n_exc;
};

static bool covers(const struct vl_devrule *wide, const struct vl_devrule *r)
{
    return wide->type == r->type && (wide->major < 0 || wide->major == r->major) &&
           (wide->minor < 0 || wide->minor == r->minor);
}

static bool meets(const struct vl_devrule *a, const struct vl_devrule *b)
{
    return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
           (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

static void pattern(const struct vl_devrule *r, char *buf, size_t size)
{
    char major[24] = "*", minor[24] = "*", access[4];
    int n = 0;
    if (r->major >= 0)
        snprintf(major, sizeof(major), "%lld", (long long)r->major);
    if (r->minor >= 0)
        snprintf(minor, sizeof(minor), "%lld", (long long)r->minor);
    if (r->access & BPF_DEVCG_ACC_READ)
        access[n++] = 'r';
    if (r->access & BPF_DEVCG_ACC_WRITE)
        access[n++] = 'w';
    if (r->access & BPF_DEVCG_ACC_MKNOD)
        access[n++] = 'm';
    access[n] = '\0';
    snprintf(buf, size, "%c %s:%s %s", r->type, major, minor, access);
}

/* Takes rights out of the exceptions. */
static int take(struct state *s, const struct vl_devrule *r, struct vl_error **err)
{
    for (size_t i = 0; i < s->n_exc; i++) {
        struct vl_devrule *e = &s->exc[i];
        if (!meets(e, r) || (e->access & r->access) == 0)
            continue;
        if (!covers(r, e)) {
            char rule[64], wider[64];
            pattern(r, rule, sizeof(rule));
            pattern(e, wider, sizeof(wider));
            vl_err_unsupported(err, "cgroup v1 device rules",
                               "cgroup v1 cannot except `%s` from the earlier rule `%s`", rule,
                               wider);
            return r->where ? vl_err_at(err, "%s", r->where) : -1;
        }
        e->access &= ~r->access;
    }
    return 0;
}

static void add(struct state *s, const struct vl_devrule *r)
{
    for (size_t i = 0; i < s->n_exc; i++) {
        struct vl_devrule *e = &s->exc[i];
        if (covers(e, r) && covers(r, e)) {
            e->access |= r->access;
            return;
        }
    }
    *VL_APPEND(s->exc, s->n_exc) = *r;
}

static int apply(struct state *s, const struct vl_devrule *r, struct vl_error **err)
{
    static const unsigned all = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
    if (r->type == 'a') {
        if (r->major < 0 && r->minor < 0 && r->access == all) {
            s->allow = r->allow;
            s->n_exc = 0;
            return 0;
        }
        struct vl_devrule part = *r;
        part.type = 'b';
        if (apply(s, &part, err) < 0)
            return -1;
        part.type = 'c';
        return apply(s, &part, err);
    }
    if (r->allow == s->allow)
        return take(s, r, err);
    add(s, r);
    return 0;
}

/* Rights to read and write are asked for together, but the kernel wants one exception to have both:
 * a specific one gets those of the wider ones. */
static void widen(struct state *s)
{
    for (size_t i = 0; i < s->n_exc; i++)
        for (size_t k = 0; k < s->n_exc; k++)
            if (k != i && s->exc[i].access != 0 && covers(&s->exc[k], &s->exc[i]))
                s->exc[i].access |= s->exc[k].access & (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE);
}

int vl_devrules_v1(const struct vl_devrule *rules, size_t n, struct vl_devwrite **ret,
                   size_t *ret_n, struct vl_error **err)
{
    struct state s = {.exc = NULL};
    struct vl_devwrite *out = NULL;
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++)
        if (apply(&s, &rules[i], err) < 0) {
            free(s.exc);
            return -1;
        }
    /* A new cgroup has the rules of its parent: nothing to say when everything is allowed. */
    if (!s.allow) {
        widen(&s);
        *VL_APPEND(out, n_out) = (struct vl_devwrite){"devices.deny", "a"};
    }
    for (size_t i = 0; i < s.n_exc; i++) {
        if (s.exc[i].access == 0)
            continue;
        struct vl_devwrite *w = VL_APPEND(out, n_out);
        w->file = s.allow ? "devices.deny" : "devices.allow";
        pattern(&s.exc[i], w->value, sizeof(w->value));
    }
    free(s.exc);
    *ret = out;
    *ret_n = n_out;
    return 0;
}
