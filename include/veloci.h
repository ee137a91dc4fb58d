/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/*
 * libveloci: containers from C, without running a program for every step.
 *
 * Conventions
 *
 *   Functions that can fail take `struct veloci_error **err` last. They return 0, or -1 and then an
 *   error in *err, to be released with veloci_error_free; err may be NULL when the caller does not
 *   want it. What a function gives back through a pointer is written on success only.
 *
 *   Strings passed in are borrowed for the call. Objects given back are owned by the caller and
 *   released with the function named beside them, text given back as `char **` with veloci_free.
 *   Strings got from an object belong to it.
 *
 *   Structs of options begin with their size: initialise them with their _INIT macro, or zero them
 *   and set `size`. A member or flag that this library does not know and that is set is an error,
 *   never ignored.
 *
 * The calling process
 *
 *   Any thread may call anything at any time; calls for one container wait for each other, those
 *   for different containers run side by side. An object (veloci_state, veloci_list, veloci_error)
 *   is used by one thread at a time; a struct veloci never changes and may be shared.
 *
 *   Nothing of the process is changed: not umask, working directory, signal dispositions,
 *   subreaper flag, resource limits or environment. Standard output and error are not written to.
 *   Descriptors that the library opens are close-on-exec. Exceptions are veloci_run and veloci_exec
 *   without their DETACH flag, as told there; and while veloci_exec starts a process that has an
 *   execCPUAffinity, the calling thread has it, too.
 *
 *   Children: after veloci_create, veloci_run and veloci_exec the new process is a child of the
 *   calling process, which may wait for it and read its exit status; veloci_delete reaps the
 *   container's first one if nobody did. Hooks and helpers are children, too, and reaped by the
 *   library: a program must not wait for processes that it does not know (wait(2), or waitpid(2)
 *   with -1), and SIGCHLD must be neither ignored nor have SA_NOCLDWAIT, which is checked.
 *
 *   The container's standard input, output and error are descriptors 0, 1 and 2 of the calling
 *   process, unless its configuration has a terminal.
 *
 *   Of the environment PATH, USER, XDG_RUNTIME_DIR and, for the systemd driver, the addresses of
 *   the bus are read; hooks without an environment of their own get that of the process. When
 *   memory is out the process is ended.
 */
/* clang-format on */
#ifndef VELOCI_H
#define VELOCI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VELOCI_API __attribute__((visibility("default")))

/* Version of the library, "0.1.0". Static. */
VELOCI_API const char *veloci_version(void);
/* Releases text that was given back; NULL is fine. */
VELOCI_API void veloci_free(void *text);

/* -- errors ------------------------------------------------------------------------------------ */

struct veloci_error;

enum veloci_error_kind {
    VELOCI_ERROR_USAGE = 1,   /* the call is wrong: an id, an option */
    VELOCI_ERROR_CONFIG,      /* a document is wrong; veloci_error_where names the place */
    VELOCI_ERROR_UNSUPPORTED, /* right, but this kernel or build lacks it */
    VELOCI_ERROR_REFUSED,     /* possible, but a policy forbids it */
    VELOCI_ERROR_STATE,       /* no such container, wrong state, id taken */
    VELOCI_ERROR_SYSTEM,      /* a system call failed; veloci_error_errno says why */
    VELOCI_ERROR_PAYLOAD,     /* a hook or a program ended badly */
    VELOCI_ERROR_BUG,         /* a fault of the library */
};
/* What became of it. */
enum veloci_error_class {
    VELOCI_REFUSED = 1, /* nothing was done */
    VELOCI_FAULTED,     /* the system failed, what had been made was undone */
};

VELOCI_API void veloci_error_free(struct veloci_error *error);
/* One line without newline, as the program veloci prints it; further mistakes found in the same
 * pass are in it. */
VELOCI_API const char *veloci_error_message(const struct veloci_error *error);
VELOCI_API enum veloci_error_kind veloci_error_kind(const struct veloci_error *error);
VELOCI_API enum veloci_error_class veloci_error_class(const struct veloci_error *error);
/* 0 when no system call failed. */
VELOCI_API int veloci_error_errno(const struct veloci_error *error);
/* Place in the document, "mounts[3].options[1]", or NULL. */
VELOCI_API const char *veloci_error_where(const struct veloci_error *error);

