/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below a root descriptor.
 *
 * The walk (for kernels and filters without openat2, and wherever missing directories are to be
 * made) keeps one O_PATH descriptor of where it is and the text still to go. It opens one component
 * at a time without following links; a link's text is put in front of the rest, an absolute one
 * starting again at the root;
 * ".." starts again at the root with what was walked so far, less one component. So nothing is ever
 * opened relative to "..", and a directory that is moved away meanwhile cannot lead out of the
 * root.
 */
#include "sys/resolve.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "sys/compat.h"
#include "sys/disable.h"
#include "sys/fd.h"

enum { MAX_LINKS = 40, MAX_AGAIN = 128 };

struct walk {
    int rootfd; /* borrowed */
    int cur;    /* O_PATH descriptor of the directory reached */
    unsigned how;
    bool make;       /* missing directories are made */
    mode_t dir_mode; /* of those */
    int links;
    uint64_t root_mount;
    char done[PATH_MAX]; /* path of cur below the root, no links, no leading slash */
    char rest[PATH_MAX]; /* still to go */
};

static int openat2_call(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    if (vl_sys_disabled("openat2"))
        return -ENOSYS;
    /* openat2 is strict where openat is lenient */
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
    struct vl_open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? mode & 07777 : 0,
        .resolve = resolve,
    };
    for (int tries = 0; tries < MAX_AGAIN; tries++) {
        long fd = syscall(__NR_openat2, dirfd, path, &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

/* Which mount a descriptor is on: statx (5.8), else the device, which tells bind mounts not apart.
 */
static uint64_t mount_id(int fd)
{
#ifdef STATX_MNT_ID
    struct statx sx;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) == 0 && (sx.stx_mask & STATX_MNT_ID))
        return sx.stx_mnt_id;
#endif
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_dev : 0;
}

