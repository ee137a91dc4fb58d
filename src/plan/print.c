/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan → stable JSON, for people, golden files and `veloci plan`.
 *
 * Arguments carry the names of the registry; words of flags are lists of names. Left out: absent arguments,
 * empty lists of flags and false booleans. Binary arguments are shown as length and SHA-256.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "confine/landlock.h"
#include "plan/cgroup.h"
#include "plan/rdt.h"
#include "plan/unit.h"
#include "plan/hookname.h"
#include "plan/plan.h"
#include "sys/compat.h"

static const struct vl_name feature_names[] = {
    {"openat2", VL_FEAT_OPENAT2},         {"mount_setattr", VL_FEAT_MOUNT_SETATTR},
    {"new_mount_api", VL_FEAT_NEW_MOUNT}, {"close_range", VL_FEAT_CLOSE_RANGE},
    {"clone3", VL_FEAT_CLONE3},           {NULL, 0},
};
static const struct vl_name desc_flag_names[] = {
    {"recursive", VL_DESC_RECURSIVE},
    {"nofollow", VL_DESC_NOFOLLOW},
    {"optional", VL_DESC_OPTIONAL},
    {NULL, 0},
};
static const struct vl_name attr_names[] = {
    {"atime", MOUNT_ATTR__ATIME},          /* the whole field, when it is cleared */
    {"rdonly", MOUNT_ATTR_RDONLY},         {"nosuid", MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV},           {"noexec", MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME},       {"strictatime", MOUNT_ATTR_STRICTATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME}, {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW},
    {NULL, 0},
};
static const struct vl_name sb_names[] = {
    {"rdonly", MS_RDONLY},     {"sync", MS_SYNCHRONOUS}, {"dirsync", MS_DIRSYNC},     {"mand", MS_MANDLOCK},
    {"lazytime", MS_LAZYTIME}, {"silent", MS_SILENT},    {"iversion", MS_I_VERSION}, {NULL, 0},
};
static const struct vl_name propagation_names[] = {
    {"recursive", MS_REC}, {"private", MS_PRIVATE},       {"slave", MS_SLAVE},
    {"shared", MS_SHARED}, {"unbindable", MS_UNBINDABLE}, {NULL, 0},
};
static const struct vl_name mount_flag_names[] = {
    {"recursive", VL_MNT_RECURSIVE},
    {"clone", VL_MNT_CLONE},
    {"tmpcopyup", VL_MNT_TMPCOPYUP},
    {"copy-symlink", VL_MNT_COPY_SYMLINK},
    {"dest-nofollow", VL_MNT_DEST_NOFOLLOW},
    {"real-directory", VL_MNT_REAL_DIR},
    {"keep-proc", VL_MNT_KEEP_PROC},
    {"bind-fallback", VL_MNT_BIND_FALLBACK},
    {"inherit-mode", VL_MNT_INHERIT_MODE},
    {"source-is-link", VL_MNT_SRC_IS_LINK},
    {"late-readonly", VL_MNT_LATE_RO},
    {"idmap-recursive", VL_MNT_IDMAP_RECURSIVE},
    {NULL, 0},
};
static const struct vl_name device_flag_names[] = {{"must-bind", 1}, {"default", 2}, {NULL, 0}};
static const struct vl_name device_type_names[] = {
    {"character", S_IFCHR}, {"block", S_IFBLK}, {"fifo", S_IFIFO}, {NULL, 0}};
static const struct vl_name console_flag_names[] = {
    {"has-size", VL_CON_HAS_SIZE}, {"no-bind", VL_CON_NO_BIND}, {NULL, 0}};
static const struct vl_name cred_flag_names[] = {
    {"keep-groups", VL_CRED_SKIP_GROUPS},
    {"keep-ids", VL_CRED_SKIP_IDS},
    {"groups-if-allowed", VL_CRED_GROUPS_IF_ALLOWED},
    {NULL, 0},
};
static const struct vl_name drop_names[] = {{"no", 0}, {"yes", 1}, {"if-allowed", 2}, {NULL, 0}};
static const struct vl_name lsm_names[] = {{"apparmor", VL_LSM_APPARMOR}, {"selinux", VL_LSM_SELINUX}, {NULL, 0}};
static const struct vl_name pivot_names[] = {{"pivot_root", 0}, {"move", 1}, {"chroot", 2}, {NULL, 0}};
static const struct vl_name gate_names[] = {{"channel", 0}, {"socket", 1}, {NULL, 0}};
static const struct vl_name root_clone_names[] = {{"tree", 0}, {"clone", 1}, {"as-is", 2}, {NULL, 0}};
static const struct vl_name listener_names[] = {{"none", 0}, {"announce", 1}, {"send", 2}, {NULL, 0}};
static const struct vl_name id_kind_names[] = {{"uid", 0}, {"gid", 1}, {NULL, 0}};

