/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to struct vl_args, by the tables. */
#include <string.h>
#include "base/str.h"
#include "cli/cli.h"

struct parser {
    const struct vl_opt *options;
    const char *command; /* for messages; NULL: global options */
    char **argv;
    int argc, next; /* next: not yet read */
    struct vl_args *a;
};

static int unknown(const struct parser *p, const char *arg, struct vl_error **err)
{
    if (p->command == NULL)
        return vl_err_usage(err, "unknown global option `%s`: see veloci --help", arg);
    return vl_err_usage(err, "%s: unknown option `%s`: see veloci %s --help", p->command, arg,
                        p->command);
}

static bool takes_value(const struct vl_opt *o)
{
    return o->type != VL_OPT_FLAG && o->type != VL_OPT_SET && o->type != VL_OPT_OPTIONAL &&
           (o->type != VL_OPT_IGNORED || o->arg != NULL);
}

static int bad_value(const struct vl_opt *o, const char *value, const char *wanted,
                     struct vl_error **err)
{
    return vl_err_usage(err, "invalid value `%s` for --%s: must be %s", value, o->name, wanted);
}

static int set_bool(const struct vl_opt *o, bool *field, const char *value, struct vl_error **err)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};
    for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
        if (value == NULL || vl_streq(value, words[i])) {
            *field = value == NULL || i % 2 == 1;
            return 0;
        }
    return bad_value(o, value, "true or false", err);
}

static int set_word(const struct vl_opt *o, int *field, const char *value, struct vl_error **err)
{
    const char *word = o->arg;
    size_t len = strlen(value);
    for (int i = 0; word != NULL; i++) {
        size_t n = strcspn(word, "|");
        if (n == len && memcmp(word, value, n) == 0) {
            *field = i;
            return 0;
        }
        word = word[n] == '|' ? word + n + 1 : NULL;
    }
    return bad_value(o, value, o->arg, err);
}

static int parse_number(const char *value, int64_t *ret)
{
    return vl_parse_i64(value, 10, ret);
}

static int set_given(const struct vl_opt *o, struct vl_given *field, const char *value,
                     int (*parse)(const char *, int64_t *), const char *wanted,
                     struct vl_error **err)
{
    if (parse(value, &field->value) < 0 || (o->type == VL_OPT_NUMBER && field->value < o->value))
        return bad_value(o, value, wanted, err);
    field->given = true;
    return 0;
}

/* value is NULL when none was attached to a flag. */
static int set(const struct vl_opt *o, struct vl_args *a, const char *value, struct vl_error **err)
{
    void *field = (char *)a + o->offset;
    bool on;
    switch (o->type) {
    case VL_OPT_FLAG:
        return set_bool(o, field, value, err);
    case VL_OPT_SET:
        if (set_bool(o, &on, value, err) < 0)
            return -1;
        if (on)
            *(int *)field = o->value;
        return 0;
    case VL_OPT_OPTIONAL:
        *(const char **)field = value != NULL ? value : "";
        return 0;
    case VL_OPT_STR:
        *(const char **)field = value;
        return 0;
    case VL_OPT_STRS:
        vl_strv_add(field, value);
        return 0;
    case VL_OPT_U32:
        return vl_parse_u32(value, 10, field) == 0 ? 0 : bad_value(o, value, "a number", err);
    case VL_OPT_NUMBER:
        return set_given(o, field, value, parse_number, "a number", err);
    case VL_OPT_SIZE:
        return set_given(o, field, value, vl_parse_size, "a number of bytes such as 512m, or -1",
                         err);
    case VL_OPT_DURATION:
        return set_given(o, field, value, vl_parse_duration_ms, "a time such as 5s or 1m30s", err);
    case VL_OPT_WORD:
        return set_word(o, field, value, err);
    case VL_OPT_IGNORED:
        return 0;
    }
    return vl_err_bug(err, "option --%s has no type", o->name);
}

/* attached: the text behind `=` or behind the letter, NULL when there is none. */
static int take(struct parser *p, const struct vl_opt *o, const char *attached,
                struct vl_error **err)
{
    if (takes_value(o) && attached == NULL) {
        if (p->next == p->argc)
            return vl_err_usage(err, "flag needs an argument: --%s", o->name);
        attached = p->argv[p->next++];
    }
    return set(o, p->a, attached, err);
}

