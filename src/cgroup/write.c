/* SPDX-License-Identifier: Apache-2.0 */
/* Executes CGWRITE: values into files, in the plan's order, with the few courtesies that its flags
 * ask for. An update is all or nothing: when one of its values is refused, those before it are set
 * back. */
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

/* What tells how much of a memory limit is used; NULL for other files. */
static const char *usage_file(const struct vl_op *op)
{
    static const char *const files[][2] = {
        {"memory.max", "memory.current"},
        {"memory.limit_in_bytes", "memory.usage_in_bytes"},
        {"memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"}};
    for (size_t i = 0; i < VL_ARRAY_LEN(files); i++)
        if (vl_streq(vl_op_s(op, 1), files[i][0]))
            return files[i][1];
    return NULL;
}

static int failed(const struct vl_op *op, const char *dir, int error, struct vl_error **err)
{
    const char *file = vl_op_s(op, 1);
    char now[64];
    /* Not as a system error: "no such file" would be taken for a missing program by engines. */
    if (error == -ENOENT || error == -EOPNOTSUPP || error == -VL_ENOTSUPP)
        vl_err_unsupported(err, "cgroup files", "`%s` of cgroup `%s`: this kernel cannot do that",
                           file, dir);
    else if (error == -EBUSY && usage_file(op) && vl_cg_read_in(dir, usage_file(op), now, sizeof(now)) > 0)
        vl_err_sys(err, error, "write `%s` into `%s` of cgroup `%s`, where %s bytes are in use",
                   vl_op_s(op, 2), file, dir, now);
    else if (error == -EINVAL && vl_streq(file, "memory.limit_in_bytes"))
        vl_err_sys(err, error,
                   "write `%s` into `%s` of cgroup `%s`, where the limit of memory and swap together "
                   "may be lower",
                   vl_op_s(op, 2), file, dir);
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

struct pass {
    struct vl_cgroup *cg;
    struct last last;
    struct again again;
    struct vl_cg_saved *saved; /* NULL: nothing is set back */
};

/* write_one, with the old value kept. */
static int write_saved(struct pass *p, const struct vl_op *op)
{
    if (p->saved)
        vl_cg_save(p->saved, dir_of(p->cg, op), vl_op_s(op, 1), vl_op_s(op, 2));
    int r = write_one(p->cg, &p->last, op);
    if (p->saved && r != 0)
        vl_cg_unsave(p->saved);
    return r;
}

static bool is_for(const struct vl_op *op, enum vl_cg_when when)
{
    if (op->code != VL_OP_CGWRITE)
        return false;
    if (when == VL_CG_UPDATE) /* v1 device rules are changed by vl_cg_replace_devices */
        return op->n[0] == 2 || !vl_streq(vl_op_s(op, 0), "devices");
    return ((op->n[1] & VL_CGW_LATE) != 0) == (when == VL_CG_BORN);
}

static int first_pass(struct pass *p, const struct vl_plan *plan, enum vl_cg_when when,
                      struct vl_error **err)
{
    bool skip = false; /* the operation before was the first choice of two, and went well */
    for (size_t i = 0; i < plan->n_op; i++) {
        const struct vl_op *op = &plan->op[i];
        if (!is_for(op, when))
            continue;
        if (skip) {
            skip = false;
            continue;
        }
        if (dir_of(p->cg, op) == NULL)
            return vl_err_state(err, "the container has no cgroup of controller `%s`",
                                vl_op_s(op, 0));
        if ((op->n[1] & VL_CGW_CHECK) && check_usage(p->cg, op, err) < 0)
            return -1;
        int r = write_saved(p, op);
        skip = (op->n[1] & VL_CGW_ALT) && r == 0;
        if (r == -EINVAL && (op->n[1] & VL_CGW_RETRY))
            *VL_APPEND(p->again.op, p->again.n) = op;
        else if (r < 0)
            return failed(op, dir_of(p->cg, op), r, err);
    }
    return 0;
}

static int write_all(struct pass *p, const struct vl_plan *plan, enum vl_cg_when when,
                     struct vl_error **err)
{
    int r = first_pass(p, plan, when, err);
    for (size_t i = 0; r == 0 && i < p->again.n; i++) {
        r = write_saved(p, p->again.op[i]);
        if (r < 0)
            r = failed(p->again.op[i], dir_of(p->cg, p->again.op[i]), r, err);
    }
    last_close(&p->last);
    free(p->again.op);
    return r < 0 ? -1 : 0;
}

int vl_cg_write_all(struct vl_cgroup *cg, const struct vl_plan *plan, enum vl_cg_when when,
                    struct vl_error **err)
{
    struct pass p = {.cg = cg, .last = {NULL, VL_NOFD}};
    return write_all(&p, plan, when, err);
}

int vl_cg_write_update(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_cg_saved *saved,
                       struct vl_error **err)
{
    struct pass p = {.cg = cg, .last = {NULL, VL_NOFD}, .saved = saved};
    if (write_all(&p, plan, VL_CG_UPDATE, err) == 0)
        return 0;
    vl_cg_restore(saved, err);
    return -1;
}
