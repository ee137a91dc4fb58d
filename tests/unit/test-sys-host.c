/* SPDX-License-Identifier: Apache-2.0 */
/* sys/host: facts of this machine, cgroup layouts made up in directories; sys/idmap's reader of
 * subordinate ids. */
#include "sys/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/cred.h"
#include "sys/host_cgroup.h"
#include "sys/idmap.h"
#include "tap.h"

static void facts(void)
{
    cleanup(host) struct vl_host h = {0};
    setenv("XDG_RUNTIME_DIR", "", 1);
    is_int(vl_host_gather(&h), 0, "gathered");
    ok(h.xdg_runtime_dir == NULL, "an empty variable is an unset one");
    is_int(h.euid, geteuid(), "effective user");
    ok(h.last_cap >= 37 && h.last_cap < 64, "last capability: %d", h.last_cap);
    char text[16] = "";
    int fd = open("/proc/sys/kernel/cap_last_cap", O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
        is_int(h.last_cap, atoi(text), "as the kernel's file says");
    vl_close(fd);
    ok((h.caps_bounding & ~((UINT64_C(2) << h.last_cap) - 1)) == 0,
       "bounding set has no more bits");
    is_int(h.page_size, sysconf(_SC_PAGESIZE), "page size");
    ok(h.nr_cpus >= 1, "processors: %d", h.nr_cpus);
    ok(h.n_own_uid_map >= 1 && h.own_uid_map[0].size >= 1, "own map");
    struct utsname u;
    ok(uname(&u) == 0 && vl_streq(h.kernel_release, u.release), "release");
    ok(h.cgroup_mode == VL_CGROUP_NONE || h.v2_mount != NULL || h.n_v1 > 0, "cgroups");
    diag("openat2 %d clone3 %d into_cgroup %d newmount %d setattr %d close_range %d/%d getfd %d "
         "statmount %d",
         h.openat2, h.clone3, h.clone_into_cgroup, h.new_mount_api, h.mount_setattr, h.close_range,
         h.close_range_cloexec, h.pidfd_getfd, h.statmount);
    diag("memfd exec flag %d ok %d, ns user %d cgroup %d time %d, landlock %d, seccomp %d notif %d "
         "flags %x",
         h.memfd_exec_flag, h.memfd_exec_ok, h.ns_user, h.ns_cgroup, h.ns_time, h.landlock_abi,
         h.seccomp, h.seccomp_user_notif, h.seccomp_flags);
    diag("cgroup mode %d, v2 %s own %s controllers `%s`, %zu v1", h.cgroup_mode,
         h.v2_mount ? h.v2_mount : "-", h.v2_own_path ? h.v2_own_path : "-",
         h.v2_controllers ? h.v2_controllers : "", h.n_v1);
    for (size_t i = 0; i < h.n_v1; i++)
        diag("v1 %s at %s own %s%s", h.v1[i].controllers, h.v1[i].mount, h.v1[i].own_path,
             h.v1[i].named ? " named" : "");
    for (size_t i = 0; i < h.n_hugepage_sizes; i++)
        diag("huge pages of %s", h.hugepage_sizes[i]);
    is_int(vl_host_gather_subids(&h), 0, "subordinate ids");
    diag("user %s, %zu and %zu ranges, %s %s", h.user_name ? h.user_name : "-", h.n_subuids,
         h.n_subgids, h.newuidmap ? h.newuidmap : "-", h.newgidmap ? h.newgidmap : "-");
}

static void switched_off(void)
{
    cleanup(host) struct vl_host h = {0};
    setenv("VELOCI_DISABLE",
           "openat2,clone3,into_cgroup,mount_setattr,newmount,close_range,pidfd_getfd,memfd_exec,"
           "landlock,timens",
           1);
    (void)vl_host_gather(&h);
    unsetenv("VELOCI_DISABLE");
    ok(!h.openat2 && !h.clone3 && !h.clone_into_cgroup && !h.mount_setattr && !h.new_mount_api &&
           !h.close_range && !h.close_range_cloexec && !h.pidfd_getfd && !h.memfd_exec_ok &&
           h.landlock_abi == 0 && !h.ns_time && !h.idmap_mounts,
       "VELOCI_DISABLE switches facts off");
}

static void cost(void)
{
    double best = 1e9;
    for (int i = 0; i < 20; i++) {
        struct timespec a, b;
        struct vl_host h = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &a);
        (void)vl_host_gather(&h);
        (void)clock_gettime(CLOCK_MONOTONIC, &b);
        vl_host_reset(&h);
        double us = (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
        best = us < best ? us : best;
    }
    diag("gathering takes %.1f microseconds", best);
    ok(best < 5000, "gathering is not slow");
}

static char top[] = "/tmp/veloci-test-XXXXXX";

static void make(const char *path, const char *content)
{
    char *full = vl_path_join(top, path);
    if (content == NULL)
        (void)!mkdir(full, 0755);
    else
        (void)vl_replace_file(full, content, strlen(content), 0644);
    free(full);
}

static void is_v1(const struct vl_host *h, const char *controllers, const char *mount,
                  const char *own)
{
    for (size_t i = 0; i < h->n_v1; i++) {
        if (!vl_streq(h->v1[i].controllers, controllers))
            continue;
        char *want = vl_path_join(top, mount);
        is_str(h->v1[i].mount, want, "mount of %s", controllers);
        is_str(h->v1[i].own_path, own, "our path in %s", controllers);
        free(want);
        return;
    }
    ok(false, "%s is there", controllers);
}

static void cgroup_layouts(void)
{
    if (mkdtemp(top) == NULL)
        abort();
    char real[PATH_MAX]; /* /tmp may be a link */
    (void)!realpath(top, real);
    cleanup(host) struct vl_host h = {0};
    make("cpu,cpuacct", NULL);
    make("cpu,cpuacct/user", NULL);
    make("memory", NULL);
    make("systemd", NULL);
    make("pids", NULL);
    make("net_prio,net_cls", NULL);
    char *link = vl_path_join(top, "net_cls");
    (void)!symlink("net_prio,net_cls", link);
    free(link);
    const char *v1 =
        "12:cpu,cpuacct:/user\n11:net_cls,net_prio:/\n9:memory:/docker/abc\n8:pids:/../..\n"
        "7:rdma:/\n1:name=systemd:/\nrubbish\n0::/x\n";
    vl_host_read_cgroups(&h, real, v1, false);
    is_int(h.cgroup_mode, VL_CGROUP_V1, "v1");
    is_int(h.n_v1, 5, "what is not mounted is left out");
    is_v1(&h, "cpu,cpuacct", "cpu,cpuacct", "/user");
    is_v1(&h, "net_cls,net_prio", "net_prio,net_cls", "/");
    is_v1(&h, "memory", "memory", "/");
    is_v1(&h, "pids", "pids", "/");
    is_v1(&h, "systemd", "systemd", "/");
    ok(h.n_v1 == 5 && h.v1[4].named && !h.v1[0].named, "named hierarchies are told apart");
    ok(h.v2_mount == NULL, "no cgroup2");
    vl_host_reset(&h);

    make("unified", NULL);
    make("unified/x", NULL);
    make("unified/cgroup.controllers", "\n");
    vl_host_read_cgroups(&h, real, v1, false);
    is_int(h.cgroup_mode, VL_CGROUP_HYBRID, "hybrid");
    ok(h.v2_mount != NULL && vl_ends_with(h.v2_mount, "/unified") && vl_streq(h.v2_own_path, "/x"),
       "its cgroup2");
    is_str(h.v2_controllers, "", "has no controllers");
    vl_host_reset(&h);

    make("cgroup.controllers", "cpu io memory pids\n");
    make("user.slice", NULL);
    vl_host_read_cgroups(&h, real, "0::/user.slice\n", false);
    is_int(h.cgroup_mode, VL_CGROUP_V2, "v2");
    is_str(h.v2_mount, real, "its mount");
    is_str(h.v2_own_path, "/user.slice", "our path");
    is_str(h.v2_controllers, "cpu io memory pids", "controllers");
    vl_host_reset(&h);
    vl_host_read_cgroups(&h, "/nonexistent", v1, false);
    is_int(h.cgroup_mode, VL_CGROUP_NONE, "nothing mounted");
    vl_host_reset(&h);
    vl_host_read_cgroups(&h, "/proc", "", true);
    is_int(h.cgroup_mode, VL_CGROUP_NONE, "another file system there");
    char *rm = vl_asprintf("rm -rf %s", top);
    (void)!system(rm);
    free(rm);
}

static void subordinate_ids(void)
{
    struct vl_subid *r = NULL;
    size_t n = 0;
    const char *text =
        "# comment\n\nroot:1:2\nalice:100000:65536\nbob:165536:65536\n1000:300000:1000\n"
        "alice:400000:10 "
        "\nalice:x:1\nalice:1\nalice:4294967295:1\nalice:5:0\nalice:4000000000:600000000\n"
        "alice:500000:7:\n:1:1\nalice:600000:3";
    vl_subid_parse(text, "alice", 1000, &r, &n);
    static const struct vl_subid want[] = {
        {100000, 65536}, {300000, 1000}, {400000, 10}, {600000, 3}};
    is_int(n, 4, "all ranges of a user, by name and by number; bad lines are skipped");
    bool same = n == 4;
    for (size_t i = 0; same && i < n; i++)
        same = r[i].start == want[i].start && r[i].count == want[i].count;
    ok(same, "in order");
    free(r);
    r = NULL;
    n = 0;
    vl_subid_parse(text, NULL, 1000, &r, &n);
    is_int(n, 1, "by number alone");
    free(r);
    r = NULL;
    n = 0;
    vl_subid_parse("", "alice", 1000, &r, &n);
    ok(n == 0 && r == NULL, "an empty file");
}

static void users(void)
{
    char path[] = "/tmp/veloci-test-XXXXXX";
    int fd = mkstemp(path);
    const char *text = "root:x:0:0::/:/bin/sh\n# "
                       "c\n:x:5::\nbroken\na:x:1000:1000\nb:x:1000:1000:::\nc:x:01x:1::\nd:x:7:1";
    (void)!write(fd, text, strlen(text));
    close(fd);
    char *name = NULL;
    ok(vl_passwd_name(path, 1000, &name) == 0 && vl_streq(name, "a"), "the first of that number");
    free(name);
    ok(vl_passwd_name(path, 7, &name) == 0 && vl_streq(name, "d"), "no newline at the end");
    free(name);
    is_int(vl_passwd_name(path, 5, &name), -ENOENT, "no name");
    is_int(vl_passwd_name(path, 1, &name), -ENOENT, "no number");
    unlink(path);
    is_int(vl_passwd_name(path, 0, &name), -ENOENT, "no file");
}

int main(void)
{
    facts();
    switched_off();
    cost();
    cgroup_layouts();
    subordinate_ids();
    users();
    return done_testing();
}
