/* SPDX-License-Identifier: Apache-2.0 */
/*
 * veloci-stage: executes a launch plan and becomes the container's process.
 *
 * One struct stage is the whole state; a step gets it and its operation, returns 0 or -errno, and on failure has
 * said through st_fail what of the operation it was. Names across files begin with st_, steps with step_;
 * nothing here is linked into veloci. After the namespaces are joined or made this is the only program of ours
 * in them: it opens nothing by a path of the container without openat2 or its equal, writes nothing to the
 * workload's stdio, and ends by _exit alone (pid 1 of a namespace ignores its own signals).
 */
#ifndef VL_STAGE_STAGE_H
#define VL_STAGE_STAGE_H

#include "plan/wire.h"
#include "plan/wire_check.h"
#include "stage/lib.h"
#include "stage/sys.h"

#define ST_LATE_RO_MAX 64
#define ST_GROUPS_MAX 2048
#define ST_PATH 4096

/* Large buffers, for the length of one call each: static, because 30 KB of stack would stay resident, and together,
 * because the waiting stage gives their pages back (gate.c). */
struct st_scratch {
    char todo[ST_PATH], done[ST_PATH], link[ST_PATH], dir[ST_PATH]; /* resolve.c */
    char text[ST_PATH], other[ST_PATH];                             /* of a step */
    char names[ST_PATH], value[ST_PATH];                            /* copyup.c: extended attributes */
};
extern struct st_scratch st_scratch; /* steps.c, page-aligned */

struct stage {
    struct vl_wire_view v;
    size_t plan_len;
    unsigned feat;                /* VL_FEAT_* of the plan */
    uint32_t at;                  /* index of the current operation */
    const struct vl_wire_op *op;  /* the same */
    uint32_t detail;              /* of a failed step: enum vl_detail, and its two numbers */
    int64_t a, b;

    int chan;      /* to veloci, from the gate on to `start` */
    int gate;      /* listening socket of the gate, or -1 */
    int root;      /* O_PATH: root of the container's tree */
    int host;      /* O_PATH: "/" as inherited, until the root switch */
    int proc;      /* O_PATH: a verified procfs to write to (proc.c) */
    int own_proc;  /* the container's procfs, when a MOUNT says so */
    int null;      /* O_RDWR: the host's /dev/null, for hooks; -1 until needed */
    int ruleset;   /* of Landlock, until it is in force */
    int slave;     /* the console's terminal until it becomes stdio */

    uint32_t joined;     /* CLONE_NEW* that were joined */
    uint8_t committed;   /* veloci may end, this process goes on */
    uint8_t go;          /* GO has been seen */
    uint8_t execing;     /* EXECING has been sent */
    uint8_t pivoted;     /* "/" is the container's root */
    uint8_t root_as_is;  /* the root is a directory of the host: nothing is mounted, no attribute set */
    uint8_t root_on_slash; /* the root lies over "/" from the beginning */
    uint8_t unshared;    /* no mount of the inherited tree is shared any more */
    uint8_t mask_ready;  /* bit 0 the empty directory, bit 1 null: attached once, cloned from then on */
    uint8_t cwd_pending; /* the working directory is tried again with the user's own rights */
    uint32_t cwd_op;     /* … that operation */
    uint32_t umask;      /* inherited or of the plan: for hooks and the workload; the stage works with 0 */
    char nonce[VL_NONCE_LEN];

    const char *dev_dir; /* device.c: directory part (in the plan) of the last parent that was opened … */
    size_t dev_dir_len;
    int dev_dir_fd;      /* … and its descriptor, or -1 */

    uint8_t entered;     /* ENTER: a running container; what has been mounted since is taken back on failure */
    unsigned n_added;
    int added[VL_WIRE_MAX_ADDED];

    unsigned n_late_ro;  /* mounts that become read-only at the end of the visibility phase */
    struct {
        int fd;
        uint32_t op;
    } late_ro[ST_LATE_RO_MAX];

    uint8_t report;      /* each step is told of: a transcript is kept */
    uint8_t filtered;    /* a seccomp filter is in force */
    uint8_t terminal;    /* the console has become stdio, not yet the controlling terminal */
    uint8_t user_found;  /* USER has been carried out: */
    uint32_t user_uid, user_gid;
    unsigned n_groups;   /* groups that list the user, behind them those of CREDS */
    uint32_t groups[ST_GROUPS_MAX];

