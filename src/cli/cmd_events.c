/* SPDX-License-Identifier: Apache-2.0 */
/* events */
#include "base/str.h"
#include "cli/cli.h"

enum { INTERVAL_MS = 5000 };

static int print_line(void *ctx, const char *line, size_t len, struct vl_error **err)
{
    (void)ctx;
    cleanup(str) struct vl_str b = VL_STR_INIT;
    vl_str_addn(&b, line, len);
    vl_str_addc(&b, '\n');
    return vl_print(b.s, b.len, err);
}

int vl_cmd_events(const struct vl_args *a, struct vl_error **err)
{
    struct vl_events_opts o = {.stats_only = a->stats,
                               .interval_ms = a->interval.given ? a->interval.value : INTERVAL_MS};
    return vl_op_events(&a->global, a->operand[0], &o, print_line, NULL, err);
}
