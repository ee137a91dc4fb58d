/* SPDX-License-Identifier: Apache-2.0 */
/* See stage-driver.h. */
#include "stage-driver.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sys/compat.h"

#define FIRST_FD 40 /* numbers in the stage: plan, channel, descriptors from here on */

/* -- files ------------------------------------------------------------------------------------------ */

const char *sd_stage_path(void)
{
    const char *p = getenv("VELOCI_STAGE");
    if (!p)
        p = "src/stage/veloci-stage";
    return access(p, X_OK) == 0 ? p : NULL;
}

static char bundle[64];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void remove_bundle(void)
{
    if (bundle[0])
        (void)nftw(bundle, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
    static char buf[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    ssize_t n;
    while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
        if (write(out, buf, (size_t)n) != n)
            break;
    close(in);
    close(out);
    (void)chmod(to, mode);
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fprintf(stderr, "# cannot write %s: %s\n", path, strerror(errno));
    close(fd);
}

void sd_link(const char *text, const char *path)
{
    if (symlink(text, path) < 0 && errno != EEXIST)
        fprintf(stderr, "# link %s: %s\n", path, strerror(errno));
}

void sd_owner(const char *path, uid_t uid, gid_t gid)
{
    if (chown(path, uid, gid) < 0)
        fprintf(stderr, "# chown %s: %s\n", path, strerror(errno));
}

const char *sd_bundle_root(void)
{
    static const char *const dirs[] = {"bin", "etc", "proc", "dev", "sys", "tmp", "data", "home", "var"};
    static const char *const applets[] = {"sh", "cat", "ls", "id", "stat", "grep", "readlink", "echo", "sleep", "true",
                                          "mount", "hostname", "uname", "touch", "umask", "ulimit", "tty", "kill", "tail", "wc"};
    char path[256];

    if (bundle[0])
        return bundle;
    strcpy(bundle, "/tmp/veloci-stage-XXXXXX");
    if (!mkdtemp(bundle))
        return NULL;
    atexit(remove_bundle);
    (void)chmod(bundle, 0755);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", bundle, dirs[i]);
        (void)mkdir(path, 0755);
    }
    snprintf(path, sizeof(path), "%s/bin/busybox", bundle);
    copy_file("/bin/busybox", path, 0755);
    for (size_t i = 0; i < sizeof(applets) / sizeof(applets[0]); i++) {
        snprintf(path, sizeof(path), "%s/bin/%s", bundle, applets[i]);
        sd_link("busybox", path);
    }
    snprintf(path, sizeof(path), "%s/etc/passwd", bundle);
    write_text(path, "root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000::/home/worker:/bin/sh\n");
    return bundle;
}

/* -- the plan ---------------------------------------------------------------------------------------- */

void sd_new(struct sd *d)
{
    memset(d, 0, sizeof(*d));
    d->plan = calloc(1, sizeof(*d->plan));
    d->plan->features = SD_FEATURES;
    d->clone_flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    d->stdin_fd = d->console = d->chan = d->out_fd = -1;
    for (int i = 0; i < SD_FDS; i++) {
        d->desc_fd[i] = -1;
        d->ident[i].fd = -1;
    }
}

void sd_free(struct sd *d)
{
    for (int i = 0; i < SD_FDS; i++)
        if (d->desc_fd[i] >= 0)
            close(d->desc_fd[i]);
    if (d->console >= 0)
        close(d->console);
    if (d->chan >= 0)
        close(d->chan);
    vl_plan_free(d->plan);
}

int sd_desc(struct sd *d, enum vl_role role, enum vl_acquire acquire, int fd)
{
    struct stat st;
    bool late = acquire == VL_ACQ_IN_NS || acquire == VL_ACQ_LATE_TREE;
    int i = vl_plan_desc(d->plan, role, VL_KIND_ANY, acquire, 0, role == VL_ROLE_ROOT ? sd_bundle_root() : NULL, NULL);
    d->desc_fd[i] = fd;
    if (fd < 0 || fstat(fd, &st) < 0)
        return i;
    d->ident[i] = (struct vl_ident){late ? -1 : FIRST_FD + 2 + i, st.st_dev, st.st_ino};
    return i;
}

int sd_tree(struct sd *d, enum vl_role role, const char *path, bool recursive)
{
    int fd = (int)syscall(__NR_open_tree, AT_FDCWD, path,
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));
    if (fd < 0)
        fprintf(stderr, "# open_tree %s: %s\n", path, strerror(errno));
    return sd_desc(d, role, VL_ACQ_TREE, fd);
}

struct vl_op *sd_op(struct sd *d, enum vl_op_code code)
{
    return vl_plan_op(d->plan, code, NULL);
}