static int walk_restart(struct walk *w)
{
    int fd = vl_open_at(w->rootfd, ".", O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    vl_close(w->cur);
    w->cur = fd;
    w->done[0] = '\0';
    return 0;
}

/* rest = head + tail; tail points into rest and is empty or begins with a slash. */
static int set_rest(struct walk *w, const char *head, size_t head_len, const char *tail)
{
    size_t tail_len = strlen(tail);
    if (head_len + tail_len >= sizeof(w->rest))
        return -ENAMETOOLONG;
    memmove(w->rest + head_len, tail, tail_len + 1);
    memmove(w->rest, head, head_len);
    return 0;
}

static int step_up(struct walk *w, const char *tail)
{
    char up[PATH_MAX];
    const char *slash = strrchr(w->done, '/');
    size_t n = slash ? (size_t)(slash - w->done) : 0;
    memcpy(up, w->done, n);
    int r = set_rest(w, up, n, tail);
    return r < 0 ? r : walk_restart(w);
}

/* Magic links lead anywhere; their text is absolute or "type:[number]", that of procfs's plain
 * links is not. */
static bool is_magic(int fd, const char *text)
{
    struct statfs fs;
    return (text[0] == '/' || strstr(text, ":[") != NULL) && fstatfs(fd, &fs) == 0 &&
           fs.f_type == PROC_SUPER_MAGIC;
}

static int step_link(struct walk *w, int link, const char *tail)
{
    char text[PATH_MAX];
    if ((w->how & VL_RESOLVE_NO_SYMLINKS) || ++w->links > MAX_LINKS)
        return -ELOOP;
    ssize_t n = readlinkat(link, "", text, sizeof(text));
    if (n < 0)
        return -errno;
    if (n == 0 || (size_t)n == sizeof(text))
        return n ? -ENAMETOOLONG : -ENOENT;
    text[n] = '\0';
    if (is_magic(link, text))
        return -ELOOP;
    int r = set_rest(w, text, (size_t)n, tail);
    return r < 0 || text[0] != '/' ? r : walk_restart(w);
}

/* Gives a new object the mode asked for, where the umask took something away. */
static int fix_mode(int fd, mode_t mode)
{
    struct stat st;
    char path[VL_PROC_FD_MAX];
    if (fstat(fd, &st) < 0)
        return -errno;
    if (((st.st_mode ^ mode) & 0777 & ~(mode_t)S_ISGID) == 0 && (mode & 07000 & ~st.st_mode) == 0)
        return 0;
    vl_proc_fd_path(path, fd);
    return chmod(path, mode & 07777) < 0 ? -errno : 0;
}

/* Opens one component as it is, making it as a directory if that is wanted. */
static int open_component(struct walk *w, const char *name)
{
    int fd = vl_open_at(w->cur, name, O_PATH | O_NOFOLLOW, 0);
    if (fd != -ENOENT || !w->make)
        return fd;
    if (mkdirat(w->cur, name, w->dir_mode & 07777) < 0) {
        if (errno != EEXIST)
            return -errno;
        return vl_open_at(w->cur, name, O_PATH | O_NOFOLLOW, 0);
    }
    fd = vl_open_at(w->cur, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int r = fix_mode(fd, w->dir_mode);
    if (r < 0) {
        vl_close(fd);
        return r;
    }
    return fd;
}

/* cur becomes fd (taken) when it is a directory that may be entered. */
static int enter_take(struct walk *w, int fd, const char *name)
{
    size_t done = strlen(w->done), n = strlen(name);
    int r = 0;
    if ((w->how & VL_RESOLVE_NO_XDEV) && mount_id(fd) != w->root_mount)
        r = -EXDEV;
    else if (done + 1 + n >= sizeof(w->done))
        r = -ENAMETOOLONG;
    if (r < 0) {
        vl_close(fd);
        return r;
    }
    if (done > 0)
        w->done[done++] = '/';
    memcpy(w->done + done, name, n + 1);
    vl_close(w->cur);
    w->cur = fd;
    return 0;
}

/* Cuts the next component off rest. Returns 1 and the name, or 0 when nothing is left. */
static int next_component(struct walk *w, char name[NAME_MAX + 1], const char **ret_tail)
{
    const char *p = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(p, "/");
    if (n > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, p, n);
    name[n] = '\0';
    *ret_tail = p + n;
    return n > 0;
}

/* One component that is not the last, or whose being the last does not matter. */
static int walk_component(struct walk *w, const char *name, const char *tail)
{
    if (strcmp(name, ".") == 0)
        return set_rest(w, "", 0, tail);
    if (strcmp(name, "..") == 0)
        return step_up(w, tail);
    cleanup_fd int fd = open_component(w, name);
    if (fd < 0)
        return fd;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return step_link(w, fd, tail);
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    int r = set_rest(w, "", 0, tail);
    return r < 0 ? r : enter_take(w, vl_take_fd(&fd), name);
}

/* The last component. -EAGAIN: it was a link that is followed, go on walking. */
static int open_last(struct walk *w, const char *name, const char *tail, int flags, mode_t mode)
{
    bool creating = (flags & O_CREAT) != 0, exclusive = creating && (flags & O_EXCL);
    cleanup_fd int at = vl_open_at(w->cur, name, O_PATH | O_NOFOLLOW, 0);
    if (at == -ENOENT && creating)
        return vl_open_at(w->cur, name, flags | O_NOFOLLOW, mode);
    if (at < 0)
        return at;
    struct stat st;
    if (fstat(at, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode) && (!(flags & O_NOFOLLOW) || *tail == '/') && !exclusive) {
        int r = step_link(w, at, tail);
        return r < 0 ? r : -EAGAIN;
    }
    if ((w->how & VL_RESOLVE_NO_XDEV) && mount_id(at) != w->root_mount)
        return -EXDEV;
    if ((w->how & VL_RESOLVE_NO_SYMLINKS) && S_ISLNK(st.st_mode) && !(flags & O_PATH))
        return -ELOOP;
    return vl_open_at(w->cur, name, flags | O_NOFOLLOW, mode);
}

static int walk_init(struct walk *w, int rootfd, const char *path, unsigned how)
{
    size_t n = strlen(path);
    if (n == 0)
        return -ENOENT;
    if (n >= sizeof(w->rest))
        return -ENAMETOOLONG;
    w->rootfd = rootfd;
    w->cur = VL_NOFD;
    w->how = how;
    w->make = false;
    w->dir_mode = 0;
    w->links = 0;
    memcpy(w->rest, path, n + 1);
    int r = walk_restart(w);
    w->root_mount = r == 0 && (how & VL_RESOLVE_NO_XDEV) ? mount_id(w->cur) : 0;
    return r;
}

static int walk_open(int rootfd, const char *path, int flags, mode_t mode, unsigned how)
{
    struct walk w;
    char name[NAME_MAX + 1];
    const char *tail;
    int r = walk_init(&w, rootfd, path, how);
    while (r == 0) {
        r = next_component(&w, name, &tail);
        if (r < 0)
            break;
        bool special = r == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        bool last = tail[strspn(tail, "/")] == '\0';
        if (last && *tail == '/') /* a trailing slash demands a directory */
            flags |= O_DIRECTORY;
        if (r == 0) {
            r = flags & O_CREAT ? -EISDIR : vl_open_at(w.cur, ".", flags, 0);
            break;
        }
        if (last && !special) {
            r = *tail == '/' && (flags & O_CREAT) ? -EISDIR
                                                  : open_last(&w, name, tail, flags, mode);
            if (r != -EAGAIN)
                break;
            r = 0;
            continue;
        }
        r = walk_component(&w, name, tail);
    }
    vl_close(w.cur);
    return r;
}

int vl_resolve_open(int rootfd, const char *path, int flags, mode_t mode, unsigned how)
{
    uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    if (how & VL_RESOLVE_NO_SYMLINKS)
        resolve |= RESOLVE_NO_SYMLINKS;
    if (how & VL_RESOLVE_NO_XDEV)
        resolve |= RESOLVE_NO_XDEV;
    int fd = openat2_call(rootfd, path, flags, mode, resolve);
    if (fd == -ENOSYS ||
        fd == -EPERM) /* EPERM: an old container's filter; a real one comes again */
        fd = walk_open(rootfd, path, flags, mode, how);
    return fd;
}

int vl_resolve_mkdirs(int rootfd, const char *path, mode_t mode)
{
    int fd = vl_resolve_open(rootfd, path, O_PATH | O_DIRECTORY, 0, VL_RESOLVE_FOLLOW);
    if (fd != -ENOENT)
        return fd;
    struct walk w;
    char name[NAME_MAX + 1];
    const char *tail;
    int r = walk_init(&w, rootfd, path, VL_RESOLVE_FOLLOW);
    w.make = true;
    w.dir_mode = mode;
    while (r == 0) {
        r = next_component(&w, name, &tail);
        if (r <= 0)
            break;
        r = walk_component(&w, name, tail);
    }
    if (r < 0) {
        vl_close(w.cur);
        return r;
    }
    return w.cur;
}

int vl_resolve_parent(int rootfd, const char *path, mode_t dir_mode, const char **ret_name,
                      size_t *ret_len)
{
    size_t end = strlen(path);
    if (end == 0)
        return -ENOENT;
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    size_t n = end - start;
    if (n > NAME_MAX || start >= PATH_MAX)
        return -ENAMETOOLONG;
    char dir[PATH_MAX];
    if ((n == 1 && path[start] == '.') || (n == 2 && path[start] == '.' && path[start + 1] == '.'))
        start = end, n = 0;
    if (start >= sizeof(dir))
        return -ENAMETOOLONG;
    memcpy(dir, path, start);
    dir[start] = '\0';
    const char *where = start ? dir : ".";
    int fd = dir_mode ? vl_resolve_mkdirs(rootfd, where, dir_mode)
                      : vl_resolve_open(rootfd, where, O_PATH | O_DIRECTORY, 0, VL_RESOLVE_FOLLOW);
    if (fd >= 0) {
        *ret_name = path + start;
        *ret_len = n;
    }
    return fd;
}

int vl_resolve_touch(int rootfd, const char *path, mode_t mode, mode_t dir_mode)
{
    int fd = vl_resolve_open(rootfd, path, O_PATH, 0, VL_RESOLVE_FOLLOW);
    if (fd != -ENOENT)
        return fd;
    const char *name;
    size_t n;
    int parent = vl_resolve_parent(rootfd, path, dir_mode, &name, &n);
    if (parent < 0)
        return parent;
    vl_close(parent);
    /* Not O_NOFOLLOW: a dangling link gets its target made, and only then is the name there
     * already. */
    int flags = O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY;
    fd = vl_resolve_open(rootfd, path, flags | O_EXCL, mode, VL_RESOLVE_FOLLOW);
    if (fd == -EEXIST)
        return vl_resolve_open(rootfd, path, flags, mode, VL_RESOLVE_FOLLOW);
    if (fd < 0)
        return fd;
    int r = fix_mode(fd, mode);
    if (r < 0) {
        vl_close(fd);
        return r;
    }
    return fd;
}
