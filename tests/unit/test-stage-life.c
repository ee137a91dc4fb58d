/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the real veloci-stage: gate, hooks, terminal, filters, memory. Needs root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stage-driver.h"
#include "sys/compat.h"
#include "tap.h"

static struct sd d;

#define PROC_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static bool good(void)
{
    bool ok = d.execing && d.error.type == 0 && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 0;
    if (d.error.type)
        diag("op %u (code %u) errno %d detail %u a %lld", d.error.op,
             d.error.op < d.plan->n_op ? d.plan->op[d.error.op].code : 0, d.error.err, d.error.detail, (long long)d.error.a);
    if (!ok)
        diag("status %x, output: %s", d.status, d.out);
    return ok;
}

static const char *in_root(const char *path)
{
    static char full[4][256];
    static int turn;
    char *p = full[turn++ % 4];
    snprintf(p, 256, "%s/%s", sd_bundle_root(), path);
    return p;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        diag("%s: not written", path);
    close(fd);
    (void)chmod(path, mode);
}

static void base(bool userns)
{
    sd_identity(&d, userns);
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, VL_MNT_REAL_DIR | VL_MNT_KEEP_PROC);
}

/* -- gate -------------------------------------------------------------------------------------------------- */

static char comm[64];
static long memory_kb;
static unsigned open_fds;

/* The waiting stage seen from outside. */
static void look(const char *file, char *buf, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", d.pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);
    buf[n < 0 ? 0 : n] = '\0';
    close(fd);
}

static void inspect(void)
{
    static char rollup[4096], fdinfo[64], line[64];

    look("comm", comm, sizeof(comm));
    look("smaps_rollup", rollup, sizeof(rollup));
    const char *pss = strstr(rollup, "\nPss:");
    memory_kb = pss ? strtol(pss + 5, NULL, 10) : -1;
    open_fds = 0;
    for (int fd = 0; fd < 256; fd++) {
        snprintf(fdinfo, sizeof(fdinfo), "/proc/%d/fd/%d", d.pid, fd);
        open_fds += readlink(fdinfo, line, sizeof(line)) > 0;
    }
}

static int connect_gate(const char *path, const void *data, size_t n)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return -1;
    if (n > 0 && send(fd, data, n, MSG_NOSIGNAL) != (ssize_t)n)
        diag("gate: %s", strerror(errno));
    return fd;
}

static int gate_desc(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 4) < 0)
        diag("bind: %s", strerror(errno));
    return sd_desc(&d, VL_ROLE_GATE, VL_ACQ_OPEN, fd);
}

/* Created and waiting; our end of the channel is gone, as `create` ends before `start`. */
static void created(const char *path, const char *script)
{
    sd_new(&d);
    int gate = gate_desc(path);
    base(false);
    sd_pivot(&d);
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const env[] = {"PATH=/bin", NULL};
    sd_creds(&d, 0, 0, 0);
    sd_ready(&d);
    struct vl_op *op = &d.plan->op[d.plan->n_op - 1];
    op->n[0] = 1;
    op->fd[0] = (int16_t)gate;
    sd_exec(&d, argv, env);
    d.hold_at_ready = true;
    sd_launch(&d);
    sd_serve(&d);
    close(d.chan);
    d.chan = -1;
    usleep(20000);
}

static void test_gate(void)
{
    const char *path = in_root("gate.sock");
    struct vl_msg go = {.type = VL_MSG_GO, .version = VL_MSG_VERSION, .op = VL_NOREF}, wrong = go;

    created(path, "echo $HOME started; sleep 1");
    ok(d.ready && sd_kill(&d, 0) == 0, "the stage outlives veloci after COMMIT");
    inspect();
    ok(strncmp(comm, VL_NONCE_PREFIX, strlen(VL_NONCE_PREFIX)) == 0 && strlen(comm) == 16, "its name holds the nonce: %s", comm);
    diag("PSS of the waiting stage: %ld KB, %u descriptors", memory_kb, open_fds);
    ok(memory_kb > 0 && memory_kb <= 64, "it takes at most 64 KB");
    ok(open_fds == 4, "it holds stdio and the gate, nothing else");
    close(connect_gate(path, NULL, 0));
    close(connect_gate(path, "garbage", 7));
    wrong.version = 99;
    close(connect_gate(path, &wrong, sizeof(wrong)));
    wrong = go;
    wrong.type = VL_MSG_COMMIT;
    close(connect_gate(path, &wrong, sizeof(wrong)));
    usleep(20000);
    ok(sd_kill(&d, 0) == 0 && d.out_len == 0, "whoever does not say GO starts nothing");
    d.chan = connect_gate(path, &go, sizeof(go));
    sd_serve(&d);
    ok(d.execing && strncmp(comm + strlen(VL_NONCE_PREFIX), d.nonce, VL_NONCE_LEN) == 0, "EXECING tells the nonce");
    inspect();
    ok(strncmp(comm, VL_NONCE_PREFIX, strlen(VL_NONCE_PREFIX)) != 0, "at end of file the name has changed: exec'ed");
    sd_finish(&d);
    ok(sd_said(&d, " started\n"), "the workload runs");
    sd_free(&d);

    created(path, "echo never");
    (void)sd_kill(&d, SIGTERM);
    sd_finish(&d);
    ok(WIFEXITED(d.status) && WEXITSTATUS(d.status) == 128 + SIGTERM && d.out_len == 0, "a created container ends when told to");
    sd_free(&d);

    created(path, "echo never");
    (void)unlink(in_root("bin/sh"));
    d.chan = connect_gate(path, &go, sizeof(go));
    sd_serve(&d);
    sd_finish(&d);
    ok(d.execing && d.error.detail == VL_D_EXEC_NOT_FOUND && d.error.err == ENOENT, "an exec that fails after all is told to start");
    sd_link("busybox", in_root("bin/sh"));
    sd_free(&d);
    (void)unlink(path);
}

