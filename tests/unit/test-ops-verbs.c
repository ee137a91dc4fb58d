/* SPDX-License-Identifier: Apache-2.0 */
/* kill, delete, state and list on containers that are nothing but a record and a process; no
 * cgroup, no privilege. */
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "ops/ops.h"
#include "state/gate.h"
#include "state/journal.h"

static char top[] = "/tmp/vl-ops-XXXXXX";
static struct vl_global global = {.root = top};

static bool says(struct vl_error **e, const char *words)
{
    cleanup_free char *text = *e != NULL ? vl_error_text(*e) : vl_strdup("(no error)");
    bool good = strstr(text, words) != NULL;
    if (!good)
        diag("%s", text);
    vl_error_free(*e);
    *e = NULL;
    return good;
}

static pid_t sleeper(void)
{
    int ready[2];
    char byte;
    (void)!pipe(ready);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_NAME,
                    VL_NONCE_PREFIX "12345678"); /* as the stage is called that waits */
        (void)!write(ready[1], "x", 1);
        (void)pause();
        _exit(0);
    }
    (void)!read(ready[0], &byte, 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return pid;
}

enum { RUNNING = 0, CREATED = 1, CREATING = 2 };

static struct vl_ctr *container(const char *id, pid_t pid, int what)
{
    struct vl_error *e = NULL;
    struct vl_ctr *c = NULL;
    struct vl_cgroup_desc none = {.manager = VL_CGM_DISABLED};
    cleanup(record) struct vl_record *r = vl_record_new();
    cleanup(proc) struct vl_proc p = VL_PROC_INIT;
    if (vl_ctr_claim(top, id, &c, &e) < 0 || vl_proc_open(pid, &p) < 0)
        return NULL;
    r->id = vl_strdup(id);
    r->oci_version = vl_strdup("1.1.0");
    r->bundle = vl_strdup(top);
    r->rootfs = vl_strdup("/r");
    r->created = vl_record_now();
    r->owner = geteuid();
    r->pid = pid;
    r->start_time = p.start_time;
    r->own_pidns = true;
    r->creating = what & CREATING;
    vl_cgroup_desc_format(&none, &r->cgroup);
    if (what & CREATED)
        vl_close(vl_gate_listen(c, &e));
    if (vl_record_write(c, r, &e) < 0)
        return NULL;
    vl_ctr_unlock(c);
    return c;
}

static int end(pid_t pid)
{
    int st = -1;
    (void)waitpid(pid, &st, 0);
    return WIFSIGNALED(st) ? WTERMSIG(st) : 0;
}

/* Collects the child once it is dead, so that a delete that waits for it goes on. */
static pid_t reaper_of(const char *id, bool force)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct vl_error *e = NULL;
        _exit(vl_op_delete(&global, id, force, &e) == 0 ? 0 : says(&e, "") ? 1 : 2);
    }
    return pid;
}

static void kills(void)
{
    struct vl_error *e = NULL;
    pid_t pid = sleeper();
    struct vl_ctr *c = container("k", pid, RUNNING);
    ok(c != NULL, "a running container");
    is_int(vl_op_kill(&global, "k", 0, false, &e), 0, "signal 0");
    is_int(vl_op_kill(&global, "k", SIGUSR1, false, &e), 0, "a signal");
    is_int(end(pid), SIGUSR1, "arrives");
    ok(vl_op_kill(&global, "k", SIGTERM, false, &e) < 0 && says(&e, "container not running"),
       "a stopped one");
    is_int(vl_op_kill(&global, "k", SIGKILL, true, &e), 0, "all of a stopped one");
    ok(vl_op_kill(&global, "nosuch", SIGTERM, false, &e) < 0 &&
           says(&e, "container does not exist"),
       "an unknown one");
    is_int(vl_op_delete(&global, "k", false, &e), 0, "deleted");
    vl_ctr_free(c);

    pid = sleeper();
    c = container("k", pid, CREATED);
    is_int(vl_op_kill(&global, "k", SIGKILL, false, &e), 0, "KILL of a created one");
    is_int(end(pid), SIGKILL, "arrives");
    is_int(vl_op_delete(&global, "k", false, &e), 0, "deleted");
    vl_ctr_free(c);

    pid = sleeper();
    c = container("k", pid, CREATING);
    ok(vl_op_kill(&global, "k", SIGKILL, false, &e) < 0 && says(&e, "container not running"),
       "one that is being made");
    is_int(vl_op_delete(&global, "k", true, &e), 0,
           "but it can be deleted when its create has died");
    is_int(end(pid), SIGKILL, "with its process");
    vl_ctr_free(c);
}

