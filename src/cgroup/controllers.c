/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers of cgroup2 made available in the container's cgroup: each level above it has to pass
 * them down in its cgroup.subtree_control (cgroup-v2.rst, Enabling and Disabling).
 *
 * What the new directory itself says it has is read first, because on most hosts everything is
 * there. Only then the levels are walked, from the top; each is read, and written only where
 * something is missing, because every write stops the whole tree for a moment.
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define LIST_MAX 1024

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, " \n");
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len;
        p += strspn(p, " \n");
    }
    return false;
}

struct want {
    char *name;
    bool required;
    bool there;   /* passed down by every level so far */
    int error;    /* why not: -errno */
    char *failed; /* level that refused */
};

struct wants {
    struct want *w;
    size_t n;
};

static void wants_reset(struct wants *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->w[i].name);
        free(l->w[i].failed);
    }
    free(l->w);
}

static void add(struct wants *l, const char *name, size_t len, bool required)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strlen(l->w[i].name) == len && memcmp(l->w[i].name, name, len) == 0) {
            l->w[i].required |= required;
            return;
        }
    }
    struct want *w = VL_APPEND(l->w, l->n);
    w->name = vl_strndup(name, len);
    w->required = required;
    w->there = true;
}

static void collect(struct wants *l, const struct vl_cg_request *rq)
{
    /* engines read statistics and out-of-memory events from these */
    static const char *const usual[] = {"cpu", "io", "memory", "pids"};
    const char *host = rq->host->v2_controllers ? rq->host->v2_controllers : "";
    for (size_t i = 0; i < rq->plan->n_op; i++) {
        const struct vl_op *op = &rq->plan->op[i];
        if (op->code == VL_OP_CGWRITE && op->n[0] == 2 && !vl_streq(vl_op_s(op, 0), "cgroup"))
            add(l, vl_op_s(op, 0), strlen(vl_op_s(op, 0)), true);
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(usual); i++)
        if (has_word(host, usual[i]))
            add(l, usual[i], strlen(usual[i]), false);
    if (rq->op && (rq->op->n[2] & VL_CG_DELEGATE))
        for (const char *p = host; *p; p += strspn(p, " ")) {
            size_t len = strcspn(p, " ");
            add(l, p, len, false);
            p += len;
        }
}

static bool all_there(const struct wants *l, const char *list)
{
    for (size_t i = 0; i < l->n; i++)
        if (!has_word(list, l->w[i].name))
            return false;
    return true;
}

static void refuse(struct want *w, int error, const char *level)
{
    w->there = false;
    w->error = error;
    free(w->failed);
    w->failed = vl_strdup(level);
}

/*
 * A level with processes of its own cannot pass on controllers that know no threads: the kernel
 * refuses (EBUSY). It would take cpu, cpuset and pids alone, but by that the level becomes the root
 * of a threaded tree, in which nothing below can have the others any more: nothing that may be done
 * to somebody's cgroup. The root of the hierarchy (it has no cgroup.type) is exempt from all this.
 */
static bool has_own_processes(const char *level)
{
    char text[64];
    return vl_cg_read_in(level, "cgroup.type", text, sizeof(text)) > 0 &&
           vl_streq(text, "domain") && vl_cg_read_in(level, "cgroup.procs", text, sizeof(text)) > 0;
}

/* One level. A write of several controllers is all or nothing, so after a failure each is tried
 * alone. */
static void pass_down(struct wants *l, const char *level)
{
    char list[LIST_MAX];
    cleanup(str) struct vl_str all = VL_STR_INIT;
    int error = vl_cg_read_in(level, "cgroup.subtree_control", list, sizeof(list));
    if (error < 0)
        *list = '\0';
    for (size_t i = 0; i < l->n; i++)
        if (l->w[i].there && !has_word(list, l->w[i].name))
            vl_str_addf(&all, "%s+%s", all.len ? " " : "", l->w[i].name);
    if (all.len == 0)
        return;
    if (error >= 0)
        error = has_own_processes(level) ? -EBUSY
                                         : vl_cg_write_in(level, "cgroup.subtree_control", all.s);
    for (size_t i = 0; error < 0 && i < l->n; i++) {
        struct want *w = &l->w[i];
        if (!w->there || has_word(list, w->name))
            continue;
        cleanup_free char *one = vl_asprintf("+%s", w->name);
        int alone = error == -EBUSY ? error : vl_cg_write_in(level, "cgroup.subtree_control", one);
        if (alone < 0)
            refuse(w, alone, level);
    }
}

static void walk(struct wants *l, const char *mount, const char *dir)
{
    cleanup_free char *level = vl_strdup(dir);
    size_t at = strlen(mount);
    pass_down(l, mount);
    for (char *p = level + at + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        pass_down(l, level);
        *p = '/';
    }
}

/* Below a threaded cgroup a new one can hold processes only when it is made threaded too; it then
 * has the threaded controllers, not memory or io (cgroup-v2.rst, Threads). */
static void make_threaded(int dirfd, const char *dir)
{
    char type[64];
    if (vl_cg_read(dirfd, "cgroup.type", type, sizeof(type)) > 0 &&
        vl_streq(type, "domain invalid"))
        (void)vl_cg_write_in(dir, "cgroup.type", "threaded");
}

static int report(const struct wants *l, const char *dir, struct vl_error **err)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct want *w = &l->w[i];
        if (!w->required || w->there)
            continue;
        if (w->error == -ENOENT)
            return vl_err_unsupported(err, "cgroup controllers",
                                      "cgroup controller `%s` is not available in `%s`", w->name,
                                      w->failed);
        vl_err_sys(err, w->error, "enable cgroup controller `%s` in `%s`%s", w->name, w->failed,
                   w->error == -EBUSY ? ", which has processes of its own" : "");
        return vl_err_ctx(err, "prepare cgroup `%s`", dir);
    }
    return 0;
}

int vl_cg_enable(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *mount,
                 const char *dir, int dirfd, struct vl_error **err)
{
    struct wants l = {NULL, 0};
    char list[LIST_MAX];
    int r = 0;
    collect(&l, rq);
    if (l.n > 0 &&
        (vl_cg_read(dirfd, "cgroup.controllers", list, sizeof(list)) < 0 || !all_there(&l, list))) {
        walk(&l, mount, dir);
        for (size_t i = 0; i < l.n; i++)
            if (!l.w[i].there) {
                make_threaded(dirfd, dir);
                break;
            }
        r = report(&l, dir, err);
    }
    wants_reset(&l);
    return r;
}
