/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as data: one row a command, one row an option. The parser, the help texts and
 * the tests read the same rows. Only cli/ writes to standard output and ends the process.
 */
#ifndef VL_CLI_CLI_H
#define VL_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/log.h"
#include "ops/ops.h"

/* Everything options and operands can set. Strings point into argv, but for those of repeatable
 * options, which are copies. Zeroed means nothing was given. */
struct vl_args {
    /* global */
    struct vl_global global;
    const char *log;
    int log_format; /* enum vl_log_format */
    int log_level;  /* enum vl_log_level */
    int exit_codes; /* index of "plain|detailed" */
    int failed_status; /* exit status of an error with plain exit codes; 0: the usual one */
    bool version, help;
    /* commands; those that share an option share its field */
    struct vl_create_opts create;
    struct vl_exec_opts exec;
    struct vl_spec_opts spec;
    struct vl_plan_request plan;
    struct vl_update_opts update;
    struct vl_given interval;
    bool stats;
    const char *timeline; /* NULL: not asked for; "": for the terminal */
    bool all, force, quiet, regex;
    int format; /* index of the words of --format */

    char **operand; /* in argv, after parsing */
    size_t n_operands;
};

enum vl_opt_type {
    VL_OPT_FLAG = 1, /* bool: true; --opt=false is understood */
    VL_OPT_SET,      /* int: `value` */
    VL_OPT_STR,      /* const char * */
    VL_OPT_OPTIONAL, /* const char *: what is behind =, "" without */
    VL_OPT_STRS,     /* struct vl_strv: every value given, in their order */
    VL_OPT_U32,      /* uint32_t */
    VL_OPT_NUMBER,   /* struct vl_given: a number of at least `value` */
    VL_OPT_SIZE,     /* struct vl_given: bytes with a unit, or -1 */
    VL_OPT_DURATION, /* struct vl_given: milliseconds, given as "5s" or in seconds */
    VL_OPT_WORD,     /* int: index in the words of `arg`, "text|json" */
    VL_OPT_IGNORED,  /* accepted; takes a value when `arg` is given */
};

struct vl_opt {
    const char *name; /* long name, without dashes */
    char letter;      /* 0: none */
    enum vl_opt_type type;
    size_t offset;   /* of the field in struct vl_args */
    const char *arg; /* name of the value in help, or the words of WORD */
    const char *help;
    int value; /* SET, NUMBER */
};

/* For max: after the first operand comes a command line of somebody else, which is taken as it is. */
#define VL_OPERANDS_COMMAND SIZE_MAX

struct vl_command {
    const char *name;     /* one word, or two: "plan verify" */
    const char *operands; /* for help: "ID [SIGNAL]" */
    size_t min, max;      /* operands */
    const char *help;
    const struct vl_opt *options; /* ends with a NULL name; may be NULL */
    /* Exit status (0 …), or -1 with an error. NULL: known to others, not there: one error line,
     * whatever follows. */
    int (*run)(const struct vl_args *a, struct vl_error **err);
};

extern const struct vl_opt vl_global_options[];
extern const struct vl_command vl_commands[]; /* ends with a NULL name */
const struct vl_command *vl_command_find(const char *name);
/* The command of a line's words, of which *ret_used (1, or 2: "plan verify") are its name; NULL when there is none. */
const struct vl_command *vl_command_of(int argc, char **argv, int *ret_used);

/*
 * Options are taken in the GNU and in the Go style: --name value, --name=value, -n value, -nvalue,
 * -n=value, flags together (-qf json), long names with one dash, long names cut short as long as only one begins so,
 * --flag=false; the last of several
 * wins unless all of them count (STRS); -- ends them.
 *
 * vl_parse_global reads what comes before the command; *ret_next becomes the index of the command
 * in argv (argc when there is none). vl_parse_command reads the rest: options anywhere between
 * operands, or, with VL_OPERANDS_COMMAND, up to the first one; the number of operands is checked
 * unless help is wanted. argv is reordered so that a->operand is an array. USAGE errors name the
 * option.
 */
int vl_parse_global(int argc, char **argv, struct vl_args *a, int *ret_next, struct vl_error **err);
int vl_parse_command(const struct vl_command *c, int argc, char **argv, struct vl_args *a,
                     struct vl_error **err);

/* Frees what the options of a command have allocated. c may be NULL. */
void vl_args_reset(const struct vl_command *c, struct vl_args *a);

/* Help texts; caller frees. c NULL: the program's. */
char *vl_help_text(const struct vl_command *c);

/* A completion script for "bash", "zsh" or "fish", NULL for another shell; caller frees. */
char *vl_completion_text(const char *shell);

/* Writes to standard output in one go. SYSTEM error. */
int vl_print(const char *text, size_t len, struct vl_error **err);
/* The table of `list`; caller frees. */
char *vl_list_table(const struct vl_list *l);

/* ps_table.c: of the output of ps(1) the head and the lines whose column PID is one of pid (ascending); caller frees.
 * STATE error when there is no such column. */
int vl_ps_filter(const char *text, const pid_t *pid, size_t n, char **ret, struct vl_error **err);
/* What `ps -ef` says of them, read from /proc, for hosts without ps(1); caller frees. */
char *vl_ps_own_table(const pid_t *pid, size_t n);

int vl_cmd_completion(const struct vl_args *a, struct vl_error **err);
int vl_cmd_create(const struct vl_args *a, struct vl_error **err);
int vl_cmd_exec(const struct vl_args *a, struct vl_error **err);
int vl_cmd_delete(const struct vl_args *a, struct vl_error **err);
int vl_cmd_doctor(const struct vl_args *a, struct vl_error **err);
int vl_cmd_events(const struct vl_args *a, struct vl_error **err);
int vl_cmd_features(const struct vl_args *a, struct vl_error **err);
int vl_cmd_kill(const struct vl_args *a, struct vl_error **err);
int vl_cmd_list(const struct vl_args *a, struct vl_error **err);
int vl_cmd_mounts(const struct vl_args *a, struct vl_error **err);
int vl_cmd_pause(const struct vl_args *a, struct vl_error **err);
int vl_cmd_plan(const struct vl_args *a, struct vl_error **err);
int vl_cmd_plan_verify(const struct vl_args *a, struct vl_error **err);
int vl_cmd_ps(const struct vl_args *a, struct vl_error **err);
int vl_cmd_resume(const struct vl_args *a, struct vl_error **err);
int vl_cmd_run(const struct vl_args *a, struct vl_error **err);
int vl_cmd_spec(const struct vl_args *a, struct vl_error **err);
int vl_cmd_start(const struct vl_args *a, struct vl_error **err);
int vl_cmd_state(const struct vl_args *a, struct vl_error **err);
int vl_cmd_update(const struct vl_args *a, struct vl_error **err);

#endif