/* -- where containers are ---------------------------------------------------------------------- */

struct veloci;

enum veloci_cgroup_manager {
    VELOCI_CGROUPFS = 0,
    VELOCI_SYSTEMD,
    VELOCI_NO_CGROUPS,
};

/* Whether a container that names no cgroup may go without one where it cannot be made. */
enum veloci_rootless {
    VELOCI_ROOTLESS_AUTO = 0, /* for others than root */
    VELOCI_ROOTLESS_YES,
    VELOCI_ROOTLESS_NO,
};

struct veloci_options {
    size_t size;
    const char
        *root; /* state root; NULL: /run/veloci, for others than root $XDG_RUNTIME_DIR/veloci */
    int cgroup_manager; /* enum veloci_cgroup_manager; for create and run, later verbs remember */
    int rootless;       /* enum veloci_rootless */
};
/* clang-format off */
#define VELOCI_OPTIONS_INIT {sizeof(struct veloci_options), NULL, VELOCI_CGROUPFS, VELOCI_ROOTLESS_AUTO}
/* clang-format on */

/* options may be NULL. Touches nothing; the root is made by the first create. */
VELOCI_API int veloci_open(const struct veloci_options *options, struct veloci **ret,
                           struct veloci_error **err);
VELOCI_API void veloci_close(struct veloci *v);

/* -- verbs ------------------------------------------------------------------------------------- */

enum {                                 /* flags of struct veloci_create_options */
       VELOCI_NO_PIVOT = 1 << 0,       /* do not use pivot_root(2) */
       VELOCI_NO_NEW_KEYRING = 1 << 1, /* keep the session keyring */
       VELOCI_DETACH = 1 << 2,         /* veloci_run: do not wait for the end */
       VELOCI_KEEP = 1 << 3,           /* veloci_run: do not delete the container at its end */
};

struct veloci_create_options {
    size_t size;
    const char *bundle;         /* directory; NULL: the current one */
    const char *config;         /* NULL: config.json; a relative name is taken below the bundle */
    const char *console_socket; /* AF_UNIX socket that gets the terminal, or NULL */
    const char *pid_file;       /* gets the process id, or NULL */
    const char *pidfd_socket;   /* AF_UNIX stream socket that gets a pidfd, or NULL */
    const char
        *plan_digest; /* "sha256:…": nothing is made unless the plan has this digest; or NULL */
    const char *plan_file; /* file with the plan that was approved, likewise; or NULL */
    uint32_t flags;
    uint32_t preserve_fds; /* descriptors 3 … 2+n are handed on; they must not be close-on-exec */
};
/* clang-format off */
#define VELOCI_CREATE_OPTIONS_INIT {sizeof(struct veloci_create_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0}
/* clang-format on */

/* Makes a container; its process waits to be started. options may be NULL. */
VELOCI_API int veloci_create(const struct veloci *v, const char *id,
                             const struct veloci_create_options *options,
                             struct veloci_error **err);
/* Starts a container that was created; the program has been executed when it returns. */
VELOCI_API int veloci_start(const struct veloci *v, const char *id, struct veloci_error **err);
/* Creates and starts. With VELOCI_DETACH that is all, and *status is 0. Else the calling thread
 * takes the place of the container: until it ends, signals of the thread are blocked and passed on
 * to it, its terminal is relayed to descriptors 0 and 1, and every child of the process that ends
 * is reaped; then the container is deleted unless VELOCI_KEEP is set, and *status is its exit
 * status, 128 and the number after a signal. That is for programs that do nothing else meanwhile.
 * status may be NULL. */
VELOCI_API int veloci_run(const struct veloci *v, const char *id,
                          const struct veloci_create_options *options, int *status,
                          struct veloci_error **err);

enum { VELOCI_KILL_ALL = 1 << 0 }; /* every process of the container, not only its first */
/* Sends a signal to a created, running or paused container. */
VELOCI_API int veloci_kill(const struct veloci *v, const char *id, int signal, uint32_t flags,
                           struct veloci_error **err);

enum { VELOCI_DELETE_FORCE = 1 << 0 }; /* kill it when it runs; be content when there is none */
/* Removes a container that has stopped or was never started, and everything that was made for it.
 */
