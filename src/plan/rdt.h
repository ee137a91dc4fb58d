/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt as an operation, and its texts; src/cgroup/rdt.c executes it. */
#ifndef VL_PLAN_RDT_H
#define VL_PLAN_RDT_H

/* RDT n[0] */
enum {
    VL_RDT_OWN = 1 << 0,  /* no closID: a group of the container's own, removed with it */
    VL_RDT_MAKE = 1 << 1, /* absent: it is made (and stays, unless it is the container's own) */
};
#define VL_RDT_ROOT "/" /* group: the default one, which is the root of the file system */

/* l3CacheSchema and memBwSchema (either may be NULL) as lines of a schemata file, the caller's; NULL when there are none.
 * Lines about memory bandwidth among the first are left out (config-linux.md#intelrdt). */
char *vl_rdt_schemata(const char *l3, const char *mem_bw);

#endif
