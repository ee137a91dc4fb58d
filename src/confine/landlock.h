/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock rulesets, landlock(7): the document of the annotation run.veloci.landlock to numbers for the kernel.
 * Pure: the ABI of the kernel is an argument.
 *
 * Rights are words of the kernel's header in lower case, with - or _ between them (read-file, connect-tcp), groups of
 * them (read, write, exec, all), or masks in digits ("0x7"), for what this table does not know yet. A group stands for
 * what the ABI `abiMin` has of it, so that a document means the same on every kernel.
 */
#ifndef VL_CONFINE_LANDLOCK_H
#define VL_CONFINE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/* The newest ABI whose rights have names here (Linux 6.15). */
#define VL_LANDLOCK_ABI_KNOWN 7

enum vl_landlock_kind { VL_LL_FS, VL_LL_NET, VL_LL_SCOPE, VL_LL_LOG, VL_LL_KINDS };

struct vl_landlock_right {
    const char *name; /* "read_file" */
    uint64_t bit;
    int abi;           /* that brought it */
    const char *version; /* of Linux that brought it: "5.13" */
    char group;        /* r, w, x, or 0 */
};
/* Ends with a NULL name. */
extern const struct vl_landlock_right *const vl_landlock_rights[VL_LL_KINDS];
/* The Linux version that brought an ABI; NULL for one without a name here. */
const char *vl_landlock_linux(int abi);

struct vl_landlock_path {
    char *path; /* absolute, in the container */
    uint64_t access;
    bool optional; /* absent is no error */
    size_t rule;   /* index in rules, for places in messages */
};
struct vl_landlock_port {
    uint16_t port;
    uint64_t access;
    size_t rule;
};
struct vl_landlock {
    uint64_t handled_fs, handled_net, scoped;
    uint32_t flags; /* of landlock_restrict_self */
    struct vl_landlock_path *path;
    struct vl_landlock_port *port;
    size_t n_path, n_port;
};
void vl_landlock_free(struct vl_landlock *l);
VL_DEFINE_CLEANUP(landlock)

/*
 * abi: of this kernel, 0 without Landlock. *ret is the caller's; NULL in mode relax when nothing is left. notes gets what
 * was left out. On failure -1 and CONFIG errors for the document, UNSUPPORTED ones for what the kernel lacks. where is the
 * place of the text.
 */
int vl_landlock_compile(const char *text, const char *where, int abi, struct vl_landlock **ret, struct vl_strv *notes,
                        struct vl_error **err);

/* Words for a mask: "read_file, truncate", unknown bits as a number; caller frees. */
char *vl_landlock_words(enum vl_landlock_kind kind, uint64_t mask);

#endif