VELOCI_API int veloci_delete(const struct veloci *v, const char *id, uint32_t flags,
                             struct veloci_error **err);

enum {                                     /* flags of struct veloci_exec_options */
       VELOCI_EXEC_DETACH = 1 << 0,        /* do not wait for the end */
       VELOCI_EXEC_TTY = 1 << 1,           /* with a terminal */
       VELOCI_EXEC_NO_NEW_PRIVS = 1 << 2,  /* set no_new_privs */
       VELOCI_EXEC_IGNORE_PAUSED = 1 << 3, /* into a paused container, too: it is frozen at once */
};

struct veloci_exec_options {
    size_t size;
    const char *process;     /* text of a document as `process` of config.json is; NULL: that of the
                                container */
    const char *const *args; /* command, ends with NULL; or NULL: that of the document */
    const char *const *env;  /* NAME=VALUE, ends with NULL, added; or NULL */
    const char *user;        /* USER[:GROUP], ids or names; or NULL */
    const char *cwd;         /* or NULL */
    const char *console_socket; /* as for create */
    const char *pid_file;
    const char *pidfd_socket;
    uint32_t flags;
    uint32_t preserve_fds;
};
/* clang-format off */
#define VELOCI_EXEC_OPTIONS_INIT {sizeof(struct veloci_exec_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0}
/* clang-format on */

/* Runs one more process in a container that was created or runs. *pid becomes its id; it is a child
 * of the calling process. Without VELOCI_EXEC_DETACH the calling thread waits as with veloci_run,
 * and *status is its exit status. pid and status may be NULL. */
VELOCI_API int veloci_exec(const struct veloci *v, const char *id,
                           const struct veloci_exec_options *options, pid_t *pid, int *status,
                           struct veloci_error **err);

/* Freezes every process of a created or running container. */
VELOCI_API int veloci_pause(const struct veloci *v, const char *id, struct veloci_error **err);
/* Thaws a paused one. */
VELOCI_API int veloci_resume(const struct veloci *v, const char *id, struct veloci_error **err);

/* Its processes, by their ids for the caller, ascending. *pids: veloci_free. */
VELOCI_API int veloci_ps(const struct veloci *v, const char *id, pid_t **pids, size_t *count,
                         struct veloci_error **err);

/* Changes limits of a container that has not stopped: resources is the text of a document as
 * linux.resources of config.json is. What it does not name stays. */
VELOCI_API int veloci_update(const struct veloci *v, const char *id, const char *resources,
                             struct veloci_error **err);

/* Adds the mounts of a file, which has an array of entries as `mounts` of config.json has them, to
 * a created or running container, all or none (but what a remount has changed stays changed); or unmounts what is at their destinations. */
VELOCI_API int veloci_mounts_add(const struct veloci *v, const char *id, const char *file,
                                 struct veloci_error **err);
VELOCI_API int veloci_mounts_remove(const struct veloci *v, const char *id, const char *file,
                                    struct veloci_error **err);

/* Gets one JSON object without newline; anything but 0 ends the events. Called by the thread that
 * called veloci_events. */
typedef int veloci_events_fn(void *context, const char *line, size_t length);
enum {
    VELOCI_EVENTS_STATS = 1 << 0
}; /* the statistics of now, then return; interval_ms does not matter */
/* Statistics every interval_ms, and each process that is killed because memory is used up, until
 * the container ends or fn does not want more. */
VELOCI_API int veloci_events(const struct veloci *v, const char *id, uint32_t flags,
                             int64_t interval_ms, veloci_events_fn *fn, void *context,
                             struct veloci_error **err);

/* -- state ------------------------------------------------------------------------------------- */

enum veloci_status {
    VELOCI_CREATING, /* a create is at work */
    VELOCI_CREATED,
    VELOCI_RUNNING,
    VELOCI_PAUSED,
    VELOCI_STOPPED,
};

/* What is known of a container at one moment. */
struct veloci_state;

VELOCI_API int veloci_state_get(const struct veloci *v, const char *id, struct veloci_state **ret,
                                struct veloci_error **err);