/* -- hooks ------------------------------------------------------------------------------------------------ */

static void hook(int kind, const char *path, const char *dir)
{
    static const char state[] = "{\"ociVersion\":\"1.3.0\",\"pid\":          ,\"id\":\"x\"}";
    const char *const argv[] = {"hook", "an argument", NULL};
    const char *const env[] = {"COLOUR=green", NULL};
    struct vl_op *op = sd_op(&d, VL_OP_HOOK);

    op->n[0] = kind;
    op->n[1] = 5000;
    op->n[2] = (int64_t)(strstr(state, ":   ") + 1 - state);
    op->n[3] = 10;
    vl_op_str(op, 0, path);
    vl_op_vec(op, 1, (char *const *)(uintptr_t)argv, 2);
    vl_op_vec(op, 2, (char *const *)(uintptr_t)env, 1);
    vl_op_str(op, 3, state);
    if (dir)
        vl_op_str(op, 4, dir);
}

static bool hooks_were_due;

static void at_hooks(struct sd *s)
{
    (void)s;
    hooks_were_due = true;
}

static void test_hooks(void)
{
    char text[512];

    /* by path, before the switch: $0 is the path, the host's tree is there */
    snprintf(text, sizeof(text), "#!/bin/sh\n{ echo \"$0|$1|$COLOUR|$(pwd)\"; cat; echo; ls /proc/self/fd | wc -l; umask; [ -e %s/proc/version ] && echo sees mounts; } > %s\n"
                                 "echo noise; [ -d /usr/bin ]\n", sd_bundle_root(), in_root("tmp/create.out"));
    put_file(in_root("tmp/create-hook"), text, 0755);
    put_file(in_root("bin/start-hook"), "#!/bin/sh\n{ echo \"$0 $COLOUR $(pwd)\"; cat; echo; } > /tmp/start.out; echo noise\n", 0755);
    sd_new(&d);
    base(false);
    sd_op(&d, VL_OP_HOOKS_DUE);
    hook(VL_HOOK_CREATE_CONTAINER, in_root("tmp/create-hook"), sd_bundle_root());
    sd_pivot(&d);
    vl_op_str(sd_op(&d, VL_OP_CWD), 0, "/data");
    sd_creds(&d, 0, 0, 0);
    sd_ready(&d);
    hook(VL_HOOK_START_CONTAINER, "/bin/start-hook", NULL);
    sd_exec(&d, (const char *const[]){"cat", "/tmp/create.out", "/tmp/start.out", NULL}, NULL);
    d.plan->op[d.plan->n_op - 1].n[2] = 0;
    d.at_hooks = at_hooks;
    sd_run(&d);
    ok(good(), "hooks run");
    ok(hooks_were_due, "hooks of the host are waited for");
    snprintf(text, sizeof(text), "%s|an argument|green|%s\n", in_root("tmp/create-hook"), sd_bundle_root());
    ok(sd_said(&d, text), "createContainer: path, arguments, environment, directory");
    ok(sd_said(&d, "sees mounts\n"), "createContainer finds the container's mounts at the root's path");
    ok(sd_said(&d, "\"pid\":1         ,\"id\""), "the state's slot holds the pid, padded");
    ok(sd_said(&d, "/bin/start-hook green /data\n{"), "startContainer runs inside");
    ok(!sd_said(&d, "noise"), "hooks never write to the workload's stdio");
    sd_free(&d);
}

/* -- terminal ------------------------------------------------------------------------------------------------ */