static const struct vl_name manager_names[] = {
    {"cgroupfs", VL_CGM_CGROUPFS}, {"systemd", VL_CGM_SYSTEMD}, {"disabled", VL_CGM_DISABLED}, {NULL, 0}};
static const struct vl_name cgroup_mode_names[] = {
    {"none", VL_CGROUP_NONE}, {"v1", VL_CGROUP_V1}, {"v2", VL_CGROUP_V2}, {"hybrid", VL_CGROUP_HYBRID}, {NULL, 0}};
static const struct vl_name cgroup_flag_names[] = {
    {"optional", VL_CG_OPTIONAL}, {"relative", VL_CG_RELATIVE}, {"default-path", VL_CG_DEFAULT},
    {"delegate", VL_CG_DELEGATE}, {"rootless", VL_CG_ROOTLESS}, {NULL, 0},
};
static const struct vl_name cgwrite_flag_names[] = {
    {"if-exists", VL_CGW_IF_EXISTS}, {"alternative", VL_CGW_ALT}, {"retry", VL_CGW_RETRY}, {"keep", VL_CGW_KEEP},
    {"check", VL_CGW_CHECK},         {"tolerate", VL_CGW_TOLERATE}, {"verify", VL_CGW_VERIFY}, {"late", VL_CGW_LATE},
    {NULL, 0},
};
static const struct vl_name unit_flag_names[] = {{"optional", VL_UNITF_OPTIONAL}, {NULL, 0}};
static const struct vl_name cgdevices_flag_names[] = {{"tolerate", VL_CGD_TOLERATE}, {NULL, 0}};
static const struct vl_name rdt_flag_names[] = {{"own", VL_RDT_OWN}, {"make", VL_RDT_MAKE}, {NULL, 0}};

enum how { FLAGS = 1, NAME, BOOL, OCTAL, CAPS, HOOK, LIMIT, RIGHTS };

/* How a numeric argument is shown; code 0 = of any operation. */
static const struct format {
    unsigned code;
    const char *arg;
    enum how how;
    const struct vl_name *names;
} formats[] = {
    {0, "namespaces", FLAGS, vl_ns_names},
    {0, "namespace", FLAGS, vl_ns_names},
    {0, "set", FLAGS, attr_names},
    {0, "clear", FLAGS, attr_names},
    {0, "recursiveSet", FLAGS, attr_names},
    {0, "recursiveClear", FLAGS, attr_names},
    {0, "sbFlags", FLAGS, sb_names},
    {0, "propagation", FLAGS, propagation_names},
    {VL_OP_MOUNT, "flags", FLAGS, mount_flag_names},
    {VL_OP_BIND, "flags", FLAGS, mount_flag_names},
    {VL_OP_DEVICE, "flags", FLAGS, device_flag_names},
    {VL_OP_DEVICE, "type", NAME, device_type_names},
    {VL_OP_CONSOLE, "flags", FLAGS, console_flag_names},
    {VL_OP_CREDS, "flags", FLAGS, cred_flag_names},
    {VL_OP_CGROUP, "manager", NAME, manager_names},
    {VL_OP_CGROUP, "mode", NAME, cgroup_mode_names},
    {VL_OP_CGROUP, "flags", FLAGS, cgroup_flag_names},
    {VL_OP_CGWRITE, "flags", FLAGS, cgwrite_flag_names},
    {VL_OP_CGDEVICES, "flags", FLAGS, cgdevices_flag_names},
    {VL_OP_RDT, "flags", FLAGS, rdt_flag_names},
    {VL_OP_SCOPE_PROP, "flags", FLAGS, unit_flag_names},
    {VL_OP_SECCOMP, "flags", FLAGS, vl_seccomp_flag_names},
    {VL_OP_PERSONALITY, "persona", NAME, vl_personality_names},
    {VL_OP_RLIMIT, "soft", LIMIT, NULL},
    {0, "hard", LIMIT, NULL},
    {VL_OP_LABEL, "kind", NAME, lsm_names},
    {VL_OP_IDMAP, "kind", NAME, id_kind_names},
    {VL_OP_PIVOT, "mode", NAME, pivot_names},
    {VL_OP_GATE, "mode", NAME, gate_names},
    {0, "hook", HOOK, NULL},
    {0, "resource", NAME, NULL},
    {VL_OP_MKDIR, "mode", OCTAL, NULL},
    {VL_OP_DEVICE, "mode", OCTAL, NULL},
    {0, "umask", OCTAL, NULL},
    {0, "bounding", CAPS, NULL},
    {0, "permitted", CAPS, NULL},
    {0, "effective", CAPS, NULL},
    {0, "inheritable", CAPS, NULL},
    {0, "ambient", CAPS, NULL},
    {0, "join", BOOL, NULL},
    {0, "helper", BOOL, NULL},
    {0, "denySetgroups", BOOL, NULL},
    {0, "dropGroups", NAME, drop_names},
    {VL_OP_ROOT, "clone", NAME, root_clone_names},
    {0, "keepExisting", BOOL, NULL},
    {0, "recursive", BOOL, NULL},
    {VL_OP_SECCOMP, "listener", NAME, listener_names},
    {VL_OP_LANDLOCK, "handledFs", RIGHTS, NULL},
    {VL_OP_LANDLOCK, "handledNet", RIGHTS, NULL},
    {VL_OP_LANDLOCK, "scoped", RIGHTS, NULL},
    {VL_OP_LANDLOCK_PATH, "access", RIGHTS, NULL},
    {VL_OP_LANDLOCK_PATH, "optional", BOOL, NULL},
    {VL_OP_LANDLOCK_PORT, "access", RIGHTS, NULL},
    {VL_OP_LANDLOCK_ENFORCE, "flags", RIGHTS, NULL},
};

