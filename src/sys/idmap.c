/* SPDX-License-Identifier: Apache-2.0 */
/* User and group id maps. */
#include "sys/idmap.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/clone.h"
#include "sys/fd.h"
#include "sys/nsfd.h"

static void map_path(pid_t pid, const char *file, char *buf, size_t size)
{
    if (pid == 0)
        (void)snprintf(buf, size, "/proc/self/%s", file);
    else
        (void)snprintf(buf, size, "/proc/%d/%s", (int)pid, file);
}

static const char *map_file(enum vl_id_kind kind)
{
    return kind == VL_ID_UID ? "uid_map" : "gid_map";
}

int vl_idmap_write(pid_t pid, enum vl_id_kind kind, const struct vl_idmap_line *lines, size_t n)
{
    cleanup(str) struct vl_str text = VL_STR_INIT;
    char path[64];
    if (n == 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        vl_str_addf(&text, "%u %u %u\n", lines[i].container, lines[i].host, lines[i].size);
    map_path(pid, map_file(kind), path, sizeof(path));
    return vl_write_file_at(AT_FDCWD, path, text.s, text.len);
}

int vl_idmap_deny_setgroups(pid_t pid)
{
    char path[64];
    map_path(pid, "setgroups", path, sizeof(path));
    return vl_write_file_at(AT_FDCWD, path, "deny", 4);
}

int vl_idmap_read(pid_t pid, enum vl_id_kind kind, struct vl_idmap_line **ret, size_t *ret_n)
{
    cleanup_free char *text = NULL;
    cleanup_free struct vl_idmap_line *lines = NULL;
    size_t n = 0;
    char path[64];
    map_path(pid, map_file(kind), path, sizeof(path));
    int r = vl_slurp_at(AT_FDCWD, path, 65536, &text, NULL);
    if (r < 0)
        return r;
    for (const char *p = text; *p != '\0';) {
        struct vl_idmap_line l;
        int used = 0;
        if (sscanf(p, "%u %u %u%n", &l.container, &l.host, &l.size, &used) != 3)
            return -EBADMSG;
        *VL_APPEND(lines, n) = l;
        p += used;
        p += strspn(p, " \n");
    }
    *ret = vl_take_ptr(lines);
    *ret_n = n;
    return 0;
}

/* One line without control characters, as it goes into an error text. */
static void one_line(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && isspace((unsigned char)s[n - 1]))
        s[--n] = '\0';
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20)
            *s = ' ';
}

int vl_idmap_helper(const char *helper, pid_t pid, const struct vl_idmap_line *lines, size_t n,
                    char *msg, size_t msg_size)
{
    cleanup(strv) struct vl_strv args = {NULL, 0};
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_exit how;
    vl_strv_add(&args, helper);
    vl_strv_addf(&args, "%d", (int)pid);
    for (size_t i = 0; i < n; i++) {
        vl_strv_addf(&args, "%u", lines[i].container);
        vl_strv_addf(&args, "%u", lines[i].host);
        vl_strv_addf(&args, "%u", lines[i].size);
    }
    s.path = helper;
    s.argv = args.v;
    msg[0] = '\0';
    int r = vl_spawn_run(&s, 30000, &how, NULL, msg, msg_size);
    one_line(msg);
    if (r < 0)
        return r;
    return how.signaled || how.value != 0 ? -EPERM : 0;
}

void vl_subid_parse(const char *text, const char *name, uid_t uid, struct vl_subid **ranges,
                    size_t *n)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        cleanup_free char *line = vl_strndup(text, len);
        text += len + (text[len] == '\n');
        char *start = strchr(line, ':');
        char *count = start ? strchr(start + 1, ':') : NULL;
        if (count == NULL || line[0] == '#')
            continue;
        *start++ = '\0';
        *count++ = '\0';
        count[strcspn(count, " \t\r")] = '\0';
        uint32_t owner;
        struct vl_subid range;
        bool ours = (name != NULL && vl_streq(line, name)) ||
                    (vl_parse_u32(line, 10, &owner) == 0 && owner == uid);
        if (!ours || vl_parse_u32(start, 10, &range.start) < 0 ||
            vl_parse_u32(count, 10, &range.count) < 0)
            continue;
        /* (uid_t)-1 is no id, and a range may not wrap */
        if (range.count == 0 || range.count > UINT32_MAX - range.start)
            continue;
        *VL_APPEND(*ranges, *n) = range;
    }
}

int vl_idmap_userns(const struct vl_idmap_line *uids, size_t n_uids,
                    const struct vl_idmap_line *gids, size_t n_gids)
{
    struct vl_parked child;
    int r = vl_parked_start(CLONE_NEWUSER, &child);
    if (r < 0)
        return r;
    r = vl_idmap_write(child.child.pid, VL_ID_UID, uids, n_uids);
    if (r == 0)
        r = vl_idmap_write(child.child.pid, VL_ID_GID, gids, n_gids);
    if (r == -EPERM && n_gids == 1) {
        /* Without CAP_SETGID a single line is allowed once setgroups is denied. */
        r = vl_idmap_deny_setgroups(child.child.pid);
        if (r == 0)
            r = vl_idmap_write(child.child.pid, VL_ID_GID, gids, n_gids);
    }
    if (r == 0)
        r = vl_ns_open(child.child.pid, CLONE_NEWUSER);
    vl_parked_end(&child);
    return r;
}
