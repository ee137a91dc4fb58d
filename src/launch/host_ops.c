/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/host_ops.h"

#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/names.h"
#include "sys/idmap.h"
#include "sys/rlimit.h"

static size_t collect_map(const struct vl_plan *plan, int64_t kind, struct vl_idmap_line **lines)
{
    size_t n = 0, from = 0;
    const struct vl_op *op;

    while ((op = vl_plan_find(plan, VL_OP_IDMAP, &from)) != NULL) {
        if (op->n[0] != kind)
            continue;
        struct vl_idmap_line *l = VL_APPEND(*lines, n);
        *l = (struct vl_idmap_line){(uint32_t)op->n[1], (uint32_t)op->n[2], (uint32_t)op->n[3]};
    }
    return n;
}

static int run_helper(const char *helper, pid_t pid, const struct vl_idmap_line *lines, size_t n,
                      struct vl_error **err)
{
    char msg[256] = "";
    int r = vl_idmap_helper(helper, pid, lines, n, msg, sizeof(msg));

    if (r < 0 && msg[0] != '\0')
        return vl_err_sys(err, r, "map ids with `%s`: %s", helper, msg);
    if (r < 0)
        return vl_err_sys(err, r, "map ids with `%s`", helper);
    return 0;
}

int vl_host_write_maps(const struct vl_plan *plan, pid_t pid, struct vl_error **err)
{
    cleanup_free struct vl_idmap_line *uids = NULL, *gids = NULL;
    size_t n_uids = collect_map(plan, 0, &uids), n_gids = collect_map(plan, 1, &gids), from = 0;
    const struct vl_op *mode = vl_plan_find(plan, VL_OP_IDMAP_MODE, &from);
    int r;

    if (n_uids == 0 && n_gids == 0)
        return 0;
    if (mode != NULL && mode->n[0] != 0) {
        if (run_helper(vl_op_s(mode, 0), pid, uids, n_uids, err) < 0)
            return -1;
        return run_helper(vl_op_s(mode, 1), pid, gids, n_gids, err);
    }
    if (mode != NULL && mode->n[1] != 0) {
        r = vl_idmap_deny_setgroups(pid);
        if (r < 0)
            return vl_err_sys(err, r, "deny setgroups in the user namespace");
    }
    r = vl_idmap_write(pid, VL_ID_UID, uids, n_uids);
    if (r < 0) {
        vl_err_sys(err, r, "write the user namespace's uid map");
        return vl_err_at(err, "linux.uidMappings");
    }
    r = vl_idmap_write(pid, VL_ID_GID, gids, n_gids);
    if (r < 0) {
        vl_err_sys(err, r, "write the user namespace's gid map");
        return vl_err_at(err, "linux.gidMappings");
    }
    return 0;
}

int vl_host_adjust(const struct vl_plan *plan, pid_t pid, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_OOM, &from);
    int r;

    if (op != NULL) {
        char path[64], value[24];
        snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
        int n = snprintf(value, sizeof(value), "%lld", (long long)op->n[0]);
        r = vl_write_file_at(AT_FDCWD, path, value, (size_t)n);
        if (r < 0) {
            vl_err_sys(err, r, "set oom_score_adj to %s", value);
            return vl_err_at(err, "process.oomScoreAdj");
        }
    }
    from = 0;
    while ((op = vl_plan_find(plan, VL_OP_LIMIT_RAISE, &from)) != NULL) {
        uint64_t soft, hard;
        const char *name = vl_name_of(vl_rlimit_names, op->n[0]);
        /* It has our limits until the gate. Its own cannot be asked for without CAP_SYS_RESOURCE: the stage does
         * not wait for this, and may be another user already. */
        r = vl_rlimit_get(0, (int)op->n[0], &soft, &hard);
        if (r == 0 && (uint64_t)op->n[1] > hard)
            r = vl_rlimit_set(pid, (int)op->n[0], soft, (uint64_t)op->n[1]);
        if (r < 0) {
            vl_err_sys(err, r, "raise the hard limit %s to %llu", name != NULL ? name : "?",
                       (unsigned long long)op->n[1]);
            return op->where != NULL ? vl_err_at(err, "%s", op->where) : -1;
        }
    }
    return 0;
}

/* Decimal digits of -1000 … 1000; returns the length. */
static size_t put_score(char buf[8], int64_t v)
{
    size_t n = 0;
    int64_t digits = v < 0 ? -v : v;

    if (v < 0)
        buf[n++] = '-';
    for (int64_t unit = 1000; unit > 0; unit /= 10)
        if (digits >= unit || unit == 1)
            buf[n++] = (char)('0' + digits / unit % 10);
    return n;
}

static int set_own_score(int64_t score)
{
    char text[8];
    size_t n = put_score(text, score);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = write(fd, text, n) < 0 ? -errno : 0;
    (void)close(fd);
    return r;
}

int vl_host_adjust_self(const struct vl_plan *plan, bool best_effort)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_OOM, &from);
    int r = op != NULL ? set_own_score(op->n[0]) : 0;

    if (r < 0 && !(best_effort && (r == -EACCES || r == -EPERM)))
        return r;
    from = 0;
    while ((op = vl_plan_find(plan, VL_OP_LIMIT_RAISE, &from)) != NULL) {
        uint64_t soft, hard;
        r = vl_rlimit_get(0, (int)op->n[0], &soft, &hard);
        if (r == 0 && (uint64_t)op->n[1] > hard)
            r = vl_rlimit_set(0, (int)op->n[0], soft, (uint64_t)op->n[1]);
        if (r < 0)
            return r;
    }
    return 0;
}
