/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of limits, shared by the files limits*.c and unit_props.c; nobody else includes this.
 *
 * limits_table.c has one row a field of linux.resources: where it stands in the document, its file
 * on cgroup v1 and on v2, how its value becomes text, what the value must be, and the property that
 * systemd knows it by. limits.c walks the rows, limits_value.c and limits_list.c are the
 * conversions, unit_props.c goes from the text on to the property.
 */
#ifndef VL_PLAN_LIMITS_H
#define VL_PLAN_LIMITS_H

#include "plan/cgroup.h"
#include "plan/unit_props.h"

struct vl_limits {
    const struct oci_resources *r;
    const struct vl_limits_ctx *ctx;
    struct vl_plan *plan;
    struct vl_error **errors;
    bool failed;
};

enum vl_limit_part { /* the object that has the field */
    VL_IN_RESOURCES,
    VL_IN_MEMORY,
    VL_IN_CPU,
    VL_IN_PIDS,
    VL_IN_NETWORK,
    VL_IN_BLOCK_IO,
};
enum vl_limit_type { VL_L_I64, VL_L_U64, VL_L_U32, VL_L_U16, VL_L_BOOL, VL_L_STRING, VL_L_LIST };

/* A controller and its file. A star in the file's name stands for what the conversion puts there.
 * Without a file that version of cgroups cannot. */
struct vl_limit_file {
    const char *controller, *file;
};
enum vl_limit_second {
    VL_NO_SECOND,
    VL_INSTEAD, /* where the kernel does not have the first file */
    VL_BESIDE,  /* too, where the kernel has it */
};

/* One value on its way. */
struct vl_limit_item {
    int64_t i; /* the value, by the row's type */
    uint64_t u;
    const char *s;
    const void *entry; /* of a list */
    const char *field; /* place below linux.resources, with the index */
    int hierarchy;     /* 1 or 2 */
    bool second;       /* for the second file */
    bool absent;       /* the field is not there, and the conversion was asked nevertheless */
    struct vl_str out; /* what is written */
    char *star;        /* owned: for the name of the file */
    unsigned flags;    /* VL_CGW_* */
};

/* VL_NOT_SET: nothing to do, engines send it. VL_REPORTED: the value is wrong, which was said. */
enum vl_limit_answer { VL_NOT_SET, VL_WRITE, VL_REPORTED };
struct vl_limit_row;
typedef enum vl_limit_answer vl_limit_convert(struct vl_limits *l, const struct vl_limit_row *r,
                                              struct vl_limit_item *it);

/* A property for the text that was written; how is NULL when there is none. */
struct vl_limit_prop {
    const char *name;
    enum vl_unit_value {
        VL_UNIT_NONE,
        VL_UNIT_NUMBER,    /* "max" and -1 are infinity */
        VL_UNIT_TASKS,     /* the same, and systemd takes no 0 */
        VL_UNIT_IDLE,      /* cpu.idle as a weight */
        VL_UNIT_SET,       /* "0-3,8" */
        VL_UNIT_DFLT,      /* "default N", or "MAJOR:MINOR N" for the property name2 */
        VL_UNIT_PER_DEV,   /* "MAJOR:MINOR N" */
        VL_UNIT_IO_MAX,    /* "MAJOR:MINOR key=N"; the name follows from the key */
        VL_UNIT_CPU_MAX,   /* "QUOTA PERIOD" or a part of it: two properties */
        VL_UNIT_CPU_QUOTA, /* the same for the v1 files */
        VL_UNIT_CPU_PERIOD,
    } how;
    unsigned since;    /* systemd version */
    const char *name2; /* of VL_UNIT_DFLT */
};

struct vl_limit_row {
    const char *field; /* NULL: a file that only `unified` can name */
    enum vl_limit_part part;
    enum vl_limit_type type;
    size_t has, value; /* offsets in the part; has: the count of a list; unused for strings */
    size_t size;       /* of an entry of a list */
    struct vl_limit_file v1, v2, second1, second2;
    enum vl_limit_second second;
    vl_limit_convert *convert;
    uint64_t min, max; /* for conversions with a range */
    const char *must;  /* "LIST must be …": what else is an error */
    unsigned flags1, flags2; /* VL_CGW_* */
    bool ask;                /* the conversion is asked even when the field is not there */
    bool keyed;              /* a map: its entries begin with their key */
    struct vl_limit_prop prop1, prop2;
};

extern const struct vl_limit_row vl_limit_rows[];
extern const size_t vl_n_limit_rows;
/* The row whose first or second file this is; NULL without one. */
const struct vl_limit_row *vl_limit_row_of(int hierarchy, const char *file);

/* Collects a CONFIG error at the place of the item or field: "VALUE: must be …" */
enum vl_limit_answer vl_limits_bad(struct vl_limits *l, const char *field, const char *fmt, ...)
    VL_PRINTF(3, 4);
/* 1 or 2, the version that has the controller (v1 is asked first: a controller is in one hierarchy
 * only); 0 without it. */
int vl_limits_find(const struct vl_limits *l, const struct vl_limit_file *v1,
                   const struct vl_limit_file *v2);
/* Collects the UNSUPPORTED error for a field whose vl_limits_find is 0. */
void vl_limits_missing(struct vl_limits *l, const char *field, const struct vl_limit_file *v1,
                       const struct vl_limit_file *v2);
/* Appends the operation; flags are VL_CGW_*. */
void vl_limits_write(struct vl_limits *l, const char *field, int hierarchy, unsigned flags,
                     const char *controller, const char *file, const char *value);

/* limits_value.c */
vl_limit_convert vl_lc_number, vl_lc_number_or_zero, vl_lc_bytes, vl_lc_memory_limit,
    vl_lc_memory_swap, vl_lc_swappiness, vl_lc_switch, vl_lc_always_on_v2, vl_lc_cpu_shares,
    vl_lc_cpu_idle, vl_lc_cpu_quota, vl_lc_cpu_period, vl_lc_cpu_burst, vl_lc_cpu_set, vl_lc_pids;
/* limits_list.c */
vl_limit_convert vl_lc_io_weight, vl_lc_io_leaf_weight, vl_lc_dev_weight, vl_lc_dev_leaf_weight,
    vl_lc_throttle_rbps, vl_lc_throttle_wbps, vl_lc_throttle_riops, vl_lc_throttle_wiops,
    vl_lc_hugepages, vl_lc_rdma, vl_lc_priority;
/* Last of all. */
void vl_limits_unified(struct vl_limits *l);

#endif