void sd_identity(struct sd *d, bool userns)
{
    if (userns) {
        d->clone_flags |= CLONE_NEWUSER;
        size_t late = 0;
        for (size_t i = 0; i < d->plan->n_desc; i++)
            late += d->plan->desc[i].acquire == VL_ACQ_IN_NS || d->plan->desc[i].acquire == VL_ACQ_LATE_TREE;
        sd_op(d, VL_OP_AWAIT)->n[0] = (int64_t)late;
        sd_op(d, VL_OP_ASSUME)->n[2] = 1;
    }
    sd_op(d, VL_OP_GUARD);
}

void sd_root(struct sd *d)
{
    sd_op(d, VL_OP_PROPAGATE)->n[0] = MS_SLAVE | MS_REC;
    int root = -1;
    for (size_t i = 0; i < d->plan->n_desc; i++)
        if (d->plan->desc[i].role == VL_ROLE_ROOT)
            root = (int)i;
    if (root < 0)
        root = sd_tree(d, VL_ROLE_ROOT, sd_bundle_root(), true);
    struct vl_op *op = sd_op(d, VL_OP_ROOT);
    op->fd[0] = (int16_t)root;
    op->n[0] = d->plan->desc[root].acquire == VL_ACQ_IN_NS;
}

void sd_mount(struct sd *d, const char *type, const char *target, const char *options, uint64_t attrs, unsigned flags)
{
    struct vl_op *op = sd_op(d, VL_OP_MOUNT);
    char *copy = options ? strdup(options) : NULL, *v[16];
    size_t n = 0;

    op->n[0] = (int64_t)attrs;
    op->n[4] = flags;
    vl_op_str(op, 0, type);
    vl_op_str(op, 1, type);
    vl_op_str(op, 2, target);
    for (char *save = NULL, *p = copy ? strtok_r(copy, ",", &save) : NULL; p && n < 16; p = strtok_r(NULL, ",", &save))
        v[n++] = p;
    if (n > 0)
        vl_op_vec(op, 3, v, n);
    free(copy);
}

void sd_pivot(struct sd *d)
{
    sd_op(d, VL_OP_PIVOT);
}

void sd_creds(struct sd *d, uint32_t uid, uint32_t gid, uint64_t caps)
{
    struct vl_op *op = sd_op(d, VL_OP_CREDS);
    for (int i = 0; i < 3; i++)
        op->n[i] = (int64_t)caps;
    op->n[5] = uid;
    op->n[6] = gid;
}

void sd_ready(struct sd *d)
{
    sd_op(d, VL_OP_RESOLVE);
    sd_op(d, VL_OP_READY);
    sd_op(d, VL_OP_GATE);
}

static size_t count(const char *const *v)
{
    size_t n = 0;
    while (v && v[n])
        n++;
    return n;
}

void sd_exec(struct sd *d, const char *const *argv, const char *const *env)
{
    struct vl_op *op = sd_op(d, VL_OP_EXEC);
    op->n[1] = (int64_t)count(argv);
    op->n[2] = (int64_t)count(env);
    vl_op_vec(op, 0, (char *const *)(uintptr_t)argv, count(argv));
    vl_op_vec(op, 1, (char *const *)(uintptr_t)env, count(env));
}

void sd_shell(struct sd *d, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const env[] = {"PATH=/bin", "HOME=/", NULL};
    struct vl_op *cwd = sd_op(d, VL_OP_CWD);
    vl_op_str(cwd, 0, "/");
    sd_creds(d, 0, 0, 0);
    sd_ready(d);
    sd_exec(d, argv, env);
}

/* -- launch ---------------------------------------------------------------------------------------------- */

static int make_memfd(const char *name, const void *data, size_t len, unsigned seals, mode_t mode)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, mode) < 0 ||
        (seals && fcntl(fd, F_ADD_SEALS, seals) < 0))
        return -1;
    return fd;
}

static int stage_memfd(void)
{
    static char program[1 << 20];
    int in = open(sd_stage_path(), O_RDONLY | O_CLOEXEC);
    ssize_t n = in < 0 ? -1 : read(in, program, sizeof(program));
    close(in);
    return n <= 0 ? -1 : make_memfd("stage", program, (size_t)n, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, 0555);
}

static int plan_memfd(struct sd *d)
{
    size_t len = 0;
    cleanup_free void *bytes = vl_plan_encode(d->plan, true, d->ident, &len);
    return make_memfd("plan", bytes, len,
                      d->unsealed ? 0 : F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, 0444);
}

/* Capabilities must survive the exec into a user namespace that has no maps yet. */
static void raise_ambient(void)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct c[2];
    if (syscall(SYS_capget, &h, c) < 0)
        return;
    for (int i = 0; i < 2; i++)
        c[i].inheritable = c[i].permitted;
    (void)syscall(SYS_capset, &h, c);
    for (int cap = 0; cap < 64; cap++)
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

