/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts from the tables. */
#include <stdio.h>
#include "base/str.h"
#include "cli/cli.h"

enum { COLUMN = 30 };

static void add_option(struct vl_str *b, const struct vl_opt *o)
{
    char left[128];
    if (o->help == NULL)
        return;
    (void)snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
                   o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->arg ? " " : "",
                   o->arg ? o->arg : "");
    if (strlen(left) < COLUMN - 1)
        vl_str_addf(b, "%-*s%s\n", COLUMN, left, o->help);
    else
        vl_str_addf(b, "%s\n%*s%s\n", left, COLUMN, "", o->help);
}

static void add_options(struct vl_str *b, const struct vl_opt *o)
{
    for (; o != NULL && o->name != NULL; o++)
        add_option(b, o);
}

static char *program_help(void)
{
    struct vl_str b = VL_STR_INIT;
    vl_str_add(&b, "veloci - OCI container runtime\n\n"
                   "usage: veloci [global options] COMMAND [options] [operands]\n\ncommands:\n");
    for (const struct vl_command *c = vl_commands; c->name != NULL; c++)
        if (c->run != NULL)
            vl_str_addf(&b, "  %-12s%s\n", c->name, c->help);
    vl_str_add(&b, "\nglobal options:\n");
    add_options(&b, vl_global_options);
    vl_str_add(&b, "\nveloci COMMAND --help shows the options of a command.\n");
    return vl_str_take(&b);
}

char *vl_help_text(const struct vl_command *c)
{
    if (c == NULL)
        return program_help();
    struct vl_str b = VL_STR_INIT;
    vl_str_addf(&b,
                "veloci %s - %s\n\nusage: veloci [global options] %s [options]%s%s\n\noptions:\n",
                c->name, c->help, c->name, *c->operands ? " " : "", c->operands);
    add_options(&b, c->options);
    return vl_str_take(&b);
}
