/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of cgroup/ only: the handle, the drivers' table, and the small verbs below
 * them. */
#ifndef VL_CGROUP_INTERNAL_H
#define VL_CGROUP_INTERNAL_H

#include "cgroup/cgroup.h"
#include "plan/cgroup.h"
#include "sys/clone.h"
#include "sys/sdbus.h"

/* A point in time (CLOCK_MONOTONIC, milliseconds); negative: never. */
typedef int64_t vl_deadline;
vl_deadline vl_cg_deadline(int timeout_ms);
int vl_cg_left(vl_deadline d); /* milliseconds for poll(2): -1 for ever, 0 when it has passed */
/* Sleeps a little, each time longer (*ms, start with 0, at most 20), for the few things that have no event: a v1
 * freezer on its way, a group below that appears while its parent is removed. False when the deadline has passed. */
bool vl_cg_nap(vl_deadline d, int *ms);

/* What create is given. */
struct vl_cg_request {
    const struct vl_plan *plan;
    const struct vl_op *op; /* CGROUP */
    const struct vl_host *host;
    const struct vl_cgroup_journal *journal; /* may be NULL */
    bool in_unit; /* a directory that exists is part of our unit: it is used as it is */
};

/* A driver. Common code does the rest: values, device program, ownership, listing, signals. */
struct vl_cg_driver {
    /* Makes directories and enables controllers; adds to cg->desc.dir and cg->made as it goes. */
    int (*create)(struct vl_cgroup *cg, const struct vl_cg_request *rq, struct vl_error **err);
    int (*attach)(struct vl_cgroup *cg, pid_t pid, bool in_unified, struct vl_error **err);
    int (*kill)(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);
    int (*set_frozen)(struct vl_cgroup *cg, bool frozen, vl_deadline d, struct vl_error **err);
    bool (*frozen)(struct vl_cgroup *cg);
    bool (*freezing)(struct vl_cgroup *cg); /* it was told to freeze */
    int (*wait_empty)(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);
    int (*remove)(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);
    /* These may be NULL. */
    void (*release)(struct vl_cgroup *cg, vl_deadline d); /* undoes create, when the processes are gone */
    int (*settle)(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err);
    int (*tell)(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err); /* of an update */
};
extern const struct vl_cg_driver vl_cg_driver_v2; /* the unified hierarchy alone */
extern const struct vl_cg_driver
    vl_cg_driver_v1; /* v1 hierarchies; on hybrid hosts cgroup2 beside them */
extern const struct vl_cg_driver vl_cg_driver_systemd; /* a unit, and in it one of the above */

struct vl_cgroup {
    struct vl_cgroup_desc desc;
    const struct vl_cg_driver *driver; /* NULL: no cgroup (manager DISABLED) */
    bool *made;                        /* for each desc.dir: created by us */
    int dirfd; /* desc.dir[0] when that is cgroup2; opened when first needed */
    struct vl_bus *bus;      /* to the systemd that has the unit; opened when first needed */
    struct vl_parked anchor; /* the unit's process until the container's first is inside */
    bool moved;              /* see vl_cgroup_is_moved */
    int *task_fds;
    size_t n_task_fds;
    struct vl_strv inherited; /* without a cgroup of its own: the caller's, in every hierarchy */
    struct vl_strv notes;
};

/* -- handle.c ---------------------------------------------------------------------------------- */

void vl_cg_add_dir(struct vl_cgroup *cg, const char *controllers, const char *path, bool made);
/* Directory of cgroup2, or NULL. */
const char *vl_cg_unified(const struct vl_cgroup *cg);
/* Directory of the v1 hierarchy with a controller, or NULL. */
const char *vl_cg_v1_dir(const struct vl_cgroup *cg, const char *controller);
/* The directory to ask for processes: cgroup2, else the v1 hierarchy that is least likely to be
 * rearranged. */
const char *vl_cg_main_dir(const struct vl_cgroup *cg);

/* -- place.c: where, made ---------------------------------------------------------------------- */

enum vl_cg_place { VL_CG_AT_ROOT, VL_CG_BESIDE_OWN, VL_CG_BELOW_OWN };
/* Calls make for one possible place after another, as long as the one before was not permitted;
 * what failed has cleaned up after itself. */
int vl_cg_try_places(struct vl_cgroup *cg, const struct vl_cg_request *rq,
                     int (*make)(struct vl_cgroup *, const struct vl_cg_request *, enum vl_cg_place,
                                 struct vl_error **),
                     struct vl_error **err);
