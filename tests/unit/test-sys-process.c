/* SPDX-License-Identifier: Apache-2.0 */
/* sys/clone, sys/spawn, sys/proc, sys/nsfd. */
#include "sys/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/compat.h"
#include "sys/fd.h"
#include "sys/nsfd.h"
#include "sys/proc.h"
#include "tap.h"

static int shared;

static int set_shared(void *arg)
{
    shared = *(int *)arg;
    return 7;
}

static int use_stack(void *arg)
{
    char buf[40000];
    memset(buf, *(int *)arg, sizeof(buf));
    __asm__ volatile("" : : "r"(buf) : "memory");
    return buf[39999] == 5 ? 0 : 1;
}

static volatile sig_atomic_t handled;

static void handler(int sig)
{
    handled = sig;
}

/* In the child: the parent's handler is gone, what was ignored still is, and everything is blocked.
 */
static int look_at_signals(void *arg)
{
    struct sigaction sa;
    uint64_t mask = 0;
    (void)arg;
    if (sigaction(SIGUSR1, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
        return 1;
    if (sigaction(SIGUSR2, NULL, &sa) < 0 || sa.sa_handler != SIG_IGN)
        return 2;
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) < 0 ||
        (mask | 1u << 8 | 1u << 18) != ~UINT64_C(0))
        return 3;
    vl_child_default_signals();
    if (sigaction(SIGUSR2, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
        return 4;
    vl_child_unmask();
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) < 0 || mask != 0)
        return 5;
    return 0;
}

static int run(int (*fn)(void *), void *arg, uint64_t flags)
{
    struct vl_clone c = {.flags = flags, .cgroup_fd = VL_NOFD, .exit_signal = SIGCHLD};
    struct vl_child child = {0, VL_NOFD};
    struct vl_exit how;
    bool in_cgroup = true;
    child.pid = vl_clone_vm(fn, arg, &c, &child.pidfd, &in_cgroup);
    if (child.pid < 0)
        return child.pid;
    if (child.pidfd < 0 || !(fcntl(child.pidfd, F_GETFD) & FD_CLOEXEC) || in_cgroup)
        return -1000;
    int r = vl_child_wait(&child, 5000, &how);
    return r < 0 ? r : how.signaled ? 1000 + how.value : how.value;
}

static int die(void *arg)
{
    (void)arg;
    vl_child_unmask();
    (void)kill(getpid(), SIGKILL);
    return 0;
}

static void clones(const char *by)
{
    int value = 42, five = 5;
    shared = 0;
    is_int(run(set_shared, &value, 0), 7, "exit status (%s)", by);
    is_int(shared, 42, "memory is shared (%s)", by);
    is_int(run(use_stack, &five, 0), 0, "40 kB of stack (%s)", by);
    is_int(run(die, NULL, 0), 1000 + SIGKILL, "death by signal (%s)", by);
    (void)signal(SIGUSR1, handler);
    (void)signal(SIGUSR2, SIG_IGN);
    is_int(run(look_at_signals, NULL, 0), 0, "signals of the child (%s)", by);
    struct sigaction sa;
    ok(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == handler,
       "the parent's handler stays (%s)", by);
    (void)raise(SIGUSR1);
    is_int(handled, SIGUSR1, "and so does its mask (%s)", by);
    (void)signal(SIGUSR1, SIG_DFL);
    (void)signal(SIGUSR2, SIG_DFL);
    is_int(run(set_shared, &value, CLONE_NEWUSER | CLONE_THREAD), -EINVAL, "errors come back (%s)",
           by);

    struct vl_parked p;
    int r = vl_parked_start(CLONE_NEWUSER | CLONE_NEWUTS, &p);
    if (r == -EPERM || r == -ENOSPC) {
        skip("user namespaces are not allowed (%s)", by);
        return;
    }
    is_int(r, 0, "a parked child (%s)", by);
    int differing = 0;
    is_int(vl_ns_differing(p.child.pid, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS, &differing), 0,
           "compared (%s)", by);
    is_int(differing, CLONE_NEWUSER | CLONE_NEWUTS, "it holds its namespaces (%s)", by);
    pid_t pid = p.child.pid;
    vl_parked_end(&p);
    ok(kill(pid, 0) < 0 && errno == ESRCH, "ended and reaped (%s)", by);
    vl_parked_end(&p);
}

