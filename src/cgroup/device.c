/* SPDX-License-Identifier: Apache-2.0 */
/* Executes CGDEVICES (the device program is loaded and attached) and the CGROUP's change of owner.
 */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/bpf.h"

int vl_cg_device_program(const struct vl_op *op)
{
    return vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, op->s[0].data,
                       op->s[0].len / sizeof(struct bpf_insn), "Apache-2.0", VL_CG_DEVICE_PROGRAM,
                       NULL, 0);
}

int vl_cg_device_failed(struct vl_cgroup *cg, const struct vl_op *op, int error, const char *what,
                        struct vl_error **err)
{
    /* bpf(2): EACCES is the verifier's word for a bad program, not for a lack of rights */
    if (error == -EPERM && (op->n[0] & VL_CGD_TOLERATE)) {
        vl_strv_addf(&cg->notes, "%s: not permitted, no device rules are in force", op->where);
        return 0;
    }
    vl_err_sys(err, error, "%s the device program of cgroup `%s`", what, vl_cg_unified(cg));
    return vl_err_at(err, "%s", op->where);
}

/* Whatever the rules say: a filter that was asked for and is not there would be a hole. */
int vl_cg_load_devices(struct vl_cgroup *cg, const struct vl_plan *plan, struct vl_error **err)
{
    size_t from = 0;
    const struct vl_op *op = vl_plan_find(plan, VL_OP_CGDEVICES, &from);
    if (op == NULL)
        return 0;
    int cgroup = vl_cgroup_dirfd(cg);
    if (cgroup < 0)
        return vl_err_bug(
            err, "device rules were planned for cgroup v2, but the container has no such cgroup");
    cleanup_fd int prog = vl_cg_device_program(op);
    if (prog < 0)
        return vl_cg_device_failed(cg, op, prog, "load", err);
    /* beside those of others: all of them have to allow */
    int r = vl_bpf_cgroup_attach(cgroup, prog, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI, VL_NOFD);
    return r < 0 ? vl_cg_device_failed(cg, op, r, "attach", err) : 0;
}

int vl_cg_give_away(struct vl_cgroup *cg, const struct vl_op *op, struct vl_error **err)
{
    cleanup_free char *file = NULL;
    uid_t uid = (uid_t)op->n[3];
    gid_t gid = (gid_t)op->n[4];
    int fd = vl_cgroup_dirfd(cg);
    if ((op->n[3] < 0 && op->n[4] < 0) || fd < 0)
        return 0;
    int r = vl_cg_chown(fd, uid, gid, &file);
    if (r == 0)
        return 0;
    if (op->n[2] & VL_CG_ROOTLESS) {
        vl_strv_addf(&cg->notes, "cgroup: not given to user %u: %s", uid, strerror(-r));
        return 0;
    }
    return vl_err_sys(err, r, "give cgroup `%s/%s` to user %u", vl_cg_unified(cg), file, uid);
}
