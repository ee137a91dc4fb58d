/* SPDX-License-Identifier: Apache-2.0 */
/* Transcripts of stages that say too little, too much, or the wrong thing: nothing is called applied that was not. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mem.h"
#include "launch/timeline.h"
#include "launch/transcript.h"

static struct vl_plan *plan; /* stage operations: 0 guard, 1 root, 2 pivot, 3 creds, 4 landlock, 5 seccomp, … */
static struct vl_transcript *t;
static int out;
static char text[1 << 16];

static void make_plan(bool late_filter)
{
    static const enum vl_op_code codes[] = {VL_OP_GUARD,   VL_OP_ROOT,  VL_OP_PIVOT, VL_OP_LANDLOCK, VL_OP_LANDLOCK_ENFORCE,
                                            VL_OP_CREDS,   VL_OP_RESOLVE, VL_OP_READY, VL_OP_GATE};
    vl_plan_free(plan);
    plan = vl_alloc(sizeof(*plan));
    vl_plan_op(plan, VL_OP_CLONE, NULL); /* of the host: the stage never sees it */
    for (size_t i = 0; i < VL_ARRAY_LEN(codes); i++)
        vl_plan_op(plan, codes[i], NULL);
    if (late_filter)
        vl_plan_op(plan, VL_OP_SECCOMP, NULL)->phase = VL_PHASE_READY;
    vl_plan_op(plan, VL_OP_EXEC, NULL);
}

static void begin(const char *verb)
{
    int ends[2];
    struct vl_error *e = NULL;
    char target[16];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return;
    out = ends[0];
    snprintf(target, sizeof(target), "fd:%d", ends[1]);
    struct vl_tr_opts o = {.target = target, .format = VL_TR_TEXT};
    ok(vl_transcript_open(&o, verb, "x", &t, &e) == 0, "%s: opened", verb);
    close(ends[1]);
}

/* The words of the lines without their times; *t is gone then. */
static const char *said(void)
{
    size_t n = 0;
    vl_transcript_free(t);
    t = NULL;
    for (ssize_t r; n + 1 < sizeof(text) && (r = read(out, text + n, sizeof(text) - 1 - n)) > 0;)
        n += (size_t)r;
    close(out);
    text[n] = '\0';
    char *to = text;
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        line += strspn(line, " 0123456789");
        memmove(to, line, (size_t)(end - line) + 1);
        to += end - line + 1;
        line = end + 1;
    }
    *to = '\0';
    return text;
}

static void up_to_birth(const char *verb)
{
    begin(verb);
    vl_tr_planned(t, plan);
    vl_tr_acquired(t);
    vl_tr_born(t, 42);
}

#define BORN(verb, n) "started verb=" verb " id=x\nplanned descriptors=0 operations=" n "\nacquired\nborn pid=42\n"

static void steps(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i <= to; i++)
        vl_tr_step(t, i, 0, 0);
}

static void test_whole(void)
{
    make_plan(true);
    up_to_birth("create");
    steps(0, 6);
    vl_tr_ready(t);
    vl_tr_go(t);
    vl_tr_created(t);
    is_str(said(), BORN("create", "12") "identity result=applied scheduled=1 done=1\n"
           "visibility result=applied scheduled=2 done=2\nambient result=applied scheduled=1 done=1\n"
           "confinement result=applied scheduled=2 done=2\nready pending=seccomp\ncreated\n", "a launch that is whole");
    make_plan(false);
    up_to_birth("run");
    steps(0, 7);
    vl_tr_ready(t);
    vl_tr_executed(t);
    ok(strstr(said(), "ready\nlaunch result=applied scheduled=2 done=2\nexecuted\n") != NULL, "one that is executed");
}

