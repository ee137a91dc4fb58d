/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New processes without copying ours: clone3(2) with CLONE_VM|CLONE_VFORK.
 *
 * The child borrows the parent's memory and runs fn on a stack of its own (mmapped, with a guard
 * page) while the calling thread waits until it has exec'ed or exited. All signals are blocked
 * around it; in the child every disposition that is not ignored is reset to the default
 * (CLONE_CLEAR_SIGHAND, or by hand) and the mask stays full: fn empties it with vl_child_unmask
 * right before its exec. fn must use system calls only: no allocation, no stdio, no locks, no exit
 * handlers; it must not return to libc state (what it returns is its exit status) and must not
 * change ids with libc wrappers, which signal other threads.
 */
#ifndef VL_SYS_CLONE_H
#define VL_SYS_CLONE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/cleanup.h"

struct vl_clone {
    uint64_t flags; /* CLONE_NEW… and CLONE_PARENT; VM, VFORK, PIDFD, INTO_CGROUP are added here */
    int cgroup_fd;  /* borrowed directory on cgroup2 to be born in, or VL_NOFD */
    int exit_signal;   /* usually SIGCHLD; 0 leaves the parent unsignalled (wait with __WALL or by
                          pidfd) */
    size_t stack_size; /* 0 means 64 KiB */
};
/*
 * Returns the pid, with *ret_pidfd set (the caller's), or -errno. *ret_in_cgroup (may be NULL) says
 * whether the child is born in the cgroup; it is known before the child runs, which may read it.
 * When it is false although cgroup_fd was given (clone3 or CLONE_INTO_CGROUP is missing, clone(2)
 * was used), the child writes "0", or the caller the pid, into cgroup.procs.
 */
pid_t vl_clone_vm(int (*fn)(void *), void *arg, const struct vl_clone *c, int *ret_pidfd,
                  bool *ret_in_cgroup);
/* In the child: the signal mask becomes empty. */
void vl_child_unmask(void);
/* In the child: every signal back to SIG_DFL, those inherited as ignored too. */
void vl_child_default_signals(void);

/*
 * A child that does nothing but hold its namespaces (flags: CLONE_NEW…) until it is ended, or until
 * we die. Its pid can be given maps, its namespaces can be opened. vl_parked_end kills and reaps
 * it.
 */
struct vl_child {
    pid_t pid;
    int pidfd; /* owned, or VL_NOFD */
};
struct vl_parked {
    struct vl_child child;
    int hold; /* pipe end whose closing ends the child; owned */
    void *stack;
};
int vl_parked_start(uint64_t flags, struct vl_parked *ret);
void vl_parked_end(struct vl_parked *p);

/* A program to run: the one spawn call for hooks and helpers. */
struct vl_spawn_fd {
    int fd;     /* borrowed */
    int target; /* number in the program, >= 3 */
};
struct vl_cancel;
struct vl_spawn {
    const char *path; /* absolute, or relative to cwd; no search of PATH (see vl_find_program) */
    int exec_fd;      /* used instead when path is NULL */
    char *const *argv;
    char *const *envp; /* NULL: an empty environment */
    int std_fds[3];    /* borrowed; VL_NOFD means /dev/null */
    const struct vl_spawn_fd *fds;
    size_t n_fds;
    const char *cwd;      /* or NULL */
    int cgroup_fd;        /* or VL_NOFD */
    bool new_session;     /* setsid */
    bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
    struct vl_cancel *cancel; /* vl_spawn_run: what ends the wait (sys/sigs.h), or NULL */
};
#define VL_SPAWN_INIT                                                                              \
    {                                                                                              \
        .exec_fd = VL_NOFD, .std_fds = {VL_NOFD, VL_NOFD, VL_NOFD}, .cgroup_fd = VL_NOFD,          \
    }

enum vl_spawn_step {
    VL_SPAWN_CLONE = 1,
    VL_SPAWN_FDS,
    VL_SPAWN_CGROUP,
    VL_SPAWN_SESSION,
    VL_SPAWN_CWD,
    VL_SPAWN_EXEC,
};
const char *vl_spawn_step_name(enum vl_spawn_step s); /* "clone", "exec" … */

/* Starts the program; exec has succeeded when this returns 0. Else -errno, *ret_step (may be NULL)
 * says where, and no process is left. In the program: signals default, mask empty, descriptors 0-2
 * and targets only. */
int vl_spawn(const struct vl_spawn *s, struct vl_child *ret, enum vl_spawn_step *ret_step);

/* How a process ended. */
struct vl_exit {
    bool signaled;
    int value; /* exit status or signal number */
};
/* Waits up to timeout_ms (-1 for ever), then reaps: 0 and *ret; -ETIME when time is up (still
 * running). Takes the pidfd out of c once reaped. */
int vl_child_wait(struct vl_child *c, int timeout_ms, struct vl_exit *ret);
/* SIGKILL and reap. */
void vl_child_kill(struct vl_child *c);

/* Spawns, waits, kills at the timeout (-ETIME) or when it is called off (-ECANCELED). out (may be NULL) receives up to out_size-1 bytes
 * of what the program writes to descriptors 1 and 2 (those given in s are then ignored),
 * terminated; more is read and dropped. */
int vl_spawn_run(const struct vl_spawn *s, int timeout_ms, struct vl_exit *ret,
                 enum vl_spawn_step *ret_step, char *out, size_t out_size);

/* Searches a PATH-like list (NULL: that of our environment, else the usual system directories) for
 * an executable regular file. *ret is the caller's. -ENOENT. A name with a slash is checked as it
 * is. */
int vl_find_program(const char *name, const char *path_list, char **ret);

#endif
