/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of linux.resources (config-linux.md#control-groups). */
#include "spec/checker.h"

#include "base/str.h"

static void check_device_rules(struct vl_checker *c, const struct oci_resources *r)
{
    for (c->i = 0; c->i < r->n_devices; c->i++) {
        const struct oci_device_rule *d = &r->devices[c->i];
        if (vl_is_set(d->type) && (strlen(d->type) != 1 || strchr("abc", d->type[0]) == NULL))
            vl_bad(c, "devices[].type", "unknown device type `%s`", d->type);
        if (d->access != NULL && d->access[strspn(d->access, "rwm")] != '\0')
            vl_bad(c, "devices[].access", "`%s` has other letters than r, w and m", d->access);
        if (d->has_major && (d->major < -1 || d->major > UINT32_MAX))
            vl_bad(c, "devices[].major", "%lld is no device number", (long long)d->major);
        if (d->has_minor && (d->minor < -1 || d->minor > UINT32_MAX))
            vl_bad(c, "devices[].minor", "%lld is no device number", (long long)d->minor);
    }
}

/* Limits are judged by the planner, whose table knows what each of them must be. */
void vl_check_resources(const struct oci_resources *r, const char *at, struct vl_error **list)
{
    struct vl_checker c = {.list = list, .at = at};
    check_device_rules(&c, r);
}
