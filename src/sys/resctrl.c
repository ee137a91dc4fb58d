/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/io.h"
#include "sys/fd.h"

#define RESCTRL_MAGIC 0x7655821 /* linux/magic.h: RDTGROUP_SUPER_MAGIC */

#ifdef VL_TEST_BUILD

static const char *stand_in(void)
{
    return getenv("VELOCI_RESCTRL");
}

/* What a new group has: the schemata of the root, no tasks. */
static int fill(int dirfd, const char *name)
{
    cleanup_free char *text = NULL;
    cleanup_fd int root = vl_open(stand_in(), O_RDONLY | O_DIRECTORY), dir = vl_open_at(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
    size_t len = 0;
    if (root < 0 || dir < 0 || vl_slurp_at(root, "schemata", 65536, &text, &len) < 0)
        return -ENODEV;
    (void)mkdirat(dir, "mon_groups", 0755);
    int r = vl_replace_file_at(dir, "schemata", text, len, 0644);
    return r < 0 ? r : vl_replace_file_at(dir, "tasks", "", 0, 0644);
}

static void empty(int dirfd, const char *name)
{
    cleanup_fd int dir = vl_open_at(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0)
        return;
    (void)unlinkat(dir, "schemata", 0);
    (void)unlinkat(dir, "tasks", 0);
    (void)unlinkat(dir, "mon_groups", AT_REMOVEDIR);
}

#else

static const char *stand_in(void)
{
    return NULL;
}

static int fill(int dirfd, const char *name)
{
    (void)dirfd;
    (void)name;
    return 0;
}

static void empty(int dirfd, const char *name)
{
    (void)dirfd;
    (void)name;
}

#endif

int vl_resctrl_open(const char **ret_path)
{
    struct statfs fs;
    const char *path = stand_in() != NULL ? stand_in() : "/sys/fs/resctrl";
    cleanup_fd int fd = vl_open(path, O_RDONLY | O_DIRECTORY);
    *ret_path = path;
    if (fd < 0 || fstatfs(fd, &fs) < 0 || (stand_in() == NULL && fs.f_type != RESCTRL_MAGIC))
        return -ENODEV;
    return vl_take_fd(&fd);
}

int vl_resctrl_mkdir(int dirfd, const char *name)
{
    if (mkdirat(dirfd, name, 0755) < 0)
        return -errno;
    return stand_in() != NULL ? fill(dirfd, name) : 0;
}

int vl_resctrl_rmdir(int dirfd, const char *name)
{
    if (stand_in() != NULL)
        empty(dirfd, name);
    return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
