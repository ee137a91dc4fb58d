/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor table: every descriptor is looked at before it is used; it must be the object the plan names. */
#include "stage/stage.h"

#define NSFS_MAGIC_ 0x6e736673

static int kind_ok(int fd, unsigned kind, const struct statx *stx)
{
    struct statfs sfs;

    switch ((enum vl_kind)kind) {
    case VL_KIND_DIR:
        return st_is_type(stx, S_IFDIR);
    case VL_KIND_FILE:
        return st_is_type(stx, S_IFREG);
    case VL_KIND_CHAR:
        return st_is_type(stx, S_IFCHR);
    case VL_KIND_BLOCK:
        return st_is_type(stx, S_IFBLK);
    case VL_KIND_SOCKET:
        return st_is_type(stx, S_IFSOCK);
    case VL_KIND_NSFS:
        return sys_fstatfs(fd, &sfs) == 0 && sfs.f_type == NSFS_MAGIC_;
    case VL_KIND_ANY:
    case VL_KIND_MAX:
        break;
    }
    return 1;
}

int st_check_desc(struct stage *s, uint32_t index)
{
    const struct vl_wire_desc *d = &s->v.desc[index];
    struct statx stx;
    int r = sys_fstat(s->fd[index], &stx);

    if (r == 0 && !kind_ok(s->fd[index], d->kind, &stx))
        r = -ENXIO;
    if (r == 0 && (d->dev | d->ino) != 0 &&
        (d->ino != stx.stx_ino || d->dev != st_makedev(stx.stx_dev_major, stx.stx_dev_minor)))
        r = -ESTALE;
    s->a = index;
    return r < 0 ? st_fail(s, VL_D_DESC_IDENTITY, r) : 0;
}
