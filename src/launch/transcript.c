/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/sockets.h"

enum state {
    STARTED, PLANNED, ACQUIRED, BORN, IDENTITY, VISIBILITY, AMBIENT, CONFINEMENT, READY, LAUNCH,
    CREATED, EXECUTED, REFUSED, FAULTED, /* terminals */
};
static const char *const state_names[] = {
    "started",     "planned", "acquired", "born",    "identity", "visibility", "ambient",
    "confinement", "ready",   "launch",   "created", "executed", "refused",    "faulted",
};
enum { N_PHASES = LAUNCH - IDENTITY + 1 }; /* READY is no phase: its slot stays empty */

struct transcript_phase {
    uint32_t scheduled, done;
};

struct vl_transcript {
    enum vl_tr_format format;
    int fd; /* VL_NOFD: collected only */
    bool owned;
    const char *verb;
    char *id;
    bool starts; /* the verb is start: what comes before the gate was create's */
    enum state at;
    bool ended, broken;
    struct timespec zero;
    int64_t real_zero; /* CLOCK_REALTIME then, in nanoseconds */
    const struct vl_plan *plan;
    struct transcript_phase phase[N_PHASES];
    uint32_t next_step; /* of the stage's operations: they come in order */
    struct vl_tr_mark *mark;
    size_t n_mark;
};

/* -- time ---------------------------------------------------------------------------------------- */

static uint64_t now_us(const struct vl_transcript *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = (int64_t)(now.tv_sec - t->zero.tv_sec) * 1000000 + (now.tv_nsec - t->zero.tv_nsec) / 1000;
    return us > 0 ? (uint64_t)us : 0;
}

/* The stage counts in CLOCK_REALTIME: a time namespace shifts the others. */
static uint64_t from_real(const struct vl_transcript *t, int64_t ns)
{
    int64_t us = (ns - t->real_zero) / 1000;
    return ns == 0 ? now_us(t) : us > 0 ? (uint64_t)us : 0;
}

static void add_mark(struct vl_transcript *t, const char *phase, const char *name, char *label_take, uint64_t begin, uint64_t end)
{
    *VL_APPEND(t->mark, t->n_mark) =
        (struct vl_tr_mark){.name = name, .label = label_take, .phase = phase, .begin = begin, .end = end > begin ? end : begin};
}

/* -- the sink ------------------------------------------------------------------------------------- */

