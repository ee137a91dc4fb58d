/* SPDX-License-Identifier: Apache-2.0 */
/* Directory, lock, journal, record, gate and status of containers. Works in a directory of its own,
 * needs no privilege. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "state/dir.h"
#include "state/gate.h"
#include "state/journal.h"
#include "state/query.h"
#include "state/record.h"
#include "sys/proc.h"
#include "sys/scm.h"
#include "sys/sockets.h"

static char top[] = "/tmp/vl-state-XXXXXX";
static char *root;

static bool says(struct vl_error **e, enum vl_error_kind kind, const char *words)
{
    if (*e == NULL)
        return false;
    cleanup_free char *text = vl_error_text(*e);
    bool same = (*e)->kind == kind && strstr(text, words) != NULL;
    if (!same)
        diag("kind %d: %s", (int)(*e)->kind, text);
    vl_error_free(*e);
    *e = NULL;
    return same;
}

static void ids(void)
{
    static const char *const good[] = {"a", "A.b-c_d+9", "...", ".a", "-x"};
    static const char *const bad[] = {"", ".", "..", "a/b", "a b", "ä", "a\n", "a:b", "@x", "../x"};
    struct vl_error *e = NULL;
    for (size_t i = 0; i < VL_ARRAY_LEN(good); i++)
        ok(vl_id_check(good[i], &e) == 0 && e == NULL, "id `%s`", good[i]);
    for (size_t i = 0; i < VL_ARRAY_LEN(bad); i++)
        ok(vl_id_check(bad[i], &e) < 0 && says(&e, VL_ERR_USAGE, "invalid container ID format"),
           "no id: %zu", i);
    char lengthy[VL_ID_MAX + 2];
    memset(lengthy, 'a', sizeof(lengthy));
    lengthy[VL_ID_MAX + 1] = '\0';
    ok(vl_id_check(lengthy, &e) < 0 && says(&e, VL_ERR_USAGE, "longer"), "too long");
    lengthy[VL_ID_MAX] = '\0';
    ok(vl_id_check(lengthy, &e) == 0, "just not too long");
    struct vl_ctr *c = NULL;
    ok(vl_ctr_open(root, lengthy, VL_CTR_READ, &c, &e) < 0 && vl_ctr_is_missing(e) &&
           says(&e, VL_ERR_STATE, "container does not exist"),
       "an id too long for a file name is nobody's");
}

static void roots(void)
{
    struct vl_error *e = NULL;
    char *path = NULL;
    ok(vl_root_path("/a//b/../c/", &path, &e) == 0, "a named root");
    is_str(path, "/a/c", "is cleaned");
    vl_cleanup_free(&path);
    ok(vl_root_path("", &path, &e) < 0 && says(&e, VL_ERR_USAGE, "empty"), "an empty name is none");
    ok(vl_root_path("x", &path, &e) == 0 && path[0] == '/' &&
           strcmp(path + strlen(path) - 2, "/x") == 0,
       "a relative one becomes absolute");
    vl_cleanup_free(&path);
    if (geteuid() == 0) {
        (void)setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
        pid_t pid = fork();
        if (pid == 0) {
            if (setresuid(7, 7, 7) < 0)
                _exit(9);
            _exit(vl_root_path(NULL, &path, &e) == 0 && strcmp(path, "/run/user/7/veloci") == 0
                      ? 0
                      : 1);
        }
        int st = -1;
        (void)waitpid(pid, &st, 0);
        is_int(st, 0, "whoever is not root has $XDG_RUNTIME_DIR/veloci");
        return;
    }
    (void)setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    ok(vl_root_path(NULL, &path, &e) == 0, "default root");
    is_str(path, "/run/user/7/veloci", "of a user");
    vl_cleanup_free(&path);
    (void)setenv("XDG_RUNTIME_DIR", "", 1);
    ok(vl_root_path(NULL, &path, &e) < 0 && says(&e, VL_ERR_REFUSED, "XDG_RUNTIME_DIR is not set"),
       "empty is unset");
    (void)setenv("XDG_RUNTIME_DIR", "a/b", 1);
    ok(vl_root_path(NULL, &path, &e) < 0 && says(&e, VL_ERR_REFUSED, "absolute"),
       "a relative one is refused");
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static void claims(void)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c = NULL, *d = NULL;
    struct vl_strv names = {NULL, 0};
    char *path = NULL;
    int fd;
    ok(vl_root_list(root, &names, &fd, &path, &e) < 0 &&
           says(&e, VL_ERR_SYSTEM, "list the state root"),
       "a named root that is not there is an error");
    ok(vl_ctr_open(root, "x", VL_CTR_READ, &c, &e) < 0 &&
           says(&e, VL_ERR_STATE, "container does not exist: x"),
       "nothing in it exists");
    ok(access(root, F_OK) < 0, "and it is not made by asking");
    ok(vl_ctr_claim(root, "b", &c, &e) == 0 && c->locked, "an id is claimed");
    is_int(mode_of(root) & 0777, 0700, "the root is private");
    is_int(mode_of(c->path), 0700, "and so is the directory");
    ok(vl_ctr_claim(root, "b", &d, &e) < 0 &&
           says(&e, VL_ERR_STATE, "container with given ID already exists: b"),
       "it cannot be claimed again");
    ok(vl_ctr_claim(root, "a", &d, &e) == 0, "another one can");
    (void)mkdirat(c->root_fd, "@empty", 0700);
    (void)close(openat(c->root_fd, "file", O_WRONLY | O_CREAT, 0600));
    ok(vl_root_list(root, &names, &fd, &path, &e) == 0 && names.n == 2,
       "both are listed, and nothing else");
    is_str(names.v[0], "a", "in order");
    is_str(names.v[1], "b", "in order");
    vl_strv_reset(&names);
    vl_cleanup_free(&path);
    vl_close(fd);
    ok(vl_ctr_remove(d, &e) == 0 && access(d->path, F_OK) < 0, "an empty one is removed");
    ok(vl_ctr_remove(d, &e) == 0, "again is no error");
    vl_ctr_free(d);
    (void)mkdirat(c->dir_fd, "n", 0700);
    (void)close(openat(c->dir_fd, "n/f", O_WRONLY | O_CREAT, 0600));
    (void)!symlinkat("/", c->dir_fd, "link");
    (void)!symlinkat("/", c->dir_fd, "n/link");
    (void)close(openat(c->dir_fd, VL_CTR_RECORD, O_WRONLY | O_CREAT, 0600));
    ok(vl_ctr_remove(c, &e) == 0 && access(c->path, F_OK) < 0,
       "one with directories and links in it is removed");
    vl_ctr_free(c);
    ok(vl_ctr_claim(root, "deep", &c, &e) == 0, "a deep one");
    (void)mkdirat(c->dir_fd, "1", 0700);
    (void)mkdirat(c->dir_fd, "1/2", 0700);
    (void)mkdirat(c->dir_fd, "1/2/3", 0700);
    (void)mkdirat(c->dir_fd, "1/2/3/4", 0700);
    (void)mkdirat(c->dir_fd, "1/2/3/4/5", 0700);
    ok(vl_ctr_remove(c, &e) < 0 && says(&e, VL_ERR_SYSTEM, "remove the container's directory"),
       "is not ours: bounded");
    (void)unlinkat(c->dir_fd, "1/2/3/4/5", AT_REMOVEDIR);
    ok(vl_ctr_remove(c, &e) == 0, "until it is shallow enough");
    vl_ctr_free(c);
}

/* A child that does something under the lock and tells when it has it. */
static pid_t hold(const char *id, bool remove_it, int release)
{
    int told[2];
    char byte;
    (void)!pipe2(told, O_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        struct vl_ctr *c;
        struct vl_error *e = NULL;
        if (vl_ctr_open(root, id, VL_CTR_LOCK, &c, &e) < 0)
            _exit(1);
        (void)!write(told[1], "x", 1);
        (void)!read(release, &byte, 1);
        _exit(remove_it && vl_ctr_remove(c, &e) < 0);
    }
    (void)!read(told[0], &byte, 1);
    (void)close(told[0]);
    (void)close(told[1]);
    return pid;
}

