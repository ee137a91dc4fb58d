/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real veloci-stage in real namespaces: what the workload finds. Each case is a plan built by hand; the
 * workload, a shell of busybox, is one witness, mountinfo and /proc/PID seen from outside the other. Needs root.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stage-driver.h"
#include "sys/compat.h"
#include "tap.h"

static struct sd d;

#define PROC_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static void report(const char *what)
{
    ok(d.execing && d.error.type == 0 && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 0, "%s: runs and ends with 0", what);
    if (d.error.type)
        diag("op %u (code %u) errno %d detail %u a %lld b %lld", d.error.op,
             d.error.op < d.plan->n_op ? d.plan->op[d.error.op].code : 0, d.error.err, d.error.detail,
             (long long)d.error.a, (long long)d.error.b);
    if (!d.execing || d.status)
        diag("status %x, output: %s", d.status, d.out);
}

static void device(const char *path, unsigned major, unsigned minor, int host)
{
    struct vl_op *op = sd_op(&d, VL_OP_DEVICE);
    vl_op_str(op, 0, path);
    op->n[0] = S_IFCHR;
    op->n[1] = major;
    op->n[2] = minor;
    op->n[3] = 0666;
    op->fd[0] = (int16_t)host;
}

static void symlink_op(const char *target, const char *path)
{
    struct vl_op *op = sd_op(&d, VL_OP_SYMLINK);
    vl_op_str(op, 0, target);
    vl_op_str(op, 1, path);
}

static void path_op(enum vl_op_code code, const char *path)
{
    vl_op_str(sd_op(&d, code), 0, path);
}

static void mask(const char *path, int empty, int null)
{
    struct vl_op *op = sd_op(&d, VL_OP_MASK);
    vl_op_str(op, 0, path);
    op->fd[0] = (int16_t)empty;
    op->fd[1] = (int16_t)null;
}

/* proc, dev with nodes, pts, shm, mqueue, sys: what every configuration has. */
static void usual_mounts(void)
{
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, VL_MNT_REAL_DIR | VL_MNT_KEEP_PROC);
    sd_mount(&d, "tmpfs", "/dev", "mode=755,size=65536k", MOUNT_ATTR_NOSUID, 0);
    sd_mount(&d, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
    sd_mount(&d, "tmpfs", "/dev/shm", "mode=1777,size=1024k", PROC_ATTRS, 0);
    sd_mount(&d, "mqueue", "/dev/mqueue", NULL, PROC_ATTRS, 0);
}

