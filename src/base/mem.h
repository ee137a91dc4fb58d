/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that does not fail: out of memory ends the process with one line and status 1. */
#ifndef VL_BASE_MEM_H
#define VL_BASE_MEM_H

#include <stddef.h>
#include "base/attr.h"

void *vl_alloc(size_t size);                  /* zeroed; size 0 gives a unique pointer */
void *vl_realloc_array(void *p, size_t n, size_t size); /* overflow-checked, new part not zeroed */
char *vl_strdup(const char *s);
char *vl_strndup(const char *s, size_t n);
void *vl_memdup(const void *p, size_t n);
char *vl_asprintf(const char *fmt, ...) VL_PRINTF(1, 2);
VL_NORETURN void vl_oom(void);

/* Grows a counted array by one zeroed element and returns its address:
 *   struct x *e = VL_APPEND(v->items, v->n_items);
 * Capacity doubles at powers of two, so the count alone is enough. */
void *vl_append_(void **array, size_t *n, size_t elem_size);
#define VL_APPEND(array, n) ((__typeof__(array))vl_append_((void **)&(array), &(n), sizeof(*(array))))

#endif
