/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/timeline.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"

enum { NAME_COLUMNS = 34, TIME_COLUMNS = 9, MIN_COLUMNS = 60 };

static uint64_t last_end(const struct vl_tr_mark *mark, size_t n)
{
    uint64_t last = 1;

    for (size_t i = 0; i < n; i++)
        last = mark[i].end > last ? mark[i].end : last;
    return last;
}

/* "mount /dev/shm"; caller frees. For a terminal: a path may hold anything. */
static char *title_of(const struct vl_tr_mark *m)
{
    char *title = m->label != NULL ? vl_asprintf("%s %s", m->name, m->label) : vl_strdup(m->name);

    for (char *c = title; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return title;
}

/* -- terminal ------------------------------------------------------------------------------------- */

static void add_bar(struct vl_str *b, const struct vl_tr_mark *m, uint64_t total, unsigned columns)
{
    unsigned from = (unsigned)(m->begin * columns / total), to = (unsigned)(m->end * columns / total);

    if (from >= columns)
        from = columns - 1;
    if (to <= from)
        to = from + 1;
    for (unsigned i = 0; i < from; i++)
        vl_str_addc(b, ' ');
    for (unsigned i = from; i < to && i < columns; i++)
        vl_str_add(b, "█");
    vl_str_addc(b, '\n');
}

char *vl_timeline_text(const struct vl_tr_mark *mark, size_t n, unsigned width)
{
    uint64_t total = last_end(mark, n);
    unsigned columns = (width > MIN_COLUMNS ? width : MIN_COLUMNS) - NAME_COLUMNS - TIME_COLUMNS - 4;
    const char *phase = "";
    struct vl_str b = VL_STR_INIT;

    for (size_t i = 0; i < n; i++) {
        if (!vl_streq(phase, mark[i].phase))
            vl_str_addf(&b, "%s\n", phase = mark[i].phase);
        cleanup_free char *title = title_of(&mark[i]);
        vl_str_addf(&b, "  %-*.*s%*llu µs ", NAME_COLUMNS - 2, NAME_COLUMNS - 3, title, TIME_COLUMNS - 2,
                    (unsigned long long)(mark[i].end - mark[i].begin));
        add_bar(&b, &mark[i], total, columns);
    }
    vl_str_addf(&b, "%-*s%*llu µs\n", NAME_COLUMNS, "all", TIME_COLUMNS - 2, (unsigned long long)total);
    return vl_str_take(&b);
}

/* -- drawing ---------------------------------------------------------------------------------------- */

enum { ROW = 16, LEFT = 260, BARS = 640, RIGHT = 80, TOP = 44 };

static void add_escaped(struct vl_str *b, const char *s)
{
    for (; *s != '\0'; s++)
        switch (*s) {
        case '<':
            vl_str_add(b, "&lt;");
            break;
        case '&':
            vl_str_add(b, "&amp;");
            break;
        case '"':
            vl_str_add(b, "&quot;");
            break;
        default:
            vl_str_addc(b, (unsigned char)*s < ' ' ? '?' : *s);
        }
}

static const char *colour_of(const char *phase)
{
    static const struct {
        const char *phase, *colour;
    } colours[] = {
        {"veloci", "#7a869a"},  {"identity", "#2b6cb0"},    {"visibility", "#2f855a"}, {"ambient", "#b7791f"},
        {"ready", "#6b46c1"},   {"confinement", "#c53030"}, {"launch", "#0987a0"},
    };

    for (size_t i = 0; i < VL_ARRAY_LEN(colours); i++)
        if (vl_streq(colours[i].phase, phase))
            return colours[i].colour;
    return "#000000";
}

static void add_row(struct vl_str *b, const struct vl_tr_mark *m, size_t row, uint64_t total)
{
    double x = LEFT + (double)m->begin * BARS / (double)total;
    double width = (double)(m->end - m->begin) * BARS / (double)total;
    unsigned y = TOP + (unsigned)row * ROW;
    cleanup_free char *title = title_of(m);

    vl_str_addf(b, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", LEFT - 8, y + 11);
    add_escaped(b, title);
    vl_str_addf(b, "</text><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>", x, y + 2,
                width < 1 ? 1.0 : width, ROW - 4, colour_of(m->phase));
    add_escaped(b, m->phase);
    vl_str_addf(b, "</title></rect><text x=\"%.1f\" y=\"%u\" fill=\"#666\">%llu µs</text>\n", x + (width < 1 ? 1.0 : width) + 4,
                y + 11, (unsigned long long)(m->end - m->begin));
}

char *vl_timeline_svg(const struct vl_tr_mark *mark, size_t n, const char *title)
{
    uint64_t total = last_end(mark, n);
    struct vl_str b = VL_STR_INIT;

    vl_str_addf(&b,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" font-family=\"sans-serif\" "
                "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"8\" y=\"20\" "
                "font-size=\"14\">",
                LEFT + BARS + RIGHT, TOP + n * ROW + 12);
    add_escaped(&b, title);
    vl_str_addf(&b, ": %llu µs</text>\n", (unsigned long long)total);
    for (size_t i = 0; i < n; i++)
        add_row(&b, &mark[i], i, total);
    vl_str_add(&b, "</svg>\n");
    return vl_str_take(&b);
}
