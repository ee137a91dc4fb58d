/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside the container: resolved below a root descriptor, never outside of it, and used through the
 * descriptor alone. openat2(2) with RESOLVE_IN_ROOT does it in one call; where something has to be made, and where
 * openat2 is missing, a walk over the components with O_NOFOLLOW follows symbolic links itself. The content of
 * the root is untrusted and may change meanwhile (CVE-2021-30465, CVE-2024-45310): nothing is opened by more than
 * one component at a time, nothing is created through a link, and ".." is never given to the kernel.
 */
#include "stage/stage.h"

#define NAME_SIZE 256
#define MAX_LINKS 40
#define MAX_RACES 64

/* One walk; the stage has one thread. */
static struct walk {
    char *todo; /* what is left, from todo_at on */
    char *done; /* real directories between root and cur, "a/b", without links */
    char *link;
    size_t todo_at, done_len;
    int root, cur;
} w;

static int open_component(int dir, const char *name, unsigned flags)
{
    return sys_openat(dir, name, O_PATH | O_NOFOLLOW | flags, 0);
}

static void enter(int fd)
{
    if (w.cur != w.root && w.cur >= 0)
        (void)sys_close(w.cur);
    w.cur = fd;
}

/* Next component of todo into name, "" at the end; *last tells that nothing follows it. */
static int next_component(char name[NAME_SIZE], int *last)
{
    const char *p = w.todo + w.todo_at;
    while (*p == '/')
        p++;
    size_t n = 0;
    while (p[n] != '\0' && p[n] != '/')
        n++;
    if (n >= NAME_SIZE)
        return -ENAMETOOLONG;
    memcpy(name, p, n);
    name[n] = '\0';
    p += n;
    w.todo_at = (size_t)(p - w.todo);
    while (*p == '/')
        p++;
    *last = *p == '\0';
    return 0;
}

/* "..": the directories between root and the parent are opened again, each by itself, as any of them may have been
 * moved meanwhile. */
static int go_up(void)
{
    while (w.done_len > 0 && w.done[w.done_len - 1] != '/')
        w.done_len--;
    if (w.done_len > 0)
        w.done_len--; /* the slash */
    w.done[w.done_len] = '\0';
    enter(w.root);
    for (size_t i = 0; i < w.done_len;) {
        char name[NAME_SIZE];
        size_t n = 0;
        while (i < w.done_len && w.done[i] != '/')
            name[n++] = w.done[i++];
        i++;
        name[n] = '\0';
        int fd = open_component(w.cur, name, O_DIRECTORY);
        if (fd < 0)
            return fd;
        enter(fd);
    }
    return 0;
}

/* Puts the text of a link in front of what is left. */
static int follow(int link_fd)
{
    long n = sys_readlinkat(link_fd, "", w.link, ST_PATH - 1);
    if (n < 0)
        return (int)n;
    size_t len = (size_t)n, rest = st_len(w.todo + w.todo_at);
    if (len == 0)
        return -ENOENT;
    if (len + 1 + rest >= ST_PATH)
        return -ENAMETOOLONG;
    memmove(w.todo + len + 1, w.todo + w.todo_at, rest + 1);
    memcpy(w.todo, w.link, len);
    w.todo[len] = '/';
    w.todo_at = 0;
    if (w.link[0] == '/') {
        w.done_len = 0;
        w.done[0] = '\0';
        enter(w.root);
    }
    return 0;
}

/* Makes what is missing. Another process may be faster: that is no error, the loop looks again. */
static int create(const char *name, int last, unsigned flags, const uint32_t owner[2], int *created)
{
    int file = last && (flags & ST_R_FILE) != 0;
    if ((flags & (ST_R_DIR | ST_R_FILE)) == 0)
        return -ENOENT;
    int r = file ? sys_mknodat(w.cur, name, S_IFREG | 0644, 0) : sys_mkdirat(w.cur, name, 0755);
    if (r < 0)
        return r == -EEXIST ? 0 : r;
    if (owner)
        r = sys_fchownat(w.cur, name, owner[0], owner[1], AT_SYMLINK_NOFOLLOW);
    if (last)
        *created = 1;
    return r;
}

static int step_into(const char *name, int fd)
{
    if (w.done_len > 0 && !st_append(w.done, ST_PATH, &w.done_len, "/", 1))
        return -ENAMETOOLONG;
    if (!st_append(w.done, ST_PATH, &w.done_len, name, st_len(name)))
        return -ENAMETOOLONG;
    enter(fd);
    return 0;
}

