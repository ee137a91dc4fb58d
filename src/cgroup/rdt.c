/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/rdt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cgroup/internal.h"
#include "plan/rdt.h"
#include "sys/fd.h"
#include "sys/resctrl.h"

#define WHERE "linux.intelRdt"
enum { SCHEMATA_MAX = 65536 };

void vl_rdt_free(struct vl_rdt *r)
{
    if (r == NULL)
        return;
    free(r->group);
    free(r->monitor);
    free(r);
}

/* -- schemata ----------------------------------------------------------------------------------- */

/* The kernel says in a file of its own what it did not like about a write. */
static int write_schemata(const char *group, const char *text, struct vl_error **err)
{
    char why[256] = "";
    cleanup_free char *file = vl_path_join(group, "schemata");
    int r = vl_write_file_at(AT_FDCWD, file, text, strlen(text));
    if (r == 0)
        return 0;
    cleanup_fd int root = VL_NOFD;
    const char *path;
    root = vl_resctrl_open(&path);
    if (root >= 0 && vl_cg_read(root, "info/last_cmd_status", why, sizeof(why)) > 0)
        why[strcspn(why, "\n")] = '\0';
    cleanup_free char *line = vl_strndup(text, strcspn(text, "\n"));
    return vl_err_sys(err, r, "write `%s`%s to `%s`%s%s", line, line[0] && text[strlen(line) + 1] ? " …" : "", file,
                      why[0] ? ": " : "", why);
}

