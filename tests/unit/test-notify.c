/* SPDX-License-Identifier: Apache-2.0 */
/* launch/notify: what an agent gets. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "launch/notify.h"
#include "sys/scm.h"
#include "sys/sockets.h"
#include "tap.h"

static char dir[] = "/tmp/vl-notify-XXXXXX";

static void test_message(int listener, const char *path, const char *metadata, const char *want)
{
    struct vl_error *err = NULL;
    struct vl_scm_msg m;
    char buf[4096] = "";
    int pipefd[2];
    if (pipe2(pipefd, O_CLOEXEC) < 0)
        return;
    is_int(vl_notify_send(pipefd[1], path, metadata, 4711, "{\"id\":\"x\",\"status\":\"creating\"}",
                          &err),
           0, "sent");
    vl_error_free(err);
    cleanup_fd int sock = vl_unix_accept(listener);
    int r = vl_scm_recv(sock, buf, sizeof(buf) - 1, 4, &m);
    ok(r == 0 && m.n_fds == 1, "one message with one descriptor");
    is_str(buf, want, "the container process state");
    char c = 0;
    ok(write(m.fds[0], "!", 1) == 1 && read(pipefd[0], &c, 1) == 1 && c == '!',
       "the descriptor is the one");
    vl_scm_close(&m);
    is_int(vl_scm_recv(sock, buf, sizeof(buf), 4, &m) == 0 ? (int)m.len : -1, 0, "nothing follows");
    close(pipefd[0]);
    close(pipefd[1]);
}

static void test_failures(const char *nobody)
{
    struct vl_error *err = NULL;
    ok(vl_notify_send(0, nobody, NULL, 1, "{}", &err) < 0 && err->kind == VL_ERR_SYSTEM &&
           vl_error_errno(err) == ENOENT,
       "nobody listens: an error");
    vl_error_free(err);
    err = NULL;
    ok(vl_notify_send(0, "agent", NULL, 1, "{}", &err) < 0 && err->kind == VL_ERR_CONFIG,
       "a relative path: an error of the configuration");
    vl_error_free(err);
}

int main(void)
{
    if (mkdtemp(dir) == NULL)
        skip_all("no directory: %s", strerror(errno));
    cleanup_fd int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd int listener = vl_unix_listen_at(at, "agent", SOCK_STREAM, 0600, 4);
    cleanup_free char *path = vl_path_join(dir, "agent"), *nobody = vl_path_join(dir, "nobody");
    test_message(listener, path, NULL,
                 "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,"
                 "\"state\":{\"id\":\"x\",\"status\":\"creating\"}}");
    test_message(listener, path, "a \"b\"",
                 "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,\"metadata\":\"a "
                 "\\\"b\\\"\","
                 "\"state\":{\"id\":\"x\",\"status\":\"creating\"}}");
    test_failures(nobody);
    unlinkat(at, "agent", 0);
    rmdir(dir);
    return done_testing();
}
