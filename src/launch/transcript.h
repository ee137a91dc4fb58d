/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transcript of a launch: one record a change of state, in their legal order, exactly one terminal at the end.
 *
 *   started planned acquired born                      what veloci does
 *   identity visibility ambient confinement            phases that the stage has gone through, each with its result
 *   ready                                              waits for start; what is still to come is listed
 *   launch                                             the phase behind the start gate
 *   created | executed | refused | faulted             terminal
 *
 * A phase is `applied` only when each of its operations was reported done, in order; `not-required` when it has none;
 * `refused` or `faulted` when one of them failed. What comes after a seccomp filter cannot be reported any more: it counts
 * as done when the program was executed, for that is proof.
 *
 * Records go to a descriptor, a file (appended) or a stream socket, as lines of text or JSON, each in one write. A reader
 * that is gone or slow never stops a launch: what cannot be written is dropped. All functions take NULL for no transcript.
 */
#ifndef VL_LAUNCH_TRANSCRIPT_H
#define VL_LAUNCH_TRANSCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/cleanup.h"
#include "base/error.h"
#include "plan/plan.h"

enum vl_tr_format { VL_TR_TEXT = 0, VL_TR_JSON };

struct vl_tr_opts {
    const char *target; /* fd:N, unix:PATH or a file; NULL: records are only collected */
    enum vl_tr_format format;
};

/* Microseconds since the transcript was opened. */
struct vl_tr_mark {
    const char *name;    /* static, or of `label` */
    char *label;         /* object of an operation, or NULL; owned */
    const char *phase;   /* static; "veloci" for what it does itself */
    uint64_t begin, end;
};

struct vl_transcript;
/* The verb (static) and id are in the first record. USAGE and SYSTEM errors. */
int vl_transcript_open(const struct vl_tr_opts *o, const char *verb, const char *id, struct vl_transcript **ret,
               struct vl_error **err);
/* Writes the terminal record if there was none: faulted. */
void vl_transcript_free(struct vl_transcript *t);
VL_DEFINE_CLEANUP(transcript)

void vl_tr_planned(struct vl_transcript *t, const struct vl_plan *plan); /* borrowed until the end */
void vl_tr_acquired(struct vl_transcript *t);
void vl_tr_born(struct vl_transcript *t, pid_t pid);
/* From the stage: an operation of its plan was done; times in nanoseconds of CLOCK_REALTIME, 0 when unknown. */
void vl_tr_step(struct vl_transcript *t, uint32_t index, int64_t begin, int64_t end);
/* The stage waits at the gate; resolves the four phases. */
void vl_tr_ready(struct vl_transcript *t);
/* GO was said: `start` begins here instead of at planned. */
void vl_tr_go(struct vl_transcript *t);
/* The terminals. executed resolves the last phase. failed takes class and place from err; what was going on is told. */
void vl_tr_created(struct vl_transcript *t);
void vl_tr_executed(struct vl_transcript *t);
void vl_tr_failed(struct vl_transcript *t, const struct vl_error *err);

/* What was measured so far, by begin; borrowed. */
const struct vl_tr_mark *vl_tr_marks(const struct vl_transcript *t, size_t *ret_n);

#endif
