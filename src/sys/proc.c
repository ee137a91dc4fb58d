/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by pidfd, start time and pidfs inode. */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/io.h"
#include "sys/compat.h"
#include "sys/disable.h"
#include "sys/fd.h"

int vl_pidfd_open(pid_t pid)
{
    if (vl_sys_disabled("pidfd_open"))
        return -ENOSYS;
    long fd = syscall(__NR_pidfd_open, pid, 0U);
    return fd < 0 ? -errno : (int)fd;
}

int vl_pidfd_signal(int pidfd, int sig)
{
    return syscall(__NR_pidfd_send_signal, pidfd, sig, NULL, 0U) < 0 ? -errno : 0;
}

int vl_pidfd_getfd(int pidfd, int target)
{
    if (vl_sys_disabled("pidfd_getfd"))
        return -ENOSYS;
    long fd = syscall(__NR_pidfd_getfd, pidfd, target, 0U); /* close-on-exec by itself */
    return fd < 0 ? -errno : (int)fd;
}

uint64_t vl_pidfd_inode(int pidfd)
{
    struct statfs fs;
    struct stat st;
    if (fstatfs(pidfd, &fs) < 0 || fs.f_type != VL_PIDFS_MAGIC || fstat(pidfd, &st) < 0)
        return 0;
    return st.st_ino;
}

/* Reads a small file of /proc/PID into buf, terminated. */
static int read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    cleanup_fd int fd = vl_open(path, O_RDONLY);
    if (fd == -ENOENT)
        return -ESRCH;
    if (fd < 0)
        return fd;
    ssize_t n; /* these files are small: one read gets all that fits */
    do
        n = read(fd, buf, size - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return n == 0 ? -ESRCH : 0;
}

int vl_proc_stat(pid_t pid, char *ret_state, uint64_t *ret_start_time, pid_t *ret_ppid)
{
    char buf[1024];
    int r = read_proc(pid, "stat", buf, sizeof(buf));
    if (r < 0)
        return r;
    /* The command's name may contain anything, blanks and parentheses too: count from its last ")".
     */
    const char *p = strrchr(buf, ')');
    char state;
    int ppid;
    uint64_t start;
    if (p == NULL ||
        sscanf(
            p + 1,
            " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
            &state, &ppid, &start) != 3)
        return -EBADMSG;
    if (ret_state != NULL)
        *ret_state = state;
    if (ret_start_time != NULL)
        *ret_start_time = start;
    if (ret_ppid != NULL)
        *ret_ppid = ppid;
    return 0;
}

int vl_proc_comm(pid_t pid, char buf[17])
{
    char text[64];
    int r = read_proc(pid, "comm", text, sizeof(text));
    if (r < 0)
        return r;
    size_t n = strcspn(text, "\n");
    if (n > 16)
        n = 16;
    memcpy(buf, text, n);
    buf[n] = '\0';
    return 0;
}

void vl_proc_close(struct vl_proc *p)
{
    vl_cleanup_fd(&p->pidfd);
}

/* Fills ret but for the pidfd, which is only looked at. */
static int identify(pid_t pid, int pidfd, struct vl_proc *ret)
{
    uint64_t start;
    int r = vl_proc_stat(pid, NULL, &start, NULL);
    if (r < 0)
        return r;
    /* Was it reaped, and the pid given to another, before its stat was read? */
    if (pidfd >= 0 && vl_pidfd_signal(pidfd, 0) == -ESRCH)
        return -ESRCH;
    *ret = (struct vl_proc){pid, VL_NOFD, start, pidfd >= 0 ? vl_pidfd_inode(pidfd) : 0};
    return 0;
}

int vl_proc_open(pid_t pid, struct vl_proc *ret)
{
    if (pid <= 0)
        return -ESRCH;
    cleanup_fd int pidfd = vl_pidfd_open(pid);
    if (pidfd < 0 && pidfd != -ENOSYS)
        return pidfd == -EINVAL ? -ESRCH : pidfd; /* EINVAL: a thread, not a process */
    int r = identify(pid, pidfd, ret);
    if (r == 0)
        ret->pidfd = pidfd >= 0 ? vl_take_fd(&pidfd) : VL_NOFD;
    return r;
}

