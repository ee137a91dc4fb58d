/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of passwd(5) and group(5) text that comes in pieces. Nothing is kept but the comparison with the wanted name
 * and the numbers, so lines and fields may be of any length. Compiled into the hosted unit tests as well.
 */
#include "stage/lib.h"

static void line_start(struct st_userdb *d)
{
    d->field = 0;
    d->bad = d->member = d->named = 0;
    d->at = 0;
    d->differs = 0;
    d->number[0] = d->number[1] = 0;
    d->digits[0] = d->digits[1] = 0;
}

void st_userdb_init(struct st_userdb *d, enum st_db kind, const char *name, uint32_t *groups, unsigned max)
{
    d->kind = kind;
    d->name = name;
    d->groups = groups;
    d->max_groups = max;
    d->n_groups = 0;
    d->found = 0;
    d->id = d->gid = 0;
    line_start(d);
}

int st_userdb_done(const struct st_userdb *d)
{
    return d->kind == ST_DB_MEMBERS ? d->n_groups == d->max_groups : d->found;
}

/* One more character of a name that is compared. */
static void compare(struct st_userdb *d, char c)
{
    if (d->differs || d->name[d->at] != c || c == '\0')
        d->differs = 1;
    else
        d->at++;
}

/* Whether it was the wanted one; the next may begin. */
static int compared(struct st_userdb *d)
{
    int same = !d->differs && d->at > 0 && d->name[d->at] == '\0';
    d->at = 0;
    d->differs = 0;
    return same;
}

static void digit(struct st_userdb *d, int which, char c)
{
    if (c < '0' || c > '9' || d->digits[which] >= 10) {
        d->bad = 1;
        return;
    }
    d->number[which] = d->number[which] * 10 + (uint64_t)(c - '0');
    d->digits[which]++;
}

static void field_end(struct st_userdb *d)
{
    if (d->field == 0)
        d->named = compared(d);
    else if (d->field == 3 && d->kind == ST_DB_MEMBERS)
        d->member |= compared(d);
}

/* 4294967295 is no id, and setresuid(2) takes it for "leave it as it is". */
static int id_ok(const struct st_userdb *d, int which)
{
    return d->digits[which] > 0 && d->number[which] < UINT32_MAX;
}

static void add_group(struct st_userdb *d, uint32_t gid)
{
    for (unsigned i = 0; i < d->n_groups; i++)
        if (d->groups[i] == gid)
            return;
    if (d->n_groups < d->max_groups)
        d->groups[d->n_groups++] = gid;
}

static void line_end(struct st_userdb *d)
{
    field_end(d);
    if (d->bad || d->field < (d->kind == ST_DB_PASSWD ? 3 : 2) || !id_ok(d, 0))
        return;
    if (d->kind == ST_DB_MEMBERS) {
        if (d->member)
            add_group(d, (uint32_t)d->number[0]);
        return;
    }
    if (!d->named || (d->kind == ST_DB_PASSWD && !id_ok(d, 1)))
        return;
    d->id = (uint32_t)d->number[0];
    d->gid = (uint32_t)d->number[1];
    d->found = 1;
}

static void field_char(struct st_userdb *d, char c)
{
    if (d->field == 0)
        compare(d, c);
    else if (d->field == 2)
        digit(d, 0, c);
    else if (d->field == 3 && d->kind == ST_DB_PASSWD)
        digit(d, 1, c);
    else if (d->field == 3 && d->kind == ST_DB_MEMBERS && c == ',')
        d->member |= compared(d);
    else if (d->field == 3 && d->kind == ST_DB_MEMBERS)
        compare(d, c);
}

void st_userdb_feed(struct st_userdb *d, const char *text, size_t n)
{
    for (size_t i = 0; i < n && !st_userdb_done(d); i++) {
        char c = text[i];
        if (c == '\n') {
            line_end(d);
            line_start(d);
        } else if (c == ':') {
            field_end(d);
            if (d->field < 4)
                d->field++;
        } else {
            field_char(d, c);
        }
    }
}

void st_userdb_end(struct st_userdb *d)
{
    if (!st_userdb_done(d))
        line_end(d);
    line_start(d);
}
