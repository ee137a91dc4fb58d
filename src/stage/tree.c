/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount trees as descriptors: clone, attributes, attach. Attributes are set while the tree is still detached, so
 * that a mount never appears without them. Kernels before 5.12 have no mount_setattr: there they are set right after
 * the mount was attached, with mount(2) on the mount's own descriptor; nothing of the container runs yet.
 */
#include "stage/stage.h"

#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x00000070
#endif
#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

int st_clone_tree(struct stage *s, int fd, int rec)
{
    unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | (rec ? AT_RECURSIVE : 0);
    int tree = sys_open_tree(fd, "", flags);
    return tree < 0 ? st_fail(s, VL_D_CLONE_TREE, tree) : tree;
}

int st_source_absent(const struct stage *s, int index)
{
    const struct vl_wire_desc *d = &s->v.desc[index];
    return d->acquire == VL_ACQ_INHERITED ? (d->dev | d->ino) == 0 : s->fd[index] < 0;
}

/* The same path again, in the tree this process inherited; it must still be what veloci has seen there. */
static int open_inherited(struct stage *s, int index)
{
    const struct vl_wire_desc *d = &s->v.desc[index];
    int fd = sys_openat(AT_FDCWD, vl_wire_str(&s->v, d->path), O_PATH | (d->flags & VL_DESC_NOFOLLOW ? O_NOFOLLOW : 0), 0);

    if (fd < 0)
        return st_fail(s, VL_D_SOURCE_OPEN, fd);
    s->fd[index] = fd;
    int r = st_check_desc(s, (uint32_t)index);
    int tree = r < 0 ? r : st_clone_tree(s, fd, (d->flags & VL_DESC_RECURSIVE) != 0);
    s->fd[index] = -1;
    (void)sys_close(fd);
    return tree;
}

int st_take_tree(struct stage *s, int index, int rec)
{
    int fd = s->fd[index];
    unsigned acquire = s->v.desc[index].acquire;

    if (acquire == VL_ACQ_INHERITED && !s->entered)
        return open_inherited(s, index);
    if (fd < 0)
        return st_fail(s, VL_D_CLONE_TREE, -EBADF);
    if (acquire != VL_ACQ_TREE && acquire != VL_ACQ_LATE_TREE && !s->entered) /* ENTER has cloned them all */
        return st_clone_tree(s, fd, rec);
    s->fd[index] = -1;
    return fd;
}

int st_target(struct stage *s, const char *path, unsigned flags, int file, int *created)
{
    int made = 0;
    struct statx stx;
    unsigned how = (file ? ST_R_FILE : ST_R_DIR) | (flags & VL_MNT_DEST_NOFOLLOW ? ST_R_NOFOLLOW : 0) |
                   (flags & VL_MNT_REAL_DIR ? ST_R_NO_SYMLINKS : 0);
    int fd = st_resolve(s->root, s->feat, path, how, &made);

    if (fd < 0) {
        if ((flags & VL_MNT_REAL_DIR) && (fd == -ELOOP || fd == -ENOTDIR))
            return st_fail(s, VL_D_TARGET_SYMLINK, fd);
        return st_fail(s, VL_D_TARGET_OPEN, fd);
    }
    int r = sys_fstat(fd, &stx);
    if (r == 0 && st_is_type(&stx, S_IFDIR) == !!file) {
        s->a = stx.stx_mode;
        r = st_fail(s, flags & VL_MNT_REAL_DIR ? VL_D_TARGET_SYMLINK : VL_D_TARGET_TYPE, file ? -EISDIR : -ENOTDIR);
    }
    if (r < 0) {
        (void)sys_close(fd);
        return r;
    }
    if (created)
        *created = made;
    return fd;
}

/* The access time is one choice of several: who sets one clears the others (mount_setattr(2)). */
static uint64_t with_atime(uint64_t set, uint64_t clr)
{
    return (set | clr) & MOUNT_ATTR__ATIME ? clr | MOUNT_ATTR__ATIME : clr;
}

static int setattr(struct stage *s, int tree, int rec, struct st_mount_attr *a, int idmap)
{
    enum vl_detail detail = idmap >= 0                 ? VL_D_IDMAP
                            : a->attr_set | a->attr_clr ? VL_D_SETATTR
                                                        : VL_D_PROPAGATION;
    a->attr_clr = with_atime(a->attr_set, a->attr_clr);
    if (idmap >= 0) {
        a->attr_set |= MOUNT_ATTR_IDMAP;
        a->userns_fd = (uint64_t)idmap;
    }
    if ((a->attr_set | a->attr_clr | a->propagation) == 0)
        return 0;
    int r = sys_mount_setattr(tree, rec ? AT_RECURSIVE : 0, a);
    return r < 0 ? st_fail(s, detail, r) : 0;
}

unsigned long st_ms_flags(uint64_t attrs)
{
    unsigned long ms = 0;
    ms |= attrs & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0;
    ms |= attrs & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0;
    ms |= attrs & MOUNT_ATTR_NODEV ? MS_NODEV : 0;
    ms |= attrs & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0;
    ms |= attrs & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0;
    ms |= attrs & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0;
    switch (attrs & MOUNT_ATTR__ATIME) {
    case MOUNT_ATTR_NOATIME:
        return ms | MS_NOATIME;
    case MOUNT_ATTR_STRICTATIME:
        return ms | MS_STRICTATIME;
    default:
        return ms | MS_RELATIME;
    }
}