    char **argv, **env;  /* exec.c */
    const char *exec_path;
    char home[sizeof("HOME=") + sizeof(((struct st_passwd *)0)->home)]; /* empty: not needed */
    char found[256]; /* find.c: the program as PATH led to it, if it fits: that stays resident */
    int32_t fd[VL_WIRE_MAX_DESC]; /* descriptors of the table, -1 = absent or used up; last: mostly untouched */
};

typedef int st_step(struct stage *s, const struct vl_wire_op *op);

/* -- small helpers ------------------------------------------------------------------------------- */

static inline int st_fail(struct stage *s, enum vl_detail detail, int err)
{
    s->detail = detail;
    return err;
}

static inline const char *st_str(const struct stage *s, const struct vl_wire_op *op, unsigned i)
{
    return vl_wire_str(&s->v, op->s[i]);
}

/* Descriptor argument i, or -1. */
static inline int st_fd(const struct stage *s, const struct vl_wire_op *op, unsigned i)
{
    return op->fd[i] < 0 ? -1 : s->fd[op->fd[i]];
}

/* A user or group id of an operation: VL_ID_FOUND is what USER has found. -EINVAL without one. */
static inline int st_ids(const struct stage *s, int64_t uid, int64_t gid, uint32_t ret[2])
{
    if ((uid == VL_ID_FOUND || gid == VL_ID_FOUND) && !s->user_found)
        return -EINVAL;
    ret[0] = uid == VL_ID_FOUND ? s->user_uid : (uint32_t)uid;
    ret[1] = gid == VL_ID_FOUND ? s->user_gid : (uint32_t)gid;
    return 0;
}

/* Closes and forgets; keeps nothing. */
static inline void st_close(int *fd)
{
    if (*fd >= 0)
        (void)sys_close(*fd);
    *fd = -1;
}

/* -- chan.c: messages ---------------------------------------------------------------------------- */

/* Sends one message with at most one descriptor (-1: none). 0 or -errno. */
int st_send(struct stage *s, enum vl_msg_type type, int64_t a, int64_t b, int fd);
/* An optional part was left out. */
void st_warn(struct stage *s, int err, enum vl_detail detail, int64_t a);
/* Waits for one message on a descriptor; up to VL_MSG_FDS descriptors, owned by the caller, come into fds. 0, or
 * -errno: -EPIPE at end of file, -EPROTO for anything malformed. */
int st_recv(int chan, struct vl_msg *msg, int fds[VL_MSG_FDS], unsigned *n_fds);
/* Waits for a message of this type without descriptors; anything else is VL_D_PROTOCOL. */
int st_expect(struct stage *s, enum vl_msg_type type);
/* Sends ERROR for the current operation and ends. */
__attribute__((noreturn)) void st_die(struct stage *s, int err);

/* -- resolve.c: paths inside the container ------------------------------------------------------- */

enum {
    ST_R_DIR = 1 << 0,         /* create missing directories, the last component too */
    ST_R_FILE = 1 << 1,        /* create missing directories and an empty file */
    ST_R_NOFOLLOW = 1 << 2,    /* the last component may be a symbolic link and is not followed */
    ST_R_NO_SYMLINKS = 1 << 3, /* no component may be a symbolic link (-ELOOP) */
};
/* O_PATH descriptor of path below root, never outside of it; absolute paths and links count from root. *created
 * (may be NULL) tells whether the last component was made here. -errno. */
int st_resolve(int root, unsigned feat, const char *path, unsigned flags, int *created);
/* The component walk alone, which is also what there is without openat2. owner: uid and gid of directories made,
 * or NULL. */
int st_walk(int root, const char *path, unsigned flags, const uint32_t owner[2], int *created);
/* O_PATH descriptor of the directory that holds the last component, made if missing; *name points at that component
 * inside path. -EINVAL when it is empty, "." or "..". */
int st_resolve_parent(int root, unsigned feat, const char *path, const char **name);

/* device.c: the same with the last directory kept open; the descriptor is borrowed. Mounting forgets it. */
int st_parent(struct stage *s, const char *path, const char **name);
void st_parent_forget(struct stage *s);

/* -- tree.c: mount trees as descriptors ---------------------------------------------------------- */

struct st_attrs {
    uint64_t set, clr;   /* MOUNT_ATTR_* of the top mount */
    uint64_t rset, rclr; /* … of the whole tree */
    uint64_t prop;       /* MS_SHARED … with MS_REC, or 0 */
    int idmap;           /* user namespace, or -1 */
    int idmap_rec;
};
/* Clones the mount of fd (recursively with rec); the new tree is detached. */
int st_clone_tree(struct stage *s, int fd, int rec);
/* Nothing was there when veloci opened the (optional) source. */
int st_source_absent(const struct stage *s, int index);
/* A detached tree of descriptor `index` of the table: itself if it is one (once), else a clone. The caller's. */
int st_take_tree(struct stage *s, int index, int rec);
/* The container's path, as a mount target: made if missing, a directory or (file) anything else. O_PATH. */
int st_target(struct stage *s, const char *path, unsigned flags, int file, int *created);
/* Attributes of a tree. Before it is attached, and again after it (attached = 1): what mount_setattr cannot do on
 * this kernel is done then. */
