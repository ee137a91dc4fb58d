/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to the command's row to the exit status. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

enum {
    STATUS_ERROR = 1,
    STATUS_UNKNOWN_COMMAND = 3, /* as runc */
    STATUS_EXEC = 255,          /* exec: as runc; 1 is what many a program ends with */
    STATUS_REFUSED = 3,         /* --exit-codes=detailed */
    STATUS_FAULTED = 4,
};

/* A descriptor of ours that took the number of a closed 0, 1 or 2 would become the workload's. */
static void hold_stdio(void)
{
    struct pollfd p[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    if (poll(p, VL_ARRAY_LEN(p), 0) <= 0)
        return;
    for (size_t i = 0; i < VL_ARRAY_LEN(p); i++)
        if ((p[i].revents & POLLNVAL) &&
            open("/dev/null", O_RDWR) < 0) /* NOLINT: stays open in the workload */
            _exit(STATUS_ERROR);
}

/* Ignored SIGCHLD is inherited over an exec, and with it no child leaves a status behind (wait(2)): neither a hook
 * nor the container would ever be seen to end. */
static void heed_children(void)
{
    (void)signal(SIGCHLD, SIG_DFL);
}

static int error_status(const struct vl_args *a, const struct vl_error *e)
{
    if (a->exit_codes == 0)
        return a->failed_status != 0 ? a->failed_status : STATUS_ERROR;
    return vl_error_class(e) == VL_CLASS_REFUSED ? STATUS_REFUSED : STATUS_FAULTED;
}

static int report(const struct vl_args *a, struct vl_error **err)
{
    int status = error_status(a, *err);
    vl_log_error(*err);
    vl_error_free(*err);
    *err = NULL;
    return status;
}

static int print_text(char *text_take, struct vl_error **err)
{
    cleanup_free char *text = text_take;
    return vl_print(text, strlen(text), err);
}

/* A config file given by name is the caller's, not the bundle's. */
static int resolve_config(struct vl_args *a, char **ret_owned, struct vl_error **err)
{
    const char *config = a->create.config;
    *ret_owned = NULL;
    if (config == NULL || *config == '/')
        return 0;
    cleanup_free char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return vl_err_sys(err, errno, "find the current directory, for --config `%s`", config);
    a->create.config = *ret_owned = vl_path_join(cwd, config);
    return 0;
}

static int run_command(const struct vl_command *c, int argc, char **argv, struct vl_args *a,
                       struct vl_error **err)
{
    cleanup_free char *config = NULL;
    if (c->run == NULL) /* also for --help, by which engines ask whether it is there */
        return vl_err_unsupported(err, c->name, "%s is not supported by this version of veloci",
                                  c->name);
    if (c->run == vl_cmd_exec)
        a->failed_status = STATUS_EXEC;
    if (c->run == vl_cmd_plan_verify) /* its answer is the status */
        a->exit_codes = 1;
    int r = vl_parse_command(c, argc, argv, a, err);
    if (r == 0 && a->help)
        r = print_text(vl_help_text(c), err);
    else if (r == 0 && (r = resolve_config(a, &config, err)) == 0)
        r = c->run(a, err);
    vl_args_reset(c, a);
    return r;
}

/* "help", "help COMMAND" */
static int help_command(int argc, char **argv, struct vl_error **err)
{
    int used;
    const struct vl_command *c = vl_command_of(argc - 1, argv + 1, &used);
    if (argc > 1 && (c == NULL || c->run == NULL))
        return vl_err_usage(err, "no help for `%s`: there is no such command", argv[1]);
    return print_text(vl_help_text(c), err);
}

static int dispatch(int argc, char **argv, struct vl_args *a, struct vl_error **err)
{
    int next;
    if (vl_parse_global(argc, argv, a, &next, err) < 0)
        return -1;
    a->global.debug = a->log_level == VL_LOG_DEBUG;
    if (vl_log_setup(a->log, (enum vl_log_format)a->log_format, (enum vl_log_level)a->log_level,
                     err) < 0)
        return -1;
    if (a->version)
        return print_text(vl_op_version(), err);
    if (next == argc || a->help)
        return print_text(vl_help_text(NULL), err);
    if (vl_streq(argv[next], "help"))
        return help_command(argc - next, argv + next, err);
    int used;
    const struct vl_command *c = vl_command_of(argc - next, argv + next, &used);
    next += used - 1;
    if (c != NULL)
        return run_command(c, argc - next, argv + next, a, err);
    (void)vl_err_usage(err, "unknown command `%s`: see veloci --help", argv[next]);
    (void)report(a, err);
    return STATUS_UNKNOWN_COMMAND;
}

int main(int argc, char **argv)
{
    struct vl_args a = {0};
    struct vl_error *err = NULL;
    hold_stdio();
    heed_children();
    int r = dispatch(argc, argv, &a, &err);
    return r >= 0 ? r : report(&a, &err);
}
