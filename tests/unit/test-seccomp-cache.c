/* SPDX-License-Identifier: Apache-2.0 */
/* confine/seccomp_cache: a program is only ever read back when it is the right one and ours;
 * labels. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "confine/labels.h"
#include "confine/seccomp_cache.h"
#include "seccomp-profile.h"
#include "tap.h"

static char root[] = "/tmp/vl-seccomp-XXXXXX";
static struct vl_seccomp_cache cache = {.root_fd = -1};

static void remove_below(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            remove_below(fd, e->d_name);
    if (d != NULL)
        closedir(d);
    if (unlinkat(dirfd, name, 0) < 0)
        unlinkat(dirfd, name, AT_REMOVEDIR);
}

/* Gets the program and says how; -1 on an error. */
enum { COMPILED, STORED, HIT };
static struct vl_seccomp_prog *last;

static int get(const struct profile *b, bool fail_unknown)
{
    struct vl_error *err = NULL;
    vl_seccomp_prog_free(last);
    last = NULL;
    if (vl_seccomp_cached(&cache, &b->p, fail_unknown, &last, &err) < 0) {
        vl_error_free(err);
        return -1;
    }
    return cache.hit ? HIT : cache.stored ? STORED : COMPILED;
}

static int entry_count(char *ret_name)
{
    int fd = openat(cache.root_fd, "@cache/seccomp", O_RDONLY | O_DIRECTORY), n = 0;
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') {
            n++;
            if (ret_name != NULL)
                snprintf(ret_name, 300, "@cache/seccomp/%s", e->d_name);
        }
    if (d != NULL)
        closedir(d);
    return n;
}

static void clear(void)
{
    remove_below(cache.root_fd, "@cache");
}

static void set_mode(const char *name, mode_t mode)
{
    if (fchmodat(cache.root_fd, name, mode, 0) < 0)
        diag("cannot change the mode of %s", name);
}

static void make_link(const char *target, const char *name)
{
    if (symlinkat(target, cache.root_fd, name) < 0)
        diag("cannot make the link %s", name);
}

static struct profile *usual(void)
{
    struct profile *b = profile_new("SCMP_ACT_ERRNO");
    profile_arch(b, "SCMP_ARCH_X86");
    profile_rule(b, "SCMP_ACT_ALLOW", "read");
    profile_name(b, "frobnicate");
    profile_rule(b, "SCMP_ACT_ERRNO", "mount");
    profile_errno(b, 5);
    profile_rule(b, "SCMP_ACT_ALLOW", "personality");
    profile_cond(b, 0, "SCMP_CMP_MASKED_EQ", 8, 8);
    return b;
}

static void test_hit(void)
{
    struct profile *b = usual();
    struct stat st;
    char name[300] = "";
    is_int(get(b, false), STORED, "the first time a profile is compiled and stored");
    cleanup_free struct sock_filter *insns = vl_memdup(last->insns, last->n * sizeof(*insns));
    size_t n = last->n;
    unsigned actions = last->actions;
    is_int(get(b, false), HIT, "the second time it is read");
    ok(last->n == n && memcmp(last->insns, insns, n * sizeof(*insns)) == 0 &&
           last->actions == actions,
       "and is the same");
    ok(last->notes.n == 1 && strstr(last->notes.v[0], "frobnicate") != NULL, "with its notes");
    is_int(entry_count(name), 1, "there is one entry");
    ok(fstatat(cache.root_fd, "@cache", &st, 0) == 0 && (st.st_mode & 07777) == 0700 &&
           fstatat(cache.root_fd, "@cache/seccomp", &st, 0) == 0 && (st.st_mode & 07777) == 0700,
       "in directories of our own");
    ok(fstatat(cache.root_fd, name, &st, 0) == 0 && (st.st_mode & 07777) == 0600,
       "in a file of our own");
    is_int(get(b, true), -1, "an error is an error with a warm cache too");
    free(b);
}

