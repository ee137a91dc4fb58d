/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what create or run would do, and whether that is what was approved. Nothing is made, no state root is needed. */
#include <stdlib.h>
#include "base/mem.h"
#include "confine/seccomp_cache.h"
#include "ops/begin.h"
#include "ops/contract.h"
#include "ops/ops.h"

static int build(const struct vl_global *g, const struct vl_plan_request *r, struct vl_plan **ret, struct vl_error **err)
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
    /* The options of a create or run without extras, so that the digest is that of the container it would
     * make. */
    struct vl_plan_opts opts = {.id = id,
                                .cgroup_manager = g->cgroup_manager,
                                .rootless = g->rootless,
                                .no_pivot = r->no_pivot,
                                .no_new_keyring = r->no_new_keyring,
                                .detached = !r->run,
                                .console_socket = p != NULL && p->terminal && (!r->run || r->detach),
                                .preserve_fds = r->preserve_fds,
                                .seccomp = &provider,
                                .seccomp_receiver = vl_seccomp_receiver(g)};
    return vl_plan_build(b.spec, &b.host, &opts, ret, err);
}

int vl_op_plan(const struct vl_global *g, const struct vl_plan_request *r, char **ret, size_t *ret_len, struct vl_error **err)
{
    cleanup(plan) struct vl_plan *plan = NULL;
    if (build(g, r, &plan, err) < 0)
        return -1;
    *ret = r->binary ? vl_plan_encode(plan, false, NULL, ret_len) : vl_plan_print(plan, ret_len);
    return 0;
}

int vl_op_plan_verify(const struct vl_global *g, const char *file, const struct vl_plan_request *r, char **ret_text,
                      char **ret_diff, struct vl_error **err)
{
    cleanup(approved) struct vl_approved approved = {0};
    cleanup(plan) struct vl_plan *now = NULL;
    size_t len, n;

    *ret_text = *ret_diff = NULL;
    if (vl_approved_load(file, &approved, err) < 0)
        return -1;
    if (approved.plan == NULL && r->bundle == NULL)
        return vl_err_usage(err, "`%s` is a plan as JSON, which can only be compared: give --bundle, or use plan --format binary",
                            file);
    if (approved.plan != NULL && vl_plan_check_schedule(approved.plan, err) < 0)
        return vl_err_ctx(err, "`%s`", file);
    if (r->bundle != NULL) {
        if (build(g, r, &now, err) < 0)
            return -1;
        cleanup_free char *have = vl_plan_print(now, &len);
        *ret_diff = vl_contract_diff(approved.text, have, &n);
    }
    if (approved.plan == NULL) {
        *ret_text = vl_asprintf("%s: a plan as JSON", file);
        return 0;
    }
    cleanup_free char *digest = vl_contract_digest(approved.plan);
    *ret_text = vl_asprintf("%s: %s, %zu descriptors, %zu operations", file, digest, approved.plan->n_desc, approved.plan->n_op);
    return 0;
}
