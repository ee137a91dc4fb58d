/* SPDX-License-Identifier: Apache-2.0 */
/* libveloci: what is known of containers. */
#include <stdlib.h>
#include "base/mem.h"
#include "base/str.h"
#include "lib/lib.h"

_Static_assert((int)VELOCI_CREATING == VL_CREATING && (int)VELOCI_CREATED == VL_CREATED &&
                   (int)VELOCI_RUNNING == VL_RUNNING && (int)VELOCI_PAUSED == VL_PAUSED &&
                   (int)VELOCI_STOPPED == VL_STOPPED,
               "the numbers of veloci.h never change");

struct veloci_list {
    struct vl_list *list;
    struct veloci_state *item; /* borrow from list */
};

int veloci_state_get(const struct veloci *v, const char *id, struct veloci_state **ret,
                     struct veloci_error **err)
{
    struct vl_status *s = NULL;
    struct vl_error *e = NULL;
    if (vl_op_state(&v->global, id, &s, &e) < 0)
        return vl_lib_error(&e, err);
    vl_proc_close(&s->proc); /* an object of the caller shall not hold a descriptor */
    *ret = vl_alloc(sizeof(**ret));
    (*ret)->status = s;
    return 0;
}

void veloci_state_free(struct veloci_state *state)
{
    if (state == NULL)
        return;
    vl_status_free(state->status);
    free(state);
}

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

const char *veloci_state_id(const struct veloci_state *state)
{
    return or_empty(state->status->record->id);
}

enum veloci_status veloci_state_status(const struct veloci_state *state)
{
    return (enum veloci_status)state->status->status;
}

pid_t veloci_state_pid(const struct veloci_state *state)
{
    return state->status->status == VL_STOPPED ? 0 : state->status->record->pid;
}

const char *veloci_state_bundle(const struct veloci_state *state)
{
    return or_empty(state->status->record->bundle);
}

const char *veloci_state_rootfs(const struct veloci_state *state)
{
    return or_empty(state->status->record->rootfs);
}

const char *veloci_state_created(const struct veloci_state *state)
{
    return or_empty(state->status->record->created);
}

const char *veloci_state_annotation(const struct veloci_state *state, const char *key)
{
    const struct vl_record *r = state->status->record;
    for (size_t i = 0; i < r->n_annotation; i++)
        if (vl_streq(r->annotation[i].key, key))
            return r->annotation[i].value;
    return NULL;
}

char *veloci_state_json(const struct veloci_state *state, const char *indent)
{
    return vl_op_state_json(state->status, indent);
}

const char *veloci_status_name(enum veloci_status status)
{
    return vl_ctr_status_name((enum vl_ctr_status)status);
}

int veloci_list_get(const struct veloci *v, struct veloci_list **ret, struct veloci_error **err)
{
    struct vl_list *l = NULL;
    struct vl_error *e = NULL;
    if (vl_op_list(&v->global, false, &l, &e) < 0)
        return vl_lib_error(&e, err);
    struct veloci_list *list = vl_alloc(sizeof(*list));
    list->list = l;
    list->item = vl_alloc(l->n * sizeof(*list->item));
    for (size_t i = 0; i < l->n; i++)
        list->item[i].status = l->item[i];
    *ret = list;
    return 0;
}

void veloci_list_free(struct veloci_list *list)
{
    if (list == NULL)
        return;
    vl_list_free(list->list);
    free(list->item);
    free(list);
}

size_t veloci_list_count(const struct veloci_list *list)
{
    return list->list->n;
}

const struct veloci_state *veloci_list_item(const struct veloci_list *list, size_t index)
{
    return index < list->list->n ? &list->item[index] : NULL;
}