static int end(pid_t pid)
{
    int st = -1;
    (void)waitpid(pid, &st, 0);
    return st;
}

static void locks(void)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c = NULL, *d = NULL;
    int release[2];
    (void)!pipe2(release, O_CLOEXEC);
    ok(vl_ctr_claim(root, "l", &c, &e) == 0, "claimed");
    vl_ctr_free(c);
    pid_t pid = hold("l", false, release[0]);
    ok(vl_ctr_open(root, "l", VL_CTR_READ, &c, &e) == 0 && vl_ctr_is_busy(c),
       "somebody is seen at work");
    (void)!write(release[1], "x", 1);
    is_int(end(pid), 0, "and ends");
    ok(!vl_ctr_is_busy(c), "the lock ended with the process");
    vl_ctr_free(c);

    pid = hold("l", true, release[0]);
    pid_t waiter = fork();
    if (waiter == 0) {
        bool missing = vl_ctr_open(root, "l", VL_CTR_LOCK, &d, &e) < 0 && vl_ctr_is_missing(e);
        _exit(missing ? 0 : 1);
    }
    (void)usleep(20000); /* lets the waiter block; without it the test is weaker, not wrong */
    (void)!write(release[1], "x", 1);
    is_int(end(pid), 0, "the holder removed it");
    is_int(end(waiter), 0, "who waited for the lock sees that it is gone");

    ok(vl_ctr_claim(root, "r", &c, &e) == 0, "claimed");
    vl_ctr_unlock(c);
    ok(!vl_ctr_is_busy(c), "unlocked");
    ok(vl_ctr_relock(c, &e) == 0 && c->locked, "locked again");
    vl_ctr_unlock(c);
    ok(vl_ctr_open(root, "r", VL_CTR_LOCK, &d, &e) == 0 && vl_ctr_remove(d, &e) == 0,
       "removed by another");
    vl_ctr_free(d);
    ok(vl_ctr_relock(c, &e) < 0 && says(&e, VL_ERR_STATE, "does not exist"),
       "which is seen on locking again");
    vl_ctr_free(c);
    (void)close(release[0]);
    (void)close(release[1]);
}

