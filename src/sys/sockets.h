/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_UNIX sockets at a directory descriptor: the address is /proc/self/fd/DIRFD/NAME, so that the
 * 107 bytes of sun_path never limit where a directory may be. unix(7). fd or -errno; all
 * close-on-exec.
 */
#ifndef VL_SYS_SOCKETS_H
#define VL_SYS_SOCKETS_H

#include <sys/types.h>

/* Bound (mode set before anybody can connect) and listening; type SOCK_SEQPACKET or SOCK_STREAM
 * (SOCK_DGRAM: bound only). -EADDRINUSE when the name exists. */
int vl_unix_listen_at(int dirfd, const char *name, int type, mode_t mode, int backlog);
int vl_unix_connect_at(int dirfd, const char *name, int type);
/* A path of any length; "@name" is an abstract address. Both give up with -ETIMEDOUT after ten
 * seconds at a peer that accepts nobody. */
int vl_unix_connect(const char *path, int type);
int vl_unix_accept(int listener);
/* SO_PEERCRED; any pointer may be NULL. */
int vl_unix_peer(int sock, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid);
/* Waits until events (POLLIN …) or timeout_ms (-1 for ever): the revents, 0 at the timeout. */
int vl_poll_one(int fd, short events, int timeout_ms);

#endif
