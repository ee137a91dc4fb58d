/* SPDX-License-Identifier: Apache-2.0 */
/* The finished program veloci-stage as two symbols (launch/stage_blob.h); the path is that of the build directory. */

__asm__(".section .rodata.vl_stage, \"a\"\n"
        ".balign 16\n"
        ".global vl_stage_start\n"
        ".hidden vl_stage_start\n"
        "vl_stage_start:\n"
        ".incbin \"src/stage/veloci-stage\"\n"
        ".global vl_stage_end\n"
        ".hidden vl_stage_end\n"
        "vl_stage_end:\n"
        ".byte 0\n"
        ".previous\n");
