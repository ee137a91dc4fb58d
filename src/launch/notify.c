/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a seccomp listener to its agent: the container process state of
 * config-linux.md#containerprocessstate, in one message, with the descriptor.
 */
#include "launch/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "spec/spec.h"
#include "sys/scm.h"
#include "sys/sockets.h"

enum { AGENT_TIMEOUT_S = 10 };

/* The state is a finished object; the document around it is written by the JSON writer, then joined. */
static char *process_state(const char *metadata, pid_t pid, const char *state)
{
    struct vl_json *j = vl_json_new(NULL);
    size_t len;

    vl_json_obj(j);
    vl_json_kv_str(j, "ociVersion", VL_OCI_VERSION);
    vl_json_key(j, "fds");
    vl_json_arr(j);
    vl_json_str(j, "seccompFd");
    vl_json_end_arr(j);
    vl_json_kv_int(j, "pid", pid);
    if (metadata != NULL)
        vl_json_kv_str(j, "metadata", metadata);
    vl_json_end_obj(j);
    cleanup_free char *head = vl_json_take(j, &len);
    return vl_asprintf("%.*s,\"state\":%s}", (int)len - 1, head, state);
}

int vl_notify_send(int listener_fd, const char *path, const char *metadata, pid_t pid, const char *state_json_object,
                   struct vl_error **err)
{
    if (path[0] != '/')
        return vl_err_config(err, "linux.seccomp.listenerPath", "seccomp listener `%s`: is not an absolute path", path);
    cleanup_fd int sock = vl_unix_connect(path, SOCK_STREAM);
    if (sock < 0)
        return vl_err_sys(err, sock, "connect to the seccomp listener at `%s`", path);
    struct timeval limit = {.tv_sec = AGENT_TIMEOUT_S};
    (void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    cleanup_free char *text = process_state(metadata, pid, state_json_object);
    int r = vl_scm_send(sock, text, strlen(text), &listener_fd, 1);
    return r < 0 ? vl_err_sys(err, r, "send the seccomp listener to `%s`", path) : 0;
}
