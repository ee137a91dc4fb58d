/* SPDX-License-Identifier: Apache-2.0 */
/* Values as GVariant text. */
#include "plan/gvariant_int.h"

#include <inttypes.h>
#include <stdio.h>

static void print_text(const char *s, struct vl_str *out)
{
    vl_str_addc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            vl_str_addc(out, '\\');
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            vl_str_addf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            vl_str_addc(out, *s);
    }
    vl_str_addc(out, '\'');
}

static void print_bare(const struct vl_gv *v, struct vl_str *out);

static void print_items(const struct vl_gv *v, const char *ends, bool bare, struct vl_str *out)
{
    vl_str_addc(out, ends[0]);
    for (size_t i = 0; i < v->n; i++) {
        vl_str_add(out, i ? ", " : "");
        /* the type of the first element is that of all */
        if (bare && i > 0)
            print_bare(&v->item[i], out);
        else
            vl_gv_print(&v->item[i], out);
    }
    vl_str_add(out, *ends == '(' && v->n == 1 ? "," : "");
    vl_str_addc(out, ends[1]);
}

static void print_dict(const struct vl_gv *v, struct vl_str *out)
{
    vl_str_addc(out, '{');
    for (size_t i = 0; i < v->n; i++) {
        vl_str_add(out, i ? ", " : "");
        vl_gv_print(&v->item[i].item[0], out);
        vl_str_add(out, ": ");
        vl_gv_print(&v->item[i].item[1], out);
    }
    vl_str_addc(out, '}');
}

static void print_bare(const struct vl_gv *v, struct vl_str *out)
{
    switch (*v->type) {
    case 'b':
        vl_str_add(out, v->v.u ? "true" : "false");
        break;
    case 'd': {
        char text[64];
        snprintf(text, sizeof(text), "%.17g", v->v.d);
        vl_str_addf(out, "%s%s", text, vl_gv_has_point(text) ? "" : ".0");
        break;
    }
    case 'n':
    case 'i':
    case 'x':
        vl_str_addf(out, "%" PRId64, v->v.i);
        break;
    case 's':
    case 'o':
    case 'g':
        print_text(v->s, out);
        break;
    case 'a':
        if (v->type[1] == '{')
            print_dict(v, out);
        else
            print_items(v, "[]", true, out);
        break;
    case '(':
        print_items(v, "()", false, out);
        break;
    case 'v':
        vl_str_addc(out, '<');
        vl_gv_print(&v->item[0], out);
        vl_str_addc(out, '>');
        break;
    default:
        vl_str_addf(out, "%" PRIu64, v->v.u);
        break;
    }
}

void vl_gv_print(const struct vl_gv *v, struct vl_str *out)
{
    if (*v->type == 'a' && v->n == 0)
        vl_str_addf(out, "@%s ", v->type);
    else if (v->type[1] == '\0' && strchr("isbdv", *v->type) == NULL)
        for (const struct vl_gv_type_word *w = vl_gv_type_words; w->word != NULL; w++)
            if (w->type == *v->type)
                vl_str_addf(out, "%s ", w->word);
    print_bare(v, out);
}
