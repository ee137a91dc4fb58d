/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants and kernel structures that older headers lack, each with the kernel that introduced it.
 *
 * Only what the C library and linux-libc-dev may be missing is defined here; behaviour is probed at
 * run time (sys/host.h), never derived from these. <linux/mount.h> is avoided because it collides
 * with <sys/mount.h> in several C libraries, so the mount words are spelled out.
 */
#ifndef VL_SYS_COMPAT_H
#define VL_SYS_COMPAT_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

/* System call numbers: since 5.1 they are the same on every architecture but alpha. */
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424 /* 5.1 */
#endif
#ifndef __NR_open_tree
#define __NR_open_tree 428 /* 5.2 */
#define __NR_move_mount 429
#define __NR_fsopen 430
#define __NR_fsconfig 431
#define __NR_fsmount 432
#define __NR_fspick 433
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434 /* 5.3 */
#endif
#ifndef __NR_clone3
#define __NR_clone3 435 /* 5.3 */
#endif
#ifndef __NR_close_range
#define __NR_close_range 436 /* 5.9 */
#endif
#ifndef __NR_openat2
#define __NR_openat2 437 /* 5.6 */
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438 /* 5.6 */
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442 /* 5.12 */
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444 /* 5.13 */
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif
#ifndef __NR_statmount
#define __NR_statmount 457 /* 6.8 */
#define __NR_listmount 458
#endif

/* clone */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6 */
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000 /* 4.6 */
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000 /* 5.2 */
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL /* 5.5 */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif

/* clone3(2). Own name: <linux/sched.h> has grown the structure and <sched.h> lacks it. */
struct vl_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; /* 5.3 */
    uint64_t set_tid, set_tid_size;                                                    /* 5.5 */
    uint64_t cgroup;                                                                   /* 5.7 */
};

/* pidfd */
#define VL_P_PIDFD 3 /* 5.4; an enumerator in newer <sys/wait.h>, so it cannot be tested for */
#define VL_PIDFS_MAGIC 0x50494446 /* 6.9 (PID_FS_MAGIC): a pidfd has an inode number of its own */

/* openat2 */
#ifndef RESOLVE_NO_XDEV
#define RESOLVE_NO_XDEV 0x01 /* 5.6 */
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_BENEATH 0x08
#define RESOLVE_IN_ROOT 0x10
#endif
struct vl_open_how {
    uint64_t flags, mode, resolve;
};

/* close_range */
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1) /* 5.9 */
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2) /* 5.11 */
#endif

/* memfd */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x1U /* 3.17 */
#define MFD_ALLOW_SEALING 0x2U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U /* 6.3 */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* 6.3 */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033 /* 3.17 */
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#define F_SEAL_WRITE 0x0008
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* 6.3 */
#endif

/* open_tree, move_mount, fsopen, fsconfig, fsmount, mount_setattr */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1 /* 5.2 */
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC /* 5.2 */
#endif
#ifndef OPEN_TREE_NAMESPACE
#define OPEN_TREE_NAMESPACE 2 /* 7.0 */
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000 /* 5.2 */
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004 /* 5.2 */
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* 6.5 */
#endif
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 0x00000001 /* 5.2 */
#endif
#ifndef FSMOUNT_CLOEXEC
#define FSMOUNT_CLOEXEC 0x00000001 /* 5.2 */
#endif
#ifndef FSPICK_CLOEXEC
#define FSPICK_CLOEXEC 0x00000001 /* 5.2 */
#define FSPICK_EMPTY_PATH 0x00000008
#endif
/* fsconfig commands: an enum in the headers, so named apart */
#define VL_FSCONFIG_SET_FLAG 0 /* 5.2 */
#define VL_FSCONFIG_SET_STRING 1
#define VL_FSCONFIG_SET_FD 5
#define VL_FSCONFIG_CMD_CREATE 6
#define VL_FSCONFIG_CMD_RECONFIGURE 7
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x00000001 /* 5.2 (fsmount), 5.12 (mount_setattr) */
#define MOUNT_ATTR_NOSUID 0x00000002
#define MOUNT_ATTR_NODEV 0x00000004
#define MOUNT_ATTR_NOEXEC 0x00000008
#define MOUNT_ATTR__ATIME 0x00000070
#define MOUNT_ATTR_RELATIME 0x00000000
#define MOUNT_ATTR_NOATIME 0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME 0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000 /* 5.12 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* 5.10 */
#endif

