/* SPDX-License-Identifier: Apache-2.0 */
/* Collected errors as one text, for the tests of spec/; include tap.h before. */
#ifndef VL_TESTS_SPEC_ERRORS_H
#define VL_TESTS_SPEC_ERRORS_H

#include "base/error.h"
#include "base/str.h"

/* "WHERE: TEXT; WHERE: TEXT" of the innermost errors */
static char *spec_errors(const struct vl_error *list)
{
    struct vl_str s = VL_STR_INIT;
    for (const struct vl_error *e = list; e != NULL; e = e->next) {
        const struct vl_error *in = e;
        while (in->cause != NULL)
            in = in->cause;
        vl_str_addf(&s, "%s%s: %s", s.len > 0 ? "; " : "", in->where ? in->where : "", in->text);
    }
    return vl_str_take(&s);
}

/* want: those errors, "" for success. Frees *err. */
static bool check(int status, struct vl_error **err, const char *want)
{
    cleanup_free char *got = spec_errors(*err);
    bool good = tap_same_str(got, want) && (status == 0) == (want[0] == '\0');
    vl_error_free(*err);
    *err = NULL;
    return good;
}

#endif
