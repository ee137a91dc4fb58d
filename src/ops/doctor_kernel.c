/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: kernel interfaces, namespaces and ids, cgroups, confinement. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "ops/doctor.h"
#include "sys/host.h"
#include "sys/probe.h"

/* -- kernel interfaces ------------------------------------------------------------------------- */

static void interfaces(struct vl_doctor *d, const struct vl_host *h)
{
#define CALL(member) offsetof(struct vl_host, member)
    static const struct {
        const char *name;
        size_t member;
        const char *since, *otherwise;
    } calls[] = {
        {"openat2", CALL(openat2), "5.6", "paths are walked component by component"},
        {"clone3", CALL(clone3), "5.3", "clone is used, and no time namespace can be made"},
        {"clone into cgroup", CALL(clone_into_cgroup), "5.7",
         "the process is moved into its cgroup"},
        {"new mount API", CALL(new_mount_api), "5.2", "mount(2) is used"},
        {"mount_setattr", CALL(mount_setattr), "5.12",
         "mounts are remounted; recursive attributes are refused"},
        {"id-mapped mounts", CALL(idmap_mounts), "5.12", "mounts with mappings are refused"},
        {"close_range", CALL(close_range), "5.9", "descriptors are closed one by one"},
        {"pidfd_open", CALL(pidfd_open), "5.3", "processes are told apart by pid and start time"},
        {"pidfd_getfd", CALL(pidfd_getfd), "5.6", "seccomp listeners cannot be fetched"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(calls); i++) {
        bool there = *(const bool *)((const char *)h + calls[i].member);
        cleanup_free char *remedy = vl_asprintf(
            "use Linux %s or newer, and no filter around veloci that forbids it", calls[i].since);
        vl_doctor_add(d, "kernel", calls[i].name, there ? VL_FOUND : VL_LIMITED, remedy, "%s",
                      there ? "" : calls[i].otherwise);
    }
}

/* -- namespaces and ids ------------------------------------------------------------------------ */

/* The settings by which distributions keep user namespaces from ordinary users. */
static const char *userns_barrier(bool *ret_bites)
{
    int64_t n;
    *ret_bites = true;
    if (vl_probe_number("/proc/sys/user/max_user_namespaces", &n) == 0 && n == 0)
        return "sysctl user.max_user_namespaces=15000";
    if (vl_probe_number("/proc/sys/kernel/unprivileged_userns_clone", &n) == 0 && n == 0)
        return "sysctl kernel.unprivileged_userns_clone=1";
    *ret_bites = false;
    if (vl_probe_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &n) == 0 &&
        n == 1)
        return "load an AppArmor profile for veloci with the rule `userns,`, or sysctl "
               "kernel.apparmor_restrict_unprivileged_userns=0";
    return NULL;
}

static void user_namespace(struct vl_doctor *d, const struct vl_host *h)
{
    bool bites, privileged = vl_doctor_is_privileged(h);
    const char *barrier = userns_barrier(&bites);
    int r = h->ns_user ? vl_probe_userns() : -ENOSYS;
    struct vl_finding *f;
    if (r < 0)
        f = vl_doctor_add(d, "namespaces", "user", VL_MISSING,
                          barrier != NULL && bites
                              ? barrier
                              : "use a kernel with CONFIG_USER_NS, and no filter that forbids it",
                          "cannot be made: %s", strerror(-r));
    else if (!privileged && barrier != NULL && !bites)
        f = vl_doctor_add(d, "namespaces", "user", VL_LIMITED, barrier,
                          "AppArmor takes the rights of those who make one");
    else
        f = vl_doctor_add(d, "namespaces", "user", VL_FOUND, NULL, "made for a try");
    f->needed = !privileged;
}