VELOCI_API void veloci_state_free(struct veloci_state *state);
VELOCI_API const char *veloci_state_id(const struct veloci_state *state);
VELOCI_API enum veloci_status veloci_state_status(const struct veloci_state *state);
VELOCI_API pid_t veloci_state_pid(const struct veloci_state *state); /* 0 when it has stopped */
/* Absolute paths; "" while nothing is known. */
VELOCI_API const char *veloci_state_bundle(const struct veloci_state *state);
VELOCI_API const char *veloci_state_rootfs(const struct veloci_state *state);
/* RFC 3339, UTC; "" while nothing is known. */
VELOCI_API const char *veloci_state_created(const struct veloci_state *state);
/* Value of an annotation of the configuration, or NULL. */
VELOCI_API const char *veloci_state_annotation(const struct veloci_state *state, const char *key);
/* The document of runtime.md#state. indent: NULL for one line, else the unit of indentation.
 * veloci_free. */
VELOCI_API char *veloci_state_json(const struct veloci_state *state, const char *indent);
/* "running" … Static. */
VELOCI_API const char *veloci_status_name(enum veloci_status status);

/* All containers of the state root, by id in byte order. */
struct veloci_list;

VELOCI_API int veloci_list_get(const struct veloci *v, struct veloci_list **ret,
                               struct veloci_error **err);
VELOCI_API void veloci_list_free(struct veloci_list *list);
VELOCI_API size_t veloci_list_count(const struct veloci_list *list);
/* Belongs to the list; NULL behind the last. */
VELOCI_API const struct veloci_state *veloci_list_item(const struct veloci_list *list,
                                                       size_t index);

/* -- documents --------------------------------------------------------------------------------- */

enum { VELOCI_SPEC_ROOTLESS = 1 << 0 }; /* for a caller who is not root */

struct veloci_spec_options {
    size_t size;
    const char *bundle; /* directory; NULL: the current one */
    const char
        *file; /* NULL: config.json, which must not exist; a name given here is overwritten */
    uint32_t flags;
};
/* clang-format off */
#define VELOCI_SPEC_OPTIONS_INIT {sizeof(struct veloci_spec_options), NULL, NULL, 0}
/* clang-format on */
/* Writes a config.json to begin with. options may be NULL. */
VELOCI_API int veloci_spec(const struct veloci_spec_options *options, struct veloci_error **err);

enum { /* flags of struct veloci_plan_options, beside VELOCI_NO_PIVOT, VELOCI_NO_NEW_KEYRING */
       VELOCI_PLAN_BINARY = 1 << 8, /* the wire form instead of JSON */
       VELOCI_PLAN_RUN = 1 << 9,    /* what veloci_run would do; with VELOCI_DETACH, detached */
};

struct veloci_plan_options {
    size_t size;
    const char *id; /* NULL: "plan" */
    const char *bundle, *config;
    uint32_t flags;
    uint32_t preserve_fds;
};
/* clang-format off */
#define VELOCI_PLAN_OPTIONS_INIT {sizeof(struct veloci_plan_options), NULL, NULL, NULL, 0, 0}
/* clang-format on */
/* What create would do, without doing it. options may be NULL; length may be NULL. *text:
 * veloci_free. */
VELOCI_API int veloci_plan(const struct veloci *v, const struct veloci_plan_options *options,
                           char **text, size_t *length, struct veloci_error **err);
/* Whether a file holds a plan that could be carried out, and, when options name a bundle, whether
 * it is what would be done here now: *difference gets the lines that differ, or NULL. *text says in
 * one line what it is. Both: veloci_free. Whatever is wrong with the file is VELOCI_ERROR_REFUSED.
 */
VELOCI_API int veloci_plan_verify(const struct veloci *v, const char *file,
                                  const struct veloci_plan_options *options, char **text,
                                  char **difference, struct veloci_error **err);

/* What this build understands, as the document of features.md. *text: veloci_free. */
VELOCI_API int veloci_features(char **text, struct veloci_error **err);

/* What this host can do and what to do about what is missing, as JSON: {"version", "usable",
 * "findings": [{"section", "name", "status", "needed", "detail", "remedy"}]}. *text: veloci_free.
 */
VELOCI_API int veloci_doctor(const struct veloci *v, char **text, struct veloci_error **err);

/* Number of a signal: "TERM", "SIGTERM", "15", "RTMIN+1" …; -1 when there is none of that name. */
VELOCI_API int veloci_signal(const char *name);

#ifdef __cplusplus
}
#endif

#endif
