/* SPDX-License-Identifier: Apache-2.0 */
/* sys/fd, sys/scm, sys/sockets, sys/sigs, sys/tty. */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "base/mem.h"
#include "base/str.h"
#include "sys/compat.h"
#include "sys/scm.h"
#include "sys/sigs.h"
#include "sys/sockets.h"
#include "sys/tty.h"
#include "tap.h"

static bool cloexec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void basics(void)
{
    cleanup_fd int fd = vl_open("/proc/self/status", O_RDONLY);
    ok(fd >= 0 && cloexec(fd), "opened close-on-exec");
    is_int(vl_open("/nonexistent", O_RDONLY), -ENOENT, "errno is returned");
    cleanup_fd int up = vl_fd_dup_above(fd, 50);
    ok(up >= 50 && cloexec(up), "duplicated above a floor");
    ok(vl_fd_set_cloexec(up, false) == 0 && !cloexec(up), "mark taken off");
    char path[VL_PROC_FD_MAX];
    vl_proc_fd_path(path, 1234567890);
    is_str(path, "/proc/self/fd/1234567890", "path of a descriptor");
    vl_proc_fd_path(path, 0);
    is_str(path, "/proc/self/fd/0", "path of descriptor 0");
    char *target = NULL;
    cleanup_fd int dir = vl_open("/tmp", O_PATH | O_DIRECTORY);
    ok(vl_fd_path(dir, &target) == 0 && vl_streq(target, "/tmp"), "where a descriptor is");
    free(target);
    cleanup_fd int again = vl_fd_reopen(dir, O_RDONLY | O_DIRECTORY);
    ok(again >= 0 && cloexec(again) && !(fcntl(again, F_GETFL) & O_PATH),
       "O_PATH reopened for reading");
    is_int(vl_fd_reopen(-1, O_RDONLY), -EBADF, "nothing to reopen");
    struct vl_fd_id a, b;
    ok(vl_fd_id(dir, &a) == 0 && vl_fd_id(again, &b) == 0 && vl_fd_id_same(&a, &b), "same object");
    ok(vl_fd_id(fd, &b) == 0 && !vl_fd_id_same(&a, &b), "another object");
    int ends[2];
    ok(vl_pipe(ends) == 0 && cloexec(ends[0]) && cloexec(ends[1]), "pipe");
    ok(vl_fd_set_nonblock(ends[0], true) == 0 && (fcntl(ends[0], F_GETFL) & O_NONBLOCK),
       "non-blocking");
    vl_close(ends[0]);
    vl_close(ends[1]);
}

/* In a child: marks or closes from 40 on, then says what became of 39 and 41. */
static int range_child(bool close_it)
{
    int fd = open("/dev/null", O_RDONLY);
    if (dup2(fd, 39) < 0 || dup2(fd, 41) < 0 || dup2(fd, 900) < 0)
        return 1;
    int r = close_it ? vl_close_from(40) : vl_cloexec_from(40);
    if (r < 0)
        return 2;
    if (fcntl(39, F_GETFD) != 0)
        return 3;
    int want = close_it ? -1 : FD_CLOEXEC;
    return fcntl(41, F_GETFD) == want && fcntl(900, F_GETFD) == want ? 0 : 4;
}

static int in_child(int (*f)(bool), bool arg)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f(arg));
    int status = -1;
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

static void ranges(const char *how)
{
    is_int(in_child(range_child, true), 0, "close from 40 on (%s)", how);
    is_int(in_child(range_child, false), 0, "close-on-exec from 40 on (%s)", how);
}

static void memory_files(void)
{
    char buf[8] = "";
    cleanup_fd int fd = vl_memfd_sealed("test", "content", 8, false);
    ok(fd >= 0 && cloexec(fd), "a sealed file");
    ok(read(fd, buf, 8) == 8 && vl_streq(buf, "content"), "is positioned at its start");
    is_int(vl_memfd_check_seals(fd), 0, "its seals are complete");
    ok(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM, "cannot be written");
    ok(ftruncate(fd, 0) < 0 && errno == EPERM, "cannot shrink");
    ok(ftruncate(fd, 100) < 0 && errno == EPERM, "cannot grow");
    ok(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC) < 0, "takes no more seals");
    cleanup_fd int open_file =
        vl_memfd_new("a name that is much longer than what the kernel would take, really "
                     "much, much, much, much, much longer than two hundred and fifty bytes",
                     false);
    ok(open_file >= 0, "a long name is cut");
    is_int(vl_memfd_check_seals(open_file), -EPERM, "an open file lacks seals");
    (void)fcntl(open_file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
    is_int(vl_memfd_check_seals(open_file), -EPERM, "also when only SEAL is missing");
    cleanup_fd int plain = vl_open("/proc/self/status", O_RDONLY);
    is_int(vl_memfd_check_seals(plain), -EINVAL, "no memfd at all");

    cleanup_fd int exec = vl_memfd_sealed("script", "#!/bin/sh\nexit 42\n", 18, true);
    if (exec == -EACCES) {
        skip("vm.memfd_noexec is 2");
        return;
    }
    struct stat st;
    ok(exec >= 0 && fstat(exec, &st) == 0 && (st.st_mode & 0777) == 0555,
       "an executable one, mode 0555");
    is_int(vl_memfd_check_seals(exec), 0, "is sealed too");
    int seals = fcntl(exec, F_GET_SEALS);
    if (seals & F_SEAL_EXEC)
        ok(fchmod(exec, 0644) < 0 && errno == EPERM, "its mode is sealed");
    else
        skip("F_SEAL_EXEC needs Linux 6.3");
}

