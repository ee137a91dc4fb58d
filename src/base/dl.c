/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries opened on first use. Threads that do it at the same time write the same addresses. */
#include "base/dl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static bool filled(const struct vl_dl_sym *syms)
{
    for (; syms->name != NULL; syms++)
        if (__atomic_load_n(syms->slot, __ATOMIC_ACQUIRE) == NULL)
            return false;
    return true;
}

int vl_dl_open(const char *soname, const char *needed_for, const struct vl_dl_sym *syms,
               struct vl_error **err)
{
    if (filled(syms))
        return 0;
#ifdef VL_DLOPEN
    /* Never closed: pointers into it are kept for the life of the process. */
    void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (lib == NULL)
        return vl_err_unsupported(err, soname, "%s need %s, which cannot be loaded (%s)",
                                  needed_for, soname, dlerror());
#else
    void *lib = RTLD_DEFAULT; /* linked into the program */
#endif
    for (const struct vl_dl_sym *s = syms; s->name != NULL; s++) {
        void *address = dlsym(lib, s->name);
        if (address == NULL)
            return vl_err_unsupported(err, soname, "%s need the function %s, which this %s lacks",
                                      needed_for, s->name, soname);
        __atomic_store_n(s->slot, address, __ATOMIC_RELEASE);
    }
    return 0;
}
