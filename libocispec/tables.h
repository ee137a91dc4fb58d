/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that generate.py makes: one row a member of a document, read by reader.c and writer.c.
 * They hold offsets instead of pointers, so that they need no relocation at program start.
 */
#ifndef OCISPEC_TABLES_H
#define OCISPEC_TABLES_H

#include <ocispec/types.h>

enum oci_kind {
    OCI_STRING,
    OCI_BOOL,
    OCI_INT32,
    OCI_INT64,
    OCI_UINT16,
    OCI_UINT32,
    OCI_UINT64,
    OCI_OBJECT,
};

/* flags of a member */
#define OCI_ARRAY 1
#define OCI_MAP 2
#define OCI_REQUIRED 4

#define OCI_NOWHERE 0xffff /* no such field in the struct */
#define OCI_LONGEST_NAME 38

struct oci_member {
    uint16_t name; /* in oci_names */
    uint8_t name_len;
    uint8_t kind;      /* enum oci_kind, of one element for arrays and maps */
    uint8_t flags;     /* OCI_ARRAY … */
    uint8_t type;      /* enum oci_type of objects */
    uint16_t at;       /* offset of the value, or of the pointer to it */
    uint16_t at_count; /* size_t */
    uint16_t at_has;   /* bool */
};

struct oci_type_info {
    uint64_t required;   /* bit i: member i */
    uint16_t size;       /* of the struct */
    uint16_t entry_size; /* of its map entry, 0 where there is none; the value follows the key */
    uint16_t first;      /* row of oci_members, and of oci_lookup */
    uint8_t count;
    uint8_t by_len[OCI_LONGEST_NAME +
                   2]; /* by_len[n]: first in lookup order of at least n characters */
};

extern const char oci_names[];
extern const struct oci_member oci_members[];
extern const uint8_t oci_lookup[]; /* member indexes of a type, sorted by (length, name) */
extern const struct oci_type_info oci_types[];

static inline const char *oci_member_name(const struct oci_member *m)
{
    return oci_names + m->name;
}

#endif
