/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries opened on first use. One table a library: symbol names and where their addresses go.
 * Built with --disable-dlopen the library is linked normally and the table is filled by the linker.
 */
#ifndef VL_BASE_DL_H
#define VL_BASE_DL_H

#include "base/error.h"

struct vl_dl_sym {
    const char *name;
    void **slot;
};
/* Opens soname once and fills every slot; safe to call again. UNSUPPORTED error naming the library and what
 * needs it ("seccomp profiles need libseccomp.so.2, which is not installed"). */
int vl_dl_open(const char *soname, const char *needed_for, const struct vl_dl_sym *syms, struct vl_error **err);

#endif
