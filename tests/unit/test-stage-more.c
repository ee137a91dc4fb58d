/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real veloci-stage: what only some configurations have. Id-mapped mounts, long options, cgroup2, a plain chroot,
 * scheduling and memory policy, a terminal for a process that joins. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stage-driver.h"
#include "sys/compat.h"
#include "tap.h"

static struct sd d;

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

static void base(void)
{
    sd_identity(&d, false);
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, 0, VL_MNT_KEEP_PROC);
}

/* -- id-mapped mounts ---------------------------------------------------------------------------------------- */

/* A user namespace that only carries a mapping. */
static int mapping(const char *map)
{
    int ends[2], fd = -1;
    char path[64], c;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &c, 1) < 0);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/%s", pid, i ? "gid_map" : "uid_map");
        int out = open(path, O_WRONLY | O_CLOEXEC);
        if (write(out, map, strlen(map)) < 0)
            diag("%s: %s", path, strerror(errno));
        close(out);
    }
    snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    (void)waitpid(pid, NULL, 0);
    return fd;
}

/* Binds are mapped by veloci; a new file system of the container's by the stage, given the namespace. */
static void test_idmap(void)
{
    for (int given = 1; given >= 0; given--) {
        sd_new(&d);
        int map = sd_desc(&d, VL_ROLE_SOURCE, VL_ACQ_OPEN, given ? mapping("0 5000 1000") : -1);
        d.plan->desc[map].flags = VL_DESC_OPTIONAL;
        base();
        sd_mount(&d, "tmpfs", "/home", "mode=755", MOUNT_ATTR_RDONLY, 0);
        d.plan->op[d.plan->n_op - 1].fd[0] = (int16_t)map;
        sd_pivot(&d);
        sd_shell(&d, "stat -c %u:%g /home; cat /proc/self/mountinfo");
        sd_run(&d);
        if (!given) {
            ok(d.error.detail == VL_D_IDMAP && d.error.err == EBADF, "a mapping that is missing is an error");
        } else if (d.error.detail == VL_D_IDMAP && d.error.err == EINVAL) {
            skip("tmpfs takes no id-mapped mounts here");
        } else {
            ok(good(), "an id-mapped mount");
            ok(sd_said(&d, "5000:5000\n"), "shows mapped owners");
            ok(sd_said(&d, " /home ro,"), "other attributes at the same time");
        }
        sd_free(&d);
    }
}

/* -- long options --------------------------------------------------------------------------------------------- */

