/* SPDX-License-Identifier: Apache-2.0 */
/* Namespace descriptors. namespaces(7), ioctl_ns(2). type arguments are CLONE_NEW… bits. */
#ifndef VL_SYS_NSFD_H
#define VL_SYS_NSFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* File name below /proc/PID/ns ("mnt", "net", …) of a type, or NULL. */
const char *vl_ns_file(int type);
/* pid 0 means our own. */
int vl_ns_open(pid_t pid, int type);
/* Opens a path that must be a namespace of this type: -EINVAL when it is one of another type,
 * -ENOTTY when it is no namespace file at all. */
int vl_ns_open_path(const char *path, int type);
/* CLONE_NEW… of a descriptor, or -ENOTTY when it is no namespace. Checked by f_type first, so the
 * ioctl never reaches a device driver. */
int vl_ns_type(int fd);
int vl_setns(int fd, int type);
int vl_unshare(int flags);

struct vl_ns_id {
    uint64_t dev, ino;
};
int vl_ns_id_of(pid_t pid, int type,
                struct vl_ns_id *ret); /* stat, nothing is opened; pid 0: our own */
int vl_ns_id_fd(int fd, struct vl_ns_id *ret);
bool vl_ns_id_equal(struct vl_ns_id a, struct vl_ns_id b);
/* The bits of `types` in which the process's namespaces differ from ours. */
int vl_ns_differing(pid_t pid, int types, int *ret);
/* The user namespace that owns a namespace. */
int vl_ns_owner(int fd);

#endif
