/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what create would do. Nothing is made, no state root is needed. */
#include <stdlib.h>
#include "base/mem.h"
#include "confine/seccomp_cache.h"
#include "ops/begin.h"
#include "ops/ops.h"

int vl_op_plan(const struct vl_global *g, const struct vl_plan_request *r, char **ret,
               size_t *ret_len, struct vl_error **err)
{
    const char *id = r->id != NULL ? r->id : "plan";
    cleanup(begun) struct vl_begun b = VL_BEGUN_INIT;
    if (vl_id_check(id, err) < 0 ||
        vl_spec_load(r->bundle != NULL ? r->bundle : ".", r->config, &b.spec, err) < 0 ||
        vl_gather_host(&b.host, err) < 0)
        return -1;
    const struct oci_process *p = b.spec->config->process;
    struct vl_seccomp_cache cache = {.root_fd = VL_NOFD};
    struct vl_seccomp_provider provider = {.get = vl_seccomp_cached, .ctx = &cache};
    /* The options of a create without extras, so that the digest is that of the container it would
     * make. */
    struct vl_plan_opts opts = {.id = id,
                                .cgroup_manager = g->cgroup_manager,
                                .no_pivot = r->no_pivot,
                                .no_new_keyring = r->no_new_keyring,
                                .detached = true,
                                .console_socket = p != NULL && p->terminal,
                                .seccomp = &provider,
                                .seccomp_receiver = vl_seccomp_receiver(g)};
    if (vl_plan_build(b.spec, &b.host, &opts, &b.plan, err) < 0)
        return -1;
    *ret =
        r->binary ? vl_plan_encode(b.plan, false, NULL, ret_len) : vl_plan_print(b.plan, ret_len);
    return 0;
}
