/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host facts, by trying.
 *
 * A system call is probed with arguments that a kernel which has it must reject (EINVAL, EFAULT …)
 * before it does anything; ENOSYS means absent, EPERM that a filter forbids it. Files are read
 * once, with one read.
 */
#include "sys/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/caps.h"
#include "sys/clone.h"
#include "sys/compat.h"
#include "sys/cred.h"
#include "sys/disable.h"
#include "sys/fd.h"
#include "sys/filter.h"
#include "sys/host_cgroup.h"
#include "sys/idmap.h"
#include "sys/landlock.h"
#include "sys/lsm.h"
#include "sys/nsfd.h"

/* Inode of the first user namespace, PROC_USER_INIT_INO of <linux/proc_ns.h>: part of the ABI
 * since 3.8. */
#define INITIAL_USERNS_INODE 0xEFFFFFFDU

/* The call is there when the deliberately wrong arguments are what it complains about. */
static bool there(const char *name, long r)
{
    bool yes = r >= 0 || (errno != ENOSYS && errno != EPERM);
    return yes && !vl_sys_disabled(name);
}

static void probe_clone(struct vl_host *h)
{
    /* CLONE_DETACHED is refused by every clone3, so nothing is ever created. */
    struct vl_clone_args args = {.flags = 0x00400000};
    h->clone3 = there("clone3", syscall(__NR_clone3, &args, 64));
    /* A kernel that ends before the cgroup field finds non-zero bytes it does not know: E2BIG. */
    args.cgroup = 1;
    bool knows = syscall(__NR_clone3, &args, sizeof(args)) < 0 && errno == EINVAL;
    h->clone_into_cgroup = h->clone3 && knows && !vl_sys_disabled("into_cgroup");
}

static void probe_memfd(struct vl_host *h)
{
    long fd = syscall(SYS_memfd_create, "probe", MFD_CLOEXEC | MFD_EXEC);
    h->memfd_exec_flag = fd >= 0 || errno != EINVAL;
    h->memfd_exec_ok = fd >= 0 || errno == EINVAL; /* EACCES: vm.memfd_noexec is 2 */
    vl_close((int)fd);
    if (vl_sys_disabled("memfd_exec"))
        h->memfd_exec_ok = false;
}

