/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a mount's `options` → typed attributes. One table holds every word of the specification, runc and
 * crun (config.md#linux-mount-options); what is not in it belongs to the file system. The last word wins; the
 * words of the access time family exclude one another.
 *
 * Flag words of different worlds have different types, so that MS_* cannot reach mount_setattr(2).
 */
#ifndef VL_PLAN_MOPTS_H
#define VL_PLAN_MOPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/str.h"

struct vl_mount_attrs {
    uint64_t set, clear; /* MOUNT_ATTR_*; a bit of set is in clear only for the access time field */
};
struct vl_sb_flags {
    uint32_t bits; /* MS_* that belong to a superblock */
};
struct vl_propagation {
    uint32_t bits; /* MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE, perhaps with MS_REC; 0 = not asked for */
};
enum vl_idmap_word { VL_IDMAP_NONE, VL_IDMAP_TOP, VL_IDMAP_RECURSIVE };

struct vl_mopts {
    struct vl_mount_attrs attr;  /* of the mount itself */
    struct vl_mount_attrs rattr; /* of it and all mounts below it */
    struct vl_sb_flags sb;
    struct vl_propagation propagation;
    bool bind, rbind, remount;
    bool tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
    enum vl_idmap_word idmap;
    const char *idmap_spec; /* after `idmap=`, borrowed from the options; NULL without */
    size_t idmap_index;     /* of the option */
    struct vl_strv data;    /* file system options, key or key=value, in order */
    struct vl_strv idle;    /* words without any effect in the kernel (recursive superblock flags) */
};

/* where is the place of the option array ("mounts[3].options"). Returns 0, or -1 with a CONFIG error. *ret is to
 * be reset in both cases. */
int vl_mopts_parse(char *const *options, size_t n, const char *where, struct vl_mopts *ret, struct vl_error **err);
void vl_mopts_reset(struct vl_mopts *m);
static inline void vl_cleanup_mopts(struct vl_mopts *m)
{
    vl_mopts_reset(m);
}

/* True when data has `key` or `key=…`. */
bool vl_mopts_has(const struct vl_mopts *m, const char *key);
/* The words of the table, for `features` and the tests; NULL behind the last. */
const char *vl_mopts_word(size_t index);

#endif