static void messages(void)
{
    int s[2], fds[2];
    char buf[16];
    struct vl_scm_msg m;
    is_int(vl_socketpair(SOCK_SEQPACKET, s), 0, "a pair");
    (void)vl_pipe(fds);
    is_int(vl_scm_send(s[0], "hello", 5, fds, 2), 0, "send two descriptors");
    is_int(vl_scm_recv(s[1], buf, sizeof(buf), 2, &m), 0, "receive");
    ok(m.len == 5 && m.n_fds == 2 && m.pid == 0 && memcmp(buf, "hello", 5) == 0,
       "message and descriptors");
    ok(cloexec(m.fds[0]) && cloexec(m.fds[1]), "close-on-exec");
    struct vl_fd_id a, b;
    (void)vl_fd_id(fds[1], &a);
    (void)vl_fd_id(m.fds[1], &b);
    ok(vl_fd_id_same(&a, &b), "in order");
    int taken = vl_scm_take(&m, 0);
    vl_scm_close(&m);
    ok(fcntl(taken, F_GETFD) >= 0 && m.n_fds == 0, "a taken one stays open");
    vl_close(taken);

    int before = vl_fd_dup_above(0, 3);
    vl_close(before);
    (void)vl_scm_send(s[0], "hello", 5, fds, 2);
    is_int(vl_scm_recv(s[1], buf, sizeof(buf), 1, &m), -EBADMSG, "more descriptors than allowed");
    (void)vl_scm_send(s[0], "hello", 5, fds, 1);
    is_int(vl_scm_recv(s[1], buf, 4, 1, &m), -EMSGSIZE, "a longer message than allowed");
    int after = vl_fd_dup_above(0, 3);
    vl_close(after);
    is_int(after, before, "nothing stays open");
    int many[VL_SCM_MAX_FDS + 1];
    for (size_t i = 0; i < VL_ARRAY_LEN(many); i++)
        many[i] = fds[0];
    is_int(vl_scm_send(s[0], "x", 1, many, VL_SCM_MAX_FDS + 1), -EINVAL, "too many to send");
    is_int(vl_scm_send(s[0], "x", 1, many, VL_SCM_MAX_FDS), 0, "as many as allowed");
    is_int(vl_scm_recv(s[1], buf, 1, VL_SCM_MAX_FDS, &m), 0, "all arrive");
    is_int(m.n_fds, VL_SCM_MAX_FDS, "their number");
    vl_scm_close(&m);

    is_int(vl_scm_passcred(s[1]), 0, "SO_PASSCRED");
    (void)vl_scm_send(s[0], "x", 1, NULL, 0);
    ok(vl_scm_recv(s[1], buf, 1, 0, &m) == 0 && m.pid == getpid() && m.uid == getuid(),
       "credentials come along");
    vl_close(s[0]);
    ok(vl_scm_recv(s[1], buf, 1, 0, &m) == 0 && m.len == 0, "end of file is an empty message");
    is_int(vl_scm_send(s[1], "x", 1, NULL, 0), -EPIPE, "no SIGPIPE");
    vl_close(s[1]);
    vl_close(fds[0]);
    vl_close(fds[1]);
}

