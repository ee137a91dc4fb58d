/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled seccomp programs below the state root. */
#include "confine/seccomp_cache.h"

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
#include "base/log.h"
#include "base/mem.h"
#include "confine/bpf_sim.h"
#include "confine/seccomp_int.h"

/* Raised when the same profile gives another program: a change of rules, generator or entry format.
 */
#define GENERATION 1u

#define KEY_HEX (2 * VL_SHA256_LEN + 1)
#define ENTRY_MAX (256u << 10)
#define TOUCH_AFTER_S 60 /* a younger entry is recently used anyway */
#define LEFTOVER_S 3600  /* a temporary file of this age belongs to nobody any more */

/* -- key
 * ------------------------------------------------------------------------------------------- */

static void key_u64(struct vl_str *b, uint64_t v)
{
    vl_str_addn(b, &v, sizeof(v));
}

/* A byte for "there", and the NUL at the end, which no string of a document holds: no two lists
 * look alike. */
static void key_str(struct vl_str *b, const char *s)
{
    vl_str_addc(b, s != NULL ? 1 : 0);
    if (s != NULL)
        vl_str_addn(b, s, strlen(s) + 1);
}

static void key_strs(struct vl_str *b, bool has, char *const *v, size_t n)
{
    key_u64(b, has ? n : UINT64_MAX);
    for (size_t i = 0; i < n; i++)
        key_str(b, v[i]);
}

static void key_call(struct vl_str *b, const struct oci_syscall *call)
{
    key_strs(b, true, call->names, call->n_names);
    key_str(b, call->action);
    key_u64(b, call->has_errno_ret ? call->errno_ret : UINT64_MAX);
    key_u64(b, call->n_args);
    for (size_t i = 0; i < call->n_args; i++) {
        const struct oci_syscall_arg *a = &call->args[i];
        key_u64(b, a->index);
        key_u64(b, a->value);
        key_u64(b, a->has_value_two);
        key_u64(b, a->value_two);
        key_str(b, a->op);
    }
}

/* Everything a program is made from, but for libseccomp's tables: those are named inside the entry,
 * so that a hit need not open the library. The listener's socket and metadata are no part of a
 * program. */
static void make_key(const struct oci_seccomp *p, bool fail_unknown, uint8_t key[VL_SHA256_LEN])
{
    cleanup(str) struct vl_str b = VL_STR_INIT;
    key_str(&b, "veloci seccomp program");
    key_u64(&b, GENERATION);
    key_str(&b, PACKAGE_VERSION);
    key_u64(&b, vl_sc_arch_native()->token);
    key_u64(&b, fail_unknown);
    key_str(&b, p->default_action);
    key_u64(&b, p->has_default_errno_ret ? p->default_errno_ret : UINT64_MAX);
    key_strs(&b, p->has_architectures, p->architectures, p->n_architectures);
    key_strs(&b, p->has_flags, p->flags, p->n_flags);
    key_u64(&b, p->n_syscalls);
    for (size_t i = 0; i < p->n_syscalls; i++)
        key_call(&b, &p->syscalls[i]);
    vl_sha256(b.s, b.len, key);
}

/* -- entries
 * --------------------------------------------------------------------------------------- */

/* Which libseccomp gave the numbers: its file, or, when it is linked in, its version. */
struct lib_identity {
    uint64_t dev, ino, size, mtime_s, mtime_ns;
};

/* In the byte order of the machine; body: library, instructions, notes. */
struct entry {
    char magic[8];
    uint8_t sha256[VL_SHA256_LEN]; /* of all that follows */
    uint8_t key[VL_SHA256_LEN];
    struct lib_identity lib;
    uint32_t n_insns, actions, lib_len,
        notes_len; /* lib_len with its NUL; notes: each with its NUL */
};
static const char magic[8] = "VLSECC1";

