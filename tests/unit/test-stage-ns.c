/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real veloci-stage in namespaces of all kinds: user namespaces with and without privilege, namespaces of others
 * joined, no root switch. Needs root but for the launch without privilege.
 */
#include <errno.h>
#include <fcntl.h>
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

static void base(bool userns)
{
    sd_identity(&d, userns);
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, VL_MNT_REAL_DIR | VL_MNT_KEEP_PROC);
}

/* -- user namespaces ------------------------------------------------------------------------------------- */

static void own_root(uid_t uid)
{
    sd_owner(sd_bundle_root(), uid, uid);
    static const char *const dirs[] = {"proc", "dev", "data", "tmp"};
    for (size_t i = 0; i < 4; i++)
        sd_owner(in_root(dirs[i]), uid, uid);
}

static void test_userns(void)
{
    static char source[] = "/tmp";

    own_root(100000);
    sd_new(&d);
    int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
    int data = sd_desc(&d, VL_ROLE_SOURCE, VL_ACQ_IN_NS, -1);
    int null = sd_desc(&d, VL_ROLE_DEVICE, VL_ACQ_IN_NS, -1);
    d.late_path[root] = sd_bundle_root();
    d.late_path[data] = source;
    d.late_path[null] = "/dev/null";
    base(true);
    sd_mount(&d, "sysfs", "/sys", NULL, PROC_ATTRS | MOUNT_ATTR_RDONLY, VL_MNT_REAL_DIR | VL_MNT_BIND_FALLBACK);
    sd_mount(&d, "tmpfs", "/dev", "mode=755", MOUNT_ATTR_NOSUID, 0);
    sd_mount(&d, "mqueue", "/dev/mqueue", NULL, PROC_ATTRS, 0);
    struct vl_op *op = sd_op(&d, VL_OP_DEVICE);
    vl_op_str(op, 0, "/dev/null");
    op->n[0] = S_IFCHR;
    op->n[1] = 1;
    op->n[2] = 3;
    op->n[3] = 0666;
    op->fd[0] = (int16_t)null;
    op = sd_op(&d, VL_OP_BIND);
    op->fd[0] = (int16_t)data;
    op->n[0] = MOUNT_ATTR_RDONLY;
    op->n[5] = VL_MNT_CLONE | VL_MNT_RECURSIVE;
    vl_op_str(op, 0, "/data");
    op = sd_op(&d, VL_OP_MASK);
    vl_op_str(op, 0, "/proc/version");
    op->fd[1] = (int16_t)null;
    vl_op_str(sd_op(&d, VL_OP_READONLY), 0, "/proc/sys");
    sd_pivot(&d);
    sd_shell(&d, "id -u; cat /proc/self/uid_map; cat /proc/self/mountinfo; echo x > /dev/null && echo wrote; wc -c < /proc/version;"
                 "grep Cap /proc/self/status; cat /proc/self/setgroups");
    d.plan->op[d.plan->n_op - 1].n[0] = -1;
    sd_run(&d);
    ok(good(), "a user namespace");
    ok(sd_said(&d, "0\n         0     100000      65536\n"), "root of its own map");
    ok(sd_said(&d, " /null /dev/null "), "devices are the host's nodes, bound");
    ok(sd_said(&d, "wrote\n0\n"), "null works, masked file is empty");
    ok(sd_said(&d, " /data ro,"), "a source of the stage's own namespace is bound");
    ok(sd_said(&d, "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000"),
       "no capability is left over from the launch");
    sd_free(&d);
    own_root(0);
}

/* Network namespace of the host: sysfs cannot be made, the host's is bound read-only. */
static void test_userns_net(void)
{
    own_root(100000);
    sd_new(&d);
    d.clone_flags &= ~(unsigned long)CLONE_NEWNET;
    int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
    d.late_path[root] = sd_bundle_root();
    base(true);
    sd_mount(&d, "sysfs", "/sys", NULL, PROC_ATTRS, VL_MNT_REAL_DIR | VL_MNT_BIND_FALLBACK);
    sd_pivot(&d);
    sd_shell(&d, "cat /proc/self/mountinfo");
    sd_run(&d);
    ok(good() && d.warnings == 1, "sysfs with the host's network is bound instead, with a warning");
    ok(sd_said(&d, " / /sys ro,") && !sd_said(&d, "/sys/fs/cgroup rw"), "and read-only with all below it");
    sd_free(&d);
    own_root(0);
}