static void test_missing(void)
{
    make_plan(false);
    for (uint32_t missing = 0; missing <= 5; missing++) {
        up_to_birth("run");
        for (uint32_t i = 0; i <= 7; i++)
            if (i != missing)
                vl_tr_step(t, i, 0, 0);
        vl_tr_ready(t);
        vl_tr_executed(t);
        const char *words = said();
        ok(strstr(words, "executed\n") == NULL && strstr(words, "\nfaulted kind=bug") != NULL &&
               strstr(words, "result=faulted") != NULL && strstr(words, "result=applied scheduled=2 done=1") == NULL,
           "operation %u was never reported: a part is not applied, and the launch not called good", missing);
    }
    up_to_birth("run");
    steps(0, 2);
    vl_tr_step(t, 1, 0, 0);
    steps(3, 7);
    vl_tr_ready(t);
    vl_tr_created(t);
    ok(strstr(said(), "\nfaulted kind=bug") != NULL, "one is reported twice");
    up_to_birth("run");
    steps(0, 7);
    vl_tr_executed(t);
    const char *words = said();
    ok(strstr(words, "executed\n") == NULL && strstr(words, "\nfaulted") != NULL, "executed without having been ready");
    up_to_birth("run");
    vl_tr_step(t, 99, 0, 0);
    vl_tr_step(t, UINT32_MAX, 0, 0);
    steps(0, 7);
    vl_tr_ready(t);
    vl_tr_executed(t);
    ok(strstr(said(), "\nexecuted\n") != NULL, "operations that are not there count for nothing");
}

static void test_ends(void)
{
    struct vl_error *e = NULL;
    make_plan(false);
    up_to_birth("run");
    steps(0, 1);
    vl_err_sys(&e, ENOSPC, "pivot \"it\"\nnow");
    vl_tr_failed(t, e);
    vl_tr_failed(t, e);
    vl_tr_executed(t);
    is_str(said(), BORN("run", "11") "identity result=applied scheduled=1 done=1\nvisibility result=faulted scheduled=2 done=1\n"
           "faulted kind=system errno=28 error=\"pivot \\\"it\\\"\\\\nnow: No space left on device\"\n",
           "a failure: its phase, one terminal, one line");
    vl_error_free(e);
    e = NULL;
    begin("run");
    vl_err_refused(&e, "policy", "no");
    vl_tr_failed(t, e);
    is_str(said(), "started verb=run id=x\nrefused kind=refused error=no\n", "refused before anything");
    vl_error_free(e);
    begin("run");
    is_str(said(), "started verb=run id=x\nfaulted error=\"it ended before it was told how\"\n", "an end is never missing");
    begin("start");
    vl_tr_planned(t, plan);
    vl_tr_go(t);
    vl_tr_executed(t);
    is_str(said(), "started verb=start id=x\nplanned descriptors=0 operations=11\nlaunch result=applied scheduled=2 done=2\nexecuted\n",
           "start begins at the gate");
    begin("start");
    vl_tr_planned(t, plan);
    e = NULL;
    vl_err_payload(&e, "killed");
    vl_tr_failed(t, e);
    ok(strstr(said(), "launch result=faulted scheduled=2 done=0\nfaulted kind=payload") != NULL, "and fails there");
    vl_error_free(e);
}

static void test_timeline(void)
{
    const struct vl_tr_mark marks[] = {{.name = "plan", .phase = "veloci", .begin = 0, .end = 100},
                                       {.name = "mount", .label = (char *)"/x\x1b[2J", .phase = "visibility", .begin = 100, .end = 1000}};
    cleanup_free char *drawn = vl_timeline_text(marks, 2, 0);
    ok(strstr(drawn, "\x1b") == NULL && strstr(drawn, "mount /x") != NULL, "what a path holds does not reach the terminal raw");
    ok(strstr(drawn, "all") != NULL && strstr(drawn, "1000 µs") != NULL, "the whole");
    cleanup_free char *none = vl_timeline_text(NULL, 0, 80);
    ok(strstr(none, "all") != NULL, "without any mark");
    cleanup_free char *svg = vl_timeline_svg(marks, 2, "<&\">");
    ok(strstr(svg, "&lt;&amp;&quot;") != NULL && strstr(svg, "\x1b") == NULL, "a drawing escapes");
}

int main(void)
{
    test_whole();
    test_missing();
    test_ends();
    test_timeline();
    vl_plan_free(plan);
    return done_testing();
}
