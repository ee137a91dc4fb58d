/* SPDX-License-Identifier: Apache-2.0 */
/* run */
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "sys/cred.h"

/* Standard output is the container's. */
static int show_timeline(const char *file, const char *text, struct vl_error **err)
{
    int r = *file == '\0' ? vl_write_all(STDERR_FILENO, text, strlen(text)) : vl_replace_file(file, text, strlen(text), 0644);
    return r == 0 ? 0 : vl_err_sys(err, r, "write the timeline%s%s", *file != '\0' ? " to " : "", file);
}

int vl_cmd_run(const struct vl_args *a, struct vl_error **err)
{
    cleanup_free char *timeline = NULL;
    struct vl_create_opts o = a->create;
    struct vl_error *e = NULL;
    int status = 0;

    o.ret_timeline = &timeline;
    if (a->timeline != NULL)
        o.timeline = *a->timeline == '\0' ? VL_TIMELINE_TEXT : VL_TIMELINE_SVG;
    /* what a container without a pid namespace of its own leaves behind is reaped by us, not lost */
    if (!a->create.detach && !a->create.no_subreaper)
        (void)vl_set_subreaper(true);
    int r = vl_op_run(&a->global, a->operand[0], &o, &status, err);
    if (timeline != NULL && show_timeline(a->timeline, timeline, &e) < 0) {
        if (r == 0) {
            *err = e;
            return -1;
        }
        vl_err_drop(&e, "the launch has failed anyway");
    }
    return r < 0 ? -1 : status;
}
