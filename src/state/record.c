/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record on disk. Writing and reading share one table of scalar members; lists and hooks are
 * spelled out.
 *
 * The reader follows the document with a path such as "poststop[].args[]". Unknown members are
 * skipped, so that an older program can read what a newer one of the same version wrote; wrong
 * types and numbers out of range are errors.
 */
#include "state/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "sys/fd.h"

enum type { T_STR, T_BOOL, T_PID, T_U32, T_U64, T_STRV };

struct member {
    const char *path;
    enum type type;
    size_t offset;
    bool required;
};

#define M(name, type, field)                                                                       \
    {                                                                                              \
        name, type, offsetof(struct vl_record, field), false                                       \
    }
#define M_REQUIRED(name, type, field)                                                              \
    {                                                                                              \
        name, type, offsetof(struct vl_record, field), true                                        \
    }
static const struct member members[] = {
    M_REQUIRED("id", T_STR, id),
    M_REQUIRED("ociVersion", T_STR, oci_version),
    M("creating", T_BOOL, creating),
    M("pid", T_PID, pid),
    M("startTime", T_U64, start_time),
    M("pidInode", T_U64, pid_inode),
    M_REQUIRED("bundle", T_STR, bundle),
    M_REQUIRED("rootfs", T_STR, rootfs),
    M_REQUIRED("created", T_STR, created),
    M("owner", T_U32, owner),
    M("cgroup[]", T_STRV, cgroup),
    M("ownPidNamespace", T_BOOL, own_pidns),
    M("ownUserNamespace", T_BOOL, own_userns),
    M("terminal", T_BOOL, terminal),
    M("noNewPrivileges", T_BOOL, no_new_privs),
    M("hookStdout", T_STR, hook_stdout),
    M("hookStderr", T_STR, hook_stderr),
    M("seccompListener", T_STR, seccomp_listener),
    M("seccompMetadata", T_STR, seccomp_metadata),
    M("notifySocket", T_STR, notify_socket),
    M("rdtGroup", T_STR, rdt_group),
    M("rdtMonitor", T_STR, rdt_monitor),
    M("planDigest", T_STR, plan_digest),
    M("notes[]", T_STRV, notes),
};

#define H(name, type, field)                                                                       \
    {                                                                                              \
        name, type, offsetof(struct vl_record_hook, field), false                                  \
    }
static const struct member hook_members[] = {
    H("path", T_STR, path),  H("args[]", T_STRV, args),         H("hasEnv", T_BOOL, has_env),
    H("env[]", T_STRV, env), H("timeoutMs", T_U32, timeout_ms),
};

struct vl_record *vl_record_new(void)
{
    return vl_alloc(sizeof(struct vl_record));
}

static void free_members(void *base, const struct member *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *field = (char *)base + m[i].offset;
        if (m[i].type == T_STR)
            vl_cleanup_free(field);
        else if (m[i].type == T_STRV)
            vl_strv_reset(field);
    }
}

static void free_hooks(struct vl_record_hook *hook, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_members(&hook[i], hook_members, VL_ARRAY_LEN(hook_members));
    free(hook);
}

void vl_record_free(struct vl_record *r)
{
    if (r == NULL)
        return;
    free_members(r, members, VL_ARRAY_LEN(members));
    free_hooks(r->poststart, r->n_poststart);
    free_hooks(r->poststop, r->n_poststop);
    for (size_t i = 0; i < r->n_annotation; i++) {
        free(r->annotation[i].key);
        free(r->annotation[i].value);
    }
    free(r->annotation);
    free(r);
}

char *vl_record_now(void)
{
    char buf[VL_RFC3339_LEN];
    vl_rfc3339_now(buf);
    return vl_strdup(buf);
}

/* -- writing -------------------------------------------------------------------------------------
 */

/* "cgroup[]" is the path of the elements; the member itself is "cgroup". */
static void write_key(struct vl_json *j, const char *path)
{
    char key[32];
    (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(path, "["), path);
    vl_json_key(j, key);
}