static size_t journal_size(const struct vl_ctr *c)
{
    struct vl_error *e = NULL;
    cleanup(journal) struct vl_journal *j = NULL;
    return vl_journal_read(c, &j, &e) == 0 ? j->n : 999;
}

static void journals(void)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c;
    cleanup(journal) struct vl_journal *j = NULL;
    ok(vl_ctr_claim(root, "j", &c, &e) == 0, "claimed");
    is_int(journal_size(c), 0, "no journal is an empty one");
    ok(vl_journal_add(c, VL_JOURNAL_CGROUP, "/a b\n/c", &e) == 0 &&
           vl_journal_add(c, VL_JOURNAL_CGROUP, "/d", &e) == 0 &&
           vl_journal_add(c, VL_JOURNAL_CGROUP, "/d", &e) == 0,
       "records are added");
    ok(vl_journal_read(c, &j, &e) == 0 && j->n == 2, "and read, once each");
    is_str(j->entry[0].text, "/a b\n/c", "whatever they contain");
    ok(vl_journal_undo(c, VL_JOURNAL_CGROUP, "/a b\n/c", &e) == 0, "one is taken back");
    is_int(journal_size(c), 1, "and gone");
    ok(vl_journal_undo(c, VL_JOURNAL_CGROUP, "/never", &e) == 0 && journal_size(c) == 1,
       "one that never was is nothing");
    ok(vl_journal_add(c, VL_JOURNAL_CGROUP, "", &e) < 0 && says(&e, VL_ERR_BUG, ""),
       "an empty one is a mistake");
    cleanup_fd int fd = openat(c->dir_fd, VL_CTR_JOURNAL, O_WRONLY | O_APPEND);
    (void)!write(fd, "c /tor", 6);
    is_int(journal_size(c), 1, "a torn one does not count");
    (void)!write(fd, "n\0", 2);
    is_int(journal_size(c), 2, "a whole one does");
    (void)!write(fd, "\0\0-\0?\0z /x\0c\0c \0cx\0\xff \0", 22);
    is_int(journal_size(c), 2, "nonsense does not");
    ok(vl_ctr_remove(c, &e) == 0, "removed");
    vl_ctr_free(c);
}

