/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of resctrl: cache and memory bandwidth of a container (config-linux.md#intelrdt). Like a cgroup such a group is
 * made before the process and gets it as soon as it exists.
 *
 * Tested on a stand-in for the file system only: none of the machines of the project has the hardware.
 */
#ifndef VL_CGROUP_RDT_H
#define VL_CGROUP_RDT_H

#include <sys/types.h>
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "plan/plan.h"

struct vl_rdt {
    char *group;   /* absolute directory */
    char *monitor; /* of its monitoring group, or NULL */
    bool own; /* named by the container: removed with it */
    bool made_group, made_monitor;
};
/* Executes RDT of the plan: finds or makes the group, writes or compares its schemata, makes the monitoring group. What
 * delete shall remove is told to the journal (may be NULL) before it is made. *ret is the caller's, NULL without the
 * operation. After an error nothing that was made is left. */
int vl_rdt_create(const struct vl_plan *plan, const struct vl_cgroup_journal *journal, struct vl_rdt **ret,
                  struct vl_error **err);
/* Moves a process in; what it forks from then on follows. */
int vl_rdt_attach(const struct vl_rdt *r, pid_t pid, struct vl_error **err);
/* The container has run: a group that config.json named stays for others (config-linux.md#intelrdt). r may be NULL. */
void vl_rdt_settle(struct vl_rdt *r);
/* Removes what create made, unless others use it meanwhile. */
void vl_rdt_undo(struct vl_rdt *r);
void vl_rdt_free(struct vl_rdt *r);
VL_DEFINE_CLEANUP(rdt)

/* A group that the journal names; absent is success. */
int vl_rdt_remove_path(const char *path, struct vl_error **err);
/* Whether every value of the lines that are wanted is there, however the kernel writes it (masks are hexadecimal). */
bool vl_rdt_agrees(const char *present, const char *wanted);
/* `update`: new schemata for a recorded group (absolute directory). Either may be NULL. */
int vl_rdt_update(const char *group, const char *l3, const char *mem_bw, struct vl_error **err);

#endif
