/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/pidfd_socket.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "sys/scm.h"
#include "sys/sockets.h"

enum { RECEIVER_TIMEOUT_S = 10 };

int vl_pidfd_socket_connect(const char *path, struct vl_error **err)
{
    int fd = vl_unix_connect(path, SOCK_STREAM);
    if (fd < 0)
        return vl_err_sys(err, fd, "connect to the pidfd socket `%s`", path);
    struct timeval limit = {.tv_sec = RECEIVER_TIMEOUT_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return fd;
}

int vl_pidfd_socket_send(int sock, int pidfd, const char *word, struct vl_error **err)
{
    int r = vl_scm_send(sock, word, strlen(word), &pidfd, 1);
    return r < 0 ? vl_err_sys(err, r, "send the pidfd to its socket") : 0;
}