/* Each change of anything gives another key. */
static void test_keys(void)
{
    int wrong = 0, count = 0;
#define CHANGED(...)                                                                               \
    do {                                                                                           \
        struct profile *b = usual();                                                               \
        __VA_ARGS__;                                                                               \
        count++;                                                                                   \
        if (get(b, false) != STORED) {                                                             \
            wrong++;                                                                               \
            diag("no new key: %s", #__VA_ARGS__);                                                  \
        }                                                                                          \
        free(b);                                                                                   \
    } while (0)
    CHANGED(b->calls[1].errno_ret = 6);
    CHANGED(b->calls[1].has_errno_ret = false);
    CHANGED(b->p.has_default_errno_ret = true; b->p.default_errno_ret = 0);
    CHANGED(b->p.default_action = (char *)"SCMP_ACT_KILL");
    CHANGED(b->p.n_architectures = 0; b->p.has_architectures = false);
    CHANGED(b->archs[0] = (char *)"SCMP_ARCH_X32");
    CHANGED(b->names[0] = (char *)"write");
    CHANGED(b->names[0] = (char *)"readfrob"; b->names[1] = (char *)"nicate");
    CHANGED(b->calls[0].n_names = 1);
    CHANGED(b->calls[0].action = (char *)"SCMP_ACT_LOG");
    CHANGED(b->args[0].index = 1);
    CHANGED(b->args[0].value = 9);
    CHANGED(b->args[0].value_two = 0);
    CHANGED(b->args[0].op = (char *)"SCMP_CMP_EQ");
    CHANGED(profile_flag(b, "SECCOMP_FILTER_FLAG_LOG"));
    CHANGED(b->p.has_flags = true);
    CHANGED(b->p.n_syscalls = 2);
    CHANGED(profile_rule(b, "SCMP_ACT_ALLOW", "close"));
#undef CHANGED
    struct profile *b = usual();
    b->p.listener_metadata = (char *)"pod-17";
    ok(wrong == 0, "%d changes, %d new keys", count, count - wrong);
    is_int(get(b, false), HIT, "the listener's metadata is no part of the program");
    free(b);
    clear();
}

static void rewrite(const char *name, const char *buf, size_t len)
{
    int fd = openat(cache.root_fd, name, O_WRONLY | O_TRUNC);
    if (fd < 0 || vl_write_all(fd, buf, len) < 0)
        diag("cannot rewrite %s", name);
    vl_close(fd);
}

/* No byte can be changed, none can be missing or too many. */
static void test_corruption(void)
{
    struct profile *b = usual();
    cleanup_free char *good = NULL;
    size_t len = 0;
    char name[300] = "";
    is_int(get(b, false), STORED, "stored");
    entry_count(name);
    if (vl_slurp_at(cache.root_fd, name, 1 << 20, &good, &len) < 0)
        good = vl_strdup("");
    cleanup_free char *bad = vl_memdup(good, len + 1);
    int taken = 0;
    for (size_t i = 0; i < len; i += 3) {
        bad[i] ^= 0x41;
        rewrite(name, bad, len);
        taken += get(b, false) != STORED;
        bad[i] ^= 0x41;
    }
    is_int(taken, 0, "no changed byte is taken (%zu bytes)", len);
    for (size_t i = 0; i < len; i += 7) {
        rewrite(name, good, i);
        taken += get(b, false) != STORED;
    }
    is_int(taken, 0, "no part of an entry is taken");
    rewrite(name, bad, len + 1);
    is_int(get(b, false), STORED, "nor one with a byte too many");
    rewrite(name, good, len);
    is_int(get(b, false), HIT, "the entry itself is");
    /* an entry for another profile under this name, as somebody with a better idea would put it */
    char other[300] = "";
    clear();
    b->p.default_action = (char *)"SCMP_ACT_ALLOW";
    is_int(get(b, false), STORED, "another profile");
    entry_count(other);
    b->p.default_action = (char *)"SCMP_ACT_ERRNO";
    renameat(cache.root_fd, other, cache.root_fd, name);
    is_int(get(b, false), STORED, "is not taken for this one");
    free(b);
    clear();
}

static void test_permissions(void)
{
    struct profile *b = usual();
    char name[300] = "";
    is_int(get(b, false), STORED, "stored");
    entry_count(name);
    set_mode(name, 0620);
    is_int(get(b, false), STORED, "a file that others may write is replaced");
    is_int(get(b, false), HIT, "and then taken");
    set_mode("@cache/seccomp", 0720);
    is_int(get(b, false), COMPILED, "a directory that others may write is left alone");
    set_mode("@cache/seccomp", 0700);
    set_mode("@cache", 0705);
    is_int(get(b, false), COMPILED, "so is one above it");
    set_mode("@cache", 0700);
    is_int(get(b, false), HIT, "all is well again");
    renameat(cache.root_fd, name, cache.root_fd, "entry");
    make_link("../../entry", name);
    is_int(get(b, false), STORED, "a symbolic link is replaced, not followed");
    unlinkat(cache.root_fd, "entry", 0);
    unlinkat(cache.root_fd, name, 0);
    if (mkfifoat(cache.root_fd, name, 0600) == 0)
        is_int(get(b, false), STORED, "a fifo does not hold us up");
    if (geteuid() == 0) {
        is_int(get(b, false), HIT, "ours");
        ok(fchownat(cache.root_fd, name, 12345, 12345, 0) == 0 && get(b, false) == STORED,
           "somebody else's file is replaced");
        ok(fchownat(cache.root_fd, "@cache/seccomp", 12345, 12345, 0) == 0 &&
               get(b, false) == COMPILED,
           "somebody else's directory is left alone");
    } else {
        skip("owners: needs root");
    }
    clear();
    renameat(cache.root_fd, "@cache", cache.root_fd, "real");
    mkdirat(cache.root_fd, "elsewhere", 0700);
    make_link("elsewhere", "@cache");
    is_int(get(b, false), COMPILED, "a symbolic link for the directory is not followed");
    unlinkat(cache.root_fd, "@cache", 0);
    unlinkat(cache.root_fd, "elsewhere", AT_REMOVEDIR);
    int kept = cache.root_fd;
    cache.root_fd = -1;
    is_int(get(b, false), COMPILED, "without a root there is no cache");
    cache.root_fd = kept;
    free(b);
    clear();
}

static void test_prune(void)
{
    struct profile *b = usual();
    is_int(get(b, false), STORED, "the first entry");
    char first[300] = "";
    entry_count(first);
    struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    utimensat(cache.root_fd, first, old, 0);
    struct stat st;
    ok(get(b, false) == HIT && fstatat(cache.root_fd, first, &st, 0) == 0 &&
           time(NULL) - st.st_mtime < 100,
       "use makes an entry young again");
    old[1].tv_sec = time(NULL) - 50;
    utimensat(cache.root_fd, first, old, 0);
    int fd = openat(cache.root_fd, "@cache/seccomp/.half-written", O_WRONLY | O_CREAT, 0600);
    old[1].tv_sec = time(NULL) - 10000;
    futimens(fd, old);
    vl_close(fd);
    for (uint32_t i = 0; i < VL_SECCOMP_CACHE_MAX + 5; i++) {
        b->calls[1].errno_ret = 100 + i;
        if (get(b, false) != STORED)
            diag("entry %u is not stored", i);
    }
    is_int(entry_count(NULL), VL_SECCOMP_CACHE_MAX, "no more than %d entries are kept",
           VL_SECCOMP_CACHE_MAX);
    is_int(fstatat(cache.root_fd, first, &st, 0), -1, "the one used longest ago is gone");
    is_int(fstatat(cache.root_fd, "@cache/seccomp/.half-written", &st, 0), -1,
           "so are old leftovers");
    b->calls[1].errno_ret = 100 + VL_SECCOMP_CACHE_MAX + 4;
    is_int(get(b, false), HIT, "the youngest is there");
    free(b);
    clear();
}

static void test_labels(void)
{
    static const struct {
        const char *text;
        bool apparmor, selinux;
    } rows[] = {
        {"unconfined", true, false},
        {"containers-default-0.50.1", true, false},
        {"/usr/bin/x{1,2} (enforce)", true, false},
        {"a//&b", true, false},
        {":ns:prof", true, false},
        {"a//&", false, false},
        {"//&b", false, false},
        {":ns", false, false},
        {"::x", false, false},
        {"", false, false},
        {"two\nlines", false, false},
        {" padded", false, false},
        {"system_u:system_r:container_t:s0:c1,c2", true, true},
        {"system_u:object_r:container_file_t:s0-s15:c0.c1023", true, true},
        {"u:r:t", true, true},
        {"u:r", true, false},
        {"u::t", true, false},
        {"u:r:t:", true, false},
        {"u:r:t:s0 x", true, false},
        {"u:r:t\",context=\"x", true, false},
        {"u:r:t,rw", true, false},
    };
    char longest[5000];
    memset(longest, 'x', sizeof(longest));
    longest[4096] = '\0';
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        struct vl_error *err = NULL;
        int a = vl_label_check_apparmor(rows[i].text, "w", &err);
        bool fits = (a == 0) == rows[i].apparmor && (a == 0) == (err == NULL);
        vl_error_free(err);
        err = NULL;
        int s = vl_label_check_selinux(rows[i].text, "w", &err);
        fits = fits && (s == 0) == rows[i].selinux && (s == 0) == (err == NULL);
        vl_error_free(err);
        ok(fits, "label %zu: AppArmor %s, SELinux %s", i, rows[i].apparmor ? "yes" : "no",
           rows[i].selinux ? "yes" : "no");
    }
    struct vl_error *err = NULL;
    ok(vl_label_check_apparmor(longest, "process.apparmorProfile", &err) < 0 &&
           err->kind == VL_ERR_CONFIG && strcmp(err->where, "process.apparmorProfile") == 0,
       "more than a page is no label");
    vl_error_free(err);
}

int main(void)
{
    umask(022);
    if (mkdtemp(root) == NULL ||
        (cache.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        skip_all("no directory: %s", strerror(errno));
    test_hit();
    test_keys();
    test_corruption();
    test_permissions();
    test_prune();
    test_labels();
    clear();
    vl_seccomp_prog_free(last);
    vl_close(cache.root_fd);
    rmdir(root);
    return done_testing();
}
