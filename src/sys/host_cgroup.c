/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup hierarchies there are and where we are in them. cgroups(7).
 *
 * /proc/self/cgroup names hierarchies and our path; the mounts are looked for at the conventional
 * places only, so that a host with thousands of mounts costs nothing.
 */
#include "sys/host_cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/compat.h"

static bool is_fs(const char *path, long magic)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && (long)fs.f_type == magic;
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Our path below the mount. Where it does not exist there (a container that was given only its part
 * of the hierarchy, or a cgroup outside of our cgroup namespace) the mount's root is the nearest we
 * can reach. */
static char *own_path(const char *mount, const char *path)
{
    if (vl_streq(path, "/") || vl_starts_with(path, "/.."))
        return vl_strdup("/");
    cleanup_free char *full = vl_path_join(mount, path);
    return vl_strdup(is_dir(full) ? path : "/");
}

/* A hierarchy is mounted at path: a directory (no link) on another device than the one it lies in,
 * which is a tmpfs. Cheaper than asking for the file system's type, there are a dozen of them. */
static bool is_mount(const char *path, const dev_t *base_dev)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (base_dev == NULL || st.st_dev != *base_dev);
}

/* The mount of one v1 hierarchy, or NULL. It is named after all its controllers, in either order,
 * with links from the single ones ("cpu" -> "cpu,cpuacct"). */
static char *find_v1(const char *base, const dev_t *base_dev, const char *controllers)
{
    const char *p = controllers;
    cleanup_free char *whole = vl_path_join(base, controllers);
    char real[PATH_MAX];
    if (is_mount(whole, base_dev))
        return vl_take_ptr(whole);
    while (*p != '\0') {
        size_t n = strcspn(p, ",");
        cleanup_free char *one = vl_strndup(p, n);
        cleanup_free char *path = vl_path_join(base, one);
        if (realpath(path, real) != NULL && is_mount(real, base_dev))
            return vl_strdup(real);
        p += n;
        p += *p == ',';
    }
    return NULL;
}

static void add_v1(struct vl_host *h, const char *base, const dev_t *base_dev,
                   const char *controllers, const char *path)
{
    bool named = vl_starts_with(controllers, "name=");
    const char *what = named ? controllers + strlen("name=") : controllers;
    char *mount = find_v1(base, base_dev, what);
    if (mount == NULL)
        return;
    struct vl_cgroup_v1 *v = VL_APPEND(h->v1, h->n_v1);
    v->controllers = vl_strdup(what);
    v->mount = mount;
    v->own_path = own_path(mount, path);
    v->named = named;
}

static void set_v2(struct vl_host *h, const char *mount, const char *path)
{
    cleanup_free char *file = vl_path_join(mount, "cgroup.controllers");
    h->v2_mount = vl_strdup(mount);
    h->v2_own_path = own_path(mount, path);
    if (vl_slurp_at(AT_FDCWD, file, 4096, &h->v2_controllers, NULL) == 0)
        h->v2_controllers[strcspn(h->v2_controllers, "\n")] = '\0';
    else
        h->v2_controllers = vl_strdup("");
}

/* Calls for each "ID:CONTROLLERS:PATH". */
static void each_line(struct vl_host *h, const char *base, const dev_t *base_dev, const char *text,
                      const char *v2, bool v1)
{
    cleanup_free char *copy = vl_strdup(text);
    for (char *line = copy, *next; *line != '\0'; line = next) {
        size_t n = strcspn(line, "\n");
        next = line + n + (line[n] == '\n');
        line[n] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *controllers++ = '\0';
        *path++ = '\0';
        if (*controllers != '\0') {
            if (v1)
                add_v1(h, base, base_dev, controllers, path);
        } else if (v2 != NULL && vl_streq(line, "0") && h->v2_mount == NULL) {
            set_v2(h, v2, path);
        }
    }
}

void vl_host_read_cgroups(struct vl_host *h, const char *base, const char *proc_text, bool check)
{
    cleanup_free char *unified = vl_path_join(base, "unified");
    cleanup_free char *top = vl_path_join(base, "cgroup.controllers");
    bool pure = check ? is_fs(base, CGROUP2_SUPER_MAGIC) : access(top, F_OK) == 0;
    bool hybrid = !pure && (check ? is_fs(unified, CGROUP2_SUPER_MAGIC) : is_dir(unified));
    struct stat st;
    bool known = stat(base, &st) == 0;
    const dev_t *base_dev = check && known ? &st.st_dev : NULL;
    each_line(h, base, base_dev, proc_text, pure ? base : hybrid ? unified : NULL, !pure);
    if (pure)
        h->cgroup_mode = VL_CGROUP_V2;
    else if (h->n_v1 > 0)
        h->cgroup_mode = h->v2_mount ? VL_CGROUP_HYBRID : VL_CGROUP_V1;
    else
        h->cgroup_mode = h->v2_mount ? VL_CGROUP_HYBRID : VL_CGROUP_NONE;
}

void vl_host_gather_cgroups(struct vl_host *h)
{
    cleanup_free char *text = NULL;
    if (vl_slurp_at(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL) < 0)
        text = vl_strdup("");
    vl_host_read_cgroups(h, "/sys/fs/cgroup", text, true);
}
