/* SPDX-License-Identifier: Apache-2.0 */
/* spec: a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "ops/ops.h"
#include "spec/template.h"
#include "sys/fd.h"

/* The default name is never overwritten; the file appears complete or not at all. */
static int write_new(int dir, const char *bundle, const char *text, size_t len,
                     struct vl_error **err)
{
    if (faccessat(dir, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return vl_err_usage(err, "`%s/config.json` exists and is not overwritten: remove it first",
                            bundle);
    int r = vl_replace_file_at(dir, "config.json", text, len, 0666);
    return r == 0 ? 0 : vl_err_sys(err, r, "write `%s/config.json`", bundle);
}

int vl_op_spec(const struct vl_spec_opts *o, struct vl_error **err)
{
    const char *bundle = o->bundle != NULL ? o->bundle : ".";
    struct vl_template_opts t = {.rootless = o->rootless,
                                 .cgroup_ns =
                                     access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0,
                                 .uid = geteuid(),
                                 .gid = getegid()};
    cleanup_free char *text = NULL;
    size_t len;
    cleanup_fd int dir = vl_open(bundle, O_PATH | O_DIRECTORY);
    if (dir < 0)
        return vl_err_sys(err, dir, "open bundle directory `%s`", bundle);
    if (vl_template_write(&t, &text, &len, err) < 0)
        return -1;
    if (o->file == NULL)
        return write_new(dir, bundle, text, len, err);
    cleanup_free char *path = *o->file == '/' ? vl_strdup(o->file) : vl_path_join(bundle, o->file);
    int r = vl_replace_file(path, text, len, 0666);
    return r == 0 ? 0 : vl_err_sys(err, r, "write `%s`", path);
}
