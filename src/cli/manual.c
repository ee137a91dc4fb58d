/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not installed: prints what the manual takes from the tables, in mdoc(7). Without an argument the names of the
 * commands, one a line; "global" the global options; a command's name its synopsis and options.
 */
#include <stdio.h>
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

/* A word of text that must not be taken for a macro or an escape. */
static void add_text(struct vl_str *b, const char *s)
{
    for (; *s != '\0'; s++)
        if (*s == '\\')
            vl_str_add(b, "\\e");
        else if (*s == '-' && s[1] == '-')
            vl_str_add(b, "\\-");
        else
            vl_str_addc(b, *s);
}

static void add_value(struct vl_str *b, const struct vl_opt *o)
{
    if (o->arg == NULL)
        return;
    if (o->type != VL_OPT_WORD) {
        vl_str_addf(b, " Ar %s", o->arg);
        return;
    }
    vl_str_add(b, " Cm ");
    for (const char *c = o->arg; *c != '\0'; c++)
        if (*c == '|')
            vl_str_add(b, " | ");
        else
            vl_str_addc(b, *c);
}

static void add_options(struct vl_str *b, const struct vl_opt *o)
{
    vl_str_add(b, ".Bl -tag -width Ds\n");
    for (; o != NULL && o->name != NULL; o++) {
        if (o->help == NULL)
            continue;
        vl_str_add(b, ".It ");
        if (o->letter != '\0')
            vl_str_addf(b, "Fl %c , ", o->letter);
        vl_str_addf(b, "Fl \\-%s", o->name);
        add_value(b, o);
        vl_str_add(b, "\n");
        add_text(b, o->help);
        vl_str_add(b, o->type == VL_OPT_STRS ? "; may be repeated.\n" : ".\n");
    }
    vl_str_add(b, ".El\n");
}

/* "ID [SIGNAL]" */
static void add_operands(struct vl_str *b, const char *s)
{
    while (*s != '\0') {
        size_t n = strcspn(s, " ");
        bool optional = *s == '[';
        size_t skip = strspn(s, "[");
        vl_str_add(b, optional ? ".Op Ar " : ".Ar ");
        for (size_t i = skip; i < n; i++)
            if (s[i] != ']')
                vl_str_addc(b, s[i]);
        vl_str_addc(b, '\n');
        s += n;
        s += strspn(s, " ");
    }
}

static void add_command(struct vl_str *b, const struct vl_command *c)
{
    vl_str_addf(b, ".It Xo\n.Cm %s\n.Op Ar options\n", c->name);
    add_operands(b, c->operands);
    vl_str_add(b, ".Xc\n");
    vl_str_addf(b, "%c", c->help[0] >= 'a' && c->help[0] <= 'z' ? c->help[0] - 'a' + 'A' : c->help[0]);
    add_text(b, c->help + 1);
    vl_str_add(b, ".\n");
    add_options(b, c->options);
}

int main(int argc, char **argv)
{
    cleanup(str) struct vl_str b = VL_STR_INIT;
    const struct vl_command *c;

    if (argc < 2) {
        for (c = vl_commands; c->name != NULL; c++)
            if (c->run != NULL)
                vl_str_addf(&b, "%s\n", c->name);
    } else if (vl_streq(argv[1], "global")) {
        add_options(&b, vl_global_options);
    } else if ((c = vl_command_find(argv[1])) != NULL && c->run != NULL) {
        add_command(&b, c);
    } else {
        fprintf(stderr, "vl-manual: no command %s\n", argv[1]);
        return 1;
    }
    return fwrite(b.s, 1, b.len, stdout) == b.len && fflush(stdout) == 0 ? 0 : 1;
}
