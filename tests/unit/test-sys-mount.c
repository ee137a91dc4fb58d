/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/mountfd, sys/mount_old, sys/idmap, sys/netlink: in a mount, network and (unless we are root)
 * user namespace of their own.
 */
#include "sys/mountfd.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/clone.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/mount_old.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"
#include "tap.h"

static bool privileged;

/* Into namespaces of our own, as root of them. */
static void enter(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    privileged = vl_unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) == 0;
    if (!privileged) {
        int r = vl_unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS);
        if (r < 0)
            skip_all("no namespaces allowed here: %s", strerror(-r));
        struct vl_idmap_line u = {0, uid, 1}, g = {0, gid, 1};
        if (vl_idmap_deny_setgroups(0) < 0 || vl_idmap_write(0, VL_ID_UID, &u, 1) < 0 ||
            vl_idmap_write(0, VL_ID_GID, &g, 1) < 0)
            skip_all("ids cannot be mapped here");
        struct vl_idmap_line *back = NULL;
        size_t n = 0;
        ok(vl_idmap_read(0, VL_ID_UID, &back, &n) == 0 && n == 1 && back[0].host == uid &&
               back[0].size == 1,
           "our map is what was written");
        free(back);
    }
    if (vl_mount(NULL, "/", NULL, VL_MS_FLAGS(MS_REC | MS_PRIVATE), NULL) < 0)
        skip_all("mounts cannot be made private here");
}

static void detached(void)
{
    cleanup_fd int fs = vl_fsopen("tmpfs");
    ok(fs >= 0, "fsopen");
    is_int(vl_fsconfig_string(fs, "size", "64x"), -EINVAL, "a bad option");
    char text[200];
    vl_fs_message(fs, text, sizeof(text));
    ok(strstr(text, "size") != NULL, "the kernel says why: %s", text);
    vl_fs_message(fs, text, sizeof(text));
    is_str(text, "", "and says it once");
    is_int(vl_fsconfig_string(fs, "size", "1m"), 0, "a good option");
    is_int(vl_fsconfig_string(fs, "mode", "0751"), 0, "another");
    is_int(vl_fsconfig_create(fs), 0, "created");
    cleanup_fd int mnt = vl_fsmount(fs, VL_MOUNT_ATTRS(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
    ok(mnt >= 0 && (fcntl(mnt, F_GETFD) & FD_CLOEXEC), "mounted, detached");
    struct stat st;
    ok(fstat(mnt, &st) == 0 && (st.st_mode & 07777) == 0751, "root has its mode");
    uint64_t magic = 0;
    ok(vl_fs_magic(mnt, &magic) == 0 && magic == 0x01021994, "is a tmpfs");
    struct vl_mount_attrs a;
    ok(vl_mount_get_attrs(mnt, &a) == 0 &&
           (a.v & ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW) == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
       "attributes are seen (%llx)", (unsigned long long)a.v);
    (void)!mkdirat(mnt, "sub", 0755);

    char dir[] = "/tmp/veloci-test-XXXXXX";
    if (mkdtemp(dir) == NULL)
        abort();
    cleanup_fd int target = vl_open(dir, O_PATH | O_DIRECTORY);
    is_int(vl_move_mount(mnt, target, NULL), 0, "attached");
    char *sub = vl_path_join(dir, "sub");
    ok(stat(sub, &st) == 0, "is visible");
    cleanup_fd int tree = vl_open_tree(AT_FDCWD, dir, true, true);
    ok(tree >= 0, "cloned");
    struct vl_mount_change c = {.set = {MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME},
                                .clear = {MOUNT_ATTR__ATIME | MOUNT_ATTR_NODEV},
                                .propagation = MS_PRIVATE,
                                .userns_fd = VL_NOFD};
    int r = vl_mount_setattr(tree, NULL, true, &c);
    is_int(r, 0, "changed recursively");
    ok(vl_mount_get_attrs(tree, &a) == 0 &&
           (a.v & ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW) ==
               (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME),
       "as it was asked (%llx)", (unsigned long long)a.v);
    ok(mkdirat(tree, "no", 0755) < 0 && errno == EROFS, "the clone is read-only");
    ok(mkdirat(mnt, "yes", 0755) == 0, "the original is not");
    cleanup_fd int sub_fd = vl_open_at(mnt, "sub", O_PATH | O_DIRECTORY, 0);
    is_int(vl_move_mount(tree, mnt, "sub"), 0, "attached by name");
    vl_cleanup_fd(&sub_fd);
    cleanup_fd int here = vl_open_tree(AT_FDCWD, sub, false, false);
    ok(here >= 0 && vl_mount_get_attrs(here, &a) == 0 && (a.v & MOUNT_ATTR_RDONLY),
       "a plain open_tree sees it");
    vl_cleanup_fd(&here);
    is_int(vl_umount(sub, MNT_DETACH), 0, "detached");
    is_int(vl_umount(dir, MNT_DETACH), 0, "detached");
    rmdir(dir);
    free(sub);
    is_int(vl_fsopen("no-such-fs"), -ENODEV, "unknown file system");
    is_int(vl_open_tree(AT_FDCWD, "/nonexistent", true, false), -ENOENT, "nothing to clone");
}

static void old_calls(void)
{
    char dir[] = "/tmp/veloci-test-XXXXXX";
    if (mkdtemp(dir) == NULL)
        abort();
    is_int(vl_mount("x", dir, "tmpfs", VL_MS_FLAGS(MS_NODEV), "size=64x"), -EINVAL,
           "mount(2) with a bad option");
    is_int(vl_mount("x", dir, "tmpfs", VL_MS_FLAGS(MS_NODEV), "size=64k"), 0, "mount(2)");
    cleanup_fd int at = vl_open(dir, O_PATH | O_DIRECTORY);
    is_int(vl_mount_fd("/proc/self/ns", at, NULL, VL_MS_FLAGS(MS_BIND), NULL), 0,
           "onto a descriptor");
    is_int(vl_umount(dir, MNT_DETACH), 0, "umount");
    is_int(vl_umount(dir, MNT_DETACH), 0, "umount");
    is_int(vl_umount(dir, 0), -EINVAL, "nothing mounted any more");
    rmdir(dir);
    setenv("VELOCI_DISABLE", "newmount,mount_setattr", 1);
    struct vl_mount_change c = {.set = {MOUNT_ATTR_RDONLY}};
    ok(vl_fsopen("tmpfs") == -ENOSYS && vl_open_tree(AT_FDCWD, "/", true, false) == -ENOSYS &&
           vl_move_mount(0, 0, NULL) == -ENOSYS &&
           vl_mount_setattr(AT_FDCWD, "/", false, &c) == -ENOSYS,
       "switched off");
    unsetenv("VELOCI_DISABLE");
}

static int has_lo(void)
{
    struct ifreq req = {.ifr_name = "lo"};
    cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP);
}

static void set_lo_down(void)
{
    struct ifreq req = {.ifr_name = "lo"};
    cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)ioctl(fd, SIOCSIFFLAGS, &req);
}