/* mount joined with the path of the request at that place; caller frees. own is our cgroup below
 * the mount. */
char *vl_cg_place_path(const struct vl_cg_request *rq, enum vl_cg_place place, const char *mount,
                       const char *own);
/* Makes path, and parents below mount as needed. 1 made, 0 it was there, -1 error. */
int vl_cg_make_dir(const struct vl_cg_request *rq, const char *mount, const char *path,
                   struct vl_error **err);
/* Removes what this handle made so far, and takes it out of the journal: somebody else may make it now. */
void vl_cg_unmake(struct vl_cgroup *cg, const struct vl_cg_request *rq);

/* -- controllers.c ----------------------------------------------------------------------------- */

/* Makes controllers available in dir (below mount): those the plan writes to (required), and beside
 * them the ones that engines read statistics from (as far as permitted). dirfd is dir. */
int vl_cg_enable(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *mount,
                 const char *dir, int dirfd, struct vl_error **err);

/* -- write.c, device.c, owner.c ---------------------------------------------------------------- */

enum vl_cg_when { VL_CG_EMPTY, VL_CG_BORN, VL_CG_UPDATE };
/* Writes of a new cgroup (EMPTY: all but VL_CGW_LATE; BORN: those alone), or all of them (UPDATE). */
int vl_cg_write_all(struct vl_cgroup *cg, const struct vl_plan *plan, enum vl_cg_when when,
                    struct vl_error **err);

/* -- restore.c: what was there before an update ------------------------------------------------- */

struct vl_cg_saved {
    struct vl_cg_old {
        char *path, *value;
    } * old;
    size_t n;
};
/* Reads what writing value into DIR/FILE will replace. */
void vl_cg_save(struct vl_cg_saved *s, const char *dir, const char *file, const char *value);
void vl_cg_unsave(struct vl_cg_saved *s); /* forgets the last one: it was not written */
/* Sets all back, last first, and adds to *err (an error that is on its way) what cannot be. */
void vl_cg_restore(struct vl_cg_saved *s, struct vl_error **err);
void vl_cg_saved_reset(struct vl_cg_saved *s);
static inline void vl_cleanup_cg_saved(struct vl_cg_saved *s)
{
    vl_cg_saved_reset(s);
}
/* The text that brings the old value back, from what the file has; caller frees. NULL: nothing can. */
char *vl_cg_old_value(const char *file, const char *now, const char *value);
/* All writes; on failure those done are set back. */
int vl_cg_write_update(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_cg_saved *saved,
                       struct vl_error **err);
int vl_cg_load_devices(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err);
/* Name of our program in the kernel, by which an update finds it. */
#define VL_CG_DEVICE_PROGRAM "veloci_devices"
/* Loads the program of a CGDEVICES operation; descriptor or -errno. */
int vl_cg_device_program(const struct vl_op *op);
/* Its failure: an error, or 0 with a note where the plan tolerates it. what: "load" … */
int vl_cg_device_failed(struct vl_cgroup *cg, const struct vl_op *op, int error, const char *what,
                        struct vl_error **err);
/* Of a cgroup in use: the new program takes the place of ours in one step; others' stay. */
int vl_cg_replace_devices(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err);
/* Directory and the files that a delegatee may write; *ret_failed (the caller's): the one that could not be given. */
int vl_cg_chown(int dirfd, uid_t uid, gid_t gid, char **ret_failed);
int vl_cg_give_away(struct vl_cgroup *cg, const struct vl_op *op, struct vl_error **err);

/* -- tree.c: directories below, processes, events ---------------------------------------------- */

/* First bytes of a small file, terminated, one final newline taken off. Length or -errno. */
int vl_cg_read(int dirfd, const char *file, char *buf, size_t size);
int vl_cg_read_in(const char *dir, const char *file, char *buf, size_t size);
int vl_cg_write_in(const char *dir, const char *file, const char *value);
/* "key N" in a flat keyed file such as cgroup.events; -ENOENT when the key is not there. */
int vl_cg_keyed(const char *text, const char *key, uint64_t *ret);
/* Waits for "key value" in DIR/cgroup.events. 0 (also when the directory is gone), -ETIME, -errno.
 */
int vl_cg_wait_event(const char *dir, const char *key, uint64_t value, vl_deadline d);
/* Adds the processes of dir and below. -errno; a directory that is gone has none. */
int vl_cg_list(const char *dir, struct vl_cgroup_pids *l);
/* rmdir of dir and everything below, as far as it goes: 0 (also when absent), -EBUSY while
 * something is in use. */