static void deletes(void)
{
    struct vl_error *e = NULL;
    int st = -1;
    pid_t pid = sleeper();
    struct vl_ctr *c = container("d", pid, RUNNING);
    ok(vl_op_delete(&global, "d", false, &e) < 0 &&
           says(&e, "cannot delete container d that is not stopped: running"),
       "a running one is not deleted");
    pid_t deleter = reaper_of("d", true);
    is_int(end(pid), SIGKILL, "but by force");
    (void)waitpid(deleter, &st, 0);
    is_int(st, 0, "which succeeds");
    ok(vl_op_delete(&global, "d", false, &e) < 0 && says(&e, "container does not exist: d"),
       "gone");
    is_int(vl_op_delete(&global, "d", true, &e), 0, "forced, that is fine");
    ok(vl_op_delete(&global, "../d", true, &e) < 0 && says(&e, "invalid container ID format"),
       "but not a path");
    vl_ctr_free(c);

    pid = sleeper();
    c = container("d", pid, CREATED);
    deleter = reaper_of("d", false);
    is_int(end(pid), SIGKILL, "a created one needs no force");
    (void)waitpid(deleter, &st, 0);
    is_int(st, 0, "and is gone");
    vl_ctr_free(c);

    is_int(vl_ctr_claim(top, "d", &c, &e), 0, "one that died early");
    is_int(vl_journal_add(c, VL_JOURNAL_CGROUP, "/sys/fs/cgroup/no-such-cgroup-of-veloci", &e), 0,
           "with a journal");
    vl_ctr_unlock(c);
    is_int(vl_op_delete(&global, "d", false, &e), 0, "what was never made is no error");
    vl_ctr_free(c);
    is_int(vl_ctr_claim(top, "d", &c, &e), 0, "another");
    is_int(vl_journal_add(c, VL_JOURNAL_CGROUP, "/tmp", &e), 0, "with a bad journal");
    vl_ctr_unlock(c);
    ok(vl_op_delete(&global, "d", true, &e) < 0 && says(&e, "delete container d"),
       "nothing but cgroups is removed");
    ok(access("/tmp", F_OK) == 0 && access(c->path, F_OK) == 0, "and the container stays");
    is_int(vl_ctr_relock(c, &e), 0, "locked");
    is_int(vl_ctr_remove(c, &e), 0, "removed");
    vl_ctr_free(c);
}

static void states(void)
{
    struct vl_error *e = NULL;
    cleanup(status) struct vl_status *s = NULL;
    cleanup(list) struct vl_list *l = NULL, *l2 = NULL;
    pid_t pid = sleeper();
    struct vl_ctr *b = container("b", pid, RUNNING), *a = NULL;
    is_int(vl_ctr_claim(top, "a", &a, &e), 0, "a half-made one");
    is_int(vl_op_state(&global, "b", &s, &e), 0, "state");
    cleanup_free char *json = vl_op_state_json(s, NULL);
    cleanup_free char *want = vl_asprintf("{\"ociVersion\":\"1.1.0\",\"id\":\"b\",\"pid\":%d,"
                                          "\"status\":\"running\",\"bundle\":\"%s\","
                                          "\"rootfs\":\"/r\",\"created\":\"%s\",\"owner\":\"\"}",
                                          (int)pid, top, s->record->created);
    is_str(json, want, "as JSON");
    is_int(vl_op_list(&global, false, &l, &e), 0, "list");
    is_int(l->n, 2, "of two");
    is_str(l->item[0]->record->id, "a", "in order");
    is_int(l->item[0]->status, VL_CREATING, "the half-made one");
    is_str(l->item[0]->owner, "", "has no owner");
    is_int(l->item[1]->status, VL_RUNNING, "the other");
    ok(l->item[1]->owner[0] != '\0', "has one: %s", l->item[1]->owner);
    is_int(vl_op_list(&global, true, &l2, &e), 0, "list of ids");
    is_str(l2->item[1]->record->id, "b", "has them");
    (void)kill(pid, SIGKILL);
    (void)end(pid);
    is_int(vl_ctr_remove(a, &e), 0, "removed");
    vl_ctr_free(a);
    is_int(vl_op_delete(&global, "b", false, &e), 0, "deleted");
    vl_ctr_free(b);
}

int main(void)
{
    if (mkdtemp(top) == NULL)
        skip_all("no temporary directory");
    kills();
    deletes();
    states();
    is_int(rmdir(top), 0, "nothing is left");
    return done_testing();
}
