/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of veloci-stage that need no namespace, compiled with a C library and the sanitizers: digest, strings, passwd
 * text, paths below a root, messages, the step table. Runs as anybody.
 *
 * stage.h and the C library describe the same kernel structures, so what the test needs of both is declared by hand.
 */
#include "base/digest.h"
#include "stage/sha256.h"
#include "stage/stage.h"
#include "tap.h"

int socketpair(int domain, int type, int protocol, int sv[2]);
char *mkdtemp(char *template);
int mkdir(const char *path, unsigned mode);
int symlink(const char *to, const char *path);
int rename(const char *from, const char *to);
int close(int fd);

/* -- digest ------------------------------------------------------------------------------------------------- */

static bool is_hex(const uint8_t *digest, const char *hex)
{
    char text[65];
    for (int i = 0; i < 32; i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
    return strcmp(text, hex) == 0;
}

static void test_sha256(void)
{
    /* FIPS 180-4 examples (csrc.nist.gov, "SHA256.pdf") */
    static const struct {
        const char *text, *hex;
    } v[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    static uint8_t data[9000];
    uint8_t mine[32], theirs[32];
    int same = 0;

    for (size_t i = 0; i < 3; i++) {
        st_sha256(v[i].text, strlen(v[i].text), mine);
        ok(is_hex(mine, v[i].hex), "published vector %zu", i + 1);
    }
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t n = 0; n < 1000; n++) {
        size_t len = n < 300 ? n : n * 9;
        st_sha256(data, len, mine);
        vl_sha256(data, len, theirs);
        same += memcmp(mine, theirs, 32) == 0;
        st_sha256_with(1, data, len, mine);
        same += memcmp(mine, theirs, 32) == 0;
    }
    is_int(same, 2000, "the same as libsodium for 1000 lengths, with and without the processor's instructions");
    static uint8_t million[1000000];
    memset(million, 'a', sizeof(million));
    st_sha256(million, sizeof(million), mine);
    ok(is_hex(mine, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"), "a million times a");
}

/* -- strings -------------------------------------------------------------------------------------------------- */

static void test_strings(void)
{
    char buf[24], small[8] = "";
    size_t len = 0;
    static const char env[] = "A=1\0PATH=/x:/y\0PATHS=no\0EMPTY=\0B";

    is_int(st_number("123", 3, 1000), 123, "a number");
    is_int(st_number("1000", 4, 1000), 1000, "the largest");
    is_int(st_number("1001", 4, 1000), -1, "larger than allowed");
    is_int(st_number("99999999999999999999", 20, INT64_MAX), -1, "larger than 64 bits");
    is_int(st_number("", 0, 9), -1, "nothing is no number");
    is_int(st_number("-1", 2, 9), -1, "a sign is no digit");
    is_int(st_number("1x", 2, 99), -1, "a letter is no digit");
    is_str(st_dec(buf, 0), "0", "decimal 0");
    is_str(st_dec(buf, UINT64_MAX), "18446744073709551615", "decimal, the largest");
    is_str(st_oct(buf, 04755), "4755", "octal");
    ok(st_append(small, sizeof(small), &len, "1234567", 7) && len == 7, "seven bytes fit into eight");
    ok(!st_append(small, sizeof(small), &len, "8", 1) && strcmp(small, "1234567") == 0, "one more does not, nothing is changed");
    is_str(st_env(env, sizeof(env), "PATH"), "/x:/y", "a variable is found");
    is_str(st_env(env, sizeof(env), "EMPTY"), "", "an empty one too");
    ok(!st_env(env, sizeof(env), "B") && !st_env(env, sizeof(env), "PAT"), "no equals sign, or part of a name, is none");
    ok(st_begins("abc", "ab") && !st_begins("a", "ab") && st_same("x", "x") && !st_same("x", "xy"), "comparisons");
}

static const char *home_of(const char *text, uint32_t uid, size_t piece)
{
    static struct st_passwd p;
    size_t n = strlen(text);
    st_passwd_init(&p, uid);
    for (size_t i = 0; i < n; i += piece)
        st_passwd_feed(&p, text + i, n - i < piece ? n - i : piece);
    st_passwd_end(&p);
    return p.found ? p.home : NULL;
}

static void test_passwd(void)
{
    static const char text[] = "root:x:0:0:root:/root:/bin/sh\n"
                               "# comment\n\n"
                               "bad:x:0x5:0::/bad:/bin/sh\n"
                               "worker:x:1000:1000:A: /home/wrong\n"
                               "again:x:1000:1000::/second:\n"
                               "relative:x:7:7::home:\n"
                               "relative2:x:7:7::/right:\n"
                               "big:x:4294967295:1::/big:\n"
                               "over:x:42949672960000:1::/over:\n"
                               "last:x:12:1::/no/newline";
    for (size_t piece = 1; piece <= 64; piece += 9) {
        bool right = true;
        right &= st_same(home_of(text, 0, piece), "/root");
        right &= st_same(home_of(text, 1000, piece), "/second");
        right &= st_same(home_of(text, 7, piece), "/right");
        right &= st_same(home_of(text, 12, piece), "/no/newline");
        right &= st_same(home_of(text, 4294967295u, piece), "/big");
        right &= !home_of(text, 5, piece) && !home_of(text, 1, piece) && !home_of("", 0, piece);
        ok(right, "homes are found in pieces of %zu bytes", piece);
    }
    char longer[700] = "x:x:1:1::/";
    memset(longer + 10, 'y', 600);
    ok(!home_of(longer, 1, 100), "a home that is too long is none");
}

/* -- paths below a root -------------------------------------------------------------------------------------- */

static char top[64], outside[80];

static const char *at(const char *name)
{
    static char buf[256];
    snprintf(buf, sizeof(buf), "%s/root/%s", top, name);
    return buf;
}

static void make_tree(void)
{
    strcpy(top, "/tmp/veloci-lib-XXXXXX");
    if (!mkdtemp(top))
        exit(1);
    snprintf(outside, sizeof(outside), "%s/outside", top);
    mkdir(outside, 0755);
    mkdir(at(""), 0755);
    mkdir(at("a"), 0755);
    mkdir(at("a/b"), 0755);
    symlink("/a/b", at("abs"));
    symlink("../..", at("a/up"));
    symlink("../../../../../../../../tmp", at("far"));
    symlink("a/b", at("rel"));
    symlink("loop2", at("loop1"));
    symlink("loop1", at("loop2"));
    symlink("/new/place", at("dangling"));
    symlink(outside, at("escape"));
    symlink("abs/../c", at("mixed"));
}

/* The directory that a path led to, seen from its root: "…/root" cut off. */
static const char *place(int fd)
{
    static char text[4096];
    char path[64];
    char prefix[80];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    long n = sys_readlinkat(AT_FDCWD, path, text, sizeof(text) - 1);
    text[n < 0 ? 0 : n] = '\0';
    snprintf(prefix, sizeof(prefix), "%s/root", top);
    if (strncmp(text, prefix, strlen(prefix)) == 0)
        return text[strlen(prefix)] ? text + strlen(prefix) : "/";
    return text;
}

struct path_case {
    const char *path;
    unsigned flags;
    const char *want; /* where it leads, or NULL */
    int err;
};

static void try_paths(int root, unsigned feat, const struct path_case *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int created = 0;
        int fd = st_resolve(root, feat, c[i].path, c[i].flags, &created);
        if (c[i].want)
            is_str(fd < 0 ? strerror(-fd) : place(fd), c[i].want, "%s: %s (%#x)", feat ? "openat2" : "walk", c[i].path, c[i].flags);
        else
            is_int(fd, c[i].err, "%s: %s (%#x) is refused", feat ? "openat2" : "walk", c[i].path, c[i].flags);
        if (fd >= 0)
            close(fd);
    }
}

/* A user-mode emulator lacks it, and so do kernels before 5.6. */
static unsigned openat2_feature(void)
{
    struct st_open_how how = {.flags = O_PATH};
    long fd = sys_openat2(AT_FDCWD, "/", &how);
    if (fd >= 0)
        close((int)fd);
    return fd >= 0 ? VL_FEAT_OPENAT2 : 0;
}

static void test_resolve(unsigned feat)
{
    static const struct path_case there[] = {
        {"/", 0, "/", 0},
        {"", 0, "/", 0},
        {"a/b", 0, "/a/b", 0},
        {"//a//./b/", 0, "/a/b", 0},
        {"/a/../../../../a", 0, "/a", 0},
        {"/../..", 0, "/", 0},
        {"abs", 0, "/a/b", 0},
        {"rel/..", 0, "/a", 0},
        {"a/up", 0, "/", 0},
        {"a/up/a/up/a", 0, "/a", 0},
        {"escape", 0, NULL, -ENOENT},
        {"far", 0, NULL, -ENOENT},
        {"loop1", 0, NULL, -ELOOP},
        {"loop1/x", ST_R_DIR, NULL, -ELOOP},
        {"abs", ST_R_NOFOLLOW, "/abs", 0},
        {"abs/", ST_R_NO_SYMLINKS, NULL, -ELOOP},
        {"abs", ST_R_NO_SYMLINKS, NULL, -ELOOP},
        {"a/b", ST_R_NO_SYMLINKS, "/a/b", 0},
        {"a/none", 0, NULL, -ENOENT},
        {"none/b", 0, NULL, -ENOENT},
    };
    static const struct path_case made[] = {
        {"a/new/deep", ST_R_DIR, "/a/new/deep", 0},
        {"a/new/file", ST_R_FILE, "/a/new/file", 0},
        {"a/new/file/x", ST_R_DIR, NULL, -ENOTDIR},
        {"a/new/file", ST_R_FILE, "/a/new/file", 0},
        {"mixed/d", ST_R_DIR, "/a/c/d", 0},
        {"dangling/x", ST_R_DIR, "/new/place/x", 0},
        {"escape/inside", ST_R_DIR, NULL, 0},
        {"far/inside", ST_R_FILE, "/tmp/inside", 0},
        {"x/../y/../z", ST_R_DIR, "/z", 0},
    };
    int root = sys_openat(AT_FDCWD, at(""), O_PATH | O_DIRECTORY, 0);
    try_paths(root, feat, there, sizeof(there) / sizeof(there[0]));
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        if (made[i].want || made[i].err)
            try_paths(root, feat, &made[i], 1);
    /* the link's absolute text counts from the root: a copy of that path grows inside, nothing outside */
    int fd = st_resolve(root, feat, "escape/inside", ST_R_DIR, NULL);
    ok(fd >= 0 && strncmp(place(fd), outside, strlen(outside)) == 0 && st_begins(place(fd), "/tmp/"), "an escaping link is followed inside the root");
    close(fd);
    char real[128];
    struct statx stx;
    snprintf(real, sizeof(real), "%s/inside", outside);
    is_int(sys_statx(AT_FDCWD, real, 0, &stx), -ENOENT, "and nothing is made outside");
    close(root);
}

static void test_parent(void)
{
    const char *name = NULL;
    char too_long[5000];
    int root = sys_openat(AT_FDCWD, at(""), O_PATH | O_DIRECTORY, 0);

    int fd = st_resolve_parent(root, openat2_feature(), "/dev/made/null", &name);
    ok(fd >= 0 && st_same(place(fd), "/dev/made") && st_same(name, "null"), "the parent is made, the name kept");
    close(fd);
    fd = st_resolve_parent(root, 0, "top", &name);
    ok(fd >= 0 && st_same(place(fd), "/") && st_same(name, "top"), "a name in the root");
    close(fd);
    is_int(st_resolve_parent(root, 0, "/", &name), -EINVAL, "no name");
    is_int(st_resolve_parent(root, 0, "a/..", &name), -EINVAL, "no name either");
    is_int(st_resolve_parent(root, 0, "a/.", &name), -EINVAL, "nor this");
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    is_int(st_walk(root, too_long, ST_R_DIR, NULL, NULL), -ENAMETOOLONG, "a path longer than any path");
    too_long[300] = '\0';
    is_int(st_walk(root, too_long, ST_R_DIR, NULL, NULL), -ENAMETOOLONG, "a name longer than any name");
    close(root);
}

static void remove_tree(void)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", top);
    if (system(cmd) != 0)
        diag("%s is left over", top);
}

/* -- messages ------------------------------------------------------------------------------------------------- */

static void test_messages(void)
{
    static struct stage s;
    struct vl_msg msg = {0};
    int sv[2], fds[VL_MSG_FDS];
    unsigned n = 0;

    if (socketpair(1, 5, 0, sv) < 0) /* AF_UNIX, SOCK_SEQPACKET */
        return;
    s.chan = sv[0];
    is_int(st_send(&s, VL_MSG_READY, 7, 8, -1), 0, "a message is sent");
    is_int(st_recv(sv[1], &msg, fds, &n), 0, "and received");
    ok(msg.type == VL_MSG_READY && msg.a == 7 && msg.b == 8 && msg.op == VL_NOREF && n == 0, "as it was");
    is_int(st_send(&s, VL_MSG_CONSOLE, 1, 0, sv[0]), 0, "with a descriptor");
    ok(st_recv(sv[1], &msg, fds, &n) == 0 && n == 1 && sys_fcntl(fds[0], F_GETFD, 0) == FD_CLOEXEC, "which arrives close-on-exec");
    close(fds[0]);
    (void)sys_send(sv[0], &msg, sizeof(msg) - 1);
    is_int(st_recv(sv[1], &msg, fds, &n), -EPROTO, "a short message is refused");
    char big[100] = {0};
    (void)sys_send(sv[0], big, sizeof(big));
    is_int(st_recv(sv[1], &msg, fds, &n), -EPROTO, "a long one too");
    struct vl_msg other = {.type = VL_MSG_GO, .version = 9};
    (void)sys_send(sv[0], &other, sizeof(other));
    is_int(st_recv(sv[1], &msg, fds, &n), -EPROTO, "and one of another version");
    s.chan = sv[1];
    other.version = VL_MSG_VERSION;
    (void)sys_send(sv[0], &other, sizeof(other));
    is_int(st_expect(&s, VL_MSG_PROCEED), -EPROTO, "another type than expected");
    is_int(s.detail, VL_D_PROTOCOL, "is a matter of protocol");
    close(sv[0]);
    is_int(st_recv(sv[1], &msg, fds, &n), -EPIPE, "end of file");
    close(sv[1]);
}

static void test_steps(void)
{
    bool agree = true;
    for (unsigned code = 0; code < VL_OP_CODE_MAX; code++) {
        const struct vl_op_shape *shape = vl_op_shape(code);
        bool staged = shape && shape->phases != 1u << VL_PHASE_HOST;
        if (staged != (st_steps[code] != NULL)) {
            diag("operation %u", code);
            agree = false;
        }
    }
    ok(agree, "what the check lets through has a step, and nothing else");
    is_int(st_ms_flags(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME), MS_RDONLY | MS_NOSUID | MS_NOATIME,
           "attributes as mount(2) flags");
    is_int(st_ms_flags(MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME),
           MS_NODEV | MS_NOEXEC | MS_STRICTATIME | MS_NODIRATIME, "more of them");
    is_int(st_ms_flags(MOUNT_ATTR_NOSYMFOLLOW), MS_NOSYMFOLLOW | MS_RELATIME, "and the default access time");
}

/* -- ids by name ---------------------------------------------------------------------------------------------- */

/* Fed whole and one character at a time: the same. */
static bool lookup(struct st_userdb *db, enum st_db kind, const char *name, const char *text, uint32_t *groups)
{
    struct st_userdb once, whole;
    uint32_t others[4];
    st_userdb_init(&whole, kind, name, groups, 4);
    st_userdb_feed(&whole, text, strlen(text));
    st_userdb_end(&whole);
    st_userdb_init(&once, kind, name, others, 4);
    for (const char *p = text; *p != '\0'; p++)
        st_userdb_feed(&once, p, 1);
    st_userdb_end(&once);
    *db = whole;
    return whole.found == once.found && whole.id == once.id && whole.gid == once.gid && whole.n_groups == once.n_groups;
}

static void test_userdb(void)
{
    static const struct {
        const char *name, *text;
        int found;
        uint32_t uid, gid;
    } users[] = {
        {"bob", "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n", 1, 1000, 1001},
        {"bob", "bob:x:5:6", 1, 5, 6},
        {"bob", "bob:x:5:6\nbob:x:7:8\n", 1, 5, 6},
        {"bob", "bobby:x:1:1\nbo:x:2:2\nxbob:x:3:3\n:x:4:4\n", 0, 0, 0},
        {"bob", "bob\nbob:\nbob:x\nbob:x:1\nbob:x:1:\nbob:x::1\n", 0, 0, 0},
        {"bob", "bob:x:-1:0\nbob:x:0x0:0\nbob:x: 1:1\nbob:x:1:1a\n", 0, 0, 0},
        {"bob", "bob:x:4294967295:0\nbob:x:0:4294967295\nbob:x:99999999999:0\n", 0, 0, 0},
        {"bob", "bob:x:4294967294:4294967294", 1, 4294967294u, 4294967294u},
        {"bob", "\n\n:::::\nbob:x:3:4:::\n", 1, 3, 4},
        {"", ":x:0:0\n", 0, 0, 0},
        {"bob", "", 0, 0, 0},
    };
    struct st_userdb db;
    uint32_t groups[4];
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        bool same = lookup(&db, ST_DB_PASSWD, users[i].name, users[i].text, groups);
        ok(same && db.found == users[i].found && (!db.found || (db.id == users[i].uid && db.gid == users[i].gid)),
           "user %zu", i);
    }
    static const char file[] = "root:x:0:\nwheel:x:10:root,bob\nbob:x:1001:\nstaff:x:50:alice,bob,carl\nx:x:51:bobby\n"
                               "bad:x:5z:bob\nmore:x:50:bob\ny:x:52:,bob\nz:x:53:bo,b\nlast:x:54:a,bob";
    ok(lookup(&db, ST_DB_GROUP, "staff", file, groups) && db.found && db.id == 50, "a group by name");
    ok(lookup(&db, ST_DB_GROUP, "last", file, groups) && db.found && db.id == 54, "without a newline");
    ok(lookup(&db, ST_DB_GROUP, "staf", file, groups) && !db.found, "no such group");
    ok(lookup(&db, ST_DB_MEMBERS, "bob", file, groups) && db.n_groups == 4 && groups[0] == 10 && groups[1] == 50 &&
           groups[2] == 52 && groups[3] == 54,
       "groups that list a user, each once");
    ok(lookup(&db, ST_DB_MEMBERS, "nobody", file, groups) && db.n_groups == 0, "groups of nobody");
    st_userdb_init(&db, ST_DB_MEMBERS, "bob", groups, 2);
    st_userdb_feed(&db, file, strlen(file));
    ok(db.n_groups == 2 && st_userdb_done(&db), "no more than there is room for");
    static char line[100000];
    memset(line, 'a', sizeof(line) - 1);
    st_userdb_init(&db, ST_DB_PASSWD, "bob", NULL, 0);
    st_userdb_feed(&db, line, strlen(line));
    st_userdb_feed(&db, ":x:0:0\nbob:x:1:2\n", 17);
    ok(db.found && db.id == 1 && db.gid == 2, "behind a line of 100,000 characters");
    st_userdb_init(&db, ST_DB_PASSWD, "bob", NULL, 0);
    st_userdb_feed(&db, "bob\0:x:0:0\nbob:x\0:7:7\n", 22);
    ok(db.found && db.id == 7, "NUL bytes are no end and no part of a name");
}

int main(void)
{
    test_sha256();
    test_userdb();
    test_strings();
    test_passwd();
    make_tree();
    if (openat2_feature())
        test_resolve(VL_FEAT_OPENAT2);
    else
        skip("openat2 is missing here");
    test_parent();
    remove_tree();
    make_tree();
    test_resolve(0);
    remove_tree();
    test_messages();
    test_steps();
    return done_testing();
}