/* Of which kind of rights an argument is. */
static enum vl_landlock_kind rights_kind(unsigned code, const char *arg)
{
    if (code == VL_OP_LANDLOCK_ENFORCE)
        return VL_LL_LOG;
    if (vl_streq(arg, "scoped"))
        return VL_LL_SCOPE;
    return code == VL_OP_LANDLOCK_PORT || vl_streq(arg, "handledNet") ? VL_LL_NET : VL_LL_FS;
}

static const struct format *format_of(unsigned code, const char *arg)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(formats); i++)
        if ((formats[i].code == 0 || formats[i].code == code) && vl_streq(formats[i].arg, arg))
            return &formats[i];
    return NULL;
}

/* Bits without a name are shown as one hexadecimal word: nothing of a plan is hidden. */
static void put_flags(struct vl_json *j, const char *key, uint64_t bits, const struct vl_name *names)
{
    if (bits == 0)
        return;
    vl_json_key(j, key);
    vl_json_arr(j);
    for (; names->name != NULL; names++) {
        uint64_t bit = (uint64_t)names->value;
        if (bit != 0 && (bits & bit) == bit) {
            vl_json_str(j, names->name);
            bits &= ~bit;
        }
    }
    if (bits != 0) {
        char hex[24];
        snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)bits);
        vl_json_str(j, hex);
    }
    vl_json_end_arr(j);
}

static void put_rights(struct vl_json *j, const char *key, enum vl_landlock_kind kind, uint64_t mask)
{
    if (mask == 0)
        return;
    vl_json_key(j, key);
    vl_json_arr(j);
    while (mask != 0) {
        uint64_t lowest = mask & -mask;
        cleanup_free char *word = vl_landlock_words(kind, lowest);
        vl_json_str(j, word);
        mask &= ~lowest;
    }
    vl_json_end_arr(j);
}

static void put_caps(struct vl_json *j, const char *key, uint64_t set)
{
    vl_json_key(j, key);
    vl_json_arr(j);
    for (int cap = 0; cap < 64; cap++) {
        if (!(set & UINT64_C(1) << cap))
            continue;
        const char *name = vl_cap_name(cap);
        if (name != NULL)
            vl_json_str(j, name);
        else
            vl_json_int(j, cap);
    }
    vl_json_end_arr(j);
}

