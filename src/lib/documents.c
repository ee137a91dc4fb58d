/* SPDX-License-Identifier: Apache-2.0 */
/* libveloci: documents that are made without a container. */
#include "lib/lib.h"
#include "ops/doctor.h"

int veloci_spec(const struct veloci_spec_options *options, struct veloci_error **err)
{
    struct veloci_spec_options o;
    struct vl_error *e = NULL;
    int r = vl_lib_options(options, &o, sizeof(o), "veloci_spec_options", &e);
    if (r == 0)
        r = vl_lib_flags(o.flags, VELOCI_SPEC_ROOTLESS, "veloci_spec_options", &e);
    if (r == 0) {
        struct vl_spec_opts s = {
            .bundle = o.bundle, .file = o.file, .rootless = o.flags & VELOCI_SPEC_ROOTLESS};
        r = vl_op_spec(&s, &e);
    }
    return vl_lib_result(r, &e, err);
}

static int read_plan_options(const struct veloci_plan_options *options, struct vl_plan_request *ret,
                             struct vl_error **err)
{
    const uint32_t known = VELOCI_NO_PIVOT | VELOCI_NO_NEW_KEYRING | VELOCI_DETACH |
                           VELOCI_PLAN_BINARY | VELOCI_PLAN_RUN;
    struct veloci_plan_options o;
    if (vl_lib_options(options, &o, sizeof(o), "veloci_plan_options", err) < 0 ||
        vl_lib_flags(o.flags, known, "veloci_plan_options", err) < 0)
        return -1;
    *ret = (struct vl_plan_request){.id = o.id,
                                    .bundle = o.bundle,
                                    .config = o.config,
                                    .no_pivot = o.flags & VELOCI_NO_PIVOT,
                                    .no_new_keyring = o.flags & VELOCI_NO_NEW_KEYRING,
                                    .run = o.flags & VELOCI_PLAN_RUN,
                                    .detach = o.flags & VELOCI_DETACH,
                                    .preserve_fds = o.preserve_fds,
                                    .binary = o.flags & VELOCI_PLAN_BINARY};
    return 0;
}

int veloci_plan(const struct veloci *v, const struct veloci_plan_options *options, char **text,
                size_t *length, struct veloci_error **err)
{
    struct vl_plan_request request;
    struct vl_error *e = NULL;
    size_t unused;
    int r = read_plan_options(options, &request, &e);
    if (r == 0)
        r = vl_op_plan(&v->global, &request, text, length != NULL ? length : &unused, &e);
    return vl_lib_result(r, &e, err);
}

int veloci_plan_verify(const struct veloci *v, const char *file,
                       const struct veloci_plan_options *options, char **text, char **difference,
                       struct veloci_error **err)
{
    struct vl_plan_request request;
    struct vl_error *e = NULL;
    cleanup_free char *words = NULL, *diff = NULL;
    if (read_plan_options(options, &request, &e) < 0 ||
        vl_op_plan_verify(&v->global, file, &request, &words, &diff, &e) < 0)
        return vl_lib_error(&e, err);
    *text = vl_take_ptr(words);
    *difference = vl_take_ptr(diff);
    return 0;
}

int veloci_features(char **text, struct veloci_error **err)
{
    struct vl_error *e = NULL;
    size_t unused;
    return vl_lib_result(vl_op_features(text, &unused, &e), &e, err);
}

int veloci_doctor(const struct veloci *v, char **text, struct veloci_error **err)
{
    cleanup(doctor) struct vl_doctor *d = NULL;
    struct vl_error *e = NULL;
    if (vl_op_doctor(&v->global, &d, &e) < 0)
        return vl_lib_error(&e, err);
    *text = vl_op_doctor_json(d);
    return 0;
}
