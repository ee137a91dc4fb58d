/* SPDX-License-Identifier: Apache-2.0 */
/* Which label-based security modules are live. */
#include "sys/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include "base/io.h"
#include "base/mem.h"
#include "sys/fd.h"

#define SELINUXFS_MAGIC 0xf97cff8cU

bool vl_lsm_apparmor(void)
{
    char c = 'N';
    cleanup_fd int fd = vl_open("/sys/module/apparmor/parameters/enabled", O_RDONLY);
    return fd >= 0 && vl_read_full(fd, &c, 1) == 1 && c == 'Y';
}

bool vl_lsm_selinux(void)
{
    struct statfs fs;
    return statfs("/sys/fs/selinux", &fs) == 0 && (uint32_t)fs.f_type == SELINUXFS_MAGIC;
}

int vl_lsm_apparmor_profile(const char *name)
{
    cleanup_free char *text = NULL;
    int r = vl_slurp_at(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", 16 << 20, &text, NULL);
    if (r < 0)
        return r;
    /* "NAME (enforce)", the name may hold blanks */
    size_t n = strlen(name);
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (len > n + 1 && memcmp(line, name, n) == 0 && line[n] == ' ' && line[n + 1] == '(' &&
            memchr(line + n + 2, '(', len - n - 2) == NULL)
            return 0;
        line += len + (line[len] == '\n');
    }
    return -ENOENT;
}

int vl_lsm_own_label(char **ret)
{
    size_t n;
    int r = vl_slurp_at(AT_FDCWD, "/proc/self/attr/current", 65536, ret, &n);
    if (r == 0)
        (*ret)[strcspn(*ret, "\n")] = '\0';
    return r;
}
