/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal. Its pair is opened in the container's own devpts, after proving that it is one; the
 * other end comes from the kernel by TIOCGPTPEER, never by the name /dev/pts/N, which the image may have turned
 * into a link (CVE-2025-52565). The master goes to veloci as a descriptor.
 */
#include "stage/stage.h"

#define PTMX_MAJOR 5
#define PTMX_MINOR 2

struct winsize_rc {
    uint16_t rows, cols, xpixel, ypixel;
};

static int open_ptmx(struct stage *s)
{
    const char *name;
    struct statfs sfs;
    struct statx stx;

    int dir = st_resolve_parent(s->root, s->feat, "dev/pts/ptmx", &name);
    if (dir < 0)
        return dir;
    int r = sys_fstatfs(dir, &sfs);
    if (r == 0 && sfs.f_type != ST_DEVPTS_MAGIC)
        r = -ENODEV;
    int fd = r < 0 ? r : sys_openat(dir, name, O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
    (void)sys_close(dir);
    if (fd < 0)
        return fd;
    r = sys_fstatfs(fd, &sfs);
    if (r == 0)
        r = sys_fstat(fd, &stx);
    if (r == 0 && (sfs.f_type != ST_DEVPTS_MAGIC || !st_is_type(&stx, S_IFCHR) || stx.stx_rdev_major != PTMX_MAJOR ||
                   stx.stx_rdev_minor != PTMX_MINOR))
        r = -ENODEV;
    if (r == 0)
        return fd;
    (void)sys_close(fd);
    return r;
}

static int open_pair(struct stage *s, const struct vl_wire_op *op, int *ret_master, unsigned *number)
{
    uint32_t ids[2];
    int zero = 0, r = st_ids(s, op->n[2], 0, ids);
    int master = r < 0 ? r : open_ptmx(s);

    if (master < 0)
        return st_fail(s, VL_D_PTMX, master);
    if ((r = sys_ioctl(master, TIOCSPTLCK, &zero)) == 0 && (r = sys_ioctl(master, TIOCGPTN, number)) == 0) {
        /* the argument of TIOCGPTPEER is not an address but open flags */
        r = (int)SYS3(__NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    if (r < 0) {
        (void)sys_close(master);
        return st_fail(s, VL_D_PTMX, r);
    }
    s->slave = r;
    *ret_master = master;
    if (op->n[3] & VL_CON_HAS_SIZE) {
        struct winsize_rc size = {.rows = (uint16_t)op->n[0], .cols = (uint16_t)op->n[1]};
        (void)sys_ioctl(s->slave, TIOCSWINSZ, &size);
    }
    /* an id that the user namespace does not map cannot own anything; the terminal works nevertheless */
    r = sys_fchown(s->slave, ids[0], (uint32_t)-1);
    return r < 0 && r != -EINVAL && r != -EPERM ? st_fail(s, VL_D_CHOWN, r) : 0;
}

/* /dev/console is the terminal itself, bound by its descriptor. */
static int bind_console(struct stage *s)
{
    struct st_attrs attrs = {.prop = MS_PRIVATE, .idmap = -1};
    const char *name;
    int dir = st_resolve_parent(s->root, s->feat, "dev/console", &name);
    if (dir < 0)
        return st_fail(s, VL_D_PTY_BIND, dir);
    int r = sys_mknodat(dir, name, S_IFREG | 0620, 0);
    int target = r < 0 && r != -EEXIST ? r : sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
    (void)sys_close(dir);
    if (target < 0)
        return st_fail(s, VL_D_PTY_BIND, target);
    struct statx stx;
    r = sys_fstat(target, &stx);
    if (r == 0 && st_is_type(&stx, S_IFLNK))
        r = st_fail(s, VL_D_PTY_BIND, -ELOOP);
    int tree = r < 0 ? r : st_clone_tree(s, s->slave, 0);
    r = tree < 0 ? tree : st_attach(s, tree, target, &attrs);
    st_close(&tree);
    (void)sys_close(target);
    return r;
}

int step_console(struct stage *s, const struct vl_wire_op *op)
{
    int master = -1;
    unsigned number = 0;

    if (s->root < 0 && (s->root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0)) < 0)
        return st_fail(s, VL_D_PTMX, s->root); /* a process that joins: "/" is the container's root already */
    int r = open_pair(s, op, &master, &number);
    if (r == 0 && !(op->n[3] & VL_CON_NO_BIND))
        r = bind_console(s);
    if (r == 0 && (r = st_send(s, VL_MSG_CONSOLE, number, 0, master)) < 0)
        r = st_fail(s, VL_D_PROTOCOL, r);
    st_close(&master);
    return r;
}

int st_console_stdio(struct stage *s)
{
    int r;
    for (int fd = 0; fd <= 2; fd++)
        if ((r = sys_dup2(s->slave, fd)) < 0)
            return st_fail(s, VL_D_STDIO, r);
    st_close(&s->slave);
    s->terminal = 1;
    return 0;
}

int step_setsid(struct stage *s, const struct vl_wire_op *op)
{
    (void)op;
    int r = (int)SYS0(__NR_setsid);
    if (r < 0 && r != -EPERM) /* EPERM: it leads its session already */
        return r;
    if (s->slave < 0 && !s->terminal)
        return 0;
    if ((r = sys_ioctl(s->terminal ? 0 : s->slave, TIOCSCTTY, NULL)) < 0)
        return st_fail(s, VL_D_CTTY, r);
    return s->terminal ? 0 : st_console_stdio(s);
}
