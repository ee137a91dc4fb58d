/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of AppArmor profiles and SELinux labels. Pure: whether the host knows them is not asked
 * here. */
#ifndef VL_CONFINE_LABELS_H
#define VL_CONFINE_LABELS_H

#include "base/error.h"

/* The name of an AppArmor profile (process.apparmorProfile): "unconfined", a name, a path-like
 * name, stacked names (a//&b) and namespaces (:ns:name); at most 4095 bytes, no control characters,
 * no space at the start or end. CONFIG error at `where`. */
int vl_label_check_apparmor(const char *profile, const char *where, struct vl_error **err);

/* An SELinux context (process.selinuxLabel, linux.mountLabel): user:role:type, with an MLS or MCS
 * level after it where the policy has one. CONFIG error at `where`. */
int vl_label_check_selinux(const char *label, const char *where, struct vl_error **err);

#endif