static void write_strv(struct vl_json *j, const char *path, const struct vl_strv *l)
{
    write_key(j, path);
    vl_json_arr(j);
    for (size_t i = 0; i < l->n; i++)
        vl_json_str(j, l->v[i]);
    vl_json_end_arr(j);
}

/* What is not set (NULL, false, 0, empty) is left out. */
static void write_member(struct vl_json *j, const struct member *m, const void *base)
{
    const void *field = (const char *)base + m->offset;
    switch (m->type) {
    case T_STR:
        if (*(char *const *)field != NULL)
            vl_json_kv_str(j, m->path, *(char *const *)field);
        break;
    case T_BOOL:
        if (*(const bool *)field)
            vl_json_kv_bool(j, m->path, true);
        break;
    case T_PID:
        if (*(const pid_t *)field != 0)
            vl_json_kv_int(j, m->path, *(const pid_t *)field);
        break;
    case T_U32:
        if (*(const uint32_t *)field != 0)
            vl_json_kv_uint(j, m->path, *(const uint32_t *)field);
        break;
    case T_U64:
        if (*(const uint64_t *)field != 0)
            vl_json_kv_uint(j, m->path, *(const uint64_t *)field);
        break;
    case T_STRV:
        if (((const struct vl_strv *)field)->n > 0)
            write_strv(j, m->path, field);
        break;
    }
}

static void write_hooks(struct vl_json *j, const char *key, const struct vl_record_hook *hook,
                        size_t n)
{
    if (n == 0)
        return;
    vl_json_key(j, key);
    vl_json_arr(j);
    for (size_t i = 0; i < n; i++) {
        vl_json_obj(j);
        for (size_t k = 0; k < VL_ARRAY_LEN(hook_members); k++)
            write_member(j, &hook_members[k], &hook[i]);
        vl_json_end_obj(j);
    }
    vl_json_end_arr(j);
}

char *vl_record_text(const struct vl_record *r, size_t *ret_len)
{
    struct vl_json *j = vl_json_new(NULL);
    vl_json_obj(j);
    vl_json_kv_int(j, "version", VL_RECORD_VERSION);
    for (size_t i = 0; i < VL_ARRAY_LEN(members); i++)
        write_member(j, &members[i], r);
    if (r->n_annotation > 0) {
        vl_json_key(j, "annotations");
        vl_json_obj(j);
        for (size_t i = 0; i < r->n_annotation; i++)
            vl_json_kv_str(j, r->annotation[i].key, r->annotation[i].value);
        vl_json_end_obj(j);
    }
    write_hooks(j, "poststart", r->poststart, r->n_poststart);
    write_hooks(j, "poststop", r->poststop, r->n_poststop);
    vl_json_end_obj(j);
    return vl_json_take(j, ret_len);
}

int vl_record_write(const struct vl_ctr *c, const struct vl_record *r, struct vl_error **err)
{
    size_t len;
    cleanup_free char *text = vl_record_text(r, &len);
    int e = vl_replace_file_at(c->dir_fd, VL_CTR_RECORD, text, len, 0600);
    return e == 0
               ? 0
               : vl_err_sys(err, e, "write the container's state `%s/%s`", c->path, VL_CTR_RECORD);
}

/* -- reading -------------------------------------------------------------------------------------
 */

#define DEPTH_MAX 6
#define PATH_MAX_LEN 64

struct reader {
    struct vl_record *r;
    uint64_t version;
    char path[PATH_MAX_LEN]; /* of the current value; "?" at its end when it is nothing we know */
    size_t base[DEPTH_MAX + 1]; /* length of the path at each open map or array */
    bool array[DEPTH_MAX + 1];
    unsigned depth;
    char *key;         /* pending key of an annotation */
    const char *fault; /* or NULL */
};

static int fail(struct reader *d, const char *fault)
{
    d->fault = fault;
    return 0; /* yajl: cancel */
}

static void path_to(struct reader *d, size_t base, const char *sep, const char *s, size_t n)
{
    size_t k = strlen(sep);
    if (base + k + n + 1 > sizeof(d->path) || memchr(s, '\0', n) != NULL) {
        sep = "?", k = 1, n = 0;
        if (base + 2 > sizeof(d->path))
            base = sizeof(d->path) - 2;
    }
    memcpy(d->path + base, sep, k);
    memcpy(d->path + base + k, s, n);
    d->path[base + k + n] = '\0';
}

