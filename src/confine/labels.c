/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of AppArmor profiles and SELinux labels.
 *
 * Both end up in a single write(2) to a file of procfs (or in a mount option), where a line feed, a
 * NUL or a separator too many would say something else than the configuration does.
 */
#include "confine/labels.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LABEL_MAX 4095 /* one page of /proc/PID/attr, with its NUL */

static int check_text(const char *what, const char *s, const char *where, struct vl_error **err)
{
    size_t n = strlen(s);
    if (n == 0 || n > LABEL_MAX)
        return vl_err_config(err, where, "%s has %zu bytes (1 to %d are allowed)", what, n,
                             LABEL_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
            return vl_err_config(err, where, "%s `%s` has a control character", what, s);
    if (s[0] == ' ' || s[n - 1] == ' ')
        return vl_err_config(err, where, "%s `%s` begins or ends with a space", what, s);
    return 0;
}

int vl_label_check_apparmor(const char *profile, const char *where, struct vl_error **err)
{
    static const char what[] = "AppArmor profile";
    if (check_text(what, profile, where, err) < 0)
        return -1;
    /* ":ns:name" or ":ns://name": a namespace without an end would swallow the name */
    if (profile[0] == ':' && (strchr(profile + 1, ':') == NULL || profile[1] == ':'))
        return vl_err_config(err, where, "%s `%s` names no policy namespace", what, profile);
    for (const char *s = profile;;) {
        const char *next = strstr(s, "//&");
        if (next == s || *s == '\0')
            return vl_err_config(err, where, "%s `%s` stacks an empty name", what, profile);
        if (next == NULL)
            return 0;
        s = next + 3;
    }
}

/* Characters of users, roles and types, and of levels such as s0-s15:c0.c1023,c2000. */
static bool is_part(const char *s, size_t n, const char *more)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && strchr(more, s[i]) == NULL)
            return false;
    return n > 0;
}

int vl_label_check_selinux(const char *label, const char *where, struct vl_error **err)
{
    static const char what[] = "SELinux label";
    const char *s = label;
    if (check_text(what, label, where, err) < 0)
        return -1;
    for (int part = 0; part < 3; part++) {
        size_t n = strcspn(s, ":");
        if (!is_part(s, n, "_.-"))
            return vl_err_config(
                err, where, "%s `%s` is not user:role:type or user:role:type:level", what, label);
        s += n;
        if (*s == ':' && part < 2)
            s++;
        else if (part < 2)
            return vl_err_config(
                err, where, "%s `%s` is not user:role:type or user:role:type:level", what, label);
    }
    if (*s != '\0' && !is_part(s + 1, strlen(s + 1), "_.-,:"))
        return vl_err_config(err, where, "%s `%s` has a level that is none", what, label);
    return 0;
}