static int run_sh(const char *script, struct vl_spawn *s, int timeout_ms, struct vl_exit *how,
                  char *out, size_t size)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
    s->path = "/bin/sh";
    s->argv = argv;
    enum vl_spawn_step step = 0;
    return vl_spawn_run(s, timeout_ms, how, &step, out, size);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void spawns(const char *by)
{
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_exit how;
    char out[256];
    char *envp[] = {(char *)"X=y", NULL};
    s.envp = envp;
    is_int(run_sh("echo out; echo err >&2; echo $X; exit 3", &s, 5000, &how, out, sizeof(out)), 0,
           "run (%s)", by);
    ok(!how.signaled && how.value == 3, "exit status (%s)", by);
    is_str(out, "out\nerr\ny\n", "both streams, and the environment (%s)", by);
    is_int(run_sh("kill -TERM $$", &s, 5000, &how, NULL, 0), 0, "killed (%s)", by);
    ok(how.signaled && how.value == SIGTERM, "by its signal (%s)", by);
    is_int(run_sh("i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890123456789; "
                  "i=$((i+1)); done",
                  &s, 10000, &how, out, 16),
           0, "more output than fits does not block (%s)", by);
    is_str(out, "012345678901234", "and is cut (%s)", by);
    is_int(run_sh("read x; echo \"<$x>\"", &s, 5000, &how, out, sizeof(out)), 0, "stdin (%s)", by);
    is_str(out, "<>\n", "is /dev/null by default (%s)", by);

    int64_t before = now_ms();
    is_int(run_sh("sleep 20", &s, 80, &how, out, sizeof(out)), -ETIME, "time limit (%s)", by);
    ok(now_ms() - before < 2000, "is kept (%s)", by);
    before = now_ms();
    is_int(run_sh("sleep 20 & echo x", &s, 5000, &how, out, sizeof(out)), 0,
           "a grandchild holds the pipe (%s)", by);
    ok(now_ms() - before < 2000, "and is not waited for (%s)", by);

    enum vl_spawn_step step = 0;
    char *argv[] = {(char *)"x", NULL};
    struct vl_child c;
    s.argv = argv;
    s.path = "/nonexistent";
    is_int(vl_spawn(&s, &c, &step), -ENOENT, "no such program (%s)", by);
    is_int(step, VL_SPAWN_EXEC, "is an error of exec (%s)", by);
    s.path = "/tmp";
    is_int(vl_spawn(&s, &c, &step), -EACCES, "a directory (%s)", by);
    s.path = "/bin/true";
    s.cwd = "/nonexistent";
    is_int(vl_spawn(&s, &c, &step), -ENOENT, "no such cwd (%s)", by);
    is_str(vl_spawn_step_name(step), "chdir", "is an error of chdir (%s)", by);
    ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "no zombie is left (%s)", by);
}

static void descriptors(const char *by)
{
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_exit how;
    char out[256];
    int a[2], b[2];
    (void)vl_pipe(a);
    (void)vl_pipe(b);
    int leak = dup(0); /* not close-on-exec */
    /* Sources and targets overlap crosswise. */
    struct vl_spawn_fd fds[] = {{a[1], b[1]}, {b[1], a[1]}};
    s.fds = fds;
    s.n_fds = 2;
    s.cwd = "/usr";
    char *script =
        vl_asprintf("echo A >&%d; echo B >&%d; pwd; ls /proc/self/fd | tr '\\n' ' '", b[1], a[1]);
    is_int(run_sh(script, &s, 5000, &how, out, sizeof(out)), 0, "run with descriptors (%s)", by);
    free(script);
    char *want = vl_asprintf("/usr\n0 1 2 %d %d %d ", a[1] < b[1] ? 3 : 3, a[1], b[1]);
    ok(vl_starts_with(out, "/usr\n0 1 2 3 "), "in its directory (%s)", by);
    is_str(out, want, "with 0 to 2, ls's own and the two (%s)", by);
    free(want);
    char got[2] = "";
    ok(read(a[0], got, 1) == 1 && got[0] == 'A' && read(b[0], got, 1) == 1 && got[0] == 'B',
       "crossed (%s)", by);
    vl_close(leak);
    for (int i = 0; i < 2; i++) {
        vl_close(a[i]);
        vl_close(b[i]);
    }
    struct vl_spawn t = VL_SPAWN_INIT;
    t.new_session = true;
    is_int(run_sh("set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo leader", &t, 5000, &how, out,
                  sizeof(out)),
           0, "session (%s)", by);
    is_str(out, "leader\n", "is its own (%s)", by);
    cleanup_fd int memfd = vl_memfd_sealed("in", "text\n", 5, false);
    struct vl_spawn u = VL_SPAWN_INIT;
    u.std_fds[0] = memfd;
    is_int(run_sh("cat", &u, 5000, &how, out, sizeof(out)), 0, "given stdin (%s)", by);
    is_str(out, "text\n", "is read (%s)", by);
}

