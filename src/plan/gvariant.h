/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of D-Bus as text: the form of GVariant (GLib, "GVariant Text Format"), in which engines give properties of
 * systemd units by annotations, and in which a plan holds them.
 *
 *   true   -5   uint64 10   0x1f   1.5   'text'   "text"   ['a', 'b']   @as []   ('x', uint64 1)   {'k': 1}   <'v'>
 *
 * Numbers without a type are int32, or what the elements beside them in an array are; strings are s. What D-Bus
 * does not have (nothing, just, byte strings b'') is refused.
 */
#ifndef VL_PLAN_GVARIANT_H
#define VL_PLAN_GVARIANT_H

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/str.h"

#define VL_GV_DEPTH 16 /* D-Bus has 64; nobody has more than 3 */

struct vl_gv {
    char *type; /* complete D-Bus type of the value: "t", "a(ss)" */
    union {
        uint64_t u; /* y q u t h, and b: 0 or 1 */
        int64_t i;  /* n i x */
        double d;
    } v;
    char *s;            /* s o g */
    struct vl_gv *item; /* of an array, a tuple, a dict entry; the one value of a variant */
    size_t n;
};

void vl_gv_free(struct vl_gv *v);
VL_DEFINE_CLEANUP(gv)

/* The whole text must be one value: 0 and *ret; else -1 and *ret_why, one sentence that says what is wrong and at which
 * character. Both are the caller's. */
int vl_gv_parse(const char *text, struct vl_gv **ret, char **ret_why);
/* The same value as text that needs no guessing, always in one form: parsing gives it back. */
void vl_gv_print(const struct vl_gv *v, struct vl_str *ret);

#endif
