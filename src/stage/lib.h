/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and memory for the stage: no C library, fixed buffers, every function total. */
#ifndef VL_STAGE_LIB_H
#define VL_STAGE_LIB_H

#include <stddef.h>
#include <stdint.h>

/* Defined in mem.c for the program; the hosted tests take the C library's. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t st_len(const char *s);
int st_same(const char *a, const char *b);
int st_begins(const char *s, const char *prefix);
/* First c in s, or NULL. */
const char *st_find(const char *s, char c);

/* Appends text to a buffer of the given size that holds *len bytes and a NUL; 0 when it does not fit, and then
 * the buffer is unchanged. */
int st_append(char *buf, size_t size, size_t *len, const char *text, size_t n);
/* Decimal or octal digits of v with a NUL, at the start of buf (at least 24 bytes); returns buf. */
char *st_dec(char *buf, uint64_t v);
char *st_oct(char *buf, uint64_t v);
/* Strict decimal number without sign, at most max; -1 for anything else. */
int64_t st_number(const char *s, size_t n, int64_t max);

/* Value of NAME in an environment vector (n bytes of strings, each with its NUL), or NULL. */
const char *st_env(const char *vec, size_t n, const char *name);

/* Home directory by user id out of passwd(5) text fed in pieces of any size. */
struct st_passwd {
    uint32_t uid;      /* wanted */
    int found;         /* home holds the answer */
    int field, bad;    /* state: field of the current line, field 2 is no number or not the wanted one */
    uint64_t number;   /* field 2 so far */
    size_t digits, len;
    char home[256];
};
void st_passwd_init(struct st_passwd *p, uint32_t uid);
void st_passwd_feed(struct st_passwd *p, const char *text, size_t n);
void st_passwd_end(struct st_passwd *p); /* a last line without its newline counts */

/* Ids by name out of passwd(5) and group(5) text fed in pieces of any size (userdb.c). */
enum st_db {
    ST_DB_PASSWD,  /* the user of that name: id, gid */
    ST_DB_GROUP,   /* the group of that name: id */
    ST_DB_MEMBERS, /* ids of all groups that list the user as a member, each once: groups */
};
struct st_userdb {
    enum st_db kind;
    const char *name; /* wanted; borrowed */
    int found;        /* not for MEMBERS */
    uint32_t id, gid;
    uint32_t *groups; /* the caller's */
    unsigned n_groups, max_groups;
    int field, bad, named, member, differs; /* state of the current line */
    size_t at;
    uint64_t number[2];
    unsigned digits[2];
};
void st_userdb_init(struct st_userdb *d, enum st_db kind, const char *name, uint32_t *groups, unsigned max);
void st_userdb_feed(struct st_userdb *d, const char *text, size_t n);
void st_userdb_end(struct st_userdb *d); /* a last line without its newline counts */
int st_userdb_done(const struct st_userdb *d); /* more text changes nothing */

#endif
