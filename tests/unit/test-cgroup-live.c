/* SPDX-License-Identifier: Apache-2.0 */
/* Real cgroups: made, entered, frozen, killed, removed, in every view of the host. Needs root;
 * leaves nothing behind. */
#include "cgroup-live.h"

static int noted, noted_late;
static int note(void *arg, const char *path, bool undo, struct vl_error **err)
{
    noted++;
    noted_late += access(path, F_OK) == 0 || undo;
    return 0;
}

static void test_life(void)
{
    struct vl_cgroup_journal journal = {note, NULL};
    struct vl_plan *plan = plan_new("life", 0);
    struct vl_cgroup_desc desc = {.dir = NULL};
    struct vl_cgroup_pids pids = {NULL, 0};
    struct vl_cgroup *cg = NULL, *again = NULL;
    struct vl_strv text = {NULL, 0};
    struct vl_error *err = NULL;
    noted = noted_late = 0;
    ok(fine(vl_cgroup_create(plan, &host, &journal, &cg, &err), &err) && exists(cg, true),
       "created");
    size_t n = vl_cgroup_describe(cg)->n_dir;
    is_int(noted, n, "the journal heard of each directory");
    is_int(noted_late, 0, "before it was made");
    is_int(n, host.n_v1 + (host.v2_mount != NULL), "one in each hierarchy");
    ok((vl_cgroup_dirfd(cg) >= 0) == (host.v2_mount != NULL),
       "a descriptor of cgroup2 where there is one");

    pid_t pid = in_cgroup(cg, sleep_long);
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 1 && pids.pid[0] == pid,
       "the process is listed");
    vl_cgroup_pids_reset(&pids);
    bool everywhere = true;
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *file = file_of(cg, i, "cgroup.procs");
        if (atoi(slurp(file)) != pid) {
            diag("%s: `%s`, not %d", file, slurp(file), (int)pid);
            everywhere = false;
        }
    }
    ok(everywhere, "it is in every hierarchy");

    is_int(vl_cgroup_create(plan, &host, NULL, &again, &err), -1,
           "a second one of that name is refused");
    error_is(err, "container's cgroup is not empty: 1 process(es) found", "with the usual words");
    err = NULL;
    ok(exists(cg, true), "and did not harm the first");
    const char *dir = vl_cgroup_describe(cg)->dir[0].path;
    is_str(vl_cgroup_dir_below(cg, host.v2_mount ? host.v2_mount : host.v1[0].mount), dir,
           "its directory is found by mount");
    ok(vl_cgroup_dir_below(cg, "/sys/fs/cgr") == NULL, "not by a part of a name");

    vl_cgroup_desc_format(vl_cgroup_describe(cg), &text);
    ok(vl_cgroup_desc_parse(text.v, text.n, &desc, &err) == 0 && desc.n_dir == n,
       "the description survives as text");
    ok(vl_cgroup_open_recorded(&desc, &again, &err) == 0, "and opens again");
    is_int(vl_cgroup_wait_empty(again, 30, &err), -1, "it is not empty");
    error_is(err, "still in use: 1 process", "and says so at the timeout");
    err = NULL;
    is_int(vl_cgroup_remove(again, 30, &err), -1, "nor can it be removed");
    error_is(err, "still in use: 1 process", "which is said too");
    err = NULL;
    ok(fine(vl_cgroup_signal_all(again, SIGTERM, &err), &err), "a signal to all");
    ok(WTERMSIG(reap(pid)) == SIGTERM, "reaches the process");
    ok(fine(vl_cgroup_wait_empty(again, 2000, &err), &err), "then it is empty");
    destroy(again);
    ok(fine(vl_cgroup_remove(cg, 0, &err), &err), "removing what is gone is fine");
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 0, "and it has no processes");
    ok(!vl_cgroup_frozen(cg), "nor is it frozen");
    vl_cgroup_free(cg);
    vl_cgroup_desc_reset(&desc);
    vl_strv_reset(&text);
    vl_plan_free(plan);
}

static void leave(int sig)
{
    _exit(7);
}

/* Handles SIGTERM: a fatal signal would end a process that cgroup2 froze at once. */
static int count_up(void)
{
    (void)signal(SIGTERM, leave);
    for (volatile unsigned i = 0;; i++)
        ;
    return 0;
}

