/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {operation, errno, detail} → one line. The operation itself says what was attempted on which object and at
 * which place of the configuration; the detail says which part of it failed.
 */
#include "launch/wording.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include "base/mem.h"
#include "base/names.h"
#include "plan/wire_check.h"
#include "plan/hookname.h"

static const char *str_of(const struct vl_op *op, int i)
{
    const char *s = vl_op_s(op, i);
    return s != NULL ? s : "";
}

/* What the operation attempts, on which object. */
static char *attempt(const struct vl_plan *plan, const struct vl_op *op)
{
    const struct vl_op_names *names = vl_op_names(op->code);

    switch ((int)op->code) {
    case VL_OP_MOUNT:
        return vl_asprintf("mount `%s` at `%s`", str_of(op, 0), str_of(op, 2));
    case VL_OP_BIND:
        return vl_asprintf("bind `%s` at `%s`", str_of(op, 1), str_of(op, 0));
    case VL_OP_REMOUNT:
        return vl_asprintf("remount `%s`", str_of(op, 0));
    case VL_OP_DEVICE:
        return vl_asprintf("make device `%s`", str_of(op, 0));
    case VL_OP_MKDIR:
        return vl_asprintf("make directory `%s`", str_of(op, 0));
    case VL_OP_SYMLINK:
        return vl_asprintf("make symbolic link `%s` to `%s`", str_of(op, 1), str_of(op, 0));
    case VL_OP_MASK:
        return vl_asprintf("mask `%s`", str_of(op, 0));
    case VL_OP_READONLY:
        return vl_asprintf("make `%s` read-only", str_of(op, 0));
    case VL_OP_SYSCTL:
        return vl_asprintf("set sysctl `%s` to `%s`", str_of(op, 0), str_of(op, 1));
    case VL_OP_HOSTNAME:
        return vl_asprintf("set hostname `%s`", str_of(op, 0));
    case VL_OP_DOMAINNAME:
        return vl_asprintf("set domainname `%s`", str_of(op, 0));
    case VL_OP_CWD:
        return vl_asprintf("change to working directory `%s`", str_of(op, 0));
    case VL_OP_LABEL:
        return vl_asprintf("set %s label `%s`", op->n[0] == VL_LSM_APPARMOR ? "AppArmor" : "SELinux", str_of(op, 0));
    case VL_OP_LANDLOCK_PATH:
        return vl_asprintf("Landlock: allow path `%s`", str_of(op, 0));
    case VL_OP_LANDLOCK_PORT:
        return vl_asprintf("Landlock: allow port %lld", (long long)op->n[0]);
    case VL_OP_LANDLOCK:
        return vl_strdup("Landlock: make the ruleset");
    case VL_OP_LANDLOCK_ENFORCE:
        return vl_strdup("Landlock: enforce the ruleset");
    case VL_OP_HOOK:
        return vl_asprintf("%s hook `%s`", vl_hook_name((enum vl_hook_kind)op->n[0]), str_of(op, 0));
    case VL_OP_RLIMIT: {
        const char *n = vl_name_of(vl_rlimit_names, op->n[0]);
        return vl_asprintf("set rlimit %s to soft %lld, hard %lld", n != NULL ? n : "?", (long long)op->n[1],
                           (long long)op->n[2]);
    }
    case VL_OP_CREDS:
        return vl_asprintf("become user %lld:%lld", (long long)op->n[5], (long long)op->n[6]);
    case VL_OP_USER:
        return vl_asprintf("look up user `%s` in the container", str_of(op, vl_op_s(op, 0) != NULL ? 0 : 1));
    case VL_OP_FORK:
        return vl_asprintf("create the process in the container's namespaces");
    case VL_OP_JOIN:
        if (op->fd[0] >= 0 && plan->desc[op->fd[0]].role == VL_ROLE_PROCESS)
            return vl_asprintf("join the container's namespaces");
        return vl_asprintf("join namespace `%s`",
                           op->fd[0] >= 0 && plan->desc[op->fd[0]].path != NULL ? plan->desc[op->fd[0]].path : "?");
    case VL_OP_ENTER:
        return vl_strdup("enter the container's mount namespace");
    case VL_OP_UNMOUNT:
        return vl_strdup("unmount");
    case VL_OP_ROOT:
        return vl_asprintf("set up root file system `%s`",
                           op->fd[0] >= 0 && plan->desc[op->fd[0]].path != NULL ? plan->desc[op->fd[0]].path : "?");
    default:
        return vl_asprintf("%s", names != NULL ? names->name : "operation");
    }
}