/* "L3:0=fff;1=f": the value that belongs to an id, or NULL. */
static const char *value_of(const char *line, const char *end, unsigned long id, size_t *ret_len)
{
    const char *p = memchr(line, ':', (size_t)(end - line));
    while (p != NULL && ++p < end) {
        char *equals;
        unsigned long n = strtoul(p, &equals, 10);
        const char *stop = memchr(p, ';', (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        if (equals == p || equals >= stop || *equals != '=')
            return NULL;
        if (n == id) {
            *ret_len = (size_t)(stop - equals) - 1;
            return equals + 1;
        }
        p = stop < end ? stop : NULL;
    }
    return NULL;
}

/* Masks are hexadecimal, of any width and case; leading blanks and zeros say nothing. */
static bool same_value(const char *a, size_t n, const char *b, size_t m)
{
    for (; n > 1 && (*a == ' ' || *a == '0'); n--)
        a++;
    for (; m > 1 && (*b == ' ' || *b == '0'); m--)
        b++;
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

/* The line of present that is about the same resource. */
static const char *find_line(const char *present, const char *name, size_t n, const char **ret_end)
{
    for (const char *p = present; *p != '\0';) {
        const char *start = p + strspn(p, " ");
        *ret_end = p + strcspn(p, "\n");
        if (strncmp(start, name, n) == 0 && start[n] == ':')
            return start;
        p = **ret_end != '\0' ? *ret_end + 1 : *ret_end;
    }
    return NULL;
}

/* Every value that is wanted by one line is the present one. */
static bool line_agrees(const char *present, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line)), *their_end;
    if (colon == NULL)
        return false;
    const char *theirs = find_line(present, line, (size_t)(colon - line), &their_end);
    if (theirs == NULL)
        return false;
    for (const char *p = colon + 1; p < end;) {
        char *equals;
        unsigned long id = strtoul(p, &equals, 10);
        const char *stop = memchr(p, ';', (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        if (equals == p || equals >= stop || *equals != '=')
            return false;
        size_t n = (size_t)(stop - equals) - 1, m;
        const char *value = value_of(theirs, their_end, id, &m);
        if (value == NULL || !same_value(equals + 1, n, value, m))
            return false;
        p = stop + 1;
    }
    return true;
}

bool vl_rdt_agrees(const char *present, const char *wanted)
{
    for (const char *p = wanted; *p != '\0';) {
        const char *end = p + strcspn(p, "\n");
        if (end > p && !line_agrees(present, p, end))
            return false;
        p = *end != '\0' ? end + 1 : end;
    }
    return true;
}

/* A group that was there is shared: its schemata are looked at, not changed (config-linux.md#intelrdt). */
static int compare_schemata(const char *group, const char *wanted, struct vl_error **err)
{
    cleanup_free char *present = NULL, *file = vl_path_join(group, "schemata");
    int r = vl_slurp_at(AT_FDCWD, file, SCHEMATA_MAX, &present, NULL);
    if (r < 0)
        return vl_err_sys(err, r, "read `%s`", file);
    if (vl_rdt_agrees(present, wanted))
        return 0;
    cleanup_free char *line = vl_strndup(wanted, strcspn(wanted, "\n"));
    return vl_err_state(err, "resctrl group `%s` exists with other schemata than `%s`%s", group, line,
                        wanted[strlen(line)] != '\0' && wanted[strlen(line) + 1] != '\0' ? " …" : "");
}

/* -- making ---------------------------------------------------------------------------------------- */

static int tell(const struct vl_cgroup_journal *journal, const char *path, bool undo, struct vl_error **err)
{
    return journal != NULL && journal->note != NULL ? journal->note(journal->arg, path, undo, err) : 0;
}

/* 1 made, 0 it was there, -1. */
static int make(const struct vl_cgroup_journal *journal, int dirfd, const char *name, const char *path,
                struct vl_error **err)
{
    if (tell(journal, path, false, err) < 0)
        return -1;
    int r = vl_resctrl_mkdir(dirfd, name);
    if (r == 0)
        return 1;
    if (tell(journal, path, true, err) < 0)
        return -1;
    if (r == -EEXIST)
        return 0;
    return vl_err_sys(err, r, "make the resctrl group `%s`%s", path, r == -ENOSPC ? ": all classes of service are in use" : "");
}

static int make_group(struct vl_rdt *r, int root, const struct vl_op *op, const struct vl_cgroup_journal *journal,
                      struct vl_error **err)
{
    const char *name = vl_op_s(op, 0);
    cleanup_fd int there = VL_NOFD;
    if (vl_streq(name, VL_RDT_ROOT))
        return 0;
    if (op->n[0] & VL_RDT_MAKE) { /* one with a name stays when the container goes: not for the journal */
        int made = make(op->n[0] & VL_RDT_OWN ? journal : NULL, root, name, r->group, err);
        r->made_group = made > 0;
        if (made != 0)
            return made < 0 ? -1 : 0;
        if (op->n[0] & VL_RDT_OWN)
            return vl_err_state(err, "resctrl group `%s` exists already", r->group);
        return 0;
    }
    there = vl_open_at(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    return there < 0 ? vl_err_sys(err, there, "find the resctrl group `%s`, which is not made without schemata", r->group)
                     : 0;
}

static int make_monitor(struct vl_rdt *r, const struct vl_op *op, const struct vl_cgroup_journal *journal,
                        struct vl_error **err)
{
    if (vl_op_s(op, 3) == NULL)
        return 0;
    cleanup_free char *above = vl_path_join(r->group, "mon_groups");
    cleanup_fd int dir = vl_open_at(AT_FDCWD, above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dir < 0)
        return vl_err_sys(err, dir, "open `%s`, where monitoring groups are made", above);
    r->monitor = vl_path_join(above, vl_op_s(op, 3));
    int made = make(journal, dir, vl_op_s(op, 3), r->monitor, err);
    r->made_monitor = made > 0;
    return made == 0 ? vl_err_state(err, "resctrl monitoring group `%s` exists already", r->monitor) : made < 0 ? -1 : 0;
}

static int fill(struct vl_rdt *r, int root, const struct vl_op *op, const struct vl_cgroup_journal *journal,
                struct vl_error **err)
{
    const char *schemata = vl_op_s(op, 1), *lines = vl_op_s(op, 2);
    if (make_group(r, root, op, journal, err) < 0)
        return -1;
    if (schemata != NULL && (r->made_group ? write_schemata : compare_schemata)(r->group, schemata, err) < 0)
        return -1;
    if (lines != NULL && write_schemata(r->group, lines, err) < 0)
        return -1;
    return make_monitor(r, op, journal, err);
}

int vl_rdt_create(const struct vl_plan *plan, const struct vl_cgroup_journal *journal, struct vl_rdt **ret,
                  struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_RDT, &from);
    const char *path;
    *ret = NULL;
    if (op == NULL)
        return 0;
    cleanup_fd int root = vl_resctrl_open(&path);
    if (root < 0) {
        vl_err_unsupported(err, "resctrl", "resctrl is not mounted at %s", path);
        return vl_err_at(err, WHERE);
    }
    struct vl_rdt *r = vl_alloc(sizeof(*r));
    r->own = op->n[0] & VL_RDT_OWN;
    r->group = vl_streq(vl_op_s(op, 0), VL_RDT_ROOT) ? vl_strdup(path) : vl_path_join(path, vl_op_s(op, 0));
    if (fill(r, root, op, journal, err) < 0) {
        vl_rdt_undo(r);
        vl_rdt_free(r);
        return vl_err_at(err, WHERE);
    }
    *ret = r;
    return 0;
}

/* -- processes -------------------------------------------------------------------------------------- */

static int add_task(const char *group, pid_t pid, struct vl_error **err)
{
    char text[16];
    cleanup_free char *file = vl_path_join(group, "tasks");
    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = vl_write_file_at(AT_FDCWD, file, text, strlen(text));
    if (r == 0)
        return 0;
    vl_err_sys(err, r, "move process %d into the resctrl group `%s`", (int)pid, group);
    return vl_err_at(err, WHERE);
}

int vl_rdt_attach(const struct vl_rdt *r, pid_t pid, struct vl_error **err)
{
    if (r == NULL)
        return 0;
    if (add_task(r->group, pid, err) < 0)
        return -1;
    return r->monitor != NULL ? add_task(r->monitor, pid, err) : 0;
}

/* -- removing --------------------------------------------------------------------------------------- */

static int remove_dir(const char *path)
{
    const char *name = vl_path_base(path);
    cleanup_free char *above = vl_strndup(path, (size_t)(name - path));
    cleanup_fd int dir = vl_open(above, O_RDONLY | O_DIRECTORY);
    int r = dir < 0 ? dir : vl_resctrl_rmdir(dir, name);
    return r == -ENOENT ? 0 : r;
}

/* The kernel removes a group with tasks in it as well, and they lose what was given to them. */
static bool in_use(const struct vl_rdt *r)
{
    char text[16];
    if (r->own || vl_cg_read_in(r->group, "tasks", text, sizeof(text)) <= 0)
        return false;
    pid_t first = (pid_t)strtol(text, NULL, 10);
    return first <= 0 || kill(first, 0) == 0 || errno != ESRCH;
}

void vl_rdt_settle(struct vl_rdt *r)
{
    if (r != NULL && !r->own)
        r->made_group = false;
}

void vl_rdt_undo(struct vl_rdt *r)
{
    int e = 0;
    if (r == NULL)
        return;
    if (r->made_monitor)
        e = remove_dir(r->monitor);
    if (r->made_group && !in_use(r))
        e = remove_dir(r->group);
    if (e < 0)
        vl_warn("remove the resctrl group `%s`: %s", r->group, strerror(-e));
    r->made_monitor = r->made_group = false;
}

int vl_rdt_remove_path(const char *path, struct vl_error **err)
{
    const char *root;
    cleanup_fd int fd = vl_resctrl_open(&root);
    if (fd < 0) /* unmounted: all groups are gone */
        return 0;
    if (!vl_starts_with(path, root) || path[strlen(root)] != '/')
        return vl_err_state(err, "`%s` is no resctrl group, it is left alone", path);
    int r = remove_dir(path);
    return r < 0 ? vl_err_sys(err, r, "remove the resctrl group `%s`", path) : 0;
}

int vl_rdt_update(const char *group, const char *l3, const char *mem_bw, struct vl_error **err)
{
    cleanup_free char *text = vl_rdt_schemata(l3, mem_bw);
    return text != NULL ? write_schemata(group, text, err) : 0;
}
