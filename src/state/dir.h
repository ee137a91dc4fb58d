/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state root and one container's directory in it: <root>/<id>/.
 *
 * The directory's existence is the claim on the id. flock(2) on the directory itself serialises the
 * verbs that change something; it ends with the process, so that nothing is ever left locked, and
 * there is no lock file that could be missing. Everything is done relative to descriptors.
 */
#ifndef VL_STATE_DIR_H
#define VL_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/str.h"

/* Names in a container's directory. */
#define VL_CTR_RECORD "state.json"
#define VL_CTR_JOURNAL "journal"
#define VL_CTR_GATE "gate" /* socket; there until the container is started */
#define VL_CTR_PLAN "plan" /* wire form of the launch plan, as executed */

#define VL_ID_MAX 1024

/* [A-Za-z0-9_+.-]+, not . or .., at most VL_ID_MAX. USAGE error "invalid container ID format …". */
int vl_id_check(const char *id, struct vl_error **err);

/* The absolute, cleaned path of the state root, owned by the caller. given: --root, or NULL for the
 * default: /run/veloci for uid 0 of the initial user namespace, else $XDG_RUNTIME_DIR/veloci;
 * REFUSED when that is unset or empty. */
int vl_root_path(const char *given, char **ret, struct vl_error **err);

struct vl_ctr {
    int root_fd; /* state root; owned unless opened by vl_ctr_open_in */
    int dir_fd;  /* its directory, open for reading; owned. Holds the lock when locked */
    bool locked, root_borrowed;
    char *id;
    char *root; /* absolute path of the state root */
    char *path; /* <root>/<id> */
};
/* Closes and so unlocks; leaves the directory as it is. */
void vl_ctr_free(struct vl_ctr *c);
VL_DEFINE_CLEANUP(ctr)

/* Claims a new id: makes the root (0700, with parents) and the directory (0700) and locks it. STATE
 * error "container with given ID already exists: ID" when it is taken, also by what a died create
 * left behind. */
int vl_ctr_claim(const char *root, const char *id, struct vl_ctr **ret, struct vl_error **err);

enum vl_ctr_lock {
    VL_CTR_READ, /* no lock: the record is written at once and never changed in place */
    VL_CTR_LOCK, /* waits for the lock, 10 s at most; the directory is then known to be still there */
};
/* Opens an existing container. STATE error `container "ID" does not exist`. Never makes anything.
 */
int vl_ctr_open(const char *root, const char *id, enum vl_ctr_lock lock, struct vl_ctr **ret,
                struct vl_error **err);
/* Takes the lock of a container opened for reading if nobody has it: false when somebody does, or
 * on an error, which vl_ctr_relock will name. */
bool vl_ctr_trylock(struct vl_ctr *c);
/* Gives the lock up for a while, and takes it again: then a STATE error when somebody removed the
 * container. */
void vl_ctr_unlock(struct vl_ctr *c);
int vl_ctr_relock(struct vl_ctr *c, struct vl_error **err);
/* One of a root that is open, for vl_root_list: root_fd and root are the caller's and must live as
 * long. */
int vl_ctr_open_in(int root_fd, const char *root, const char *id, struct vl_ctr **ret,
                   struct vl_error **err);
/* true for the error of vl_ctr_open that means there is no such container */
bool vl_ctr_is_missing(const struct vl_error *e);
/* Whether somebody holds the lock now, by trying; the caller must not hold it. */
bool vl_ctr_is_busy(const struct vl_ctr *c);

/* Removes the directory and all in it (which is nothing but what this layer put there: plain files,
 * sockets, at most VL_CTR_REMOVE_DEPTH levels of directories). The record goes last, so that an
 * interrupted removal can be repeated. Needs the lock. */
#define VL_CTR_REMOVE_DEPTH 4
int vl_ctr_remove(struct vl_ctr *c, struct vl_error **err);

/* Ids in a state root, sorted; *ret_fd is its descriptor, owned by the caller, VL_NOFD when the
 * default root is not there (no ids then). A named root that is not there is an error. Entries that
 * are no ids are left out. */
int vl_root_list(const char *root, struct vl_strv *ret, int *ret_fd, char **ret_path,
                 struct vl_error **err);

#endif
