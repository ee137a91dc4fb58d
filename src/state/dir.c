/* SPDX-License-Identifier: Apache-2.0 */
/* The state root and a container's directory: finding, claiming, locking, removing. */
#include "state/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/nsfd.h"

#define DEFAULT_ROOT "/run/veloci"
enum { LOCK_TIMEOUT_MS = 10000, LOCK_NAP_MS = 5 };
#define MISSING "container does not exist: "

int vl_id_check(const char *id, struct vl_error **err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
    size_t n = strlen(id);
    if (n == 0)
        return vl_err_usage(err, "invalid container ID format: the ID is empty");
    if (n > VL_ID_MAX)
        return vl_err_usage(err, "invalid container ID format: longer than %d characters",
                            VL_ID_MAX);
    if (vl_streq(id, ".") || vl_streq(id, "..") || id[strspn(id, allowed)] != '\0')
        return vl_err_usage(
            err, "invalid container ID format: `%s` (allowed: letters, digits, _ + . -)", id);
    return 0;
}

/* The inode number of the initial user namespace is fixed: PROC_USER_INIT_INO of the kernel. */
static bool in_initial_userns(void)
{
    struct vl_ns_id id;
    int r = vl_ns_id_of(0, CLONE_NEWUSER, &id);
    return r == -ENOENT || (r == 0 && id.ino == 0xEFFFFFFDU); /* ENOENT: a kernel without them */
}

static char *absolute(const char *path)
{
    if (*path == '/')
        return vl_path_clean(path);
    cleanup_free char *cwd = getcwd(NULL, 0);
    cleanup_free char *joined = cwd == NULL ? NULL : vl_path_join(cwd, path);
    return joined == NULL ? NULL : vl_path_clean(joined);
}

int vl_root_path(const char *given, char **ret, struct vl_error **err)
{
    if (given != NULL) {
        if (*given == '\0')
            return vl_err_usage(err, "the state root (--root) is empty");
        *ret = absolute(given);
        return *ret != NULL
                   ? 0
                   : vl_err_sys(err, errno, "find the current directory, for --root `%s`", given);
    }
    if (geteuid() == 0 && in_initial_userns()) {
        *ret = vl_strdup(DEFAULT_ROOT);
        return 0;
    }
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime == NULL || *runtime == '\0')
        return vl_err_refused(err, "state-root",
                              "XDG_RUNTIME_DIR is not set: name a state root with --root DIR");
    if (*runtime != '/')
        return vl_err_refused(err, "state-root", "XDG_RUNTIME_DIR is no absolute path: `%s`",
                              runtime);
    cleanup_free char *joined = vl_path_join(runtime, "veloci");
    *ret = vl_path_clean(joined);
    return 0;
}

void vl_ctr_free(struct vl_ctr *c)
{
    if (c == NULL)
        return;
    vl_close(c->dir_fd);
    if (!c->root_borrowed)
        vl_close(c->root_fd);
    free(c->id);
    free(c->root);
    free(c->path);
    free(c);
}

static struct vl_ctr *ctr_new(const char *root, const char *id)
{
    struct vl_ctr *c = vl_alloc(sizeof(*c));
    c->root_fd = c->dir_fd = VL_NOFD;
    c->root = vl_strdup(root);
    c->id = vl_strdup(id);
    c->path = vl_path_join(root, id);
    return c;
}

/* mkdir -p. Parents that have to be made get the usual mode. The sticky bit keeps cleaners of
 * temporary files off a root below XDG_RUNTIME_DIR (XDG Base Directory Specification). */
static int make_root(const char *root, struct vl_error **err)
{
    for (const char *p = root + 1; (p = strchr(p, '/')) != NULL; p++) {
        cleanup_free char *parent = vl_strndup(root, (size_t)(p - root));
        if (mkdir(parent, 0755) < 0 && errno != EEXIST)
            return vl_err_sys(err, errno, "make directory `%s` for the state root `%s`", parent,
                              root);
    }
    if (mkdir(root, geteuid() == 0 ? 0700 : 01700) < 0 && errno != EEXIST)
        return vl_err_sys(err, errno, "make the state root `%s`", root);
    return 0;
}

static int open_root(const char *root)
{
    return vl_open(root, O_RDONLY | O_DIRECTORY);
}

/* Not for ever: whoever holds the lock may be running a hook that never ends, and an engine that wants
 * to clean up must hear of it. flock(2) knows no time limit. */
