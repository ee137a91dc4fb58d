/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: the content of a directory of the image is copied into the tmpfs that will cover it: modes,
 * owners, links, device nodes, extended attributes as far as they can be had. The tree is untrusted: nothing is
 * opened through a symbolic link, depth is limited, buffers are fixed.
 */
#include "stage/stage.h"

#define MAX_DEPTH 32

static int copy_dir(int from, int to, unsigned depth);

static void copy_xattrs(int from, int to)
{
    char *names = st_scratch.names, *value = st_scratch.value;
    long n = SYS3(__NR_flistxattr, from, names, ST_PATH);

    for (long i = 0; i < n; i += (long)st_len(names + i) + 1) {
        long len = SYS4(__NR_fgetxattr, from, names + i, value, ST_PATH);
        if (len >= 0)
            (void)SYS5(__NR_fsetxattr, to, names + i, value, len, 0);
    }
}

/* Owner before mode: chown(2) clears the set-id bits. */
static int copy_metadata(int from, int to, const struct statx *stx)
{
    int r = sys_fchown(to, stx->stx_uid, stx->stx_gid);
    if (r == 0)
        r = sys_fchmod(to, stx->stx_mode & 07777);
    if (r == 0)
        copy_xattrs(from, to);
    return r;
}

static int copy_content(int from, int to)
{
    for (;;) {
        long n = SYS4(__NR_sendfile, to, from, 0, 1 << 20);
        if (n <= 0 && n != -EINTR)
            return (int)n;
    }
}

/* A regular file or a directory: both are made closed to others and opened up at the end. */
static int copy_opened(int from, int to, const char *name, const struct statx *stx, unsigned depth)
{
    int dir = st_is_type(stx, S_IFDIR), r = 0;
    unsigned kind = O_NOFOLLOW | (dir ? O_DIRECTORY : O_NONBLOCK);

    if (dir && (r = sys_mkdirat(to, name, 0700)) < 0)
        return r;
    int in = sys_openat(from, name, kind | O_RDONLY, 0);
    int out = in < 0 ? in : sys_openat(to, name, dir ? kind | O_RDONLY : O_NOFOLLOW | O_WRONLY | O_CREAT | O_EXCL, 0600);
    r = out < 0 ? out : dir ? copy_dir(in, out, depth + 1) : copy_content(in, out);
    if (r == 0)
        r = copy_metadata(in, out, stx);
    st_close(&in);
    st_close(&out);
    return r;
}

static int copy_link(int from, int to, const char *name)
{
    char *text = st_scratch.text;
    long n = sys_readlinkat(from, name, text, ST_PATH - 1);
    if (n < 0)
        return (int)n;
    text[n] = '\0';
    return sys_symlinkat(text, to, name);
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
    struct statx stx;
    int r = sys_statx(from, name, AT_SYMLINK_NOFOLLOW, &stx);

    if (r < 0)
        return r;
    if (st_is_type(&stx, S_IFDIR) || st_is_type(&stx, S_IFREG))
        return copy_opened(from, to, name, &stx, depth);
    if (st_is_type(&stx, S_IFLNK))
        r = copy_link(from, to, name);
    else
        r = sys_mknodat(to, name, stx.stx_mode, st_rdev(stx.stx_rdev_major, stx.stx_rdev_minor));
    if (r == -EPERM && (st_is_type(&stx, S_IFCHR) || st_is_type(&stx, S_IFBLK)))
        return 0; /* no device nodes in a user namespace */
    return r < 0 ? r : sys_fchownat(to, name, stx.stx_uid, stx.stx_gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_dir(int from, int to, unsigned depth)
{
    union {
        struct st_dirent align;
        char bytes[2048];
    } buf;

    if (depth > MAX_DEPTH)
        return -ELOOP;
    for (;;) {
        long n = sys_getdents(from, buf.bytes, sizeof(buf));
        if (n <= 0)
            return (int)n;
        for (long at = 0; at < n;) {
            const struct st_dirent *d = (const void *)(buf.bytes + at);
            at += d->reclen;
            if (st_same(d->name, ".") || st_same(d->name, ".."))
                continue;
            int r = copy_entry(from, to, d->name, depth);
            if (r < 0)
                return r;
        }
    }
}

int st_copy_up(int from, int to)
{
    return copy_dir(from, to, 0);
}
