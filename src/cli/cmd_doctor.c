/* SPDX-License-Identifier: Apache-2.0 */
/* doctor */
#include <string.h>
#include "base/str.h"
#include "cli/cli.h"
#include "ops/doctor.h"

enum { FORMAT_TABLE, FORMAT_JSON };
enum { NAME_WIDTH = 20, STATUS_WIDTH = 9 };

static void add_finding(struct vl_str *b, const struct vl_finding *f)
{
    const char *status = vl_finding_status_name(f->status);
    if (*f->detail != '\0')
        vl_str_addf(b, "  %-*s%-*s%s\n", NAME_WIDTH, f->name, STATUS_WIDTH, status, f->detail);
    else
        vl_str_addf(b, "  %-*s%s\n", NAME_WIDTH, f->name, status);
    if (f->remedy != NULL)
        vl_str_addf(b, "  %-*s-> %s\n", NAME_WIDTH + STATUS_WIDTH, "", f->remedy);
}

static char *table(const struct vl_doctor *d)
{
    struct vl_str b = VL_STR_INIT;
    const char *section = "";
    for (size_t i = 0; i < d->n; i++) {
        if (!vl_streq(section, d->finding[i].section))
            vl_str_addf(&b, "%s%s\n", i > 0 ? "\n" : "", d->finding[i].section);
        section = d->finding[i].section;
        add_finding(&b, &d->finding[i]);
    }
    vl_str_add(&b,
               d->usable ? "\nContainers can be run here.\n" : "\nContainers cannot be run here:");
    for (size_t i = 0; i < d->n && !d->usable; i++)
        if (d->finding[i].needed && d->finding[i].status == VL_MISSING)
            vl_str_addf(&b, " %s (%s) is missing.", d->finding[i].name, d->finding[i].section);
    vl_str_add(&b, d->usable ? "" : "\n");
    return vl_str_take(&b);
}

int vl_cmd_doctor(const struct vl_args *a, struct vl_error **err)
{
    cleanup(doctor) struct vl_doctor *d = NULL;
    if (vl_op_doctor(&a->global, &d, err) < 0)
        return -1;
    cleanup_free char *text = a->format == FORMAT_JSON ? vl_op_doctor_json(d) : table(d);
    if (vl_print(text, strlen(text), err) < 0)
        return -1;
    return d->usable ? 0 : 1;
}