/* MOUNT_ATTR_* that a mount has, as statfs(2) tells them. */
static uint64_t attrs_now(long f)
{
    uint64_t a = 0;
    a |= f & ST_F_RDONLY ? MOUNT_ATTR_RDONLY : 0;
    a |= f & ST_F_NOSUID ? MOUNT_ATTR_NOSUID : 0;
    a |= f & ST_F_NODEV ? MOUNT_ATTR_NODEV : 0;
    a |= f & ST_F_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
    a |= f & ST_F_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0;
    a |= f & ST_F_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0;
    if (f & ST_F_NOATIME)
        return a | MOUNT_ATTR_NOATIME;
    return f & ST_F_RELATIME ? a : a | MOUNT_ATTR_STRICTATIME;
}

int st_mount_fd(struct stage *s, const char *source, int fd, const char *type, unsigned long flags, const void *data)
{
    char path[48] = "self/fd/";
    st_dec(path + 8, (uint64_t)fd);
    int proc = st_proc(s);
    if (proc < 0)
        return proc;
    /* mount(2) takes paths only; the working directory makes this one start at the procfs that we trust */
    int back = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (back < 0)
        return back;
    int r = sys_fchdir(proc);
    if (r == 0)
        r = sys_mount(source, path, type, flags, data);
    (void)sys_fchdir(back);
    (void)sys_close(back);
    return r;
}

/* What mount_setattr does, on an attached mount of an old kernel. Flags the mount has and nobody asked to clear stay:
 * in a user namespace they are locked. */
static int attrs_by_mount(struct stage *s, int tree, const struct st_attrs *attrs)
{
    if (attrs->rset | attrs->rclr)
        return st_fail(s, VL_D_SETATTR, -ENOSYS);
    if (attrs->idmap >= 0)
        return st_fail(s, VL_D_IDMAP, -ENOSYS);
    if (attrs->prop != 0) {
        int r = st_mount_fd(s, NULL, tree, NULL, (unsigned long)attrs->prop, NULL);
        if (r < 0)
            return st_fail(s, VL_D_PROPAGATION, r);
    }
    if ((attrs->set | attrs->clr) == 0)
        return 0;
    struct statfs sfs;
    int r = sys_fstatfs(tree, &sfs);
    if (r < 0)
        return st_fail(s, VL_D_SETATTR, r);
    uint64_t want = (attrs_now(sfs.f_flags) & ~with_atime(attrs->set, attrs->clr)) | attrs->set;
    r = st_mount_fd(s, NULL, tree, NULL, MS_REMOUNT | MS_BIND | st_ms_flags(want), NULL);
    return r < 0 ? st_fail(s, VL_D_SETATTR, r) : 0;
}

int st_tree_attrs(struct stage *s, int tree, const struct st_attrs *attrs, int attached)
{
    if (!(s->feat & VL_FEAT_MOUNT_SETATTR))
        return attached ? attrs_by_mount(s, tree, attrs) : 0;
    if (attached)
        return 0;

    int prop_rec = (attrs->prop & MS_REC) != 0;
    uint64_t prop = attrs->prop & PROPAGATION;
    struct st_mount_attr top = {.attr_set = attrs->set, .attr_clr = attrs->clr, .propagation = prop_rec ? 0 : prop};
    struct st_mount_attr all = {.attr_set = attrs->rset, .attr_clr = attrs->rclr, .propagation = prop_rec ? prop : 0};
    int r = setattr(s, tree, 0, &top, attrs->idmap_rec ? -1 : attrs->idmap);
    if (r == 0)
        r = setattr(s, tree, 1, &all, attrs->idmap_rec ? attrs->idmap : -1);
    return r;
}

int st_attach(struct stage *s, int tree, int target, const struct st_attrs *attrs)
{
    int r = st_tree_attrs(s, tree, attrs, 0);
    if (r < 0)
        return r;
    if ((r = sys_move_mount(tree, target)) < 0)
        return st_fail(s, VL_D_ATTACH, r);
    r = st_added(s, tree);
    return r < 0 ? r : st_tree_attrs(s, tree, attrs, 1);
}

int st_late_ro_take(struct stage *s, int tree)
{
    if (s->n_late_ro >= ST_LATE_RO_MAX) {
        (void)sys_close(tree);
        return st_fail(s, VL_D_SETATTR, -ENFILE);
    }
    s->late_ro[s->n_late_ro].fd = tree;
    s->late_ro[s->n_late_ro++].op = s->at;
    return 0;
}

int st_late_ro_apply(struct stage *s)
{
    struct st_attrs attrs = {.set = MOUNT_ATTR_RDONLY, .idmap = -1};
    int on = !(s->feat & VL_FEAT_MOUNT_SETATTR);

    while (s->n_late_ro > 0) {
        int tree = s->late_ro[--s->n_late_ro].fd;
        int r = st_tree_attrs(s, tree, &attrs, on);
        (void)sys_close(tree);
        if (r < 0) {
            s->at = s->late_ro[s->n_late_ro].op; /* an error is that mount's */
            return r;
        }
    }
    return 0;
}

int st_label_fd(struct stage *s, int fd, const char *label)
{
    char path[48] = "self/fd/";
    st_dec(path + 8, (uint64_t)fd);
    int proc = st_proc(s);
    if (proc < 0)
        return st_fail(s, VL_D_OPEN_PROC, proc);
    int back = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (back < 0)
        return st_fail(s, VL_D_WRITE, back);
    int r = sys_fchdir(proc);
    if (r == 0)
        r = (int)SYS5(__NR_setxattr, path, "security.selinux", label, st_len(label) + 1, 0);
    (void)sys_fchdir(back);
    (void)sys_close(back);
    return r < 0 ? st_fail(s, VL_D_WRITE, r) : 0;
}
