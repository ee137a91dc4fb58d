/* SPDX-License-Identifier: Apache-2.0 */
/* The plan that changes the mounts of a running container: which way the stage takes, and what the wire check allows. */
#include "tap.h"

#include <sched.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "plan/mounts_live.h"
#include "plan/wire_check.h"
#include "spec/spec.h"

static struct vl_host host = {.in_initial_userns = true,
                              .openat2 = true,
                              .mount_setattr = true,
                              .new_mount_api = true,
                              .idmap_mounts = true,
                              .cgroup_mode = VL_CGROUP_V2};
#define OWN (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP)

static struct vl_spec *mounts(const char *entries)
{
    struct vl_spec *spec = NULL;
    struct vl_error *e = NULL;
    cleanup_free char *text =
        vl_asprintf("{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\".\"},\"linux\":{},\"mounts\":[%s]}", entries);
    if (vl_spec_load_buffer("/bundle", "mounts", text, strlen(text), &spec, &e) < 0) {
        cleanup_free char *why = vl_error_text(e);
        diag("%s", why);
        vl_error_free(e);
    }
    return spec;
}

static struct vl_plan *plan_of(const char *entries, uint64_t ns, bool remove, struct vl_error **err)
{
    cleanup(spec) struct vl_spec *spec = mounts(entries);
    struct vl_mounts_request rq = {.spec = spec, .pid = 42, .ns = ns};
    struct vl_plan *plan = NULL;
    int r = (remove ? vl_plan_mounts_remove : vl_plan_mounts_add)(&rq, &host, &plan, err);
    return r == 0 ? plan : NULL;
}

/* As the stage gets it, every descriptor open that should be. */
static int check(const struct vl_plan *plan)
{
    size_t len;
    struct vl_wire_view v;
    uint32_t at;
    cleanup_free struct vl_ident *open_fds = vl_alloc((plan->n_desc + 1) * sizeof(*open_fds));
    for (size_t i = 0; i < plan->n_desc; i++) {
        const struct vl_desc *d = &plan->desc[i];
        bool late = d->acquire == VL_ACQ_IN_NS || d->acquire == VL_ACQ_LATE_TREE;
        open_fds[i] = (struct vl_ident){late || !vl_desc_is_passed(d) ? -1 : 10 + (int)i, 0, 0};
    }
    cleanup_free void *bytes = vl_plan_encode(plan, true, open_fds, &len);
    return (int)vl_wire_check(bytes, len, 1, NULL, &v, &at);
}

/* Names of the operations, and whether the stage would take it. */
static void goes(const char *entries, uint64_t ns, bool remove, const char *want, const char *what)
{
    struct vl_error *e = NULL;
    struct vl_str names = VL_STR_INIT;
    cleanup(plan) struct vl_plan *plan = plan_of(entries, ns, remove, &e);
    for (size_t i = 0; plan != NULL && i < plan->n_op; i++)
        vl_str_addf(&names, "%s%s", i > 0 ? " " : "", vl_op_names(plan->op[i].code)->name);
    cleanup_free char *got = e != NULL ? vl_error_text(e) : vl_str_take(&names);
    is_str(got, want, "%s", what);
    if (plan != NULL)
        is_int(check(plan), VL_WIRE_OK, "the stage takes it");
    vl_str_reset(&names);
    vl_error_free(e);
}

#define TMPFS "{\"destination\":\"/a\",\"type\":\"tmpfs\"}"
#define BIND "{\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"/src\",\"options\":[\"bind\"]}"
#define PROC "{\"destination\":\"/p\",\"type\":\"proc\"}"
#define NFS "{\"destination\":\"/n\",\"type\":\"nfs\",\"source\":\"x:/y\"}"
#define QUEUE "{\"destination\":\"/q\",\"type\":\"mqueue\"}"
#define IDMAP "{\"destination\":\"/i\",\"type\":\"bind\",\"source\":\"/src\",\"options\":[\"bind\",\"idmap\"]}"

