/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs, as functions: what the command line and the library call. Nothing here writes to
 * standard output or ends the process; results come back as data. Every function returns 0, or -1
 * with an error; for an id that nobody has, a STATE error that says `container "ID" does not
 * exist`. Strings in option structs are borrowed.
 */
#ifndef VL_OPS_OPS_H
#define VL_OPS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "launch/transcript.h"
#include "plan/build.h"
#include "state/query.h"

/* What holds for every verb. */
struct vl_global {
    const char *root;                      /* state root, or NULL for the default (state/dir.h) */
    enum vl_cgroup_manager cgroup_manager; /* used by create and run; later verbs remember */
    enum vl_rootless rootless;             /* used by create and run */
    bool debug;
    bool foreign_env; /* in a program that is not ours: LISTEN_FDS, NOTIFY_SOCKET and RUN_OCI_SECCOMP_RECEIVER are not
                         meant for us */
};

struct vl_create_opts {
    const char *bundle;         /* directory; NULL: the current one */
    const char *config;         /* NULL: config.json; a relative name is taken below the bundle */
    const char *console_socket; /* path or NULL */
    const char *pid_file;       /* path or NULL */
    const char *pidfd_socket;   /* path of a stream socket that gets a pidfd, or NULL */
    bool no_pivot, no_new_keyring;
    uint32_t preserve_fds; /* 3 … 2+n stay open; LISTEN_FDS of our environment comes on top */
    const char *plan_digest, *plan_file; /* what was approved (ops/contract.h); or NULL */
    struct vl_tr_opts transcript;        /* no target: none */
    /* run only */
    bool detach, keep, no_subreaper;
    int timeline;        /* enum vl_timeline: what *ret_timeline gets, the caller's; NULL after an error early on */
    char **ret_timeline;
};
enum vl_timeline { VL_TIMELINE_NONE = 0, VL_TIMELINE_TEXT, VL_TIMELINE_SVG };

/* Makes a container up to its start gate. */
int vl_op_create(const struct vl_global *g, const char *id, const struct vl_create_opts *o,
                 struct vl_error **err);
/* Makes and starts a container; unless detached waits for it, deletes it (unless keep) and gives
 * its exit status (128+n for a signal). */
int vl_op_run(const struct vl_global *g, const char *id, const struct vl_create_opts *o,
              int *ret_status, struct vl_error **err);
/* transcript: may be NULL. */
int vl_op_start(const struct vl_global *g, const char *id, const struct vl_tr_opts *transcript, struct vl_error **err);

struct vl_exec_opts {
    const char *process;                   /* file of a process document, "-" is standard input; or NULL */
    char *const *args;                     /* command; none: the document's */
    size_t n_args;
    struct vl_strv env, caps, groups;      /* NAME=VALUE; CAP_…; numbers, also several with commas: added */
    struct vl_strv cgroup;                 /* sub-groups: cgroup/cgroup.h, vl_cgroup_narrow */
    const char *user, *cwd;                /* USER[:GROUP]; or NULL */
    const char *apparmor, *selinux;        /* or NULL */
    const char *console_socket, *pidfd_socket, *pid_file; /* paths or NULL */
    uint32_t preserve_fds;
    bool tty, detach, no_new_privs, ignore_paused;
    struct vl_tr_opts transcript; /* no target: none */
    /* of programs that call us */
    const char *process_text; /* the document itself; process is its name in messages then */
    pid_t *ret_pid;           /* gets the process id, or NULL */
};
/* Adds a process to a created or running container (to a paused one only with ignore_paused: it is frozen at once).
 * Unless detached waits for it and gives its exit status (128+n for a signal). The pid file is written once the program
 * runs, and after an error there is none. */
int vl_op_exec(const struct vl_global *g, const char *id, const struct vl_exec_opts *o, int *ret_status,
               struct vl_error **err);

/* Sends a signal to a created, running or paused container: its first process; with all, or with
 * KILL when it shares its pid namespace, every process of its cgroup. A stopped one: STATE error
 * "container not running" (with all: its cgroup is emptied, success). */
int vl_op_kill(const struct vl_global *g, const char *id, int sig, bool all, struct vl_error **err);

/* The same for every container whose id a POSIX extended regular expression matches (USAGE error for a bad one). Those
 * that do not run are passed over; what fails for one does not keep the others, and is in the error. */
int vl_op_kill_matching(const struct vl_global *g, const char *regex, int sig, bool all,
                        struct vl_error **err);

/* Removes a created or stopped container and everything made for it; force kills a running one
 * first, removes what a died create left, and is content when there is none. */
int vl_op_delete(const struct vl_global *g, const char *id, bool force, struct vl_error **err);
/* The same for every container whose id a POSIX extended regular expression matches, as above. */
int vl_op_delete_matching(const struct vl_global *g, const char *regex, bool force,
                          struct vl_error **err);

/* Freezes a created or running container, and waits until every process of it is frozen, 10 s at most: then the freeze
 * is taken back, and the error names processes that stand in the way. STATE errors "container not running", and for one
 * without a cgroup. */
int vl_op_pause(const struct vl_global *g, const char *id, struct vl_error **err);
/* Thaws it, also after a pause that was killed half-way. STATE error "container not paused". */
int vl_op_resume(const struct vl_global *g, const char *id, struct vl_error **err);

