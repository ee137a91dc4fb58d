/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New device rules for a cgroup in use, without a moment in which something is allowed or denied
 * that neither the old nor the new ones say.
 *
 * v2: the new program takes the place of our old one (BPF_F_REPLACE, Linux 5.6); programs that
 * others attached stay. v1: new exceptions are added before old ones are taken away. Only from "all
 * denied but" to "all allowed but" and back there is such a moment: the kernel's interface knows no
 * other way.
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "sys/bpf.h"
#include "sys/fd.h"

/* -- v2 ---------------------------------------------------------------------------------------- */

/* Descriptors of the programs with our name that are attached to this very cgroup. */
static int ours(int cgroup, int **ret, size_t *ret_n)
{
    cleanup_free uint32_t *ids = NULL;
    size_t n = 0;
    int r = vl_bpf_cgroup_query(cgroup, BPF_CGROUP_DEVICE, &ids, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        char name[16] = "";
        cleanup_fd int fd = vl_bpf_prog_by_id(ids[i]);
        if (fd == -ENOENT) /* detached meanwhile */
            continue;
        r = fd < 0 ? fd : vl_bpf_prog_name(fd, name);
        if (r == 0 && vl_streq(name, VL_CG_DEVICE_PROGRAM))
            *VL_APPEND(*ret, *ret_n) = vl_take_fd(&fd);
    }
    return r;
}

/* The first of the old ones is replaced; there is more than one only after somebody interfered. */
static int replace(int cgroup, const struct vl_op *op, const int *old, size_t n, const char **what)
{
    cleanup_fd int prog = VL_NOFD;
    int r = 0;
    size_t first = 0;
    if (op->s[0].data != NULL) {
        *what = "load";
        prog = vl_cg_device_program(op);
        if (prog < 0)
            return prog;
        *what = "attach";
        r = vl_bpf_cgroup_attach(cgroup, prog, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI,
                                 n > 0 ? old[0] : VL_NOFD);
        first = 1;
    }
    for (size_t i = first; r == 0 && i < n; i++) {
        *what = "detach";
        r = vl_bpf_cgroup_detach(cgroup, old[i], BPF_CGROUP_DEVICE);
    }
    return r;
}

static int replace_v2(struct vl_cgroup *cg, const struct vl_op *op, struct vl_error **err)
{
    cleanup_free int *old = NULL;
    const char *what = "look for";
    size_t n = 0;
    int cgroup = vl_cgroup_dirfd(cg);
    if (cgroup < 0)
        return vl_err_state(err, "the container has no cgroup for device rules");
    int r = ours(cgroup, &old, &n);
    if (r == 0)
        r = replace(cgroup, op, old, n, &what);
    for (size_t i = 0; i < n; i++)
        vl_close(old[i]);
    return r < 0 ? vl_cg_device_failed(cg, op, r, what, err) : 0;
}

/* -- v1 ---------------------------------------------------------------------------------------- */

/* "c 1:3 rwm": what is before the rights, and the rights as bits of "rwm". */
struct exception {
    char pattern[56];
    unsigned rights;
};
struct exceptions {
    struct exception *v;
    size_t n;
};

static void parse(const char *line, size_t len, struct exceptions *l)
{
    static const char letters[] = "rwm";
    size_t n = len;
    while (n > 0 && line[n - 1] != ' ')
        n--;
    if (n < 2 || n > sizeof(l->v->pattern))
        return;
    struct exception *e = VL_APPEND(l->v, l->n);
    *e = (struct exception){.rights = 0};
    memcpy(e->pattern, line, n - 1);
    for (unsigned i = 0; i < 3; i++)
        if (memchr(line + n, letters[i], len - n))
            e->rights |= 1u << i;
}

static unsigned rights_of(const struct exceptions *l, const char *pattern)
{
    unsigned rights = 0;
    for (size_t i = 0; i < l->n; i++)
        if (vl_streq(l->v[i].pattern, pattern))
            rights |= l->v[i].rights;
    return rights;
}

struct change { /* of v1 rules */
    const char *dir;
    struct vl_strv done; /* values written; the file of each is told by its first character */
};

