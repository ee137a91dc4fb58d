/* SPDX-License-Identifier: Apache-2.0 */
/* The resources document of update. */
#include "spec/resources.h"

#include <stdlib.h>

#include "base/mem.h"
#include "spec/check.h"
#include "spec/load.h"

void vl_resources_free(struct vl_resources *r)
{
    if (r == NULL)
        return;
    oci_doc_free(r->doc);
    vl_strv_reset(&r->notes);
    free(r);
}

int vl_resources_load_buffer(const char *name, const char *buf, size_t len,
                             struct vl_resources **ret, struct vl_error **err)
{
    cleanup(resources) struct vl_resources *r = vl_alloc(sizeof(*r));
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *list = NULL;
    int status = oci_resources_parse(buf, len, &r->doc, &r->resources, &report);
    if (vl_doc_result(status, &report, name, &r->notes, err) < 0)
        return -1;
    vl_check_resources(r->resources, "", &list);
    if (vl_doc_errors(&list, name, err) < 0)
        return -1;
    *ret = r;
    r = NULL;
    return 0;
}

int vl_resources_load(const char *path, struct vl_resources **ret, struct vl_error **err)
{
    cleanup_free char *buf = NULL;
    size_t len;
    if (vl_doc_slurp_path(path, &buf, &len, err) < 0)
        return -1;
    return vl_resources_load_buffer(vl_streq(path, "-") ? "standard input" : path, buf, len, ret,
                                    err);
}
