/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without pivot_root the inherited tree stays in the mount namespace, under the container's root. Its procfs and sysfs
 * must go: as long as an unmasked one is in the namespace, the kernel lets a user namespace mount another one
 * (mount_namespaces(7)), and all masks would be worth nothing.
 *
 * Paths here are those of the inherited tree: the container's lies over "/" by then, but the process's root is
 * still underneath.
 */
#include "stage/stage.h"

#define MAX_PASSES 16

/* State of the reader of mountinfo: fields of a line up to the file system's type, proc(5). */
static struct reader {
    int field;     /* 1 … */
    int separator; /* " - " was seen: the next field is the type */
    size_t path_len, word_len;
    int octal; /* digits of \ooo still to come */
    unsigned code;
    char *path, word[16];
} rd;

static int is_kernel_fs(const char *path)
{
    struct statfs sfs;
    int fd = sys_openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
    int r = fd < 0 ? fd : sys_fstatfs(fd, &sfs);
    st_close(&fd);
    return r == 0 && (sfs.f_type == ST_PROC_MAGIC || sfs.f_type == ST_SYSFS_MAGIC);
}

/* 1 when something changed, 0 when there was nothing (lines of the container's tree look alike), or -errno. */
static int hide(const char *path)
{
    if (!is_kernel_fs(path))
        return 0;
    if (sys_umount(path, ST_MNT_DETACH | ST_UMOUNT_NOFOLLOW) == 0)
        return 1;
    /* locked in a user namespace: covered, it is reachable no more */
    int r = sys_mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
    if (r < 0)
        return r;
    return is_kernel_fs(path) ? -EBUSY : 1;
}

static void new_line(void)
{
    rd.field = 1;
    rd.separator = 0;
    rd.path_len = rd.word_len = 0;
    rd.octal = 0;
}

static void path_char(char c)
{
    if (rd.octal > 0) {
        rd.code = rd.code * 8 + (unsigned)(c - '0');
        if (--rd.octal > 0)
            return;
        c = (char)rd.code;
    } else if (c == '\\') {
        rd.octal = 3;
        rd.code = 0;
        return;
    }
    if (rd.path_len + 1 < ST_PATH)
        rd.path[rd.path_len++] = c;
}

/* The type's field has ended: the line is known. */
static int type_known(void)
{
    rd.word[rd.word_len] = '\0';
    rd.path[rd.path_len] = '\0';
    if (!st_same(rd.word, "proc") && !st_same(rd.word, "sysfs"))
        return 0;
    return hide(rd.path);
}

static int feed(char c)
{
    int r = 0;

    if (c == '\n') {
        new_line();
    } else if (c == ' ') {
        if (rd.separator == 1)
            r = type_known();
        if (rd.separator > 0)
            rd.separator++;
        else if (rd.field > 6 && rd.word_len == 1 && rd.word[0] == '-')
            rd.separator = 1;
        rd.field++;
        rd.word_len = 0;
    } else if (rd.field == 5) {
        path_char(c);
    } else if (rd.word_len + 1 < sizeof(rd.word)) {
        rd.word[rd.word_len++] = c;
    }
    return r;
}

/* Number of mounts hidden in one reading, or -errno. */
static int pass(int fd)
{
    char *buf = st_scratch.other;
    int hidden = 0;

    rd.path = st_scratch.text;
    new_line();
    for (;;) {
        long n = sys_read(fd, buf, ST_PATH);
        if (n <= 0)
            return n < 0 ? (int)n : hidden;
        for (long i = 0; i < n; i++) {
            int r = feed(buf[i]);
            if (r < 0)
                return r;
            hidden += r;
        }
    }
}

int st_hide_kernel_fs(struct stage *s)
{
    int r = st_proc_open(s, "self/mountinfo", O_RDONLY, 1);
    if (r < 0)
        return r;
    int fd = r;
    for (int i = 0; i < MAX_PASSES; i++) {
        r = pass(fd);
        if (r <= 0)
            break;
        /* the list changed under the reader */
        long at = sys_lseek(fd, 0, 0);
        if (at < 0) {
            r = (int)at;
            break;
        }
        r = -EBUSY;
    }
    (void)sys_close(fd);
    return r;
}
