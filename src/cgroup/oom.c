/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are killed because their cgroup is out of memory: counted, told, waited for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/mem.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"
#include "sys/fd.h"

void vl_oom_watch_close(struct vl_oom_watch *w)
{
    vl_cleanup_fd(&w->event);
    vl_cleanup_fd(&w->file);
}

/* cgroup-v1/memory.rst, "OOM Control": "EVENTFD FILE" into cgroup.event_control. */
static int watch_v1(const char *dir, struct vl_oom_watch *w)
{
    cleanup_free char *path = vl_path_join(dir, "memory.oom_control");
    w->file = vl_open_at(AT_FDCWD, path, O_RDONLY, 0);
    if (w->file < 0)
        return w->file;
    w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event < 0)
        return -errno;
    cleanup_free char *text = vl_asprintf("%d %d", w->event, w->file);
    return vl_cg_write_in(dir, "cgroup.event_control", text);
}

int vl_cgroup_oom_watch(const struct vl_cgroup *cg, struct vl_oom_watch *ret,
                        struct vl_error **err)
{
    const char *v1 = vl_cg_v1_dir(cg, "memory"), *dir = v1 ? v1 : vl_cg_unified(cg);
    cleanup(oom_watch) struct vl_oom_watch w = VL_OOM_WATCH_INIT;
    int r = 0;
    if (dir == NULL)
        return 0;
    if (v1) {
        r = watch_v1(v1, &w);
    } else {
        cleanup_free char *path = vl_path_join(dir, "memory.events");
        w.file = vl_open_at(AT_FDCWD, path, O_RDONLY, 0);
        r = w.file < 0 && w.file != -ENOENT ? w.file : 0; /* no memory controller here */
    }
    if (r < 0)
        return vl_err_sys(err, r, "watch cgroup `%s` for a lack of memory", dir);
    *ret = w;
    w = (struct vl_oom_watch)VL_OOM_WATCH_INIT;
    return 0;
}

/* A group that is killed together is counted process by process, but the one it began with twice
 * (mm/oom_kill.c, oom_kill_process); the number of groups is known from Linux 5.17 on. */
static uint64_t count_kills(const char *text)
{
    uint64_t kills = 0, groups = 0;
    (void)vl_cg_keyed(text, "oom_kill", &kills);
    (void)vl_cg_keyed(text, "oom_group_kill", &groups);
    return groups < kills ? kills - groups : 0;
}

int vl_oom_fd(const struct vl_oom_watch *w, short *ret_events)
{
    *ret_events = w->event >= 0 ? POLLIN : POLLPRI;
    return w->event >= 0 ? w->event : w->file;
}

uint64_t vl_oom_read(const struct vl_oom_watch *w)
{
    char text[1024];
    uint64_t n = 0;
    if (w->event >= 0)
        (void)!read(w->event, &n, sizeof(n));
    n = 0;
    ssize_t len = w->file < 0 ? -1 : pread(w->file, text, sizeof(text) - 1, 0);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    return count_kills(text);
}

uint64_t vl_cgroup_oom_kills(struct vl_cgroup *cg)
{
    char text[1024];
    uint64_t n = 0;
    const char *memory = vl_cg_v1_dir(cg, "memory"), *dir = memory ? memory : vl_cg_unified(cg);
    if (dir &&
        vl_cg_read_in(dir, memory ? "memory.oom_control" : "memory.events", text, sizeof(text)) > 0)
        n = count_kills(text);
    return n;
}

void vl_cgroup_note_oom(struct vl_cgroup *cg, struct vl_error **err)
{
    enum { SMALL = 1 << 20 }; /* bytes; below, not even an exec may be possible */
    uint64_t kills = vl_cgroup_oom_kills(cg);
    int64_t limit = vl_cgroup_memory_limit(cg);
    int error = *err ? vl_error_errno(*err) : 0;
    if (*err == NULL)
        return;
    if (kills > 0 && limit > 0)
        vl_err_ctx(err, "OOM-killed: the memory limit of %lld bytes is too low (kills: %llu)",
                   (long long)limit, (unsigned long long)kills);
    else if (kills > 0)
        vl_err_ctx(err, "OOM-killed: the host or a cgroup above is out of memory (kills: %llu)",
                   (unsigned long long)kills);
    else if (limit > 0 && limit < SMALL && (error == ENOMEM || error == E2BIG))
        vl_err_ctx(err, "the memory limit of %lld bytes is too low", (long long)limit);
}
