/* SPDX-License-Identifier: Apache-2.0 */
/* Executes CGWRITE: values into files, in the plan's order, with the few courtesies that its flags
 * ask for. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "sys/fd.h"

/* What the kernel uses inside; memory.kmem.limit_in_bytes lets it out on some versions. */
#define VL_ENOTSUPP 524

/* Directory of the operation's file; NULL when the cgroup has none in that hierarchy. */
static const char *dir_of(const struct vl_cgroup *cg, const struct vl_op *op)
{
    return op->n[0] == 2 ? vl_cg_unified(cg) : vl_cg_v1_dir(cg, vl_op_s(op, 0));
}

static int failed(const struct vl_op *op, const char *dir, int error, struct vl_error **err)
{
    const char *file = vl_op_s(op, 1);
    /* Not as a system error: "no such file" would be taken for a missing program by engines. */
    if (error == -ENOENT || error == -EOPNOTSUPP || error == -VL_ENOTSUPP)
        vl_err_unsupported(err, "cgroup files", "`%s` of cgroup `%s`: this kernel cannot do that",
                           file, dir);
    else
        vl_err_sys(err, error, "write `%s` into `%s` of cgroup `%s`", vl_op_s(op, 2), file, dir);
    return op->where ? vl_err_at(err, "%s", op->where) : -1;
}

/* VL_CGW_KEEP: "- REST" becomes "FIRST REST" with the first word that is there now. */
static char *keep_first(const char *dir, const struct vl_op *op)
{
    char now[256];
    if (vl_cg_read_in(dir, vl_op_s(op, 1), now, sizeof(now)) <= 0)
        return vl_strdup(vl_op_s(op, 2));
    now[strcspn(now, " \n")] = '\0';
    return vl_asprintf("%s%s", now, vl_op_s(op, 2) + 1);
}

static int check_usage(const struct vl_cgroup *cg, const struct vl_op *op, struct vl_error **err)
{
    char text[64];
    uint64_t limit = strtoull(vl_op_s(op, 2), NULL, 10), usage;
    const char *file = op->n[0] == 2 ? "memory.current" : "memory.usage_in_bytes";
    if (vl_cg_read_in(dir_of(cg, op), file, text, sizeof(text)) <= 0)
        return 0;
    usage = strtoull(text, NULL, 10);
    if (usage <= limit)
        return 0;
    vl_err_state(err, "rejecting memory limit %llu, %llu bytes are in use",
                 (unsigned long long)limit, (unsigned long long)usage);
    return op->where ? vl_err_at(err, "%s", op->where) : -1;
}

/* A limit that the kernel takes and does not keep, as newer ones do with
 * memory.kmem.limit_in_bytes. What is kept is rounded to pages. */
static bool was_forgotten(const char *dir, const struct vl_op *op)
{
    char text[64];
    uint64_t want = strtoull(vl_op_s(op, 2), NULL, 10);
    return *vl_op_s(op, 2) != '-' && vl_cg_read_in(dir, vl_op_s(op, 1), text, sizeof(text)) > 0 &&
           strtoull(text, NULL, 10) / 2 > want;
}

static bool denied(int error)
{
    return error == -EPERM || error == -EACCES || error == -EROFS;
}

/* The file written last, kept open: device rules and throttles are many writes into one. */
struct last {
    char *path;
    int fd;
};

static void last_close(struct last *l)
{
    vl_cleanup_fd(&l->fd);
    free(l->path);
    l->path = NULL;
}

static int put(struct last *l, const char *dir, const char *file, const char *value)
{
    char *path = vl_path_join(dir, file);
    if (l->path && vl_streq(l->path, path)) {
        free(path);
    } else {
        last_close(l);
        l->path = path;
        l->fd = vl_open_at(AT_FDCWD, path, O_WRONLY, 0);
    }
    if (l->fd < 0)
        return l->fd;
    ssize_t n;
    do
        n = write(l->fd, value, strlen(value)); /* one call: the kernel takes it as a whole */
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* A degradation: reported, never counted as applied. */
static int note_left_out(struct vl_cgroup *cg, const struct vl_op *op, const char *why)
{
    cleanup_free char *note =
        vl_asprintf("%s: %s, `%s` is not written", op->where ? op->where : "cgroup", why, vl_op_s(op, 1));
    if (!vl_strv_has(&cg->notes, note))
        vl_strv_add(&cg->notes, note);
    return 0;
}

/* 0 written, 1 the file is not there and that is fine, -errno. */
static int write_one(struct vl_cgroup *cg, struct last *l, const struct vl_op *op)
{
    const char *dir = dir_of(cg, op);
    cleanup_free char *kept = op->n[1] & VL_CGW_KEEP ? keep_first(dir, op) : NULL;
    int r = put(l, dir, vl_op_s(op, 1), kept ? kept : vl_op_s(op, 2));
    if (r == -ENOENT && (op->n[1] & (VL_CGW_IF_EXISTS | VL_CGW_ALT)))
        return 1;
    if ((op->n[1] & VL_CGW_VERIFY) && (r == -EOPNOTSUPP || r == -524 /* ENOTSUPP */ || (r == 0 && was_forgotten(dir, op))))
        return note_left_out(cg, op, "this kernel has no such limit any more");
    if (denied(r) && (op->n[1] & VL_CGW_TOLERATE))
        return note_left_out(cg, op, "not permitted");
    return r;
}

struct again { /* VL_CGW_RETRY */
    const struct vl_op **op;
    size_t n;
};

static int first_pass(struct vl_cgroup *cg, const struct vl_plan *plan, struct last *l,
                      struct again *again, struct vl_error **err)
{
    bool skip = false; /* the operation before was the first choice of two, and went well */
    for (size_t i = 0; i < plan->n_op; i++) {
        const struct vl_op *op = &plan->op[i];
        if (op->code != VL_OP_CGWRITE)
            continue;
        if (skip) {
            skip = false;
            continue;
        }
        if (dir_of(cg, op) == NULL)
            return vl_err_bug(err, "cgroup controller `%s` was planned but has no hierarchy",
                              vl_op_s(op, 0));
        if ((op->n[1] & VL_CGW_CHECK) && check_usage(cg, op, err) < 0)
            return -1;
        int r = write_one(cg, l, op);
        skip = (op->n[1] & VL_CGW_ALT) && r == 0;
        if (r == -EINVAL && (op->n[1] & VL_CGW_RETRY))
            *VL_APPEND(again->op, again->n) = op;
        else if (r < 0)
            return failed(op, dir_of(cg, op), r, err);
    }
    return 0;
}

int vl_cg_write_all(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    struct last l = {NULL, VL_NOFD};
    struct again again = {NULL, 0};
    int r = first_pass(cg, plan, &l, &again, err);
    for (size_t i = 0; r == 0 && i < again.n; i++) {
        r = write_one(cg, &l, again.op[i]);
        if (r < 0)
            r = failed(again.op[i], dir_of(cg, again.op[i]), r, err);
    }
    last_close(&l);
    free(again.op);
    return r < 0 ? -1 : 0;
}