/* -- joining ----------------------------------------------------------------------------------------------- */

static void test_join(bool userns)
{
    struct sd container;
    int status;

    if (userns)
        own_root(100000);
    sd_new(&d);
    if (userns) {
        int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
        d.late_path[root] = sd_bundle_root();
    }
    base(userns);
    vl_op_str(sd_op(&d, VL_OP_HOSTNAME), 0, "harbour");
    sd_pivot(&d);
    sd_shell(&d, "sleep 100");
    sd_launch(&d);
    sd_serve(&d);
    ok(d.execing, "a container runs, to be joined");
    container = d;

    sd_new(&d);
    d.clone_flags = 0;
    int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | (userns ? CLONE_NEWUSER : 0);
    int ns = sd_desc(&d, VL_ROLE_NS, VL_ACQ_OPEN, (int)syscall(SYS_pidfd_open, container.pid, 0));
    struct vl_op *op = sd_op(&d, VL_OP_JOIN);
    op->n[0] = flags;
    op->fd[0] = (int16_t)ns;
    sd_op(&d, VL_OP_FORK);
    if (userns)
        sd_op(&d, VL_OP_ASSUME)->n[2] = 1;
    sd_op(&d, VL_OP_GUARD);
    sd_op(&d, VL_OP_SETSID);
    sd_shell(&d, "hostname; echo pid $$; readlink /proc/self/root; ls -l /proc/self/fd | wc -l; cat /proc/self/cgroup | wc -l");
    sd_run(&d);
    ok(good() && d.forked, "a process joins %s", userns ? "with a user namespace" : "without a user namespace");
    ok(sd_said(&d, "harbour\n") && !sd_said(&d, "pid 1\n"), "it is in the container's namespaces");
    ok(sd_said(&d, "\n/\n"), "its root is the container's");
    sd_free(&d);
    (void)sd_kill(&container, SIGKILL);
    (void)waitpid(container.pid, &status, 0);
    close(container.out_fd);
    d = container;
    sd_free(&d);
    if (userns)
        own_root(0);
}

/* A pod: some namespaces are joined by path, others made at the fork. */
static void test_pod(void)
{
    int ends[2];
    char path[64];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    pid_t holder = (pid_t)syscall(SYS_clone, CLONE_NEWNET | CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
    if (holder == 0) {
        char c;
        if (sethostname("pod", 3) < 0)
            _exit(1);
        close(ends[1]);
        _exit(read(ends[0], &c, 1) < 0);
    }
    usleep(20000);
    sd_new(&d);
    d.clone_flags = 0;
    const struct {
        const char *file;
        int type;
    } joins[] = {{"net", CLONE_NEWNET}, {"uts", CLONE_NEWUTS}};
    int ns[2];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/ns/%s", holder, joins[i].file);
        ns[i] = sd_desc(&d, VL_ROLE_NS, VL_ACQ_OPEN, open(path, O_RDONLY | O_CLOEXEC));
        d.plan->desc[ns[i]].kind = VL_KIND_NSFS;
    }
    for (int i = 0; i < 2; i++) {
        struct vl_op *op = sd_op(&d, VL_OP_JOIN);
        op->n[0] = joins[i].type;
        op->fd[0] = (int16_t)ns[i];
    }
    sd_op(&d, VL_OP_UNSHARE)->n[0] = CLONE_NEWTIME;
    vl_op_str(sd_op(&d, VL_OP_TIME_OFFSETS), 0, "boottime 1000000000 0\n");
    sd_op(&d, VL_OP_FORK)->n[0] = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;
    base(false);
    sd_pivot(&d);
    sd_shell(&d, "hostname; echo pid $$; cat /proc/uptime /proc/self/timens_offsets; cat /proc/net/dev");
    sd_run(&d);
    ok(good(), "joined and new namespaces together");
    ok(sd_said(&d, "pod\npid 1\n100"), "the pod's host name, a pid namespace and a time namespace of its own");
    sd_free(&d);
    close(ends[0]);
    close(ends[1]);
    (void)waitpid(holder, NULL, 0);
}

