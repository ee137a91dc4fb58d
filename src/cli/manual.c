/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not installed: prints what the manual takes from the tables, in mdoc(7). Without an argument the names of the
 * commands, one a line; "global" the global options; a command's name its synopsis and options; "annotations" those of
 * spec/annot.c, except for what falls below another's prefix.
 */
#include <stdio.h>
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "confine/landlock.h"
#include "spec/annot.h"

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

static const char *kind_of(const struct vl_annot *a)
{
    switch (a->type) {
    case VL_ANNOT_STRING:
        return "text";
    case VL_ANNOT_BOOL:
        return "1 or 0";
    case VL_ANNOT_PATH:
        return "path";
    case VL_ANNOT_NAME:
        return "name";
    case VL_ANNOT_SUBPATH:
        return "relative path";
    case VL_ANNOT_WORD:
        return a->detail;
    case VL_ANNOT_OFFSETS:
        return "offsets";
    case VL_ANNOT_IGNORED:
        return "ignored";
    case VL_ANNOT_MISSING:
        return "refused";
    }
    return "";
}

static void add_annotations(struct vl_str *b)
{
    vl_str_add(b, ".Bl -tag -width Ds\n");
    for (const struct vl_annot *a = vl_annots; a->name != NULL; a++) {
        bool prefix = a->name[strlen(a->name) - 1] == '.';
        size_t len = strlen(kind_of(a));
        while (len > 0 && kind_of(a)[len - 1] == ' ')
            len--;
        vl_str_addf(b, ".It Sy %s%s Pq ", a->name, prefix ? "*" : "");
        for (size_t i = 0; i < len; i++) /* words of a list */
            vl_str_addc(b, kind_of(a)[i]);
        vl_str_add(b, "\n");
        add_text(b, a->help);
        vl_str_add(b, "\n");
    }
    vl_str_add(b, ".El\n");
}

/* Rights of Landlock: name, the ABI and the kernel that brought it. */
static void add_rights(struct vl_str *b)
{
    static const char *const members[VL_LL_KINDS] = {"handledFs", "handledNet", "scoped", "log"};
    vl_str_add(b, ".Bl -column handledFs abstract_unix_socket ABI\n.It member Ta word Ta ABI Ta Linux\n");
    for (int kind = 0; kind < VL_LL_KINDS; kind++)
        for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++)
            vl_str_addf(b, ".It %s Ta %s Ta %d Ta %s\n", members[kind], r->name, r->abi, r->version);
    vl_str_add(b, ".El\n");
}

int main(int argc, char **argv)
{
    cleanup(str) struct vl_str b = VL_STR_INIT;
    const struct vl_command *c;

    if (argc < 2) {
        for (c = vl_commands; c->name != NULL; c++)
            if (c->run != NULL)
                vl_str_addf(&b, "%s\n", c->name);
    } else if (vl_streq(argv[1], "annotations")) {
        add_annotations(&b);
    } else if (vl_streq(argv[1], "landlock")) {
        add_rights(&b);
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
