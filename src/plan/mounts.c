/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of `mounts` → MOUNT, BIND, REMOUNT, in the order of config.json. config.md#mounts,
 * config-linux.md#default-filesystems, docs/annotations.md.
 */
#include "plan/mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include "base/mem.h"
#include "spec/annot.h"
#include "sys/compat.h"

/* What a mount without `options` gets, by its target; an empty array asks for none of it. */
static const struct {
    const char *target;
    const char *words[6];
} default_options[] = {
    {"/dev", {"noexec", "strictatime", "mode=755"}},
    {"/dev/mqueue", {"nosuid", "noexec", "nodev"}},
    {"/dev/pts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
    {"/dev/shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
    {"/sys", {"nosuid", "noexec", "nodev"}},
    {"/sys/fs/cgroup", {"nosuid", "noexec", "strictatime"}},
};

/* The file systems that we know something about; all others are mounted as they are. */
static const struct fs {
    const char *type;
    bool label;   /* takes a context= option */
    bool virtual; /* read-only is a matter of the mount, not of the superblock, which others share or fill later */
    unsigned flags;
} known_fs[] = {
    {"proc", false, true, VL_MNT_REAL_DIR},
    {"sysfs", false, true, VL_MNT_REAL_DIR},
    {"cgroup", false, true, 0},
    {"cgroup2", false, true, 0},
    {"mqueue", false, true, 0}, /* one superblock an ipc namespace, which exists unlabelled already */
    {"devpts", true, true, 0},
    {"tmpfs", true, true, 0},
};

static const struct fs *find_fs(const char *type)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(known_fs); i++)
        if (vl_streq(known_fs[i].type, type))
            return &known_fs[i];
    return NULL;
}

char *vl_mount_label(const struct vl_planner *p, const char *fstype)
{
    const char *label = p->spec->config->linux->mount_label;
    const struct fs *fs = find_fs(fstype);
    if (!p->host->selinux || label == NULL || label[0] == '\0' || (fs != NULL && !fs->label))
        return NULL;
    const char *kind = vl_annot(p->spec, "run.oci.mount_context_type");
    return vl_asprintf("%s=%s", kind ? kind : "context", label);
}

struct vl_op *vl_mount_append(const struct vl_mount_entry *e, const char *fstype, const char *source,
                              const char *target, const struct vl_strv *data)
{
    const struct vl_mopts *o = e->o;
    const struct fs *fs = find_fs(fstype);
    cleanup_free char *label = vl_mount_label(e->p, fstype);
    bool ro = (o->attr.set & MOUNT_ATTR_RDONLY) != 0;

    struct vl_op *op = vl_plan_op(e->p->plan, VL_OP_MOUNT, e->where);
    vl_op_str(op, 0, fstype);
    vl_op_str(op, 1, source);
    vl_op_str(op, 2, target);
    if (data != NULL && data->n > 0)
        vl_op_vec(op, 3, data->v, data->n);
    vl_op_str(op, 4, label);
    op->n[0] = (int64_t)o->attr.set;
    op->n[1] = (int64_t)o->attr.clear;
    op->n[2] = o->sb.bits | (ro && (fs == NULL || !fs->virtual) ? (int64_t)MS_RDONLY : 0);
    op->n[3] = o->propagation.bits;
    op->n[4] = (fs ? fs->flags : 0) | (o->dest_nofollow ? VL_MNT_DEST_NOFOLLOW : 0u);
    op->n[5] = (int64_t)o->rattr.set;
    op->n[6] = (int64_t)o->rattr.clear;
    return op;
}

/* -- by type ---------------------------------------------------------------------------------------- */

static int plan_generic(const struct vl_mount_entry *e)
{
    vl_mount_append(e, e->type, e->m->source ? e->m->source : e->type, e->target, &e->o->data);
    return 0;
}

/*
 * The first full procfs at /proc also serves sysctls and labels. In a user namespace the kernel refuses a new
 * procfs for a pid namespace that it does not own: then the one that is there is shown.
 */
static int plan_proc(const struct vl_mount_entry *e)
{
    struct vl_op *op = vl_mount_append(e, "proc", "proc", e->target, &e->o->data);
    if (vl_streq(e->target, "/proc") && !vl_mopts_has(e->o, "subset"))
        op->n[4] |= VL_MNT_KEEP_PROC;
    if (e->p->userns && !vl_pl_own(e->p, CLONE_NEWPID))
        op->n[4] |= VL_MNT_BIND_FALLBACK;
    return 0;
}