static struct lib_identity identify(const char *lib)
{
    struct stat st;
    if (lib[0] != '/' || stat(lib, &st) < 0)
        return (struct lib_identity){.dev = 0};
    return (struct lib_identity){.dev = st.st_dev,
                                 .ino = st.st_ino,
                                 .size = (uint64_t)st.st_size,
                                 .mtime_s = (uint64_t)st.st_mtim.tv_sec,
                                 .mtime_ns = (uint64_t)st.st_mtim.tv_nsec};
}

static bool same_lib(const char *lib, const struct lib_identity *was)
{
    if (lib[0] != '/') {
        const char *version = vl_seccomp_lib_version();
        return version != NULL && strcmp(version, lib) == 0;
    }
    struct lib_identity now = identify(lib);
    return now.ino != 0 && memcmp(&now, was, sizeof(now)) == 0;
}

/* NULL for any bytes that are not exactly an entry for this key made with the library that is there
 * now. */
static struct vl_seccomp_prog *decode(const char *buf, size_t len, const uint8_t key[VL_SHA256_LEN])
{
    struct entry e;
    uint8_t sum[VL_SHA256_LEN];
    if (len < sizeof(e))
        return NULL;
    memcpy(&e, buf, sizeof(e));
    vl_sha256(buf + offsetof(struct entry, key), len - offsetof(struct entry, key), sum);
    if (memcmp(e.magic, magic, sizeof(magic)) != 0 || memcmp(e.sha256, sum, sizeof(sum)) != 0 ||
        memcmp(e.key, key, sizeof(e.key)) != 0 || e.n_insns > BPF_MAXINSNS || e.lib_len == 0 ||
        len !=
            sizeof(e) + (uint64_t)e.n_insns * sizeof(struct sock_filter) + e.lib_len + e.notes_len)
        return NULL;
    const char *insns = buf + sizeof(e), *lib = insns + e.n_insns * sizeof(struct sock_filter);
    const char *notes = lib + e.lib_len, *end = notes + e.notes_len;
    if (lib[e.lib_len - 1] != '\0' || (e.notes_len > 0 && end[-1] != '\0') ||
        !same_lib(lib, &e.lib))
        return NULL;
    cleanup(seccomp_prog) struct vl_seccomp_prog *prog = vl_alloc(sizeof(*prog));
    prog->n = e.n_insns;
    prog->actions = e.actions;
    prog->insns = vl_memdup(insns, e.n_insns * sizeof(struct sock_filter));
    for (const char *s = notes; s < end; s += strlen(s) + 1)
        vl_strv_add(&prog->notes, s);
    return vl_bpf_check(prog->insns, prog->n, NULL) == 0 ? vl_take_ptr(prog) : NULL;
}

static void encode(const struct vl_seccomp_prog *prog, const uint8_t key[VL_SHA256_LEN],
                   struct vl_str *ret)
{
    const char *lib = vl_sc_lib_path();
    struct entry e = {.n_insns = (uint32_t)prog->n, .actions = prog->actions};
    if (lib == NULL || lib[0] != '/')
        lib = vl_seccomp_lib_version();
    memcpy(e.magic, magic, sizeof(magic));
    memcpy(e.key, key, sizeof(e.key));
    e.lib = identify(lib);
    e.lib_len = (uint32_t)strlen(lib) + 1;
    for (size_t i = 0; i < prog->notes.n; i++)
        e.notes_len += (uint32_t)strlen(prog->notes.v[i]) + 1;
    vl_str_addn(ret, &e, sizeof(e));
    vl_str_addn(ret, prog->insns, prog->n * sizeof(prog->insns[0]));
    vl_str_addn(ret, lib, e.lib_len);
    for (size_t i = 0; i < prog->notes.n; i++)
        vl_str_addn(ret, prog->notes.v[i], strlen(prog->notes.v[i]) + 1);
    vl_sha256(ret->s + offsetof(struct entry, key), ret->len - offsetof(struct entry, key),
              e.sha256);
    memcpy(ret->s + offsetof(struct entry, sha256), e.sha256, sizeof(e.sha256));
}

/* -- directory
 * ------------------------------------------------------------------------------------- */

/* Ours alone: nobody else could have put anything there. */
static bool is_private(const struct stat *st, mode_t type, mode_t forbidden)
{
    return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
           (st->st_mode & forbidden) == 0;
}

