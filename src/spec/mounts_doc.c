/* SPDX-License-Identifier: Apache-2.0 */
/* An array of mounts as a configuration: read and checked by the code that reads config.json. */
#include "spec/mounts_doc.h"

#include <ctype.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/mem.h"
#include "spec/load.h"

/* What a configuration must have beside its mounts: `"ociVersion":…}`. */
static char *rest_of_config(const struct vl_mounts_context *c)
{
    struct vl_json *j = vl_json_new(NULL);
    vl_json_obj(j);
    vl_json_kv_str(j, "ociVersion", VL_OCI_VERSION);
    vl_json_key(j, "root");
    vl_json_obj(j);
    vl_json_kv_str(j, "path", ".");
    vl_json_end_obj(j);
    vl_json_key(j, "linux");
    vl_json_obj(j);
    if (c->label != NULL)
        vl_json_kv_str(j, "mountLabel", c->label);
    vl_json_end_obj(j);
    if (c->label_type != NULL) {
        vl_json_key(j, "annotations");
        vl_json_obj(j);
        vl_json_kv_str(j, "run.oci.mount_context_type", c->label_type);
        vl_json_end_obj(j);
    }
    vl_json_end_obj(j);
    cleanup_free char *text = vl_json_take(j, NULL);
    return vl_strdup(text + 1);
}

static int load_targets(const struct vl_mounts_context *c, const char *name, const struct vl_str *text,
                        struct vl_spec **ret, struct vl_error **err)
{
    cleanup(spec) struct vl_spec *spec = vl_alloc(sizeof(*spec));
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *list = NULL;
    spec->bundle = vl_path_clean(c->bundle);
    spec->config_path = vl_strdup(name);
    int status = oci_config_parse(text->s, text->len, &spec->doc, &spec->config, &report);
    if (vl_doc_result(status, &report, name, &spec->notes, err) < 0)
        return -1;
    for (size_t i = 0; i < spec->config->n_mounts; i++) {
        struct vl_error *e = NULL;
        if (spec->config->mounts[i].destination[0] != '\0')
            continue;
        cleanup_free char *where = vl_asprintf("mounts[%zu].destination", i);
        vl_err_config(&e, where, "the destination is empty");
        vl_err_collect(&list, &e);
    }
    if (vl_doc_errors(&list, name, err) < 0)
        return -1;
    *ret = vl_take_ptr(spec);
    return 0;
}

int vl_mounts_load(const char *path, const struct vl_mounts_context *c, struct vl_spec **ret,
                   struct vl_error **err)
{
    const char *name = vl_streq(path, "-") ? "standard input" : path;
    cleanup_free char *buf = NULL;
    cleanup(str) struct vl_str text = VL_STR_INIT;
    size_t len, first = 0;
    if (vl_doc_slurp_path(path, &buf, &len, err) < 0)
        return -1;
    while (first < len && isspace((unsigned char)buf[first]))
        first++;
    if (first == len || buf[first] != '[')
        return vl_err_config(err, NULL, "%s: is no array of mounts", name);
    cleanup_free char *rest = rest_of_config(c);
    vl_str_add(&text, "{\"mounts\":");
    vl_str_addn(&text, buf, len);
    vl_str_addc(&text, ',');
    vl_str_add(&text, rest);
    if (c->targets_only)
        return load_targets(c, name, &text, ret, err);
    return vl_spec_load_buffer(c->bundle, name, text.s, text.len, ret, err);
}
