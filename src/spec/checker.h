/* SPDX-License-Identifier: Apache-2.0 */
/* What the check files of spec/ share: collecting CONFIG errors with their places. */
#ifndef VL_SPEC_CHECKER_H
#define VL_SPEC_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/names.h"
#include "spec/check.h"

struct vl_checker {
    struct vl_error **list;
    const char *at; /* path before every place, or "" */
    size_t i, j;    /* indexes for the first and second [] of a place */
};

/* Adds one CONFIG error. where is a path below c->at in which [] stands for the running indexes. */
void vl_bad(struct vl_checker *c, const char *where, const char *fmt, ...) VL_PRINTF(3, 4);
/* Path with its indexes filled in; caller frees. */
char *vl_check_where(const struct vl_checker *c, const char *where);

/* Whether name has a row in the table (base/names.h). */
bool vl_known(const struct vl_name *table, const char *name);
/* NULL and "" both mean not set, as in Go. */
static inline bool vl_is_set(const char *s)
{
    return s != NULL && s[0] != '\0';
}
/* Adds an error unless s is absolute and without line breaks. */
void vl_check_abs(struct vl_checker *c, const char *where, const char *what, const char *s);
/* Adds an error when s has a line break: it would become a second line in a file of the kernel or
 * of ours. */
void vl_check_line(struct vl_checker *c, const char *where, const char *s);
/* Lists such as "0-3,7": numbers below limit, ranges that rise. Blanks around items are tolerated.
 */
bool vl_number_list_ok(const char *s, unsigned limit);

/* One map of ids (config-linux.md#user-namespace-mappings): sizes, overflows, overlaps. */
void vl_check_mappings(struct vl_checker *c, const char *where, const struct oci_id_mapping *m,
                       size_t n);

void vl_check_linux(const struct oci_config *config, struct vl_error **list);
void vl_check_seccomp(const struct oci_seccomp *s, struct vl_error **list);

#endif
