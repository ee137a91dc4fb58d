/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock, landlock(7): the ruleset is made while every path can still be found, and comes into force when nothing is
 * left to be mounted. Paths are resolved below the container's root, without magic links: a rule is about the object that
 * is found, and an image must not be able to choose one of another process.
 */
#include "stage/stage.h"

enum { RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };

/* For what is no directory the kernel takes these alone: execute, write_file, read_file, truncate, ioctl_dev. */
#define FILE_RIGHTS ((1u << 0) | (1u << 1) | (1u << 2) | (1u << 14) | (1u << 15))

struct path_rule {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

int step_landlock(struct stage *s, const struct vl_wire_op *op)
{
    const uint64_t attr[3] = {(uint64_t)op->n[0], (uint64_t)op->n[1], (uint64_t)op->n[2]};
    /* an older kernel knows the beginning of the structure */
    size_t size = attr[2] ? 24 : attr[1] ? 16 : 8;
    int fd = (int)SYS3(__NR_landlock_create_ruleset, attr, size, 0);

    if (fd < 0)
        return fd;
    s->ruleset = fd;
    return 0;
}

static int open_path(struct stage *s, const char *path)
{
    int root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return root;
    int fd = st_resolve(root, s->feat, path, 0, NULL);
    (void)sys_close(root);
    return fd;
}

int step_landlock_path(struct stage *s, const struct vl_wire_op *op)
{
    int fd = open_path(s, st_str(s, op, 0));
    struct statx stx;

    if (fd == -ENOENT && op->n[1] != 0) {
        st_warn(s, ENOENT, VL_D_TARGET_OPEN, 0);
        return 0;
    }
    if (fd < 0)
        return st_fail(s, VL_D_TARGET_OPEN, fd);
    struct path_rule rule = {.access = (uint64_t)op->n[0], .fd = fd};
    int r = sys_fstat(fd, &stx);
    if (r == 0 && !st_is_type(&stx, S_IFDIR))
        rule.access &= FILE_RIGHTS;
    if (r == 0 && rule.access != 0)
        r = (int)SYS4(__NR_landlock_add_rule, s->ruleset, RULE_PATH_BENEATH, &rule, 0);
    (void)sys_close(fd);
    return r;
}

int step_landlock_port(struct stage *s, const struct vl_wire_op *op)
{
    const uint64_t rule[2] = {(uint64_t)op->n[1], (uint64_t)op->n[0]};

    return (int)SYS4(__NR_landlock_add_rule, s->ruleset, RULE_NET_PORT, rule, 0);
}

int step_landlock_enforce(struct stage *s, const struct vl_wire_op *op)
{
    int r = (int)SYS2(__NR_landlock_restrict_self, s->ruleset, op->n[0]);

    st_close(&s->ruleset);
    return r;
}
