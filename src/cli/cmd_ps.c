/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps. As a table it is the host's ps(1) that speaks: its own words, columns and options, of which the lines of the
 * container are shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "sys/clone.h"
#include "sys/fd.h"

enum { FORMAT_TABLE, FORMAT_JSON };
enum { PS_TIMEOUT_MS = 20000, PS_OUTPUT_MAX = 256 << 20 };

static int print_json(const pid_t *pid, size_t n, struct vl_error **err)
{
    struct vl_str b = VL_STR_INIT;
    struct vl_json *j = vl_json_new(NULL);
    vl_json_arr(j);
    for (size_t i = 0; i < n; i++)
        vl_json_int(j, pid[i]);
    vl_json_end_arr(j);
    cleanup_free char *text = vl_json_take(j, NULL);
    vl_str_addf(&b, "%s\n", text);
    cleanup_free char *line = vl_str_take(&b);
    return vl_print(line, strlen(line), err);
}

/* Runs ps(1) to its end; its output is in *ret, its complaints went to standard error. */
static int run_ps(const char *path, char *const *args, size_t n_args, char **ret,
                  struct vl_error **err)
{
    static char *const usual[] = {"-ef"};
    cleanup_free char **argv = vl_alloc((n_args + 3) * sizeof(*argv));
    cleanup_fd int out = vl_memfd_new("ps", false);
    struct vl_spawn s = VL_SPAWN_INIT;
    struct vl_exit how;
    enum vl_spawn_step step;
    if (out < 0)
        return vl_err_sys(err, out, "make a file for the output of ps");
    if (n_args == 0) {
        args = usual;
        n_args = 1;
    }
    argv[0] = (char *)"ps";
    memcpy(argv + 1, args, n_args * sizeof(*argv));
    s.path = path;
    s.argv = argv;
    s.envp = environ;
    s.std_fds[1] = out;
    s.std_fds[2] = STDERR_FILENO;
    s.die_with_parent = true;
    int r = vl_spawn_run(&s, PS_TIMEOUT_MS, &how, &step, NULL, 0);
    if (r < 0)
        return vl_err_sys(err, r, "run `%s`", path);
    if (how.signaled || how.value != 0)
        return vl_err_payload(err, "`%s` ended with %s %d", path, how.signaled ? "signal" : "status",
                              how.value);
    if (lseek(out, 0, SEEK_SET) < 0)
        return vl_err_sys(err, errno, "read the output of ps");
    r = vl_slurp_fd(out, PS_OUTPUT_MAX, ret, NULL);
    return r < 0 ? vl_err_sys(err, r, "read the output of ps") : 0;
}

static int print_table(const pid_t *pid, size_t n, char *const *args, size_t n_args,
                       struct vl_error **err)
{
    cleanup_free char *path = NULL, *all = NULL, *table = NULL;
    int r = vl_find_program("ps", NULL, &path);
    if (r < 0 && n_args > 0)
        return vl_err_sys(err, r, "find ps(1), to which `%s` is an option", args[0]);
    if (r < 0)
        table = vl_ps_own_table(pid, n);
    else if (run_ps(path, args, n_args, &all, err) < 0 ||
             vl_ps_filter(all, pid, n, &table, err) < 0)
        return -1;
    return vl_print(table, strlen(table), err);
}

/* Behind the id options are those of ps(1). The one that ps cannot have meant is ours: -f or --format with one of our
 * words. */
static int take_format(const struct vl_args *a, size_t *ret_used)
{
    static const char *const words[] = {"table", "json"};
    const char *option = a->n_operands > 1 ? a->operand[1] : "";
    const char *value = a->n_operands > 2 ? a->operand[2] : "";
    *ret_used = 2;
    if (vl_starts_with(option, "--format=")) {
        value = strchr(option, '=') + 1;
        *ret_used = 1;
    } else if (!vl_streq(option, "--format") && !vl_streq(option, "-f")) {
        value = "";
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
        if (vl_streq(value, words[i]))
            return (int)i;
    *ret_used = 0;
    return a->format;
}

int vl_cmd_ps(const struct vl_args *a, struct vl_error **err)
{
    cleanup_free pid_t *pid = NULL;
    size_t n, used;
    int format = take_format(a, &used);
    if (vl_op_ps(&a->global, a->operand[0], &pid, &n, err) < 0)
        return -1;
    if (format == FORMAT_JSON)
        return print_json(pid, n, err);
    return print_table(pid, n, a->operand + 1 + used, a->n_operands - 1 - used, err);
}
