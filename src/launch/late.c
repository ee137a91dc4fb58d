/* SPDX-License-Identifier: Apache-2.0 */
/* A message says to which descriptor of the table its first one belongs, and the others follow; so what is absent ends
 * a message, and what is absent at the end takes one without descriptors (plan/wire.h, PROCEED). */
#include "launch/late.h"

#include <errno.h>
#include "sys/scm.h"

static int proceed(int sock, uint32_t op, const int *fds, size_t n)
{
    struct vl_msg m = {.type = VL_MSG_PROCEED, .version = VL_MSG_VERSION, .op = op, .a = (int64_t)n};
    return vl_scm_send(sock, &m, sizeof(m), fds, n);
}

static size_t next_late(const struct vl_plan *plan, size_t i)
{
    while (i < plan->n_desc && plan->desc[i].acquire != VL_ACQ_IN_NS && plan->desc[i].acquire != VL_ACQ_LATE_TREE)
        i++;
    return i;
}

int vl_send_late(int sock, const struct vl_plan *plan, const int *fds, size_t n)
{
    size_t desc = next_late(plan, 0), at = 0;
    int r = n == 0 ? proceed(sock, VL_NOREF, NULL, 0) : 0;

    while (r == 0 && at < n) {
        size_t first = desc, part = 0;
        for (; at + part < n && part < VL_SCM_MAX_FDS && fds[at + part] >= 0; part++)
            desc = next_late(plan, desc + 1);
        if (part > 0) {
            r = proceed(sock, (uint32_t)first, fds + at, part);
            at += part;
            continue;
        }
        desc = next_late(plan, desc + 1);
        if (++at == n)
            r = proceed(sock, (uint32_t)plan->n_desc, NULL, 0);
    }
    return r;
}
