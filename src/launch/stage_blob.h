/* SPDX-License-Identifier: Apache-2.0 */
/* The program veloci-stage as bytes inside veloci (src/stage/libstageblob.a): launch writes them to a memfd. */
#ifndef VL_LAUNCH_STAGE_BLOB_H
#define VL_LAUNCH_STAGE_BLOB_H

/* A whole static ELF executable, from start up to (not including) end. */
extern const unsigned char vl_stage_start[];
extern const unsigned char vl_stage_end[];

#endif