static struct vl_record *sample(const char *id)
{
    struct vl_record *r = vl_record_new();
    r->id = vl_strdup(id);
    r->oci_version = vl_strdup("1.0.2");
    r->bundle = vl_strdup("/b \"quoted\"\\\n");
    r->rootfs = vl_strdup("/b/r\xc3\xb6ot");
    r->created = vl_record_now();
    r->pid = 4242;
    r->start_time = UINT64_MAX;
    r->pid_inode = 77;
    r->owner = 4294967294u;
    r->own_pidns = r->terminal = true;
    r->hook_stdout = vl_strdup("/o");
    r->plan_digest = vl_strdup("sha256:00");
    vl_strv_add(&r->cgroup, "cgroupfs");
    vl_strv_add(&r->cgroup, "unified:/sys/fs/cgroup/x");
    struct vl_kv *kv = VL_APPEND(r->annotation, r->n_annotation);
    kv->key = vl_strdup("org.example.[].x");
    kv->value = vl_strdup("");
    kv = VL_APPEND(r->annotation, r->n_annotation);
    kv->key = vl_strdup("pid");
    kv->value = vl_strdup("not a number");
    for (int i = 0; i < 3; i++) {
        struct vl_record_hook *h = i == 0 ? VL_APPEND(r->poststart, r->n_poststart)
                                          : VL_APPEND(r->poststop, r->n_poststop);
        h->path = vl_asprintf("/hook%d", i);
        vl_strv_add(&h->args, "hook");
        vl_strv_addf(&h->args, "%d", i);
        if (i == 2)
            vl_strv_add(&h->env, "A=b");
        h->has_env = i > 0;
        h->timeout_ms = (uint32_t)i * 1000;
    }
    return r;
}

static void records(void)
{
    struct vl_error *e = NULL;
    cleanup(record) struct vl_record *r = sample("x");
    cleanup(record) struct vl_record *back = NULL;
    size_t len, len2;
    cleanup_free char *text = vl_record_text(r, &len);
    ok(vl_record_parse(text, len, &back, &e) == 0, "a record is read back");
    if (back == NULL)
        return;
    cleanup_free char *text2 = vl_record_text(back, &len2);
    is_str(text2, text, "and says the same");
    is_str(back->bundle, "/b \"quoted\"\\\n", "odd characters");
    ok(back->start_time == UINT64_MAX && back->owner == 4294967294u && back->pid == 4242,
       "numbers");
    ok(back->own_pidns && back->terminal && !back->own_userns && !back->creating, "flags");
    is_int(back->n_annotation, 2, "annotations");
    is_str(back->annotation[1].value, "not a number", "are not taken for members");
    ok(back->n_poststart == 1 && back->n_poststop == 2, "hooks");
    is_str(back->poststop[1].env.v[0], "A=b", "with environment");
    ok(back->poststop[0].has_env && back->poststop[0].env.n == 0 && !back->poststart[0].has_env,
       "an empty one is not none");
    is_int(back->poststop[1].timeout_ms, 2000, "and timeout");
    is_str(back->poststop[0].args.v[1], "1", "and arguments");
    size_t refused = 0;
    for (size_t n = 0; n < len; n++) {
        struct vl_record *cut = NULL;
        refused += vl_record_parse(text, n, &cut, &e) < 0;
        vl_record_free(cut);
        vl_error_free(e);
        e = NULL;
    }
    is_int(refused, len, "each beginning of it alone is refused");
    srand(1);
    for (int i = 0; i < 20000; i++) {
        cleanup_free char *bent = vl_memdup(text, len);
        struct vl_record *got = NULL;
        for (int k = rand() % 4; k >= 0; k--)
            bent[(size_t)rand() % len] = (char)rand();
        if ((vl_record_parse(bent, len, &got, &e) < 0) != (e != NULL)) {
            ok(false, "a bent record gives neither record nor error");
            break;
        }
        vl_record_free(got);
        vl_error_free(e);
        e = NULL;
    }
    ok(true, "bent ones give a record or an error");
}

