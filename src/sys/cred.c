/* SPDX-License-Identifier: Apache-2.0 */
/* Ids and process attributes of the calling thread. */
#include "sys/cred.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"

/* 32-bit ids where the plain call is the old 16-bit one */
#ifdef SYS_setresuid32
#define NR_SETRESUID SYS_setresuid32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETGROUPS SYS_setgroups32
#else
#define NR_SETRESUID SYS_setresuid
#define NR_SETRESGID SYS_setresgid
#define NR_SETGROUPS SYS_setgroups
#endif

static int result(long r)
{
    return r < 0 ? -errno : 0;
}

int vl_set_uid(uid_t uid)
{
    return result(syscall(NR_SETRESUID, uid, uid, uid));
}

int vl_set_gid(gid_t gid)
{
    return result(syscall(NR_SETRESGID, gid, gid, gid));
}

int vl_set_groups(const gid_t *groups, size_t n)
{
    return result(syscall(NR_SETGROUPS, n, groups));
}

int vl_set_keepcaps(bool on)
{
    return result(prctl(PR_SET_KEEPCAPS, on ? 1L : 0L, 0L, 0L, 0L));
}

int vl_set_securebits(unsigned long bits)
{
    return result(prctl(PR_SET_SECUREBITS, bits, 0L, 0L, 0L));
}

int vl_set_no_new_privs(void)
{
    return result(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
}

int vl_set_dumpable(bool on)
{
    return result(prctl(PR_SET_DUMPABLE, on ? 1L : 0L, 0L, 0L, 0L));
}

int vl_set_pdeathsig(int sig)
{
    return result(prctl(PR_SET_PDEATHSIG, (unsigned long)sig, 0L, 0L, 0L));
}

int vl_set_subreaper(bool on)
{
    return result(prctl(PR_SET_CHILD_SUBREAPER, on ? 1L : 0L, 0L, 0L, 0L));
}

bool vl_get_subreaper(void)
{
    int on = 0;
    return prctl(PR_GET_CHILD_SUBREAPER, &on, 0L, 0L, 0L) == 0 && on != 0;
}

int vl_passwd_name(const char *path, uid_t uid, char **ret)
{
    cleanup_free char *text = NULL;
    int r = vl_slurp_at(AT_FDCWD, path, 16 << 20, &text, NULL);
    if (r < 0)
        return r;
    /* name:password:uid:… */
    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        char *password = strchr(line, ':');
        char *number = password ? strchr(password + 1, ':') : NULL;
        char *end = number ? strchr(number + 1, ':') : NULL;
        uint32_t id;
        if (end == NULL || password == line)
            continue;
        *end = '\0';
        if (vl_parse_u32(number + 1, 10, &id) == 0 && id == uid) {
            *ret = vl_strndup(line, (size_t)(password - line));
            return 0;
        }
    }
    return -ENOENT;
}
