/* SPDX-License-Identifier: Apache-2.0 */
/* The marks of a transcript as a waterfall: where the time of a launch went. Texts are the caller's. */
#ifndef VL_LAUNCH_TIMELINE_H
#define VL_LAUNCH_TIMELINE_H

#include <stddef.h>
#include "launch/transcript.h"

/* width: columns of the terminal, at least 60 are used. */
char *vl_timeline_text(const struct vl_tr_mark *mark, size_t n, unsigned width);
/* A drawing that stands alone; title is escaped. */
char *vl_timeline_svg(const struct vl_tr_mark *mark, size_t n, const char *title);

#endif