static const struct vl_opt *find_long(const struct parser *p, const char *name, size_t len)
{
    for (const struct vl_opt *o = p->options; o != NULL && o->name != NULL; o++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

/* getopt_long(3) and argp understand what a name begins with when only one does; *ret_many: several do. */
static const struct vl_opt *find_prefix(const struct parser *p, const char *name, size_t len, bool *ret_many)
{
    const struct vl_opt *found = NULL;

    *ret_many = false;
    for (const struct vl_opt *o = p->options; o != NULL && o->name != NULL && len > 0; o++)
        if (strncmp(o->name, name, len) == 0) {
            *ret_many |= found != NULL;
            found = o;
        }
    return *ret_many ? NULL : found;
}

static const struct vl_opt *find_letter(const struct parser *p, char letter)
{
    for (const struct vl_opt *o = p->options; o != NULL && o->name != NULL; o++)
        if (o->letter == letter && letter != '\0')
            return o;
    return NULL;
}

/* "-qf json", "-bDIR", "-b=DIR" */
static int take_letters(struct parser *p, const char *arg, struct vl_error **err)
{
    for (const char *s = arg + 1; *s != '\0'; s++) {
        const struct vl_opt *o = find_letter(p, *s);
        if (o == NULL)
            return unknown(p, arg, err);
        const char *rest = s[1] == '=' ? s + 2 : s[1] != '\0' && takes_value(o) ? s + 1 : NULL;
        if (take(p, o, rest, err) < 0)
            return -1;
        if (rest != NULL)
            break;
    }
    return 0;
}

/* One option; p->next is behind it already. */
static int take_option(struct parser *p, const char *arg, struct vl_error **err)
{
    bool two = arg[1] == '-';
    const char *name = arg + 1 + two;
    size_t len = strcspn(name, "=");
    /* Go's own flag package, and callers written for it, know long names with one dash. */
    const struct vl_opt *o = two || len > 1 ? find_long(p, name, len) : NULL;
    bool many = false;
    if (o == NULL && two)
        o = find_prefix(p, name, len, &many);
    if (many)
        return vl_err_usage(err, "option `%s` can be short for several", arg);
    if (o != NULL)
        return take(p, o, name[len] == '=' ? name + len + 1 : NULL, err);
    return two ? unknown(p, arg, err) : take_letters(p, arg, err);
}

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

int vl_parse_global(int argc, char **argv, struct vl_args *a, int *ret_next, struct vl_error **err)
{
    struct parser p = {.options = vl_global_options, .argv = argv, .argc = argc, .next = 1, .a = a};
    while (p.next < argc && is_option(argv[p.next])) {
        const char *arg = argv[p.next++];
        if (vl_streq(arg, "--"))
            break;
        if (take_option(&p, arg, err) < 0)
            return -1;
    }
    *ret_next = p.next < argc ? p.next : argc;
    return 0;
}

int vl_parse_command(const struct vl_command *c, int argc, char **argv, struct vl_args *a,
                     struct vl_error **err)
{
    struct parser p = {
        .options = c->options, .command = c->name, .argv = argv, .argc = argc, .next = 1, .a = a};
    bool options_end = false, own_line = c->max == VL_OPERANDS_COMMAND;
    a->operand = argv; /* they move to its front */
    while (p.next < argc) {
        char *arg = argv[p.next++];
        if (options_end || !is_option(arg)) {
            a->operand[a->n_operands++] = arg;
            options_end |= own_line;
        } else if (vl_streq(arg, "--")) {
            options_end = true;
        } else if (take_option(&p, arg, err) < 0) {
            return -1;
        }
    }
    if (a->help)
        return 0;
    if (a->n_operands < c->min || a->n_operands > c->max)
        return vl_err_usage(err, "%s: %s: usage: veloci %s [options] %s", c->name,
                            a->n_operands < c->min ? "an argument is missing"
                                                   : "too many arguments",
                            c->name, c->operands);
    return 0;
}

void vl_args_reset(const struct vl_command *c, struct vl_args *a)
{
    for (const struct vl_opt *o = c != NULL ? c->options : NULL; o != NULL && o->name != NULL; o++)
        if (o->type == VL_OPT_STRS)
            vl_strv_reset((struct vl_strv *)(void *)((char *)a + o->offset));
}
