/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/cli/library runs against an installed libveloci, with nothing of the tree but
 * veloci.h:
 *
 *   api ROOT BUNDLE        the functions one by one, then from several threads at once
 *
 * BUNDLE's process must run until it is killed. Prints TAP. What the library promises about its
 * process (umask, working directory, signals, subreaper flag, limits, descriptors, threads' masks)
 * is compared before and after.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <veloci.h>
#include "../unit/tap.h"

enum { THREADS = 4, ROUNDS = 3 };

static struct veloci *v;
static struct veloci_create_options create_options = VELOCI_CREATE_OPTIONS_INIT,
                                    detached = VELOCI_CREATE_OPTIONS_INIT;

static struct veloci_error *taken; /* NULL between uses */

static bool says(int r, enum veloci_error_kind kind, const char *words)
{
    bool good = r == -1 && taken != NULL && veloci_error_kind(taken) == kind &&
                strstr(veloci_error_message(taken), words) != NULL;
    if (!good)
        diag("%d, kind %d: %s", r, taken != NULL ? (int)veloci_error_kind(taken) : 0,
             taken != NULL ? veloci_error_message(taken) : "(no error)");
    veloci_error_free(taken);
    taken = NULL;
    return good;
}

static bool fine(int r)
{
    if (r != 0)
        diag("%s", taken != NULL ? veloci_error_message(taken) : "(no error)");
    veloci_error_free(taken);
    taken = NULL;
    return r == 0;
}

/* -- what must not change ---------------------------------------------------------------------- */

struct process {
    mode_t umask;
    char cwd[4096];
    int subreaper;
    size_t fds;
    sigset_t mask;
    struct sigaction actions[65];
    struct rlimit limits[RLIM_NLIMITS];
};

static size_t count_fds(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

static void look(struct process *p)
{
    memset(p, 0, sizeof(*p));
    p->umask = umask(0);
    umask(p->umask);
    if (getcwd(p->cwd, sizeof(p->cwd)) == NULL)
        p->cwd[0] = '\0';
    (void)prctl(PR_GET_CHILD_SUBREAPER, &p->subreaper, 0L, 0L, 0L);
    p->fds = count_fds();
    (void)pthread_sigmask(SIG_SETMASK, NULL, &p->mask);
    for (int s = 1; s <= 64; s++)
        (void)sigaction(s, NULL, &p->actions[s]);
    for (int l = 0; l < RLIM_NLIMITS; l++)
        (void)getrlimit(l, &p->limits[l]);
}

static bool same_signals(const struct process *a, const struct process *b)
{
    bool same = true;
    for (int s = 1; s <= 64; s++)
        if (sigismember(&a->mask, s) != sigismember(&b->mask, s) ||
            a->actions[s].sa_handler != b->actions[s].sa_handler ||
            a->actions[s].sa_flags != b->actions[s].sa_flags)
            same = false;
    return same;
}

static void compare(const struct process *a, const char *when)
{
    struct process b;
    look(&b);
    is_int(b.umask, a->umask, "%s: umask", when);
    is_str(b.cwd, a->cwd, "%s: working directory", when);
    is_int(b.subreaper, a->subreaper, "%s: subreaper flag", when);
    is_int(b.fds, a->fds, "%s: as many descriptors", when);
    ok(same_signals(a, &b), "%s: signal mask and dispositions", when);
    ok(memcmp(a->limits, b.limits, sizeof(b.limits)) == 0, "%s: resource limits", when);
    errno = 0;
    ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "%s: no child is left", when);
}

/* -- one by one -------------------------------------------------------------------------------- */

static void arguments(const char *root)
{
    struct veloci_options o = {.size = sizeof(o), .root = root, .cgroup_manager = 9};
    struct {
        struct veloci_options o;
        long more;
    } longer = {{.size = sizeof(longer), .root = root}, 0};
    struct veloci *other = NULL;
    ok(says(veloci_open(&o, &other, &taken), VELOCI_ERROR_USAGE, "cgroup manager"),
       "an unknown cgroup manager");
    o.cgroup_manager = VELOCI_CGROUPFS;
    o.size = 0;
    ok(says(veloci_open(&o, &other, &taken), VELOCI_ERROR_USAGE, "size"), "options without a size");
    ok(fine(veloci_open(&longer.o, &other, &taken)), "options of a later version, nothing new set");
    veloci_close(other);
    longer.more = 1;
    ok(says(veloci_open(&longer.o, &other, &taken), VELOCI_ERROR_USAGE, "member"),
       "something new set");
    longer.o.size = offsetof(struct veloci_options, cgroup_manager);
    ok(fine(veloci_open(&longer.o, &other, &taken)), "options of an earlier version");
    veloci_close(other);
    create_options.flags = VELOCI_KEEP;
    ok(says(veloci_create(v, "a", &create_options, &taken), VELOCI_ERROR_USAGE, "flags"),
       "a flag that is for run");
    create_options.flags = 0;
    is_int(veloci_create(v, "a/b", &create_options, NULL), -1, "without an error object");
    ok(says(veloci_kill(v, "a", 65, 0, &taken), VELOCI_ERROR_USAGE, "no signal"), "no signal");
    is_int(veloci_signal("SIGTERM"), SIGTERM, "signal by name");
    is_int(veloci_signal("nosuch"), -1, "no such name");
    is_str(veloci_status_name(VELOCI_PAUSED), "paused", "status in words");
    (void)signal(SIGCHLD, SIG_IGN);
    ok(says(veloci_create(v, "a", &create_options, &taken), VELOCI_ERROR_USAGE, "SIGCHLD"),
       "a process that cannot wait for its children");
    (void)signal(SIGCHLD, SIG_DFL);
}

static void life(void)
{
    struct veloci_state *s = NULL;
    struct veloci_list *l = NULL;
    ok(fine(veloci_create(v, "one", &create_options, &taken)), "create");
    ok(says(veloci_create(v, "one", &create_options, &taken), VELOCI_ERROR_STATE, "exist"),
       "the id is taken");
    ok(fine(veloci_state_get(v, "one", &s, &taken)), "state");
    is_int(veloci_state_status(s), VELOCI_CREATED, "created");
    pid_t pid = veloci_state_pid(s);
    ok(pid > 0 && kill(pid, 0) == 0, "there is a process");
    ok(*veloci_state_bundle(s) == '/' && *veloci_state_rootfs(s) == '/' &&
           *veloci_state_created(s) == '2',
       "bundle, rootfs, time");
    is_str(veloci_state_annotation(s, "org.example.key"), "value", "an annotation");
    ok(veloci_state_annotation(s, "nosuch") == NULL, "none of that name");
    char *text = veloci_state_json(s, NULL);
    ok(strstr(text, "\"id\":\"one\"") != NULL, "as a document");
    veloci_free(text);
    veloci_state_free(s);
    ok(says(veloci_delete(v, "two", 0, &taken), VELOCI_ERROR_STATE, "does not exist"),
       "one that is not there");
    ok(fine(veloci_delete(v, "two", VELOCI_DELETE_FORCE, &taken)), "by force that is no error");
    ok(fine(veloci_start(v, "one", &taken)), "start");
    ok(says(veloci_delete(v, "one", 0, &taken), VELOCI_ERROR_STATE, "not stopped"),
       "a running one is not deleted");
    ok(fine(veloci_list_get(v, &l, &taken)), "list");
    is_int(veloci_list_count(l), 1, "of one");
    is_int(veloci_state_status(veloci_list_item(l, 0)), VELOCI_RUNNING, "which runs");
    ok(veloci_list_item(l, 1) == NULL, "and no other");
    veloci_list_free(l);
    ok(fine(veloci_kill(v, "one", SIGKILL, 0, &taken)), "kill");
    int status = 0;
    is_int(waitpid(pid, &status, 0), pid, "its process is our child");
    is_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL, "and died of it");
    ok(fine(veloci_delete(v, "one", 0, &taken)), "delete");
    ok(fine(veloci_create(v, "one", &create_options, &taken)), "created again");
    ok(fine(veloci_delete(v, "one", VELOCI_DELETE_FORCE, &taken)),
       "and deleted, with its process reaped");
}