/* A directory below another that is trusted. -errno. */
static int open_below(int dirfd, const char *name, bool make)
{
    struct stat st;
    cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
            return -errno;
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return is_private(&st, S_IFDIR, 0077) ? vl_take_fd(&fd) : -EPERM;
}

static int open_cache(int root_fd, bool make)
{
    if (root_fd < 0)
        return -ENOENT;
    /* no container id can be that (state/dir.h) */
    cleanup_fd int top = open_below(root_fd, "@cache", make);
    return top < 0 ? top : open_below(top, "seccomp", make);
}

static struct vl_seccomp_prog *look_up(int dir, const char *name, const uint8_t key[VL_SHA256_LEN])
{
    struct stat st;
    struct timespec now;
    cleanup_free char *buf = NULL;
    size_t len;
    cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !is_private(&st, S_IFREG, 0022) ||
        vl_slurp_fd(fd, ENTRY_MAX, &buf, &len) < 0)
        return NULL;
    struct vl_seccomp_prog *prog = decode(buf, len, key);
    if (prog != NULL && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
        now.tv_sec - st.st_mtim.tv_sec > TOUCH_AFTER_S)
        (void)futimens(fd, NULL); /* used recently: prune() goes by it */
    return prog;
}

struct seen {
    char name[KEY_HEX];
    struct timespec used;
};

static int by_use(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

/* Removes the entries used longest ago beyond VL_SECCOMP_CACHE_MAX, and what writers left behind
 * that died. */
static void prune(int dir)
{
    cleanup_free struct seen *seen = NULL;
    size_t n = 0;
    struct timespec now = {0, 0};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        vl_close(fd);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
            continue;
        if (strlen(e->d_name) == KEY_HEX - 1) {
            struct seen *s = VL_APPEND(seen, n);
            memcpy(s->name, e->d_name, KEY_HEX);
            s->used = st.st_mtim;
        } else if (now.tv_sec - st.st_mtim.tv_sec > LEFTOVER_S) {
            (void)unlinkat(dir, e->d_name, 0);
        }
    }
    closedir(d);
    if (n <= VL_SECCOMP_CACHE_MAX)
        return;
    qsort(seen, n, sizeof(*seen), by_use);
    for (size_t i = 0; i < n - VL_SECCOMP_CACHE_MAX; i++)
        (void)unlinkat(dir, seen[i].name, 0);
}

static bool store(int dir, const char *name, const struct vl_seccomp_prog *prog,
                  const uint8_t key[VL_SHA256_LEN])
{
    cleanup(str) struct vl_str b = VL_STR_INIT;
    encode(prog, key, &b);
    int r = b.len > ENTRY_MAX ? -EFBIG : vl_replace_file_at(dir, name, b.s, b.len, 0600);
    if (r < 0) {
        vl_debug("seccomp program is not kept: %s", strerror(-r));
        return false;
    }
    prune(dir);
    return true;
}

int vl_seccomp_cached(void *ctx, const struct oci_seccomp *profile, bool fail_unknown,
                      struct vl_seccomp_prog **ret, struct vl_error **err)
{
    struct vl_seccomp_cache *cache = ctx;
    uint8_t key[VL_SHA256_LEN];
    char name[KEY_HEX];
    cache->hit = cache->stored = false;
    make_key(profile, fail_unknown, key);
    vl_hex(key, sizeof(key), name);
    cleanup_fd int dir = open_cache(cache->root_fd, false);
    if (dir >= 0 && (*ret = look_up(dir, name, key)) != NULL) {
        cache->hit = true;
        return 0;
    }
    if (vl_seccomp_compile(profile, fail_unknown, ret, err) < 0)
        return -1;
    if (dir == -ENOENT)
        dir = open_cache(cache->root_fd, true);
    if (dir >= 0)
        cache->stored = store(dir, name, *ret, key);
    else if (cache->root_fd >= 0)
        vl_debug("seccomp cache is not used: %s", strerror(-dir));
    return 0;
}
