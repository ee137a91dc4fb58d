/* SPDX-License-Identifier: Apache-2.0 */
/* The workload's environment. config.md#process (`env`), sd_listen_fds(3), sd_notify(3). */
#include "plan/env.h"

#include "base/mem.h"
#include "plan/mounts.h"

struct var {
    const char *text;
    size_t name_len;
    size_t index;
};

static int by_name_then_index(const void *a, const void *b)
{
    const struct var *x = a, *y = b;
    size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
    int r = strncmp(x->text, y->text, n);
    if (r == 0)
        r = x->name_len < y->name_len ? -1 : x->name_len > y->name_len;
    return r ? r : x->index < y->index ? -1 : x->index > y->index;
}

static bool same_name(const struct var *a, const struct var *b)
{
    return a->name_len == b->name_len && strncmp(a->text, b->text, a->name_len) == 0;
}

/* Marks in keep[] the last entry of each name; programs would find the first of two. */
static void mark_last(char *const *env, size_t n, bool *keep)
{
    struct var *vars = vl_realloc_array(NULL, n + 1, sizeof(vars[0]));
    for (size_t i = 0; i < n; i++)
        vars[i] = (struct var){env[i], strcspn(env[i], "="), i};
    qsort(vars, n, sizeof(vars[0]), by_name_then_index);
    for (size_t i = 0; i < n; i++)
        keep[vars[i].index] = i + 1 == n || !same_name(&vars[i], &vars[i + 1]);
    free(vars);
}

static bool has_name(const char *entry, const char *name)
{
    size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* What veloci itself sets is not taken from config.json. */
static bool is_ours(const struct vl_planner *p, const char *entry)
{
    if (p->opts->listen_fds > 0 && (has_name(entry, "LISTEN_FDS") || has_name(entry, "LISTEN_PID")))
        return true;
    return p->opts->notify && has_name(entry, "NOTIFY_SOCKET");
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
    }
    if (p->opts->notify)
        vl_strv_add(ret, "NOTIFY_SOCKET=" VL_NOTIFY_DIR "/notify.sock");
    free(keep);
    return home;
}