/* seccomp */
#ifndef SECCOMP_GET_ACTION_AVAIL
#define SECCOMP_GET_ACTION_AVAIL 2 /* 4.14 */
#endif
#ifndef SECCOMP_GET_NOTIF_SIZES
#define SECCOMP_GET_NOTIF_SIZES 3 /* 5.0 */
#endif
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U /* 4.14 */
#endif
#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U /* 5.0 */
#endif
#ifndef SECCOMP_RET_LOG
#define SECCOMP_RET_LOG 0x7ffc0000U /* 4.14 */
#endif
#ifndef SECCOMP_FILTER_FLAG_TSYNC
#define SECCOMP_FILTER_FLAG_TSYNC (1UL << 0) /* 3.17 */
#endif
#ifndef SECCOMP_FILTER_FLAG_LOG
#define SECCOMP_FILTER_FLAG_LOG (1UL << 1) /* 4.14 */
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2) /* 4.17 */
#endif
#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3) /* 5.0 */
#endif
#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4) /* 5.7 */
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

/* landlock: the version query needs no header; rights are named in confine/ */
#define VL_LANDLOCK_CREATE_RULESET_VERSION 1U /* 5.13 */

/* nsfs ioctls, _IO (0xb7, n) */
#ifndef NS_GET_USERNS
#define NS_GET_USERNS 0xb701 /* 4.9 */
#define NS_GET_PARENT 0xb702 /* 4.9 */
#endif
#ifndef NS_GET_NSTYPE
#define NS_GET_NSTYPE 0xb703    /* 4.11 */
#define NS_GET_OWNER_UID 0xb704 /* 4.11 */
#endif

/* bpf attach flags */
#ifndef BPF_F_ALLOW_MULTI
#define BPF_F_ALLOW_MULTI (1U << 1) /* 4.14 */
#endif
#ifndef BPF_F_REPLACE
#define BPF_F_REPLACE (1U << 2) /* 5.6 */
#endif

/* prctl */
#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47 /* 4.3 */
#define PR_CAP_AMBIENT_IS_SET 1
#define PR_CAP_AMBIENT_RAISE 2
#define PR_CAP_AMBIENT_LOWER 3
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

/* sched_setattr(2); glibc has the structure from 2.41 on */
#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6 /* 3.14 */
#endif
#ifndef SCHED_EXT
#define SCHED_EXT 7 /* 6.12 */
#endif
#ifndef SCHED_FLAG_RESET_ON_FORK
#define SCHED_FLAG_RESET_ON_FORK 0x01 /* 3.14 */
#endif
#ifndef SCHED_FLAG_RECLAIM
#define SCHED_FLAG_RECLAIM 0x02 /* 4.13 */
#endif
#ifndef SCHED_FLAG_DL_OVERRUN
#define SCHED_FLAG_DL_OVERRUN 0x04 /* 4.16 */
#endif
#ifndef SCHED_FLAG_KEEP_POLICY
#define SCHED_FLAG_KEEP_POLICY 0x08 /* 5.3 */
#define SCHED_FLAG_KEEP_PARAMS 0x10
#define SCHED_FLAG_UTIL_CLAMP_MIN 0x20
#define SCHED_FLAG_UTIL_CLAMP_MAX 0x40
#endif

/* file system magic numbers, <linux/magic.h> */
#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270 /* 4.5 */
#endif
#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673 /* 3.19 */
#endif

#endif
