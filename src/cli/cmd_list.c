/* SPDX-License-Identifier: Apache-2.0 */
/* list */
#include <string.h>
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"

enum { FORMAT_TABLE, FORMAT_JSON };

static char *ids(const struct vl_list *l)
{
    struct vl_str b = VL_STR_INIT;
    for (size_t i = 0; i < l->n; i++)
        vl_str_addf(&b, "%s\n", l->item[i]->record->id);
    return vl_str_take(&b);
}

/* One line. No containers are an empty array, for readers that iterate. */
static char *json(const struct vl_list *l)
{
    struct vl_str b = VL_STR_INIT;
    struct vl_json *j = vl_json_new(NULL);
    vl_json_arr(j);
    for (size_t i = 0; i < l->n; i++)
        vl_status_json(j, l->item[i]);
    vl_json_end_arr(j);
    cleanup_free char *text = vl_json_take(j, NULL);
    vl_str_addf(&b, "%s\n", text);
    return vl_str_take(&b);
}

int vl_cmd_list(const struct vl_args *a, struct vl_error **err)
{
    cleanup(list) struct vl_list *l = NULL;
    if (vl_op_list(&a->global, a->quiet, &l, err) < 0)
        return -1;
    cleanup_free char *text = a->quiet                   ? ids(l)
                              : a->format == FORMAT_JSON ? json(l)
                                                         : vl_list_table(l);
    return vl_print(text, strlen(text), err);
}
