/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by limits.c (single values) and limits_list.c (lists); nobody else includes this. */
#ifndef VL_PLAN_LIMITS_H
#define VL_PLAN_LIMITS_H

#include "plan/cgroup.h"

struct vl_limits {
    const struct oci_resources *r;
    const struct vl_limits_ctx *ctx;
    struct vl_plan *plan;
    struct vl_error **errors;
    bool failed;
};

/* Controller and file of v1 and of v2; a NULL file: that version cannot. */
struct vl_limit_files {
    const char *c1, *f1, *c2, *f2;
};

/* "linux.resources.FIELD"; caller frees. */
char *vl_limits_place(const struct vl_limits *l, const char *field);
/* Collects a CONFIG error at the field. */
void vl_limits_bad(struct vl_limits *l, const char *field, const char *fmt, ...) VL_PRINTF(3, 4);
/* 1 or 2, the version that has the controller (v1 is asked first: a controller is in one hierarchy
 * only); 0 without it. */
int vl_limits_find(const struct vl_limits *l, const struct vl_limit_files *f);
/* Collects the UNSUPPORTED error for a field whose vl_limits_find is 0. */
void vl_limits_missing(struct vl_limits *l, const char *field, const struct vl_limit_files *f);
/* Appends the operation; flags are VL_CGW_*. */
void vl_limits_write(struct vl_limits *l, const char *field, int hierarchy, unsigned flags,
                     const char *controller, const char *file, const char *value);
/* True when list has the word. */
bool vl_limits_word_in(const char *list, const char *word, const char *separators);

/* Block devices, huge pages, RDMA, network priorities; then, last of all, unified. */
void vl_limits_block_io(struct vl_limits *l);
void vl_limits_hugepages(struct vl_limits *l);
void vl_limits_rdma(struct vl_limits *l);
void vl_limits_priorities(struct vl_limits *l);
void vl_limits_unified(struct vl_limits *l);

#endif
