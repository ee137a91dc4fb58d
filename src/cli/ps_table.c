/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of processes: lines of ps(1) that belong to a container, and one of our own where there is no ps(1). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "sys/cred.h"
#include "sys/proc.h"

#define BLANKS " \t"

static int ascending(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return x < y ? -1 : x > y;
}

/* Field number `index` of a line that ends at a newline or NUL; NULL when it has not so many. */
static const char *field(const char *line, size_t index, size_t *ret_len)
{
    const char *end = line + strcspn(line, "\n");
    for (;; index--) {
        line += strspn(line, BLANKS);
        size_t n = strcspn(line, BLANKS "\n");
        if (line >= end)
            return NULL;
        if (index == 0) {
            *ret_len = n;
            return line;
        }
        line += n;
    }
}

static bool pid_column(const char *head, size_t *ret)
{
    size_t n;
    for (size_t i = 0;; i++) {
        const char *f = field(head, i, &n);
        if (f == NULL)
            return false;
        if (n == 3 && memcmp(f, "PID", 3) == 0) {
            *ret = i;
            return true;
        }
    }
}

static bool line_is_of(const char *line, size_t column, const pid_t *pid, size_t n)
{
    char digits[16];
    uint32_t value;
    size_t len;
    const char *f = field(line, column, &len);
    if (f == NULL || len >= sizeof(digits))
        return false;
    memcpy(digits, f, len);
    digits[len] = '\0';
    if (vl_parse_u32(digits, 10, &value) < 0)
        return false;
    pid_t key = (pid_t)value;
    return n > 0 && bsearch(&key, pid, n, sizeof(*pid), ascending) != NULL;
}

int vl_ps_filter(const char *text, const pid_t *pid, size_t n, char **ret, struct vl_error **err)
{
    struct vl_str b = VL_STR_INIT;
    size_t column;
    if (!pid_column(text, &column))
        return vl_err_state(err, "the output of ps has no column PID: add `pid` to its options");
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (line == text || line_is_of(line, column, pid, n)) {
            vl_str_addn(&b, line, len);
            vl_str_addc(&b, '\n');
        }
        line += len + (line[len] != '\0');
    }
    *ret = vl_str_take(&b);
    return 0;
}

/* -- without ps(1) ----------------------------------------------------------------------------- */

/* Arguments separated by blanks; a process without any is shown by its name, as ps does. */
static char *command_of(pid_t pid)
{
    cleanup_free char *path = vl_asprintf("/proc/%d/cmdline", (int)pid), *text = NULL;
    char comm[17] = "?";
    size_t len = 0;
    if (vl_slurp_at(AT_FDCWD, path, 4 << 20, &text, &len) < 0)
        len = 0;
    while (len > 0 && text[len - 1] == '\0')
        len--;
    if (len == 0) {
        (void)vl_proc_comm(pid, comm);
        return vl_asprintf("[%s]", comm);
    }
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            text[i] = text[i] == '\0' ? ' ' : '?';
    return vl_take_ptr(text);
}

static char *owner_of(pid_t pid)
{
    cleanup_free char *path = vl_asprintf("/proc/%d", (int)pid);
    struct stat st;
    char *name;
    if (stat(path, &st) < 0)
        return NULL;
    if (vl_passwd_name("/etc/passwd", st.st_uid, &name) == 0)
        return name;
    return vl_asprintf("%u", (unsigned)st.st_uid);
}

char *vl_ps_own_table(const pid_t *pid, size_t n)
{
    struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b, "%-12s%8s%8s S %s\n", "UID", "PID", "PPID", "CMD");
    for (size_t i = 0; i < n; i++) {
        char state;
        pid_t ppid;
        cleanup_free char *owner = owner_of(pid[i]);
        if (owner == NULL || vl_proc_stat(pid[i], &state, NULL, &ppid) < 0)
            continue; /* has ended meanwhile */
        cleanup_free char *command = command_of(pid[i]);
        vl_str_addf(&b, "%-12s%8d%8d %c %s\n", owner, (int)pid[i], (int)ppid, state, command);
    }
    return vl_str_take(&b);
}
