/* SPDX-License-Identifier: Apache-2.0 */
/* sys/caps, sys/cred, sys/filter, sys/landlock, sys/lsm, sys/rlimit, sys/sched, sys/bpf; changes in
 * children. */
#include "sys/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/attr.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/bpf.h"
#include "sys/compat.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/filter.h"
#include "sys/landlock.h"
#include "sys/lsm.h"
#include "sys/rlimit.h"
#include "sys/sched.h"
#include "tap.h"

static int in_child(int (*f)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f());
    int status = -1;
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static uint64_t from_status(const char *key)
{
    char *text = NULL;
    uint64_t v = ~UINT64_C(0);
    if (vl_slurp_at(AT_FDCWD, "/proc/self/status", 65536, &text, NULL) < 0)
        return v;
    const char *line = strstr(text, key);
    if (line != NULL)
        v = strtoull(line + strlen(key), NULL, 16);
    free(text);
    return v;
}

static int change_caps(void)
{
    struct vl_caps c;
    uint64_t ambient, bounding;
    if (vl_caps_keep_over_exec() < 0 || vl_caps_get(0, &c) < 0 || c.inheritable != c.permitted)
        return 1;
    if (vl_caps_ambient(&ambient) < 0 || ambient != c.permitted ||
        ambient != from_status("CapAmb:"))
        return 2;
    if (vl_caps_ambient_clear() < 0 || vl_caps_ambient(&ambient) < 0 || ambient != 0)
        return 3;
    if (!(c.effective >> CAP_SETPCAP & 1))
        return 100; /* the rest needs privilege */
    uint64_t keep = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_SETPCAP;
    if (vl_caps_bounding_drop(keep) < 0 || vl_caps_bounding(&bounding, NULL) < 0 ||
        (bounding & ~keep) != 0)
        return 4;
    struct vl_caps few = {UINT64_C(1) << CAP_CHOWN,
                          UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_KILL, 0};
    if (vl_caps_set(&few) < 0 || from_status("CapEff:") != few.effective ||
        from_status("CapPrm:") != few.permitted)
        return 5;
    struct vl_caps more = {UINT64_C(1) << CAP_SYS_ADMIN, UINT64_C(1) << CAP_SYS_ADMIN, 0};
    return vl_caps_set(&more) == -EPERM ? 100 : 6;
}

static void capabilities(void)
{
    struct vl_caps c;
    uint64_t bounding;
    int last;
    ok(vl_caps_get(0, &c) == 0 && c.effective == from_status("CapEff:") &&
           c.permitted == from_status("CapPrm:") && c.inheritable == from_status("CapInh:"),
       "sets are those of /proc");
    ok(vl_caps_bounding(&bounding, &last) == 0 && bounding == from_status("CapBnd:"),
       "bounding set");
    is_int(vl_caps_last(), last, "the last one");
    is_int(in_child(change_caps), 100, "changing them");
}

