/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record: what later verbs must know about a container, so that they never read config.json
 * again. Written to state.json by one rename; read back by a reader that is total: any bytes give a
 * record or an error.
 */
#ifndef VL_STATE_RECORD_H
#define VL_STATE_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/str.h"
#include "state/dir.h"

#define VL_RECORD_VERSION 1
#define VL_RECORD_MAX (4u << 20) /* bytes */

struct vl_kv {
    char *key, *value;
};

/* A hook that is run on the host after create. */
struct vl_record_hook {
    char *path;
    struct vl_strv args; /* empty: the path is argv[0] */
    bool has_env;        /* else the caller's environment is used */
    struct vl_strv env;
    uint32_t timeout_ms; /* 0: none */
};

struct vl_record {
    char *id;
    char *oci_version; /* ociVersion of config.json */
    bool creating;     /* hooks of create are still to come; else the container is complete */
    pid_t pid;
    uint64_t start_time;   /* clock ticks since boot */
    uint64_t pid_inode;    /* pidfs inode, 0 when unknown */
    char *bundle, *rootfs; /* absolute */
    char *created;         /* RFC 3339 with nanoseconds, UTC, "Z" */
    uid_t owner;           /* who called create */
    struct vl_kv *annotation;
    size_t n_annotation;
    struct vl_strv cgroup; /* vl_cgroup_desc_format */
    bool own_pidns; /* has a pid namespace of its own: the kernel kills the rest with its first
                       process */
    bool own_userns;
    bool terminal;
    bool no_new_privs;
    struct vl_record_hook *poststart, *poststop;
    size_t n_poststart, n_poststop;
    char *hook_stdout, *hook_stderr;           /* files for the output of hooks, or NULL */
    char *seccomp_listener, *seccomp_metadata; /* or NULL: whoever starts it serves the listener */
    char *notify_socket;                       /* NOTIFY_SOCKET at create, or NULL */
    char *rdt_group, *rdt_monitor;             /* directories of resctrl, or NULL */
    char *plan_digest;                         /* "sha256:…" */
    struct vl_strv notes;                      /* degradations: what was left out and why */
};

struct vl_record *vl_record_new(void);
void vl_record_free(struct vl_record *r);
VL_DEFINE_CLEANUP(record)

/* Now, as RFC 3339 with nanoseconds in UTC; caller frees. */
char *vl_record_now(void);

/* Writes state.json; replaces an earlier one atomically. */
int vl_record_write(const struct vl_ctr *c, const struct vl_record *r, struct vl_error **err);
/* Reads it: 0 and *ret. -1 with an error whose errno is ENOENT when there is none yet, CONFIG when
 * it is damaged. */
int vl_record_read(const struct vl_ctr *c, struct vl_record **ret, struct vl_error **err);

/* The same from and to memory. Text is one line. */
char *vl_record_text(const struct vl_record *r, size_t *ret_len);
int vl_record_parse(const char *buf, size_t len, struct vl_record **ret, struct vl_error **err);

#endif