/* The kernel refuses a new sysfs in a user namespace that does not own the network namespace. */
static int plan_sysfs(const struct vl_mount_entry *e)
{
    struct vl_op *op = vl_mount_append(e, "sysfs", "sysfs", e->target, &e->o->data);
    if (e->p->userns || !e->p->host->in_initial_userns)
        op->n[4] |= VL_MNT_BIND_FALLBACK;
    return 0;
}

/* Read-only only at the end: mount points, nodes and copied files are still made in it. */
static void set_tmpfs_flags(struct vl_op *op, const struct vl_mopts *o)
{
    if (!vl_mopts_has(o, "mode"))
        op->n[4] |= VL_MNT_INHERIT_MODE;
    if (o->attr.set & MOUNT_ATTR_RDONLY)
        op->n[4] |= VL_MNT_LATE_RO;
    if (o->tmpcopyup)
        op->n[4] |= VL_MNT_TMPCOPYUP;
}

static int plan_tmpfs(const struct vl_mount_entry *e)
{
    if (e->o->tmpcopyup && vl_streq(e->target, "/"))
        return vl_pl_config(e->p, e->where, "mount option `tmpcopyup`: the root cannot be copied into itself");
    struct vl_op *op =
        vl_mount_append(e, "tmpfs", e->m->source ? e->m->source : "tmpfs", e->target, &e->o->data);
    set_tmpfs_flags(op, e->o);
    return 0;
}

