/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New file systems: MOUNT and REMOUNT, and MKDIR and SYMLINK in what they made. proc, sysfs, mqueue and cgroup2 show the
 * namespaces of the process that mounts them, so the stage does it. Target first, then file system, then attach:
 * a failure leaves nothing behind but an empty directory.
 */
#include "stage/stage.h"

/* fsconfig(2) takes values of up to 255 bytes: overlay directories are longer now and then */
#define VALUE_MAX 255

#define MS_SB (MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME | MS_I_VERSION)

static const char *next_option(const char *p)
{
    return p + st_len(p) + 1;
}

/* -- superblock ------------------------------------------------------------------------------------ */

static int set_flag(int fs, const char *name)
{
    return sys_fsconfig(fs, FSCONFIG_SET_FLAG, name, NULL);
}

static int set_sb_flags(struct stage *s, int fs, uint64_t ms)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {{MS_RDONLY, "ro"},      {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"},
                 {MS_MANDLOCK, "mand"}, {MS_LAZYTIME, "lazytime"}};
    int r = 0;

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
        if (ms & names[i].bit)
            r = set_flag(fs, names[i].name);
    if (r < 0) {
        s->a = -1;
        return st_fail(s, VL_D_FS_OPTION, r);
    }
    /* no generic word for it: file systems that count changes call it so, others count them always or never */
    if (ms & MS_I_VERSION && (r = set_flag(fs, "i_version")) < 0)
        st_warn(s, r, VL_D_FS_OPTION, -1);
    return 0;
}

/* "key=value" or "flag". */
static int set_option(int fs, const char *option)
{
    char *key = st_scratch.text;
    const char *eq = st_find(option, '=');
    size_t len = 0;

    if (!eq)
        return set_flag(fs, option);
    if (!st_append(key, ST_PATH, &len, option, (size_t)(eq - option)))
        return -ENAMETOOLONG;
    return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1);
}

static int set_options(struct stage *s, int fs, const struct vl_wire_op *op, unsigned str)
{
    const char *p = st_str(s, op, str);
    const char *end = p + op->s[str].len;

    if (!p)
        return 0;
    for (s->a = 0; p < end; p = next_option(p), s->a++) {
        int r = set_option(fs, p);
        if (r < 0)
            return st_fail(s, VL_D_FS_OPTION, r);
    }
    return 0;
}

/* tmpfs takes over the mode of the directory it covers, as mode= was not given (crun and runc do the same). */
static int set_mode(struct stage *s, int fs, int target)
{
    struct statx stx;
    char digits[24];

    int r = sys_fstat(target, &stx);
    if (r == 0)
        r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", st_oct(digits, stx.stx_mode & 07777));
    s->a = -1;
    return r < 0 ? st_fail(s, VL_D_FS_OPTION, r) : 0;
}

static int configure(struct stage *s, int fs, const struct vl_wire_op *op, int inherit_from)
{
    const char *source = st_str(s, op, 1), *label = st_str(s, op, 4);
    int r;

    if (source && (r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source)) < 0)
        return st_fail(s, VL_D_FS_SOURCE, r);
    if ((r = set_sb_flags(s, fs, (uint64_t)op->n[2])) < 0 || (r = set_options(s, fs, op, 3)) < 0)
        return r;
    if (inherit_from >= 0 && (r = set_mode(s, fs, inherit_from)) < 0)
        return r;
    if (label && st_find(label, '=') && (r = set_option(fs, label)) < 0) {
        s->a = -1;
        return st_fail(s, VL_D_FS_OPTION, r);
    }
    r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
    return r < 0 ? st_fail(s, VL_D_FS_CREATE, r) : 0;
}

/* Detached mount of a new file system, or -errno. */
static int make(struct stage *s, const struct vl_wire_op *op, uint64_t attrs, int inherit_from)
{
    int fs = sys_fsopen(st_str(s, op, 0));
    if (fs < 0)
        return st_fail(s, VL_D_FSOPEN, fs);
    int r = configure(s, fs, op, inherit_from);
    int tree = r < 0 ? r : sys_fsmount(fs, (unsigned)attrs);
    if (r == 0 && tree < 0)
        tree = st_fail(s, VL_D_FSMOUNT, tree);
    (void)sys_close(fs);
    return tree;
}

/* -- what cannot be made here ------------------------------------------------------------------------ */

/* Where the kernel refuses sysfs (network namespace of somebody else) or cgroup2 (no cgroup namespace), the container
 * sees a bind of what there is: its own cgroup if veloci passes that, else the inherited mount, which shows the host
 * and is read-only with everything below it (CVE-2023-25809). */
