/* SPDX-License-Identifier: Apache-2.0 */
/* sys/resolve: the same table of cases through openat2 and through the walk. */
#include "sys/resolve.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/fd.h"
#include "tap.h"

static char top[] = "/tmp/veloci-test-XXXXXX";
static int root = VL_NOFD, outer = VL_NOFD;

static void make_file(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)!write(fd, text, strlen(text));
    vl_close(fd);
}

static void populate(void)
{
    if (mkdtemp(top) == NULL)
        abort();
    outer = vl_open(top, O_RDONLY | O_DIRECTORY);
    (void)!mkdirat(outer, "root", 0755);
    make_file(outer, "secret", "outside");
    root = vl_open_at(outer, "root", O_RDONLY | O_DIRECTORY, 0);
    (void)!mkdirat(root, "a", 0755);
    (void)!mkdirat(root, "a/b", 0755);
    make_file(root, "a/b/f", "inside");
    make_file(root, "secret", "trap");
    static const char *const links[][2] = {
        {"b", "a/rel"},
        {"/a/b", "abs"},
        {"../../../../secret", "escape"},
        {"/../../secret", "escape2"},
        {"loop", "loop"},
        {"/a/none/x", "dangling"},
        {"rel/f", "a/chain"},
        {"/proc/self/root", "magic"},
        {"a/../a/./b//", "odd"},
        {"new", "a/dangling-rel"},
        {"..", "a/up"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(links); i++)
        (void)!symlinkat(links[i][0], root, links[i][1]);
}

/* strerrorname_np is glibc's alone. */
static const char *errno_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{EAGAIN, "EAGAIN"}, {ELOOP, "ELOOP"},     {ENAMETOOLONG, "ENAMETOOLONG"},
                 {ENOENT, "ENOENT"}, {ENOTDIR, "ENOTDIR"}, {EXDEV, "EXDEV"}};
    for (size_t i = 0; i < VL_ARRAY_LEN(names); i++)
        if (names[i].number == number)
            return names[i].name;
    return strerror(number);
}

