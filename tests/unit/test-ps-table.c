/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of ps(1) that belong to a container. */
#include "tap.h"

#include <unistd.h>
#include "base/cleanup.h"
#include "cli/cli.h"

static const pid_t some[] = {7, 12, 345};

static void filters(const char *text, const char *want, const char *what)
{
    cleanup_free char *got = NULL;
    struct vl_error *e = NULL;
    int r = vl_ps_filter(text, some, 3, &got, &e);
    is_str(r == 0 ? got : "(error)", want, "%s", what);
    vl_error_free(e);
}

static void refuses(const char *text, const char *what)
{
    char *got = NULL;
    struct vl_error *e = NULL;
    ok(vl_ps_filter(text, some, 3, &got, &e) < 0 && e != NULL && e->kind == VL_ERR_STATE, "%s", what);
    vl_error_free(e);
    free(got);
}

int main(void)
{
    filters("UID PID CMD\nroot 7 a\nroot 8 b\nroot 12 c 345\n", "UID PID CMD\nroot 7 a\nroot 12 c 345\n",
            "the column is found by its head");
    filters("  PID TTY\n  345 ?\n    3 ?\n   12 pts/0", "  PID TTY\n  345 ?\n   12 pts/0\n",
            "leading blanks, no final newline");
    filters("PPID PID\n7 8\n8 7\n", "PPID PID\n8 7\n", "PPID is another column");
    filters("PID\n", "PID\n", "only a head");
    filters("PID\n7x\n-7\n+7\n07\n\n999999999999999999999\n7\n", "PID\n07\n7\n", "only numbers count");
    filters("A PID\nx\n\ny 7\n", "A PID\ny 7\n", "lines with too few columns");
    filters("A\tPID\nx\t12\n", "A\tPID\nx\t12\n", "tabs");
    refuses("", "nothing at all");
    refuses("UID CMD\nroot 7\n", "no such column");
    refuses("pid\n7\n", "another spelling");
    refuses("\nPID\n7\n", "the head is the first line");

    char *none = NULL;
    struct vl_error *e = NULL;
    ok(vl_ps_filter("PID\n7\n", NULL, 0, &none, &e) == 0, "no processes");
    is_str(none, "PID\n", "only the head is left");
    free(none);

    pid_t self = getpid();
    cleanup_free char *own = vl_ps_own_table(&self, 1), *again = NULL;
    ok(strstr(own, "test-ps-table") != NULL, "a table of our own has the command");
    ok(vl_ps_filter(own, &self, 1, &again, &e) == 0, "and a column PID");
    is_str(again, own, "with the number of the process");
    pid_t gone = 0x3fffffff;
    cleanup_free char *nobody = vl_ps_own_table(&gone, 1);
    ok(strchr(nobody, '\n') == nobody + strlen(nobody) - 1, "who has ended is left out");
    return done_testing();
}