static int bind_instead(struct stage *s, const struct vl_wire_op *op, struct st_attrs *attrs)
{
    const char *type = st_str(s, op, 0);
    struct statfs sfs;

    if (st_fd(s, op, 1) >= 0)
        return st_take_tree(s, op->fd[1], 0);
    int sysfs = st_same(type, "sysfs");
    if (!sysfs && !st_same(type, "cgroup2"))
        return -EPERM;
    int tree = sys_open_tree(AT_FDCWD, sysfs ? "/sys" : "/sys/fs/cgroup", OPEN_TREE_CLONE | AT_RECURSIVE);
    if (tree < 0)
        return st_fail(s, VL_D_CLONE_TREE, tree);
    int r = sys_fstatfs(tree, &sfs);
    if (r < 0 || sfs.f_type != (sysfs ? ST_SYSFS_MAGIC : ST_CGROUP2_MAGIC)) {
        (void)sys_close(tree);
        return st_fail(s, VL_D_CLONE_TREE, r < 0 ? r : -ENODEV);
    }
    attrs->rset |= MOUNT_ATTR_RDONLY;
    return tree;
}

/* -- mount(2), for options that fsconfig(2) does not take -------------------------------------------- */

static int needs_mount2(const struct stage *s, const struct vl_wire_op *op)
{
    const char *p = st_str(s, op, 3), *end = p + op->s[3].len;

    if (!(s->feat & VL_FEAT_NEW_MOUNT))
        return 1;
    for (; p && p < end; p = next_option(p)) {
        const char *eq = st_find(p, '=');
        if (st_len(eq ? eq + 1 : p) > VALUE_MAX)
            return 1;
    }
    return 0;
}

/* Mounts onto the target and opens the result, which lies on top of it now. */
static int make_attached(struct stage *s, const struct vl_wire_op *op, uint64_t attrs, int target)
{
    const char *p = st_str(s, op, 3), *end = p + op->s[3].len, *label = st_str(s, op, 4);
    char *text = st_scratch.text; /* all options, as mount(2) wants them */
    size_t len = 0;
    int fits = 1;
    struct statx stx;

    text[0] = '\0';
    for (; p && p < end; p = next_option(p))
        fits = fits && (len == 0 || st_append(text, ST_PATH, &len, ",", 1)) &&
               st_append(text, ST_PATH, &len, p, st_len(p));
    if (label && st_find(label, '='))
        fits = fits && (len == 0 || st_append(text, ST_PATH, &len, ",", 1)) &&
               st_append(text, ST_PATH, &len, label, st_len(label));
    s->a = -1;
    if (!fits)
        return st_fail(s, VL_D_FS_OPTION, -E2BIG);
    unsigned long ms = ((unsigned long)op->n[2] & MS_SB) | st_ms_flags(attrs);
    int r = st_mount_fd(s, st_str(s, op, 1), target, st_str(s, op, 0), ms, len > 0 ? text : NULL);
    if (r < 0)
        return st_fail(s, VL_D_FS_CREATE, r);
    int tree = st_resolve(s->root, s->feat, st_str(s, op, 2), 0, NULL);
    if (tree < 0)
        return st_fail(s, VL_D_TARGET_OPEN, tree);
    if ((r = sys_fstat(tree, &stx)) < 0 ||
        ((stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) && !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))) {
        (void)sys_close(tree);
        return st_fail(s, VL_D_TARGET_OPEN, r < 0 ? r : -EXDEV); /* somebody moved the target meanwhile */
    }
    if ((r = st_added(s, tree)) < 0) {
        (void)sys_close(tree);
        return r;
    }
    return tree;
}

/* -- MOUNT ---------------------------------------------------------------------------------------------- */

/* "/", "//", "/./": ".." at the root is the root as well. "/..." is a name like any other. */
static int is_root_path(const char *path)
{
    for (;;) {
        while (*path == '/')
            path++;
        size_t n = 0;
        while (path[n] != '/' && path[n] != '\0')
            n++;
        if (n == 0)
            return 1;
        if (path[0] != '.' || n > 2 || (n == 2 && path[1] != '.'))
            return 0;
        path += n;
    }
}

static int copy_up(struct stage *s, int target, int tree)
{
    int from = sys_openat(target, ".", O_RDONLY | O_DIRECTORY, 0);
    int to = from < 0 ? from : sys_openat(tree, ".", O_RDONLY | O_DIRECTORY, 0);
    int r = to < 0 ? to : st_copy_up(from, to);
    st_close(&from);
    st_close(&to);
    return r < 0 ? st_fail(s, VL_D_COPYUP, r) : 0;
}