static void namespaces(struct vl_doctor *d, const struct vl_host *h)
{
    static const struct {
        const char *name, *limit;
    } kinds[] = {{"mount", "mnt"}, {"pid", "pid"},       {"network", "net"}, {"ipc", "ipc"},
                 {"uts", "uts"},   {"cgroup", "cgroup"}, {"time", "time"}};
    user_namespace(d, h);
    for (size_t i = 0; i < VL_ARRAY_LEN(kinds); i++) {
        cleanup_free char *link = vl_asprintf("/proc/self/ns/%s", kinds[i].limit);
        cleanup_free char *limit = vl_asprintf("/proc/sys/user/max_%s_namespaces", kinds[i].limit);
        cleanup_free char *remedy =
            vl_asprintf("sysctl user.max_%s_namespaces=15000", kinds[i].limit);
        int64_t n = -1;
        if (access(link, F_OK) < 0)
            vl_doctor_add(d, "namespaces", kinds[i].name, VL_MISSING, "use a kernel that has it",
                          "not in this kernel");
        else if (vl_probe_number(limit, &n) == 0 && n == 0)
            vl_doctor_add(d, "namespaces", kinds[i].name, VL_MISSING, remedy, "none may be made");
        else
            vl_doctor_add(d, "namespaces", kinds[i].name, VL_FOUND, NULL, "%s", "");
    }
    d->finding[d->n - VL_ARRAY_LEN(kinds)].needed = true; /* mount */
}

/* Set-user-id, or with the capability to write maps. */
static bool is_privileged_program(const char *path)
{
    struct stat st;
    char value[64];
    return (stat(path, &st) == 0 && (st.st_mode & S_ISUID) && st.st_uid == 0) ||
           getxattr(path, "security.capability", value, sizeof(value)) > 0;
}

static void helper(struct vl_doctor *d, const char *name, const char *path)
{
    if (path == NULL)
        vl_doctor_add(d, "ids", name, VL_MISSING, "install uidmap (Debian) or shadow-utils",
                      "not found, so only the own id can be mapped");
    else if (!is_privileged_program(path))
        vl_doctor_add(d, "ids", name, VL_LIMITED, "install it again: it lost its rights",
                      "%s has no rights of its own", path);
    else
        vl_doctor_add(d, "ids", name, VL_FOUND, NULL, "%s", path);
}

static void ranges(struct vl_doctor *d, const struct vl_host *h, const char *file,
                   const struct vl_subid *v, size_t n)
{
    uint64_t count = 0;
    cleanup_free char *remedy = vl_asprintf("usermod --add-sub%ss 100000-165535 %s",
                                            vl_ends_with(file, "uid") ? "uid" : "gid",
                                            h->user_name ? h->user_name : "USER");
    for (size_t i = 0; i < n; i++)
        count += v[i].count;
    if (n == 0)
        vl_doctor_add(d, "ids", file, VL_MISSING, remedy,
                      "has no range for this user: only the own id can be mapped");
    else
        vl_doctor_add(d, "ids", file, count < 65536 ? VL_LIMITED : VL_FOUND, remedy,
                      "%llu ids from %u on", (unsigned long long)count, (unsigned)v[0].start);
}

static void ids(struct vl_doctor *d, const struct vl_host *h)
{
    if (vl_doctor_is_privileged(h)) {
        uint64_t n = 0;
        for (size_t i = 0; i < h->n_own_uid_map; i++)
            n += h->own_uid_map[i].size;
        vl_doctor_add(d, "ids", "mappable", n < 65536 ? VL_LIMITED : VL_FOUND,
                      "map more ids into the user namespace that veloci runs in",
                      "%llu user ids can be given to containers", (unsigned long long)n);
        return;
    }
    helper(d, "newuidmap", h->newuidmap);
    helper(d, "newgidmap", h->newgidmap);
    ranges(d, h, "/etc/subuid", h->subuids, h->n_subuids);
    ranges(d, h, "/etc/subgid", h->subgids, h->n_subgids);
}

void vl_doctor_kernel(struct vl_doctor *d, const struct vl_host *h)
{
    interfaces(d, h);
    namespaces(d, h);
    ids(d, h);
}

/* -- cgroups ----------------------------------------------------------------------------------- */

static const char cgroups[] = "cgroups";

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; p != NULL && (p = strstr(p, word)) != NULL; p++)
        if ((p == list || p[-1] == ' ' || p[-1] == ',') &&
            strchr(" ,\n", p[n]) != NULL) /* the NUL counts as found */
            return true;
    return false;
}