/* One component: 0 and progress, or -errno. */
static int component(const char *name, int last, unsigned flags, const uint32_t owner[2], unsigned *links, int *created)
{
    struct statx stx;
    int fd = -ENOENT, r;

    for (unsigned tries = 0; tries < MAX_RACES; tries++) {
        fd = open_component(w.cur, name, 0);
        if (fd != -ENOENT)
            break;
        if ((r = create(name, last, flags, owner, created)) < 0)
            return r;
    }
    if (fd < 0)
        return fd;
    if ((r = sys_fstat(fd, &stx)) < 0)
        goto out;
    if (st_is_type(&stx, S_IFLNK) && !(last && (flags & ST_R_NOFOLLOW))) {
        r = (flags & ST_R_NO_SYMLINKS) || ++*links > MAX_LINKS ? -ELOOP : follow(fd);
        goto out;
    }
    r = !last && !st_is_type(&stx, S_IFDIR) ? -ENOTDIR : step_into(name, fd);
    if (r == 0)
        return 0;
out:
    (void)sys_close(fd);
    return r;
}

int st_walk(int root, const char *path, unsigned flags, const uint32_t owner[2], int *created)
{
    char name[NAME_SIZE];
    unsigned links = 0;
    size_t len = st_len(path);
    int last = 0, made = 0, r = 0;

    if (len >= ST_PATH)
        return -ENAMETOOLONG;
    w = (struct walk){.todo = st_scratch.todo, .done = st_scratch.done, .link = st_scratch.link, .root = root, .cur = root};
    memcpy(w.todo, path, len + 1);
    for (;;) {
        if ((r = next_component(name, &last)) < 0 || name[0] == '\0')
            break;
        if (st_same(name, "."))
            continue;
        r = st_same(name, "..") ? go_up() : component(name, last, flags, owner, &links, &made);
        if (r < 0)
            break;
    }
    if (r < 0) {
        enter(root);
        return r;
    }
    if (created)
        *created = made;
    return w.cur != root ? w.cur : sys_openat(root, ".", O_PATH | O_DIRECTORY, 0);
}

int st_resolve(int root, unsigned feat, const char *path, unsigned flags, int *created)
{
    if (created)
        *created = 0;
    if (!(feat & VL_FEAT_OPENAT2))
        return st_walk(root, path, flags, NULL, created);

    struct st_open_how how = {.flags = O_PATH | O_CLOEXEC | (flags & ST_R_NOFOLLOW ? O_NOFOLLOW : 0),
                              .resolve = ST_RESOLVE_IN_ROOT | ST_RESOLVE_NO_MAGICLINKS |
                                         (flags & ST_R_NO_SYMLINKS ? ST_RESOLVE_NO_SYMLINKS : 0)};
    int fd = -EAGAIN;
    /* EAGAIN: something was renamed meanwhile and the kernel could not prove that ".." stayed inside */
    for (unsigned tries = 0; tries < MAX_RACES && fd == -EAGAIN; tries++)
        fd = sys_openat2(root, path[0] == '\0' ? "." : path, &how);
    if (fd == -ENOENT && (flags & (ST_R_DIR | ST_R_FILE)))
        return st_walk(root, path, flags, NULL, created);
    return fd;
}

int st_resolve_parent(int root, unsigned feat, const char *path, const char **name)
{
    char *dir = st_scratch.dir;
    size_t len = st_len(path), at;

    for (at = len; at > 0 && path[at - 1] != '/'; at--)
        ;
    *name = path + at;
    if (**name == '\0' || st_same(*name, ".") || st_same(*name, ".."))
        return -EINVAL;
    if (at >= ST_PATH)
        return -ENAMETOOLONG;
    memcpy(dir, path, at);
    dir[at] = '\0';
    int fd = st_resolve(root, feat, at == 0 ? "." : dir, ST_R_DIR, NULL);
    if (fd < 0)
        return fd;
    struct statx stx;
    int r = sys_fstat(fd, &stx);
    if (r == 0 && !st_is_type(&stx, S_IFDIR))
        r = -ENOTDIR;
    if (r < 0) {
        (void)sys_close(fd);
        return r;
    }
    return fd;
}
