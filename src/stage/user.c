/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USER: ids by name, out of the container's own /etc/passwd and /etc/group. The files are the image's or were
 * written by whoever runs in there: regular files only, read to a limit, in pieces, by a reader (userdb.c) that
 * takes any bytes.
 */
#include "stage/stage.h"

#define FILE_MAX (4 << 20)

/* A file that is not there or cannot be read has no entries. */
static void read_db(const char *path, struct st_userdb *db)
{
    char buf[1024];
    int fd = st_open_text(path);

    if (fd < 0)
        return;
    for (long total = 0; total < FILE_MAX && !st_userdb_done(db);) {
        long n = sys_read(fd, buf, sizeof(buf));
        if (n <= 0) {
            st_userdb_end(db);
            break;
        }
        st_userdb_feed(db, buf, (size_t)n);
        total += n;
    }
    (void)sys_close(fd);
}

static int find_group(struct stage *s, const char *name)
{
    struct st_userdb db;

    st_userdb_init(&db, ST_DB_GROUP, name, NULL, 0);
    read_db("/etc/group", &db);
    if (!db.found)
        return st_fail(s, VL_D_GROUP_UNKNOWN, -ENOENT);
    s->user_gid = db.id;
    return 0;
}

int step_user(struct stage *s, const struct vl_wire_op *op)
{
    const char *user = st_str(s, op, 0), *group = st_str(s, op, 1);
    struct st_userdb db;
    int r = 0;

    s->user_uid = (uint32_t)op->n[0];
    s->user_gid = (uint32_t)op->n[1];
    if (user) {
        st_userdb_init(&db, ST_DB_PASSWD, user, NULL, 0);
        read_db("/etc/passwd", &db);
        if (!db.found)
            return st_fail(s, VL_D_USER_UNKNOWN, -ENOENT);
        s->user_uid = db.id;
        if (op->n[1] < 0)
            s->user_gid = db.gid;
    }
    if (group)
        r = find_group(s, group);
    if (r == 0 && user && !group && op->n[1] < 0) {
        st_userdb_init(&db, ST_DB_MEMBERS, user, s->groups, ST_GROUPS_MAX);
        read_db("/etc/group", &db);
        s->n_groups = db.n_groups;
    }
    s->user_found = r == 0;
    return r;
}
