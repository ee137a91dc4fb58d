/* SPDX-License-Identifier: Apache-2.0 */
/* HOME of the workload out of the container's /etc/passwd, when its environment has none. */
#include "stage/stage.h"

#define PASSWD_MAX (1 << 20)

/* The file is the image's: only a regular one is read, never a FIFO that blocks or a device that does something when
 * it is opened. Looked at before, and after, as it may change. */
int st_open_text(const char *path)
{
    struct statx stx;
    int r = sys_statx(AT_FDCWD, path, 0, &stx);

    if (r < 0 || !st_is_type(&stx, S_IFREG))
        return r < 0 ? r : -ENOENT;
    int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0 || (sys_fstat(fd, &stx) == 0 && st_is_type(&stx, S_IFREG)))
        return fd;
    (void)sys_close(fd);
    return -ENOENT;
}

static void read_passwd(struct st_passwd *p)
{
    char buf[1024];
    int fd = st_open_text("/etc/passwd");

    if (fd < 0)
        return;
    for (long total = 0; total < PASSWD_MAX && !p->found;) {
        long n = sys_read(fd, buf, sizeof(buf));
        if (n <= 0) {
            st_passwd_end(p);
            break;
        }
        st_passwd_feed(p, buf, (size_t)n);
        total += n;
    }
    (void)sys_close(fd);
}

void st_home_prepare(struct stage *s)
{
    const struct vl_wire_op *exec = &s->v.op[s->v.body->n_op - 1];
    const char *env = st_str(s, exec, 1);
    const char *given = env ? st_env(env, exec->s[1].len, "HOME") : NULL;
    struct st_passwd p;
    uint32_t ids[2];
    size_t len = 0;

    s->home[0] = '\0';
    if (exec->n[0] == -1 || (given && given[0] != '\0') || st_ids(s, exec->n[0], 0, ids) < 0)
        return;
    st_passwd_init(&p, ids[0]);
    read_passwd(&p);
    const char *dir = p.found ? p.home : "/";
    (void)st_append(s->home, sizeof(s->home), &len, "HOME=", 5);
    (void)st_append(s->home, sizeof(s->home), &len, dir, st_len(dir));
}
