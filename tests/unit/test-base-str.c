/* SPDX-License-Identifier: Apache-2.0 */
/* base/str, base/mem: builder, vectors, numbers, paths. */
#include "base/str.h"

#include <errno.h>
#include "base/mem.h"
#include "tap.h"

static void builder(void)
{
    struct vl_str b = VL_STR_INIT;
    vl_str_add(&b, "ab");
    vl_str_addc(&b, 'c');
    vl_str_addf(&b, "-%d-%s", 42, "0123456789012345678901234567890123456789");
    is_str(b.s, "abc-42-0123456789012345678901234567890123456789",
           "builder grows while formatting");
    is_int(b.len, strlen(b.s), "length is kept");
    vl_str_addn(&b, "x\0y", 3);
    is_int(b.len, 50, "binary data goes in");
    char *s = vl_str_take(&b);
    ok(b.s == NULL && b.len == 0, "take leaves it empty");
    free(s);
    s = vl_str_take(&b);
    is_str(s, "", "an empty builder gives an empty string");
    free(s);
    vl_str_reset(&b);
}

static void vectors(void)
{
    cleanup(strv) struct vl_strv v = {NULL, 0};
    ok(!vl_strv_has(&v, "3"), "an empty vector has nothing");
    for (int i = 0; i < 100; i++)
        vl_strv_addf(&v, "%d", i);
    vl_strv_add(&v, "last");
    is_int(v.n, 101, "101 strings");
    ok(v.v[101] == NULL, "the vector ends with NULL");
    is_str(v.v[57], "57", "order is kept");
    ok(vl_strv_has(&v, "99") && !vl_strv_has(&v, "100"), "lookup");

    int *a = NULL;
    size_t n = 0;
    bool zeroed = true;
    for (int i = 0; i < 1000; i++) {
        int *e = VL_APPEND(a, n);
        zeroed &= *e == 0;
        *e = i;
    }
    ok(zeroed && n == 1000 && a[0] == 0 && a[1] == 1 && a[999] == 999,
       "VL_APPEND grows and zeroes");
    free(a);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        int base, result;
        uint64_t value;
    } u[] = {
        {"0", 10, 0, 0},
        {"18446744073709551615", 10, 0, UINT64_MAX},
        {"18446744073709551616", 10, -ERANGE, 0},
        {"", 10, -EINVAL, 0},
        {" 1", 10, -EINVAL, 0},
        {"+1", 10, -EINVAL, 0},
        {"-1", 10, -EINVAL, 0},
        {"1 ", 10, -EINVAL, 0},
        {"1x", 10, -EINVAL, 0},
        {"0x10", 0, 0, 16},
        {"010", 0, 0, 8},
        {"0x10", 10, -EINVAL, 0},
        {"755", 8, 0, 0755},
        {"8", 8, -EINVAL, 0},
        {"ff", 16, 0, 255},
        {"-f", 16, -EINVAL, 0},
        {"", 16, -EINVAL, 0},
        {"\t1", 10, -EINVAL, 0},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(u); i++) {
        uint64_t v = 77;
        int r = vl_parse_u64(u[i].text, u[i].base, &v);
        ok(r == u[i].result && v == (r == 0 ? u[i].value : 77), "u64 `%s` base %d", u[i].text,
           u[i].base);
    }
    int64_t s = 5;
    uint32_t w = 5;
    is_int(vl_parse_i64("-9223372036854775808", 10, &s), 0, "least i64");
    ok(s == INT64_MIN, "its value");
    is_int(vl_parse_i64("-9223372036854775809", 10, &s), -ERANGE, "below it");
    is_int(vl_parse_i64("--1", 10, &s), -EINVAL, "two signs");
    is_int(vl_parse_i64("-", 10, &s), -EINVAL, "a sign alone");
    is_int(vl_parse_u32("4294967295", 10, &w), 0, "greatest u32");
    is_int(vl_parse_u32("4294967296", 10, &w), -ERANGE, "above it");
    ok(w == UINT32_MAX, "result is left alone on failure");
}