static void loopback(void)
{
    is_int(has_lo(), 0, "lo is down in a new namespace");
    is_int(vl_net_lo_up(), 0, "brought up");
    is_int(has_lo(), 1, "is up");
    is_int(vl_net_lo_up(), 0, "once more");
    set_lo_down();
    setenv("VELOCI_DISABLE", "ioctl_lo", 1);
    is_int(vl_net_lo_up(), 0, "by netlink");
    unsetenv("VELOCI_DISABLE");
    is_int(has_lo(), 1, "is up");
}

static void idmapped(void)
{
    struct vl_idmap_line u = {0, geteuid(), 1}, g = {0, getegid(), 1};
    struct vl_idmap_line shift[] = {{0, 70000, 1000}, {1000, 200000, 5}};
    cleanup_fd int single = vl_idmap_userns(&u, 1, &g, 1);
    is_int(vl_ns_type(single), CLONE_NEWUSER, "a user namespace with our own ids");
    if (!privileged) {
        skip("more ids need privilege");
        is_int(vl_idmap_userns(shift, 2, shift, 2), -EPERM, "foreign ids are refused");
        return;
    }
    cleanup_fd int ns = vl_idmap_userns(shift, 2, shift, 2);
    if (!ok(ns >= 0 && (fcntl(ns, F_GETFD) & FD_CLOEXEC), "a user namespace with two lines"))
        return;
    is_int(vl_idmap_userns(shift, 0, shift, 2), -EINVAL, "no lines");
    cleanup_fd int fs = vl_fsopen("tmpfs");
    (void)vl_fsconfig_create(fs);
    cleanup_fd int mnt = vl_fsmount(fs, VL_MOUNT_ATTRS(0));
    cleanup_fd int tree = VL_NOFD;
    cleanup_fd int file = openat(mnt, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    (void)file;
    /* Only attached trees can be cloned before 6.15 */
    char dir[] = "/tmp/veloci-test-XXXXXX";
    if (mkdtemp(dir) == NULL || vl_move_mount(mnt, AT_FDCWD, dir) < 0)
        abort();
    tree = vl_open_tree(AT_FDCWD, dir, true, false);
    struct vl_mount_change c = {.set = {MOUNT_ATTR_IDMAP}, .userns_fd = ns};
    int r = vl_mount_setattr(tree, NULL, false, &c);
    if (r == -EINVAL)
        skip("no id-mapped tmpfs before 6.3");
    else {
        struct stat st;
        is_int(r, 0, "id-mapped");
        ok(fstatat(tree, "f", &st, 0) == 0 && st.st_uid == 70000, "uid 0 is seen as %u", st.st_uid);
    }
    (void)vl_umount(dir, MNT_DETACH);
    rmdir(dir);
}

static void helpers(void)
{
    char script[] = "/tmp/veloci-test-XXXXXX", msg[100];
    int fd = mkstemp(script);
    const char *text =
        "#!/bin/sh\necho \"newuidmap: uid range [$2-$4) -> [$3-x) not\tallowed\" >&2\nexit 1\n";
    (void)!write(fd, text, strlen(text));
    (void)fchmod(fd, 0700);
    close(fd);
    struct vl_idmap_line l = {0, 100000, 65536};
    is_int(vl_idmap_helper(script, 12345, &l, 1, msg, sizeof(msg)), -EPERM,
           "a helper that refuses");
    is_str(msg, "newuidmap: uid range [0-65536) -> [100000-x) not allowed",
           "its words, its arguments");
    is_int(vl_idmap_helper("/nonexistent", 1, &l, 1, msg, sizeof(msg)), -ENOENT, "no helper");
    unlink(script);
}

int main(void)
{
    enter();
    detached();
    old_calls();
    loopback();
    idmapped();
    helpers();
    return done_testing();
}