static void test_usual(void)
{
    sd_new(&d);
    char hollow[128];
    snprintf(hollow, sizeof(hollow), "%s/var", sd_bundle_root());
    int empty = sd_tree(&d, VL_ROLE_EMPTY, hollow, false);
    int null = sd_tree(&d, VL_ROLE_NULL, "/dev/null", false);
    sd_identity(&d, false);
    sd_op(&d, VL_OP_LOOPBACK);
    sd_root(&d);
    usual_mounts();
    sd_mount(&d, "sysfs", "/sys", NULL, PROC_ATTRS | MOUNT_ATTR_RDONLY, VL_MNT_REAL_DIR | VL_MNT_BIND_FALLBACK);
    device("/dev/null", 1, 3, -1);
    device("/dev/zero", 1, 5, -1);
    symlink_op("/proc/self/fd", "/dev/fd");
    symlink_op("pts/ptmx", "/dev/ptmx");
    struct vl_op *op = sd_op(&d, VL_OP_MKDIR);
    vl_op_str(op, 0, "/dev/made/deep");
    op->n[0] = 0750;
    op->n[1] = op->n[2] = 7;
    mask("/proc/version", empty, null);
    mask("/proc/fs", empty, null);
    mask("/proc/keys", empty, null);
    mask("/sys/firmware", empty, null);
    mask("/proc/no/such/thing", empty, null);
    path_op(VL_OP_READONLY, "/proc/sys");
    path_op(VL_OP_READONLY, "/nothing");
    op = sd_op(&d, VL_OP_SYSCTL);
    vl_op_str(op, 0, "net/ipv4/ip_forward");
    vl_op_str(op, 1, "1");
    path_op(VL_OP_HOSTNAME, "wharf");
    path_op(VL_OP_DOMAINNAME, "sea");
    sd_pivot(&d);
    sd_op(&d, VL_OP_ROOT_ATTR)->n[0] = MOUNT_ATTR_RDONLY;
    sd_op(&d, VL_OP_SETSID);
    sd_op(&d, VL_OP_STDIO);
    sd_op(&d, VL_OP_UMASK)->n[0] = 027;
    sd_op(&d, VL_OP_AFFINITY);
    sd_shell(&d, "cat /proc/self/mountinfo; hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward;"
                 "ls -lan /dev; ls -la /proc/fs | wc -l; wc -c < /proc/version; stat -c %t:%T:%F /proc/keys;"
                 "touch /x 2>&1; echo 0 2>&1 > /proc/sys/net/ipv4/ip_forward; umask;"
                 "echo a > /dev/null && echo null works; cat /sys/class/net/lo/flags; stat -c 'made %a %u:%g' /dev/made/deep;"
                 "readlink /proc/self/fd/0; grep -c . /proc/mounts; ls /proc/1/task | wc -l");
    sd_run(&d);
    report("usual container");
    ok(sd_said(&d, " / /proc rw,nosuid,nodev,noexec,relatime - proc proc"), "proc has its attributes");
    ok(sd_said(&d, " / /dev rw,nosuid,relatime - tmpfs tmpfs rw,size=65536k,mode=755"), "tmpfs has its options");
    ok(sd_said(&d, " / /sys ro,nosuid,nodev,noexec"), "sysfs is read-only");
    ok(sd_said(&d, "/sys /proc/sys ro,nosuid,nodev,noexec,relatime"), "a read-only path keeps the other flags");
    ok(sd_said(&d, " / / ro,") || sd_said(&d, " / ro,relatime"), "the root is read-only");
    ok(!sd_said(&d, "/dev/vda / /") && !sd_said(&d, "/usr"), "nothing of the host is mounted");
    ok(sd_said(&d, "wharf\nsea\n1\n"), "host name, domain name and sysctl are set");
    ok(sd_said(&d, "fd -> /proc/self/fd") && sd_said(&d, "ptmx -> pts/ptmx"), "links are made");
    ok(sd_said(&d, "1,   3"), "device numbers are right");
    ok(sd_said(&d, "\n3\n0\n1:3:character special file"), "masks: an empty directory, an empty file, the null device");
    ok(sd_said(&d, "touch: /x: Read-only file system"), "writing to the root fails");
    ok(sd_said(&d, "/proc/sys/net/ipv4/ip_forward: Read-only"), "writing to a read-only path fails");
    ok(sd_said(&d, "0027\nnull works\n0x9\nmade 750 7:7\n/dev/null\n"), "umask, device, loopback, directory, stdin");
    sd_free(&d);
}

/* Fallbacks: the same result without openat2, mount_setattr and close_range. */
static void test_fallbacks(void)
{
    sd_new(&d);
    d.plan->features = VL_FEAT_NEW_MOUNT;
    int null = sd_tree(&d, VL_ROLE_NULL, "/dev/null", false);
    int data = sd_tree(&d, VL_ROLE_SOURCE, sd_bundle_root(), false);
    sd_identity(&d, false);
    sd_root(&d);
    usual_mounts();
    struct vl_op *op = sd_op(&d, VL_OP_BIND);
    op->fd[0] = (int16_t)data;
    op->n[0] = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
    vl_op_str(op, 0, "/var/link/deep");
    mask("/proc/version", -1, null);
    mask("/proc/keys", -1, null);
    path_op(VL_OP_READONLY, "/proc/sys");
    op = sd_op(&d, VL_OP_SYSCTL);
    vl_op_str(op, 0, "net/ipv4/ip_forward");
    vl_op_str(op, 1, "1");
    sd_pivot(&d);
    sd_op(&d, VL_OP_ROOT_ATTR)->n[0] = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
    sd_shell(&d, "cat /proc/self/mountinfo; cat /proc/sys/net/ipv4/ip_forward; wc -c < /proc/version; echo fds; ls -l /proc/self/fd | wc -l");
    char outside[128];
    snprintf(outside, sizeof(outside), "%s/var/link", sd_bundle_root());
    sd_link("/data", outside);
    sd_run(&d);
    report("old kernel's ways");
    ok(sd_said(&d, " / /proc rw,nosuid,nodev,noexec,relatime"), "proc without mount_setattr");
    ok(sd_said(&d, " /data/deep ro,nodev,relatime"), "a bind gets its flags by remount, its target through a link of the image");
    ok(sd_said(&d, " /proc/sys ro,nosuid,nodev,noexec,relatime"), "read-only path by remount");
    ok(sd_said(&d, " / ro,nodev,relatime"), "root by remount, after the switch");
    ok(sd_said(&d, "\n1\n0\nfds\n") && sd_said(&d, "\n5\n"), "sysctl, mask, and no descriptor too many");
    (void)unlink(outside);
    sd_free(&d);
}