static void test_freeze(void)
{
    struct vl_cgroup *cg = create_plain("freeze"), *again = NULL;
    struct vl_plan *plan = plan_new("freeze", 0);
    struct vl_error *err = NULL;
    pid_t pid = in_cgroup(cg, count_up);
    usleep(20000); /* until it handles the signal */
    ok(!vl_cgroup_frozen(cg), "not frozen at first");
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err) && vl_cgroup_frozen(cg), "frozen");
    ok(fine(vl_cgroup_signal_all(cg, SIGTERM, &err), &err) && vl_cgroup_frozen(cg),
       "a signal leaves it frozen");
    usleep(20000);
    ok(waitpid(pid, NULL, WNOHANG) == 0, "and the process lives");
    ok(fine(vl_cgroup_thaw(cg, 2000, &err), &err) && !vl_cgroup_frozen(cg), "thawed");
    is_int(WEXITSTATUS(reap(pid)), 7, "now the signal is taken");
    pid = in_cgroup(cg, count_up);
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err), "frozen again");
    ok(fine(vl_cgroup_kill(cg, 2000, &err), &err), "killed while frozen");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "the process is dead");
    ok(fine(vl_cgroup_freeze(cg, 2000, &err), &err), "an empty one can be frozen");
    is_int(vl_cgroup_create(plan, &host, NULL, &again, &err), -1,
           "and is then not taken for a container");
    error_is(err, "is frozen", "which is said");
    err = NULL;
    vl_plan_free(plan);
    destroy(cg);
}

static int breed(void)
{
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            for (;;) {
                pid_t p = fork();
                if (p == 0)
                    _exit(0);
                waitpid(p, NULL, 0);
            }
    sleep(1000);
    return 0;
}

static void test_kill(const char *disable)
{
    struct vl_cgroup *cg = create_plain("kill");
    struct vl_error *err = NULL;
    size_t n = vl_cgroup_describe(cg)->n_dir;
    setenv("VELOCI_DISABLE", disable, 1);
    for (size_t i = 0; i < n; i++) {
        cleanup_free char *sub = file_of(cg, i, "a"), *subsub = file_of(cg, i, "a/b"),
                          *other = file_of(cg, i, "c");
        ok(mkdir(sub, 0755) == 0 && mkdir(subsub, 0755) == 0 && mkdir(other, 0755) == 0,
           "groups below it");
    }
    pid_t pid = in_cgroup(cg, breed);
    usleep(20000);
    ok(fine(vl_cgroup_kill(cg, 5000, &err), &err), "killed a family that goes on forking (%s)",
       *disable ? disable : "as usual");
    ok(WTERMSIG(reap(pid)) == SIGKILL, "the first of them is dead");
    ok(fine(vl_cgroup_wait_empty(cg, 2000, &err), &err), "all are gone");
    ok(!vl_cgroup_frozen(cg), "and nothing stays frozen");
    setenv("VELOCI_DISABLE", "", 1);
    destroy(cg);
    vl_cgroup_free(cg = create_plain("path"));
    pid = in_cgroup(cg = create_plain("path"), sleep_long);
    for (size_t i = 0; i < n; i++)
        ok(fine(vl_cgroup_destroy_path(vl_cgroup_describe(cg)->dir[i].path, 2000, &err), &err),
           "a directory that only the journal knows");
    ok(WTERMSIG(reap(pid)) == SIGKILL && exists(cg, false), "process and directories are gone");
    is_int(vl_cgroup_destroy_path("/tmp", 0, &err), -1, "what is no cgroup");
    error_is(err, "no cgroup, it is left alone", "is left alone");
    err = NULL;
    vl_cgroup_free(cg);
}

static void test_optional(void)
{
    struct vl_plan *plan = plan_new("optional", VL_CG_OPTIONAL);
    struct vl_cgroup *cg = NULL;
    struct vl_error *err = NULL;
    if (seteuid(65534) < 0)
        abort();
    ok(fine(vl_cgroup_create(plan, &host, NULL, &cg, &err), &err), "not permitted, but optional");
    ok(cg && vl_cgroup_describe(cg)->manager == VL_CGM_DISABLED && vl_cgroup_notes(cg)->n == 1,
       "goes on without, and notes it");
    const char *mount = host.v2_mount ? host.v2_mount : host.v1[0].mount;
    const char *dir = vl_cgroup_dir_below(cg, mount);
    ok(dir && strncmp(dir, mount, strlen(mount)) == 0 && access(dir, F_OK) == 0,
       "its processes stay in our own");
    vl_cgroup_free(cg);
    plan->op[0].n[2] = 0;
    is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1, "not permitted");
    error_is(err, "Permission denied", "is an error else");
    if (seteuid(0) < 0)
        abort();
    vl_plan_free(plan);
    plan = vl_alloc(sizeof(*plan));
    err = NULL;
    cg = create(plan);
    ok(vl_cgroup_kill(cg, 0, &err) == 0 && vl_cgroup_remove(cg, 0, &err) == 0 &&
           vl_cgroup_dirfd(cg) < 0,
       "without a planned cgroup nothing happens");
    vl_cgroup_free(cg);
    vl_plan_free(plan);
}