int st_tree_attrs(struct stage *s, int tree, const struct st_attrs *attrs, int attached);
/* Attributes, then onto the object of target. */
int st_attach(struct stage *s, int tree, int target, const struct st_attrs *attrs);
/* mount(2) on the object of a descriptor, through the verified procfs. */
int st_mount_fd(struct stage *s, const char *source, int fd, const char *type, unsigned long flags, const void *data);
unsigned long st_ms_flags(uint64_t attrs); /* MOUNT_ATTR_* → MS_* of the same meaning */
/* Becomes read-only at the end of the visibility phase; the descriptor is taken over. */
/* enter.c: unmounts, with all below it, by descriptor; remembers a mount that was attached after ENTER; takes all of
 * these back. */
int st_unmount_fd(struct stage *s, int fd);
int st_added(struct stage *s, int tree);
void st_take_back(struct stage *s);
int st_late_ro_take(struct stage *s, int tree);
int st_late_ro_apply(struct stage *s);
/* Sets the SELinux label of the object itself. */
int st_label_fd(struct stage *s, int fd, const char *label);

/* copyup.c: copies the content of directory from to directory to. */
int st_copy_up(int from, int to);
/* hide.c: takes procfs and sysfs out of the inherited tree. */
int st_hide_kernel_fs(struct stage *s);

/* -- proc.c -------------------------------------------------------------------------------------- */

/* Descriptor of a procfs that nobody in the container can have replaced; opened on first use. */
int st_proc(struct stage *s);
/* Opens a file below the root of that procfs, or of the container's own where that fails; links of the path must be
 * procfs's own (links = 1) or are refused. */
int st_proc_open(struct stage *s, const char *path, unsigned flags, int links);
/* One write of a whole text into a file of procfs. */
int st_proc_write(struct stage *s, const char *path, const char *text, size_t n, int links);

/* -- the rest ------------------------------------------------------------------------------------ */

int st_console_stdio(struct stage *s);      /* console.c: the terminal becomes descriptors 0 to 2 */
int st_null(struct stage *s);               /* hook.c: opens the null device of the host, verified */
/* exec.c: a blob of strings as an array with room for `extra` more in front of the final NULL; NULL on no memory */
char **st_vector(struct stage *s, struct vl_ref ref, unsigned extra, size_t *bytes);
int st_exec_prepare(struct stage *s);       /* exec.c: arrays for execve, while memory may still be had */
int st_send_execing(struct stage *s);       /* exec.c: once, before the filter or execve */
void st_signals_default(void);              /* gate.c */
int st_set_cwd(struct stage *s, const char *path); /* ambient.c: chdir, and inside the root */
void st_home_prepare(struct stage *s);      /* home.c */
int st_open_text(const char *path);         /* home.c: a regular file of the container, for reading without waiting */
void st_close_from(unsigned feat, unsigned first, unsigned last); /* gate.c: closes first … last */
void st_close_rest(struct stage *s);        /* gate.c: all but stdio, the workload's, channel, gate, null and ruleset */
int st_check_desc(struct stage *s, uint32_t index);               /* desc.c: is it what the plan names */
extern st_step *const st_steps[VL_OP_CODE_MAX];                   /* steps.c; NULL: not for the stage */

extern st_step step_join, step_fork, step_await, step_assume, step_guard, step_unshare, step_time_offsets, step_keyring,
    step_loopback, step_propagate, step_root, step_mount, step_bind, step_remount, step_mkdir, step_device,
    step_symlink, step_console, step_hooks_due, step_hook, step_mask, step_readonly, step_pivot, step_root_attr, step_enter, step_unmount, step_done,
    step_sysctl, step_hostname, step_domainname, step_setsid, step_user, step_stdio, step_cwd, step_umask, step_sched,
    step_ioprio, step_affinity, step_mempolicy, step_personality, step_creds, step_nnp, step_label, step_seccomp,
    step_landlock, step_landlock_path, step_landlock_port, step_landlock_enforce, step_resolve, step_ready, step_gate, step_rlimit, step_exec;

#endif