static void __attribute__((noreturn)) become_stage(struct sd *d, int stage, int plan, int chan, int out)
{
    char plan_no[16], chan_no[16];
    char *argv[] = {(char[]){"veloci-stage"}, plan_no, chan_no, NULL}, *env[] = {NULL};

    if (d->clone_flags & CLONE_NEWUSER)
        raise_ambient();
    int in = d->stdin_fd >= 0 ? d->stdin_fd : open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    dup3(plan, FIRST_FD, 0);
    dup3(chan, FIRST_FD + 1, 0);
    for (size_t i = 0; i < d->plan->n_desc; i++)
        if (d->ident[i].fd >= 0)
            dup3(d->desc_fd[i], d->ident[i].fd, 0);
    snprintf(plan_no, sizeof(plan_no), "%d", FIRST_FD);
    snprintf(chan_no, sizeof(chan_no), "%d", FIRST_FD + 1);
    (void)syscall(SYS_execveat, stage, "", argv, env, AT_EMPTY_PATH);
    _exit(124);
}

static int high(int fd)
{
    int up = fcntl(fd, F_DUPFD_CLOEXEC, 200);
    close(fd);
    return up;
}

int sd_launch(struct sd *d)
{
    int chan[2], out[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, chan) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return -1;
    for (size_t i = 0; i < d->plan->n_desc; i++)
        if (d->desc_fd[i] >= 0)
            d->desc_fd[i] = high(d->desc_fd[i]);
    int stage = high(stage_memfd()), plan = high(plan_memfd(d));
    chan[1] = high(chan[1]);
    out[1] = high(out[1]);
    int one = 1;
    (void)setsockopt(chan[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
    d->pid = (pid_t)syscall(SYS_clone, d->clone_flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (d->pid == 0)
        become_stage(d, stage, plan, chan[1], out[1]);
    close(stage);
    close(plan);
    close(chan[1]);
    close(out[1]);
    d->chan = chan[0];
    d->out_fd = out[0];
    return d->pid < 0 ? -1 : 0;
}

/* -- messages -------------------------------------------------------------------------------------------- */

int sd_kill(const struct sd *d, int sig)
{
    if (d->pid <= 0) {
        errno = ESRCH;
        return -1;
    }
    return kill(d->pid, sig);
}

static int send_fds(struct sd *d, const struct vl_msg *msg, const int *fds, size_t n)
{
    char control[CMSG_SPACE(sizeof(int) * SD_FDS)] = {0};
    struct iovec iov = {(void *)(uintptr_t)msg, sizeof(*msg)};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n > 0) {
        mh.msg_control = control;
        mh.msg_controllen = (__typeof__(mh.msg_controllen))CMSG_SPACE(sizeof(int) * n);
        struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = (__typeof__(c->cmsg_len))CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    }
    return sendmsg(d->chan, &mh, MSG_NOSIGNAL) == sizeof(*msg) ? 0 : -1;
}

int sd_send(struct sd *d, enum vl_msg_type type)
{
    struct vl_msg msg = {.type = (uint16_t)type, .version = VL_MSG_VERSION, .op = VL_NOREF};
    return send_fds(d, &msg, NULL, 0);
}

static void write_proc(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "# %s: %s\n", path, strerror(errno));
    close(fd);
}

/* A path opened in the stage's mount namespace with our own rights, as prep does it: by a child that enters it.
 * Without privilege its user namespace comes first. */
static int open_in_ns(pid_t pid, const char *path)
{
    char ns[64];
    snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", pid);
    int fd = open(ns, O_RDONLY | O_CLOEXEC), got = -1;
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        snprintf(ns, sizeof(ns), "/proc/%d/ns/user", pid);
        if (geteuid() != 0)
            (void)setns(open(ns, O_RDONLY | O_CLOEXEC), CLONE_NEWUSER);
        int r = setns(fd, CLONE_NEWNS) == 0 ? open(path, O_PATH | O_CLOEXEC) : -1;
        _exit(r < 0 ? 255 : r);
    }
    int status;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 255)
        got = WEXITSTATUS(status);
    close(fd);
    return got;
}

