/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the list of findings, who calls, and the list as a document. */
#include "ops/doctor.h"

#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "launch/image.h"
#include "ops/ops.h"
#include "state/dir.h"
#include "sys/host.h"
#include "sys/probe.h"

const char *vl_finding_status_name(enum vl_finding_status s)
{
    static const char *const names[] = {
        [VL_FOUND] = "ok", [VL_LIMITED] = "limited", [VL_MISSING] = "missing"};
    return names[s];
}

void vl_doctor_free(struct vl_doctor *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n; i++) {
        free(d->finding[i].name);
        free(d->finding[i].detail);
        free(d->finding[i].remedy);
    }
    free(d->finding);
    free(d);
}

struct vl_finding *vl_doctor_add(struct vl_doctor *d, const char *section, const char *name,
                                 enum vl_finding_status status, const char *remedy, const char *fmt,
                                 ...)
{
    struct vl_finding *f = VL_APPEND(d->finding, d->n);
    va_list ap;
    *f = (struct vl_finding){.section = section, .status = status, .name = vl_strdup(name)};
    va_start(ap, fmt);
    if (vasprintf(&f->detail, fmt, ap) < 0)
        vl_oom();
    va_end(ap);
    if (remedy != NULL && status != VL_FOUND)
        f->remedy = vl_strdup(remedy);
    return f;
}

bool vl_doctor_is_privileged(const struct vl_host *h)
{
    return (h->caps_effective >> CAP_SYS_ADMIN & 1) != 0;
}

/* -- the caller -------------------------------------------------------------------------------- */

static const char caller[] = "caller";

/* The nearest directory that is there; the others can be made in it. */
static bool can_make(const char *path)
{
    cleanup_free char *p = vl_strdup(path);
    while (access(p, F_OK) < 0) {
        char *slash = strrchr(p, '/');
        if (slash == NULL || slash == p)
            return access("/", W_OK | X_OK) == 0;
        *slash = '\0';
    }
    return access(p, W_OK | X_OK) == 0;
}

static void state_root(struct vl_doctor *d, const struct vl_global *g)
{
    cleanup_free char *root = NULL;
    struct vl_error *e = NULL;
    struct vl_finding *f;
    if (vl_root_path(g->root, &root, &e) < 0) {
        cleanup_free char *text = vl_error_text(e);
        f = vl_doctor_add(
            d, caller, "state root", VL_MISSING,
            "log in through a session manager that sets XDG_RUNTIME_DIR, or give --root", "%s",
            text);
        vl_error_free(e);
    } else if (!can_make(root)) {
        f = vl_doctor_add(d, caller, "state root", VL_MISSING,
                          "give --root with a directory of your own", "%s cannot be written", root);
    } else {
        f = vl_doctor_add(d, caller, "state root", VL_FOUND, NULL, "%s", root);
    }
    f->needed = true;
}

static void stage(struct vl_doctor *d, const struct vl_host *h)
{
    struct vl_error *e = NULL;
    cleanup_fd int fd = vl_stage_image(&e);
    cleanup_free char *text = e != NULL ? vl_error_text(e) : NULL;
    struct vl_finding *f;
    if (fd < 0)
        f = vl_doctor_add(
            d, caller, "veloci-stage", VL_MISSING,
            "sysctl vm.memfd_noexec=1, or install veloci so that its stage is at " VL_LIBEXECDIR,
            "%s", text);
    else
        f = vl_doctor_add(d, caller, "veloci-stage", VL_FOUND, NULL, "%s",
                          h->memfd_exec_ok ? "from a sealed memory file"
                                           : VL_LIBEXECDIR
                              "/veloci-stage, because memory files may not be executed");
    f->needed = true;
    vl_error_free(e);
}

void vl_doctor_caller(struct vl_doctor *d, const struct vl_global *g, const struct vl_host *h)
{
    bool privileged = vl_doctor_is_privileged(h);
    vl_doctor_add(d, caller, "kernel", VL_FOUND, NULL, "%s %s",
                  h->kernel_release ? h->kernel_release : "unknown", h->machine ? h->machine : "");
    vl_doctor_add(d, caller, "user", VL_FOUND, NULL, "%u%s%s, %s", (unsigned)h->euid,
                  h->user_name ? " " : "", h->user_name ? h->user_name : "",
                  !privileged ? "containers are rootless: each in a user namespace of its own"
                  : h->in_initial_userns ? "with CAP_SYS_ADMIN on the host"
                                         : "with CAP_SYS_ADMIN in a user namespace");
    if (h->no_new_privs)
        vl_doctor_add(d, caller, "no_new_privs", VL_LIMITED,
                      "start veloci from a process without it",
                      "is set, so newuidmap cannot be used");
    state_root(d, g);
    stage(d, h);
}

/* -- all of it --------------------------------------------------------------------------------- */

int vl_op_doctor(const struct vl_global *g, struct vl_doctor **ret, struct vl_error **err)
{
    struct vl_host h = {0};
    int r = vl_host_gather(&h);
    if (r >= 0)
        r = vl_host_gather_subids(&h);
    if (r < 0) {
        vl_host_reset(&h);
        return vl_err_sys(err, r, "gather facts about this host: is /proc mounted?");
    }
    struct vl_doctor *d = vl_alloc(sizeof(*d));
    vl_doctor_caller(d, g, &h);
    vl_doctor_kernel(d, &h);
    vl_doctor_cgroups(d, &h);
    vl_doctor_confinement(d, &h);
    vl_doctor_images(d, &h);
    vl_doctor_libraries(d);
    vl_doctor_programs(d);
    vl_doctor_engines(d);
    vl_host_reset(&h);
    d->usable = true;
    for (size_t i = 0; i < d->n; i++)
        if (d->finding[i].needed && d->finding[i].status == VL_MISSING)
            d->usable = false;
    *ret = d;
    return 0;
}

char *vl_op_doctor_json(const struct vl_doctor *d)
{
    struct vl_json *j = vl_json_new("  ");
    vl_json_obj(j);
    vl_json_kv_str(j, "version", PACKAGE_VERSION);
    vl_json_kv_bool(j, "usable", d->usable);
    vl_json_key(j, "findings");
    vl_json_arr(j);
    for (size_t i = 0; i < d->n; i++) {
        const struct vl_finding *f = &d->finding[i];
        vl_json_obj(j);
        vl_json_kv_str(j, "section", f->section);
        vl_json_kv_str(j, "name", f->name);
        vl_json_kv_str(j, "status", vl_finding_status_name(f->status));
        vl_json_kv_bool(j, "needed", f->needed);
        vl_json_kv_str(j, "detail", f->detail);
        if (f->remedy != NULL)
            vl_json_kv_str(j, "remedy", f->remedy);
        vl_json_end_obj(j);
    }
    vl_json_end_arr(j);
    vl_json_end_obj(j);
    return vl_json_take(j, NULL);
}
