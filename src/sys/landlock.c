/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock system calls, with structures of our own: headers lag behind the ABI. */
#include "sys/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sys/compat.h"
#include "sys/disable.h"

enum { RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };
enum { QUERY_VERSION = 1, QUERY_ERRATA = 2 };

static int query(unsigned flag)
{
    if (vl_sys_disabled("landlock"))
        return -ENOSYS;
    long r = syscall(__NR_landlock_create_ruleset, NULL, (size_t)0, flag);
    return r < 0 ? -errno : (int)r;
}

int vl_landlock_abi(void)
{
    return query(QUERY_VERSION);
}

int vl_landlock_errata(void)
{
    return query(QUERY_ERRATA);
}

int vl_landlock_create(uint64_t handled_fs, uint64_t handled_net, uint64_t scoped)
{
    uint64_t attr[3] = {handled_fs, handled_net, scoped};
    size_t size = scoped ? 24 : handled_net ? 16 : 8;
    if (vl_sys_disabled("landlock"))
        return -ENOSYS;
    long fd = syscall(__NR_landlock_create_ruleset, attr, size, 0U);
    return fd < 0 ? -errno : (int)fd; /* close-on-exec by itself */
}

int vl_landlock_add_path(int ruleset, int parent_fd, uint64_t access)
{
    struct {
        uint64_t access;
        int32_t parent_fd;
    } __attribute__((packed)) rule = {access, parent_fd};
    return syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0U) < 0 ? -errno : 0;
}

int vl_landlock_add_port(int ruleset, uint64_t port, uint64_t access)
{
    uint64_t rule[2] = {access, port};
    return syscall(__NR_landlock_add_rule, ruleset, RULE_NET_PORT, rule, 0U) < 0 ? -errno : 0;
}

int vl_landlock_restrict_self(int ruleset, uint32_t flags)
{
    return syscall(__NR_landlock_restrict_self, ruleset, flags) < 0 ? -errno : 0;
}
