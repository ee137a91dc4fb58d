/* SPDX-License-Identifier: Apache-2.0 */
/* state and list: what is known about containers. */
#include <stdio.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "ops/ops.h"
#include "ops/record_make.h"
#include "sys/cred.h"

/* A time that every reader can parse, for a container nobody knows the time of. */
#define NO_TIME "0001-01-01T00:00:00Z"

void vl_status_ask_freezer(struct vl_status *s)
{
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    struct vl_error *e = NULL;
    if (s->status != VL_RUNNING && s->status != VL_CREATED)
        return;
    if (vl_record_cgroup_desc(s->record, &desc, &e) < 0 ||
        vl_cgroup_open_recorded(&desc, &cg, &e) < 0)
        vl_err_drop(&e, "no cgroup that could be asked whether it is frozen");
    else if (vl_cgroup_frozen(cg))
        s->status = VL_PAUSED;
}

int vl_op_state(const struct vl_global *g, const char *id, struct vl_status **ret,
                struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_status_get(c, ret, err) < 0)
        return -1;
    vl_status_ask_freezer(*ret);
    return 0;
}

static void kv_text(struct vl_json *j, const char *key, const char *value, const char *otherwise)
{
    vl_json_kv_str(j, key, value != NULL ? value : otherwise);
}

void vl_status_json(struct vl_json *j, const struct vl_status *s)
{
    const struct vl_record *r = s->record;
    vl_json_obj(j);
    kv_text(j, "ociVersion", r->oci_version, VL_OCI_VERSION);
    vl_json_kv_str(j, "id", r->id);
    vl_json_kv_int(j, "pid", s->status == VL_STOPPED ? 0 : r->pid);
    vl_json_kv_str(j, "status", vl_ctr_status_name(s->status));
    kv_text(j, "bundle", r->bundle, "");
    kv_text(j, "rootfs", r->rootfs, "");
    kv_text(j, "created", r->created, NO_TIME);
    if (r->n_annotation > 0) {
        vl_json_key(j, "annotations");
        vl_json_obj(j);
        for (size_t i = 0; i < r->n_annotation; i++)
            vl_json_kv_str(j, r->annotation[i].key, r->annotation[i].value);
        vl_json_end_obj(j);
    }
    kv_text(j, "owner", s->owner, "");
    vl_json_end_obj(j);
}

char *vl_op_state_json(const struct vl_status *s, const char *indent)
{
    struct vl_json *j = vl_json_new(indent);
    vl_status_json(j, s);
    return vl_json_take(j, NULL);
}

void vl_list_free(struct vl_list *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n; i++)
        vl_status_free(l->item[i]);
    free(l->item);
    free(l);
}

static char *owner_name(const struct vl_record *r)
{
    char *name;
    if (r->bundle == NULL) /* no record, so nobody knows */
        return vl_strdup("");
    if (vl_passwd_name("/etc/passwd", r->owner, &name) == 0)
        return name;
    return vl_asprintf("#%u", (unsigned)r->owner);
}

static struct vl_status *id_only(const char *id)
{
    struct vl_status *s = vl_alloc(sizeof(*s));
    s->proc = (struct vl_proc)VL_PROC_INIT;
    s->record = vl_record_new();
    s->record->id = vl_strdup(id);
    return s;
}

/* NULL for one that was deleted since the root was listed. Most containers have the same owner: its
 * name is looked up once (last). */
static struct vl_status *inspect(int root_fd, const char *root, const char *id,
                                 const struct vl_status *last)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    struct vl_status *s = NULL;
    struct vl_error *e = NULL;
    if (vl_ctr_open_in(root_fd, root, id, &c, &e) < 0) {
        bool gone = vl_ctr_is_missing(e);
        vl_err_drop(&e, "listed with its id alone, or not at all when it is gone");
        return gone ? NULL : id_only(id);
    }
    if (vl_status_get(c, &s, &e) < 0) {
        vl_err_drop(&e, "listed with its id alone");
        return id_only(id);
    }
    vl_status_ask_freezer(s);
    if (last != NULL && last->record->bundle != NULL && last->record->owner == s->record->owner &&
        s->record->bundle != NULL)
        s->owner = vl_strdup(last->owner);
    else
        s->owner = owner_name(s->record);
    vl_proc_close(&s->proc); /* a thousand containers must not be a thousand descriptors */
    return s;
}

int vl_op_list(const struct vl_global *g, bool ids_only, struct vl_list **ret,
               struct vl_error **err)
{
    cleanup(strv) struct vl_strv ids = {NULL, 0};
    cleanup_free char *path = NULL;
    cleanup_fd int fd = VL_NOFD;
    if (vl_root_list(g->root, &ids, &fd, &path, err) < 0)
        return -1;
    struct vl_list *l = vl_alloc(sizeof(*l));
    const struct vl_status *last = NULL;
    for (size_t i = 0; i < ids.n; i++) {
        struct vl_status *s = ids_only ? id_only(ids.v[i]) : inspect(fd, path, ids.v[i], last);
        if (s == NULL)
            continue;
        struct vl_status **slot = VL_APPEND(l->item, l->n);
        *slot = s;
        last = s;
    }
    *ret = l;
    return 0;
}
