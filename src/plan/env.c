/* SPDX-License-Identifier: Apache-2.0 */
/* The workload's environment. config.md#process (`env`), sd_listen_fds(3), sd_notify(3). */
#include "plan/env.h"

#include "base/mem.h"
#include "plan/mounts.h"

/* FNV-1a of the name. */
static size_t hash(const char *entry, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)entry[i]) * 16777619u;
    return h;
}

/* Adds the name of an entry to an open hash table of mask + 1 slots; false when it is there. */
static bool add_name(const char **table, size_t mask, const char *entry)
{
    size_t len = strcspn(entry, "=");
    size_t i = hash(entry, len) & mask;
    for (; table[i] != NULL; i = (i + 1) & mask)
        if (strncmp(table[i], entry, len) == 0 && strcspn(table[i], "=") == len)
            return false;
    table[i] = entry;
    return true;
}

/* Marks in keep[] the last entry of each name; programs would find the first of two. */
static void mark_last(char *const *env, size_t n, bool *keep)
{
    size_t size = 16;
    while (size / 2 <= n)
        size *= 2;
    const char **table = vl_alloc(size * sizeof(table[0]));
    for (size_t i = n; i-- > 0;)
        keep[i] = add_name(table, size - 1, env[i]);
    free(table);
}

static bool has_name(const char *entry, const char *name)
{
    size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* What veloci itself sets is not taken from config.json. */
static bool is_ours(const struct vl_planner *p, const char *entry)
{
    if (p->opts->listen_fds > 0 && (has_name(entry, "LISTEN_FDS") || has_name(entry, "LISTEN_PID") ||
                                    has_name(entry, "LISTEN_FDNAMES")))
        return true;
    return p->notify && has_name(entry, "NOTIFY_SOCKET");
}

/* One name for each descriptor, between colons; others would be taken for those of config.json's program. */
static bool are_names(const char *names, uint32_t n)
{
    if (names == NULL)
        return false;
    for (; *names != '\0'; names++) {
        n -= *names == ':';
        if ((unsigned char)*names < ' ' || *names == 0x7f)
            return false;
    }
    return n == 1;
}

bool vl_env_build(struct vl_planner *p, const struct oci_process *process, struct vl_strv *ret)
{
    bool home = false;
    bool *keep = vl_alloc(process->n_env + 1);
    mark_last(process->env, process->n_env, keep);
    for (size_t i = 0; i < process->n_env; i++) {
        const char *e = process->env[i];
        if (!keep[i] || is_ours(p, e) || vl_streq(e, "HOME="))
            continue;
        home |= has_name(e, "HOME");
        vl_strv_add(ret, e);
    }
    if (p->opts->listen_fds > 0) {
        vl_strv_addf(ret, "LISTEN_FDS=%u", p->opts->listen_fds);
        vl_strv_add(ret, "LISTEN_PID=1");
        if (are_names(p->opts->listen_fdnames, p->opts->listen_fds))
            vl_strv_addf(ret, "LISTEN_FDNAMES=%s", p->opts->listen_fdnames);
    }
    if (p->notify)
        vl_strv_add(ret, "NOTIFY_SOCKET=" VL_NOTIFY_DIR "/notify.sock");
    free(keep);
    return home;
}
