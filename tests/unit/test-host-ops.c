/* SPDX-License-Identifier: Apache-2.0 */
/* launch/host_ops: limits of a new process that does not wait for them. */
#include "tap.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include "base/mem.h"
#include "launch/host_ops.h"

/* Without the right to reach into another user's process, whatever the tests run as. */
static bool drop_sys_resource(void)
{
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2];
    if (syscall(SYS_capget, &h, d) < 0)
        return false;
    d[0].effective &= ~(1u << CAP_SYS_RESOURCE);
    d[0].permitted &= ~(1u << CAP_SYS_RESOURCE);
    return syscall(SYS_capset, &h, d) == 0;
}

static int adjust(pid_t pid, rlim_t hard, char text[256])
{
    cleanup(plan) struct vl_plan *plan = vl_alloc(sizeof(*plan));
    struct vl_error *err = NULL;
    struct vl_op *op = vl_plan_op(plan, VL_OP_LIMIT_RAISE, "process.rlimits[0]");
    op->n[0] = RLIMIT_NOFILE;
    op->n[1] = (int64_t)hard;
    int r = vl_host_adjust(plan, pid, &err);
    cleanup_free char *words = err != NULL ? vl_error_text(err) : NULL;
    snprintf(text, 256, "%s", words != NULL ? words : "");
    vl_error_free(err);
    return r;
}

int main(void)
{
    struct rlimit own;
    char text[256];
    int gone[2];

    if (geteuid() != 0)
        skip_all("needs root: a process of another user");
    if (!drop_sys_resource() || getrlimit(RLIMIT_NOFILE, &own) < 0 || pipe(gone) < 0)
        skip_all("capabilities cannot be changed");
    pid_t pid = fork();
    if (pid == 0) {
        (void)!setresuid(65534, 65534, 65534);
        (void)!write(gone[1], "x", 1);
        pause();
        _exit(0);
    }
    char c;
    is_int(read(gone[0], &c, 1), 1, "a process that has become another user already");
    is_int(adjust(pid, own.rlim_max, text), 0, "a limit that it has is not looked at in there");
    is_str(text, "", "no error");
    if (own.rlim_max == RLIM_INFINITY) {
        skip("nothing is higher than this limit");
    } else {
        ok(adjust(pid, own.rlim_max + 1, text) < 0 && strstr(text, "RLIMIT_NOFILE") != NULL,
           "a higher one is an error that names it: %s", text);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return done_testing();
}
