/* SPDX-License-Identifier: Apache-2.0 */
/* Strings for the stage; see lib.h. Compiled into the hosted unit tests as well. */
#include "stage/lib.h"

size_t st_len(const char *s)
{
    size_t n = 0;
    while (s[n] != '\0')
        n++;
    return n;
}

int st_same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

int st_begins(const char *s, const char *prefix)
{
    while (*prefix != '\0')
        if (*s++ != *prefix++)
            return 0;
    return 1;
}

const char *st_find(const char *s, char c)
{
    for (; *s != '\0'; s++)
        if (*s == c)
            return s;
    return NULL;
}

int st_append(char *buf, size_t size, size_t *len, const char *text, size_t n)
{
    if (*len >= size || n >= size - *len)
        return 0;
    memcpy(buf + *len, text, n);
    *len += n;
    buf[*len] = '\0';
    return 1;
}

static char *digits(char *buf, uint64_t v, unsigned base)
{
    char tmp[24];
    size_t n = 0;
    do {
        tmp[n++] = (char)('0' + v % base);
        v /= base;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        buf[i] = tmp[n - 1 - i];
    buf[n] = '\0';
    return buf;
}

char *st_dec(char *buf, uint64_t v)
{
    return digits(buf, v, 10);
}

char *st_oct(char *buf, uint64_t v)
{
    return digits(buf, v, 8);
}

int64_t st_number(const char *s, size_t n, int64_t max)
{
    int64_t v = 0;
    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        int64_t d = s[i] - '0';
        if (d > max || v > (max - d) / 10)
            return -1;
        v = v * 10 + d;
    }
    return v;
}

const char *st_env(const char *vec, size_t n, const char *name)
{
    size_t name_len = st_len(name);
    for (size_t i = 0; i < n; i += st_len(vec + i) + 1)
        if (st_begins(vec + i, name) && vec[i + name_len] == '=')
            return vec + i + name_len + 1;
    return NULL;
}

/* -- passwd(5): name:password:uid:gid:comment:home:shell ------------------------------------------ */

static void line_start(struct st_passwd *p)
{
    p->field = 0;
    p->bad = 0;
    p->number = 0;
    p->digits = 0;
    p->len = 0;
}

void st_passwd_init(struct st_passwd *p, uint32_t uid)
{
    p->uid = uid;
    p->found = 0;
    p->home[0] = '\0';
    line_start(p);
}

/* The wanted line ended inside or behind its home field: only an absolute path of fitting length counts. */
static void line_end(struct st_passwd *p)
{
    if (!p->bad && p->field >= 5 && p->len > 0 && p->home[0] == '/')
        p->found = 1;
    else
        p->home[0] = '\0';
}

static void field_end(struct st_passwd *p)
{
    if (p->field == 2 && (p->digits == 0 || p->number != p->uid))
        p->bad = 1;
    p->field++;
}

static void field_char(struct st_passwd *p, char c)
{
    if (p->field == 2) {
        if (c < '0' || c > '9' || p->digits >= 10) {
            p->bad = 1;
            return;
        }
        p->number = p->number * 10 + (uint64_t)(c - '0');
        p->digits++;
    } else if (p->field == 5) {
        if (p->len + 1 >= sizeof(p->home)) {
            p->bad = 1;
            return;
        }
        p->home[p->len++] = c;
        p->home[p->len] = '\0';
    }
}

void st_passwd_feed(struct st_passwd *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n && !p->found; i++) {
        char c = text[i];
        if (c == '\n') {
            line_end(p);
            if (!p->found)
                line_start(p);
        } else if (c == ':') {
            field_end(p);
        } else if (!p->bad) {
            field_char(p, c);
        }
    }
}

void st_passwd_end(struct st_passwd *p)
{
    if (!p->found)
        line_end(p);
}
