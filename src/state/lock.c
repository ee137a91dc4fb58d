/* SPDX-License-Identifier: Apache-2.0 */
#include "state/dir.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

void vl_ctr_unlock(struct vl_ctr *c)
{
    (void)flock(c->dir_fd, LOCK_UN);
    c->locked = false;
}

int vl_ctr_relock(struct vl_ctr *c, struct vl_error **err)
{
    struct stat st;
    int r;

    do
        r = flock(c->dir_fd, LOCK_EX);
    while (r < 0 && errno == EINTR);
    if (r < 0 || fstat(c->dir_fd, &st) < 0)
        return vl_err_sys(err, errno, "lock container %s", c->id);
    c->locked = true;
    if (st.st_nlink == 0)
        return vl_err_state(err, "container \"%s\" does not exist", c->id);
    return 0;
}