static bool has_controller(const struct vl_host *h, const char *v2, const char *v1, const char *own)
{
    if (own != NULL && has_word(own, v2))
        return true;
    for (size_t i = 0; i < h->n_v1; i++)
        if (!h->v1[i].named && has_word(h->v1[i].controllers, v1))
            return true;
    return false;
}

/* What keeps a controller away, by /proc/cgroups (name, hierarchy of v1 or 0, groups, enabled).
 * otherwise: when that says nothing; newer kernels list there only what v1 may have. */
static const char *controller_remedy(const char *table, const char *name, const char *otherwise)
{
    cleanup_free char *start = vl_asprintf("\n%s\t", name);
    const char *line = table != NULL ? strstr(table, start) : NULL;
    unsigned hierarchy, enabled;
    if (line == NULL || sscanf(line + strlen(start), "%u\t%*u\t%u", &hierarchy, &enabled) != 2)
        return otherwise;
    if (enabled == 0)
        return "boot without cgroup_disable= for it, or with cgroup_enable=";
    return hierarchy != 0
               ? "unmount the hierarchy of version 1 that has it, or boot with cgroup_no_v1=all"
               : otherwise;
}

static void controllers(struct vl_doctor *d, const struct vl_host *h, const char *own)
{
    static const struct {
        const char *v2, *v1, *remedy;
    } wanted[] = {{"memory", "memory", "boot with cgroup_enable=memory"},
                  {"cpu", "cpu", "use a kernel with CONFIG_CGROUP_SCHED"},
                  {"cpuset", "cpuset", "use a kernel with CONFIG_CPUSETS"},
                  {"io", "blkio", "use a kernel with CONFIG_BLK_CGROUP"},
                  {"pids", "pids", "use a kernel with CONFIG_CGROUP_PIDS"}};
    bool root = vl_doctor_is_privileged(h);
    cleanup_free char *table = NULL;
    (void)vl_slurp_at(AT_FDCWD, "/proc/cgroups", 65536, &table, NULL);
    for (size_t i = 0; i < VL_ARRAY_LEN(wanted); i++) {
        bool there = has_controller(h, wanted[i].v2, wanted[i].v1, own);
        vl_doctor_add(d, cgroups, wanted[i].v2, there ? VL_FOUND : VL_MISSING,
                      root ? controller_remedy(table, wanted[i].v1, wanted[i].remedy)
                           : "systemd: Delegate=yes for user@.service, then log in again",
                      "%s", there ? "" : "containers that limit it are refused");
    }
}

static void own_cgroup(struct vl_doctor *d, const struct vl_host *h)
{
    cleanup_free char *dir = h->v2_mount != NULL ? vl_path_join(h->v2_mount, h->v2_own_path + 1)
                             : h->n_v1 > 0 ? vl_path_join(h->v1[0].mount, h->v1[0].own_path + 1)
                                           : vl_strdup("");
    bool writable = access(dir, W_OK) == 0;
    vl_doctor_add(
        d, cgroups, "own cgroup", writable ? VL_FOUND : VL_LIMITED,
        "log in through systemd, or have a cgroup delegated to this user (docs/cgroups.md)", "%s%s",
        dir, writable ? "" : " cannot be written: containers stay in it, without limits");
}