int vl_proc_from_pidfd_take(pid_t pid, int pidfd, struct vl_proc *ret)
{
    int r = identify(pid, pidfd, ret);
    if (r == 0)
        ret->pidfd = pidfd;
    return r;
}

int vl_proc_reopen(pid_t pid, uint64_t start_time, uint64_t inode, struct vl_proc *ret)
{
    struct vl_proc p = {pid, VL_NOFD, start_time, 0};
    uint64_t start;
    if (pid <= 0)
        return -ESRCH;
    int pidfd = vl_pidfd_open(pid);
    if (pidfd < 0 && pidfd != -ENOSYS)
        return pidfd == -EINVAL ? -ESRCH : pidfd;
    p.pidfd = pidfd >= 0 ? pidfd : VL_NOFD;
    int r = vl_proc_stat(pid, NULL, &start, NULL);
    if (r == 0 && pidfd >= 0)
        p.inode = vl_pidfd_inode(pidfd);
    if (r == 0 && (start != start_time || (p.inode != 0 && inode != 0 && p.inode != inode)))
        r = -ESRCH;
    /* Should the pid have been given to another while its stat was read, then the pidfd is that of a dead one. */
    if (r == 0)
        r = vl_proc_verify(&p);
    if (r < 0)
        vl_proc_close(&p);
    else
        *ret = p;
    return r;
}

int vl_proc_verify(const struct vl_proc *p)
{
    if (p->pidfd >= 0) {
        /* Readable once the last thread is gone; a leader that exited alone is "Z" in stat but not
         * dead. */
        struct pollfd poll_one = {p->pidfd, POLLIN, 0};
        int r = poll(&poll_one, 1, 0);
        if (r >= 0)
            return r == 0 ? 0 : -ESRCH;
    }
    char state;
    uint64_t start;
    int r = vl_proc_stat(p->pid, &state, &start, NULL);
    if (r < 0)
        return r;
    return start != p->start_time || state == 'Z' || state == 'X' ? -ESRCH : 0;
}

int vl_proc_signal(const struct vl_proc *p, int sig)
{
    if (p->pidfd >= 0) {
        int r = vl_pidfd_signal(p->pidfd, sig);
        if (r != -ENOSYS)
            return r;
    }
    int r = vl_proc_verify(p);
    if (r < 0)
        return r;
    return kill(p->pid, sig) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int vl_proc_wait_dead(const struct vl_proc *p, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : end - now_ms();
        if (left < 0 && timeout_ms >= 0)
            left = 0;
        if (p->pidfd >= 0) {
            struct pollfd poll_one = {p->pidfd, POLLIN, 0};
            int r = poll(&poll_one, 1, (int)left);
            if (r > 0)
                return 0;
            if (r < 0 && errno != EINTR)
                return -errno;
        } else {
            if (vl_proc_verify(p) < 0)
                return 0;
            struct timespec ts = {0, 2000000};
            if (left != 0)
                (void)nanosleep(&ts, NULL);
        }
        if (timeout_ms >= 0 && now_ms() >= end)
            return -ETIME;
    }
}

int vl_proc_reap(const struct vl_proc *p, int timeout_ms, struct vl_exit *ret)
{
    siginfo_t si = {.si_pid = 0};
    int r;
    if (timeout_ms >= 0) {
        r = vl_proc_wait_dead(p, timeout_ms);
        if (r < 0)
            return r;
    }
    idtype_t type = p->pidfd >= 0 ? (idtype_t)VL_P_PIDFD : P_PID;
    id_t id = p->pidfd >= 0 ? (id_t)p->pidfd : (id_t)p->pid;
    do
        r = waitid(type, id, &si, WEXITED | __WALL);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    if (ret != NULL)
        *ret = (struct vl_exit){si.si_code != CLD_EXITED, si.si_status};
    return 0;
}
