/* SPDX-License-Identifier: Apache-2.0 */
/* plan/seccomp: where the filter goes, with which flags, who listens, and what is refused before
 * anything starts. */
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/planners.h"
#include "plan/seccomp.h"
#include "tap.h"

static struct vl_host host;

static void usual_host(void)
{
    memset(&host, 0, sizeof(host));
    host.seccomp = host.seccomp_user_notif = host.seccomp_log = host.seccomp_kill_process = true;
    host.pidfd_getfd = true;
    host.seccomp_flags = 0x3f;
    host.caps_effective = UINT64_MAX;
    host.in_initial_userns = true;
}

/* One planner run; spec and plan live until the next. */
static struct vl_spec *spec;
static struct vl_plan *plan;
static char *message; /* text of the errors, or NULL */
static struct vl_plan_opts opts;
static bool userns, forked;

static void release(void)
{
    vl_spec_free(spec);
    vl_plan_free(plan);
    free(message);
    spec = NULL;
    plan = NULL;
    message = NULL;
}

/* The operation, or NULL when there is none or an error. process and seccomp are JSON members. */
static const struct vl_op *plan_it(bool late, const char *process, const char *seccomp,
                                   const char *more)
{
    struct vl_error *err = NULL;
    release();
    cleanup_free char *text = vl_asprintf("{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},"
                                          "\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],"
                                          "\"user\":{\"uid\":0,\"gid\":0}%s},"
                                          "\"linux\":{\"seccomp\":{%s}}%s}",
                                          process, seccomp, more);
    if (vl_spec_load_buffer("/b", "config.json", text, strlen(text), &spec, &err) < 0) {
        message = vl_error_text(err);
        vl_error_free(err);
        return NULL;
    }
    plan = vl_alloc(sizeof(*plan));
    struct vl_planner p = {.spec = spec, .host = &host, .opts = &opts, .plan = plan};
    p.userns = userns;
    p.fork = forked;
    int r = vl_plan_seccomp(&p, late);
    if ((r < 0) != (p.errors != NULL))
        diag("return value and errors disagree");
    if (p.errors != NULL)
        message = vl_error_text(p.errors);
    vl_error_free(p.errors);
    size_t from = 0;
    return r < 0 ? NULL : vl_plan_find(plan, VL_OP_SECCOMP, &from);
}

static void refused(const char *words, const char *name)
{
    if (!ok(message != NULL && strstr(message, words) != NULL, "%s", name))
        diag("%s", message != NULL ? message : "no error");
}

static bool noted(const char *words)
{
    for (size_t i = 0; i < plan->notes.n; i++)
        if (strstr(plan->notes.v[i], words) != NULL)
            return true;
    return false;
}

#define NNP ",\"noNewPrivileges\":true"
#define ALLOW "\"defaultAction\":\"SCMP_ACT_ALLOW\""
#define RULE(action, name) "{\"names\":[\"" name "\"],\"action\":\"" action "\"}"
#define RULES(list) ",\"syscalls\":[" list "]"
#define NOTIFY ALLOW RULES(RULE("SCMP_ACT_NOTIFY", "mkdir"))
#define SOCKET ",\"listenerPath\":\"/run/agent\""

static void test_place(void)
{
    const struct vl_op *op = plan_it(true, NNP, ALLOW, "");
    ok(op != NULL && op->s[0].len > 0 && op->s[0].len % 8 == 0,
       "with no_new_privs the filter is late");
    ok(plan_it(false, NNP, ALLOW, "") == NULL && message == NULL, "and not early");
    ok(plan_it(false, "", ALLOW, "") != NULL, "without it is early");
    ok(plan_it(true, "", ALLOW, "") == NULL && message == NULL, "and not late");
    ok(plan_it(true, NNP, ALLOW, "")->n[0] == SECCOMP_FILTER_FLAG_SPEC_ALLOW, "flags by default");
    host.seccomp = false;
    plan_it(true, NNP, ALLOW, "");
    refused("no seccomp filters", "a kernel without filters is an error");
    usual_host();
}