static int count_lines(void *context, const char *line, size_t length)
{
    int *n = context;
    if (length != strlen(line) || *line != '{')
        return -1;
    return ++*n == 2;
}

static void exec_in(void)
{
    static const char *const seven[] = {"/bin/sh", "-c", "exit $SEVEN", NULL}, *const env[] = {
                                                                                   "SEVEN=7", NULL};
    struct veloci_exec_options x = VELOCI_EXEC_OPTIONS_INIT;
    pid_t pid = 0;
    int status = 0;
    x.args = seven;
    x.env = env;
    ok(fine(veloci_exec(v, "one", &x, &pid, &status, &taken)) && pid > 0, "exec");
    is_int(status, 7, "its status");
    x.flags = VELOCI_EXEC_DETACH;
    ok(fine(veloci_exec(v, "one", &x, &pid, NULL, &taken)), "exec, detached");
    is_int(waitpid(pid, &status, 0), pid, "its process is our child, too");
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 7, "its status");
    x = (struct veloci_exec_options)VELOCI_EXEC_OPTIONS_INIT;
    x.process = "{\"args\": [\"/bin/sh\", \"-c\", \"exit 8\"], \"cwd\": \"/\"}";
    ok(fine(veloci_exec(v, "one", &x, NULL, &status, &taken)), "exec of a document");
    is_int(status, 8, "its status");
    x.process = "{";
    ok(says(veloci_exec(v, "one", &x, NULL, NULL, &taken), VELOCI_ERROR_CONFIG, "process"),
       "of a bad one");
    x.process = NULL;
    x.args = (const char *const[]){"nosuch", NULL};
    ok(says(veloci_exec(v, "one", &x, NULL, NULL, &taken), VELOCI_ERROR_PAYLOAD,
            "executable file not found"),
       "of a program that is not there");
}