static int change_cred(void)
{
    if (vl_set_no_new_privs() < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    if (vl_set_dumpable(false) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 2;
    if (vl_set_subreaper(true) < 0 || !vl_get_subreaper())
        return 3;
    if (vl_set_pdeathsig(SIGKILL) < 0 || vl_set_keepcaps(true) < 0)
        return 4;
    if (geteuid() != 0)
        return vl_set_groups(NULL, 0) == -EPERM && vl_set_uid(geteuid()) == 0 ? 100 : 5;
    gid_t groups[] = {5, 6}, got[4];
    if (vl_set_groups(groups, 2) < 0 || getgroups(4, got) != 2 || got[0] != 5)
        return 6;
    if (vl_set_gid(1234) < 0 || vl_set_uid(1235) < 0 || getegid() != 1234 || getuid() != 1235)
        return 7;
    return vl_set_uid(0) == -EPERM ? 100 : 8;
}

static int load_filter(void)
{
    struct sock_filter deny_getppid[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    if (vl_set_no_new_privs() < 0 || vl_filter_load(deny_getppid, 0, 0) != -EINVAL)
        return 1;
    if (vl_filter_load(deny_getppid, 4, 0) != 0)
        return 2;
    if (syscall(SYS_getppid) != -1 || errno != EXDEV)
        return 3;
    if (!vl_filter_action_available(SECCOMP_RET_USER_NOTIF))
        return 100;
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    int fd = vl_filter_load(allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    return fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) ? 100 : 4;
}

static void filters(void)
{
    if (!vl_filter_available()) {
        skip("no seccomp");
        return;
    }
    ok(vl_filter_action_available(SECCOMP_RET_ALLOW), "ALLOW is there");
    ok(!vl_filter_action_available(0x12340000), "a made-up action is not");
    uint32_t flags = vl_filter_flags();
    ok((flags & SECCOMP_FILTER_FLAG_TSYNC) && (flags & SECCOMP_FILTER_FLAG_LOG), "flags: %x",
       flags);
    is_int(prctl(PR_GET_SECCOMP), 0, "asking installs nothing");
    is_int(in_child(load_filter), 100, "a filter filters, a listener listens");
}

static int restrict_self(void)
{
    enum { READ_FILE = 1 << 2 };
    cleanup_fd int proc = vl_open("/proc", O_PATH);
    cleanup_fd int rules = vl_landlock_create(READ_FILE, 0, 0);
    if (rules < 0 || !(fcntl(rules, F_GETFD) & FD_CLOEXEC))
        return 1;
    if (vl_landlock_add_path(rules, proc, READ_FILE) < 0 || vl_set_no_new_privs() < 0)
        return 2;
    if (vl_landlock_restrict_self(rules, 0) < 0)
        return 3;
    if (vl_open("/etc/passwd", O_RDONLY) != -EACCES)
        return 4;
    return vl_open("/proc/self/status", O_RDONLY) >= 0 ? 100 : 5;
}

static void landlock(void)
{
    int abi = vl_landlock_abi();
    if (abi < 0) {
        skip("no Landlock: %s", strerror(-abi));
        return;
    }
    diag("Landlock ABI %d, errata %x", abi, vl_landlock_errata());
    is_int(in_child(restrict_self), 100, "a rule set restricts");
    if (abi >= 4) {
        cleanup_fd int rules = vl_landlock_create(0, 1, 0);
        is_int(vl_landlock_add_port(rules, 80, 1), 0, "a port");
    }
    setenv("VELOCI_DISABLE", "landlock", 1);
    is_int(vl_landlock_abi(), -ENOSYS, "switched off");
    unsetenv("VELOCI_DISABLE");
}

static void modules(void)
{
    diag("AppArmor %d, SELinux %d", vl_lsm_apparmor(), vl_lsm_selinux());
    ok(access("/sys/module/apparmor", F_OK) == 0 || !vl_lsm_apparmor(),
       "AppArmor only where its module is");
    ok(access("/sys/fs/selinux/enforce", F_OK) == 0 || !vl_lsm_selinux(),
       "SELinux only where its files are");
    ok(vl_lsm_apparmor_profile("no such profile") < 0, "an unknown profile");
}

static int change_limits(void)
{
    uint64_t soft, hard;
    if (vl_rlimit_get(0, RLIMIT_NOFILE, &soft, &hard) < 0)
        return 1;
    if (vl_rlimit_set(0, RLIMIT_NOFILE, 33, hard) < 0 ||
        vl_rlimit_get(getpid(), RLIMIT_NOFILE, &soft, &hard) < 0 || soft != 33)
        return 2;
    if (vl_rlimit_set(0, RLIMIT_CORE, 5, 4) != -EINVAL || vl_rlimit_set(0, 99, 1, 1) != -EINVAL)
        return 3;
    struct rlimit l;
    if (vl_rlimit_set(0, RLIMIT_CPU, UINT64_MAX, UINT64_MAX) < 0 || getrlimit(RLIMIT_CPU, &l) < 0 ||
        l.rlim_cur != RLIM_INFINITY)
        return 4;
    return 100;
}

static int change_scheduling(void)
{
    int own = getpriority(PRIO_PROCESS, 0); /* an ordinary user cannot go below it */
    struct vl_sched_attr batch = {.policy = SCHED_BATCH, .nice = own > 5 ? own : 5}, got = {0};
    if (vl_sched_set(0, &batch) < 0 || vl_sched_get(0, &got) < 0 || got.policy != SCHED_BATCH ||
        got.nice != batch.nice)
        return 1;
    struct vl_sched_attr bad = {.policy = 77};
    if (vl_sched_set(0, &bad) != -EINVAL)
        return 2;
    int class = -1, level = -1;
    if (vl_ioprio_set(0, 2, 6) < 0 || vl_ioprio_get(0, &class, &level) < 0 || class != 2 ||
        level != 6)
        return 3;
    if (vl_ioprio_set(0, 2, 8) != -EINVAL)
        return 4;
    unsigned long mask[16] = {0};
    if (vl_sched_get_affinity(0, mask, sizeof(mask)) < 0 || mask[0] == 0)
        return 5;
    mask[0] &= -mask[0]; /* the first processor alone */
    unsigned long now[16] = {0};
    if (vl_sched_set_affinity(0, mask, sizeof(mask)) < 0 ||
        vl_sched_get_affinity(0, now, sizeof(now)) < 0 || now[0] != mask[0])
        return 6;
    return 100;
}

static void programs(const char *how)
{
    /* r0 = 1; exit */
    static const struct bpf_insn allow[] = {{.code = 0xb7, .imm = 1}, {.code = 0x95}};
    static const struct bpf_insn broken[] = {{.code = 0x95}};
    char log[2000] = "x";
    cleanup_fd int prog = vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, allow, 2,
                                      "GPL", "veloci_test", log, sizeof(log));
    if (prog < 0) {
        skip("programs cannot be loaded here: %s", strerror(-prog));
        return;
    }
    ok((fcntl(prog, F_GETFD) & FD_CLOEXEC) && vl_streq(log, ""), "loaded (%s)", how);
    uint32_t id = 0;
    ok(vl_bpf_prog_id(prog, &id) == 0 && id > 0, "has an id (%s)", how);
    cleanup_fd int again = vl_bpf_prog_by_id(id);
    uint32_t same = 0;
    ok(again >= 0 && vl_bpf_prog_id(again, &same) == 0 && same == id, "found by it (%s)", how);
    int r = vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, broken, 1, "GPL", NULL, log,
                        sizeof(log));
    ok(r < 0 && strstr(log, "R0") != NULL, "the verifier says what is wrong (%s)", how);
}

/* A cgroup of our own below where we are, removed again. */
static void attachment(void)
{
    static const struct bpf_insn allow[] = {{.code = 0xb7, .imm = 1}, {.code = 0x95}};
    static const char *const tops[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    char path[100] = "";
    cleanup_fd int cg = VL_NOFD;
    for (size_t i = 0; cg < 0 && i < 2; i++) {
        char *controllers = vl_path_join(tops[i], "cgroup.controllers");
        snprintf(path, sizeof(path), "%s/veloci-test-%d", tops[i], (int)getpid());
        if (access(controllers, F_OK) == 0 && mkdir(path, 0755) == 0)
            cg = vl_open(path, O_RDONLY | O_DIRECTORY);
        free(controllers);
    }
    if (cg < 0) {
        skip("no cgroup2 to make a group in");
        return;
    }
    cleanup_fd int a =
        vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, allow, 2, "GPL", "a", NULL, 0);
    cleanup_fd int b =
        vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, allow, 2, "GPL", "b", NULL, 0);
    uint32_t *ids = NULL, id = 0;
    size_t n = 9;
    int r = a < 0 ? a : vl_bpf_cgroup_attach(cg, a, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI, VL_NOFD);
    if (r < 0) {
        skip("programs cannot be attached here: %s", strerror(-r));
    } else {
        ok(vl_bpf_prog_id(a, &id) == 0 &&
               vl_bpf_cgroup_query(cg, BPF_CGROUP_DEVICE, &ids, &n) == 0 && n == 1 && ids[0] == id,
           "attached and found");
        free(ids);
        is_int(vl_bpf_cgroup_attach(cg, b, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI, a), 0, "replaced");
        ids = NULL;
        ok(vl_bpf_prog_id(b, &id) == 0 &&
               vl_bpf_cgroup_query(cg, BPF_CGROUP_DEVICE, &ids, &n) == 0 && n == 1 && ids[0] == id,
           "by the other");
        free(ids);
        is_int(vl_bpf_cgroup_detach(cg, b, BPF_CGROUP_DEVICE), 0, "detached");
        ids = NULL;
        ok(vl_bpf_cgroup_query(cg, BPF_CGROUP_DEVICE, &ids, &n) == 0 && n == 0, "none left");
        free(ids);
    }
    rmdir(path);
}

