/* SPDX-License-Identifier: Apache-2.0 */
/* libveloci: errors, options, signals. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/names.h"
#include "lib/lib.h"

int vl_lib_error(struct vl_error **inner, struct veloci_error **err)
{
    struct vl_error *e = vl_take_ptr(*inner);
    if (err == NULL) {
        vl_error_free(e);
        return -1;
    }
    struct veloci_error *ret = vl_alloc(sizeof(*ret));
    ret->e = e;
    ret->text = vl_error_text(e);
    *err = ret;
    return -1;
}

void veloci_error_free(struct veloci_error *error)
{
    if (error == NULL)
        return;
    vl_error_free(error->e);
    free(error->text);
    free(error);
}

const char *veloci_error_message(const struct veloci_error *error)
{
    return error->text;
}

_Static_assert((int)VELOCI_ERROR_USAGE == VL_ERR_USAGE &&
                   (int)VELOCI_ERROR_CONFIG == VL_ERR_CONFIG &&
                   (int)VELOCI_ERROR_UNSUPPORTED == VL_ERR_UNSUPPORTED &&
                   (int)VELOCI_ERROR_REFUSED == VL_ERR_REFUSED &&
                   (int)VELOCI_ERROR_STATE == VL_ERR_STATE &&
                   (int)VELOCI_ERROR_SYSTEM == VL_ERR_SYSTEM &&
                   (int)VELOCI_ERROR_PAYLOAD == VL_ERR_PAYLOAD &&
                   (int)VELOCI_ERROR_BUG == VL_ERR_BUG && (int)VELOCI_REFUSED == VL_CLASS_REFUSED &&
                   (int)VELOCI_FAULTED == VL_CLASS_FAULTED,
               "the numbers of veloci.h never change");

enum veloci_error_kind veloci_error_kind(const struct veloci_error *error)
{
    return (enum veloci_error_kind)error->e->kind;
}

enum veloci_error_class veloci_error_class(const struct veloci_error *error)
{
    return (enum veloci_error_class)vl_error_class(error->e);
}

int veloci_error_errno(const struct veloci_error *error)
{
    return vl_error_errno(error->e);
}

const char *veloci_error_where(const struct veloci_error *error)
{
    return vl_error_where(error->e);
}

int vl_lib_options(const void *given, void *ret, size_t size, const char *name,
                   struct vl_error **err)
{
    size_t theirs;
    memset(ret, 0, size);
    if (given == NULL)
        return 0;
    memcpy(&theirs, given, sizeof(theirs));
    if (theirs < sizeof(theirs))
        return vl_err_usage(err, "%s: its size is not set", name);
    memcpy(ret, given, theirs < size ? theirs : size);
    for (size_t i = size; i < theirs; i++)
        if (((const unsigned char *)given)[i] != 0)
            return vl_err_usage(
                err, "%s: has a member that this version (" PACKAGE_VERSION ") does not know",
                name);
    return 0;
}

int vl_lib_flags(uint32_t flags, uint32_t known, const char *name, struct vl_error **err)
{
    if ((flags & ~known) == 0)
        return 0;
    return vl_err_usage(err, "%s: unknown flags 0x%x", name, flags & ~known);
}

int vl_lib_can_wait(struct vl_error **err)
{
    struct sigaction sa;
    if (sigaction(SIGCHLD, NULL, &sa) == 0 &&
        (sa.sa_handler == SIG_IGN || (sa.sa_flags & SA_NOCLDWAIT)))
        return vl_err_usage(
            err, "SIGCHLD is ignored by this process, so that it cannot wait for children");
    return 0;
}

int veloci_signal(const char *name)
{
    int sig = vl_signal_by_name(name);
    return sig < 0 ? -1 : sig;
}

const char *veloci_version(void)
{
    return PACKAGE_VERSION;
}

void veloci_free(void *text)
{
    free(text);
}
