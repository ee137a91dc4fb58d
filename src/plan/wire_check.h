/* SPDX-License-Identifier: Apache-2.0 */
/* Total check of plan bytes. Freestanding: compiled into the planner and into the stage. */
#ifndef VL_PLAN_WIRE_CHECK_H
#define VL_PLAN_WIRE_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include "plan/wire.h"

enum vl_wire_fault {
    VL_WIRE_OK = 0,
    VL_WIRE_TRUNCATED,
    VL_WIRE_BAD_MAGIC,
    VL_WIRE_BAD_VERSION,
    VL_WIRE_BAD_LENGTH,
    VL_WIRE_TOO_LARGE,
    VL_WIRE_BAD_DIGEST,
    VL_WIRE_BAD_DESC,  /* *at = index */
    VL_WIRE_BAD_REF,   /* *at = index of the operation or descriptor */
    VL_WIRE_BAD_OP,    /* unknown code or version, or wrong phase */
    VL_WIRE_BAD_ORDER, /* phases go backwards, or a mandatory step is missing or doubled */
    VL_WIRE_BAD_FD,
};

struct vl_wire_view { /* pointers into the checked buffer */
    const struct vl_wire_header *header;
    const struct vl_wire_body *body;
    const struct vl_wire_desc *desc;
    const struct vl_wire_op *op;
    const char *area;
};

/* One row of the closed registry: what an operation may look like. Codes without a row are refused. */
struct vl_op_shape {
    uint16_t code;
    uint8_t version;
    uint8_t phases; /* bit set of 1 << enum vl_phase */
    uint8_t n_num, n_str, n_fd;
    uint8_t vec;   /* bit i: string i is a vector */
    uint8_t blob;  /* bit i: string i is binary; other strings hold no NUL */
    uint8_t s_opt; /* bit i: string i may be absent */
    uint8_t f_opt; /* bit i: descriptor i may be absent */
};
extern const struct vl_op_shape vl_op_shapes[];
extern const unsigned vl_n_op_shapes;
const struct vl_op_shape *vl_op_shape(unsigned code); /* NULL when unknown */

/* buf must be 8-aligned. The digest is checked with the given function (the stage has its own SHA-256); NULL
 * leaves it out (fuzzing). stage: additionally refuses host operations, wants every early descriptor to have its
 * number, phases in order, GUARD, CREDS, RESOLVE, READY, GATE and a final EXEC once each, PIVOT after ROOT.
 * Arguments that an operation does not have must be empty: number 0, string absent, descriptor -1.
 * Returns VL_WIRE_OK and fills *view, or the fault with *at. */
enum vl_wire_fault vl_wire_check(const void *buf, size_t len, int stage,
                                 void (*sha256)(const void *data, size_t n, uint8_t out[32]),
                                 struct vl_wire_view *view, uint32_t *at);

/* String of a checked view: never NULL for a present ref, NULL for an absent one. */
static inline const char *vl_wire_str(const struct vl_wire_view *v, struct vl_ref r)
{
    return r.off == VL_NOREF ? (const char *)0 : v->area + r.off;
}

#endif