static void bind_op(int tree, const char *target, uint64_t set, unsigned flags)
{
    struct vl_op *op = sd_op(&d, VL_OP_BIND);
    op->fd[0] = (int16_t)tree;
    op->n[0] = (int64_t)set;
    op->n[5] = flags;
    vl_op_str(op, 0, target);
}

static void test_binds(void)
{
    char file[128], link[128];

    snprintf(file, sizeof(file), "%s/etc/passwd", sd_bundle_root());
    snprintf(link, sizeof(link), "%s/tmp/a-link", sd_bundle_root());
    sd_link("somewhere/else", link);
    sd_new(&d);
    int dir = sd_tree(&d, VL_ROLE_SOURCE, sd_bundle_root(), true);
    int passwd = sd_tree(&d, VL_ROLE_SOURCE, file, false);
    int lnk = sd_desc(&d, VL_ROLE_SOURCE, VL_ACQ_TREE,
                      (int)syscall(__NR_open_tree, AT_FDCWD, link,
                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
    int optional = vl_plan_desc(d.plan, VL_ROLE_SOURCE, VL_KIND_ANY, VL_ACQ_TREE, VL_DESC_OPTIONAL, NULL, NULL);
    sd_identity(&d, false);
    sd_root(&d);
    usual_mounts();
    bind_op(dir, "/data/one/two", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, VL_MNT_RECURSIVE);
    bind_op(passwd, "data/file", MOUNT_ATTR_NOEXEC, 0);
    bind_op(lnk, "/dev/copied", 0, VL_MNT_COPY_SYMLINK);
    bind_op(optional, "/data/not-there", 0, 0);
    struct vl_op *op = sd_op(&d, VL_OP_REMOUNT);
    vl_op_str(op, 0, "/dev/shm");
    op->n[0] = MOUNT_ATTR_RDONLY;
    vl_op_vec(op, 1, (char *[]){(char[]){"size=2048k"}}, 1);
    sd_mount(&d, "tmpfs", "/home", "size=100k", 0, VL_MNT_TMPCOPYUP | VL_MNT_INHERIT_MODE | VL_MNT_LATE_RO);
    d.plan->op[d.plan->n_op - 1].n[0] = MOUNT_ATTR_RDONLY;
    sd_pivot(&d);
    sd_shell(&d, "cat /proc/self/mountinfo; cat data/file; readlink /dev/copied; ls data; stat -c %a:%u:%g /home /home/w;"
                 "cat /home/w/f; readlink /home/w/l; stat -c %F:%t:%T /home/w/null; touch /home/x 2>&1; true");
    char sub[160], p[192];
    snprintf(sub, sizeof(sub), "%s/home/w", sd_bundle_root());
    (void)mkdir(sub, 0750);
    (void)chmod(sub, 0715);
    sd_owner(sub, 3, 4);
    snprintf(p, sizeof(p), "%s/f", sub);
    close(open(p, O_CREAT | O_WRONLY, 0600));
    FILE *f = fopen(p, "w");
    fputs("content\n", f);
    fclose(f);
    snprintf(p, sizeof(p), "%s/l", sub);
    sd_link("f", p);
    snprintf(p, sizeof(p), "%s/null", sub);
    (void)mknod(p, S_IFCHR | 0666, makedev(1, 3));
    snprintf(p, sizeof(p), "%s/home", sd_bundle_root());
    (void)chmod(p, 0711);
    sd_run(&d);
    (void)chmod(p, 0755);
    report("binds");
    ok(sd_said(&d, " /data/one/two ro,nosuid,relatime ") && !sd_said(&d, "shared:"), "a directory: target made, attributes set, no peer of the host");
    ok(sd_said(&d, "/etc/passwd /data/file rw,noexec,relatime"), "a file on a file made for it");
    ok(sd_said(&d, "somewhere/else\n"), "copy-symlink makes the same link");
    ok(!sd_said(&d, "not-there"), "an absent optional source mounts nothing");
    ok(sd_said(&d, " / /dev/shm ro,") && sd_said(&d, "tmpfs rw,size=2048k"), "remount: attributes and options");
    ok(sd_said(&d, "711:0:0\n715:3:4\ncontent\nf\ncharacter special file:1:3\n"), "tmpcopyup copies modes, owners, links, nodes");
    ok(sd_said(&d, " / /home ro,relatime") && sd_said(&d, "touch: /home/x: Read-only"), "read-only after the copy");
    sd_free(&d);
}

static void test_creds(void)
{
    const char *const argv[] = {"/bin/sh", "-c", "grep -E '^(Cap|Groups|Uid|Gid|NoNewPrivs|Seccomp:)' /proc/self/status; "
                                "echo $HOME; pwd; ulimit -n; ulimit -f; stat -c %u:%g .; no-such-program", NULL};
    const char *const env[] = {"PATH=/bin", NULL};
    const uint32_t groups[] = {5, 77};

    sd_new(&d);
    sd_identity(&d, false);
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, 0);
    sd_pivot(&d);
    struct vl_op *op = sd_op(&d, VL_OP_CWD);
    vl_op_str(op, 0, "/data/some/where");
    op->n[0] = 1000;
    op->n[1] = 1000;
    sd_creds(&d, 1000, 1000, 1u << 10 | 1u << 0); /* NET_BIND_SERVICE, CHOWN */
    op = &d.plan->op[d.plan->n_op - 1];
    op->n[0] |= 1u << 3;  /* bounding only */
    op->n[3] = op->n[1];  /* inheritable */
    op->n[4] = 1u << 10;  /* ambient */
    vl_op_blob(op, 0, groups, sizeof(groups));
    sd_op(&d, VL_OP_NNP);
    sd_ready(&d);
    op = sd_op(&d, VL_OP_RLIMIT);
    op->n[0] = RLIMIT_NOFILE;
    op->n[1] = op->n[2] = 19;
    op = sd_op(&d, VL_OP_RLIMIT);
    op->n[0] = RLIMIT_AS;
    op->n[1] = op->n[2] = 64 << 20;
    sd_exec(&d, argv, env);
    d.plan->op[d.plan->n_op - 1].n[0] = 1000;
    sd_run(&d);
    ok(d.execing && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 127, "the shell ran (its last command does not exist)");
    if (d.error.type)
        diag("op %u errno %d detail %u", d.error.op, d.error.err, d.error.detail);
    ok(sd_said(&d, "Uid:\t1000\t1000\t1000\t1000") && sd_said(&d, "Gid:\t1000\t1000\t1000\t1000"), "ids, all four");
    ok(sd_said(&d, "Groups:\t5 77"), "supplementary groups");
    ok(sd_said(&d, "CapInh:\t0000000000000401\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\n"
                   "CapBnd:\t0000000000000409\nCapAmb:\t0000000000000400") , "capability sets after the exec of a user who is not root");
    ok(sd_said(&d, "NoNewPrivs:\t1"), "no new privileges");
    ok(sd_said(&d, "/home/worker\n/data/some/where\n19\n"), "HOME of passwd, working directory, limit");
    ok(sd_said(&d, "\n1000:1000\n"), "a working directory made here belongs to the user");
    sd_free(&d);
}

/* Nothing but stdio reaches the workload, and the right process name, path and parent. */
static void test_identity_seen(void)
{
    const char *const argv[] = {"cat", "/proc/self/cmdline", "/proc/self/environ", "/proc/self/comm", NULL};
    const char *const env[] = {"A=1", "PATH=/nowhere:/bin", "HOME=", "B=2", NULL};

    dup2(0, 3);
    dup2(0, 4);
    sd_new(&d);
    d.plan->preserve_fds = 2;
    sd_identity(&d, false);
    sd_root(&d);
    sd_mount(&d, "proc", "/proc", NULL, PROC_ATTRS, 0);
    sd_pivot(&d);
    sd_creds(&d, 0, 0, 0);
    sd_ready(&d);
    sd_exec(&d, argv, env);
    d.plan->op[d.plan->n_op - 1].n[0] = 0;
    sd_run(&d);
    report("cat");
    static const char want[] = "cat\0/proc/self/cmdline\0/proc/self/environ\0/proc/self/comm\0A=1\0PATH=/nowhere:/bin\0HOME=/root\0B=2\0cat\n";
    ok(d.out_len == sizeof(want) - 1 && memcmp(d.out, want, d.out_len) == 0, "arguments and environment as planned, empty HOME filled in");
    sd_free(&d);
    close(4);

    sd_new(&d);
    d.plan->preserve_fds = 2;
    sd_identity(&d, false);
    sd_root(&d);
    sd_pivot(&d);
    sd_creds(&d, 0, 0, 0);
    sd_ready(&d);
    sd_exec(&d, argv, env);
    sd_run(&d);
    ok(d.error.type == VL_MSG_ERROR && d.error.detail == VL_D_PRESERVE && d.error.a == 4, "a preserved descriptor that is not open is named");
    sd_free(&d);
    close(3);
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
    test_usual();
    test_fallbacks();
    test_binds();
    test_creds();
    test_identity_seen();
    return done_testing();
}
