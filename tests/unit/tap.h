/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny TAP producer for the unit tests; one test program includes it once.
 *
 *   ok(x == 1, "x is one");  is_int(f(), 0, "f works");  is_str(s, "abc", "name");
 *   skip("needs root");      return done_testing();
 *
 * There is no plan up front: done_testing() prints it and gives the exit status (1 on any failure).
 * The checks return whether they passed. Conditions are evaluated once.
 */
#ifndef VL_TESTS_TAP_H
#define VL_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 1, 2), unused)) static void diag(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("# ", stdout);
    vprintf(fmt, ap);
    fputc('\n', stdout);
    va_end(ap);
    fflush(stdout);
}

__attribute__((format(printf, 4, 5), unused)) static bool tap_ok(bool pass, const char *file,
                                                                 int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
    vprintf(fmt, ap);
    fputc('\n', stdout);
    va_end(ap);
    if (!pass) {
        tap_failed++;
        printf("#   failed at %s:%d\n", file, line);
    }
    fflush(stdout); /* a later crash or _exit in a child must not lose or repeat lines */
    return pass;
}

__attribute__((unused)) static bool tap_same_int(long long got, long long want)
{
    if (got != want)
        printf("#   got %lld, want %lld\n", got, want);
    return got == want;
}

__attribute__((unused)) static bool tap_same_str(const char *got, const char *want)
{
    bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);
    if (!same)
        printf("#   got  `%s`\n#   want `%s`\n", got ? got : "(null)", want ? want : "(null)");
    return same;
}

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                                                     \
    tap_ok(tap_same_int((long long)(got), (long long)(want)), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_ok(tap_same_str((got), (want)), __FILE__, __LINE__, __VA_ARGS__)

/* One skipped check; say what is missing. */
__attribute__((format(printf, 1, 2), unused)) static void skip(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("ok %d # SKIP ", ++tap_count);
    vprintf(fmt, ap);
    fputc('\n', stdout);
    va_end(ap);
    fflush(stdout);
}

/* Ends a program that can test nothing here. */
__attribute__((format(printf, 1, 2), unused, noreturn)) static void skip_all(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("1..0 # SKIP ", stdout);
    vprintf(fmt, ap);
    fputc('\n', stdout);
    va_end(ap);
    exit(77);
}

__attribute__((unused)) static int done_testing(void)
{
    printf("1..%d\n", tap_count);
    if (tap_failed)
        printf("# %d of %d failed\n", tap_failed, tap_count);
    fflush(stdout);
    return tap_failed ? 1 : 0;
}

#endif
