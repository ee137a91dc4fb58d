/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the real veloci-stage says when something is wrong: each case breaks one thing of a good plan, or puts a trap
 * into the root file system, and names the error that must come: operation, errno, detail. No case may reach the
 * workload. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stage-driver.h"
#include "sys/compat.h"
#include "tap.h"

static struct sd d;
static const char *const default_argv[] = {"true", NULL};
static const char *const *argv = default_argv;

static const char *in_root(const char *path)
{
    static char full[256];
    snprintf(full, sizeof(full), "%s/%s", sd_bundle_root(), path);
    return full;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(in_root(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        diag("%s: not written", path);
    close(fd);
    (void)chmod(in_root(path), mode);
}

static struct vl_op *last(void)
{
    return &d.plan->op[d.plan->n_op - 1];
}

static int source(const char *path)
{
    return sd_tree(&d, VL_ROLE_SOURCE, path, false);
}

/* -- visibility: each adds the operation that fails ------------------------------------------------- */

static void proc_on_link(void)
{
    sd_link("/etc", in_root("linked"));
    sd_mount(&d, "proc", "/linked", NULL, 0, VL_MNT_REAL_DIR);
}

static void proc_on_file(void)
{
    sd_mount(&d, "proc", "/etc/passwd", NULL, 0, VL_MNT_REAL_DIR);
}

static void proc_through_link(void)
{
    sd_mount(&d, "proc", "/linked/new", NULL, 0, VL_MNT_REAL_DIR);
}

static void unknown_type(void)
{
    sd_mount(&d, "nosuchfs", "/data", NULL, 0, 0);
}

static void bad_option(void)
{
    sd_mount(&d, "tmpfs", "/data", "mode=755,size=64x,uid=0", 0, 0);
}

static void tmpfs_on_file(void)
{
    sd_mount(&d, "tmpfs", "/etc/passwd", NULL, 0, 0);
}

static void bind(const char *from, const char *to, unsigned flags)
{
    int i = source(from);
    struct vl_op *op = sd_op(&d, VL_OP_BIND);
    op->fd[0] = (int16_t)i;
    op->n[5] = flags;
    vl_op_str(op, 0, to);
}

static void dir_on_file(void)
{
    bind(sd_bundle_root(), "/etc/passwd", 0);
}

static void file_on_dir(void)
{
    bind(in_root("etc/passwd"), "/data", 0);
}

static void wrong_identity(void)
{
    bind(in_root("etc/passwd"), "/data/p", 0);
    d.ident[last()->fd[0]].ino++;
}

static void wrong_kind(void)
{
    bind(in_root("etc/passwd"), "/data/p", 0);
    d.plan->desc[last()->fd[0]].kind = VL_KIND_DIR;
}

static void link_loop(void)
{
    sd_link("loop-b", in_root("loop-a"));
    sd_link("loop-a", in_root("loop-b"));
    bind(sd_bundle_root(), "/loop-a/x", 0);
}

static void device_exists(void)
{
    (void)mknod(in_root("dev/odd"), S_IFCHR | 0666, makedev(1, 5));
    struct vl_op *op = sd_op(&d, VL_OP_DEVICE);
    vl_op_str(op, 0, "/dev/odd");
    op->n[0] = S_IFCHR;
    op->n[1] = 1;
    op->n[2] = 3;
}

static void link_exists(void)
{
    struct vl_op *op = sd_op(&d, VL_OP_SYMLINK);
    vl_op_str(op, 0, "elsewhere");
    vl_op_str(op, 1, "/linked");
}

/* The null device of the plan is a regular file: it must not cover anything (CVE-2025-31133). */
static void false_null(void)
{
    int i = sd_tree(&d, VL_ROLE_NULL, in_root("etc/passwd"), false);
    struct vl_op *op = sd_op(&d, VL_OP_MASK);
    op->fd[1] = (int16_t)i;
    vl_op_str(op, 0, "/etc/passwd");
}

/* A sysctl whose path leads out of /proc/sys (CVE-2025-52881 class). */
static void sysctl_escapes(void)
{
    struct vl_op *op = sd_op(&d, VL_OP_SYSCTL);
    vl_op_str(op, 0, "../../etc/passwd");
    vl_op_str(op, 1, "1");
}

static void no_devpts(void)
{
    sd_mount(&d, "tmpfs", "/dev", NULL, 0, 0);
    sd_op(&d, VL_OP_CONSOLE);
}

/* dev/pts/ptmx of the image is some other device: the terminal must come from a devpts (CVE-2025-52565 class). */
static void false_ptmx(void)
{
    (void)mkdir(in_root("dev/pts"), 0755);
    (void)mknod(in_root("dev/pts/ptmx"), S_IFCHR | 0666, makedev(5, 2));
    sd_op(&d, VL_OP_CONSOLE);
}

static void hook(const char *path, int64_t timeout_ms)
{
    struct vl_op *op = sd_op(&d, VL_OP_HOOK);
    op->n[0] = VL_HOOK_CREATE_CONTAINER;
    op->n[1] = timeout_ms;
    op->n[2] = 7;
    op->n[3] = 10;
    vl_op_str(op, 0, path);
    vl_op_str(op, 3, "{\"pid\":          }");
}

static void hook_missing(void)
{
    hook("/no/such/hook", 0);
}

static void hook_fails(void)
{
    hook("/bin/false", 0);
}

static void hook_hangs(void)
{
    hook(in_root("bin/sleepy"), 60);
}

/* -- ambient and confinement --------------------------------------------------------------------------- */

static void label_no_module(void)
{
    struct vl_op *op = sd_op(&d, VL_OP_LABEL);
    op->n[0] = VL_LSM_SELINUX;
    vl_op_str(op, 0, "system_u:system_r:no_such_t:s0");
}

/* A descriptor of a host directory as working directory (CVE-2024-21626). */
static void cwd_is_descriptor(void)
{
    char path[32];
    int i = sd_desc(&d, VL_ROLE_SOURCE, VL_ACQ_OPEN, open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", d.ident[i].fd);
    struct vl_op *op = sd_op(&d, VL_OP_CWD);
    op->n[0] = -1;
    vl_op_str(op, 0, path);
}

static void cwd_is_file(void)
{
    vl_op_str(sd_op(&d, VL_OP_CWD), 0, "/etc/passwd/x");
}

static void bad_filter(void)
{
    static const uint64_t nonsense = 0xffffffffffffffffu;
    vl_op_blob(sd_op(&d, VL_OP_SECCOMP), 0, &nonsense, sizeof(nonsense));
}

/* -- the program ----------------------------------------------------------------------------------------- */

#define ARGV(name, ...)                                                                            \
    static void name(void)                                                                         \
    {                                                                                              \
        static const char *const v[] = {__VA_ARGS__, NULL};                                        \
        argv = v;                                                                                  \
    }
ARGV(exec_missing, "/nope")
ARGV(exec_missing_in_path, "nope")
ARGV(exec_directory, "/etc")
ARGV(exec_through_file, "/etc/passwd/x")
ARGV(exec_not_executable, "/etc/passwd")
ARGV(exec_not_executable_in_path, "plain")
ARGV(exec_no_interpreter, "/bin/orphan")
ARGV(exec_empty, "")
ARGV(exec_format, "/bin/garbage")

/* -- table ------------------------------------------------------------------------------------------------ */

static const struct fail_case {
    const char *name;
    int place; /* 0 before the root switch, 1 in the ambient phase, 2 the program */
    void (*prepare)(void);
    unsigned code; /* operation named, 0 = none */
    enum vl_detail detail;
    int err;
    int64_t a;
} cases[] = {
    {"proc on a symbolic link", 0, proc_on_link, VL_OP_MOUNT, VL_D_TARGET_SYMLINK, ELOOP, 0},
    {"proc on a file", 0, proc_on_file, VL_OP_MOUNT, VL_D_TARGET_SYMLINK, ENOTDIR, -1},
    {"proc below a symbolic link", 0, proc_through_link, VL_OP_MOUNT, VL_D_TARGET_SYMLINK, ELOOP, 0},
    {"unknown file system", 0, unknown_type, VL_OP_MOUNT, VL_D_FSOPEN, ENODEV, 0},
    {"bad option", 0, bad_option, VL_OP_MOUNT, VL_D_FS_OPTION, EINVAL, 1},
    {"file system on a file", 0, tmpfs_on_file, VL_OP_MOUNT, VL_D_TARGET_TYPE, ENOTDIR, -1},
    {"directory on a file", 0, dir_on_file, VL_OP_BIND, VL_D_TARGET_TYPE, ENOTDIR, -1},
    {"file on a directory", 0, file_on_dir, VL_OP_BIND, VL_D_TARGET_TYPE, EISDIR, -1},
    {"descriptor of another file", 0, wrong_identity, 0, VL_D_DESC_IDENTITY, ESTALE, 1},
    {"descriptor of another kind", 0, wrong_kind, 0, VL_D_DESC_IDENTITY, ENXIO, 1},
    {"target in a loop of links", 0, link_loop, VL_OP_BIND, VL_D_TARGET_OPEN, ELOOP, 0},
    {"another device is there", 0, device_exists, VL_OP_DEVICE, VL_D_DEVICE_MISMATCH, EEXIST, 0},
    {"another link is there", 0, link_exists, VL_OP_SYMLINK, VL_D_SYMLINK, EEXIST, 0},
    {"null device that is none", 0, false_null, VL_OP_MASK, VL_D_DEVICE_MISMATCH, ENODEV, 0},
    {"sysctl that leads elsewhere", 0, sysctl_escapes, VL_OP_SYSCTL, VL_D_PROC_FILE, EXDEV, 0},
    {"console without devpts", 0, no_devpts, VL_OP_CONSOLE, VL_D_PTMX, ENODEV, 0},
    {"console with the image's ptmx", 0, false_ptmx, VL_OP_CONSOLE, VL_D_PTMX, ENODEV, 0},
    {"missing hook", 0, hook_missing, VL_OP_HOOK, VL_D_HOOK_SPAWN, ENOENT, 0},
    {"failing hook", 0, hook_fails, VL_OP_HOOK, VL_D_HOOK_STATUS, ECHILD, 0x100},
    {"hanging hook", 0, hook_hangs, VL_OP_HOOK, VL_D_HOOK_TIMEOUT, ETIMEDOUT, 0},
    {"label without a module", 1, label_no_module, VL_OP_LABEL, VL_D_WRITE, EINVAL, 0},
    {"working directory of the host", 1, cwd_is_descriptor, VL_OP_CWD, VL_D_CWD_OUTSIDE, ENOENT, 0},
    {"working directory below a file", 1, cwd_is_file, VL_OP_CWD, VL_D_CHDIR, ENOTDIR, 0},
    {"filter that the kernel refuses", 1, bad_filter, VL_OP_SECCOMP, VL_D_NONE, EINVAL, 0},
    {"missing program", 2, exec_missing, VL_OP_RESOLVE, VL_D_EXEC_NOT_FOUND, ENOENT, 0},
    {"program not in PATH", 2, exec_missing_in_path, VL_OP_RESOLVE, VL_D_EXEC_NOT_FOUND, ENOENT, 1},
    {"program is a directory", 2, exec_directory, VL_OP_RESOLVE, VL_D_EXEC_DIR, EISDIR, 0},
    {"program below a file", 2, exec_through_file, VL_OP_RESOLVE, VL_D_EXEC_NOT_FOUND, ENOTDIR, 0},
    {"program not executable", 2, exec_not_executable, VL_OP_RESOLVE, VL_D_EXEC_PERM, EACCES, 0},
    {"program in PATH not executable", 2, exec_not_executable_in_path, VL_OP_RESOLVE, VL_D_EXEC_PERM, EACCES, 1},
    {"interpreter missing", 2, exec_no_interpreter, VL_OP_RESOLVE, VL_D_EXEC_INTERP, ENOENT, 0},
    {"empty program name", 2, exec_empty, VL_OP_RESOLVE, VL_D_EXEC_NOT_FOUND, ENOENT, 0},
    {"no program at all", 2, exec_format, VL_OP_EXEC, VL_D_EXEC_FORMAT, ENOEXEC, 0},
};

static void build(const struct fail_case *c)
{
    const char *const env[] = {"PATH=/bin", "HOME=/", NULL};

    sd_new(&d);
    argv = default_argv;
    int root = sd_tree(&d, VL_ROLE_ROOT, sd_bundle_root(), true);
    sd_identity(&d, false);
    sd_root(&d);
    (void)root;
    sd_mount(&d, "proc", "/proc", NULL, 0, VL_MNT_KEEP_PROC);
    if (c->place == 0)
        c->prepare();
    sd_pivot(&d);
    if (c->place == 1)
        c->prepare();
    if (c->place == 2)
        c->prepare();
    sd_creds(&d, 1000, 1000, 0);
    sd_ready(&d);
    sd_exec(&d, argv, env);
}

static void run_case(const struct fail_case *c)
{
    build(c);
    sd_run(&d);
    unsigned code = d.error.op < d.plan->n_op ? d.plan->op[d.error.op].code : 0;
    bool right = d.error.type == VL_MSG_ERROR && code == c->code && d.error.detail == (uint32_t)c->detail &&
                 d.error.err == c->err && (c->a == -1 || d.error.a == c->a);
    ok(right && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 1, "%s", c->name);
    if (!right)
        diag("type %u code %u detail %u errno %d a %lld; executed %d status %x: %s", d.error.type, code, d.error.detail,
             d.error.err, (long long)d.error.a, d.execing, d.status, d.out);
    sd_free(&d);
}

static void test_plan_itself(void)
{
    static const struct fail_case none = {.place = 3};

    build(&none);
    d.unsealed = true;
    sd_run(&d);
    ok(d.error.type == VL_MSG_ERROR && d.error.detail == VL_D_PLAN && d.error.err == EPERM, "a plan that could still be changed is refused");
    sd_free(&d);

    build(&none);
    d.plan->op[d.plan->n_op - 1].n[1] = 5; /* argc */
    sd_run(&d);
    ok(d.error.type == VL_MSG_ERROR && d.error.detail == VL_D_PLAN && d.error.a == 9 /* VL_WIRE_BAD_OP */ &&
           d.error.b == (int64_t)d.plan->n_op - 1, "a plan with a wrong operation is refused, the operation named");
    sd_free(&d);

    build(&none);
    d.stop_at_ready = true;
    sd_launch(&d);
    sd_serve(&d);
    ok(d.ready, "a good plan gets ready");
    close(d.chan);
    d.chan = -1;
    sd_finish(&d);
    ok(!d.execing && WIFEXITED(d.status) && WEXITSTATUS(d.status) == 1, "the stage ends with veloci before COMMIT");
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
    put_file("bin/plain", "no program", 0644);
    put_file("bin/orphan", "#!/no/such/interpreter\n", 0755);
    put_file("bin/garbage", "\001\002\003\004", 0755);
    put_file("bin/sleepy", "#!/bin/sh\nexec sleep 100\n", 0755);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        run_case(&cases[i]);
    test_plan_itself();
    return done_testing();
}
