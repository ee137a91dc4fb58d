/* SPDX-License-Identifier: Apache-2.0 */
/* launch/notify: what an agent gets. launch/sdnotify: what a container may tell the service manager. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "launch/notify.h"
#include "launch/sdnotify.h"
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

#define PASSES(msg, want, want_ready)                                                              \
    do {                                                                                           \
        bool ready_ = !(want_ready);                                                               \
        cleanup_free char *got_ = vl_sdnotify_filter(msg, sizeof(msg) - 1, &ready_);               \
        is_str(got_, want, #msg);                                                                  \
        is_int(ready_, want_ready, "ready or not");                                                \
    } while (0)

static void test_filter(void)
{
    PASSES("", "", false);
    PASSES("\n\n", "", false);
    PASSES("READY=1", "READY=1\n", true);
    PASSES("READY=1\n", "READY=1\n", true);
    PASSES("READY=0\nREADY=\nREADY=1 \n READY=1\nready=1", "", false);
    PASSES("STATUS=a\nREADY=1\nMAINPID=1\nSTOPPING=1", "STATUS=a\nREADY=1\nSTOPPING=1\n", true);
    PASSES("MAINPID=1\nMAINPIDFDID=2\nBARRIER=1\nFDSTORE=1\nFDNAME=x\nNOTIFYACCESS=all\nERRNO=1\nBUSERROR=x", "",
           false);
    PASSES("EXTEND_TIMEOUT_USEC=1\nWATCHDOG_USEC=1\nWATCHDOG=trigger\nWATCHDOG=1", "WATCHDOG=1\n", false);
    PASSES("RELOADING=1\nMONOTONIC_USEC=18446744073709551615", "RELOADING=1\nMONOTONIC_USEC=18446744073709551615\n",
           false);
    PASSES("MONOTONIC_USEC=\nMONOTONIC_USEC=1x\nMONOTONIC_USEC=123456789012345678901", "", false);
    PASSES("STATUS=", "STATUS=\n", false);
    PASSES("READY=1\0\nSTATUS=a\0b\x1b[m\x7f\r", "STATUS=a?b?[m??\n", false);
    PASSES("STATUS=\xc3\xa4", "STATUS=\xc3\xa4\n", false);
}

/* A status is cut at 512 bytes, or before the character that would be cut in two. */
static void test_long_status(void)
{
    char msg[1024] = "STATUS=";
    bool ready;
    memset(msg + 7, 'x', 600);
    cleanup_free char *plain = vl_sdnotify_filter(msg, 7 + 600, &ready);
    is_int((int)strlen(plain), 7 + 512 + 1, "512 bytes");
    memcpy(msg + 7 + 510, "\xe2\x82\xac", 3);
    cleanup_free char *whole = vl_sdnotify_filter(msg, 7 + 600, &ready);
    is_int((int)strlen(whole), 7 + 510 + 1, "whole characters");
    cleanup_free char *exact = vl_sdnotify_filter(msg, 7 + 512, &ready);
    is_int((int)strlen(exact), 7 + 512 + 1, "nothing is cut that fits");
}

static void test_wanted(void)
{
    setenv("NOTIFY_SOCKET", "/run/x", 1);
    is_str(vl_sdnotify_wanted(), "/run/x", "a path");
    setenv("NOTIFY_SOCKET", "@x", 1);
    is_str(vl_sdnotify_wanted(), "@x", "an abstract address");
    setenv("NOTIFY_SOCKET", "", 1);
    ok(vl_sdnotify_wanted() == NULL, "an empty variable is an unset one");
    setenv("NOTIFY_SOCKET", "vsock:2:9999", 1);
    ok(vl_sdnotify_wanted() == NULL, "another family");
    unsetenv("NOTIFY_SOCKET");
    ok(vl_sdnotify_wanted() == NULL, "none");
}

int main(void)
{
    test_filter();
    test_long_status();
    test_wanted();
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
