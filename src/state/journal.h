/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: names of everything made outside the container's directory, each written before it
 * is made, so that `delete --force` finds it whenever the process that made it was killed.
 *
 * An append-only file of records "KIND TEXT\0" (or "-KIND TEXT\0", which takes one back), each
 * added by one write. Removing something that was never made must therefore be no error.
 */
#ifndef VL_STATE_JOURNAL_H
#define VL_STATE_JOURNAL_H

#include "state/dir.h"

enum vl_journal_kind {
    VL_JOURNAL_CGROUP = 'c', /* absolute path of a cgroup directory that may have been made */
    VL_JOURNAL_RDT = 'r',    /* absolute path of a resctrl group that may have been made */
    VL_JOURNAL_UNIT = 'u',   /* unit of systemd that may have been made, with its description (cgroup/cgroup.h) */
};
const char *vl_journal_kind_name(int kind); /* "cgroup" …; NULL when unknown */

/* Adds one record. text must not be empty. SYSTEM error. */
int vl_journal_add(const struct vl_ctr *c, enum vl_journal_kind kind, const char *text,
                   struct vl_error **err);

/* Takes the last such record back: what it names turned out to be somebody else's. */
int vl_journal_undo(const struct vl_ctr *c, enum vl_journal_kind kind, const char *text,
                    struct vl_error **err);

struct vl_journal_entry {
    int kind;
    char *text;
};
struct vl_journal {
    struct vl_journal_entry *entry; /* in the order written, without repetitions */
    size_t n;
};
void vl_journal_free(struct vl_journal *j);
VL_DEFINE_CLEANUP(journal)
/* Reads it back; no journal is an empty one. A torn last record (killed while writing) and unknown
 * kinds are left out: what they name was not made by us. */
int vl_journal_read(const struct vl_ctr *c, struct vl_journal **ret, struct vl_error **err);

#endif