static void test_spawn(void)
{
    struct vl_cgroup *cg = create_plain("spawn");
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_child child = {0, VL_NOFD};
    struct vl_error *err = NULL;
    struct vl_cgroup_pids pids = {NULL, 0};
    s.path = "/bin/sleep";
    s.argv = (char *const[]){(char *)"sleep", (char *)"1000", NULL};
    s.cgroup_fd = vl_cgroup_dirfd(cg);
    if (!ok(vl_spawn(&s, &child, NULL) == 0, "a program is started")) {
        destroy(cg);
        return;
    }
    ok(fine(vl_cgroup_attach(cg, child.pid, s.cgroup_fd >= 0, &err), &err),
       "and moved where it was not born");
    for (size_t i = 0; i < vl_cgroup_describe(cg)->n_dir; i++) {
        cleanup_free char *file = file_of(cg, i, "cgroup.procs");
        is_int(atoi(slurp(file)), child.pid, "%s has it", file);
    }
    if (host.v2_mount) {
        int fd = vl_cgroup_dirfd_of(&host, child.pid);
        struct stat a, b;
        ok(fd >= 0 && fstat(fd, &a) == 0 && fstat(vl_cgroup_dirfd(cg), &b) == 0 &&
               a.st_ino == b.st_ino,
           "found by its pid");
        vl_close(fd);
    }
    ok(fine(vl_cgroup_kill(cg, 2000, &err), &err), "killed");
    vl_child_kill(&child);
    ok(vl_cgroup_procs(cg, &pids, &err) == 0 && pids.n == 0, "empty");
    struct vl_cgroup *undo = create_plain("undo");
    vl_cgroup_undo(undo);
    ok(exists(undo, false), "undone");
    vl_cgroup_free(undo);
    destroy(cg);
}

static char *path_of(const char *mount, const char *name)
{
    return vl_asprintf("%s%s/%s", mount, parent, name);
}

static void test_relative(void)
{
    cleanup_free char *below = path_of(host.v2_mount, "mine/below/x");
    cleanup_free char *beside = path_of(host.v2_mount, "below/x");
    struct vl_plan *plan = plan_new("x", VL_CG_RELATIVE);
    struct vl_error *err = NULL;
    vl_op_str(&plan->op[0], 0, "below/x");
    struct vl_cgroup *cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, below, "a relative path is below our own cgroup");
    destroy(cg);
    if (has_controller("hugetlb") && host.n_hugepage_sizes > 0) {
        cleanup_free char *file = vl_asprintf("hugetlb.%s.max", host.hugepage_sizes[0]);
        cleanup_free char *busy = vl_asprintf("%s/mine/y", parent);
        add_write(plan, 2, 0, "hugetlb", file, "0");
        cg = create(plan);
        is_str(vl_cgroup_describe(cg)->dir[0].path, beside, "or beside it, when that one is busy");
        value_is(cg, "", file, "0");
        destroy(cg);
        plan->op[0].n[2] = 0;
        vl_op_str(&plan->op[0], 0, busy);
        is_int(vl_cgroup_create(plan, &host, NULL, &cg, &err), -1,
               "an absolute path has no second choice");
        error_is(err, "which has processes of its own", "and the reason is said");
    } else {
        skip("a busy parent needs the hugetlb controller");
    }
    vl_plan_free(plan);
}

static void test_default(void)
{
    cleanup_free char *ours = path_of(host.v2_mount, "mine");
    cleanup_free char *id = vl_asprintf("/veloci-unit-box-%d", (int)getpid());
    cleanup_free char *at_root = vl_path_join(host.v2_mount, id), *in_ours = vl_path_join(ours, id);
    struct vl_plan *plan = plan_new("x", VL_CG_DEFAULT);
    vl_op_str(&plan->op[0], 0, id);
    struct vl_cgroup *cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, at_root, "the default is at the root");
    destroy(cg);
    if (chown(ours, 65534, 0) < 0 || seteuid(65534) < 0)
        abort();
    cg = create(plan);
    is_str(vl_cgroup_describe(cg)->dir[0].path, in_ours,
           "or below our own, where only that is permitted");
    destroy(cg);
    if (seteuid(0) < 0)
        abort();
    vl_plan_free(plan);
}

/* Where a cgroup goes when the first choice is not possible; our own facts are made up for that. */
static void test_places(void)
{
    char *own = host.v2_own_path;
    struct vl_cgroup *mine = create_plain("mine");
    pid_t pid = in_cgroup(mine, sleep_long);
    host.v2_own_path = vl_asprintf("%s/mine", parent);
    test_relative();
    test_default();
    free(host.v2_own_path);
    host.v2_own_path = own;
    kill(pid, SIGKILL);
    reap(pid);
    cleanup_free char *left1 = path_of(host.v2_mount, "mine/below"),
                      *left2 = path_of(host.v2_mount, "below");
    ok(rmdir(left1) == 0 && (rmdir(left2) == 0 || errno == ENOENT),
       "parents that had to be made stay");
    destroy(mine);
}

static void cases(void)
{
    test_life();
    test_freeze();
    test_kill("");
    if (host.v2_mount)
        test_kill("cgroup_kill");
    if (host.cgroup_mode == VL_CGROUP_V2)
        test_places();
    test_optional();
    test_spawn();
}

int main(void)
{
    return run_views(cases);
}