static int write_rule(struct change *c, const char *file, const char *value)
{
    int r = vl_cg_write_in(c->dir, file, value);
    if (r == 0)
        vl_strv_addf(&c->done, "%c%s", vl_streq(file, "devices.allow") ? '+' : '-', value);
    return r;
}

static int write_rights(struct change *c, const char *file, const char *pattern, unsigned rights)
{
    if (rights == 0)
        return 0;
    cleanup_free char *value = vl_asprintf("%s %s%s%s", pattern, rights & 1 ? "r" : "",
                                           rights & 2 ? "w" : "", rights & 4 ? "m" : "");
    return write_rule(c, file, value);
}

/* Both lists are exceptions from "all denied". */
static int change_exceptions(struct change *c, const struct exceptions *old,
                             const struct exceptions *new)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < new->n; i++)
        r = write_rights(c, "devices.allow", new->v[i].pattern,
                         new->v[i].rights & ~rights_of(old, new->v[i].pattern));
    for (size_t i = 0; r == 0 && i < old->n; i++)
        r = write_rights(c, "devices.deny", old->v[i].pattern,
                         old->v[i].rights & ~rights_of(new, old->v[i].pattern));
    return r;
}

static void take_back(struct change *c, const struct exceptions *old)
{
    struct change again = {.dir = c->dir};
    bool emptied = false; /* "all denied" came back without its exceptions */
    for (size_t i = c->done.n; i-- > 0;) {
        const char *done = c->done.v[i];
        (void)vl_cg_write_in(c->dir, *done == '+' ? "devices.deny" : "devices.allow", done + 1);
        emptied |= vl_streq(done, "+a");
    }
    for (size_t i = 0; emptied && i < old->n; i++)
        (void)write_rights(&again, "devices.allow", old->v[i].pattern, old->v[i].rights);
    vl_strv_reset(&again.done);
}

static int replace_v1(struct vl_cgroup *cg, const struct vl_plan *plan, const struct vl_op *op,
                      struct vl_error **err)
{
    cleanup_free char *list = vl_alloc(65536);
    struct exceptions old = {NULL, 0}, new = {NULL, 0};
    struct change c = {.dir = vl_cg_v1_dir(cg, "devices")};
    bool deny_all = vl_streq(vl_op_s(op, 1), "devices.deny") && vl_streq(vl_op_s(op, 2), "a");
    if (c.dir == NULL)
        return vl_err_state(err, "the container has no cgroup of controller `devices`");
    int r = vl_cg_read_in(c.dir, "devices.list", list, 65536);
    bool allows_all = r >= 0 && vl_starts_with(list, "a ");
    for (char *p = list; r >= 0 && *p; p += strcspn(p, "\n"), p += *p == '\n')
        parse(p, strcspn(p, "\n"), &old);
    for (size_t i = 0; r >= 0 && i < plan->n_op; i++) {
        const struct vl_op *w = &plan->op[i];
        if (w->code != VL_OP_CGWRITE || w->n[0] != 1 || !vl_streq(vl_op_s(w, 0), "devices"))
            continue;
        if (deny_all && !allows_all)
            parse(vl_op_s(w, 2), strlen(vl_op_s(w, 2)), &new);
        else
            r = write_rule(&c, vl_op_s(w, 1), vl_op_s(w, 2));
    }
    if (r >= 0 && deny_all && !allows_all)
        r = change_exceptions(&c, &old, &new);
    if (r < 0)
        take_back(&c, &old);
    vl_strv_reset(&c.done);
    free(old.v);
    free(new.v);
    if (r >= 0 || ((r == -EPERM || r == -EACCES) && (op->n[1] & VL_CGW_TOLERATE)))
        return 0;
    vl_err_sys(err, r, "replace the device rules of cgroup `%s`", c.dir);
    return vl_err_at(err, "%s", op->where);
}

int vl_cg_replace_devices(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_CGDEVICES, &from);
    if (op != NULL)
        return replace_v2(cg, op, err);
    for (size_t i = 0; i < plan->n_op; i++)
        if (plan->op[i].code == VL_OP_CGWRITE && plan->op[i].n[0] == 1 &&
            vl_streq(vl_op_s(&plan->op[i], 0), "devices"))
            return replace_v1(cg, plan, &plan->op[i], err);
    return 0;
}
