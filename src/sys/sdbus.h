/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to systemd over D-Bus: the only user of libsystemd, which is opened on first use. sd-bus(3).
 *
 * As systemctl(1) does, the manager is talked to directly at its own socket where that is there (root, and a user's own
 * manager), else through the bus. Every wait has an end. Errors are of kind UNSUPPORTED (no library, no systemd) or
 * SYSTEM; what systemd answered is in struct vl_bus_fault as well, for those who know what to do about it.
 */
#ifndef VL_SYS_SDBUS_H
#define VL_SYS_SDBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"

struct vl_bus;     /* a connection */
struct vl_bus_msg; /* a call that is being put together */

/* An error reply. Empty strings when there was none: the call itself failed. */
struct vl_bus_fault {
    char name[160]; /* "org.freedesktop.systemd1.NoSuchUnit" */
    char text[512];
};

/* UNSUPPORTED when libsystemd is not there. Opens it. */
int vl_bus_check(struct vl_error **err);
/*
 * The manager of the machine, or (user) that of the user with the host id uid, found by $XDG_RUNTIME_DIR (else
 * /run/user/UID) and $DBUS_SESSION_BUS_ADDRESS; the former honours $DBUS_SYSTEM_BUS_ADDRESS. UNSUPPORTED when nobody
 * answers within timeout_ms.
 */
int vl_bus_open(bool user, uid_t uid, int timeout_ms, struct vl_bus **ret, struct vl_error **err);
void vl_bus_free(struct vl_bus *b);
VL_DEFINE_CLEANUP(bus)

/* -- calls ------------------------------------------------------------------------------------------ */

/* A method of an object of systemd. Never fails: what goes wrong while it is put together is told by vl_bus_call. */
struct vl_bus_msg *vl_bus_method(struct vl_bus *b, const char *path, const char *interface, const char *method);
/* A value of a basic type: text for s o g, *u for the integers (their bits; sign as in C), *d for d. */
void vl_bus_put_text(struct vl_bus_msg *m, char type, const char *s);
void vl_bus_put_int(struct vl_bus_msg *m, char type, uint64_t u);
void vl_bus_put_double(struct vl_bus_msg *m, double d);
void vl_bus_put_bytes(struct vl_bus_msg *m, const uint8_t *bytes, size_t n); /* ay */
/* A container: a v r e, and the type of what is in it. */
void vl_bus_open_container(struct vl_bus_msg *m, char type, const char *contents);
void vl_bus_close_container(struct vl_bus_msg *m);

/*
 * Sends it, frees it, and waits for the answer. *ret_text (may be NULL) gets the reply's first value when that is of
 * type s or o, or a variant of these; the caller's. 0 or -errno with *fault; -ETIMEDOUT.
 */
int vl_bus_call(struct vl_bus *b, struct vl_bus_msg *m, int timeout_ms, char **ret_text, struct vl_bus_fault *fault);

/* -- jobs ------------------------------------------------------------------------------------------- */

/* From now on ends of jobs are remembered; before the call that begins one. 0 or -errno. */
int vl_bus_watch_jobs(struct vl_bus *b);
/* Waits for the end of a job: 0 and its result ("done", "failed", "canceled", "timeout", "dependency", "skipped");
 * -ETIMEDOUT, or another -errno when the connection is lost. */
int vl_bus_wait_job(struct vl_bus *b, const char *job, int timeout_ms, char result[32]);

#endif