/* Everything that happens to the mount of one operation once its target is open. */
static int mount_on(struct stage *s, const struct vl_wire_op *op, int target, int created, struct st_attrs *attrs)
{
    unsigned flags = (unsigned)op->n[4];
    uint64_t set = attrs->set & ~attrs->rclr;
    int attached = needs_mount2(s, op), fallback = 0, r = 0;

    set |= attrs->rset; /* one mount: what holds for its tree holds for it */
    int tree = attached ? make_attached(s, op, set, target)
                        : make(s, op, set, (flags & VL_MNT_INHERIT_MODE) && !created ? target : -1);
    if ((tree == -EPERM || tree == -EBUSY) && (flags & VL_MNT_BIND_FALLBACK)) {
        st_warn(s, tree, (enum vl_detail)s->detail, 0);
        tree = bind_instead(s, op, attrs);
        fallback = 1;
    }
    if (tree < 0)
        return tree;
    if (!fallback)
        attrs->set = attrs->clr = attrs->rset = attrs->rclr = 0; /* done */
    if (flags & VL_MNT_TMPCOPYUP) /* the target's descriptor still means what is covered */
        r = copy_up(s, target, tree);
    if (r == 0 && st_str(s, op, 4) && !st_find(st_str(s, op, 4), '='))
        r = st_label_fd(s, tree, st_str(s, op, 4));
    if (r == 0)
        r = attached ? st_tree_attrs(s, tree, attrs, 0) : st_attach(s, tree, target, attrs);
    if (r == 0 && attached)
        r = st_tree_attrs(s, tree, attrs, 1);
    if (r < 0) {
        (void)sys_close(tree);
        return r;
    }
    if (is_root_path(st_str(s, op, 2))) { /* what lies on top of the root is the root */
        st_close(&s->root);
        s->root = sys_openat(tree, ".", O_PATH | O_DIRECTORY, 0);
    }
    if (flags & VL_MNT_KEEP_PROC) {
        st_close(&s->own_proc);
        s->own_proc = sys_openat(tree, ".", O_PATH | O_DIRECTORY, 0);
    }
    if (flags & VL_MNT_LATE_RO)
        return st_late_ro_take(s, tree);
    (void)sys_close(tree);
    return 0;
}

int step_mount(struct stage *s, const struct vl_wire_op *op)
{
    unsigned flags = (unsigned)op->n[4];
    struct st_attrs attrs = {.set = (uint64_t)op->n[0],
                             .clr = (uint64_t)op->n[1],
                             .prop = (uint64_t)op->n[3],
                             .rset = (uint64_t)op->n[5],
                             .rclr = (uint64_t)op->n[6],
                             .idmap = st_fd(s, op, 0),
                             .idmap_rec = (flags & VL_MNT_IDMAP_RECURSIVE) != 0};
    int created = 0;

    if (flags & VL_MNT_LATE_RO) {
        attrs.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        attrs.rset &= ~(uint64_t)MOUNT_ATTR_RDONLY;
    }
    st_parent_forget(s);
    if (op->fd[0] >= 0 && attrs.idmap < 0) /* never a mount without the mapping that was asked for */
        return st_fail(s, VL_D_IDMAP, -EBADF);
    int target = st_target(s, st_str(s, op, 2), flags, 0, &created);
    if (target < 0)
        return target;
    int r = mount_on(s, op, target, created, &attrs);
    (void)sys_close(target);
    return r;
}

/* -- REMOUNT --------------------------------------------------------------------------------------------- */

static int reconfigure(struct stage *s, const struct vl_wire_op *op, int target)
{
    int fs = sys_fspick(target);
    if (fs < 0)
        return st_fail(s, VL_D_FSOPEN, fs);
    int r = set_sb_flags(s, fs, (uint64_t)op->n[2]);
    if (r == 0)
        r = set_options(s, fs, op, 1);
    if (r == 0 && (r = sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL)) < 0)
        r = st_fail(s, VL_D_FS_CREATE, r);
    (void)sys_close(fs);
    return r;
}

int step_remount(struct stage *s, const struct vl_wire_op *op)
{
    struct st_attrs attrs = {.set = (uint64_t)op->n[0],
                             .clr = (uint64_t)op->n[1],
                             .rset = (uint64_t)op->n[3],
                             .rclr = (uint64_t)op->n[4],
                             .prop = (uint64_t)op->n[5],
                             .idmap = -1};
    int target = st_resolve(s->root, s->feat, st_str(s, op, 0), 0, NULL);
    int r = 0;

    if (target < 0)
        return st_fail(s, VL_D_TARGET_OPEN, target);
    if (op->n[2] != 0 || op->s[1].len > 0)
        r = reconfigure(s, op, target);
    for (int attached = 0; attached < 2 && r == 0; attached++)
        r = st_tree_attrs(s, target, &attrs, attached);
    (void)sys_close(target);
    return r;
}
