/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids and process attributes of the calling thread, by raw system calls: the C library's wrappers
 * change all threads by signals, which a child on borrowed memory (sys/clone.h) must not start. 0
 * or -errno.
 */
#ifndef VL_SYS_CRED_H
#define VL_SYS_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

int vl_set_uid(uid_t uid); /* setresuid, all three */
int vl_set_gid(gid_t gid);
int vl_set_groups(const gid_t *groups, size_t n);
int vl_set_keepcaps(bool on);
int vl_set_securebits(unsigned long bits);
int vl_set_no_new_privs(void);
int vl_set_dumpable(bool on);
int vl_set_pdeathsig(int sig);
int vl_set_subreaper(bool on);
bool vl_get_subreaper(void);

/* The name of a user in a passwd(5) file, by number; -ENOENT. *ret is the caller's. */
int vl_passwd_name(const char *path, uid_t uid, char **ret);

#endif
