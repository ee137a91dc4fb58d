/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that plan what a container sees: mounts.c, mount_cgroup.c, devices.c, rootfs.c. */
#ifndef VL_PLAN_MOUNTS_H
#define VL_PLAN_MOUNTS_H

#include "plan/mopts.h"
#include "plan/planners.h"

/* One entry of `mounts` while it is planned. Everything is borrowed. */
struct vl_mount_entry {
    struct vl_planner *p;
    const struct oci_mount *m;
    const struct vl_mopts *o;
    const char *where;  /* "mounts[3]" */
    const char *type;   /* never NULL */
    const char *target; /* absolute, cleaned */
};

/* Descriptor of something of the host that is mounted in the container: a detached tree made by veloci, or, in a
 * user namespace with its own mount namespace, an object that the stage clones itself, so that the host's mount
 * flags stay locked (mount_namespaces(7)). *ret_clone (may be NULL) tells which. */
int vl_mount_desc(struct vl_planner *p, enum vl_role role, enum vl_kind kind, unsigned flags, const char *path,
                  const char *where, bool *ret_clone);
/* Appends MOUNT for e with the attributes of its options; data are its file system options. The pointer is valid
 * until the next operation is appended. */
struct vl_op *vl_mount_append(const struct vl_mount_entry *e, const char *fstype, const char *source,
                              const char *target, const struct vl_strv *data);
/* linux.mountLabel as a mount option for this type, or NULL; the caller's. */
char *vl_mount_label(const struct vl_planner *p, const char *fstype);

int vl_mount_plan_cgroup(const struct vl_mount_entry *e);    /* mount_cgroup.c */
int vl_mount_plan_cgroup_v1(const struct vl_mount_entry *e); /* run.oci.systemd.force_cgroup_v1 */
int vl_mount_plan_bind(const struct vl_mount_entry *e);      /* mount_bind.c */
void vl_mount_plan_notify(struct vl_planner *p);             /* mount_bind.c: directory of the sd_notify proxy */
#define VL_NOTIFY_DIR "/run/notify" /* inside, as runc has it */

/* Default nodes, links below dir ("/dev"), without those that linux.devices gives. */
void vl_devices_append_defaults(struct vl_planner *p, const char *dir, const char *where);
/* Nodes cannot be made, only bound: in a user namespace that is not the initial one. */
bool vl_devices_must_bind(const struct vl_planner *p);

/* MS_* of linux.rootfsPropagation; 0 when nothing is asked for. */
uint32_t vl_root_propagation(const struct vl_planner *p);

/* Descriptors that all masks share; appended on first use. */
int vl_root_null_desc(struct vl_planner *p);
int vl_root_empty_desc(struct vl_planner *p);

#endif