static void put_number(struct vl_json *j, const struct vl_op *op, const char *key, int64_t v)
{
    const struct format *f = format_of(op->code, key);
    const char *name;
    char text[24];
    switch (f ? (int)f->how : 0) {
    case FLAGS:
        put_flags(j, key, (uint64_t)v, f->names);
        return;
    case CAPS:
        put_caps(j, key, (uint64_t)v);
        return;
    case RIGHTS:
        put_rights(j, key, rights_kind(op->code, key), (uint64_t)v);
        return;
    case BOOL:
        if (v == 0)
            return;
        if (v == 1) {
            vl_json_kv_bool(j, key, true);
            return;
        }
        break;
    case LIMIT:
        if (v == -1)
            vl_json_kv_str(j, key, "unlimited");
        else
            vl_json_kv_uint(j, key, (uint64_t)v);
        return;
    case HOOK:
        vl_json_kv_str(j, key, vl_hook_name((enum vl_hook_kind)v));
        return;
    case OCTAL:
        snprintf(text, sizeof(text), "0%llo", (unsigned long long)v);
        vl_json_kv_str(j, key, text);
        return;
    case NAME:
        name = vl_name_of(f->names ? f->names : vl_rlimit_names, v);
        if (name != NULL) {
            vl_json_kv_str(j, key, name);
            return;
        }
        break;
    default:
        break;
    }
    vl_json_kv_int(j, key, v);
}

static void put_digest(struct vl_json *j, const void *data, size_t n)
{
    uint8_t sum[VL_SHA256_LEN];
    char hex[2 * VL_SHA256_LEN + 1];
    vl_sha256(data, n, sum);
    vl_hex(sum, sizeof(sum), hex);
    vl_json_obj(j);
    vl_json_kv_uint(j, "length", n);
    vl_json_kv_str(j, "sha256", hex);
    vl_json_end_obj(j);
}

static void put_sched(struct vl_json *j, const void *data)
{
    struct vl_wire_sched a;
    memcpy(&a, data, sizeof(a));
    vl_json_obj(j);
    vl_json_kv_str(j, "policy", vl_name_of(vl_sched_names, a.policy));
    put_flags(j, "flags", a.flags, vl_sched_flag_names);
    vl_json_kv_int(j, "nice", a.nice);
    vl_json_kv_uint(j, "priority", a.priority);
    if (a.policy == SCHED_DEADLINE) {
        vl_json_kv_uint(j, "runtime", a.runtime);
        vl_json_kv_uint(j, "deadline", a.deadline);
        vl_json_kv_uint(j, "period", a.period);
    }
    vl_json_end_obj(j);
}

static void put_u32s(struct vl_json *j, const void *data, size_t n)
{
    vl_json_arr(j);
    for (size_t i = 0; i + sizeof(uint32_t) <= n; i += sizeof(uint32_t)) {
        uint32_t v;
        memcpy(&v, (const char *)data + i, sizeof(v));
        vl_json_uint(j, v);
    }
    vl_json_end_arr(j);
}

static void put_bits(struct vl_json *j, const uint8_t *mask, size_t n)
{
    vl_json_arr(j);
    for (size_t bit = 0; bit < n * 8; bit++)
        if (mask[bit / 8] & 1u << bit % 8)
            vl_json_uint(j, bit);
    vl_json_end_arr(j);
}

static void put_string(struct vl_json *j, const struct vl_op *op, const struct vl_op_names *names, int i)
{
    const struct vl_blob *b = &op->s[i];
    vl_json_key(j, names->str[i]);
    if (names->vec & 1 << i) {
        vl_json_arr(j);
        for (const char *s = b->data, *end = s + b->len; s < end; s += strlen(s) + 1)
            vl_json_str(j, s);
        vl_json_end_arr(j);
    } else if (op->code == VL_OP_SCHED && b->len == sizeof(struct vl_wire_sched)) {
        put_sched(j, b->data);
    } else if (op->code == VL_OP_CREDS) {
        put_u32s(j, b->data, b->len);
    } else if (op->code == VL_OP_MEMPOLICY) {
        put_bits(j, b->data, b->len);
    } else if (names->blob & 1 << i) {
        put_digest(j, b->data, b->len);
    } else {
        vl_json_strn(j, b->data, b->len);
    }
}

/* Words that hold two things: the parts are shown. */
static bool put_packed(struct vl_json *j, const struct vl_op *op, const char *key, int64_t v)
{
    const int64_t mode_flags = 7 << 13; /* MPOL_MODE_FLAGS */
    if (op->code == VL_OP_IOPRIO) {
        vl_json_kv_str(j, "class", vl_name_of(vl_ioprio_names, v >> 13));
        vl_json_kv_int(j, "level", v & 0x1fff);
    } else if (op->code == VL_OP_MEMPOLICY && vl_streq(key, "mode")) {
        vl_json_kv_str(j, "mode", vl_name_of(vl_mempolicy_names, v & ~mode_flags));
        put_flags(j, "flags", (uint64_t)(v & mode_flags), vl_mempolicy_flag_names);
    } else {
        return false;
    }
    return true;
}