static void sizes_and_times(void)
{
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } sizes[] = {{"0", 0, 0},
                 {"-1", 0, -1},
                 {"-2", -ERANGE, 0},
                 {"4096", 0, 4096},
                 {"9223372036854775807", 0, INT64_MAX},
                 {"9223372036854775808", -ERANGE, 0},
                 {"1k", 0, 1024},
                 {"512M", 0, 512 << 20},
                 {"512MB", 0, 512 << 20},
                 {"512MiB", 0, 512 << 20},
                 {"512 mib", 0, 512 << 20},
                 {"1.5g", 0, 1536LL << 20},
                 {"2t", 0, 2LL << 40},
                 {"1p", 0, 1LL << 50},
                 {"100b", 0, 100},
                 {"9000p", -ERANGE, 0},
                 {"", -EINVAL, 0},
                 {"m", -EINVAL, 0},
                 {"1x", -EINVAL, 0},
                 {"1kk", -EINVAL, 0},
                 {"1mi", -EINVAL, 0},
                 {"-1k", -EINVAL, 0},
                 {"1.k", -EINVAL, 0},
                 {" 1k", -EINVAL, 0},
                 {"0x10", -EINVAL, 0}},
      times[] = {{"5s", 0, 5000},
                 {"5", 0, 5000},
                 {"100ms", 0, 100},
                 {"1m30s", 0, 90000},
                 {"1.5h", 0, 5400000},
                 {"2500us", 0, 2},
                 {"1ms500us", 0, 1},
                 {"5000000ns", 0, 5},
                 {"0", -ERANGE, 0},
                 {"1us", -ERANGE, 0},
                 {"", -EINVAL, 0},
                 {"s", -EINVAL, 0},
                 {"5x", -EINVAL, 0},
                 {"-5s", -EINVAL, 0},
                 {"5 s", -EINVAL, 0},
                 {"1m30", -EINVAL, 0},
                 {"99999999999h", -ERANGE, 0}};
    for (size_t i = 0; i < VL_ARRAY_LEN(sizes); i++) {
        int64_t v = 77;
        int r = vl_parse_size(sizes[i].text, &v);
        ok(r == sizes[i].result && v == (r == 0 ? sizes[i].value : 77), "size `%s`", sizes[i].text);
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(times); i++) {
        int64_t v = 77;
        int r = vl_parse_duration_ms(times[i].text, &v);
        ok(r == times[i].result && v == (r == 0 ? times[i].value : 77), "time `%s`", times[i].text);
    }
}

static void paths(void)
{
    static const char *const join[][3] = {
        {"/a", "b", "/a/b"}, {"/a/", "/b", "/a/b"}, {"/", "b", "/b"},   {"a", "", "a"},
        {"", "b", "b"},      {"/", "/", "/"},       {"/a//", "", "/a"}, {"a/b", "c/d", "a/b/c/d"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(join); i++) {
        char *s = vl_path_join(join[i][0], join[i][1]);
        is_str(s, join[i][2], "join `%s` `%s`", join[i][0], join[i][1]);
        free(s);
    }
    static const char *const clean[][2] = {
        {"/a//b/./c", "/a/b/c"},
        {"/a/../b", "/b"},
        {"/../..", "/"},
        {"a/..", "."},
        {"../a", "../a"},
        {"../../a/..", "../.."},
        {"", "."},
        {"/", "/"},
        {"a/b/../../../c", "../c"},
        {"./a/", "a"},
        {"/a/b/..", "/a"},
        {"..a/..b", "..a/..b"},
        {"/..a", "/..a"},
        {"a/../../b", "../b"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(clean); i++) {
        char *s = vl_path_clean(clean[i][0]);
        is_str(s, clean[i][1], "clean `%s`", clean[i][0]);
        free(s);
    }
    ok(vl_path_has_dotdot("a/../b") && vl_path_has_dotdot("..") && vl_path_has_dotdot("/.."),
       "has ..");
    ok(!vl_path_has_dotdot("a/..b/c..") && !vl_path_has_dotdot(""), "has no ..");
    is_str(vl_path_base("/a/b"), "b", "base");
    is_str(vl_path_base("b"), "b", "base of a bare name");
    is_str(vl_path_base("/a/"), "", "base of a directory path");
    ok(vl_ends_with("x.json", ".json") && !vl_ends_with("json", ".json"), "ends with");
}

int main(void)
{
    builder();
    vectors();
    numbers();
    sizes_and_times();
    paths();
    return done_testing();
}
