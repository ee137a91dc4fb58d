/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the process when memory is out: callers never see NULL. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void vl_oom(void)
{
    static const char text[] = "veloci: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(1);
}

void *vl_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (p == NULL)
        vl_oom();
    return p;
}

void *vl_realloc_array(void *p, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        vl_oom();
    void *r = realloc(p, total ? total : 1);
    if (r == NULL)
        vl_oom();
    return r;
}

char *vl_strdup(const char *s)
{
    return vl_strndup(s, strlen(s));
}

char *vl_strndup(const char *s, size_t n)
{
    n = strnlen(s, n);
    char *r = vl_realloc_array(NULL, n + 1, 1);
    memcpy(r, s, n);
    r[n] = '\0';
    return r;
}

void *vl_memdup(const void *p, size_t n)
{
    void *r = vl_realloc_array(NULL, n, 1);
    if (n)
        memcpy(r, p, n);
    return r;
}

char *vl_asprintf(const char *fmt, ...)
{
    char *r = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&r, fmt, ap);
    va_end(ap);
    if (n < 0)
        vl_oom();
    return r;
}

void *vl_append_(void **array, size_t *n, size_t elem_size)
{
    /* At 0, 1, 2, 4, 8 … elements the array is exactly full. */
    if ((*n & (*n - 1)) == 0 || *n == 0) {
        size_t cap;
        if (__builtin_mul_overflow(*n ? *n : 1, (size_t)(*n ? 2 : 1), &cap))
            vl_oom();
        *array = vl_realloc_array(*array, cap, elem_size);
    }
    void *e = (char *)*array + *n * elem_size;
    memset(e, 0, elem_size);
    (*n)++;
    return e;
}