static void test_console(void)
{
    sd_new(&d);
    base(false);
    sd_mount(&d, "tmpfs", "/dev", "mode=755", MOUNT_ATTR_NOSUID, 0);
    sd_mount(&d, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
    struct vl_op *op = sd_op(&d, VL_OP_CONSOLE);
    op->n[0] = 33;
    op->n[1] = 77;
    op->n[2] = 1000;
    op->n[3] = VL_CON_HAS_SIZE;
    sd_pivot(&d);
    sd_op(&d, VL_OP_SETSID);
    sd_op(&d, VL_OP_STDIO)->n[0] = 1000;
    sd_shell(&d, "tty; stat -c %u:%t:%T /dev/console; echo to console > /dev/console; stty size; : > /dev/tty && echo has ctty");
    d.hold_at_ready = true;
    sd_link("busybox", in_root("bin/stty"));
    sd_launch(&d);
    sd_serve(&d);
    ok(d.console >= 0, "the master arrives");
    (void)sd_send(&d, VL_MSG_GO);
    sd_serve(&d);
    struct pollfd p = {d.console, POLLIN, 0};
    ssize_t n;
    while (poll(&p, 1, 5000) > 0 && (n = read(d.console, d.out + d.out_len, sizeof(d.out) - d.out_len - 1)) > 0)
        d.out_len += (size_t)n;
    (void)waitpid(d.pid, &d.status, 0);
    close(d.out_fd);
    ok(d.execing && d.error.type == 0, "a container with a terminal runs");
    ok(sd_said(&d, "/dev/pts/0\r\n1000:88:0\r\nto console\r\n33 77\r\n"), "stdio, console, owner and size of the terminal");
    if (!sd_said(&d, "33 77"))
        diag("%s", d.out);
    sd_free(&d);
}

/* -- filters ----------------------------------------------------------------------------------------------- */

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

static void filter(unsigned nr, unsigned action, int listener)
{
    const struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, action),
    };
    struct vl_op *op = sd_op(&d, VL_OP_SECCOMP);
    op->n[1] = listener;
    vl_op_blob(op, 0, f, sizeof(f));
}

static int listener_fd;

static void take_listener(struct sd *s, int number, int fd)
{
    char path[64], link[64];
    listener_fd = fd;
    if (fd >= 0)
        return;
    /* announced beforehand: it appears under that number as soon as the filter is in */
    int pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    for (int i = 0; i < 100000 && listener_fd < 0; i++) {
        int got = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
        if (got < 0)
            continue;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", got);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n < 0 ? 0 : n] = '\0';
        if (strstr(link, "seccomp notify"))
            listener_fd = got;
        else
            close(got);
    }
    close(pidfd);
}

static void supervise(void)
{
    struct seccomp_notif req = {0};
    struct pollfd p = {listener_fd, POLLIN, 0};

    if (poll(&p, 1, 5000) <= 0 || ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
        return;
    struct seccomp_notif_resp resp = {.id = req.id, .error = -EXDEV};
    (void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static void filtered(bool late, int listener, unsigned nr, unsigned action)
{
    sd_new(&d);
    base(false);
    sd_pivot(&d);
    if (!late)
        filter(nr, action, listener);
    sd_creds(&d, 0, 0, 0);
    if (late)
        sd_op(&d, VL_OP_NNP);
    sd_ready(&d);
    if (late)
        filter(nr, action, listener);
    sd_exec(&d, (const char *const[]){"sh", "-c", "grep -E 'Seccomp:|NoNew' /proc/self/status; hostname x 2>&1; echo end", NULL},
            (const char *const[]){"PATH=/bin", NULL});
    d.on_listener = take_listener;
    listener_fd = -1;
    sd_launch(&d);
    sd_serve(&d);
    if (listener_fd >= 0)
        supervise();
    sd_finish(&d);
}

static void test_filters(void)
{
    filtered(true, 0, SYS_sethostname, SECCOMP_RET_ERRNO | ENOLCK);
    ok(good() && d.filter_pending, "late filter: it counts as pending when ready");
    ok(sd_said(&d, "NoNewPrivs:\t1\nSeccomp:\t2\n") && sd_said(&d, "No locks available"), "and is in force in the workload");
    sd_free(&d);
    filtered(false, 0, SYS_sethostname, SECCOMP_RET_ERRNO | ENOLCK);
    ok(good() && !d.filter_pending, "early filter, without no_new_privs");
    ok(sd_said(&d, "NoNewPrivs:\t0\nSeccomp:\t2\n") && sd_said(&d, "No locks available"), "and is in force in the workload");
    sd_free(&d);
    for (int how = 1; how <= 2; how++) {
        filtered(true, how, SYS_sethostname, SECCOMP_RET_USER_NOTIF);
        ok(listener_fd >= 0 && good(), "the listener is %s", how == 1 ? "announced and fetched" : "sent");
        ok(sd_said(&d, "nvalid cross-device link"), "and answers for the workload");
        close(listener_fd);
        sd_free(&d);
    }
    filtered(false, 1, SYS_sethostname, SECCOMP_RET_USER_NOTIF);
    ok(listener_fd >= 0 && good() && sd_said(&d, "nvalid cross-device link"), "the listener of an early filter");
    close(listener_fd);
    sd_free(&d);
}

int main(void)
{
    if (geteuid() != 0)
        skip_all("namespaces need root");
    if (!sd_stage_path())
        skip_all("src/stage/veloci-stage is not built");
    if (access("/bin/busybox", X_OK) != 0)
        skip_all("the test's root file system needs a static /bin/busybox");
    if (!sd_bundle_root())
        skip_all("no directory for a root file system");
    test_gate();
    test_hooks();
    test_console();
    test_filters();
    return done_testing();
}
