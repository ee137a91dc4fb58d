/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes, the links of /dev, and the console: DEVICE, SYMLINK, CONSOLE.
 * config-linux.md#devices, #default-devices, runtime-linux.md#dev-symbolic-links.
 */
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/mem.h"
#include "plan/mounts.h"

static const struct {
    const char *name;
    unsigned major, minor;
} default_nodes[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
    const char *name, *target;
    bool keep; /* what is there stays */
} default_links[] = {
    {"fd", "/proc/self/fd", true},       {"stdin", "/proc/self/fd/0", true},  {"stdout", "/proc/self/fd/1", true},
    {"stderr", "/proc/self/fd/2", true}, {"core", "/proc/kcore", true},       {"ptmx", "pts/ptmx", false},
};

bool vl_devices_must_bind(const struct vl_planner *p)
{
    return p->userns || !p->host->in_initial_userns;
}

static bool is_listed(const struct vl_planner *p, const char *path)
{
    const struct oci_linux *l = p->spec->config->linux;
    for (size_t i = 0; i < l->n_devices; i++) {
        cleanup_free char *listed = vl_path_clean(l->devices[i].path);
        if (vl_streq(listed, path))
            return true;
    }
    return false;
}

/* A node that can only be bound is the host's of the same path; prep and stage compare its numbers. */
static struct vl_op *append_node(struct vl_planner *p, unsigned type, unsigned major, unsigned minor, const char *path,
                                 const char *host_path, const char *where)
{
    int desc = -1;
    if (type != S_IFIFO && vl_devices_must_bind(p)) {
        desc = vl_mount_desc(p, VL_ROLE_DEVICE, type == S_IFBLK ? VL_KIND_BLOCK : VL_KIND_CHAR, 0, host_path, where,
                             NULL);
        p->plan->desc[desc].aux = (uint32_t)makedev(major, minor);
    }
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_DEVICE, where);
    vl_op_str(op, 0, path);
    op->n[0] = type;
    op->n[1] = major;
    op->n[2] = minor;
    op->n[3] = 0666;
    op->n[4] = p->setup_uid;
    op->n[5] = p->setup_gid;
    op->n[6] = desc >= 0;
    op->fd[0] = (int16_t)desc;
    return op;
}

void vl_devices_append_defaults(struct vl_planner *p, const char *dir, const char *where)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(default_nodes); i++) {
        cleanup_free char *path = vl_path_join(dir, default_nodes[i].name);
        cleanup_free char *host = vl_path_join("/dev", default_nodes[i].name);
        if (!is_listed(p, path))
            append_node(p, S_IFCHR, default_nodes[i].major, default_nodes[i].minor, path, host, where)->n[6] |= 2;
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(default_links); i++) {
        cleanup_free char *path = vl_path_join(dir, default_links[i].name);
        if (is_listed(p, path))
            continue;
        struct vl_op *op = vl_plan_op(p->plan, VL_OP_SYMLINK, where);
        vl_op_str(op, 0, default_links[i].target);
        vl_op_str(op, 1, path);
        op->n[0] = default_links[i].keep;
    }
}

static void append_listed(struct vl_planner *p, size_t i)
{
    const struct oci_device *d = &p->spec->config->linux->devices[i];
    cleanup_free char *where = vl_asprintf("linux.devices[%zu]", i);
    cleanup_free char *path = vl_path_clean(d->path);
    unsigned type = d->type[0] == 'p' ? S_IFIFO : d->type[0] == 'b' ? S_IFBLK : S_IFCHR; /* u is c without a buffer */
    bool numbers = type != S_IFIFO; /* some documents give numbers to a FIFO too */
    struct vl_op *op = append_node(p, type, numbers ? (unsigned)d->major : 0, numbers ? (unsigned)d->minor : 0, path,
                                   path, where);
    if (d->has_file_mode)
        op->n[3] = d->file_mode & 07777; /* engines put the type's bits there too */
    if (d->has_uid)
        op->n[4] = d->uid;
    if (d->has_gid)
        op->n[5] = d->gid;
}

/* A /dev that is a bind mount belongs to somebody else: nothing is made in it. */
static bool dev_is_bind(const struct vl_planner *p)
{
    const struct oci_config *c = p->spec->config;
    bool bind = false;
    for (size_t i = 0; i < c->n_mounts; i++) {
        const struct oci_mount *m = &c->mounts[i];
        cleanup_free char *absolute = vl_path_join("/", m->destination);
        cleanup_free char *target = vl_path_clean(absolute);
        if (!vl_streq(target, "/dev"))
            continue;
        bind = m->type != NULL && vl_streq(m->type, "bind");
        for (size_t k = 0; k < m->n_options; k++)
            bind |= vl_streq(m->options[k], "bind") || vl_streq(m->options[k], "rbind");
    }
    return bind;
}

static void append_console(struct vl_planner *p)
{
    const struct oci_process *process = p->spec->config->process;
    if (process == NULL || !process->terminal)
        return;
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_CONSOLE, "process.terminal");
    if (process->console_size != NULL) {
        op->n[0] = process->console_size->height;
        op->n[1] = process->console_size->width;
        op->n[3] = op->n[0] != 0 || op->n[1] != 0 ? VL_CON_HAS_SIZE : 0;
    }
    op->n[2] = process->user ? process->user->uid : 0;
}

int vl_plan_devices(struct vl_planner *p)
{
    if (!dev_is_bind(p)) {
        for (size_t i = 0; i < p->spec->config->linux->n_devices; i++)
            append_listed(p, i);
        vl_devices_append_defaults(p, "/dev", NULL);
    } else if (p->spec->config->linux->n_devices > 0) {
        vl_pl_note(p, "linux.devices: nothing is made in /dev, because it is a bind mount");
    }
    append_console(p);
    return 0;
}