/* A group of our own on cgroup2, removed again. */
static void cgroups(const char *by, bool born)
{
    static const char *const tops[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    char path[100] = "";
    cleanup_fd int cg = VL_NOFD;
    for (size_t i = 0; cg < 0 && i < 2; i++) {
        char *procs = vl_path_join(tops[i], "cgroup.controllers");
        snprintf(path, sizeof(path), "%s/veloci-spawn-%d", tops[i], (int)getpid());
        if (access(procs, F_OK) == 0 && mkdir(path, 0755) == 0)
            cg = vl_open(path, O_RDONLY | O_DIRECTORY);
        free(procs);
    }
    if (cg < 0) {
        skip("no cgroup2 to make a group in (%s)", by);
        return;
    }
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_exit how;
    char out[400], *want = vl_asprintf("veloci-spawn-%d\n", (int)getpid());
    s.cgroup_fd = cg;
    is_int(run_sh("sed -n 's,^0::.*/,,p' /proc/self/cgroup", &s, 5000, &how, out, sizeof(out)), 0,
           "in a cgroup (%s)", by);
    is_str(out, want, "its own (%s)", by);
    free(want);
    struct vl_clone c = {.cgroup_fd = cg, .exit_signal = SIGCHLD};
    struct vl_child child = {0, VL_NOFD};
    int value = 0;
    bool in_cgroup = !born;
    child.pid = vl_clone_vm(set_shared, &value, &c, &child.pidfd, &in_cgroup);
    ok(child.pid > 0 && in_cgroup == born, "born there: %d (%s)", born, by);
    vl_child_kill(&child);
    rmdir(path);
}

static void programs(void)
{
    char *path = NULL;
    ok(vl_find_program("sh", "/nonexistent:/bin:/usr/bin", &path) == 0 && vl_streq(path, "/bin/sh"),
       "found in a list");
    free(path);
    is_int(vl_find_program("sh", "relative:", &path), -ENOENT, "relative entries do not count");
    is_int(vl_find_program("bin", "/:/usr", &path), -ENOENT, "a directory is no program");
    ok(vl_find_program("/bin/sh", "", &path) == 0 && vl_streq(path, "/bin/sh"), "a path stays");
    free(path);
    is_int(vl_find_program("no-such-program-anywhere", NULL, &path), -ENOENT, "nowhere");
}

static void processes(const char *by)
{
    struct vl_proc self = VL_PROC_INIT, p = VL_PROC_INIT;
    is_int(vl_proc_open(getpid(), &self), 0, "ourselves (%s)", by);
    ok(self.start_time > 0 && vl_proc_verify(&self) == 0, "are alive (%s)", by);
    is_int(vl_proc_reopen(getpid(), self.start_time, self.inode, &p), 0, "found again (%s)", by);
    vl_proc_close(&p);
    is_int(vl_proc_reopen(getpid(), self.start_time + 1, self.inode, &p), -ESRCH,
           "another start time (%s)", by);
    if (self.inode != 0)
        is_int(vl_proc_reopen(getpid(), self.start_time, self.inode + 1, &p), -ESRCH,
               "another inode (%s)", by);
    is_int(vl_proc_open(0, &p), -ESRCH, "pid 0 (%s)", by);
    is_int(vl_proc_open(-5, &p), -ESRCH, "a negative pid (%s)", by);
    is_int(vl_proc_open(4194304, &p), -ESRCH, "a pid beyond the limit (%s)", by);
    vl_proc_close(&self);

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    is_int(vl_proc_open(pid, &p), 0, "a child (%s)", by);
    is_int(vl_proc_wait_dead(&p, 30), -ETIME, "lives (%s)", by);
    is_int(vl_proc_signal(&p, 0), 0, "can be asked (%s)", by);
    is_int(vl_proc_signal(&p, SIGTERM), 0, "gets a signal (%s)", by);
    is_int(vl_proc_wait_dead(&p, 5000), 0, "dies (%s)", by);
    is_int(vl_proc_verify(&p), -ESRCH, "a zombie is dead (%s)", by);
    struct vl_proc zombie = VL_PROC_INIT;
    is_int(vl_proc_open(pid, &zombie), 0, "but can be opened (%s)", by);
    is_int(vl_proc_reopen(pid, p.start_time, p.inode, &zombie), -ESRCH, "not as what it was (%s)",
           by);
    vl_proc_close(&zombie);
    struct vl_exit how = {false, 0};
    is_int(vl_proc_reap(&p, 1000, &how), 0, "reaped (%s)", by);
    ok(how.signaled && how.value == SIGTERM, "how it ended (%s)", by);
    is_int(vl_proc_reap(&p, -1, &how), -ECHILD, "only once (%s)", by);
    is_int(vl_proc_signal(&p, SIGTERM), -ESRCH, "no signal for the dead (%s)", by);
    is_int(vl_proc_open(pid, &zombie), -ESRCH, "its pid is free (%s)", by);
    vl_proc_close(&p);
}

static void odd_names(void)
{
    /* A command called ") Z 1 (" must not be taken for fields. */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("/proc/self/comm", O_WRONLY);
        (void)!write(fd, ") Z 1 ( ) R", 11);
        pause();
        _exit(0);
    }
    char comm[17] = "", state = '?';
    uint64_t start = 0;
    pid_t ppid = 0;
    for (int i = 0; i < 500 && !vl_starts_with(comm, ")"); i++) {
        usleep(2000);
        (void)vl_proc_comm(pid, comm);
    }
    is_str(comm, ") Z 1 ( ) R", "comm");
    ok(vl_proc_stat(pid, &state, &start, &ppid) == 0 && (state == 'S' || state == 'R') &&
           ppid == getpid() && start > 0,
       "stat of an odd name");
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void descriptors_of_others(void)
{
    cleanup_fd int pidfd = vl_pidfd_open(getpid());
    int r = vl_pidfd_getfd(pidfd, 1);
    if (r == -ENOSYS || r == -EPERM) {
        skip("pidfd_getfd is not available");
        return;
    }
    struct vl_fd_id a, b;
    ok(r >= 0 && vl_fd_id(r, &a) == 0 && vl_fd_id(1, &b) == 0 && vl_fd_id_same(&a, &b),
       "pidfd_getfd");
    ok((fcntl(r, F_GETFD) & FD_CLOEXEC) != 0, "close-on-exec");
    vl_close(r);
    is_int(vl_pidfd_getfd(pidfd, 9999), -EBADF, "no such descriptor there");
}

static void namespaces(void)
{
    is_str(vl_ns_file(CLONE_NEWNS), "mnt", "file name of a type");
    ok(vl_ns_file(12345) == NULL, "no such type");
    cleanup_fd int net = vl_ns_open(0, CLONE_NEWNET);
    is_int(vl_ns_type(net), CLONE_NEWNET, "type of a descriptor");
    cleanup_fd int by_path = vl_ns_open_path("/proc/self/ns/uts", CLONE_NEWUTS);
    ok(by_path >= 0 && (fcntl(by_path, F_GETFD) & FD_CLOEXEC), "opened by path");
    is_int(vl_ns_open_path("/proc/self/ns/uts", CLONE_NEWNET), -EINVAL, "another type");
    is_int(vl_ns_open_path("/proc/self/status", CLONE_NEWNET), -ENOTTY, "no namespace");
    is_int(vl_ns_open_path("/dev/null", CLONE_NEWNET), -ENOTTY, "a device");
    is_int(vl_ns_open_path("/nonexistent", CLONE_NEWNET), -ENOENT, "nothing");
    cleanup_fd int null = vl_open("/dev/null", O_RDONLY);
    is_int(vl_ns_type(null), -ENOTTY, "type of a device");
    struct vl_ns_id a, b;
    ok(vl_ns_id_of(0, CLONE_NEWNET, &a) == 0 && vl_ns_id_fd(net, &b) == 0 && vl_ns_id_equal(a, b),
       "identity");
    cleanup_fd int owner = vl_ns_owner(net);
    ok(owner == -EPERM || vl_ns_type(owner) == CLONE_NEWUSER, "owner is a user namespace");
    int differing = -1;
    ok(vl_ns_differing(getpid(), ~0, &differing) == 0 && differing == 0,
       "nobody differs from himself");
    is_int(vl_ns_differing(4194304, CLONE_NEWNET, &differing), -ESRCH, "nobody there");
}

int main(void)
{
    static const char *const ways[] = {"clone3", "clone"};
    for (size_t i = 0; i < 2; i++) {
        if (i == 1)
            setenv("VELOCI_DISABLE", "clone3,close_range", 1);
        clones(ways[i]);
        spawns(ways[i]);
        descriptors(ways[i]);
        cgroups(ways[i], i == 0);
    }
    unsetenv("VELOCI_DISABLE");
    programs();
    processes("pidfd");
    setenv("VELOCI_DISABLE", "pidfd_open", 1);
    processes("pid");
    unsetenv("VELOCI_DISABLE");
    odd_names();
    descriptors_of_others();
    namespaces();
    return done_testing();
}