/* Overlay directories as engines pass them are longer than fsconfig(2) takes a value. */
static void test_long_options(void)
{
    char name[200], lower[512], options[1200];

    memset(name, 'l', 150);
    name[150] = '\0';
    snprintf(lower, sizeof(lower), "%s/tmp/%s", sd_bundle_root(), name);
    (void)mkdir(lower, 0755);
    snprintf(lower, sizeof(lower), "%s/tmp/%s/inside", sd_bundle_root(), name);
    close(open(lower, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    snprintf(options, sizeof(options), "lowerdir=%s/tmp/%s:%s/etc", sd_bundle_root(), name, sd_bundle_root());
    strcat(options, ":");
    strcat(options, in_root("home"));
    strcat(options, "/../../../../../../../../../../../..");
    strcat(options, in_root("var"));
    sd_new(&d);
    base();
    sd_mount(&d, "overlay", "/data", options, MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, 0);
    sd_pivot(&d);
    sd_shell(&d, "ls /data; grep /data /proc/self/mountinfo");
    sd_run(&d);
    if (d.error.detail == VL_D_FS_CREATE && d.error.err == ENODEV) {
        skip("this kernel has no overlay file system");
    } else {
        ok(strlen(options) > 260 && good(), "an option of %zu bytes", strlen(options));
        ok(sd_said(&d, "inside\n") && sd_said(&d, "passwd\n"), "all lower directories are there");
        ok(sd_said(&d, " / /data ro,nodev,relatime"), "with its attributes");
    }
    sd_free(&d);
}

/* -- cgroup2 ------------------------------------------------------------------------------------------------------ */

static void test_cgroup2(void)
{
    sd_new(&d);
    d.clone_flags |= CLONE_NEWCGROUP;
    base();
    sd_mount(&d, "sysfs", "/sys", NULL, MOUNT_ATTR_RDONLY, VL_MNT_REAL_DIR);
    sd_mount(&d, "cgroup2", "/sys/fs/cgroup", NULL, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, VL_MNT_BIND_FALLBACK);
    sd_pivot(&d);
    sd_shell(&d, "grep cgroup2 /proc/self/mountinfo; cat /proc/self/cgroup; ls /sys/fs/cgroup/cgroup.procs");
    sd_run(&d);
    ok(good(), "a cgroup namespace and cgroup2");
    ok(sd_said(&d, " / /sys/fs/cgroup ro,nosuid,relatime - cgroup2") && sd_said(&d, "0::/\n"), "the container's cgroup is its root");
    sd_free(&d);
}

/* -- no mount namespace --------------------------------------------------------------------------------------------- */

static void test_chroot(void)
{
    sd_new(&d);
    d.clone_flags = CLONE_NEWPID;
    int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_OPEN, open(sd_bundle_root(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    sd_op(&d, VL_OP_GUARD);
    struct vl_op *op = sd_op(&d, VL_OP_ROOT);
    op->n[0] = 2;
    op->fd[0] = (int16_t)root;
    sd_op(&d, VL_OP_PIVOT)->n[0] = 2;
    sd_shell(&d, "ls /; ls /usr 2>&1; true");
    sd_run(&d);
    ok(good() && sd_said(&d, "busybox") == false && sd_said(&d, "etc\nhome\n") && sd_said(&d, "ls: /usr: No such"),
       "a plain chroot without a mount namespace");
    sd_free(&d);

    sd_new(&d);
    d.clone_flags = CLONE_NEWPID;
    root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_OPEN, open(sd_bundle_root(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    sd_op(&d, VL_OP_GUARD);
    op = sd_op(&d, VL_OP_ROOT);
    op->n[0] = 2;
    op->fd[0] = (int16_t)root;
    sd_op(&d, VL_OP_PIVOT)->n[0] = 2;
    sd_op(&d, VL_OP_ROOT_ATTR)->n[0] = MOUNT_ATTR_RDONLY;
    sd_shell(&d, "true");
    sd_run(&d);
    ok(d.error.detail == VL_D_SETATTR && d.error.err == EINVAL, "in which no attribute of the host's mount is changed");
    sd_free(&d);
}

/* A root without a place in the inherited tree, and a tree that stays shared with the host's: nothing of the container
 * may appear there. */
static unsigned kernel_mounts(void)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char line[4096];
    unsigned n = 0;
    while (f && fgets(line, sizeof(line), f))
        n += strstr(line, " - proc ") != NULL || strstr(line, " - sysfs ") != NULL || strstr(line, " - cgroup") != NULL;
    if (f)
        fclose(f);
    return n;
}

static void test_root_places(void)
{
    /* as systemd makes the host's: what is unmounted in a shared tree is unmounted for its peers */
    bool shared = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0 &&
                  mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) == 0;
    unsigned before = kernel_mounts();
    for (int mode = 0; mode < 4; mode++) {
        sd_new(&d);
        int fd = (int)syscall(__NR_open_tree, AT_FDCWD, sd_bundle_root(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_TREE, fd);
        if (mode & 1) {
            free(d.plan->desc[root].path);
            d.plan->desc[root].path = NULL;
        }
        base();
        d.plan->op[1].n[0] = MS_SHARED | MS_REC; /* PROPAGATE */
        sd_mount(&d, "tmpfs", "/home", NULL, 0, 0);
        sd_op(&d, VL_OP_PIVOT)->n[0] = mode >> 1;
        sd_op(&d, VL_OP_ROOT_ATTR)->n[1] = MS_SHARED;
        sd_shell(&d, "cat /proc/self/mountinfo");
        d.hold_at_ready = true;
        sd_launch(&d);
        sd_serve(&d);
        char inside[64];
        snprintf(inside, sizeof(inside), "%s/home", sd_bundle_root());
        int peer = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        static char info[1 << 16];
        ssize_t n = read(peer, info, sizeof(info) - 1);
        info[n < 0 ? 0 : n] = '\0';
        close(peer);
        (void)sd_send(&d, VL_MSG_GO);
        sd_serve(&d);
        sd_finish(&d);
        ok(good() && sd_said(&d, " / /home rw") && sd_said(&d, "shared:"), "shared propagation, %s, %s",
           mode & 1 ? "a root without a path" : "a root with its path", mode >> 1 ? "moved" : "pivoted");
        ok(!strstr(info, inside), "and nothing of it appears on the host");
        ok(shared && before > 0 && kernel_mounts() == before, "nor is anything of the host's taken away");
        sd_free(&d);
    }
}

/* -- scheduling -------------------------------------------------------------------------------------------------------- */

static void test_scheduling(void)
{
    const struct vl_wire_sched batch = {.size = sizeof(batch), .policy = SCHED_BATCH, .nice = 5};
    static const uint64_t cpu0 = 1, node0 = 1;

    sd_new(&d);
    base();
    sd_pivot(&d);
    vl_op_blob(sd_op(&d, VL_OP_SCHED), 0, &batch, sizeof(batch));
    sd_op(&d, VL_OP_IOPRIO)->n[0] = 3 << 13; /* idle class */
    vl_op_blob(sd_op(&d, VL_OP_AFFINITY), 0, &cpu0, sizeof(cpu0));
    struct vl_op *op = sd_op(&d, VL_OP_MEMPOLICY);
    op->n[0] = 2; /* MPOL_BIND */
    op->n[1] = 64;
    vl_op_blob(op, 0, &node0, sizeof(node0));
    sd_op(&d, VL_OP_PERSONALITY)->n[0] = 0x0008; /* PER_LINUX32 */
    sd_shell(&d, "grep Cpus_allowed_list /proc/self/status; cat /proc/self/sched | grep policy; cat /proc/self/stat; uname -m;"
                 "busybox ionice; head -1 /proc/self/numa_maps");
    sd_link("busybox", in_root("bin/head"));
    sd_run(&d);
    if (d.error.type && d.plan->op[d.error.op].code == VL_OP_MEMPOLICY) {
        skip("no memory policies here: %s", strerror(d.error.err));
    } else {
        ok(d.execing, "scheduler, priorities, affinity, memory policy, personality are set");
        ok(sd_said(&d, "Cpus_allowed_list:\t0\n"), "affinity");
        ok(sd_said(&d, " 25 5 1 "), "nice value");
        ok(sd_said(&d, "idle"), "I/O class");
#ifdef __x86_64__
        ok(sd_said(&d, "i686\n"), "personality");
#endif
    }
    if (!d.execing || !sd_said(&d, "idle"))
        diag("detail %u errno %d: %s", d.error.detail, d.error.err, d.out);
    sd_free(&d);
}

/* -- a terminal for a process that joins ---------------------------------------------------------------------------------- */

static void test_join_console(void)
{
    struct sd container;

    sd_new(&d);
    base();
    sd_mount(&d, "tmpfs", "/dev", "mode=755", MOUNT_ATTR_NOSUID, 0);
    sd_mount(&d, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", MOUNT_ATTR_NOSUID, 0);
    sd_pivot(&d);
    sd_shell(&d, "sleep 100");
    sd_launch(&d);
    sd_serve(&d);
    container = d;

    sd_new(&d);
    d.clone_flags = 0;
    int ns = sd_desc(&d, VL_ROLE_NS, VL_ACQ_OPEN, (int)syscall(SYS_pidfd_open, container.pid, 0));
    struct vl_op *op = sd_op(&d, VL_OP_JOIN);
    op->n[0] = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    op->fd[0] = (int16_t)ns;
    sd_op(&d, VL_OP_FORK);
    sd_op(&d, VL_OP_GUARD);
    op = sd_op(&d, VL_OP_CONSOLE);
    op->n[3] = VL_CON_NO_BIND;
    sd_op(&d, VL_OP_SETSID);
    op = sd_op(&d, VL_OP_LABEL);
    op->n[0] = VL_LSM_APPARMOR;
    vl_op_str(op, 0, "exec no-such-profile");
    sd_shell(&d, "true");
    sd_run(&d);
    ok(d.error.detail == VL_D_WRITE || d.error.detail == VL_D_OPEN_PROC || good(), "a label is written through a procfs of our own");
    sd_free(&d);

    sd_new(&d);
    d.clone_flags = 0;
    ns = sd_desc(&d, VL_ROLE_NS, VL_ACQ_OPEN, (int)syscall(SYS_pidfd_open, container.pid, 0));
    op = sd_op(&d, VL_OP_JOIN);
    op->n[0] = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    op->fd[0] = (int16_t)ns;
    sd_op(&d, VL_OP_FORK);
    sd_op(&d, VL_OP_GUARD);
    op = sd_op(&d, VL_OP_CONSOLE);
    op->n[3] = VL_CON_NO_BIND;
    sd_op(&d, VL_OP_SETSID);
    sd_shell(&d, "tty; ls /dev");
    d.hold_at_ready = true;
    sd_launch(&d);
    sd_serve(&d);
    (void)sd_send(&d, VL_MSG_GO);
    sd_serve(&d);
    struct pollfd p = {d.console, POLLIN, 0};
    ssize_t n;
    while (d.console >= 0 && poll(&p, 1, 5000) > 0 && (n = read(d.console, d.out + d.out_len, sizeof(d.out) - d.out_len - 1)) > 0)
        d.out_len += (size_t)n;
    (void)waitpid(d.pid, &d.status, 0);
    ok(good() && sd_said(&d, "/dev/pts/0\r\n") && !sd_said(&d, "console"), "a terminal of the container's devpts, no /dev/console");
    sd_free(&d);
    (void)sd_kill(&container, SIGKILL);
    (void)waitpid(container.pid, NULL, 0);
    d = container;
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
    /* the host of most systems: every mount is shared (systemd(1)); what leaks shows here */
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) < 0)
        skip_all("no mount namespace: %s", strerror(errno));
    test_idmap();
    test_long_options();
    test_cgroup2();
    test_chroot();
    test_root_places();
    test_scheduling();
    test_join_console();
    return done_testing();
}
