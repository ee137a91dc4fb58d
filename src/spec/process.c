/* SPDX-License-Identifier: Apache-2.0 */
/* The process document of exec. */
#include "spec/process.h"

#include <stdlib.h>

#include "base/mem.h"
#include "spec/check.h"
#include "spec/load.h"

void vl_process_free(struct vl_process *p)
{
    if (p == NULL)
        return;
    oci_doc_free(p->doc);
    vl_strv_reset(&p->notes);
    free(p);
}

int vl_process_load_buffer(const char *name, const char *buf, size_t len, struct vl_process **ret,
                           struct vl_error **err)
{
    cleanup(process) struct vl_process *p = vl_alloc(sizeof(*p));
    struct oci_report report = OCI_REPORT_INIT;
    struct vl_error *list = NULL;
    int status = oci_process_parse(buf, len, &p->doc, &p->process, &report);
    if (vl_doc_result(status, &report, name, &p->notes, err) < 0)
        return -1;
    vl_check_process(p->process, "", &list);
    if (vl_doc_errors(&list, name, err) < 0)
        return -1;
    vl_note_process(p->process, "", &p->notes);
    *ret = p;
    p = NULL;
    return 0;
}

int vl_process_load(const char *path, struct vl_process **ret, struct vl_error **err)
{
    cleanup_free char *buf = NULL;
    size_t len;
    if (vl_doc_slurp_path(path, &buf, &len, err) < 0)
        return -1;
    return vl_process_load_buffer(vl_streq(path, "-") ? "standard input" : path, buf, len, ret,
                                  err);
}