/* Adds the mounts of a document (an array of entries as `mounts` of config.json has them; "-" is standard input) to a
 * created or running container, all or none; or unmounts what is mounted at their destinations, the last first, with
 * all below it: none is, unless all of them are mount points. */
int vl_op_mounts_add(const struct vl_global *g, const char *id, const char *file, struct vl_error **err);
int vl_op_mounts_remove(const struct vl_global *g, const char *id, const char *file,
                        struct vl_error **err);

/* Its processes as seen from here, in ascending order: those of its cgroup and of all below it; without a cgroup those
 * of its pid namespace. A stopped container has none but what it left in its cgroup. *ret_pid is the caller's. */
int vl_op_ps(const struct vl_global *g, const char *id, pid_t **ret_pid, size_t *ret_n,
             struct vl_error **err);

int vl_op_state(const struct vl_global *g, const char *id, struct vl_status **ret,
                struct vl_error **err);

/* The document of runtime.md#state, with rootfs, created and owner as runc has them. indent as in
 * vl_json_new; caller frees. */
char *vl_op_state_json(const struct vl_status *s, const char *indent);
/* The same as the next value of a document. */
struct vl_json;
void vl_status_json(struct vl_json *j, const struct vl_status *s);

struct vl_list {
    struct vl_status **item; /* by id, in byte order */
    size_t n;
};
void vl_list_free(struct vl_list *l);
VL_DEFINE_CLEANUP(list)
/* All containers of the state root. A default root that is not there holds none; a named one is an
 * error. Half-made and unreadable ones are listed like any other. owner holds user names. ids_only:
 * only id is filled in. */
int vl_op_list(const struct vl_global *g, bool ids_only, struct vl_list **ret,
               struct vl_error **err);

struct vl_spec_opts {
    const char *bundle; /* directory; NULL: the current one */
    const char
        *file; /* NULL: config.json, which must not exist yet; a name given here is overwritten */
    bool rootless;
};
int vl_op_spec(const struct vl_spec_opts *o, struct vl_error **err);

struct vl_plan_request {
    const char *id; /* NULL: "plan" */
    const char *bundle, *config;
    bool no_pivot, no_new_keyring;
    bool run;    /* the plan of run: the start gate is not a socket; detach: of run --detach */
    bool detach;
    uint32_t preserve_fds;
    bool binary; /* the wire form instead of JSON */
};
/* What create would do, without doing it. *ret is owned by the caller. */
int vl_op_plan(const struct vl_global *g, const struct vl_plan_request *r, char **ret,
               size_t *ret_len, struct vl_error **err);
/*
 * Whether a file has a plan that could be carried out: frame, digest, descriptor table, schedule. With a bundle in r also
 * whether it is what would be done here now; *ret_diff (the caller's) then gets the lines that differ, or NULL. REFUSED for
 * whatever is wrong with the file. *ret_text (the caller's) says in one line what it is.
 */
int vl_op_plan_verify(const struct vl_global *g, const char *file, const struct vl_plan_request *r, char **ret_text,
                      char **ret_diff, struct vl_error **err);

/* A number that may be given. */
struct vl_given {
    bool given;
    int64_t value;
};
/* New limits, each as in linux.resources of config.json. Zeroed: nothing is changed. */
struct vl_update_opts {
    const char *resources; /* document, "-" standard input, NULL: the values below count */
    const char *text;      /* the document itself; resources is its name in messages then */
    struct vl_given memory, memory_swap, memory_reservation, kernel_memory, kernel_memory_tcp;
    struct vl_given cpu_period, cpu_quota, cpu_burst, cpu_shares, cpu_rt_period, cpu_rt_runtime;
    struct vl_given cpu_idle, pids_limit, blkio_weight;
    const char *cpus, *mems;
    const char *l3_cache_schema, *mem_bw_schema; /* also with a document */
};
/* Changes the limits of a created, running or paused container; all or nothing, and what is not
 * given stays. Device rules are replaced when the document has any. A stopped one: STATE error
 * "container not running". */
int vl_op_update(const struct vl_global *g, const char *id, const struct vl_update_opts *o,
                 struct vl_error **err);

/* Statistics and events of a container, each as one line of JSON in runc's form. */
struct vl_events_opts {
    bool stats_only; /* once, then return; also of a stopped container, until it is deleted */
    int64_t interval_ms; /* between statistics */
};
/* Gets one line without its newline; -1 with an error ends the events. */
typedef int vl_events_sink(void *ctx, const char *line, size_t len, struct vl_error **err);
/* Returns when the container has ended. A stopped one, without stats_only: STATE error "container
 * not running". */
int vl_op_events(const struct vl_global *g, const char *id, const struct vl_events_opts *o,
                 vl_events_sink *sink, void *ctx, struct vl_error **err);
/* The `data` of a statistics event as the next value of a document. */
struct vl_stats;
void vl_stats_json(struct vl_json *j, const struct vl_stats *s);

/* What this build understands, as the document of features.md, indented; owned by the caller. */
int vl_op_features(char **ret, size_t *ret_len, struct vl_error **err);
/* The text of --version; caller frees. */
char *vl_op_version(void);

/* What this host can do (ops/doctor.h). Fails only where there is no /proc. */
struct vl_doctor;
int vl_op_doctor(const struct vl_global *g, struct vl_doctor **ret, struct vl_error **err);
char *vl_op_doctor_json(const struct vl_doctor *d); /* indented; caller frees */

#endif
