/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of containers: made from the plan before there is a process, found again by later
 * verbs from a small description that the state keeps.
 *
 * On v2 the container's first process is born inside (clone3 with vl_cgroup_dirfd); on v1 and
 * hybrid hosts it has to be moved (vl_cgroup_attach, or vl_cgroup_join_self by a child that has not
 * exec'ed yet). Removed is the container's own cgroup with everything below; parents that had to be
 * made stay, because other containers may be about to use them. What is waited for is an event, within a time limit:
 * cgroup.events of cgroup2, the ends of processes (pidfds) on v1.
 */
#ifndef VL_CGROUP_CGROUP_H
#define VL_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "plan/build.h"

/* -- the description that outlives the process ------------------------------------------------- */

struct vl_cgroup_dir {
    char *controllers; /* v1: "cpu,cpuacct", or "name=systemd" without a controller; "": cgroup2 */
    char *path;        /* absolute directory */
};
/* Manager SYSTEMD: the unit whose cgroup the directories are in. */
struct vl_cgroup_unit {
    char *name; /* "veloci-c1.scope"; NULL with other managers */
    char *sub;  /* the cgroup below the unit's own that has the processes: "container", or "" */
    bool user;  /* of the systemd of the user with the host id uid, else of the machine's */
    uid_t uid;
};
struct vl_cgroup_desc {
    enum vl_cgroup_manager
        manager; /* DISABLED: there is no cgroup, every verb below does nothing */
    enum vl_cgroup_mode mode;
    struct vl_cgroup_unit unit;
    struct vl_cgroup_dir *dir; /* cgroup2 first when there is one */
    size_t n_dir;
};
void vl_cgroup_desc_reset(struct vl_cgroup_desc *d);
static inline void vl_cleanup_cgroup_desc(struct vl_cgroup_desc *d)
{
    vl_cgroup_desc_reset(d);
}
/* As strings for the state file: "cgroupfs", "v2", "unified:/sys/fs/cgroup/x",
 * "memory:/sys/fs/cgroup/memory/x"; with systemd "unit:system/SUB/NAME" or "unit:user/UID/SUB/NAME"
 * before the directories. */
void vl_cgroup_desc_format(const struct vl_cgroup_desc *d, struct vl_strv *ret);
/* *ret must be zeroed. Anything but what format wrote is an error (kind STATE). */
int vl_cgroup_desc_parse(char *const *v, size_t n, struct vl_cgroup_desc *ret,
                         struct vl_error **err);

/* -- a cgroup ---------------------------------------------------------------------------------- */

struct vl_cgroup;
void vl_cgroup_free(struct vl_cgroup *cg); /* closes; removes nothing */
VL_DEFINE_CLEANUP(cgroup)

/* Told before a directory or a unit is made (undo false), and again with undo true when it then
 * turned out to be somebody else's. path is absolute, or the text of a unit, which begins with
 * VL_CGROUP_UNIT. -1 with *err stops the creation. */
#define VL_CGROUP_UNIT "unit:"
struct vl_cgroup_journal {
    int (*note)(void *arg, const char *path, bool undo, struct vl_error **err);
    void *arg;
};

/*
 * Executes CGROUP, CGWRITE and CGDEVICES of the plan: directories made, controllers enabled, values
 * written, device program attached, ownership handed over; no process is in it yet. journal may be
 * NULL. A cgroup that exists is used only when it is empty and not frozen (STATE otherwise). On
 * failure what was made is removed again. A plan without CGROUP gives a handle of manager DISABLED.
 */
int vl_cgroup_create(const struct vl_plan *plan, const struct vl_host *host,
                     const struct vl_cgroup_journal *journal, struct vl_cgroup **ret,
                     struct vl_error **err);
/* UNSUPPORTED when what the manager needs is not there (libsystemd); to be asked before anything is
 * made. */
int vl_cgroup_manager_check(enum vl_cgroup_manager m, struct vl_error **err);
/* 0 when the systemd that would be asked can be reached: that of the machine, or the user's own; for
 * `doctor`. UNSUPPORTED with the reason. */
int vl_cgroup_systemd_check(const struct vl_host *host, struct vl_error **err);
/* Undoes create: removes directories that it made (not those found), after all processes have left.
 * Whether none of them is left. */
bool vl_cgroup_undo(struct vl_cgroup *cg);
/* Handle for a recorded cgroup; opens nothing yet, copies the description. It may be gone
 * meanwhile: verbs then find no processes, and removing succeeds. */
int vl_cgroup_open_recorded(const struct vl_cgroup_desc *desc, struct vl_cgroup **ret,
                            struct vl_error **err);
const struct vl_cgroup_desc *vl_cgroup_describe(const struct vl_cgroup *cg); /* borrowed */
/* The cgroup that the container's processes are in, below a hierarchy's mount point: its own, or
 * that of the caller when it got none. NULL when unknown. Borrowed. */
const char *vl_cgroup_dir_below(const struct vl_cgroup *cg, const char *mount);
/* Degradations met by create (optional parts that were not permitted); borrowed. */
const struct vl_strv *vl_cgroup_notes(const struct vl_cgroup *cg);
/* Writes what a new cgroup cannot have before its first process is born (VL_CGW_LATE of the plan);
 * before that process executes anything. */
int vl_cgroup_settle(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err);
/* `update` of a cgroup in use: the CGWRITE and CGDEVICES of a plan made by vl_limits_compile and
 * vl_devices_compile. All or nothing: when one is refused the values before it are set back, and
 * what cannot be is told in the error. */
int vl_cgroup_apply(struct vl_cgroup *cg, const struct vl_host *host, const struct vl_plan *plan,
                    struct vl_error **err);

/* The present limit of memory in bytes; -1 none, 0 unknown. */
int64_t vl_cgroup_memory_limit(const struct vl_cgroup *cg);

/* -- processes --------------------------------------------------------------------------------- */

/* The cgroup's directory on cgroup2 (on hybrid hosts too), borrowed; VL_NOFD where there is none. */
int vl_cgroup_dirfd(struct vl_cgroup *cg);
/* The same for CLONE_INTO_CGROUP; VL_NOFD also where processes cannot be born inside, but have to be
 * moved by vl_cgroup_attach, because only systemd may (vl_cgroup_is_moved). */
int vl_cgroup_birth_fd(struct vl_cgroup *cg);
bool vl_cgroup_is_moved(const struct vl_cgroup *cg);
/* After the first process of the container is inside: what kept the cgroup until then goes. */
void vl_cgroup_occupied(struct vl_cgroup *cg);
/* Moves a process in. in_unified: it was born in vl_cgroup_dirfd, only v1 hierarchies are left. */
int vl_cgroup_attach(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err);
/*
 * For a child that is still single-threaded and has not exec'ed: *ret_fds (borrowed from cg) are
 * files into which it writes "0" (vl_cgroup_join_self); much cheaper on v1 than to be moved from
 * outside, because the kernel need not stop forks everywhere. n is 0 when nothing is left to do.
 * in_unified as above.
 */
int vl_cgroup_self_fds(struct vl_cgroup *cg, bool in_unified, const int **ret_fds, size_t *ret_n,
                       struct vl_error **err);
/* System calls only: usable in a vfork child. 0 or -errno, *ret_failed (may be NULL) the index. */
int vl_cgroup_join_self(const int *fds, size_t n, size_t *ret_failed);
/* Directory on cgroup2 in which a process is now (for exec, when the container moved its init into
 * a sub-group); the caller's. -errno. */
int vl_cgroup_dirfd_of(const struct vl_host *host, pid_t pid);

/* CGDELEGATE of a plan: makes the cgroup below, with all controllers, moves the process there and gives it away.
 * When the container's process exists and its cgroup namespace does. */
int vl_cgroup_delegate(struct vl_cgroup *cg, const struct vl_op *op, pid_t pid, struct vl_error **err);
/* exec --cgroup: the handle becomes one for sub-groups, which must exist. Each of v is PATH (in every hierarchy), or
 * CONTROLLER[,CONTROLLER]:PATH for v1; no `..`. Only for placing processes. USAGE or STATE errors. */
int vl_cgroup_narrow(struct vl_cgroup *cg, char *const *v, size_t n, struct vl_error **err);
/* The handle's directory on cgroup2 becomes the one that a process is in now (its container made groups below its own
 * and enabled controllers for them, which leaves no room for processes above). Only for placing processes. */
int vl_cgroup_follow(struct vl_cgroup *cg, const struct vl_host *host, pid_t pid, struct vl_error **err);

struct vl_cgroup_pids {
    pid_t *pid; /* as seen from here; 0 for one of a pid namespace that we cannot see */
    size_t n;
};
void vl_cgroup_pids_reset(struct vl_cgroup_pids *l);
static inline void vl_cleanup_cgroup_pids(struct vl_cgroup_pids *l)
{
    vl_cgroup_pids_reset(l);
}
/* Every process in it and below. */
int vl_cgroup_procs(struct vl_cgroup *cg, struct vl_cgroup_pids *ret, struct vl_error **err);
/* A signal to every process in it and below, without missing one that forks meanwhile; a cgroup
 * that was frozen stays frozen unless sig is SIGKILL. */
int vl_cgroup_signal_all(struct vl_cgroup *cg, int sig, struct vl_error **err);
/* SIGKILL to all, frozen or not (cgroup.kill, Linux 5.14; else freeze and kill until nobody is left
 * or timeout_ms passed). Does not wait for them to be gone. */
int vl_cgroup_kill(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
/* Waits until no process is left in it and below. -1 with a SYSTEM error (ETIME) at the timeout. */
int vl_cgroup_wait_empty(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
/* Removes it and everything below. Waits up to timeout_ms for processes to leave. Absent is
 * success. */
int vl_cgroup_remove(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
/* kill and remove within timeout_ms. */
int vl_cgroup_destroy(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
/* The same for a directory or unit that only the journal knows (the creator was killed). A directory
 * must be on a cgroup file system, a unit must be the one that was noted; absent is success. */
int vl_cgroup_destroy_path(const char *path, int timeout_ms, struct vl_error **err);

/* -- freezer ----------------------------------------------------------------------------------- */

/* Freezes or thaws and waits until that is so. At the timeout a freeze is taken back, and the error (ETIME) names
 * processes in an uninterruptible wait. */
int vl_cgroup_freeze(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
int vl_cgroup_thaw(struct vl_cgroup *cg, int timeout_ms, struct vl_error **err);
/* Whether it is frozen now; false when it is gone or has no freezer. */
bool vl_cgroup_frozen(struct vl_cgroup *cg);
/* Whether it is frozen or on its way to be, by an order to this very cgroup. */
bool vl_cgroup_freezing(struct vl_cgroup *cg);

/* Processes killed for memory so far; 0 when unknown. */
uint64_t vl_cgroup_oom_kills(struct vl_cgroup *cg);
/* Adds the reason to *err, an error that is on its way, when processes were killed for memory. */
void vl_cgroup_note_oom(struct vl_cgroup *cg, struct vl_error **err);

#endif
