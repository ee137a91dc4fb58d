/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's words become numbers: per architecture the list of rules {number, conditions, return
 * value}.
 *
 * Where the specification is silent, what runc and libseccomp make of a profile holds:
 * - a rule whose action and errno are those of the default is left out, before any precedence;
 * - comparisons of one rule hold together, but when an argument appears twice each is a rule of its
 * own;
 * - 32-bit architectures compare the low half of an argument with the low half of the value;
 * - a function of socketcall(2) or ipc(2) is matched in both forms; in the multiplexed one argument
 * 0 is the code of the function, whatever the rule wants to know about it;
 * - names that nobody knows are ignored, with a note.
 */
#include "confine/seccomp_int.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

void vl_sc_profile_reset(struct vl_sc_profile *p)
{
    for (size_t i = 0; i < p->n_arch; i++)
        free(p->arch[i].rule);
    for (size_t i = 0; i < p->n_pool; i++)
        free(p->pool[i]);
    free(p->arch);
    free(p->pool);
    vl_strv_reset(&p->notes);
    memset(p, 0, sizeof(*p));
}

static int read_arg(const struct oci_syscall_arg *arg, const char *where, struct vl_sc_cond *ret,
                    struct vl_error **err)
{
    int64_t op;
    if (vl_name_find(vl_seccomp_operators, arg->op, &op) < 0) {
        vl_err_config(err, NULL, "unknown seccomp operator `%s`", arg->op);
        return vl_err_at(err, "%s.op", where);
    }
    if (arg->index >= VL_SC_ARGS) {
        vl_err_config(err, NULL, "a system call has no argument %u", arg->index);
        return vl_err_at(err, "%s.index", where);
    }
    *ret = (struct vl_sc_cond){.op = (enum vl_sc_op)op, .arg = arg->index, .a = arg->value};
    if (ret->op == VL_SC_MASKED_EQ)
        ret->b = arg->value_two & arg->value; /* bits outside of the mask are not looked at */
    return 0;
}

/* Comparisons of more arguments than there are must repeat one; they are then rules of their own,
 * and `conds` holds all of them. */
static int read_args(const struct oci_syscall *call, const char *where, struct vl_sc_cond *conds,
                     bool *apart, struct vl_error **err)
{
    unsigned seen = 0;
    for (size_t i = 0; i < call->n_args; i++) {
        cleanup_free char *at = vl_asprintf("%s.args[%zu]", where, i);
        if (read_arg(&call->args[i], at, &conds[i], err) < 0)
            return -1;
        if (seen & (1u << conds[i].arg))
            *apart = true;
        seen |= 1u << conds[i].arg;
    }
    return 0;
}

static struct vl_sc_cond narrow(struct vl_sc_cond c)
{
    c.a &= UINT32_MAX;
    c.b &= UINT32_MAX;
    return c;
}

static bool always_true(const struct vl_sc_cond *c)
{
    return c->op == VL_SC_MASKED_EQ && c->a == 0;
}

static int by_arg(const void *a, const void *b)
{
    const struct vl_sc_cond *x = a, *y = b;
    return x->arg < y->arg ? -1 : x->arg > y->arg;
}

/* One rule for one number. */
static void add_rule(struct vl_sc_profile *p, struct vl_sc_rules *rules, struct vl_sc_number number,
                     const struct vl_sc_cond *conds, size_t n, uint32_t ret, unsigned order)
{
    struct vl_sc_cond out[VL_SC_ARGS + 1];
    unsigned n_out = 0;
    if (number.has_call)
        out[n_out++] = (struct vl_sc_cond){.op = VL_SC_EQ, .arg = 0, .a = number.call};
    for (size_t i = 0; i < n; i++) {
        struct vl_sc_cond c = rules->arch->wide ? conds[i] : narrow(conds[i]);
        if (!always_true(&c) && !(number.has_call && c.arg == 0))
            out[n_out++] = c;
    }
    qsort(out, n_out, sizeof(out[0]), by_arg);
    struct vl_sc_rule *r = VL_APPEND(rules->rule, rules->n);
    *r = (struct vl_sc_rule){.nr = number.nr, .ret = ret, .order = order, .n_cond = n_out};
    if (n_out > 0) {
        struct vl_sc_cond **slot = VL_APPEND(p->pool, p->n_pool);
        *slot = vl_memdup(out, n_out * sizeof(out[0]));
        r->cond = *slot;
    }
}

/* An entry's rules for one name on one architecture. */
static enum vl_sc_known add_name(struct vl_sc_profile *p, struct vl_sc_rules *rules,
                                 struct vl_sc_mux *mux, const char *name,
                                 const struct oci_syscall *call, const struct vl_sc_cond *conds,
                                 bool apart, uint32_t ret, unsigned order)
{
    struct vl_sc_number numbers[2];
    unsigned n_numbers;
    enum vl_sc_known known = vl_sc_resolve(rules->arch, mux, name, numbers, &n_numbers);
    for (unsigned i = 0; i < n_numbers; i++) {
        if (!rules->any_named || numbers[i].nr > rules->max_named)
            rules->max_named = numbers[i].nr;
        rules->any_named = true;
        if (ret == p->def)
            continue;
        if (!apart)
            add_rule(p, rules, numbers[i], conds, call->n_args, ret, order);
        for (size_t c = 0; apart && c < call->n_args; c++)
            add_rule(p, rules, numbers[i], &conds[c], 1, ret, order);
    }
    return known;
}

