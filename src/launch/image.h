/* SPDX-License-Identifier: Apache-2.0 */
/* The stage's executable as a descriptor nobody inside a container can ever write to. */
#ifndef VL_LAUNCH_IMAGE_H
#define VL_LAUNCH_IMAGE_H

#include "base/error.h"

/* A sealed memfd with the embedded stage; where executable memfds are forbidden (vm.memfd_noexec=2), a
 * read-only detached bind of the installed file. Returns a descriptor for execveat, owned by the caller. */
int vl_stage_image(struct vl_error **err);

#endif
