/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control group part of the plan: where the cgroup is, what is written into it, which devices
 * it allows. Operations CGROUP, CGWRITE, CGDEVICES; src/cgroup executes them. The same compilers
 * serve `update`.
 */
#ifndef VL_PLAN_CGROUP_H
#define VL_PLAN_CGROUP_H

#include <linux/bpf.h>
#include <ocispec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "plan/build.h"

/* CGROUP n[2] */
enum {
    VL_CG_OPTIONAL =
        1 << 0, /* not root on the host, no path and no limits given: go on without a cgroup */
    VL_CG_RELATIVE = 1 << 1, /* path is below our own cgroup; else below the root that we see */
    VL_CG_DEFAULT =
        1 << 2, /* no path was given: beside or below our own cgroup where the root refuses */
    VL_CG_DELEGATE = 1 << 3, /* the container may make cgroups below: enable every controller */
    VL_CG_ROOTLESS = 1 << 4, /* not the host's root user: giving the cgroup away may fail */
};

/* CGWRITE n[1] */
enum {
    VL_CGW_IF_EXISTS = 1 << 0, /* an absent file is no error */
    VL_CGW_ALT =
        1 << 1, /* file absent: the next write stands in for it; else the next write is skipped */
    VL_CGW_RETRY =
        1 << 2, /* EINVAL: once more after all the others (values that bound one another) */
    VL_CGW_KEEP = 1 << 3,  /* "-" as first word of the value keeps the file's present first word */
    VL_CGW_CHECK = 1 << 4, /* refuse when more memory than that is in use now */
    VL_CGW_TOLERATE = 1 << 5, /* not permitted: a degradation, no error */
    VL_CGW_VERIFY = 1 << 6, /* read back: newer kernels refuse kernel memory limits, or take and do
                               not keep them; what the specification does not recommend is then a
                               degradation */
    VL_CGW_LATE = 1 << 7, /* when the container's process is born and before it executes anything:
                             with this value nothing could be born */
};

/* CGDEVICES n[0] */
enum {
    VL_CGD_TOLERATE = 1 << 0, /* not permitted: a degradation, no error */
};

/* Sub-planners, in this order and after ns.c and idmap.c. Each returns 0, or -1 with errors added
 * to p->errors. */
int vl_plan_cgroup(struct vl_planner *p);
int vl_plan_limits(struct vl_planner *p);
int vl_plan_device_rules(struct vl_planner *p);

/* -- limits -------------------------------------------------------------------------------------
 */

struct vl_limits_ctx {
    const struct vl_host *host;
    const char *at; /* place of the document: "linux.resources", or "" when it stands alone */
    bool pids_zero; /* pids.limit 0 is a real limit (ociVersion 1.3 and newer), else it means not
                       set */
    bool update;    /* of a cgroup that is in use: 0 and unlimited are written too where they mean
                       something */
    int64_t memory_limit; /* update: the present one, for a document with memory.swap alone; -1 none,
                             0 unknown */
};
/* Appends one CGWRITE a value, in the order of writing. Errors (CONFIG, UNSUPPORTED; each with its
 * place) are collected in *errors. Devices are not looked at. Returns 0, or -1 when errors were
 * added. */
int vl_limits_compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                      struct vl_plan *plan, struct vl_error **errors);
/* The device rules of a document for `update`, our own behind them: a CGDEVICES operation, without a
 * program when everything is allowed, or on v1 the CGWRITE operations of a new cgroup. Errors as
 * above. */
int vl_devices_compile(const struct oci_resources *r, const struct vl_limits_ctx *ctx,
                       struct vl_plan *plan, struct vl_error **errors);
/* True when ociVersion (semver) is 1.3 or newer. */
bool vl_limits_pids_zero(const char *oci_version);

/* Conversions of v1 values (runtime-spec config-linux.md; the formulas are those of the other
 * runtimes). */
uint64_t vl_limits_cpu_weight(uint64_t shares); /* 2 … 262144 to 1 … 10000, clamped */
uint64_t vl_limits_io_weight(uint64_t weight);  /* 10 … 1000 to 1 … 10000, clamped */

/* -- device rules -------------------------------------------------------------------------------
 */

struct vl_devrule {
    bool allow;
    char type;            /* 'a', 'b' or 'c' */
    int64_t major, minor; /* -1 is any */
    unsigned access;      /* BPF_DEVCG_ACC_* */
    const char *where;    /* borrowed place in config.json, NULL for our own */
};

/*
 * What rules mean: every right (r, w, m) of a request is decided by the last rule that matches the
 * device and names that right; without one it is denied. A request is allowed when all its rights
 * are.
 */

/* BPF_PROG_TYPE_CGROUP_DEVICE program; *ret is the caller's. *ret_n is 0 (and *ret NULL) when
 * everything is allowed, so that no program is needed. -E2BIG when the rules need a longer program
 * than jumps reach. */
int vl_devrules_bpf(const struct vl_devrule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n);
/* The same for cgroup v1: what to write, in order. -1 with an error naming the rule when v1 cannot
 * say it (a right is taken out of a wider rule's range). */
struct vl_devwrite {
    const char *file; /* "devices.allow" or "devices.deny" */
    char value[64];
};
int vl_devrules_v1(const struct vl_devrule *rules, size_t n, struct vl_devwrite **ret,
                   size_t *ret_n, struct vl_error **err);

#endif