/* Content of what a path resolves to, or "-ERRNO", or "dir". */
static const char *what(const char *path, int flags, unsigned how)
{
    static char buf[64];
    cleanup_fd int fd = vl_resolve_open(root, path, flags, 0, how);
    struct stat st;
    if (fd < 0) {
        snprintf(buf, sizeof(buf), "-%s", errno_name(-fd));
        return buf;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return "dir";
    if (S_ISLNK(st.st_mode))
        return "link";
    ssize_t n = read(fd, buf, sizeof(buf) - 1);
    if (n < 0)
        return errno == EBADF ? "path" : "?";
    buf[n] = '\0';
    return buf;
}

static void opening(const char *by)
{
    static const struct {
        const char *path;
        int flags;
        unsigned how;
        const char *want;
    } cases[] = {
        {"a/b/f", O_RDONLY, 0, "inside"},
        {"/a/b/f", O_RDONLY, 0, "inside"},
        {"//a//b///f", O_RDONLY, 0, "inside"},
        {"./a/./b/./f", O_RDONLY, 0, "inside"},
        {"a/rel/f", O_RDONLY, 0, "inside"},
        {"abs/f", O_RDONLY, 0, "inside"},
        {"a/chain", O_RDONLY, 0, "inside"},
        {"odd/f", O_RDONLY, 0, "inside"},
        {"a/up/a/b/f", O_RDONLY, 0, "inside"},
        {"a/b/../b/f", O_RDONLY, 0, "inside"},
        {"a/rel/../b/f", O_RDONLY, 0, "inside"},
        {"../../../../secret", O_RDONLY, 0, "trap"},
        {"escape", O_RDONLY, 0, "trap"},
        {"escape2", O_RDONLY, 0, "trap"},
        {"a/b/../../../secret", O_RDONLY, 0, "trap"},
        {"/", O_RDONLY, 0, "dir"},
        {".", O_RDONLY, 0, "dir"},
        {"..", O_RDONLY, 0, "dir"},
        {"a/", O_RDONLY, 0, "dir"},
        {"a/b/f/", O_RDONLY, 0, "-ENOTDIR"},
        {"a/b/f/x", O_RDONLY, 0, "-ENOTDIR"},
        {"a/b/f", O_RDONLY | O_DIRECTORY, 0, "-ENOTDIR"},
        {"loop", O_RDONLY, 0, "-ELOOP"},
        {"loop/x", O_RDONLY, 0, "-ELOOP"},
        {"dangling", O_RDONLY, 0, "-ENOENT"},
        {"none", O_RDONLY, 0, "-ENOENT"},
        {"none/x", O_RDONLY, 0, "-ENOENT"},
        {"", O_RDONLY, 0, "-ENOENT"},
        {"abs", O_RDONLY | O_NOFOLLOW, 0, "-ELOOP"},
        {"abs", O_PATH | O_NOFOLLOW, 0, "link"},
        {"abs/", O_RDONLY | O_NOFOLLOW, 0, "dir"},
        {"abs/f", O_RDONLY, VL_RESOLVE_NO_SYMLINKS, "-ELOOP"},
        {"a/chain", O_RDONLY, VL_RESOLVE_NO_SYMLINKS, "-ELOOP"},
        {"a/b/f", O_RDONLY, VL_RESOLVE_NO_SYMLINKS, "inside"},
        {"a/b/f", O_PATH, 0, "path"},
        {"a/b/f", O_RDONLY, VL_RESOLVE_NO_XDEV, "inside"},
        {"a/b/../f", O_RDONLY, 0, "-ENOENT"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++)
        is_str(what(cases[i].path, cases[i].flags, cases[i].how), cases[i].want, "`%s` (%s)",
               cases[i].path, by);
    char longest[NAME_MAX + 2];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    is_str(what(longest, O_RDONLY, 0), "-ENAMETOOLONG", "a name of 256 bytes (%s)", by);
}

static void magic(const char *by)
{
    int own = root;
    root = vl_open("/", O_PATH | O_DIRECTORY);
    is_str(what("/proc/self/root", O_RDONLY, 0), "-ELOOP", "a magic link is refused (%s)", by);
    is_str(what("/proc/self/fd/0", O_RDONLY, 0), "-ELOOP", "so is a descriptor (%s)", by);
    is_str(what("/proc/self/ns/mnt", O_RDONLY, 0), "-ELOOP", "and a namespace (%s)", by);
    is_str(what("/proc/self/ns", O_RDONLY, 0), "dir", "/proc/self is an ordinary link (%s)", by);
    is_str(what("/proc/self/ns", O_RDONLY, VL_RESOLVE_NO_XDEV), "-EXDEV", "a mount is crossed (%s)",
           by);
    vl_close(root);
    root = own;
}

static void making(const char *by)
{
    struct stat st;
    char *base = vl_asprintf("m-%s", by);
    char *deep = vl_asprintf("%s/x/../y/z", base), *file = vl_asprintf("%s/q/file", base);
    mode_t old = umask(077);
    cleanup_fd int fd = vl_resolve_mkdirs(root, deep, 0755);
    ok(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0755,
       "directories, mode in spite of umask (%s)", by);
    char *made = vl_asprintf("%s/x", base);
    ok(fstatat(root, made, &st, 0) == 0 && S_ISDIR(st.st_mode), "also those left again by .. (%s)",
       by);
    cleanup_fd int again = vl_resolve_mkdirs(root, deep, 0700);
    ok(again >= 0 && fstat(again, &st) == 0 && (st.st_mode & 07777) == 0755,
       "existing ones are left alone (%s)", by);
    is_int(vl_resolve_mkdirs(root, "a/b/f/g", 0755), -ENOTDIR, "a file is in the way (%s)", by);
    is_int(vl_resolve_mkdirs(root, "a/b/f", 0755), -ENOTDIR, "a file is there (%s)", by);
    is_int(vl_resolve_mkdirs(root, "loop/x", 0755), -ELOOP, "a loop (%s)", by);

    char *link = vl_asprintf("link-%s", by), *target = vl_asprintf("/via-%s/deep", by);
    (void)!symlinkat(target, root, link);
    char *through = vl_asprintf("%s/leaf", link), *leaf = vl_asprintf(".%s/leaf", target);
    cleanup_fd int via = vl_resolve_mkdirs(root, through, 0711);
    ok(via >= 0 && fstatat(root, leaf, &st, 0) == 0, "a dangling link gets its target, inside (%s)",
       by);

    cleanup_fd int touched = vl_resolve_touch(root, file, 0640, 0755);
    ok(touched >= 0 && fstat(touched, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_mode & 07777) == 0640,
       "a file with its parents (%s)", by);
    cleanup_fd int kept = vl_resolve_touch(root, "a/b/f", 0600, 0755);
    ok(kept >= 0 && fstat(kept, &st) == 0 && st.st_size == 6,
       "an existing one keeps its content (%s)", by);
    cleanup_fd int escaped = vl_resolve_touch(root, "../../escape-attempt", 0600, 0755);
    ok(escaped >= 0 && faccessat(outer, "escape-attempt", F_OK, 0) < 0 &&
           faccessat(root, "escape-attempt", F_OK, 0) == 0,
       ".. stays inside (%s)", by);
    (void)unlinkat(root, "escape-attempt", 0);
    (void)umask(old);
    free(base);
    free(deep);
    free(file);
    free(made);
    free(link);
    free(target);
    free(through);
    free(leaf);
}

static void parents(const char *by)
{
    const char *name = NULL;
    size_t n = 0;
    struct stat a, b;
    cleanup_fd int fd = vl_resolve_parent(root, "/abs/new//", 0, &name, &n);
    ok(fd >= 0 && n == 3 && strncmp(name, "new", 3) == 0, "name without slashes (%s)", by);
    ok(fstat(fd, &a) == 0 && fstatat(root, "a/b", &b, 0) == 0 && a.st_ino == b.st_ino,
       "the parent it names (%s)", by);
    cleanup_fd int bare = vl_resolve_parent(root, "file", 0, &name, &n);
    ok(bare >= 0 && n == 4, "a bare name (%s)", by);
    cleanup_fd int top_dir = vl_resolve_parent(root, "///", 0, &name, &n);
    ok(top_dir >= 0 && n == 0 && fstat(top_dir, &a) == 0 && fstat(root, &b) == 0 &&
           a.st_ino == b.st_ino,
       "the root has no name (%s)", by);
    cleanup_fd int dots = vl_resolve_parent(root, "a/b/..", 0, &name, &n);
    ok(dots >= 0 && n == 0 && fstat(dots, &a) == 0 && fstatat(root, "a", &b, 0) == 0 &&
           a.st_ino == b.st_ino,
       "nor has .. (%s)", by);
    is_int(vl_resolve_parent(root, "none/x", 0, &name, &n), -ENOENT,
           "missing and not to be made (%s)", by);
}

/* Somebody inside swaps a directory for a link that leads out, and moves one away, all the time. */
static void attack(const char *by)
{
    (void)!mkdirat(root, "race", 0755);
    (void)!mkdirat(root, "race/dir", 0755);
    (void)!mkdirat(root, "race/dir/deep", 0755);
    make_file(root, "race/dir/secret", "inside");
    (void)!symlinkat("../../../../../../..", root, "race/link");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) {
            (void)syscall(SYS_renameat2, root, "race/dir", root, "race/link", 2 /* RENAME_EXCHANGE */);
            (void)renameat(root, "race/dir/deep", root, "deep");
            (void)renameat(root, "deep", root, "race/dir/deep");
        }
    }
    char *up = vl_asprintf("race/dir/deep/../../../%s", "../../secret");
    int inside = 0, outside = 0, none = 0, other = 0;
    for (int i = 0; i < 2000; i++) {
        const char *got = what(i & 1 ? "race/dir/secret" : up, O_RDONLY, 0);
        inside += vl_streq(got, "inside") || vl_streq(got, "trap");
        outside += vl_streq(got, "outside");
        none += vl_streq(got, "-ENOENT") || vl_streq(got, "-EAGAIN");
        other += got[0] == '-' && !vl_streq(got, "-ENOENT") && !vl_streq(got, "-EAGAIN");
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    free(up);
    is_int(outside, 0, "never outside in 2000 races: %d inside, %d nothing (%s)", inside, none, by);
    is_int(other, 0, "no other errors (%s)", by);
    ok(inside > 0, "and the way inside works (%s)", by);
    char *rm = vl_asprintf("rm -rf %s/root/race %s/root/deep", top, top);
    (void)!system(rm);
    free(rm);
}

int main(void)
{
    static const char *const ways[] = {"openat2", "walk"};
    populate();
    for (size_t i = 0; i < 2; i++) {
        if (i == 1)
            setenv("VELOCI_DISABLE", "openat2", 1);
        opening(ways[i]);
        magic(ways[i]);
        making(ways[i]);
        parents(ways[i]);
        attack(ways[i]);
    }
    char *rm = vl_asprintf("rm -rf %s", top);
    (void)!system(rm);
    free(rm);
    vl_close(root);
    vl_close(outer);
    return done_testing();
}