static void live_mounts(void)
{
    FILE *f = fopen("mounts.json", "we");
    if (f != NULL) {
        fputs("[{\"destination\": \"/tmp/m\", \"type\": \"tmpfs\", \"source\": \"m\"}]", f);
        fclose(f);
    }
    ok(fine(veloci_mounts_add(v, "one", "mounts.json", &taken)), "mounts add");
    ok(fine(veloci_mounts_remove(v, "one", "mounts.json", &taken)), "mounts remove");
    is_int(veloci_mounts_remove(v, "one", "mounts.json", NULL), -1, "not twice");
}

static void living(void)
{
    struct veloci_state *s = NULL;
    pid_t *pids = NULL;
    size_t n = 0;
    int lines = 0;
    ok(fine(veloci_run(v, "one", &detached, NULL, &taken)), "run, detached");
    ok(fine(veloci_state_get(v, "one", &s, &taken)), "state");
    ok(fine(veloci_ps(v, "one", &pids, &n, &taken)) && n > 0 && pids[0] == veloci_state_pid(s),
       "ps");
    veloci_free(pids);
    veloci_state_free(s);
    exec_in();
    live_mounts();
    ok(fine(veloci_pause(v, "one", &taken)), "pause");
    ok(fine(veloci_state_get(v, "one", &s, &taken)) && veloci_state_status(s) == VELOCI_PAUSED,
       "paused");
    veloci_state_free(s);
    ok(fine(veloci_resume(v, "one", &taken)), "resume");
    ok(says(veloci_resume(v, "one", &taken), VELOCI_ERROR_STATE, "not paused"),
       "it is not paused any more");
    ok(fine(veloci_update(v, "one", "{\"pids\": {\"limit\": 77}}", &taken)), "update");
    ok(says(veloci_update(v, "one", "{\"pids\": 7}", &taken), VELOCI_ERROR_CONFIG, "pids"),
       "with a bad document");
    ok(says(veloci_update(v, "one", NULL, &taken), VELOCI_ERROR_USAGE, "document"), "with none");
    ok(fine(veloci_events(v, "one", VELOCI_EVENTS_STATS, 0, count_lines, &lines, &taken)),
       "statistics");
    is_int(lines, 1, "once");
    lines = 0;
    ok(fine(veloci_events(v, "one", 0, 10, count_lines, &lines, &taken)), "events, until enough");
    is_int(lines, 2, "two of them");
    ok(says(veloci_events(v, "one", 0, 0, count_lines, &lines, &taken), VELOCI_ERROR_USAGE,
            "interval"),
       "no interval");
    ok(fine(veloci_delete(v, "one", VELOCI_DELETE_FORCE, &taken)), "delete");
}

/* A launch only as it was approved. */
static void contract(const char *plan, const struct veloci_plan_options *p)
{
    struct veloci_create_options o = create_options;
    char *text = NULL, *difference = NULL;
    FILE *f = fopen("plan.json", "we");
    if (f != NULL) {
        fputs(plan, f);
        fclose(f);
    }
    ok(fine(veloci_plan_verify(v, "plan.json", p, &text, &difference, &taken)), "plan verify");
    ok(text != NULL && difference == NULL, "it is as here");
    veloci_free(text);
    o.plan_digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    ok(says(veloci_create(v, "plan", &o, &taken), VELOCI_ERROR_REFUSED, "sha256"),
       "another digest");
    o.plan_digest = NULL;
    o.plan_file = "plan.json";
    ok(fine(veloci_create(v, "plan", &o, &taken)), "create by the plan");
    ok(fine(veloci_delete(v, "plan", VELOCI_DELETE_FORCE, &taken)), "delete");
}

