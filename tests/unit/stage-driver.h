/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the real veloci-stage for tests: a plan under construction with its descriptors, a bundle with busybox, the
 * launch (clone, id maps, messages), and what came of it. Plain system calls only, nothing of prep/ and launch/: the
 * stage is tested against the wire format, not against its usual partner.
 */
#ifndef VL_TESTS_STAGE_DRIVER_H
#define VL_TESTS_STAGE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "plan/plan.h"

#define SD_FDS 64
#define SD_FEATURES                                                                                \
    (VL_FEAT_OPENAT2 | VL_FEAT_MOUNT_SETATTR | VL_FEAT_NEW_MOUNT | VL_FEAT_CLOSE_RANGE | VL_FEAT_CLONE3)

/* One launch. sd_new gives an empty plan with standard answers; the test adds operations and looks at the rest. */
struct sd {
    struct vl_plan *plan;
    struct vl_ident ident[SD_FDS]; /* numbers as the stage sees them, dev, ino */
    int desc_fd[SD_FDS];           /* ours, of descriptor i; -1 = none. Late ones are sent with PROCEED */
    unsigned long clone_flags;     /* CLONE_NEW* of the launch */
    const char *uid_map, *gid_map; /* written for a new user namespace; NULL: 65536 ids from 100000 on */
    bool maps_after_fork;          /* FORK makes the user namespace */
    const char *late_path[SD_FDS]; /* IN_NS descriptors: opened inside the new mount namespace */
    bool unsealed;                 /* the plan's memfd is left open to writing */
    bool stop_at_ready;            /* leave COMMIT and GO to the test */
    bool hold_at_ready;            /* the same, but say COMMIT */
    void (*at_ready)(struct sd *d);
    void (*at_hooks)(struct sd *d);
    void (*on_listener)(struct sd *d, int number, int fd);
    int stdin_fd;                  /* -1: /dev/null */
    /* results */
    pid_t pid;       /* of the stage; after FORKED of the process that was born there */
    int chan;        /* our end */
    int console;     /* pty master, or -1 */
    bool ready, execing, forked, filter_pending;
    char nonce[VL_NONCE_LEN + 1];
    struct vl_msg error; /* type VL_MSG_ERROR when there was one */
    struct vl_msg warning;
    unsigned warnings;
    int status;      /* of wait(2) */
    char out[65536]; /* what the workload wrote to stdout and stderr */
    size_t out_len;
    int out_fd;
};

/* Program file of the stage (environment VELOCI_STAGE, else where the build puts it), or NULL. */
const char *sd_stage_path(void);
/* A directory with a root file system: bin/busybox and its links, etc/passwd, empty directories. Removed at exit. */
const char *sd_bundle_root(void);

/* Preparing the root; what goes wrong is told on stderr. */
void sd_link(const char *text, const char *path);
void sd_owner(const char *path, uid_t uid, gid_t gid);

void sd_new(struct sd *d);
void sd_free(struct sd *d);
/* Signals the stage, if there ever was one: -1 and 0 would mean everybody. Returns as kill(2). */
int sd_kill(const struct sd *d, int sig);
/* Adds a descriptor that the test has open as fd (taken over); identity is filled in. Index. */
int sd_desc(struct sd *d, enum vl_role role, enum vl_acquire acquire, int fd);
/* A detached clone of a host path, as a descriptor of the table. */
int sd_tree(struct sd *d, enum vl_role role, const char *path, bool recursive);
struct vl_op *sd_op(struct sd *d, enum vl_op_code code);

/* Blocks of operations. */
void sd_identity(struct sd *d, bool userns); /* AWAIT, ASSUME with a user namespace, GUARD */
void sd_root(struct sd *d);                  /* PROPAGATE, ROOT of the bundle */
void sd_mount(struct sd *d, const char *type, const char *target, const char *options, uint64_t attrs, unsigned flags);
void sd_pivot(struct sd *d);
void sd_creds(struct sd *d, uint32_t uid, uint32_t gid, uint64_t caps);
void sd_ready(struct sd *d);                 /* RESOLVE, READY, GATE on the channel */
void sd_exec(struct sd *d, const char *const *argv, const char *const *env);
void sd_shell(struct sd *d, const char *script); /* all that is left for `sh -c script` as uid 0, no capabilities */

/* Launches, answers until the workload has ended or an error came; 0, or -1 when the launch itself failed. */
int sd_run(struct sd *d);
int sd_launch(struct sd *d); /* only starts */
int sd_serve(struct sd *d);  /* answers messages until end of file, or READY with stop_at_ready/hold_at_ready */
int sd_send(struct sd *d, enum vl_msg_type type);
void sd_finish(struct sd *d); /* output and wait */
bool sd_said(const struct sd *d, const char *text); /* the workload's output has it */

#endif