/* A network namespace of the host and a user namespace of its own, made by the fork behind the join. One late
 * descriptor is optional and absent. */
static void test_join_new_userns(void)
{
    own_root(100000);
    sd_new(&d);
    d.clone_flags = 0;
    d.maps_after_fork = true;
    int ns = sd_desc(&d, VL_ROLE_NS, VL_ACQ_OPEN, open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    int absent = sd_desc(&d, VL_ROLE_SOURCE, VL_ACQ_IN_NS, -1);
    int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
    d.plan->desc[absent].flags = VL_DESC_OPTIONAL;
    d.late_path[root] = sd_bundle_root();
    struct vl_op *op = sd_op(&d, VL_OP_JOIN);
    op->n[0] = CLONE_NEWNET;
    op->fd[0] = (int16_t)ns;
    sd_op(&d, VL_OP_FORK)->n[0] = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
    base(true);
    d.clone_flags = 0;
    op = sd_op(&d, VL_OP_BIND);
    op->fd[0] = (int16_t)absent;
    op->n[5] = VL_MNT_CLONE;
    vl_op_str(op, 0, "/data");
    sd_pivot(&d);
    sd_shell(&d, "cat /proc/self/uid_map; echo pid $$; cat /proc/self/mountinfo");
    sd_run(&d);
    ok(good() && d.forked, "a user namespace made behind a join");
    ok(sd_said(&d, "         0     100000      65536\npid 1\n") && !sd_said(&d, "/data"), "its maps; an absent optional source is none");
    sd_free(&d);
    own_root(0);
}

/* -- other roots --------------------------------------------------------------------------------------------- */

static void test_no_pivot(bool userns)
{
    if (userns)
        own_root(100000);
    sd_new(&d);
    if (userns) {
        int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
        d.late_path[root] = sd_bundle_root();
    }
    base(userns);
    sd_op(&d, VL_OP_PIVOT)->n[0] = 1;
    sd_shell(&d, "ls /; ls /usr 2>&1; cat /proc/self/mountinfo; true");
    sd_run(&d);
    ok(good() && sd_said(&d, "ls: /usr: No such file"), "without pivot_root, %s user namespace", userns ? "with a" : "no");
    ok(sd_said(&d, " / /proc rw,") && !sd_said(&d, " - sysfs "), "only the container's mounts are seen");
    sd_free(&d);
    if (userns)
        own_root(0);
}

/* Whether a nested user namespace may mount a procfs of its own, which the kernel allows as long as an unmasked one is
 * somewhere in the mount namespace. */
static bool reveals(int pivot_mode, bool masked)
{
    sd_new(&d);
    int null = sd_tree(&d, VL_ROLE_NULL, "/dev/null", false);
    base(false);
    if (masked) {
        struct vl_op *op = sd_op(&d, VL_OP_MASK);
        vl_op_str(op, 0, "/proc/version");
        op->fd[1] = (int16_t)null;
    }
    sd_op(&d, VL_OP_PIVOT)->n[0] = pivot_mode;
    sd_shell(&d, "busybox unshare -U -r -m -p -f busybox mount -t proc proc /tmp && echo REVEALED; true");
    for (size_t i = 0; i < d.plan->n_op; i++)
        if (d.plan->op[i].code == VL_OP_CREDS)
            for (int n = 0; n < 3; n++)
                d.plan->op[i].n[n] = 0x1ffffffffff;
    sd_run(&d);
    bool yes = sd_said(&d, "REVEALED");
    if (!d.execing)
        diag("not executed: detail %u errno %d", d.error.detail, d.error.err);
    sd_free(&d);
    return yes;
}

static void test_masks_hold(void)
{
    if (!reveals(0, false)) {
        skip("nested user namespaces cannot mount procfs here at all");
        return;
    }
    ok(!reveals(0, true), "with masks no nested namespace gets an unmasked procfs");
    ok(!reveals(1, true), "nor without pivot_root, where the inherited tree stays below");
}

/* -- without privilege ---------------------------------------------------------------------------------- */

/* One id, mapped to root of the namespace; no groups can be set. */
static void test_rootless(void)
{
    char map[64];

    sd_new(&d);
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
    d.uid_map = map;
    d.gid_map = map; /* the same number: see main */
    int root = sd_desc(&d, VL_ROLE_ROOT, VL_ACQ_IN_NS, -1);
    int null = sd_desc(&d, VL_ROLE_DEVICE, VL_ACQ_IN_NS, -1);
    d.late_path[root] = sd_bundle_root();
    d.late_path[null] = "/dev/null";
    base(true);
    d.plan->op[1].n[2] = 0; /* ASSUME: groups stay */
    struct vl_op *op = sd_op(&d, VL_OP_MASK);
    vl_op_str(op, 0, "/proc/version");
    op->fd[1] = (int16_t)null;
    sd_pivot(&d);
    sd_shell(&d, "id -u; cat /proc/self/uid_map /proc/self/setgroups; wc -c < /proc/version; touch /tmp/mine && echo mine");
    for (size_t i = 0; i < d.plan->n_op; i++)
        if (d.plan->op[i].code == VL_OP_CREDS)
            d.plan->op[i].n[7] = VL_CRED_SKIP_GROUPS;
    if (sd_launch(&d) < 0) {
        skip("user namespaces are not allowed here: %s", strerror(errno));
        sd_free(&d);
        return;
    }
    sd_serve(&d);
    sd_finish(&d);
    ok(good(), "a container without privilege");
    ok(sd_said(&d, "0\n         0") && sd_said(&d, "          1\ndeny\n0\nmine\n"), "root of one id, masks, its own files");
    sd_free(&d);
}

/* The same from a root that has given everything away, in a process of its own. */
static void test_rootless_child(void)
{
    int status = 0;
    char text[4096];
    int ends[2];

    if (pipe(ends) < 0)
        return;
    sd_owner(sd_bundle_root(), 65534, 65534);
    sd_owner(in_root("tmp"), 65534, 65534);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        tap_count = tap_failed = 0;
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(1);
        test_rootless();
        fflush(stdout);
        _exit(tap_failed);
    }
    close(ends[1]);
    ssize_t n, len = 0;
    while (len < (ssize_t)sizeof(text) - 1 && (n = read(ends[0], text + len, sizeof(text) - 1 - (size_t)len)) > 0)
        len += n;
    text[len] = '\0';
    close(ends[0]);
    (void)waitpid(pid, &status, 0);
    if (strstr(text, "# SKIP"))
        skip("user namespaces of others than root are not allowed here");
    else if (!ok(status == 0, "a launch without any privilege"))
        diag("%s", text);
    own_root(0);
}