static const char *const detail_words[VL_D_MAX] = {
    [VL_D_TARGET_OPEN] = "resolve the target inside the root file system",
    [VL_D_SOURCE_OPEN] = "open the source",
    [VL_D_TARGET_CREATE] = "create the target",
    [VL_D_TARGET_SYMLINK] = "the target must be a directory reached without symbolic links",
    [VL_D_FSOPEN] = "open the file system type",
    [VL_D_FS_SOURCE] = "set the source",
    [VL_D_FS_CREATE] = "create the file system",
    [VL_D_FSMOUNT] = "make the mount",
    [VL_D_CLONE_TREE] = "clone the mount tree",
    [VL_D_SETATTR] = "set the mount attributes",
    [VL_D_PROPAGATION] = "set the propagation",
    [VL_D_ATTACH] = "attach the mount",
    [VL_D_IDMAP] = "map the ids",
    [VL_D_COPYUP] = "copy up what is below",
    [VL_D_SYMLINK] = "make the symbolic link",
    [VL_D_MKNOD] = "mknod",
    [VL_D_DEVICE_MISMATCH] = "something else is there already",
    [VL_D_CHOWN] = "set the owner",
    [VL_D_CHMOD] = "set the mode",
    [VL_D_PTMX] = "open a terminal in the container's devpts",
    [VL_D_PTY_BIND] = "bind the terminal",
    [VL_D_OPEN_PROC] = "open a verified procfs",
    [VL_D_PROC_FILE] = "open its file in procfs",
    [VL_D_WRITE] = "write",
    [VL_D_PIVOT] = "switch the root",
    [VL_D_DETACH] = "detach the old root",
    [VL_D_CHDIR] = "chdir",
    [VL_D_SETGROUPS] = "setgroups",
    [VL_D_SETGID] = "setgid",
    [VL_D_SETUID] = "setuid",
    [VL_D_CAP_BOUNDING] = "drop capabilities from the bounding set",
    [VL_D_CAP_SET] = "set capabilities",
    [VL_D_CAP_AMBIENT] = "raise ambient capabilities",
    [VL_D_CTTY] = "make the terminal the controlling one",
    [VL_D_STDIO] = "set up standard input and output",
    [VL_D_READ_LINK] = "read the symbolic link",
};

static const char *arg0(const struct vl_plan *plan)
{
    size_t from = 0;
    const struct vl_op *exec = vl_plan_find(plan, VL_OP_EXEC, &from);
    const char *s = exec != NULL ? vl_op_s(exec, 0) : NULL;

    return s != NULL ? s : "";
}

static bool has_args(const struct vl_plan *plan)
{
    size_t from = 0;
    const struct vl_op *exec = plan != NULL ? vl_plan_find(plan, VL_OP_EXEC, &from) : NULL;

    return exec != NULL && exec->n[1] > 0;
}

/* Engines match these words (docs/design.md, errors); the errno is left out so that nothing follows them. */
static int exec_error(const struct vl_plan *plan, const struct vl_msg *m, struct vl_error **err)
{
    const char *name = arg0(plan);

    switch (m->detail) {
    case VL_D_EXEC_NOT_FOUND:
        if (!has_args(plan))
            return vl_err_config(err, "process.args", "exec: the process has no arguments to execute");
        if (m->a == 1 || name[0] == '\0')
            return vl_err_payload(err, "exec: \"%s\": executable file not found in $PATH", name);
        return vl_err_payload(err, "exec: \"%s\": stat %s: no such file or directory", name, name);
    case VL_D_EXEC_PERM:
        return vl_err_payload(err, "exec: \"%s\": permission denied", name);
    case VL_D_EXEC_DIR:
        return vl_err_payload(err, "exec: \"%s\": is a directory: permission denied", name);
    case VL_D_EXEC_INTERP:
        return vl_err_payload(err, "exec: \"%s\": its interpreter or dynamic loader is missing: no such file or directory",
                              name);
    case VL_D_EXEC_FORMAT:
        return vl_err_payload(err, "exec: \"%s\": exec format error", name);
    default:
        return vl_err_sys(err, m->err, "exec: \"%s\"", name);
    }
}

static int hook_error(const struct vl_op *op, const struct vl_msg *m, struct vl_error **err)
{
    const char *kind = vl_hook_name((enum vl_hook_kind)op->n[0]), *path = str_of(op, 0);
    int status = (int)m->a;

    if (m->detail == VL_D_HOOK_TIMEOUT)
        return vl_err_payload(err, "%s hook `%s`: timed out after %lld ms", kind, path, (long long)op->n[1]);
    if (m->detail == VL_D_HOOK_SPAWN)
        return vl_err_sys(err, m->err, "%s hook `%s`: execute", kind, path);
    if (WIFSIGNALED(status))
        return vl_err_payload(err, "%s hook `%s`: ended by signal %d", kind, path, WTERMSIG(status));
    return vl_err_payload(err, "%s hook `%s`: exit status %d", kind, path, WEXITSTATUS(status));
}

/* String number i of a vector. */
static const char *word_of(const struct vl_blob *b, int64_t i)
{
    const char *s = b->data, *end = s != NULL ? s + b->len : NULL;
    for (; s != NULL && s < end && i > 0; i--)
        s += strlen(s) + 1;
    return s != NULL && s < end ? s : "?";
}