static void probe_calls(struct vl_host *h)
{
    h->openat2 = there("openat2", syscall(__NR_openat2, -1, NULL, NULL, (size_t)0));
    h->new_mount_api = there("newmount", syscall(__NR_open_tree, -1, NULL, ~0U));
    h->mount_setattr =
        there("mount_setattr", syscall(__NR_mount_setattr, -1, NULL, 0U, NULL, (size_t)0));
    h->idmap_mounts = h->mount_setattr && h->new_mount_api && !vl_sys_disabled("idmap");
    h->close_range = there("close_range", syscall(__NR_close_range, 1U, 0U, 0U));
    h->close_range_cloexec =
        h->close_range && syscall(__NR_close_range, ~0U, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    h->pidfd_open = there("pidfd_open", syscall(__NR_pidfd_open, -1, ~0U));
    h->pidfd_getfd = there("pidfd_getfd", syscall(__NR_pidfd_getfd, -1, -1, ~0U));
    h->statmount = there("statmount", syscall(__NR_statmount, NULL, NULL, (size_t)0, ~0U));
    probe_clone(h);
    probe_memfd(h);
    int abi = vl_landlock_abi();
    h->landlock_abi = abi > 0 ? abi : 0;
}

static void probe_filter(struct vl_host *h)
{
    h->seccomp = vl_filter_available();
    if (!h->seccomp)
        return;
    h->seccomp_user_notif = vl_filter_action_available(SECCOMP_RET_USER_NOTIF);
    h->seccomp_log = vl_filter_action_available(SECCOMP_RET_LOG);
    h->seccomp_kill_process = vl_filter_action_available(SECCOMP_RET_KILL_PROCESS);
    h->seccomp_flags = vl_filter_flags();
}

/* Reads a small file into buf, without its final newline. */
static ssize_t read_small(const char *path, char *buf, size_t size)
{
    cleanup_fd int fd = vl_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    ssize_t n;
    do
        n = read(fd, buf, size - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (n > 0 && buf[n - 1] == '\n')
        n--;
    buf[n] = '\0';
    return n;
}

static struct vl_idmap_line *identity_map(size_t *n)
{
    struct vl_idmap_line all = {0, 0, UINT32_MAX};
    *n = 1;
    return vl_memdup(&all, sizeof(all));
}

static void gather_userns(struct vl_host *h)
{
    struct stat st;
    char answer[16];
    h->ns_user = stat("/proc/self/ns/user", &st) == 0;
    /* A kernel without user namespaces has only the initial one. */
    h->in_initial_userns = !h->ns_user || st.st_ino == INITIAL_USERNS_INODE;
    h->ns_cgroup = access("/proc/self/ns/cgroup", F_OK) == 0;
    h->ns_time = access("/proc/self/ns/time", F_OK) == 0 && !vl_sys_disabled("timens");
    if (h->in_initial_userns) {
        h->own_uid_map = identity_map(&h->n_own_uid_map);
        h->own_gid_map = identity_map(&h->n_own_gid_map);
        return;
    }
    (void)vl_idmap_read(0, VL_ID_UID, &h->own_uid_map, &h->n_own_uid_map);
    (void)vl_idmap_read(0, VL_ID_GID, &h->own_gid_map, &h->n_own_gid_map);
    h->setgroups_denied =
        read_small("/proc/self/setgroups", answer, sizeof(answer)) >= 0 && vl_streq(answer, "deny");
}

static void gather_identity(struct vl_host *h)
{
    struct vl_caps caps = {0, 0, 0};
    h->euid = geteuid();
    h->egid = getegid();
    h->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1;
    (void)vl_caps_get(0, &caps);
    h->caps_effective = caps.effective;
    h->caps_permitted = caps.permitted;
    h->caps_inheritable = caps.inheritable;
    if (vl_caps_bounding(&h->caps_bounding, &h->last_cap) < 0)
        h->last_cap = -1;
    /* An ambient capability is always inheritable too. */
    if (caps.inheritable != 0)
        (void)vl_caps_ambient(&h->caps_ambient);
    const char *dir = getenv("XDG_RUNTIME_DIR");
    if (dir != NULL && *dir != '\0')
        h->xdg_runtime_dir = vl_strdup(dir);
    gather_userns(h);
}

/* "0-3,8" -> 9 */
static int last_cpu(const char *list)
{
    int last = 0;
    while (*list != '\0') {
        char *end;
        long v = strtol(list, &end, 10);
        if (end == list)
            break;
        if (v > last && v < 1 << 20)
            last = (int)v;
        list = end + strspn(end, "-,");
    }
    return last + 1;
}

static int compare_kb(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static char *size_name(uint64_t kb)
{
    if (kb >= 1 << 20)
        return vl_asprintf("%" PRIu64 "GB", kb >> 20);
    if (kb >= 1 << 10)
        return vl_asprintf("%" PRIu64 "MB", kb >> 10);
    return vl_asprintf("%" PRIu64 "KB", kb);
}

/* Directories "hugepages-2048kB". */
static void gather_hugepages(struct vl_host *h)
{
    DIR *dir = opendir("/sys/kernel/mm/hugepages");
    cleanup_free uint64_t *sizes = NULL;
    size_t n = 0;
    if (dir == NULL)
        return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        uint64_t kb;
        if (sscanf(e->d_name, "hugepages-%" SCNu64 "kB", &kb) == 1)
            *VL_APPEND(sizes, n) = kb;
    }
    (void)closedir(dir);
    if (n == 0)
        return;
    qsort(sizes, n, sizeof(*sizes), compare_kb);
    h->hugepage_sizes = vl_alloc(n * sizeof(char *));
    for (size_t i = 0; i < n; i++)
        h->hugepage_sizes[i] = size_name(sizes[i]);
    h->n_hugepage_sizes = n;
}

static void gather_machine(struct vl_host *h)
{
    struct utsname u;
    char list[4096];
    h->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
    h->nr_cpus = 1;
    if (read_small("/sys/devices/system/cpu/possible", list, sizeof(list)) > 0)
        h->nr_cpus = last_cpu(list);
    if (uname(&u) == 0) {
        h->kernel_release = vl_strdup(u.release);
        h->machine = vl_strdup(u.machine);
    }
    gather_hugepages(h);
    h->apparmor = vl_lsm_apparmor();
    h->selinux = vl_lsm_selinux();
}

int vl_host_gather(struct vl_host *h)
{
    if (access("/proc/self", F_OK) < 0)
        return -errno;
    probe_calls(h);
    probe_filter(h);
    gather_identity(h);
    gather_machine(h);
    vl_host_gather_cgroups(h);
    return 0;
}

static void gather_ranges(const char *path, const struct vl_host *h, struct vl_subid **ranges,
                          size_t *n)
{
    cleanup_free char *text = NULL;
    if (vl_slurp_at(AT_FDCWD, path, 16 << 20, &text, NULL) == 0)
        vl_subid_parse(text, h->user_name, h->euid, ranges, n);
}

int vl_host_gather_subids(struct vl_host *h)
{
    if (h->subids_known)
        return 0;
    h->subids_known = true;
    const char *user = getenv("USER");
    /* Users of a directory service are in no file; what their session calls them must do. It gives
     * no right: newuidmap asks by itself who calls it. */
    if (vl_passwd_name("/etc/passwd", h->euid, &h->user_name) < 0 && user != NULL &&
        *user != '\0' && h->euid == getuid() && h->euid != 0)
        h->user_name = vl_strdup(user);
    gather_ranges("/etc/subuid", h, &h->subuids, &h->n_subuids);
    gather_ranges("/etc/subgid", h, &h->subgids, &h->n_subgids);
    (void)vl_find_program("newuidmap", NULL, &h->newuidmap);
    (void)vl_find_program("newgidmap", NULL, &h->newgidmap);
    return 0;
}

void vl_host_reset(struct vl_host *h)
{
    free(h->own_uid_map);
    free(h->own_gid_map);
    free(h->xdg_runtime_dir);
    free(h->user_name);
    free(h->subuids);
    free(h->subgids);
    free(h->newuidmap);
    free(h->newgidmap);
    free(h->v2_mount);
    free(h->v2_own_path);
    free(h->v2_controllers);
    for (size_t i = 0; i < h->n_v1; i++) {
        free(h->v1[i].controllers);
        free(h->v1[i].mount);
        free(h->v1[i].own_path);
    }
    free(h->v1);
    for (size_t i = 0; i < h->n_hugepage_sizes; i++)
        free(h->hugepage_sizes[i]);
    free(h->hugepage_sizes);
    free(h->kernel_release);
    free(h->machine);
    memset(h, 0, sizeof(*h));
}
