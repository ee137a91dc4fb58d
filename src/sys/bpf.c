/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2): loading, attaching to cgroups, pinning. */
#include "sys/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "sys/clone.h"
#include "sys/compat.h"
#include "sys/disable.h"
#include "sys/rlimit.h"

static int call(int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof(*attr));
    return r < 0 ? -errno : (int)r;
}

struct load {
    union bpf_attr *attr;
    int result;
};

static int load_in_child(void *arg)
{
    struct load *l = arg;
    (void)vl_rlimit_set(0, RLIMIT_MEMLOCK, UINT64_MAX, UINT64_MAX);
    l->result = call(BPF_PROG_LOAD, l->attr);
    return 0;
}

/*
 * Before 5.11 programs count against RLIMIT_MEMLOCK. Ours is not raised, because a library must not
 * change its caller's limits: a child that shares our memory and our descriptors, but not our
 * limits, loads instead.
 */
static int load_unlimited(union bpf_attr *attr)
{
    struct load l = {attr, -EPERM};
    struct vl_clone c = {.flags = CLONE_FILES, .cgroup_fd = VL_NOFD, .exit_signal = SIGCHLD};
    struct vl_child child = {0, VL_NOFD};
    child.pid = vl_clone_vm(load_in_child, &l, &c, &child.pidfd, NULL);
    if (child.pid < 0)
        return child.pid;
    vl_child_kill(&child);
    return l.result;
}

static int load(union bpf_attr *attr)
{
    int r = vl_sys_disabled("bpf_memlock") ? -EPERM : call(BPF_PROG_LOAD, attr);
    return r == -EPERM ? load_unlimited(attr) : r;
}

int vl_bpf_load(uint32_t prog_type, uint32_t attach_type, const struct bpf_insn *insns, size_t n,
                const char *license, const char *name, char *log, size_t log_size)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.prog_type = prog_type;
    attr.expected_attach_type = attach_type;
    attr.insns = (uintptr_t)insns;
    attr.insn_cnt = (uint32_t)n;
    attr.license = (uintptr_t)license;
    if (name != NULL)
        strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
    int r = load(&attr);
    if (log == NULL || log_size == 0)
        return r;
    log[0] = '\0';
    if (r >= 0 || r == -ENOSYS)
        return r;
    attr.log_buf = (uintptr_t)log;
    attr.log_size = (uint32_t)log_size;
    attr.log_level = 1;
    int again = load(&attr);
    log[log_size - 1] = '\0';
    return again >= 0 ? again : r; /* again: ENOSPC when the log is too long */
}

int vl_bpf_cgroup_attach(int cgroup_fd, int prog_fd, uint32_t attach_type, uint32_t flags,
                         int replace_fd)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)prog_fd;
    attr.attach_type = attach_type;
    attr.attach_flags = flags;
    if (replace_fd >= 0) {
        attr.attach_flags |= BPF_F_REPLACE;
        attr.replace_bpf_fd = (uint32_t)replace_fd;
    }
    return call(BPF_PROG_ATTACH, &attr);
}

int vl_bpf_cgroup_detach(int cgroup_fd, int prog_fd, uint32_t attach_type)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)prog_fd;
    attr.attach_type = attach_type;
    return call(BPF_PROG_DETACH, &attr);
}

int vl_bpf_cgroup_query(int cgroup_fd, uint32_t attach_type, uint32_t **ret, size_t *ret_n)
{
    cleanup_free uint32_t *ids = NULL;
    for (uint32_t room = 64; room <= 65536; room *= 2) {
        union bpf_attr attr;
        memset(&attr, 0, sizeof(attr));
        ids = vl_realloc_array(ids, room, sizeof(*ids));
        attr.query.target_fd = (uint32_t)cgroup_fd;
        attr.query.attach_type = attach_type;
        attr.query.prog_ids = (uintptr_t)ids;
        attr.query.prog_cnt = room;
        int r = call(BPF_PROG_QUERY, &attr);
        if (r == -ENOSPC)
            continue;
        if (r < 0)
            return r;
        *ret = vl_take_ptr(ids);
        *ret_n = attr.query.prog_cnt;
        return 0;
    }
    return -ENOSPC;
}

int vl_bpf_prog_by_id(uint32_t id)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.prog_id = id;
    return call(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int get_info(int prog_fd, struct bpf_prog_info *info)
{
    union bpf_attr attr;
    memset(info, 0, sizeof(*info));
    memset(&attr, 0, sizeof(attr));
    attr.info.bpf_fd = (uint32_t)prog_fd;
    attr.info.info_len = sizeof(*info);
    attr.info.info = (uintptr_t)info;
    return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int vl_bpf_prog_id(int prog_fd, uint32_t *ret)
{
    struct bpf_prog_info info;
    int r = get_info(prog_fd, &info);
    if (r == 0)
        *ret = info.id;
    return r;
}

int vl_bpf_prog_name(int prog_fd, char ret[16])
{
    struct bpf_prog_info info;
    int r = get_info(prog_fd, &info);
    if (r == 0) {
        memcpy(ret, info.name, 15);
        ret[15] = '\0';
    }
    return r;
}

int vl_bpf_pin(int fd, const char *path)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uintptr_t)path;
    attr.bpf_fd = (uint32_t)fd;
    return call(BPF_OBJ_PIN, &attr);
}

int vl_bpf_get(const char *path)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uintptr_t)path;
    return call(BPF_OBJ_GET, &attr);
}