static void unix_sockets(void)
{
    char top[] = "/tmp/veloci-test-XXXXXX";
    if (!ok(mkdtemp(top) != NULL, "scratch directory"))
        return;
    /* longer than sun_path */
    char *dir = vl_asprintf("%s/%0100d/%0100d", top, 1, 2), *mid = vl_asprintf("%s/%0100d", top, 1);
    char *path = vl_asprintf("%s/gate", dir);
    (void)!mkdir(mid, 0700);
    (void)!mkdir(dir, 0700);
    cleanup_fd int at = vl_open(dir, O_PATH | O_DIRECTORY);
    cleanup_fd int listener = vl_unix_listen_at(at, "gate", SOCK_SEQPACKET, 0606, 4);
    ok(listener >= 0 && cloexec(listener), "listening in a deep directory");
    struct stat st;
    ok(fstatat(at, "gate", &st, 0) == 0 && (st.st_mode & 0777) == 0606, "with its mode");
    is_int(vl_unix_listen_at(at, "gate", SOCK_SEQPACKET, 0600, 4), -EADDRINUSE,
           "the name is taken");
    is_int(vl_unix_listen_at(at, "a/b", SOCK_SEQPACKET, 0600, 4), -EINVAL, "a name is no path");
    cleanup_fd int by_dir = vl_unix_connect_at(at, "gate", SOCK_SEQPACKET);
    cleanup_fd int by_path = vl_unix_connect(path, SOCK_SEQPACKET);
    ok(by_dir >= 0 && by_path >= 0 && cloexec(by_path), "connected by directory and by path");
    cleanup_fd int peer = vl_unix_accept(listener);
    pid_t pid = 0;
    uid_t uid = 77;
    ok(peer >= 0 && vl_unix_peer(peer, &pid, &uid, NULL) == 0 && pid == getpid() &&
           uid == geteuid(),
       "the peer");
    is_int(vl_poll_one(peer, POLLIN, 0), 0, "nothing to read yet");
    ok(write(by_dir, "x", 1) == 1 && vl_poll_one(peer, POLLIN, 1000) == POLLIN, "then something");
    is_int(vl_unix_connect_at(at, "nobody", SOCK_SEQPACKET), -ENOENT, "nobody there");
    is_int(vl_unix_connect("", SOCK_STREAM), -ENOENT, "an empty path");

    cleanup_fd int abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *name = vl_asprintf("@veloci-test-%d", (int)getpid());
    struct {
        unsigned short family;
        char name[108];
    } addr = {AF_UNIX, {0}};
    memcpy(addr.name + 1, name + 1, strlen(name) - 1);
    ok(bind(abstract, (void *)&addr, (socklen_t)(2 + strlen(name))) == 0 &&
           listen(abstract, 1) == 0,
       "abstract");
    cleanup_fd int to_abstract = vl_unix_connect(name, SOCK_STREAM);
    ok(to_abstract >= 0, "connected to @name");
    free(name);
    unlink(path);
    rmdir(dir);
    rmdir(mid);
    rmdir(top);
    free(dir);
    free(mid);
    free(path);
}

static void signals(void)
{
    sigset_t set, old;
    struct signalfd_siginfo si;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    cleanup_fd int fd = vl_sigs_fd(&set, &old);
    ok(fd >= 0 && cloexec(fd), "signalfd");
    is_int(vl_sigs_read(fd, &si), 0, "nothing pending");
    (void)raise(SIGUSR1);
    is_int(vl_sigs_read(fd, &si), SIGUSR1, "one signal");
    is_int(vl_sigs_restore(&old), 0, "mask restored");
    sigset_t now;
    ok(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGUSR1),
       "and not blocked any more");
}

static void terminals(void)
{
    int master = VL_NOFD, slave = VL_NOFD;
    int r = vl_pty_open("/dev/ptmx", &master, &slave);
    if (r < 0) {
        skip("no pseudo-terminals here (%s)", strerror(-r));
        return;
    }
    ok(cloexec(master) && cloexec(slave) && isatty(slave), "a pair");
    ok(vl_pty_number(master) >= 0, "its number");
    uint16_t rows = 0, cols = 0;
    ok(vl_tty_set_size(master, 41, 123) == 0 && vl_tty_get_size(slave, &rows, &cols) == 0 &&
           rows == 41 && cols == 123,
       "size");
    struct termios saved, now;
    ok(vl_tty_raw(slave, &saved) == 0 && tcgetattr(slave, &now) == 0 &&
           !(now.c_lflag & (ECHO | ICANON)),
       "raw");
    ok(vl_tty_restore(slave, &saved) == 0 && tcgetattr(slave, &now) == 0 &&
           now.c_lflag == saved.c_lflag,
       "restored");
    ok(vl_tty_no_onlcr(slave) == 0 && tcgetattr(slave, &now) == 0 && !(now.c_oflag & ONLCR),
       "no CR");
    is_int(vl_tty_get_size(-1, &rows, &cols), -EBADF, "no descriptor");
    vl_close(master);
    vl_close(slave);
}

int main(void)
{
    basics();
    ranges("close_range");
    setenv("VELOCI_DISABLE", "x,close_range", 1);
    ranges("/proc");
    setenv("VELOCI_DISABLE", "memfd_exec", 1);
    is_int(vl_memfd_sealed("x", "x", 1, true), -EACCES, "as with vm.memfd_noexec=2");
    unsetenv("VELOCI_DISABLE");
    memory_files();
    messages();
    unix_sockets();
    signals();
    terminals();
    return done_testing();
}
