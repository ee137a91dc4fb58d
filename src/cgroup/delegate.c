/* SPDX-License-Identifier: Apache-2.0 */
/* Giving cgroups away: what the kernel lets a delegatee own, and the delegated cgroup below a container's. */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"

/* Only what the kernel says may be delegated (config-linux.md#cgroup-ownership); its list came
 * with 4.15. */
int vl_cg_chown(int dirfd, uid_t uid, gid_t gid, char **ret_failed)
{
    static const char dflt[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
    cleanup_free char *list = NULL;
    const char *file = "";
    if (vl_slurp_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", 65536, &list, NULL) < 0)
        list = vl_strdup(dflt);
    int r = fchownat(dirfd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
    for (char *p = list, *next; r == 0 && *p; p = next) {
        next = p + strcspn(p, "\n");
        next += *next == '\n' ? (*next = '\0', 1) : 0;
        file = p;
        if (fchownat(dirfd, p, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
            r = -errno;
    }
    if (r < 0)
        *ret_failed = vl_strdup(file);
    return r;
}

/* Everything that is there; what cannot be passed down (realtime processes, threads) stays away from the delegatee. */
static void pass_all_down(int dirfd)
{
    char list[1024], word[80];
    if (vl_cg_read(dirfd, "cgroup.controllers", list, sizeof(list)) < 0)
        return;
    for (const char *p = list; *p; p += strspn(p, " \n")) {
        size_t n = strcspn(p, " \n");
        snprintf(word, sizeof(word), "+%.*s", (int)n, p);
        (void)vl_write_file_at(dirfd, "cgroup.subtree_control", word, strlen(word));
        p += n;
    }
}

/* One directory for each component; the descriptors of all of them, the last one deepest. */
static int make_levels(int top, const char *path, int *fds, size_t max, size_t *ret_n)
{
    for (const char *p = path; *p; p += strspn(p, "/")) {
        size_t n = strcspn(p, "/");
        cleanup_free char *name = vl_strndup(p, n);
        int above = *ret_n == 0 ? top : fds[*ret_n - 1];
        if (*ret_n == max)
            return -ENAMETOOLONG;
        if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
            return -errno;
        int fd = vl_open_at(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd < 0)
            return fd;
        fds[(*ret_n)++] = fd;
        p += n;
    }
    return 0;
}

/* The process leaves first: a cgroup with processes of its own cannot pass controllers down. */
static int delegate(struct vl_cgroup *cg, const struct vl_op *op, pid_t pid, const int *fds, size_t n, char **failed)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", (int)pid);
    *failed = vl_strdup("cgroup.procs");
    int r = vl_write_file_at(fds[n - 1], "cgroup.procs", text, strlen(text));
    if (r < 0)
        return r;
    free(*failed);
    *failed = NULL;
    pass_all_down(vl_cgroup_dirfd(cg));
    for (size_t i = 0; i + 1 < n; i++)
        pass_all_down(fds[i]);
    uid_t uid = op->n[0] < 0 ? (uid_t)-1 : (uid_t)op->n[0];
    gid_t gid = op->n[1] < 0 ? (gid_t)-1 : (gid_t)op->n[1];
    return vl_cg_chown(fds[n - 1], uid, gid, failed);
}

int vl_cgroup_delegate(struct vl_cgroup *cg, const struct vl_op *op, pid_t pid, struct vl_error **err)
{
    enum { LEVELS = 16 };
    int fds[LEVELS], top = vl_cgroup_dirfd(cg);
    size_t n = 0;
    const char *path = vl_op_s(op, 0);
    cleanup_free char *failed = NULL;
    if (top < 0) {
        vl_err_state(err, "delegated cgroup `%s`: the container has no cgroup on cgroup v2", path);
        return vl_err_at(err, "%s", op->where);
    }
    int r = make_levels(top, path, fds, LEVELS, &n);
    if (r == 0)
        r = delegate(cg, op, pid, fds, n, &failed);
    while (n > 0)
        vl_close(fds[--n]);
    if (r == 0)
        return 0;
    vl_err_sys(err, r, "delegate cgroup `%s/%s`%s%s", vl_cg_unified(cg), path, failed != NULL ? ": " : "",
               failed != NULL ? failed : "");
    return vl_err_at(err, "%s", op->where);
}