void vl_doctor_cgroups(struct vl_doctor *d, const struct vl_host *h)
{
    static const char *const modes[] = {[VL_CGROUP_NONE] = "none",
                                        [VL_CGROUP_V1] = "version 1",
                                        [VL_CGROUP_V2] = "version 2",
                                        [VL_CGROUP_HYBRID] = "version 1, and 2 beside it"};
    cleanup_free char *own = NULL;
    struct vl_error *e = NULL;
    int r = 0;
    vl_doctor_add(d, cgroups, "mode", h->cgroup_mode == VL_CGROUP_NONE ? VL_MISSING : VL_FOUND,
                  "mount -t cgroup2 none /sys/fs/cgroup", "%s", modes[h->cgroup_mode]);
    if (h->cgroup_mode == VL_CGROUP_NONE)
        return;
    if (h->v2_mount != NULL) {
        cleanup_free char *dir = vl_path_join(h->v2_mount, h->v2_own_path + 1);
        cleanup_free char *path =
            vl_path_join(vl_doctor_is_privileged(h) ? h->v2_mount : dir, "cgroup.controllers");
        (void)vl_slurp_at(AT_FDCWD, path, 4096, &own, NULL);
    }
    controllers(d, h, own);
    own_cgroup(d, h);
    bool driver = vl_cgroup_manager_check(VL_CGM_SYSTEMD, &e) == 0;
    bool systemd = driver && vl_cgroup_systemd_check(h, &e) == 0;
    cleanup_free char *why = e ? vl_error_text(e) : NULL;
    vl_err_drop(&e, "the systemd cgroup driver");
    vl_doctor_add(d, cgroups, "systemd driver", systemd ? VL_FOUND : VL_MISSING,
                  driver ? "boot with systemd, and log in through it, to use --systemd-cgroup" : "use the cgroupfs driver",
                  "%s", why ? why : "");
    if (vl_doctor_is_privileged(h) && h->v2_mount != NULL)
        r = vl_probe_cgroup_bpf();
    if (r < 0)
        vl_doctor_add(d, cgroups, "device rules", VL_MISSING, "use a kernel with CONFIG_CGROUP_BPF",
                      "programs for them cannot be loaded: %s", strerror(-r));
    else if (vl_doctor_is_privileged(h))
        vl_doctor_add(d, cgroups, "device rules", VL_FOUND, NULL, "%s", "");
}

/* -- confinement ------------------------------------------------------------------------------- */

static const char confinement[] = "confinement";

static void seccomp(struct vl_doctor *d, const struct vl_host *h)
{
    bool flags = (h->seccomp_flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW) != 0;
    bool all = h->seccomp_user_notif && h->seccomp_log && h->seccomp_kill_process && flags;
    if (!h->seccomp)
        vl_doctor_add(d, confinement, "seccomp", VL_MISSING,
                      "use a kernel with CONFIG_SECCOMP_FILTER",
                      "containers with a profile, which engines ask for, are refused");
    else
        vl_doctor_add(d, confinement, "seccomp", all ? VL_FOUND : VL_LIMITED,
                      "use Linux 5.0 or newer", "filters%s%s%s",
                      h->seccomp_user_notif ? ", notifications" : "", h->seccomp_log ? ", log" : "",
                      h->seccomp_kill_process ? ", kill process" : "");
}

void vl_doctor_confinement(struct vl_doctor *d, const struct vl_host *h)
{
    cleanup_free char *lsms = NULL;
    seccomp(d, h);
    if (h->landlock_abi > 0)
        vl_doctor_add(d, confinement, "Landlock", VL_FOUND, NULL, "ABI %d", h->landlock_abi);
    else
        vl_doctor_add(d, confinement, "Landlock", VL_MISSING,
                      "use Linux 5.13 or newer with landlock in CONFIG_LSM, or lsm=",
                      "not in this kernel or switched off");
    vl_doctor_add(d, confinement, "AppArmor", h->apparmor ? VL_FOUND : VL_MISSING,
                  "boot with apparmor=1 security=apparmor, if profiles are wanted", "%s",
                  h->apparmor ? "" : "containers with a profile are refused");
    vl_doctor_add(d, confinement, "SELinux", h->selinux ? VL_FOUND : VL_MISSING,
                  "boot with selinux=1 security=selinux, if labels are wanted", "%s",
                  h->selinux ? "" : "containers with a label are refused");
    if (vl_probe_lsms(&lsms) == 0)
        vl_doctor_add(d, confinement, "security modules", VL_FOUND, NULL, "%.*s",
                      (int)strcspn(lsms, "\n"), lsms);
    else
        vl_doctor_add(d, confinement, "security modules", VL_LIMITED,
                      "mount -t securityfs none /sys/kernel/security",
                      "the kernel does not tell which there are");
}