static void ways(void)
{
    goes(TMPFS "," BIND, OWN, false, "clone guard enter mount bind done", "only the mount namespace is entered");
    goes(PROC, OWN, false, "clone join fork guard enter mount done", "proc is made by a process of the pid namespace");
    goes(NFS, OWN, false, "clone join guard enter mount done", "another type sees the container's network");
    goes(PROC "," NFS "," QUEUE, OWN, false, "clone join join join fork guard enter mount mount mount done",
         "all that is shown");
    goes(PROC, OWN & ~CLONE_NEWPID, false, "clone guard enter mount done", "what is shared need not be joined");
    goes(TMPFS, OWN | CLONE_NEWUSER, false, "clone join fork assume guard enter mount done",
         "a user namespace: in a tree that belongs to it");
    goes(BIND, OWN | CLONE_NEWUSER, false, "clone join fork await assume guard enter bind done",
         "where sources are opened after the fork");
    goes(IDMAP, OWN | CLONE_NEWUSER, false, "clone join fork await assume guard enter idmap-set bind done",
         "or mapped");
    goes(TMPFS "," PROC, OWN, true, "clone guard enter unmount done", "removing joins nothing");
    goes(TMPFS, OWN | CLONE_NEWUSER, true, "clone join fork assume guard enter unmount done",
         "but the user namespace");
}

static void acquired(uint64_t ns, enum vl_acquire want, const char *what)
{
    struct vl_error *e = NULL;
    cleanup(plan) struct vl_plan *plan = plan_of(BIND, ns, false, &e);
    for (size_t i = 0; plan != NULL && i < plan->n_desc; i++)
        if (plan->desc[i].role == VL_ROLE_SOURCE)
            is_int(plan->desc[i].acquire, want, "%s", what);
    vl_error_free(e);
}

static void refused(void)
{
    goes(TMPFS, OWN & ~CLONE_NEWNS, false,
         "the container has no mount namespace of its own: its mounts are those of the host", "no mount namespace");
    goes(TMPFS ",{\"destination\":\"//x/../.\",\"type\":\"tmpfs\"}", OWN, false,
         "`//x/../.` is the root of a container that runs (at mounts[1].destination)", "the root");
    goes("{\"destination\":\"/\",\"type\":\"tmpfs\"}", OWN, true,
         "`/` is the root of a container that runs (at mounts[0].destination)", "nor is it unmounted");
    goes("{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}", OWN, false,
         "id-mapped mount: only a bind mount can be id-mapped (at mounts[0])", "the checks of a launch");
}

/* Every plan of these operations that is not one of ours is refused. */
static void order(void)
{
    static const struct {
        enum vl_op_code code[5];
        bool good;
        const char *what;
    } t[] = {
        {{VL_OP_GUARD, VL_OP_ENTER, VL_OP_DONE}, true, "guard enter done"},
        {{VL_OP_ENTER, VL_OP_DONE}, false, "without guard"},
        {{VL_OP_GUARD, VL_OP_DONE}, false, "done without enter: nothing can end as a container's process"},
        {{VL_OP_GUARD, VL_OP_ENTER}, false, "no end"},
        {{VL_OP_GUARD, VL_OP_ENTER, VL_OP_ENTER, VL_OP_DONE}, false, "twice"},
        {{VL_OP_GUARD, VL_OP_ENTER, VL_OP_DONE, VL_OP_DONE}, false, "something after the end"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(t); i++) {
        cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
        int desc = vl_plan_desc(plan, VL_ROLE_NS, VL_KIND_NSFS, VL_ACQ_OPEN, 0, "/proc/1/ns/mnt", NULL);
        for (size_t k = 0; k < 5 && t[i].code[k] != 0; k++) {
            struct vl_op *op = vl_plan_op(plan, t[i].code[k], NULL);
            if (op->code == VL_OP_ENTER)
                op->fd[0] = (int16_t)desc;
        }
        is_int(check(plan) == VL_WIRE_OK, t[i].good, "%s", t[i].what);
    }
}

static void limits(void)
{
    struct vl_str many = VL_STR_INIT;
    struct vl_error *e = NULL;
    vl_str_add(&many, TMPFS);
    for (int i = 1; i < 64; i++)
        vl_str_add(&many, "," TMPFS);
    cleanup(plan) struct vl_plan *plan = plan_of(many.s, OWN, true, &e);
    ok(plan != NULL && check(plan) == VL_WIRE_OK, "64 mounts at once");
    vl_str_add(&many, "," TMPFS);
    ok(plan_of(many.s, OWN, false, &e) == NULL && e->kind == VL_ERR_CONFIG, "not 65");
    vl_str_reset(&many);
    vl_error_free(e);
}

int main(void)
{
    ways();
    acquired(OWN, VL_ACQ_TREE, "a source is cloned by veloci");
    acquired(OWN | CLONE_NEWUSER, VL_ACQ_IN_NS, "with a user namespace by the stage, so that locks stay");
    refused();
    order();
    limits();
    return done_testing();
}
