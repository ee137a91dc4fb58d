/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel alone costs: makes the same objects as `run` makes for the plain bundle of the
 * benchmark (its configuration is in tests/bench/bundles.py), by the cheapest calls there are, and nothing
 * else: no configuration is read, no state kept, no filter loaded, no error explained.
 *
 *   floor ROOTFS CGROUP CMD [ARG...]      CGROUP is a cgroup v2 directory to make and to remove
 *
 * tests/bench/run compares what a container sees with what CMD sees here, and takes no time from a
 * floor that differs. Exit status: that of CMD, or the number of the line that failed, modulo 256.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(call) ((call) < 0 ? _exit(__LINE__ & 255 ? __LINE__ & 255 : 1) : (void)0)
#define RO MOUNT_ATTR_RDONLY
#define NSE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define NSED (NSE | MOUNT_ATTR_NODEV)
#define CAPS ((1u << CAP_AUDIT_WRITE) | (1u << CAP_KILL) | (1u << CAP_NET_BIND_SERVICE))

/* Paths below the new root; options as "key\0value\0…", an empty key ends them. */
static const struct {
    const char *path, *type, *options;
    unsigned int attributes;
} filesystems[] = {
    {"proc", "proc", "source\0proc\0", 0},
    {"dev", "tmpfs", "source\0tmpfs\0mode\000755\0size\00065536k\0", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME},
    {"dev/pts", "devpts", "source\0devpts\0newinstance\0\0ptmxmode\0000666\0mode\0000620\0gid\0005\0", NSE},
    {"dev/shm", "tmpfs", "source\0shm\0mode\0001777\0size\00065536k\0", NSED},
    {"dev/mqueue", "mqueue", "source\0mqueue\0", NSED},
    {"sys", "sysfs", "source\0sysfs\0", NSED | RO},
    {"sys/fs/cgroup", "cgroup2", "source\0cgroup\0", NSED | RO},
};

static const struct {
    const char *path;
    unsigned int major, minor;
} devices[] = {
    {"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
};

static const char *const links[][2] = {
    {"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"},         {"/proc/kcore", "dev/core"},
};

static const char *const masked[] = {
    "proc/acpi",       "proc/asound",      "proc/kcore",       "proc/keys",    "proc/latency_stats",
    "proc/timer_list", "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi",
};
static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
                                        "proc/sysrq-trigger"};

static long attach(long fd, int root, const char *path)
{
    CHECK(fd);
    CHECK(syscall(SYS_move_mount, fd, "", root, path, MOVE_MOUNT_F_EMPTY_PATH));
    return fd;
}

static long make_fs(const char *type, const char *options, unsigned int attributes)
{
    long fs = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), fd;
    CHECK(fs);
    while (*options) {
        const char *value = options + strlen(options) + 1;
        CHECK(syscall(SYS_fsconfig, fs, *value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options,
                      *value ? value : NULL, 0));
        options = value + strlen(value) + 1;
    }
    CHECK(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    CHECK(fd = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
    close((int)fs);
    return fd;
}

static long clone_tree(int root, const char *path, unsigned int flags, uint64_t attributes)
{
    struct mount_attr attr = {.attr_set = attributes};
    long fd = syscall(SYS_open_tree, root, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
    if (fd >= 0 && attributes)
        CHECK(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (int)flags, &attr, sizeof attr));
    return fd;
}

static void hide(int root)
{
    long null = -1, empty = -1;
    struct stat st;
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
        if (fstatat(root, masked[i], &st, 0) < 0)
            continue;
        long *kind = S_ISDIR(st.st_mode) ? &empty : &null, fd;
        if (*kind < 0)
            CHECK(*kind = S_ISDIR(st.st_mode) ? make_fs("tmpfs", "", RO) : clone_tree(root, "dev/null", 0, 0));
        CHECK(fd = clone_tree((int)*kind, "", AT_EMPTY_PATH, 0));
        close((int)attach(fd, root, masked[i]));
    }
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        long fd = clone_tree(root, read_only[i], AT_RECURSIVE, RO);
        if (fd >= 0)
            close((int)attach(fd, root, read_only[i]));
    }
}

static void see(const char *rootfs)
{
    struct mount_attr slave = {.propagation = 1 << 19 /* MS_SLAVE */};
    struct mount_attr final = {.attr_set = RO, .propagation = 0};
    int root;
    CHECK(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof slave));
    CHECK(root = (int)attach(clone_tree(AT_FDCWD, rootfs, AT_RECURSIVE, 0), AT_FDCWD, rootfs));
    for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++) {
        if (i > 1 && i < 5)
            CHECK(mkdirat(root, filesystems[i].path, 0755));
        close((int)attach(make_fs(filesystems[i].type, filesystems[i].options, filesystems[i].attributes),
                          root, filesystems[i].path));
    }
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        CHECK(mknodat(root, devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        CHECK(symlinkat(links[i][0], root, links[i][1]));
    hide(root);
    CHECK(fchdir(root));
    CHECK(syscall(SYS_pivot_root, ".", "."));
    CHECK(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */));
    CHECK(chdir("/"));
    CHECK(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &final, sizeof final));
}

static void become(char **command)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct caps[2] = {{CAPS, CAPS, 0}, {0, 0, 0}};
    struct rlimit files = {1024, 1024};
    struct ifreq lo = {.ifr_name = "lo"};
    int net = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    lo.ifr_flags = IFF_UP | IFF_RUNNING;
    CHECK(ioctl(net, SIOCSIFFLAGS, &lo));
    CHECK(sethostname("bench", 5));
    CHECK(setsid());
    umask(022);
    for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (cap > 31 || !(CAPS & 1u << cap))
            CHECK(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    CHECK(syscall(SYS_capset, &header, caps));
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK(setrlimit(RLIMIT_NOFILE, &files));
    char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};
    CHECK(execve(command[0], command, environment));
}

int main(int argc, char **argv)
{
    int cgroup, status;
    if (argc < 4)
        return 2;
    CHECK(mkdir(argv[2], 0755));
    CHECK(cgroup = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC));
    umask(0);
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
                 CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)cgroup,
    };
    long pid = syscall(SYS_clone3, &args, sizeof args);
    CHECK(pid);
    if (pid == 0) {
        see(argv[1]);
        become(argv + 3);
    }
    CHECK(waitpid((pid_t)pid, &status, 0));
    CHECK(rmdir(argv[2]));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