static void answer_await(struct sd *d)
{
    int fds[SD_FDS];
    size_t n = 0;

    if ((d->clone_flags & CLONE_NEWUSER) || d->maps_after_fork) {
        static const char many[] = "0 100000 65536";
        if (geteuid() != 0)
            write_proc(d->pid, "setgroups", "deny");
        write_proc(d->pid, "uid_map", d->uid_map ? d->uid_map : many);
        write_proc(d->pid, "gid_map", d->gid_map ? d->gid_map : many);
    }
    struct vl_msg msg = {.type = VL_MSG_PROCEED, .version = VL_MSG_VERSION, .op = VL_NOREF};
    for (size_t i = 0; i < d->plan->n_desc; i++) {
        enum vl_acquire a = d->plan->desc[i].acquire;
        if (a != VL_ACQ_IN_NS && a != VL_ACQ_LATE_TREE)
            continue;
        if (a == VL_ACQ_IN_NS && d->late_path[i])
            d->desc_fd[i] = open_in_ns(d->pid, d->late_path[i]);
        if (d->desc_fd[i] < 0) { /* left out: what follows goes by its index */
            msg.a = (int64_t)n;
            if (n > 0)
                (void)send_fds(d, &msg, fds, n);
            n = 0;
            msg.op = (uint32_t)i + 1;
            while (msg.op < d->plan->n_desc && d->plan->desc[msg.op].acquire != VL_ACQ_IN_NS &&
                   d->plan->desc[msg.op].acquire != VL_ACQ_LATE_TREE)
                msg.op++;
            continue;
        }
        fds[n++] = d->desc_fd[i];
    }
    msg.a = (int64_t)n;
    (void)send_fds(d, &msg, fds, n);
}

/* One message with its descriptor and the sender's pid; 0 at end of file. */
static int receive(struct sd *d, struct vl_msg *msg, int *fd, pid_t *sender)
{
    char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct iovec iov = {msg, sizeof(*msg)};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct pollfd p = {d->chan, POLLIN, 0};

    *fd = -1;
    if (poll(&p, 1, 20000) <= 0) {
        fprintf(stderr, "# no message for 20 s\n");
        (void)sd_kill(d, SIGKILL);
    }
    ssize_t n = recvmsg(d->chan, &mh, MSG_CMSG_CLOEXEC);
    if (n != (ssize_t)sizeof(*msg))
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c)) {
        if (c->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(c), sizeof(int));
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred cred;
            memcpy(&cred, CMSG_DATA(c), sizeof(cred));
            *sender = cred.pid;
        }
    }
    return 1;
}

/* 1: go on, 0: the caller asked to be left alone with a ready stage. */
static int answer(struct sd *d, const struct vl_msg *msg, int fd, pid_t sender)
{
    switch (msg->type) {
    case VL_MSG_FORKED: {
        int status;
        (void)waitpid(d->pid, &status, 0); /* the process on the host has done its part */
        d->pid = sender;
        d->forked = true;
        break;
    }
    case VL_MSG_AWAITING:
        answer_await(d);
        break;
    case VL_MSG_HOOKS_DUE:
        if (d->at_hooks)
            d->at_hooks(d);
        (void)sd_send(d, VL_MSG_PROCEED);
        break;
    case VL_MSG_CONSOLE:
        d->console = fd;
        return 1;
    case VL_MSG_LISTENER:
        if (d->on_listener)
            d->on_listener(d, (int)msg->a, fd);
        (void)sd_send(d, VL_MSG_PROCEED);
        break;
    case VL_MSG_READY:
        d->ready = true;
        d->filter_pending = msg->a == 1;
        if (d->at_ready)
            d->at_ready(d);
        if (d->stop_at_ready)
            return 0;
        (void)sd_send(d, VL_MSG_COMMIT);
        if (d->hold_at_ready)
            return 0;
        (void)sd_send(d, VL_MSG_GO);
        break;
    case VL_MSG_EXECING:
        d->execing = true;
        memcpy(d->nonce, &msg->a, VL_NONCE_LEN);
        break;
    case VL_MSG_WARNING:
        d->warnings++;
        d->warning = *msg;
        break;
    case VL_MSG_ERROR:
        d->error = *msg;
        break;
    default:
        fprintf(stderr, "# unexpected message %u\n", msg->type);
    }
    return 1;
}

int sd_serve(struct sd *d)
{
    struct vl_msg msg;
    pid_t sender = 0;
    int fd;

    while (receive(d, &msg, &fd, &sender))
        if (!answer(d, &msg, fd, sender))
            return 0;
    return 0;
}

void sd_finish(struct sd *d)
{
    struct pollfd p = {d->out_fd, POLLIN, 0};
    ssize_t n;

    while (d->out_len + 1 < sizeof(d->out) && poll(&p, 1, 20000) > 0 &&
           (n = read(d->out_fd, d->out + d->out_len, sizeof(d->out) - d->out_len - 1)) > 0)
        d->out_len += (size_t)n;
    close(d->out_fd);
    d->out_fd = -1;
    if (p.revents == 0)
        (void)sd_kill(d, SIGKILL);
    (void)waitpid(d->pid, &d->status, 0);
}

int sd_run(struct sd *d)
{
    if (sd_launch(d) < 0)
        return -1;
    (void)sd_serve(d);
    sd_finish(d);
    return 0;
}

bool sd_said(const struct sd *d, const char *text)
{
    return strstr(d->out, text) != NULL;
}
