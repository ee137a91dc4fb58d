/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: statistics now and then, and each process that was killed for memory.
 *
 * No lock is held: they may go on for as long as the container runs. The end is told by its first
 * process; the kernel counts a kill before it sends the signal, so a last look at the count after
 * the end misses none.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "base/json.h"
#include "base/log.h"
#include "cgroup/stats.h"
#include "ops/ops.h"
#include "ops/record_make.h"

/* The kernel tells of an OOM on v1 before it has counted the kill. */
enum { V1_LOOK_AGAIN_MS = 20, V1_LOOKS = 10 };

struct events {
    const char *id;
    struct vl_cgroup *cg;
    struct vl_oom_watch watch;
    uint64_t kills;
    int looks; /* v1: still to come */
    vl_events_sink *sink;
    void *ctx;
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* stats NULL: the event has no data. */
static int emit(struct events *e, const char *type, const struct vl_stats *stats,
                struct vl_error **err)
{
    struct vl_json *j = vl_json_new(NULL);
    size_t len;
    vl_json_obj(j);
    vl_json_kv_str(j, "type", type);
    vl_json_kv_str(j, "id", e->id);
    if (stats != NULL) {
        vl_json_key(j, "data");
        vl_stats_json(j, stats);
    }
    vl_json_end_obj(j);
    cleanup_free char *line = vl_json_take(j, &len);
    return e->sink(e->ctx, line, len, err);
}

static int emit_stats(struct events *e, struct vl_error **err)
{
    cleanup(stats) struct vl_stats s = {.pids = {0, 0}};
    return vl_cgroup_stats(e->cg, &s, err) < 0 ? -1 : emit(e, "stats", &s, err);
}

static int emit_kills(struct events *e, struct vl_error **err)
{
    uint64_t kills = vl_oom_read(&e->watch);
    if (kills > e->kills)
        e->looks = 0;
    for (; e->kills < kills; e->kills++)
        if (emit(e, "oom", NULL, err) < 0)
            return -1;
    return 0;
}

/* 1 when the process has ended, 0, -1. */
static int wait_until(struct events *e, int pidfd, int64_t when, struct vl_error **err)
{
    struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}};
    p[1].fd = vl_oom_fd(&e->watch, &p[1].events);
    int64_t left = when - now_ms();
    int timeout = left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
    if (e->looks > 0 && timeout > V1_LOOK_AGAIN_MS)
        timeout = V1_LOOK_AGAIN_MS;
    int r = poll(p, VL_ARRAY_LEN(p), timeout);
    if (r < 0 && errno != EINTR)
        return vl_err_sys(err, errno, "wait for events of container %s", e->id);
    if (e->looks > 0)
        e->looks--;
    if (r > 0 && p[1].revents != 0 && e->watch.event >= 0)
        e->looks = V1_LOOKS;
    if (emit_kills(e, err) < 0)
        return -1;
    return r > 0 && p[0].revents != 0;
}

static int follow(struct events *e, const struct vl_proc *proc, int64_t interval_ms,
                  struct vl_error **err)
{
    if (vl_cgroup_oom_watch(e->cg, &e->watch, err) < 0)
        return -1;
    e->kills = vl_oom_read(&e->watch);
    if (emit_stats(e, err) < 0)
        return -1;
    for (int64_t next = now_ms() + interval_ms;;) {
        int r = wait_until(e, proc->pidfd, next, err);
        if (r < 0)
            return -1;
        if (r > 0)
            return emit_kills(e, err);
        if (now_ms() < next)
            continue;
        if (emit_stats(e, err) < 0)
            return -1;
        next += interval_ms;
        if (next < now_ms())
            next = now_ms() + interval_ms;
    }
}

int vl_op_events(const struct vl_global *g, const char *id, const struct vl_events_opts *o,
                 vl_events_sink *sink, void *ctx, struct vl_error **err)
{
    cleanup(ctr) struct vl_ctr *c = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(cgroup_desc) struct vl_cgroup_desc desc = {0};
    cleanup(cgroup) struct vl_cgroup *cg = NULL;
    if (vl_ctr_open(g->root, id, VL_CTR_READ, &c, err) < 0 || vl_status_get(c, &s, err) < 0)
        return -1;
    if (!s->complete || (s->status == VL_STOPPED && !o->stats_only))
        return vl_err_state(err, "container not running");
    if (vl_record_cgroup_desc(s->record, &desc, err) < 0 ||
        vl_cgroup_open_recorded(&desc, &cg, err) < 0)
        return -1;
    struct events e = {.id = id, .cg = cg, .watch = VL_OOM_WATCH_INIT, .sink = sink, .ctx = ctx};
    int r = o->stats_only ? emit_stats(&e, err) : follow(&e, &s->proc, o->interval_ms, err);
    vl_oom_watch_close(&e.watch);
    return r < 0 ? vl_err_ctx(err, "events of container %s", id) : 0;
}