#define RECORD(more)                                                                               \
    "{\"version\":1,\"id\":\"x\",\"ociVersion\":\"1\",\"bundle\":\"/\",\"rootfs\":\"/"             \
    "\",\"created\":\"c\"" more "}"

static void bad_records(void)
{
    static const struct {
        const char *text;
        bool good;
    } t[] = {
        {RECORD(""), true},
        {RECORD(",\"unknown\":{\"a\":[1,{\"pid\":\"x\"}]},\"n\":null"), true},
        {RECORD(",\"pid\":2147483647"), true},
        {RECORD(",\"pid\":2147483648"), false},
        {RECORD(",\"pid\":-1"), false},
        {RECORD(",\"pid\":1.5"), false},
        {RECORD(",\"pid\":\"1\""), false},
        {RECORD(",\"pid\":true"), false},
        {RECORD(",\"pid\":null"), false},
        {RECORD(",\"startTime\":18446744073709551616"), false},
        {RECORD(",\"owner\":4294967296"), false},
        {RECORD(",\"id\":7"), false},
        {RECORD(",\"bundle\":\"a\\u0000b\""), false},
        {RECORD(",\"annotations\":{\"a\":1}"), false},
        {RECORD(",\"annotations\":{\"a\":\"1\"}"), true},
        {RECORD(",\"annotations\":[\"a\"]"), true},
        {RECORD(",\"poststop\":[{}]"), false},
        {RECORD(",\"poststop\":[{\"path\":\"/x\"}]"), true},
        {RECORD(",\"poststop\":[[{\"path\":\"/x\"}]]"), true},
        {RECORD(",\"poststop\":[{\"path\":\"/x\",\"args\":[1]}]"), false},
        {RECORD(",\"cgroup\":[\"a\",1]"), false},
        {RECORD(",\"x\":[[[[[[[[1]]]]]]]]"), false},
        {RECORD("") RECORD(""), false},
        {"{\"version\":2,\"id\":\"x\",\"ociVersion\":\"1\",\"bundle\":\"/\",\"rootfs\":\"/"
         "\",\"created\":\"c\"}",
         false},
        {"{\"version\":1}", false},
        {"{}", false},
        {"[]", false},
        {"1", false},
        {"\"x\"", false},
        {"true", false},
        {"null", false},
        {"", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(t); i++) {
        struct vl_error *e = NULL;
        struct vl_record *r = NULL;
        int got = vl_record_parse(t[i].text, strlen(t[i].text), &r, &e);
        ok(t[i].good ? got == 0 : got < 0 && says(&e, VL_ERR_CONFIG, ""), "%s: %.100s",
           t[i].good ? "taken" : "refused", t[i].text);
        vl_record_free(r);
    }
}

static enum vl_ctr_status status_of(const char *id)
{
    struct vl_error *e = NULL;
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    if (vl_ctr_open(root, id, VL_CTR_READ, &c, &e) < 0 || vl_status_get(c, &s, &e) < 0) {
        (void)says(&e, 0, "");
        return (enum vl_ctr_status)99;
    }
    return s->status;
}

static void statuses(void)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c;
    cleanup(record) struct vl_record *r = sample("q");
    ok(vl_ctr_claim(root, "q", &c, &e) == 0, "claimed");
    is_int(status_of("q"), VL_CREATING, "nothing but a lock: being created");
    vl_ctr_unlock(c);
    is_int(status_of("q"), VL_STOPPED, "nothing at all: what a died create left");
    (void)vl_replace_file_at(c->dir_fd, VL_CTR_RECORD, "{\"version\"", 10, 0600);
    is_int(status_of("q"), VL_STOPPED, "a damaged record is no error");

    int told[2];
    char byte;
    (void)!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, told);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(told[0]);
        told[0] = told[1];
        (void)prctl(PR_SET_NAME, VL_NONCE_PREFIX "12345678");
        (void)!write(told[1], "x", 1);
        (void)!read(told[0], &byte, 1); /* the parent takes ours */
        (void)prctl(PR_SET_NAME, "workload");
        (void)!write(told[1], "x", 1);
        (void)pause();
        _exit(0);
    }
    (void)!read(told[0], &byte, 1);
    struct vl_proc p = VL_PROC_INIT;
    is_int(vl_proc_open(pid, &p), 0, "a process");
    r->pid = pid;
    r->start_time = p.start_time;
    r->pid_inode = p.inode;
    ok(vl_record_write(c, r, &e) == 0, "its record");
    is_int(status_of("q"), VL_RUNNING, "running");
    int gate = vl_gate_listen(c, &e);
    ok(gate >= 0 && vl_gate_exists(c), "a gate");
    is_int(status_of("q"), VL_CREATED, "makes it created");
    (void)!write(told[0], "x", 1);
    (void)!read(told[0], &byte, 1);
    is_int(status_of("q"), VL_RUNNING, "a process that is past the gate that was left is running");
    r->creating = true;
    ok(vl_record_write(c, r, &e) == 0, "not complete yet");
    is_int(status_of("q"), VL_STOPPED, "and nobody at work: what a died create left");
    ok(vl_ctr_relock(c, &e) == 0 && status_of("q") == VL_CREATING,
       "somebody at work: being created");
    r->creating = false;
    r->start_time++;
    (void)vl_record_write(c, r, &e);
    is_int(status_of("q"), VL_STOPPED, "another process with the same number");
    r->start_time--;
    (void)vl_record_write(c, r, &e);
    (void)kill(pid, SIGKILL);
    siginfo_t info;
    (void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    is_int(status_of("q"), VL_STOPPED, "a zombie");
    (void)waitpid(pid, NULL, 0);
    is_int(status_of("q"), VL_STOPPED, "gone");
    vl_proc_close(&p);
    (void)close(told[0]);
    (void)close(told[1]);
    cleanup(record) struct vl_record *other = sample("other");
    (void)vl_record_write(c, other, &e);
    struct vl_record *got = NULL;
    ok(vl_record_read(c, &got, &e) < 0 && says(&e, VL_ERR_CONFIG, "another container"),
       "a record of somebody else");
    vl_close(gate);
    ok(vl_ctr_remove(c, &e) == 0, "removed with its gate");
    vl_ctr_free(c);
}