static struct vl_record_hook *append_hook(struct reader *d)
{
    if (vl_streq(d->path, "poststart[]"))
        return VL_APPEND(d->r->poststart, d->r->n_poststart);
    if (vl_streq(d->path, "poststop[]"))
        return VL_APPEND(d->r->poststop, d->r->n_poststop);
    return NULL;
}

static int push(struct reader *d, bool array)
{
    if (d->depth == DEPTH_MAX)
        return fail(d, "nested too deeply");
    if (d->depth == 0 && array)
        return fail(d, "not an object");
    if (!array)
        (void)append_hook(d);
    d->depth++;
    d->base[d->depth] = strlen(d->path);
    d->array[d->depth] = array;
    if (array)
        path_to(d, d->base[d->depth], "[]", "", 0);
    return 1;
}

static int pop(struct reader *d)
{
    d->path[d->base[d->depth]] = '\0';
    d->depth--;
    return 1;
}

/* The member at the current path, and what its offset counts from. */
static const struct member *lookup(struct reader *d, void **ret_base)
{
    const char *path = d->path;
    const struct member *m = members;
    size_t n = VL_ARRAY_LEN(members);
    *ret_base = d->r;
    if (vl_starts_with(path, "poststart[].") && d->r->n_poststart > 0)
        *ret_base = &d->r->poststart[d->r->n_poststart - 1];
    else if (vl_starts_with(path, "poststop[].") && d->r->n_poststop > 0)
        *ret_base = &d->r->poststop[d->r->n_poststop - 1];
    if (*ret_base != d->r) {
        path = strchr(path, '.') + 1;
        m = hook_members;
        n = VL_ARRAY_LEN(hook_members);
    }
    for (size_t i = 0; i < n; i++)
        if (vl_streq(m[i].path, path))
            return &m[i];
    return NULL;
}

static bool in_annotations(const struct reader *d)
{
    return d->depth == 2 && !d->array[2] && d->base[2] == strlen("annotations") &&
           vl_starts_with(d->path, "annotations");
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    struct reader *d = ctx;
    if (d->depth == 0)
        return fail(d, "not an object");
    if (memchr(s, '\0', n) != NULL)
        return fail(d, "a string holds a NUL character");
    if (in_annotations(d) && d->key != NULL) {
        struct vl_kv *kv = VL_APPEND(d->r->annotation, d->r->n_annotation);
        kv->key = vl_take_ptr(d->key);
        kv->value = vl_strndup((const char *)s, n);
        return 1;
    }
    void *base;
    const struct member *m = lookup(d, &base);
    if (m == NULL)
        return 1;
    void *field = (char *)base + m->offset;
    if (m->type == T_STRV) {
        vl_strv_add_take(field, vl_strndup((const char *)s, n));
        return 1;
    }
    if (m->type != T_STR)
        return fail(d, "a member has the wrong type");
    vl_cleanup_free(field);
    *(char **)field = vl_strndup((const char *)s, n);
    return 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
    struct reader *d = ctx;
    uint64_t v = 0;
    cleanup_free char *text = vl_strndup(s, n);
    bool valid = vl_parse_u64(text, 10, &v) == 0;
    if (d->depth == 0)
        return fail(d, "not an object");
    if (vl_streq(d->path, "version")) {
        d->version = v;
        return valid ? 1 : fail(d, "the version is no number");
    }
    void *base;
    const struct member *m = lookup(d, &base);
    if (m == NULL)
        return in_annotations(d) ? fail(d, "an annotation is no string") : 1;
    void *field = (char *)base + m->offset;
    if (m->type == T_U64 && valid)
        *(uint64_t *)field = v;
    else if (m->type == T_U32 && valid && v <= UINT32_MAX)
        *(uint32_t *)field = (uint32_t)v;
    else if (m->type == T_PID && valid && v <= INT32_MAX)
        *(pid_t *)field = (pid_t)v;
    else
        return fail(d, "a number is out of place or out of range");
    return 1;
}

