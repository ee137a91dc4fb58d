/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel parameters, host name and domain name: SYSCTL, HOSTNAME, DOMAINNAME. Only what belongs to a namespace of
 * the container may be set; everything else would change the host. config-linux.md#sysctl, sysctl(8).
 */
#include <sched.h>
#include "base/mem.h"
#include "plan/planners.h"

/* A name below /proc/sys; a * at the end stands for the rest. */
static const struct {
    const char *file;
    uint64_t ns;
    const char *ns_name;
} allowed[] = {
    {"kernel/msg*", CLONE_NEWIPC, "ipc"},
    {"kernel/auto_msgmni", CLONE_NEWIPC, "ipc"},
    {"kernel/sem", CLONE_NEWIPC, "ipc"},
    {"kernel/sem_next_id", CLONE_NEWIPC, "ipc"},
    {"kernel/shm*", CLONE_NEWIPC, "ipc"},
    {"fs/mqueue/*", CLONE_NEWIPC, "ipc"},
    {"kernel/domainname", CLONE_NEWUTS, "uts"},
    {"net/*", CLONE_NEWNET, "network"},
    {"user/*", CLONE_NEWUSER, "user"},
};

/*
 * sysctl(8): the first separator of a name tells which of '.' and '/' separates; the other one then is part of a
 * component (net.ipv4.conf.eth0/100.forwarding is the file net/ipv4/conf/eth0.100/forwarding).
 */
static char *to_file(const char *key)
{
    char *file = vl_strdup(key);
    size_t first = strcspn(key, "./");
    if (key[first] != '.')
        return file;
    for (char *c = file; *c != '\0'; c++)
        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    return file;
}

static bool matches(const char *pattern, const char *file)
{
    size_t n = strlen(pattern);
    return pattern[n - 1] == '*' ? strncmp(pattern, file, n - 1) == 0 : vl_streq(pattern, file);
}

static int check_allowed(struct vl_planner *p, const char *key, const char *file, const char *where)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(allowed); i++) {
        if (!matches(allowed[i].file, file))
            continue;
        if (!vl_pl_own(p, allowed[i].ns))
            return vl_pl_refused(p, "sysctl-namespace", where, "set sysctl `%s`: needs its own %s namespace", key,
                                 allowed[i].ns_name);
        return 0;
    }
    if (vl_streq(file, "kernel/hostname"))
        return vl_pl_refused(p, "sysctl-hostname", where, "set sysctl `%s`: use the property `hostname`", key);
    return vl_pl_refused(p, "sysctl-namespace", where, "set sysctl `%s`: it belongs to no namespace, but to the host",
                         key);
}

static int plan_sysctl(struct vl_planner *p, const struct oci_kv *kv)
{
    const struct oci_config *c = p->spec->config;
    cleanup_free char *where = vl_asprintf("linux.sysctl[\"%s\"]", kv->key);
    cleanup_free char *file = to_file(kv->key);
    if (check_allowed(p, kv->key, file, where) < 0)
        return -1;
    if (vl_streq(file, "kernel/domainname") && c->domainname != NULL && c->domainname[0] != '\0' &&
        !vl_streq(c->domainname, kv->value))
        return vl_pl_config(p, where, "sysctl `%s` contradicts the property `domainname`", kv->key);
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_SYSCTL, where);
    vl_op_str(op, 0, file);
    vl_op_str(op, 1, kv->value);
    return 0;
}

static void append_name(struct vl_planner *p, enum vl_op_code code, const char *property, const char *name)
{
    if (name != NULL && name[0] != '\0')
        vl_op_str(vl_plan_op(p->plan, code, property), 0, name);
}

int vl_plan_sysctl(struct vl_planner *p)
{
    const struct oci_config *c = p->spec->config;
    int r = 0;
    for (size_t i = 0; i < c->linux->n_sysctl; i++)
        r |= plan_sysctl(p, &c->linux->sysctl[i]);
    append_name(p, VL_OP_HOSTNAME, "hostname", c->hostname);
    append_name(p, VL_OP_DOMAINNAME, "domainname", c->domainname);
    return r;
}