/* A time namespace of its own for the first process of a container (Linux 6.1: exec enters it). */
static void test_time(void)
{
    sd_new(&d);
    sd_op(&d, VL_OP_GUARD);
    sd_op(&d, VL_OP_UNSHARE)->n[0] = CLONE_NEWTIME;
    vl_op_str(sd_op(&d, VL_OP_TIME_OFFSETS), 0, "boottime 4000000000 0\nmonotonic 1 0\n");
    vl_op_str(sd_op(&d, VL_OP_KEYRING), 0, "a-container");
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, VL_MNT_KEEP_PROC);
    sd_pivot(&d);
    sd_shell(&d, "cat /proc/uptime /proc/keys");
    sd_run(&d);
    ok(good(), "time namespace and keyring");
    ok(strncmp(d.out, "40", 2) == 0 || d.warnings > 0, "the offset is seen after exec");
    ok(sd_said(&d, "a-container") || d.warnings > 0, "the session keyring has the name");
    sd_free(&d);
}

int main(void)
{
    if (!sd_stage_path())
        skip_all("src/stage/veloci-stage is not built");
    if (access("/bin/busybox", X_OK) != 0)
        skip_all("the test's root file system needs a static /bin/busybox");
    if (!sd_bundle_root())
        skip_all("no directory for a root file system");
    if (geteuid() != 0) {
        test_rootless();
        skip("all other cases need root");
        return done_testing();
    }
    test_userns();
    test_userns_net();
    test_rootless_child();
    test_join(false);
    test_join(true);
    test_join_new_userns();
    test_pod();
    test_time();
    test_no_pivot(false);
    test_no_pivot(true);
    test_masks_hold();
    return done_testing();
}
