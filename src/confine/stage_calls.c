/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that veloci-stage makes under a container's filter. */
#include "confine/stage_calls.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include "confine/bpf_sim.h"
#include "confine/seccomp_int.h"

/* clang-format off */
#define NEEDS(call, where, ...) {#call, SYS_##call, (where), .optional = false, .args = {__VA_ARGS__}}
#define TRIES(call, where) {#call, SYS_##call, (where), .optional = true, .args = {0}}

/* In the order of the steps. What is only made after something else has failed is not in the list. */
static const struct vl_stage_call calls[] = {
    NEEDS(sendmsg, VL_PART_SENT),
    NEEDS(read, VL_PART_HELD),
    TRIES(close, VL_PART_CREDS),
    /* credentials; without the bounding set's questions nothing would be dropped from it */
    NEEDS(prctl, VL_PART_CREDS, PR_CAPBSET_READ, 1),
    NEEDS(prctl, VL_PART_CREDS, PR_CAPBSET_DROP, 1),
    NEEDS(prctl, VL_PART_CREDS, PR_SET_KEEPCAPS, 1),
    NEEDS(prctl, VL_PART_CREDS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL),
    NEEDS(prctl, VL_PART_CREDS, PR_SET_DUMPABLE, 0),
    NEEDS(setgroups, VL_PART_GROUPS),
    NEEDS(setresgid, VL_PART_CREDS),
    NEEDS(setresuid, VL_PART_CREDS),
    NEEDS(capget, VL_PART_CREDS),
    NEEDS(capset, VL_PART_CREDS),
    TRIES(chdir, VL_PART_CREDS | VL_PART_HOOKS),
    TRIES(getcwd, VL_PART_CREDS),
    NEEDS(clone, VL_PART_FORK, 0x8000 /* CLONE_PARENT */ | SIGCHLD),
    NEEDS(setsid, VL_PART_FORK),
    NEEDS(ioctl, VL_PART_TTY, 0, TIOCSCTTY),
    /* args[0] and the interpreter it asks for */
    NEEDS(statx, VL_PART_READY),
    NEEDS(faccessat, VL_PART_READY),
    TRIES(openat, VL_PART_READY),
    TRIES(pread64, VL_PART_READY),
    TRIES(read, VL_PART_READY),
    /* ready, and the gate */
    NEEDS(fcntl, VL_PART_KEEP, 3, F_GETFD),
    TRIES(close_range, VL_PART_READY),
    NEEDS(sendto, VL_PART_READY),
    NEEDS(recvmsg, VL_PART_READY),
    TRIES(getpid, VL_PART_READY),
    TRIES(rt_sigaction, VL_PART_READY),
    TRIES(madvise, VL_PART_READY),
    NEEDS(accept4, VL_PART_SOCKET),
    NEEDS(ppoll, VL_PART_SOCKET),
    TRIES(umask, VL_PART_READY),
    NEEDS(mmap, VL_PART_READY),
    /* hooks of start */
    NEEDS(memfd_create, VL_PART_HOOKS),
    NEEDS(write, VL_PART_HOOKS),
    NEEDS(lseek, VL_PART_HOOKS),
    NEEDS(clone, VL_PART_HOOKS, 0x1000 /* CLONE_PIDFD */ | SIGCHLD),
    NEEDS(dup3, VL_PART_HOOKS),
    NEEDS(wait4, VL_PART_HOOKS),
    TRIES(munmap, VL_PART_HOOKS),
    NEEDS(prlimit64, VL_PART_RLIMITS),
    NEEDS(execve, VL_PART_EXEC | VL_PART_HOOKS),
};
/* clang-format on */

const struct vl_stage_call *vl_stage_call_stopped(const struct vl_seccomp_prog *prog,
                                                  unsigned parts, size_t *from, uint32_t *ret_value)
{
    while (*from < VL_ARRAY_LEN(calls)) {
        const struct vl_stage_call *c = &calls[(*from)++];
        struct seccomp_data data = {.nr = (int)c->nr, .arch = vl_sc_arch_native()->audit};
        if ((c->parts & parts) == 0)
            continue;
        for (size_t i = 0; i < VL_ARRAY_LEN(c->args); i++)
            data.args[i] = c->args[i];
        *ret_value = vl_bpf_run(prog->insns, prog->n, &data);
        uint32_t action = *ret_value & SECCOMP_RET_ACTION_FULL;
        if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
            return c;
    }
    return NULL;
}