int vl_cg_rmdir(const char *dir);

/* -- v1.c -------------------------------------------------------------------------------------- */

/* The directory path (below each mount) in every hierarchy, and, when parent is not NULL, that one above it, which is
 * noted in the journal but is no part of the handle. */
int vl_cg_v1_make_at(struct vl_cgroup *cg, const struct vl_cg_request *rq, const char *parent, const char *path,
                     struct vl_error **err);

/* -- systemd_unit.c: what is said to systemd ---------------------------------------------------- */

/* Opens the connection unless it is open. */
int vl_cg_unit_bus(struct vl_cgroup *cg, struct vl_error **err);
/* Makes and starts the unit of the plan with the process pid (0: none) and waits for it. */
int vl_cg_unit_start(struct vl_cgroup *cg, const struct vl_cg_request *rq, pid_t pid, struct vl_error **err);
/* Stops it, forgets a failure of it; absent is success. */
int vl_cg_unit_stop(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);
/* *ret: its cgroup below the root of the hierarchies as systemd sees them; the caller's. */
int vl_cg_unit_cgroup(struct vl_cgroup *cg, char **ret, struct vl_error **err);
/* Property of type s; *ret is NULL when there is no such unit. */
int vl_cg_unit_text(struct vl_cgroup *cg, const char *interface, const char *property, char **ret,
                    struct vl_error **err);
/* Sets the properties that follow from a plan's limits and SCOPE_PROPs, until the next boot; those that this systemd
 * does not know are left out. now: see vl_unit_props_of. late: those that had to wait for the first process. */
int vl_cg_unit_set(struct vl_cgroup *cg, const struct vl_plan *plan, const char *now, bool late,
                   struct vl_error **err);
/* Moves a process into its cgroup, or the sub-cgroup. */
int vl_cg_unit_attach(struct vl_cgroup *cg, pid_t pid, struct vl_error **err);
/* Whether processes of ours get into the cgroup only by systemd's help: there is one above both that is not ours. */
bool vl_cg_unit_only_moves(const struct vl_cgroup *cg);
uid_t vl_cg_host_uid(const struct vl_host *h); /* our user id outside of all namespaces that we know of */
/* Texts of the record and of the journal (with the beginning of the description, by which the unit is known again). */
enum { VL_CG_DESCRIPTION = 1000 };
char *vl_cg_unit_format(const struct vl_cgroup_unit *u);
int vl_cg_unit_parse(const char *text, struct vl_cgroup_unit *ret);

/* -- procs.c ----------------------------------------------------------------------------------- */

/* Signals each; processes that are gone are fine. -EPERM, or -ESRCH for one of an invisible pid
 * namespace. */
int vl_cg_kill_list(const struct vl_cgroup_pids *l, int sig);
/* "cgroup of the container": path for messages. */
const char *vl_cg_name(const struct vl_cgroup *cg);

/* -- stuck.c ----------------------------------------------------------------------------------- */

/* "in an uninterruptible wait (state D): 12 (cat)": what a signal or the freezer does not reach in dir and below; NULL
 * when there is none. The caller's. */
char *vl_cg_stuck(const char *dir);
/* The SYSTEM errors (ETIME) at a deadline: of something that is still in use, or could not be frozen or thawed. They name what
 * is stuck. */
int vl_cg_still_busy(const struct vl_cgroup *cg, struct vl_error **err);
int vl_cg_not_in_time(const char *dir, bool frozen, struct vl_error **err);
/* For v1, which has no events: waits until processes of the list have ended (by pidfd; without any, sleeps as
 * vl_cg_nap), so that it is worth looking again. False when the deadline has passed. */
bool vl_cg_wait_ends(const struct vl_cgroup_pids *l, vl_deadline d, int *nap);

/* Verbs of cgroup2 that the hybrid driver uses too. */
int vl_cg_v2_kill(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);
int vl_cg_v2_set_frozen(struct vl_cgroup *cg, bool frozen, vl_deadline d, struct vl_error **err);
bool vl_cg_v2_frozen(struct vl_cgroup *cg);
bool vl_cg_v2_freezing(struct vl_cgroup *cg);
int vl_cg_v2_wait_empty(struct vl_cgroup *cg, vl_deadline d, struct vl_error **err);

#endif