/* A whole /dev in one word: tmpfs, nodes and links, devpts, and a directory for shared memory. */
static int plan_devfs(const struct vl_mount_entry *e)
{
    struct vl_planner *p = e->p;
    cleanup(strv) struct vl_strv data = {NULL, 0}, pts = {NULL, 0};
    cleanup_free char *pts_dir = vl_path_join(e->target, "pts"), *shm_dir = vl_path_join(e->target, "shm");
    struct vl_mopts pts_opts = {.attr.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
    struct vl_mount_entry pts_entry = *e;
    pts_entry.o = &pts_opts;

    for (size_t i = 0; i < e->o->data.n; i++)
        vl_strv_add(&data, e->o->data.v[i]);
    if (!vl_mopts_has(e->o, "mode"))
        vl_strv_add(&data, "mode=755");
    struct vl_op *op = vl_mount_append(e, "tmpfs", "devfs", e->target, &data);
    op->n[0] |= MOUNT_ATTR_NOSUID;
    op->n[0] &= ~(int64_t)MOUNT_ATTR_NODEV;
    if (e->o->attr.set & MOUNT_ATTR_RDONLY)
        op->n[4] |= VL_MNT_LATE_RO;

    vl_strv_add(&pts, "newinstance");
    vl_strv_add(&pts, "ptmxmode=0666");
    vl_strv_add(&pts, "mode=0620");
    vl_mount_append(&pts_entry, "devpts", "devpts", pts_dir, &pts);
    op = vl_plan_op(p->plan, VL_OP_MKDIR, e->where);
    vl_op_str(op, 0, shm_dir);
    op->n[0] = 01777;
    op->n[1] = p->setup_uid;
    op->n[2] = p->setup_gid;
    if (!vl_streq(e->target, "/dev")) /* there devices.c makes them */
        vl_devices_append_defaults(p, e->target, e->where);
    return 0;
}

static const struct {
    const char *type;
    int (*plan)(const struct vl_mount_entry *e);
} planners[] = {
    {"proc", plan_proc},   {"sysfs", plan_sysfs},           {"tmpfs", plan_tmpfs},
    {"devfs", plan_devfs}, {"cgroup", vl_mount_plan_cgroup}, {"cgroup2", vl_mount_plan_cgroup},
};

static int plan_remount(const struct vl_mount_entry *e)
{
    const struct vl_mopts *o = e->o;
    struct vl_op *op = vl_plan_op(e->p->plan, VL_OP_REMOUNT, e->where);
    vl_op_str(op, 0, e->target);
    if (o->data.n > 0 && !o->bind)
        vl_op_vec(op, 1, o->data.v, o->data.n);
    op->n[0] = (int64_t)o->attr.set;
    op->n[1] = (int64_t)o->attr.clear;
    op->n[2] = o->bind ? 0 : o->sb.bits;
    op->n[3] = (int64_t)o->rattr.set;
    op->n[4] = (int64_t)o->rattr.clear;
    op->n[5] = o->propagation.bits;
    return 0;
}

/* -- one entry -------------------------------------------------------------------------------------- */

/* What only one kind of mount can do is an error on another one: silently ignored it would look done. */
static int check_words(const struct vl_mount_entry *e, bool bind)
{
    const struct vl_mopts *o = e->o;
    struct vl_planner *p = e->p;
    bool mapped = o->idmap != VL_IDMAP_NONE || e->m->n_uid_mappings > 0;
    int r = 0;
    if (o->tmpcopyup && !vl_streq(e->type, "tmpfs"))
        r |= vl_pl_config(p, e->where, "mount option `tmpcopyup`: only a tmpfs has it");
    if (!bind && o->copy_symlink)
        r |= vl_pl_config(p, e->where, "mount option `copy-symlink`: only a bind mount has a source to copy");
    if (!bind && o->src_nofollow)
        r |= vl_pl_config(p, e->where, "mount option `src-nofollow`: only a bind mount has a source to follow");
    if (o->copy_symlink && (o->src_nofollow || o->dest_nofollow))
        r |= vl_pl_config(p, e->where, "mount option `copy-symlink` excludes the nofollow options");
    if (o->dest_nofollow &&
        (vl_streq(e->type, "proc") || vl_streq(e->type, "sysfs") || vl_streq(e->type, "devpts")))
        r |= vl_pl_config(p, e->where, "mount option `dest-nofollow`: not for %s", e->type);
    if (!bind && mapped)
        r |= vl_pl_config(p, e->where, "id-mapped mount: only a bind mount can be id-mapped");
    return r;
}

static void note_idle_words(const struct vl_mount_entry *e, bool bind)
{
    for (size_t i = 0; i < e->o->idle.n; i++)
        vl_pl_note(e->p, "%s: option `%s` has no effect: it is not an attribute of a mount", e->where,
                   e->o->idle.v[i]);
    if (bind && e->o->sb.bits != 0)
        vl_pl_note(e->p, "%s: options of the file system have no effect on a bind mount", e->where);
    for (size_t i = 0; bind && i < e->o->data.n; i++)
        vl_pl_note(e->p, "%s: option `%s` has no effect on a bind mount", e->where, e->o->data.v[i]);
}

static int plan_entry(const struct vl_mount_entry *e)
{
    bool bind = e->o->bind || vl_streq(e->type, "bind");
    const char *v1 = vl_annot(e->p->spec, "run.oci.systemd.force_cgroup_v1");
    if (check_words(e, bind) < 0)
        return -1;
    note_idle_words(e, bind);
    if (e->o->remount)
        return plan_remount(e);
    if (v1 != NULL && vl_streq(v1, e->target))
        return vl_mount_plan_cgroup_v1(e);
    if (bind)
        return vl_mount_plan_bind(e);
    for (size_t i = 0; i < VL_ARRAY_LEN(planners); i++)
        if (vl_streq(planners[i].type, e->type))
            return planners[i].plan(e);
    return plan_generic(e);
}

static int parse_options(struct vl_planner *p, const struct oci_mount *m, const char *where, const char *target,
                         struct vl_mopts *ret)
{
    char *const *options = m->options;
    size_t n = m->n_options;
    struct vl_error *e = NULL;
    cleanup_free char *at = vl_asprintf("%s.options", where);
    for (size_t i = 0; !m->has_options && i < VL_ARRAY_LEN(default_options); i++) {
        if (!vl_streq(default_options[i].target, target))
            continue;
        options = (char *const *)default_options[i].words;
        for (n = 0; n < VL_ARRAY_LEN(default_options[i].words) && options[n] != NULL; n++)
            ;
    }
    if (vl_mopts_parse(options, n, at, ret, &e) == 0)
        return 0;
    vl_err_collect(&p->errors, &e);
    return -1;
}

static int plan_mount(struct vl_planner *p, size_t i)
{
    const struct oci_mount *m = &p->spec->config->mounts[i];
    cleanup_free char *where = vl_asprintf("mounts[%zu]", i);
    cleanup_free char *absolute = vl_path_join("/", m->destination); /* relative ones are tolerated since 1.2 */
    cleanup_free char *target = vl_path_clean(absolute);
    cleanup(mopts) struct vl_mopts o = {.bind = false};
    bool no_defaults = m->type != NULL && (vl_streq(m->type, "bind") || vl_streq(m->type, "devfs"));
    if (parse_options(p, m, where, no_defaults ? "" : target, &o) < 0)
        return -1;
    struct vl_mount_entry e = {p, m, &o, where, m->type ? m->type : "", target};
    return plan_entry(&e);
}

int vl_plan_mounts(struct vl_planner *p)
{
    const struct oci_config *c = p->spec->config;
    int r = 0;
    if (c->linux->mount_label && c->linux->mount_label[0] != '\0' && !p->host->selinux)
        vl_pl_note(p, "linux.mountLabel: SELinux is not enabled, mounts get no label");
    for (size_t i = 0; i < c->n_mounts; i++)
        r |= plan_mount(p, i);
    vl_mount_plan_notify(p);
    return r;
}
