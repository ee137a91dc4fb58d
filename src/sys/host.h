/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host facts, gathered once by trying, never by kernel version.
 *
 * A plain struct: the planner takes it as input, and golden tests fill it from JSON. Strings and
 * arrays are owned by the struct; a NULL string means unknown or absent. Nothing in it refers to an
 * open descriptor.
 */
#ifndef VL_SYS_HOST_H
#define VL_SYS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of a map: size ids from container (inside) on stand for those from host (outside) on. */
struct vl_idmap_line {
    uint32_t container, host, size;
};
/* One subordinate range. */
struct vl_subid {
    uint32_t start, count;
};

enum vl_cgroup_mode {
    VL_CGROUP_NONE,   /* nothing usable at /sys/fs/cgroup */
    VL_CGROUP_V1,     /* v1 hierarchies only */
    VL_CGROUP_V2,     /* the unified hierarchy at /sys/fs/cgroup */
    VL_CGROUP_HYBRID, /* v1 hierarchies and cgroup2 at /sys/fs/cgroup/unified */
};

/* One v1 hierarchy that is mounted. */
struct vl_cgroup_v1 {
    char *controllers; /* as in /proc/self/cgroup: "cpu,cpuacct"; for a named one its name:
                          "systemd" */
    char *mount;       /* absolute, no symbolic links: "/sys/fs/cgroup/cpu,cpuacct" */
    char *own_path;    /* our own cgroup, relative to the mount, with a leading slash */
    bool named;
};

struct vl_host {
    /* kernel interfaces: true when the call is there and not forbidden to us */
    bool openat2;
    bool clone3;
    bool clone_into_cgroup;
    bool new_mount_api; /* open_tree, fsopen, fsconfig, fsmount, move_mount */
    bool mount_setattr;
    bool idmap_mounts; /* approximated by mount_setattr; the file system decides */
    bool close_range;
    bool close_range_cloexec;
    bool pidfd_open;
    bool pidfd_getfd;
    bool statmount;
    bool memfd_exec_flag; /* MFD_EXEC is known */
    bool memfd_exec_ok;   /* an executable memfd can be made (vm.memfd_noexec is not 2) */
    bool ns_user, ns_cgroup, ns_time;
    int landlock_abi; /* 0: not there or switched off */

    /* seccomp(2) */
    bool seccomp;
    bool seccomp_user_notif;
    bool seccomp_log, seccomp_kill_process;
    uint32_t seccomp_flags; /* SECCOMP_FILTER_FLAG_… the kernel knows */

    bool apparmor, selinux;

    /* who we are */
    uid_t euid;
    gid_t egid;
    bool in_initial_userns;
    bool no_new_privs;
    struct vl_idmap_line *own_uid_map, *own_gid_map;
    size_t n_own_uid_map, n_own_gid_map;
    bool setgroups_denied; /* in our user namespace */
    uint64_t caps_effective, caps_permitted, caps_inheritable, caps_bounding,
        caps_ambient;      /* 1 << CAP_… */
    int last_cap;          /* highest capability number of the kernel */
    char *xdg_runtime_dir; /* environment; NULL when unset or empty */

    /* subordinate ids and helpers: vl_host_gather_subids */
    bool subids_known;
    char *user_name; /* from /etc/passwd by number; no name service is asked */
    struct vl_subid *subuids, *subgids;
    size_t n_subuids, n_subgids;
    char *newuidmap, *newgidmap; /* absolute paths of the helpers, or NULL */

    /* cgroups */
    enum vl_cgroup_mode cgroup_mode;
    char *v2_mount;       /* "/sys/fs/cgroup" or "/sys/fs/cgroup/unified", NULL without cgroup2 */
    char *v2_own_path;    /* our own cgroup, relative to the mount, with a leading slash */
    char *v2_controllers; /* cgroup.controllers at the mount: "cpuset cpu io memory pids" */
    struct vl_cgroup_v1 *v1;
    size_t n_v1;

    uint32_t page_size;
    int nr_cpus;           /* highest possible CPU number + 1 */
    char **hugepage_sizes; /* "2MB", "1GB"; n_ many */
    size_t n_hugepage_sizes;
    char *kernel_release, *machine; /* uname(2): for cache keys and `features` only */
};

/* Gathers everything but the subordinate ids; about 100 microseconds. *h must be zeroed. Never
 * fails for a missing facility; -errno only when /proc is not there. */
int vl_host_gather(struct vl_host *h);
/* Reads /etc/subuid and /etc/subgid for the effective user, and finds newuidmap and newgidmap.
 * Files that are absent mean no ranges. */
int vl_host_gather_subids(struct vl_host *h);
void vl_host_reset(struct vl_host *h); /* frees what it owns and zeroes it */
static inline void vl_cleanup_host(struct vl_host *h)
{
    vl_host_reset(h);
}

#endif