static int unknown_name(struct vl_sc_profile *p, const char *name, size_t entry, size_t index,
                        bool fail, struct vl_error **err)
{
    if (fail) {
        vl_err_config(err, NULL, "unknown system call `%s`", name);
        return vl_err_at(err, "linux.seccomp.syscalls[%zu].names[%zu]", entry, index);
    }
    vl_strv_addf(&p->notes,
                 "seccomp: unknown system call `%s` ignored (linux.seccomp.syscalls[%zu])", name,
                 entry);
    return 0;
}

static int check_name(const char *name, uint32_t ret, const char *where, size_t index,
                      struct vl_error **err)
{
    if (name[0] == '\0') {
        vl_err_config(err, NULL, "a system call without a name");
        return vl_err_at(err, "%s.names[%zu]", where, index);
    }
    /* An agent that must answer write(2) before it has its descriptor never gets to answer: refused
     * in runc's words (libcontainer/seccomp). */
    if (ret == SECCOMP_RET_USER_NOTIF && strcmp(name, "write") == 0) {
        vl_err_config(err, NULL, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
        return vl_err_at(err, "%s.names[%zu]", where, index);
    }
    return 0;
}

static int add_entry(struct vl_sc_profile *p, const struct oci_syscall *call, size_t index,
                     bool fail_unknown, struct vl_sc_mux *mux, struct vl_error **err)
{
    cleanup_free char *where = vl_asprintf("linux.seccomp.syscalls[%zu]", index);
    cleanup_free struct vl_sc_cond *conds = vl_alloc(call->n_args * sizeof(*conds));
    bool apart = false;
    uint32_t ret;
    unsigned act;
    if (vl_sc_action(call->action, call->has_errno_ret ? &call->errno_ret : NULL, where, "action",
                     "errnoRet", &ret, &act, err) < 0 ||
        read_args(call, where, conds, &apart, err) < 0)
        return -1;
    p->actions |= act;
    for (size_t i = 0; i < call->n_names; i++) {
        bool known = false;
        if (check_name(call->names[i], ret, where, i, err) < 0)
            return -1;
        for (size_t a = 0; a < p->n_arch; a++)
            if (add_name(p, &p->arch[a], &mux[a], call->names[i], call, conds, apart, ret,
                         (unsigned)index) != VL_SC_UNKNOWN)
                known = true;
        if (!known && unknown_name(p, call->names[i], index, i, fail_unknown, err) < 0)
            return -1;
    }
    return 0;
}

static void add_arch(struct vl_sc_profile *p, const struct vl_sc_arch *arch)
{
    for (size_t i = 0; i < p->n_arch; i++)
        if (p->arch[i].arch == arch)
            return;
    struct vl_sc_rules *r = VL_APPEND(p->arch, p->n_arch);
    r->arch = arch;
}

static int read_archs(struct vl_sc_profile *p, const struct oci_seccomp *profile,
                      struct vl_error **err)
{
    const struct vl_sc_arch *native = vl_sc_arch_native();
    add_arch(p, native);
    for (size_t i = 0; i < profile->n_architectures; i++) {
        const char *name = profile->architectures[i];
        const struct vl_sc_arch *arch = vl_sc_arch_by_name(name);
        if (arch == NULL)
            vl_err_config(err, NULL, "unknown seccomp architecture `%s`", name);
        else if (arch->big_endian != native->big_endian)
            vl_err_config(err, NULL, "%s has the other byte order than %s", name, native->name);
        else if (!vl_sc_lib_has_arch(arch))
            vl_err_unsupported(err, "libseccomp", "libseccomp %s does not know %s",
                               vl_seccomp_lib_version(), name);
        else {
            add_arch(p, arch);
            continue;
        }
        return vl_err_at(err, "linux.seccomp.architectures[%zu]", i);
    }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct vl_sc_rule *x = a, *y = b;
    if (x->nr != y->nr)
        return x->nr < y->nr ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* ENOSYS for newer calls, as runc has it: not where the default lets them pass or gives ENOSYS
 * anyway, and not under a tracer, which answers for itself. */
static bool wants_enosys(uint32_t def)
{
    uint32_t action = def & SECCOMP_RET_ACTION_FULL;
    return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG &&
           action != SECCOMP_RET_TRACE && def != (SECCOMP_RET_ERRNO | ENOSYS);
}

int vl_sc_profile_build(const struct oci_seccomp *profile, bool fail_unknown,
                        struct vl_sc_profile *ret, struct vl_error **err)
{
    memset(ret, 0, sizeof(*ret));
    if (vl_sc_lib_open(err) < 0)
        return -1;
    if (vl_sc_action(profile->default_action,
                     profile->has_default_errno_ret ? &profile->default_errno_ret : NULL,
                     "linux.seccomp", "defaultAction", "defaultErrnoRet", &ret->def, &ret->actions,
                     err) < 0)
        return -1;
    if (ret->def == SECCOMP_RET_USER_NOTIF)
        return vl_err_config(err, "linux.seccomp.defaultAction",
                             "SCMP_ACT_NOTIFY cannot be used as default action");
    if (read_archs(ret, profile, err) < 0)
        goto fail;
    ret->enosys = wants_enosys(ret->def);
    {
        cleanup_free struct vl_sc_mux *mux = vl_alloc(ret->n_arch * sizeof(*mux));
        for (size_t i = 0; i < profile->n_syscalls; i++)
            if (add_entry(ret, &profile->syscalls[i], i, fail_unknown, mux, err) < 0)
                goto fail;
    }
    for (size_t a = 0; a < ret->n_arch; a++)
        if (ret->arch[a].n > 0)
            qsort(ret->arch[a].rule, ret->arch[a].n, sizeof(ret->arch[a].rule[0]), by_number);
    return 0;
fail:
    vl_sc_profile_reset(ret);
    return -1;
}