static int on_bool(void *ctx, int v)
{
    struct reader *d = ctx;
    void *base;
    const struct member *m = d->depth == 0 ? NULL : lookup(d, &base);
    if (d->depth == 0 || (m != NULL && m->type != T_BOOL))
        return fail(d, "a member has the wrong type");
    if (m != NULL)
        *(bool *)((char *)base + m->offset) = v != 0;
    return 1;
}

static int on_null(void *ctx)
{
    struct reader *d = ctx;
    void *base;
    if (d->depth == 0 || lookup(d, &base) != NULL)
        return fail(d, "a member has the wrong type");
    return 1;
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
    struct reader *d = ctx;
    vl_cleanup_free(&d->key);
    if (in_annotations(d)) {
        if (memchr(s, '\0', n) != NULL)
            return fail(d, "an annotation's name holds a NUL character");
        d->key = vl_strndup((const char *)s, n);
        return 1;
    }
    size_t base = d->base[d->depth];
    path_to(d, base, base == 0 ? "" : ".", (const char *)s, n);
    return 1;
}

static int on_start_map(void *ctx)
{
    return push(ctx, false);
}

static int on_start_array(void *ctx)
{
    return push(ctx, true);
}

static int on_end(void *ctx)
{
    return pop(ctx);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

static int check_required(const struct vl_record *r, struct vl_error **err)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(members); i++)
        if (members[i].required && *(char *const *)((const char *)r + members[i].offset) == NULL)
            return vl_err_config(err, members[i].path, "the member is missing");
    for (size_t i = 0; i < r->n_poststart; i++)
        if (r->poststart[i].path == NULL)
            return vl_err_config(err, "poststart", "a hook has no path");
    for (size_t i = 0; i < r->n_poststop; i++)
        if (r->poststop[i].path == NULL)
            return vl_err_config(err, "poststop", "a hook has no path");
    return 0;
}

int vl_record_parse(const char *buf, size_t len, struct vl_record **ret, struct vl_error **err)
{
    cleanup(record) struct vl_record *r = vl_record_new();
    struct reader d = {.r = r};
    yajl_handle y = yajl_alloc(&callbacks, NULL, &d);
    if (y == NULL)
        vl_oom();
    yajl_status st = yajl_parse(y, (const unsigned char *)buf, len);
    if (st == yajl_status_ok)
        st = yajl_complete_parse(y);
    yajl_free(y);
    vl_cleanup_free(&d.key);
    if (st != yajl_status_ok)
        return vl_err_config(err, NULL, "%s", d.fault != NULL ? d.fault : "not valid JSON");
    if (d.version != VL_RECORD_VERSION)
        return vl_err_config(err, "version", "written by another version of veloci (%llu, not %d)",
                             (unsigned long long)d.version, VL_RECORD_VERSION);
    if (check_required(r, err) < 0)
        return -1;
    *ret = vl_take_ptr(r);
    return 0;
}

int vl_record_read(const struct vl_ctr *c, struct vl_record **ret, struct vl_error **err)
{
    cleanup_free char *buf = NULL;
    size_t len = 0;
    /* O_NONBLOCK: whatever lies there, opening it must not wait */
    cleanup_fd int fd = vl_open_at(c->dir_fd, VL_CTR_RECORD, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    int e = fd < 0 ? fd : vl_slurp_fd(fd, VL_RECORD_MAX, &buf, &len);
    if (e < 0)
        return vl_err_sys(err, e, "read the container's state `%s/%s`", c->path, VL_CTR_RECORD);
    struct vl_record *r;
    if (vl_record_parse(buf, len, &r, err) < 0)
        return vl_err_ctx(err, "read the container's state `%s/%s`", c->path, VL_CTR_RECORD);
    if (!vl_streq(r->id, c->id)) {
        vl_record_free(r);
        return vl_err_config(err, "id", "the state in `%s` belongs to another container", c->path);
    }
    *ret = r;
    return 0;
}