static void test_flags(void)
{
#define FLAGS(list) ALLOW ",\"flags\":[" list "]"
    const struct vl_op *op =
        plan_it(true, NNP, FLAGS("\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\""), "");
    is_int(op != NULL ? op->n[0] : -1, 3, "two flags");
    op = plan_it(true, NNP, FLAGS(""), "");
    is_int(op != NULL ? op->n[0] : -1, 0, "no flags");
    op = plan_it(true, NNP, FLAGS("\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\""), "");
    ok(op != NULL && op->n[0] == 0 && noted("WAIT_KILLABLE_RECV"),
       "a flag of listeners only: a note");
    op = plan_it(true, NNP, NOTIFY SOCKET ",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]",
                 "");
    is_int(op != NULL ? op->n[0] : -1, 32 | 8, "with a listener it is set");
    op = plan_it(true, NNP, NOTIFY SOCKET ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\"]", "");
    is_int(op != NULL ? op->n[0] : -1, 1 | 8 | 16, "TSYNC beside a listener");
    host.seccomp_flags = 1;
    op = plan_it(true, NNP, ALLOW, "");
    is_int(op != NULL ? op->n[0] : -1, 0, "the default flag may be missing");
    plan_it(true, NNP, FLAGS("\"SECCOMP_FILTER_FLAG_LOG\""), "");
    refused("SECCOMP_FILTER_FLAG_LOG", "one that was asked for may not");
    usual_host();
    plan_it(true, NNP, FLAGS("\"SECCOMP_FILTER_FLAG_BOGUS\""), "");
    refused("SECCOMP_FILTER_FLAG_BOGUS", "an unknown flag is an error");
}

static void test_actions(void)
{
    host.seccomp_log = host.seccomp_kill_process = host.seccomp_user_notif = false;
    plan_it(true, NNP, "\"defaultAction\":\"SCMP_ACT_LOG\"", "");
    refused("SCMP_ACT_LOG", "LOG on a kernel without it");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_KILL_PROCESS", "mkdir")), "");
    refused("SCMP_ACT_KILL_PROCESS", "KILL_PROCESS on a kernel without it");
    plan_it(true, NNP, NOTIFY SOCKET, "");
    refused("SCMP_ACT_NOTIFY", "NOTIFY on a kernel without it");
    ok(plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_KILL", "mkdir")), "") != NULL,
       "KILL is everywhere");
    usual_host();
}

static void test_listener(void)
{
    const struct vl_op *op = plan_it(true, NNP, NOTIFY SOCKET ",\"listenerMetadata\":\"m\"", "");
    ok(op != NULL && op->n[1] == 1 && op->n[0] == (4 | 8) &&
           strcmp(vl_op_s(op, 1), "/run/agent") == 0 && strcmp(vl_op_s(op, 2), "m") == 0,
       "a listener with its socket and metadata");
    plan_it(true, NNP, NOTIFY, "");
    refused("seccomp listenerPath is not set", "no socket is an error in runc's words");
    op = plan_it(true, NNP, NOTIFY,
                 ",\"annotations\":{\"run.oci.seccomp.receiver\":\"/run/other\"}");
    ok(op != NULL && strcmp(vl_op_s(op, 1), "/run/other") == 0, "the annotation gives one");
    op = plan_it(true, NNP, NOTIFY SOCKET,
                 ",\"annotations\":{\"run.oci.seccomp.receiver\":\"/run/other\"}");
    ok(op != NULL && strcmp(vl_op_s(op, 1), "/run/agent") == 0, "but listenerPath comes first");
    opts.seccomp_receiver = "/run/third";
    op = plan_it(true, NNP, NOTIFY, "");
    ok(op != NULL && strcmp(vl_op_s(op, 1), "/run/third") == 0, "the environment gives one too");
    opts.seccomp_receiver = NULL;
    op = plan_it(true, NNP, ALLOW SOCKET, "");
    ok(op != NULL && op->n[1] == 0 && vl_op_s(op, 1) == NULL && noted("listenerPath ignored"),
       "a socket that nobody needs is ignored, with a note");
    plan_it(true, NNP, ALLOW ",\"listenerMetadata\":\"m\"", "");
    refused("metadata without listenerPath", "metadata without a socket is an error");
    plan_it(true, NNP, "\"defaultAction\":\"SCMP_ACT_NOTIFY\"" SOCKET, "");
    refused("SCMP_ACT_NOTIFY cannot be used as default action", "NOTIFY by default is an error");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_NOTIFY", "write")) SOCKET, "");
    refused("SCMP_ACT_NOTIFY cannot be used for the write syscall", "NOTIFY for write is an error");
}