/* In a mount namespace with a bpf file system of its own. */
static int pin(void)
{
    static const struct bpf_insn allow[] = {{.code = 0xb7, .imm = 1}, {.code = 0x95}};
    char dir[] = "/tmp/veloci-test-XXXXXX";
    cleanup_fd int prog =
        vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, allow, 2, "GPL", "p", NULL, 0);
    if (prog < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 77;
    if (mkdtemp(dir) == NULL || mount("bpf", dir, "bpf", 0, NULL) < 0) {
        rmdir(dir);
        return 77;
    }
    char *path = vl_path_join(dir, "p");
    int r = vl_bpf_pin(prog, path);
    int again = vl_bpf_get(path);
    uint32_t a = 0, b = 1;
    int result = r == 0 && again >= 0 && (fcntl(again, F_GETFD) & FD_CLOEXEC) &&
                         vl_bpf_prog_id(prog, &a) == 0 && vl_bpf_prog_id(again, &b) == 0 &&
                         a == b && vl_bpf_pin(prog, path) == -EEXIST
                     ? 100
                     : 1;
    vl_close(again);
    umount2(dir, MNT_DETACH);
    rmdir(dir);
    free(path);
    return result;
}

static void pinning(void)
{
    int r = in_child(pin);
    if (r == 77)
        skip("no bpf file system to pin in");
    else
        is_int(r, 100, "pinned and got back");
}

int main(void)
{
    capabilities();
    is_int(in_child(change_cred), 100, "ids and attributes");
    filters();
    landlock();
    modules();
    is_int(in_child(change_limits), 100, "resource limits");
    is_int(in_child(change_scheduling), 100, "scheduling");
    programs("directly");
    setenv("VELOCI_DISABLE", "bpf_memlock", 1);
    programs("by a child without a memory limit");
    unsetenv("VELOCI_DISABLE");
    attachment();
    pinning();
    return done_testing();
}