static void documents(const char *bundle)
{
    struct veloci_plan_options p = VELOCI_PLAN_OPTIONS_INIT;
    struct veloci_create_options bad = VELOCI_CREATE_OPTIONS_INIT;
    char *text = NULL;
    size_t len = 0;
    p.bundle = bundle;
    ok(fine(veloci_plan(v, &p, &text, &len, &taken)) && len == strlen(text) && *text == '{',
       "plan");
    contract(text, &p);
    veloci_free(text);
    p.flags = VELOCI_PLAN_BINARY;
    ok(fine(veloci_plan(v, &p, &text, &len, &taken)) && len > 64, "plan in its wire form");
    veloci_free(text);
    ok(fine(veloci_features(&text, &taken)) && strstr(text, "ociVersionMin") != NULL, "features");
    veloci_free(text);
    ok(fine(veloci_doctor(v, &text, &taken)) && strstr(text, "\"usable\": true") != NULL, "doctor");
    veloci_free(text);
    bad.bundle = "/no/such/bundle";
    int r = veloci_create(v, "bad", &bad, &taken);
    is_int(taken != NULL ? veloci_error_errno(taken) : 0, ENOENT, "errno of an error");
    is_int(taken != NULL ? (int)veloci_error_class(taken) : 0, VELOCI_FAULTED, "class of an error");
    ok(says(r, VELOCI_ERROR_SYSTEM, "/no/such/bundle"), "its kind and words");
}

/* -- side by side ------------------------------------------------------------------------------ */

static void *worker(void *arg)
{
    char id[32];
    long failed = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct veloci_error *e = NULL;
        struct veloci_state *s = NULL;
        snprintf(id, sizeof(id), "t%ld-%d", (long)arg, i);
        if (veloci_create(v, id, &create_options, &e) < 0 || veloci_start(v, id, &e) < 0 ||
            veloci_state_get(v, id, &s, &e) < 0 || veloci_state_status(s) != VELOCI_RUNNING ||
            veloci_delete(v, id, VELOCI_DELETE_FORCE, &e) < 0) {
            fprintf(stderr, "%s: %s\n", id, e != NULL ? veloci_error_message(e) : "does not run");
            failed++;
        }
        veloci_state_free(s);
        veloci_error_free(e);
    }
    return (void *)failed;
}

/* Another thread looks all the time: nothing may change even for a moment. */
static volatile int done;

static void *witness(void *arg)
{
    const struct process *before = arg;
    char cwd[4096], status[4096];
    long changed = 0;
    while (!done) {
        FILE *f = fopen("/proc/self/status", "re");
        unsigned mask = 0;
        size_t n = f != NULL ? fread(status, 1, sizeof(status) - 1, f) : 0;
        if (f != NULL)
            fclose(f);
        status[n] = '\0';
        const char *line = strstr(status, "Umask:");
        if (line == NULL || sscanf(line, "Umask: %o", &mask) != 1 || mask != before->umask ||
            getcwd(cwd, sizeof(cwd)) == NULL || strcmp(cwd, before->cwd) != 0)
            changed++;
        usleep(500);
    }
    return (void *)changed;
}

static void threads(void)
{
    static struct process before;
    pthread_t t[THREADS], w;
    void *result;
    long failed = 0;
    look(&before);
    (void)pthread_create(&w, NULL, witness, &before);
    for (long i = 0; i < THREADS; i++)
        (void)pthread_create(&t[i], NULL, worker, (void *)i);
    for (long i = 0; i < THREADS; i++) {
        (void)pthread_join(t[i], &result);
        failed += (long)result;
    }
    done = 1;
    (void)pthread_join(w, &result);
    is_int(failed, 0, "%d containers from %d threads at once", THREADS * ROUNDS, THREADS);
    is_int((long)result, 0, "nobody saw another umask or working directory");
    compare(&before, "afterwards");
}

int main(int argc, char **argv)
{
    static struct process before;
    struct veloci_options o = VELOCI_OPTIONS_INIT;
    if (argc != 3)
        return 2;
    o.root = argv[1];
    create_options.bundle = detached.bundle = argv[2];
    detached.flags = VELOCI_DETACH;
    (void)umask(027);
    (void)signal(SIGUSR1, SIG_IGN);
    /* what a daemon may have in its environment is not meant for its containers */
    (void)setenv("LISTEN_FDS", "1", 1);
    (void)setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    (void)unsetenv("LISTEN_PID");
    ok(fine(veloci_open(&o, &v, &taken)), "open");
    arguments(argv[1]);
    look(&before);
    life();
    living();
    documents(argv[2]);
    compare(&before, "one by one");
    threads();
    veloci_close(v);
    return done_testing();
}