/* Whoever reads may be gone or slow; neither may end or stop us. */
static void write_line(struct vl_transcript *t, const char *line, size_t n)
{
    struct pollfd p = {.fd = t->fd, .events = POLLOUT};
    sigset_t pipe_only, old;

    if (t->fd < 0 || poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
        return;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (pthread_sigmask(SIG_BLOCK, &pipe_only, &old) != 0)
        return;
    if (write(t->fd, line, n) < 0 && errno == EPIPE && sigismember(&old, SIGPIPE) == 0) {
        const struct timespec none = {0, 0};
        (void)sigtimedwait(&pipe_only, NULL, &none);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* A record under construction: members in order, either form. */
struct record {
    struct vl_json *json;
    struct vl_str text;
};

/* A line, escapes included, is no longer than what a pipe takes at once: PIPE_BUF (pipe(7)). */
enum { VALUE_MAX = 640 };

static void member_str(struct record *r, const char *key, const char *value)
{
    cleanup_free char *cut = vl_strndup(value, strnlen(value, VALUE_MAX));

    if (r->json != NULL) {
        vl_json_kv_str(r->json, key, cut);
        return;
    }
    if (strpbrk(cut, " \t\"") == NULL) {
        vl_str_addf(&r->text, " %s=%s", key, cut);
        return;
    }
    vl_str_addf(&r->text, " %s=\"", key);
    for (const char *c = cut; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            vl_str_addc(&r->text, '\\');
        vl_str_addc(&r->text, *c);
    }
    vl_str_addc(&r->text, '"');
}

static void member_uint(struct record *r, const char *key, uint64_t value)
{
    if (r->json != NULL)
        vl_json_kv_uint(r->json, key, value);
    else
        vl_str_addf(&r->text, " %s=%llu", key, (unsigned long long)value);
}

/* Only forward, and nothing behind a terminal. */
static bool advance(struct vl_transcript *t, enum state next)
{
    if (t->ended || (next <= t->at && next != STARTED)) {
        t->broken = true;
        return false;
    }
    t->at = next;
    t->ended = next >= CREATED;
    return true;
}

static void begin_record(struct vl_transcript *t, struct record *r, enum state s)
{
    *r = (struct record){0};
    if (t->format == VL_TR_JSON) {
        r->json = vl_json_new(NULL);
        vl_json_obj(r->json);
        vl_json_kv_uint(r->json, "us", now_us(t));
        vl_json_kv_str(r->json, "state", state_names[s]);
    } else {
        vl_str_addf(&r->text, "%9llu %s", (unsigned long long)now_us(t), state_names[s]);
    }
}

static void end_record(struct vl_transcript *t, struct record *r)
{
    size_t n;

    if (r->json != NULL) {
        vl_json_end_obj(r->json);
        cleanup_free char *line = vl_json_take(r->json, &n);
        cleanup_free char *with_end = vl_asprintf("%s\n", line);
        write_line(t, with_end, strlen(with_end));
        return;
    }
    for (char *c = r->text.s; *c != '\0'; c++) /* one record a line, whatever was put into it */
        if ((unsigned char)*c < ' ')
            *c = '?';
    vl_str_addc(&r->text, '\n');
    write_line(t, r->text.s, r->text.len);
    vl_str_reset(&r->text);
}

static void simple(struct vl_transcript *t, enum state s)
{
    struct record r;

    if (!advance(t, s))
        return;
    begin_record(t, &r, s);
    end_record(t, &r);
}

/* -- opening ---------------------------------------------------------------------------------------- */

static int open_target(struct vl_transcript *t, const char *target, struct vl_error **err)
{
    uint32_t n;

    t->owned = true;
    if (vl_starts_with(target, "fd:")) {
        if (vl_parse_u32(target + 3, 10, &n) < 0 || n > INT32_MAX || fcntl((int)n, F_GETFD) < 0)
            return vl_err_usage(err, "transcript `%s`: the descriptor is not open", target);
        t->fd = fcntl((int)n, F_DUPFD_CLOEXEC, 3);
        return t->fd >= 0 ? 0 : vl_err_sys(err, errno, "transcript `%s`", target);
    }
    if (vl_starts_with(target, "unix:"))
        t->fd = vl_unix_connect(target + 5, SOCK_STREAM);
    else
        t->fd = vl_open_at(AT_FDCWD, target, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0600);
    return t->fd >= 0 ? 0 : vl_err_sys(err, t->fd, "open transcript `%s`", target);
}

int vl_transcript_open(const struct vl_tr_opts *o, const char *verb, const char *id, struct vl_transcript **ret,
                       struct vl_error **err)
{
    cleanup(transcript) struct vl_transcript *t = vl_alloc(sizeof(*t));
    struct timespec real;
    struct record r;

    t->fd = VL_NOFD;
    t->ended = true; /* until it is open there is nothing to be ended */
    t->format = o->format;
    t->verb = verb;
    t->starts = vl_streq(verb, "start");
    t->id = vl_strdup(id);
    clock_gettime(CLOCK_MONOTONIC, &t->zero);
    clock_gettime(CLOCK_REALTIME, &real);
    t->real_zero = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec;
    if (o->target != NULL && open_target(t, o->target, err) < 0)
        return -1;
    t->ended = false;
    begin_record(t, &r, STARTED);
    member_str(&r, "verb", verb);
    member_str(&r, "id", id);
    end_record(t, &r);
    *ret = vl_take_ptr(t);
    return 0;
}

void vl_transcript_free(struct vl_transcript *t)
{
    if (t == NULL)
        return;
    if (!t->ended)
        vl_tr_failed(t, NULL);
    for (size_t i = 0; i < t->n_mark; i++)
        free(t->mark[i].label);
    free(t->mark);
    vl_close(t->fd);
    free(t->id);
    free(t);
}

const struct vl_tr_mark *vl_tr_marks(const struct vl_transcript *t, size_t *ret_n)
{
    *ret_n = t->n_mark;
    return t->mark;
}

/* -- phases ------------------------------------------------------------------------------------------- */

/* What an operation belongs to. Confinement goes by what it is: without no_new_privs it stands earlier (plan/build.c). */
static enum state phase_of(const struct vl_op *op)
{
    switch ((int)op->code) {
    case VL_OP_LABEL:
    case VL_OP_LANDLOCK:
    case VL_OP_LANDLOCK_PATH:
    case VL_OP_LANDLOCK_PORT:
    case VL_OP_LANDLOCK_ENFORCE:
        return CONFINEMENT;
    case VL_OP_SECCOMP:
        return op->phase == VL_PHASE_READY ? LAUNCH : CONFINEMENT;
    case VL_OP_RESOLVE:
    case VL_OP_READY:
        return READY;
    default:
        break;
    }
    switch ((int)op->phase) {
    case VL_PHASE_IDENTITY:
        return IDENTITY;
    case VL_PHASE_VISIBILITY:
        return VISIBILITY;
    case VL_PHASE_READY:
        return LAUNCH;
    default:
        return AMBIENT;
    }
}

static struct transcript_phase *slot(struct vl_transcript *t, enum state s)
{
    return &t->phase[s - IDENTITY];
}

static void say_phase(struct vl_transcript *t, enum state s, const char *result)
{
    const struct transcript_phase *p = slot(t, s);
    struct record r;

    if (!advance(t, s))
        return;
    begin_record(t, &r, s);
    member_str(&r, "result", result);
    member_uint(&r, "scheduled", p->scheduled);
    member_uint(&r, "done", p->done);
    end_record(t, &r);
}

/* Whether the phase has been gone through. */
static bool resolve(struct vl_transcript *t, enum state s)
{
    const struct transcript_phase *p = slot(t, s);

    if (p->done != p->scheduled)
        return false;
    say_phase(t, s, p->scheduled == 0 ? "not-required" : "applied");
    return true;
}

void vl_tr_planned(struct vl_transcript *t, const struct vl_plan *plan)
{
    struct record r;

    if (t == NULL || !advance(t, PLANNED))
        return;
    t->plan = plan;
    add_mark(t, "veloci", "plan", NULL, 0, now_us(t));
    for (size_t i = 0; i < plan->n_op; i++)
        if (plan->op[i].phase != VL_PHASE_HOST)
            slot(t, phase_of(&plan->op[i]))->scheduled++;
    begin_record(t, &r, PLANNED);
    member_uint(&r, "descriptors", plan->n_desc);
    member_uint(&r, "operations", plan->n_op);
    end_record(t, &r);
}

static void host_mark(struct vl_transcript *t, const char *name)
{
    uint64_t begin = t->n_mark > 0 ? t->mark[t->n_mark - 1].end : 0;
    add_mark(t, "veloci", name, NULL, begin, now_us(t));
}

void vl_tr_acquired(struct vl_transcript *t)
{
    if (t == NULL)
        return;
    host_mark(t, "id, cgroup, descriptors");
    simple(t, ACQUIRED);
}

void vl_tr_born(struct vl_transcript *t, pid_t pid)
{
    struct record r;

    if (t == NULL || t->at >= BORN || !advance(t, BORN))
        return;
    host_mark(t, "clone, exec of the stage");
    begin_record(t, &r, BORN);
    member_uint(&r, "pid", (uint64_t)pid);
    end_record(t, &r);
}

/* The object that an operation is about, as far as it has one. */
static char *object_of(const struct vl_op *op)
{
    switch ((int)op->code) {
    case VL_OP_MOUNT:
        return op->s[2].data != NULL ? vl_strdup(vl_op_s(op, 2)) : NULL;
    case VL_OP_CREDS:
    case VL_OP_SECCOMP:
    case VL_OP_SCHED:
    case VL_OP_AFFINITY:
    case VL_OP_MEMPOLICY:
    case VL_OP_EXEC:
        return NULL;
    default:
        return op->s[0].data != NULL ? vl_strdup(vl_op_s(op, 0)) : NULL;
    }
}

void vl_tr_step(struct vl_transcript *t, uint32_t index, int64_t begin, int64_t end)
{
    const struct vl_op *op = t != NULL && t->plan != NULL ? vl_plan_stage_op(t->plan, index) : NULL;

    if (op == NULL || t->ended)
        return;
    if (index < t->next_step) {
        t->broken = true;
        return;
    }
    t->next_step = index + 1;
    enum state s = phase_of(op);
    if (slot(t, s)->done < slot(t, s)->scheduled)
        slot(t, s)->done++;
    const struct vl_op_names *names = vl_op_names(op->code);
    uint64_t until = from_real(t, end);
    add_mark(t, state_names[s], names != NULL ? names->name : "?", object_of(op), begin == 0 ? until : from_real(t, begin), until);
}

/* The kinds of confinement that come behind the gate. */
static void add_pending(struct vl_transcript *t, struct record *r)
{
    for (size_t i = 0; t->plan != NULL && i < t->plan->n_op; i++)
        if (t->plan->op[i].code == VL_OP_SECCOMP && t->plan->op[i].phase == VL_PHASE_READY) {
            member_str(r, "pending", "seccomp");
            return;
        }
}

void vl_tr_ready(struct vl_transcript *t)
{
    struct record r;

    if (t == NULL || t->ended)
        return;
    for (enum state s = IDENTITY; s <= CONFINEMENT; s++)
        if (!resolve(t, s)) {
            t->broken = true;
            return;
        }
    if (!advance(t, READY))
        return;
    begin_record(t, &r, READY);
    add_pending(t, &r);
    end_record(t, &r);
}

void vl_tr_go(struct vl_transcript *t)
{
    if (t == NULL)
        return;
    host_mark(t, t->starts ? "open the gate" : "write the state");
}

/* -- terminals ------------------------------------------------------------------------------------------ */

/* What has happened is not what was planned, or not in that order: nothing may be called done. */
static void out_of_order(struct vl_transcript *t)
{
    struct vl_error *e = NULL;

    (void)vl_err_bug(&e, "what was reported does not follow from the plan");
    vl_tr_failed(t, e);
    vl_error_free(e);
}

void vl_tr_created(struct vl_transcript *t)
{
    if (t == NULL)
        return;
    if (t->broken || t->at != READY)
        out_of_order(t);
    else
        simple(t, CREATED);
}

void vl_tr_executed(struct vl_transcript *t)
{
    if (t == NULL || t->ended)
        return;
    if (t->broken || (!t->starts && t->at != READY)) {
        out_of_order(t);
        return;
    }
    /* a program that runs is proof of every step before it, also of those that could not be reported */
    slot(t, LAUNCH)->done = slot(t, LAUNCH)->scheduled;
    (void)resolve(t, LAUNCH);
    host_mark(t, "execve");
    simple(t, EXECUTED);
}

void vl_tr_failed(struct vl_transcript *t, const struct vl_error *err)
{
    if (t == NULL || t->ended)
        return;
    bool refused = err != NULL && vl_error_class(err) == VL_CLASS_REFUSED;
    if (t->at >= BORN && t->at < READY) {
        for (enum state s = IDENTITY; s <= CONFINEMENT; s++)
            if (!resolve(t, s)) {
                say_phase(t, s, refused ? "refused" : "faulted");
                break;
            }
    } else if (t->at == READY || (t->starts && t->at == PLANNED)) {
        say_phase(t, LAUNCH, refused ? "refused" : "faulted");
    }
    enum state end = refused ? REFUSED : FAULTED;
    struct record r;
    if (!advance(t, end))
        return;
    begin_record(t, &r, end);
    cleanup_free char *text = err != NULL ? vl_error_text(err) : vl_strdup("it ended before it was told how");
    if (err != NULL)
        member_str(&r, "kind", vl_error_kind_name(err->kind));
    if (err != NULL && vl_error_where(err) != NULL)
        member_str(&r, "where", vl_error_where(err));
    if (err != NULL && vl_error_errno(err) != 0)
        member_uint(&r, "errno", (uint64_t)vl_error_errno(err));
    member_str(&r, "error", text);
    end_record(t, &r);
}
