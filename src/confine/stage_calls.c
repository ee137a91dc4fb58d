/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that veloci-stage makes under a container's filter. */
#include "confine/stage_calls.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include "confine/bpf_sim.h"
#include "confine/seccomp_int.h"

#define CALL(call, where, ...)                                                                     \
    {                                                                                              \
#call, SYS_##call, (where), .optional = false, .args = { __VA_ARGS__ }                     \
    }
#define MAY(call, where)                                                                           \
    {                                                                                              \
#call, SYS_##call, (where), .optional = true, .args = { 0 }                                \
    }

#define ALL (VL_PART_CREDS | VL_PART_GATE | VL_PART_HOOKS | VL_PART_RLIMITS)

/* In the order of the steps. What is only made after another step has failed is not in the list. */
static const struct vl_stage_call calls[] = {
    CALL(setgroups, VL_PART_CREDS),
    CALL(setresgid, VL_PART_CREDS),
    CALL(setresuid, VL_PART_CREDS),
    CALL(capset, VL_PART_CREDS),
    CALL(prctl, VL_PART_CREDS, PR_CAPBSET_DROP, 1),
    CALL(prctl, VL_PART_CREDS, PR_SET_KEEPCAPS, 1),
    CALL(prctl, VL_PART_CREDS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL),
    MAY(openat2, VL_PART_GATE),
    CALL(openat, VL_PART_GATE),
    CALL(read, VL_PART_GATE),
    CALL(close, VL_PART_GATE | VL_PART_HOOKS),
    CALL(sendmsg, VL_PART_GATE),
    CALL(recvmsg, VL_PART_GATE),
    CALL(accept4, VL_PART_GATE),
    CALL(ppoll, VL_PART_GATE | VL_PART_HOOKS),
    MAY(clone3, VL_PART_HOOKS),
    CALL(wait4, VL_PART_HOOKS),
    CALL(prlimit64, VL_PART_RLIMITS),
    CALL(execve, VL_PART_HOOKS | VL_PART_EXEC),
};

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