static void put_op(struct vl_json *j, const struct vl_op *op)
{
    const struct vl_op_names *names = vl_op_names(op->code);
    vl_json_obj(j);
    vl_json_kv_str(j, "op", names->name);
    for (int i = 0; i < VL_OP_STRS && names->str[i]; i++)
        if (op->s[i].data != NULL)
            put_string(j, op, names, i);
    for (int i = 0; i < VL_OP_NUMS && names->num[i]; i++)
        if (!put_packed(j, op, names->num[i], op->n[i]))
            put_number(j, op, names->num[i], op->n[i]);
    for (int i = 0; i < VL_OP_FDS && names->fd[i]; i++)
        if (op->fd[i] >= 0)
            vl_json_kv_int(j, names->fd[i], op->fd[i]);
    if (op->where != NULL)
        vl_json_kv_str(j, "where", op->where);
    vl_json_end_obj(j);
}

static void put_desc(struct vl_json *j, const struct vl_desc *d, size_t index)
{
    vl_json_obj(j);
    vl_json_kv_uint(j, "index", index);
    vl_json_kv_str(j, "role", vl_role_name(d->role));
    vl_json_kv_str(j, "kind", vl_kind_name(d->kind));
    vl_json_kv_str(j, "acquire", vl_acquire_name(d->acquire));
    if (d->role == VL_ROLE_NS)
        vl_json_kv_str(j, "namespace", vl_name_of(vl_ns_names, d->aux));
    if (d->role == VL_ROLE_DEVICE) {
        char number[24];
        snprintf(number, sizeof(number), "%u:%u", major(d->aux), minor(d->aux));
        vl_json_kv_str(j, "device", number);
    }
    if (d->path != NULL)
        vl_json_kv_str(j, "path", d->path);
    put_flags(j, "flags", d->flags, desc_flag_names);
    if (d->where != NULL)
        vl_json_kv_str(j, "where", d->where);
    vl_json_end_obj(j);
}

static void put_phases(struct vl_json *j, const struct vl_plan *p)
{
    vl_json_key(j, "phases");
    vl_json_obj(j);
    for (unsigned ph = 0; ph < VL_PHASE_MAX; ph++) {
        vl_json_key(j, vl_phase_name(ph));
        vl_json_arr(j);
        for (size_t i = 0; i < p->n_op; i++)
            if ((unsigned)p->op[i].phase == ph)
                put_op(j, &p->op[i]);
        vl_json_end_arr(j);
    }
    vl_json_end_obj(j);
}

char *vl_plan_print(const struct vl_plan *p, size_t *ret_len)
{
    uint8_t sum[VL_SHA256_LEN];
    char digest[sizeof("sha256:") + 2 * VL_SHA256_LEN] = "sha256:";
    vl_plan_digest(p, sum);
    vl_hex(sum, sizeof(sum), digest + strlen(digest));

    struct vl_json *j = vl_json_new("  ");
    vl_json_obj(j);
    vl_json_kv_int(j, "planVersion", VL_WIRE_VERSION);
    vl_json_kv_str(j, "digest", digest);
    vl_json_key(j, "features");
    vl_json_arr(j);
    for (const struct vl_name *n = feature_names; n->name != NULL; n++)
        if (p->features & (uint64_t)n->value)
            vl_json_str(j, n->name);
    vl_json_end_arr(j);
    if (p->preserve_fds > 0)
        vl_json_kv_uint(j, "preserveFds", p->preserve_fds);
    vl_json_key(j, "descriptors");
    vl_json_arr(j);
    for (size_t i = 0; i < p->n_desc; i++)
        put_desc(j, &p->desc[i], i);
    vl_json_end_arr(j);
    put_phases(j, p);
    vl_json_key(j, "notes");
    vl_json_arr(j);
    for (size_t i = 0; i < p->notes.n; i++)
        vl_json_str(j, p->notes.v[i]);
    vl_json_end_arr(j);
    vl_json_end_obj(j);
    return vl_json_take(j, ret_len);
}
