/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process as something that cannot be mistaken for another: pidfd, start time, pidfs inode.
 */
#ifndef VL_SYS_PROC_H
#define VL_SYS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/cleanup.h"
#include "sys/clone.h"

struct vl_proc {
    pid_t pid;
    int pidfd;           /* owned; VL_NOFD where pidfd_open(2) (5.3) is missing */
    uint64_t start_time; /* clock ticks since boot, field 22 of /proc/PID/stat */
    uint64_t inode;      /* pidfs inode (6.9), unique for the life of the system; 0 without */
};
#define VL_PROC_INIT                                                                               \
    {                                                                                              \
        0, VL_NOFD, 0, 0                                                                           \
    }
void vl_proc_close(struct vl_proc *p);
static inline void vl_cleanup_proc(struct vl_proc *p)
{
    vl_proc_close(p);
}

/* Opens the process that has this pid now. -ESRCH when there is none; a zombie can be opened. */
int vl_proc_open(pid_t pid, struct vl_proc *ret);
/* The same for a pidfd that is already held (owned by ret on success). */
int vl_proc_from_pidfd_take(pid_t pid, int pidfd, struct vl_proc *ret);
/* Opens a process recorded earlier: -ESRCH unless start time (and inode, where both are known) are
 * those recorded and it is not a zombie. */
int vl_proc_reopen(pid_t pid, uint64_t start_time, uint64_t inode, struct vl_proc *ret);
/* 0 while it runs, -ESRCH once it is dead or a zombie. */
int vl_proc_verify(const struct vl_proc *p);
/* pidfd_send_signal(2), else kill(2) after verification. 0 for sig checks only. */
int vl_proc_signal(const struct vl_proc *p, int sig);
/* Waits for the end of any process, child or not: -ETIME after timeout_ms (-1 for ever). Polls the
 * pidfd; without one looks every few milliseconds. */
int vl_proc_wait_dead(const struct vl_proc *p, int timeout_ms);
/* Reaps a child. 0 and *ret, or -ECHILD, -ETIME. */
int vl_proc_reap(const struct vl_proc *p, int timeout_ms, struct vl_exit *ret);

/* /proc/PID/stat: field 3 and field 22. -ESRCH. procfd is a descriptor of /proc, or AT_FDCWD for
 * /proc. */
int vl_proc_stat(pid_t pid, char *ret_state, uint64_t *ret_start_time, pid_t *ret_ppid);
/* /proc/PID/comm without the newline. */
int vl_proc_comm(pid_t pid, char buf[17]);
uint64_t vl_pidfd_inode(int pidfd); /* 0 when not on pidfs */

int vl_pidfd_open(pid_t pid);
int vl_pidfd_signal(int pidfd, int sig);
/* pidfd_getfd(2) (5.6): descriptor number target of that process, as ours. */
int vl_pidfd_getfd(int pidfd, int target);

#endif