static int unmount_error(const struct vl_op *op, const struct vl_msg *m, struct vl_error **err)
{
    const char *path = word_of(&op->s[0], m->a);
    if (m->detail == VL_D_NOT_MOUNTED && m->err == EBUSY)
        vl_err_refused(err, "root file system", "unmount `%s`: it is the container's root", path);
    else if (m->detail == VL_D_NOT_MOUNTED && m->err == EINVAL)
        vl_err_state(err, "unmount `%s`: nothing is mounted there", path);
    else if (m->detail == VL_D_UNMOUNT && m->err == EINVAL)
        vl_err_state(err, "unmount `%s`: it is locked to the mount above it", path);
    else
        vl_err_sys(err, m->err, "unmount `%s`", path);
    return vl_err_at(err, "mounts[%lld].destination", (long long)m->a);
}

/* The kernel's words would be "No such file or directory", which engines take for a missing program. */
static int sysctl_error(const struct vl_op *op, const struct vl_msg *m, struct vl_error **err)
{
    if (m->err == ENOENT)
        return vl_err_unsupported(err, "sysctl", "set sysctl `%s`: this kernel has no such parameter", str_of(op, 0));
    return vl_err_unsupported(err, "sysctl", "set sysctl `%s`: it is a group of parameters", str_of(op, 0));
}

static int op_error(const struct vl_plan *plan, const struct vl_op *op, const struct vl_msg *m, struct vl_error **err)
{
    cleanup_free char *what = attempt(plan, op);

    if (op->code == VL_OP_UNMOUNT)
        return unmount_error(op, m, err);
    if (op->code == VL_OP_SYSCTL && m->detail == VL_D_PROC_FILE && (m->err == ENOENT || m->err == EISDIR))
        return sysctl_error(op, m, err);
    switch (m->detail) {
    case VL_D_HOOK_SPAWN:
    case VL_D_HOOK_STATUS:
    case VL_D_HOOK_TIMEOUT:
        return hook_error(op, m, err);
    case VL_D_EXEC_NOT_FOUND:
    case VL_D_EXEC_PERM:
    case VL_D_EXEC_DIR:
    case VL_D_EXEC_INTERP:
    case VL_D_EXEC_FORMAT:
    case VL_D_EXEC:
        return exec_error(plan, m, err);
    case VL_D_CWD_OUTSIDE:
        return vl_err_refused(err, "working directory inside the root",
                              "%s: it is not reachable from the container's root", what);
    case VL_D_FS_OPTION: {
        const struct vl_blob *b = &op->s[op->code == VL_OP_REMOUNT ? 1 : 3];
        return vl_err_sys(err, m->err, "%s: option `%s`", what, word_of(b, m->a));
    }
    case VL_D_TARGET_TYPE:
        return vl_err_sys(err, m->err, "%s: the target is of another kind (mode 0%llo) than the source%s", what,
                          (unsigned long long)m->a, m->err == ENOTDIR ? ", not a directory" : ""); /* as engines spell it */
    case VL_D_USER_UNKNOWN: /* words that engines know from others */
        return vl_err_config(err, op->where, "unable to find user %s: no matching entries in passwd file", str_of(op, 0));
    case VL_D_GROUP_UNKNOWN:
        return vl_err_config(err, op->where, "unable to find group %s: no matching entries in group file", str_of(op, 1));
    case VL_D_PRESERVE:
        return vl_err_usage(err, "preserve descriptor %lld: it is not open", (long long)m->a);
    default:
        if (m->detail < VL_D_MAX && detail_words[m->detail] != NULL)
            return vl_err_sys(err, m->err, "%s: %s", what, detail_words[m->detail]);
        return vl_err_sys(err, m->err, "%s", what);
    }
}

int vl_stage_error(const struct vl_plan *plan, const struct vl_msg *m, struct vl_error **err)
{
    const struct vl_op *op = plan != NULL ? vl_plan_stage_op(plan, m->op) : NULL;

    switch (m->detail) {
    case VL_D_PLAN:
        return vl_err_bug(err, "the stage refused the plan (fault %lld)", (long long)m->a);
    case VL_D_PROTOCOL:
        return vl_err_bug(err, "the stage received an unexpected message");
    case VL_D_DESC_IDENTITY:
        return vl_err_refused(err, "descriptor identity", "descriptor %lld (%s) is not the object the plan names",
                              (long long)m->a,
                              plan != NULL && (uint64_t)m->a < plan->n_desc && plan->desc[m->a].path != NULL
                                  ? plan->desc[m->a].path : "?");
    default:
        break;
    }
    if (op == NULL)
        return vl_err_sys(err, m->err, "container start: step %u (detail %u)", m->op, m->detail);
    op_error(plan, op, m, err);
    if (op->where != NULL)
        vl_err_at(err, "%s", op->where);
    return -1;
}

char *vl_stage_warning(const struct vl_plan *plan, const struct vl_msg *m)
{
    struct vl_error *e = NULL;
    vl_stage_error(plan, m, &e);
    char *text = vl_error_text(e);
    vl_error_free(e);
    return text;
}
