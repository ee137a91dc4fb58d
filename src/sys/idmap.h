/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User and group id maps. user_namespaces(7), subuid(5), newuidmap(1).
 */
#ifndef VL_SYS_IDMAP_H
#define VL_SYS_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "sys/host.h"

enum vl_id_kind { VL_ID_UID, VL_ID_GID };

/* Writes /proc/PID/uid_map or gid_map in one write(2), as the kernel demands. At most 340 lines. */
int vl_idmap_write(pid_t pid, enum vl_id_kind kind, const struct vl_idmap_line *lines, size_t n);
/* "deny" into /proc/PID/setgroups: needed before an unprivileged gid_map. */
int vl_idmap_deny_setgroups(pid_t pid);
/* Reads a map (pid 0: our own). *ret is the caller's. */
int vl_idmap_read(pid_t pid, enum vl_id_kind kind, struct vl_idmap_line **ret, size_t *ret_n);

/* Runs newuidmap or newgidmap (helper is its path) for pid. -EPERM when the tool refused; its words
 * are in msg, one line. Other -errno when it could not be run. */
int vl_idmap_helper(const char *helper, pid_t pid, const struct vl_idmap_line *lines, size_t n,
                    char *msg, size_t msg_size);

/* All ranges that text (the content of /etc/subuid or /etc/subgid) gives to a user, by name (may be
 * NULL) or by number. Comments, blank and malformed lines are skipped. Appends to *ranges. */
void vl_subid_parse(const char *text, const char *name, uid_t uid, struct vl_subid **ranges,
                    size_t *n);

/*
 * A user namespace with these maps, as a descriptor for idmapped mounts. Made by a child that is
 * paused, mapped, and killed again once the namespace is held. Needs the right to write the maps
 * directly (CAP_SETUID/CAP_SETGID over the ids), or maps of a single line of one's own id.
 */
int vl_idmap_userns(const struct vl_idmap_line *uids, size_t n_uids,
                    const struct vl_idmap_line *gids, size_t n_gids);

#endif
