/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals that need no other decision, each with its name (the error's rule). What is possible but would hurt the
 * host or mislead the user is refused here; what is wrong in itself is a CONFIG error elsewhere.
 */
#include "base/mem.h"
#include "plan/env.h"
#include "plan/planners.h"

/*
 * mount-in-proc: a volume over procfs would catch what is written there, security labels among it
 * (CVE-2019-16884). At /proc itself only procfs may come. Below it the files that sandboxes replace by tradition
 * (lxcfs, CRIU) stay allowed.
 */
static const char *const proc_files[] = {
    "/proc/cpuinfo",   "/proc/diskstats", "/proc/meminfo", "/proc/stat",   "/proc/swaps",
    "/proc/uptime",    "/proc/loadavg",   "/proc/slabinfo", "/proc/net/dev",
    "/proc/sys/kernel/ns_last_pid",       "/proc/sys/crypto/fips_enabled",
};

static bool is_bind(const struct oci_mount *m)
{
    if (m->type != NULL && vl_streq(m->type, "bind"))
        return true;
    for (size_t i = 0; i < m->n_options; i++)
        if (vl_streq(m->options[i], "bind") || vl_streq(m->options[i], "rbind"))
            return true;
    return false;
}

static bool is_allowed_in_proc(const struct oci_mount *m, const char *target)
{
    bool bind = is_bind(m);
    if (vl_streq(target, "/proc")) {
        cleanup_free char *source = vl_path_clean(m->source ? m->source : "");
        return bind ? vl_streq(source, "/proc") : m->type != NULL && vl_streq(m->type, "proc");
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(proc_files); i++)
        if (vl_streq(target, proc_files[i]))
            return true;
    /* a part of the host's procfs in the same place, as for shared pid namespaces */
    return bind && m->source != NULL && vl_streq(m->source, target);
}

static int check_mounts(struct vl_planner *p)
{
    const struct oci_config *c = p->spec->config;
    int r = 0;
    for (size_t i = 0; i < c->n_mounts; i++) {
        cleanup_free char *absolute = vl_path_join("/", c->mounts[i].destination);
        cleanup_free char *target = vl_path_clean(absolute);
        if (!vl_streq(target, "/proc") && !vl_starts_with(target, "/proc/"))
            continue;
        if (!is_allowed_in_proc(&c->mounts[i], target))
            r |= vl_pl_refused(p, "mount-in-proc", vl_pl_at(p, "mounts[%zu]", i),
                               "mount at `%s`: only procfs itself and a few of its files may be covered", target);
    }
    return r;
}

/*
 * cwd-in-proc: /proc/self/fd/N as working directory is a way out of the container when a descriptor leaks
 * (CVE-2024-21626). The stage checks where it is as well; here the intent is refused.
 */
static const char *skip_dots(const char *path)
{
    for (; *path == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '\0')); path++)
        ;
    return path;
}

static bool is_process(const char *name, size_t len)
{
    return strspn(name, "0123456789") == len || (len == 4 && strncmp(name, "self", len) == 0) ||
           (len == 11 && strncmp(name, "thread-self", len) == 0);
}

/* Something below /proc/PID; `..` is not resolved, because behind a magic link it leads elsewhere. */
static bool is_inside_process(const char *path)
{
    path = skip_dots(path);
    if (!vl_starts_with(path, "proc/"))
        return false;
    path = skip_dots(path + strlen("proc/"));
    size_t len = strcspn(path, "/");
    return len > 0 && is_process(path, len) && *skip_dots(path + len) != '\0';
}

int vl_pl_check_cwd(struct vl_planner *p, const char *cwd, const char *where)
{
    cleanup_free char *clean = vl_path_clean(cwd);
    if (is_inside_process(cwd) || is_inside_process(clean))
        return vl_pl_refused(p, "cwd-in-proc", where, "working directory `%s`: is inside a process's procfs", cwd);
    return 0;
}

int vl_plan_policy(struct vl_planner *p)
{
    int r = check_mounts(p);
    r |= vl_pl_check_cwd(p, vl_process_of(p)->cwd, "process.cwd");
    return r;
}