static void gates(void)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c;
    ok(vl_ctr_claim(root, "g", &c, &e) == 0, "claimed");
    ok(vl_gate_connect(c, &e) < 0 && says(&e, VL_ERR_STATE, "not waiting"),
       "no gate to connect to");
    int listener = vl_gate_listen(c, &e);
    ok(listener >= 0, "a gate");
    struct stat st;
    ok(fstatat(c->dir_fd, VL_CTR_GATE, &st, 0) == 0 && (st.st_mode & 0777) == 0600, "is private");
    int sock = vl_gate_connect(c, &e);
    ok(sock >= 0 && vl_gate_send(sock, VL_MSG_GO, &e) == 0, "GO is sent");
    int peer = vl_unix_accept(listener);
    struct vl_msg m;
    struct vl_scm_msg info;
    ok(vl_scm_recv(peer, &m, sizeof(m), 0, &info) == 0 && info.len == sizeof(m) &&
           m.type == VL_MSG_GO && m.version == VL_MSG_VERSION && m.op == VL_NOREF,
       "and received");
    vl_close(peer);
    vl_close(sock);
    vl_close(listener);
    ok(vl_gate_connect(c, &e) < 0 && says(&e, VL_ERR_STATE, "not waiting"),
       "nobody listens any more");
    ok(vl_gate_remove(c, &e) == 0 && !vl_gate_exists(c) && vl_gate_remove(c, &e) == 0,
       "removed, twice is no error");
    ok(vl_ctr_remove(c, &e) == 0, "removed");
    vl_ctr_free(c);
}

int main(void)
{
    if (mkdtemp(top) == NULL)
        skip_all("no temporary directory");
    /* longer than a socket's address may be, and with parents to be made */
    root = vl_asprintf("%s/%0100d/%0100d", top, 1, 2);
    ids();
    roots();
    claims();
    locks();
    journals();
    records();
    bad_records();
    statuses();
    gates();
    cleanup_free char *clean = vl_asprintf("rm -rf '%s'", top);
    (void)!system(clean);
    free(root);
    return done_testing();
}
