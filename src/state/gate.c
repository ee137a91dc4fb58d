/* SPDX-License-Identifier: Apache-2.0 */
/* The start gate's socket. */
#include "state/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sys/scm.h"
#include "sys/sockets.h"

int vl_gate_listen(const struct vl_ctr *c, struct vl_error **err)
{
    int fd = vl_unix_listen_at(c->dir_fd, VL_CTR_GATE, SOCK_SEQPACKET, 0600, 4);
    return fd >= 0 ? fd : vl_err_sys(err, fd, "make the start gate `%s/%s`", c->path, VL_CTR_GATE);
}

int vl_gate_connect(const struct vl_ctr *c, struct vl_error **err)
{
    int fd = vl_unix_connect_at(c->dir_fd, VL_CTR_GATE, SOCK_SEQPACKET);
    if (fd == -ENOENT || fd == -ECONNREFUSED)
        return vl_err_state(err, "container `%s` is not waiting to be started", c->id);
    return fd >= 0 ? fd
                   : vl_err_sys(err, fd, "connect to the start gate `%s/%s`", c->path, VL_CTR_GATE);
}

int vl_gate_send(int sock, enum vl_msg_type type, struct vl_error **err)
{
    struct vl_msg m = {.type = (uint16_t)type, .version = VL_MSG_VERSION, .op = VL_NOREF};
    int r = vl_scm_send(sock, &m, sizeof(m), NULL, 0);
    return r == 0 ? 0 : vl_err_sys(err, r, "send to the start gate");
}

bool vl_gate_exists(const struct vl_ctr *c)
{
    return faccessat(c->dir_fd, VL_CTR_GATE, F_OK, 0) == 0;
}

int vl_gate_remove(const struct vl_ctr *c, struct vl_error **err)
{
    if (unlinkat(c->dir_fd, VL_CTR_GATE, 0) == 0 || errno == ENOENT)
        return 0;
    return vl_err_sys(err, errno, "remove the start gate `%s/%s`", c->path, VL_CTR_GATE);
}
