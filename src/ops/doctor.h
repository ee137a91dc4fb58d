/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor: what this host can do, as a list of findings. Works for any user, changes nothing, starts no
 * program, and waits for nobody but a bus of systemd that does not answer, for 2 seconds.
 */
#ifndef VL_OPS_DOCTOR_H
#define VL_OPS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/attr.h"
#include "base/cleanup.h"

enum vl_finding_status {
    VL_FOUND,   /* there */
    VL_LIMITED, /* there in part, or replaced by something less good */
    VL_MISSING,
};

struct vl_finding {
    const char *section; /* findings of a section stand together */
    char *name;
    enum vl_finding_status status;
    bool needed;  /* without it no container runs here */
    char *detail; /* what was found; "" when there is nothing to say */
    char *remedy; /* what to do about it, or NULL */
};

struct vl_doctor {
    struct vl_finding *finding;
    size_t n;
    bool usable; /* nothing that is needed is missing */
};
void vl_doctor_free(struct vl_doctor *d);
VL_DEFINE_CLEANUP(doctor)
const char *vl_finding_status_name(enum vl_finding_status s);

/* -- for the files doctor_*.c
 * ---------------------------------------------------------------------- */

struct vl_host;
struct vl_global;

/* Appends a finding; remedy may be NULL and is left out of what was found. fmt: the detail. Returns
 * it for `needed`. */
struct vl_finding *vl_doctor_add(struct vl_doctor *d, const char *section, const char *name,
                                 enum vl_finding_status status, const char *remedy, const char *fmt,
                                 ...) VL_PRINTF(6, 7);
/* True when the caller may do everything: CAP_SYS_ADMIN where it counts. */
bool vl_doctor_is_privileged(const struct vl_host *h);

void vl_doctor_caller(struct vl_doctor *d, const struct vl_global *g, const struct vl_host *h);
void vl_doctor_kernel(struct vl_doctor *d, const struct vl_host *h);
void vl_doctor_cgroups(struct vl_doctor *d, const struct vl_host *h);
void vl_doctor_confinement(struct vl_doctor *d, const struct vl_host *h);
void vl_doctor_images(struct vl_doctor *d, const struct vl_host *h);
void vl_doctor_libraries(struct vl_doctor *d);
void vl_doctor_programs(struct vl_doctor *d);
void vl_doctor_engines(struct vl_doctor *d);

#endif