/* Where veloci may not take a descriptor of the stage's, the stage sends it. */
static void test_listener_way(void)
{
    host.caps_effective = 0;
    userns = forked = true;
    const struct vl_op *op = plan_it(true, NNP, NOTIFY SOCKET, "");
    is_int(op != NULL ? op->n[1] : -1, 2, "rootless join: the stage sends it");
    plan_it(true, NNP,
            ALLOW RULES(RULE("SCMP_ACT_KILL", "sendmsg") "," RULE("SCMP_ACT_NOTIFY", "mkdir"))
                SOCKET,
            "");
    refused("kills the process at sendmsg", "then it must be able to");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_NOTIFY", "sendmsg")) SOCKET, "");
    refused("SCMP_ACT_NOTIFY cannot be used for sendmsg",
            "and not wait for the one it sends it to");
    forked = false;
    op = plan_it(true, NNP, NOTIFY SOCKET, "");
    is_int(op != NULL ? op->n[1] : -1, 1, "rootless, own user namespace: veloci takes it");
    userns = false;
    usual_host();
    op = plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_NOTIFY", "sendmsg")) SOCKET, "");
    ok(op != NULL && op->n[1] == 1, "root: veloci takes it, whatever is notified");
    op = plan_it(true, NNP,
                 ALLOW RULES(RULE("SCMP_ACT_NOTIFY", "read") "," RULE("SCMP_ACT_NOTIFY", "execve"))
                     SOCKET,
                 "");
    ok(op != NULL && noted("read, execve"),
       "what the agent is asked before the program runs is noted");
}

/* The calls that the stage still needs. */
static void test_stage(void)
{
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_KILL", "execve")), "");
    refused("kills the process at execve: no program can be started",
            "a late filter may not kill execve");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_ERRNO", "execve")), "");
    refused("denies execve", "nor deny it");
    ok(plan_it(true, NNP,
               "\"defaultAction\":\"SCMP_ACT_KILL\"" RULES(RULE("SCMP_ACT_ALLOW", "execve")),
               "") != NULL,
       "more it need not allow");
    plan_it(false, "",
            "\"defaultAction\":\"SCMP_ACT_KILL\"" RULES(
                RULE("SCMP_ACT_ALLOW", "execve") "," RULE("SCMP_ACT_ALLOW", "clone3")),
            "");
    refused("kills the process at close, prctl, setgroups, setresgid, setresuid, capget, capset",
            "an early one is told of all that it kills");
    plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_ERRNO", "capset")), "");
    refused("denies capset, needed until the program is started", "or denies");
    ok(plan_it(
           false, "",
           ALLOW RULES(RULE("SCMP_ACT_ERRNO", "close_range") "," RULE("SCMP_ACT_ERRNO", "getcwd")),
           "") != NULL,
       "what the stage can do without may be denied");
    plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_KILL_PROCESS", "close_range")), "");
    refused("kills the process at close_range", "but not killed");
    plan_it(false, "",
            ALLOW RULES("{\"names\":[\"prctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":"
                        "0,\"value\":24,"
                        "\"op\":\"SCMP_CMP_EQ\"}]}"),
            "");
    refused("denies prctl", "arguments are looked at (PR_CAPBSET_DROP)");
    ok(plan_it(false, "",
               ALLOW RULES(
                   "{\"names\":[\"prctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,"
                   "\"value\":22,\"op\":\"SCMP_CMP_EQ\"}]}"),
               "") != NULL,
       "others pass (PR_SET_SECCOMP)");
    ok(plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_KILL", "accept4")), "") != NULL,
       "no gate socket, no accept4");
    opts.detached = true;
    plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_KILL", "accept4")), "");
    refused("accept4", "with one it is needed");
    opts.detached = false;
    ok(plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_KILL", "memfd_create")), "") != NULL,
       "no hooks, no memfd");
    plan_it(false, "", ALLOW RULES(RULE("SCMP_ACT_KILL", "memfd_create")),
            ",\"hooks\":{\"startContainer\":[{\"path\":\"/h\"}]}");
    refused("memfd_create", "hooks of start need one");
}

static void test_raw(void)
{
#define RAW(text) ",\"annotations\":{\"run.oci.seccomp_bpf_data\":\"" text "\"}"
    const struct vl_op *op =
        plan_it(true, NNP, "\"defaultAction\":\"SCMP_ACT_KILL\"", RAW("BgAAAAAA/38="));
    ok(op != NULL && op->s[0].len == 8, "a raw program replaces the profile");
    plan_it(true, NNP, ALLOW, RAW("BgAAAAAAAAA="));
    refused("kills the process at execve", "it must let execve pass too");
    plan_it(true, NNP, ALLOW, RAW("xx"));
    refused("annotations.run.oci.seccomp_bpf_data", "a bad one is refused at its place");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_ERRNO", "frobnicate")), "");
    ok(message == NULL && noted("frobnicate"), "an unknown name is a note");
    plan_it(true, NNP, ALLOW RULES(RULE("SCMP_ACT_ERRNO", "frobnicate")),
            ",\"annotations\":{\"run.oci.seccomp_fail_unknown_syscall\":\"1\"}");
    refused("unknown system call `frobnicate`", "or an error, if asked");
}

int main(void)
{
    usual_host();
    test_place();
    test_flags();
    test_actions();
    test_listener();
    test_listener_way();
    test_stage();
    test_raw();
    release();
    return done_testing();
}