static int lock_dir(struct vl_ctr *c, struct vl_error **err)
{
    const struct timespec nap = {.tv_nsec = LOCK_NAP_MS * 1000000L};
    for (int waited = 0; flock(c->dir_fd, LOCK_EX | LOCK_NB) < 0;) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return vl_err_sys(err, errno, "lock `%s`", c->path);
        if (waited >= LOCK_TIMEOUT_MS)
            return vl_err_state(err, "container %s is busy: another command holds it for more than %d s",
                                c->id, LOCK_TIMEOUT_MS / 1000);
        (void)nanosleep(&nap, NULL);
        waited += LOCK_NAP_MS;
    }
    c->locked = true;
    return 0;
}

/* A directory that somebody removed while we waited for its lock has no links left. 1, 0, -errno. */
static int still_there(const struct vl_ctr *c)
{
    struct stat st;
    if (fstat(c->dir_fd, &st) < 0)
        return -errno;
    return st.st_nlink > 0;
}

static int cannot_look(const struct vl_ctr *c, int r, struct vl_error **err)
{
    return vl_err_sys(err, r, "look at the container's directory `%s`", c->path);
}

static int open_dir(const struct vl_ctr *c)
{
    return vl_open_at(c->root_fd, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Between mkdir and lock a `delete --force` can come in and remove what looks like a leftover: 1
 * asks for another try. */
static int try_claim(struct vl_ctr *c, struct vl_error **err)
{
    if (mkdirat(c->root_fd, c->id, 0700) < 0) {
        if (errno == EEXIST)
            return vl_err_state(err, "container with given ID already exists: %s", c->id);
        return vl_err_sys(err, errno, "make the container's directory `%s`", c->path);
    }
    c->dir_fd = open_dir(c);
    if (c->dir_fd == -ENOENT)
        return 1;
    if (c->dir_fd < 0) {
        (void)unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
        return vl_err_sys(err, c->dir_fd, "open the container's directory `%s`", c->path);
    }
    if (lock_dir(c, err) < 0) {
        (void)unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
        return -1;
    }
    int r = still_there(c);
    if (r > 0)
        return 0;
    if (r < 0) {
        (void)unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
        return cannot_look(c, r, err);
    }
    vl_cleanup_fd(&c->dir_fd);
    return 1;
}

int vl_ctr_claim(const char *root, const char *id, struct vl_ctr **ret, struct vl_error **err)
{
    if (vl_id_check(id, err) < 0)
        return -1;
    cleanup_free char *path = NULL;
    if (vl_root_path(root, &path, err) < 0)
        return -1;
    cleanup(ctr) struct vl_ctr *c = ctr_new(path, id);
    c->root_fd = open_root(c->root);
    if (c->root_fd == -ENOENT) {
        if (make_root(c->root, err) < 0)
            return -1;
        c->root_fd = open_root(c->root);
    }
    if (c->root_fd < 0)
        return vl_err_sys(err, c->root_fd, "open the state root `%s`", c->root);
    int r = 1;
    for (int attempt = 0; r == 1 && attempt < 16; attempt++)
        r = try_claim(c, err);
    if (r == 1)
        return vl_err_state(err, "container `%s` is deleted again and again while it is being made",
                            id);
    if (r < 0)
        return -1;
    *ret = vl_take_ptr(c);
    return 0;
}

static int missing(const char *id, struct vl_error **err)
{
    return vl_err_state(err, MISSING "%s", id);
}

bool vl_ctr_is_missing(const struct vl_error *e)
{
    while (e->cause != NULL)
        e = e->cause;
    return e->kind == VL_ERR_STATE && vl_starts_with(e->text, MISSING);
}

static bool means_missing(int r)
{
    return r == -ENOENT || r == -ENOTDIR || r == -ENAMETOOLONG || r == -ELOOP;
}

static int open_existing(struct vl_ctr *c, struct vl_error **err)
{
    c->dir_fd = open_dir(c);
    if (means_missing(c->dir_fd))
        return missing(c->id, err);
    if (c->dir_fd < 0)
        return vl_err_sys(err, c->dir_fd, "open the container's directory `%s`", c->path);
    return 0;
}

int vl_ctr_open(const char *root, const char *id, enum vl_ctr_lock lock, struct vl_ctr **ret,
                struct vl_error **err)
{
    if (vl_id_check(id, err) < 0)
        return -1;
    cleanup_free char *path = NULL;
    if (vl_root_path(root, &path, err) < 0)
        return -1;
    cleanup(ctr) struct vl_ctr *c = ctr_new(path, id);
    c->root_fd = open_root(c->root);
    if (c->root_fd == -ENOENT)
        return missing(id, err);
    if (c->root_fd < 0)
        return vl_err_sys(err, c->root_fd, "open the state root `%s`", c->root);
    if (open_existing(c, err) < 0)
        return -1;
    if (lock == VL_CTR_LOCK && vl_ctr_relock(c, err) < 0)
        return -1;
    *ret = vl_take_ptr(c);
    return 0;
}

int vl_ctr_open_in(int root_fd, const char *root, const char *id, struct vl_ctr **ret,
                   struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = ctr_new(root, id);
    c->root_fd = root_fd;
    c->root_borrowed = true;
    if (open_existing(c, err) < 0)
        return -1;
    *ret = vl_take_ptr(c);
    return 0;
}

void vl_ctr_unlock(struct vl_ctr *c)
{
    (void)flock(c->dir_fd, LOCK_UN);
    c->locked = false;
}

bool vl_ctr_trylock(struct vl_ctr *c)
{
    if (flock(c->dir_fd, LOCK_EX | LOCK_NB) < 0)
        return false;
    c->locked = true;
    if (still_there(c) > 0)
        return true;
    vl_ctr_unlock(c);
    return false;
}

int vl_ctr_relock(struct vl_ctr *c, struct vl_error **err)
{
    if (lock_dir(c, err) < 0)
        return -1;
    int r = still_there(c);
    if (r < 0)
        return cannot_look(c, r, err);
    return r > 0 ? 0 : missing(c->id, err);
}

bool vl_ctr_is_busy(const struct vl_ctr *c)
{
    /* Another open file description, so that it conflicts with the holder's. */
    cleanup_fd int fd = vl_open_at(c->dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Empties a directory. An entry that cannot be removed ends it: nothing of ours is like that. */
static int empty_dir(int dir_fd, int depth)
{
    int fd = vl_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        vl_close(fd);
        return -ENOMEM;
    }
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(dir)) != NULL;) {
        if (vl_streq(e->d_name, ".") || vl_streq(e->d_name, ".."))
            continue;
        if (unlinkat(dir_fd, e->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM) /* EPERM: what POSIX says for a directory */
            r = -errno;
        else if (depth == 0)
            r = -ELOOP;
        else {
            cleanup_fd int sub =
                vl_open_at(dir_fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
            r = sub < 0 ? sub : empty_dir(sub, depth - 1);
            if (r == 0 && unlinkat(dir_fd, e->d_name, AT_REMOVEDIR) < 0)
                r = -errno;
        }
    }
    (void)closedir(dir);
    return r;
}

int vl_ctr_remove(struct vl_ctr *c, struct vl_error **err)
{
    /* The usual names first: most containers have nothing else, and need not be listed. */
    static const char *const usual[] = {VL_CTR_GATE, VL_CTR_PLAN, VL_CTR_JOURNAL, VL_CTR_RECORD};
    for (size_t i = 0; i < VL_ARRAY_LEN(usual); i++)
        (void)unlinkat(c->dir_fd, usual[i], 0);
    if (unlinkat(c->root_fd, c->id, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return vl_err_sys(err, errno, "remove the container's directory `%s`", c->path);
    int r = empty_dir(c->dir_fd, VL_CTR_REMOVE_DEPTH);
    if (r == 0 && unlinkat(c->root_fd, c->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = -errno;
    return r == 0 ? 0 : vl_err_sys(err, r, "remove the container's directory `%s`", c->path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_id(const char *name)
{
    struct vl_error *e = NULL;
    bool yes = vl_id_check(name, &e) == 0;
    vl_error_free(e);
    return yes;
}

/* Stray files in the root are not ours to complain about. */
static bool is_dir(int dirfd, const struct dirent *e)
{
    struct stat st;
    if (e->d_type != DT_UNKNOWN)
        return e->d_type == DT_DIR;
    return fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int scan_root(int fd, struct vl_strv *ret)
{
    int scan = vl_open_at(fd, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = scan < 0 ? NULL : fdopendir(scan);
    if (dir == NULL) {
        vl_close(scan);
        return scan < 0 ? scan : -ENOMEM;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (is_id(e->d_name) && is_dir(fd, e))
            vl_strv_add(ret, e->d_name);
    (void)closedir(dir);
    if (ret->n > 1)
        qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
    return 0;
}

int vl_root_list(const char *root, struct vl_strv *ret, int *ret_fd, char **ret_path,
                 struct vl_error **err)
{
    cleanup_free char *path = NULL;
    *ret_fd = VL_NOFD;
    *ret_path = NULL;
    if (vl_root_path(root, &path, err) < 0)
        return -1;
    cleanup_fd int fd = open_root(path);
    if (fd == -ENOENT && root == NULL)
        return 0;
    int r = fd < 0 ? fd : scan_root(fd, ret);
    if (r < 0)
        return vl_err_sys(err, r, "list the state root `%s`", path);
    *ret_fd = vl_take_fd(&fd);
    *ret_path = vl_take_ptr(path);
    return 0;
}
