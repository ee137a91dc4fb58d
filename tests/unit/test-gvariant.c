/* SPDX-License-Identifier: Apache-2.0 */
/* Values of D-Bus as text: what is read, as which type, how it is printed again, and what is refused where. */
#include <inttypes.h>
#include "base/mem.h"
#include "plan/gvariant.h"
#include "tap.h"

/* text → "type text printed", or "error …" */
static char *through(const char *text)
{
    cleanup(gv) struct vl_gv *v = NULL, *again = NULL;
    cleanup_free char *why = NULL, *ignored = NULL;
    cleanup(str) struct vl_str out = VL_STR_INIT, twice = VL_STR_INIT;
    if (vl_gv_parse(text, &v, &why) < 0)
        return vl_asprintf("error %s", why);
    vl_gv_print(v, &out);
    if (vl_gv_parse(out.s, &again, &ignored) < 0)
        return vl_asprintf("printed as `%s`, which cannot be read: %s", out.s, ignored);
    vl_gv_print(again, &twice);
    if (strcmp(out.s, twice.s) != 0 || strcmp(v->type, again->type) != 0)
        return vl_asprintf("printed as `%s` (%s), then as `%s` (%s)", out.s, v->type, twice.s, again->type);
    return vl_asprintf("%s %s", v->type, out.s);
}

static const struct {
    const char *text, *want;
} cases[] = {
    /* basic values */
    {"true", "b true"},
    {" false ", "b false"},
    {"5", "i 5"},
    {"-5", "i -5"},
    {"+5", "i 5"},
    {"0x1F", "i 31"},
    {"017", "i 15"},
    {"0", "i 0"},
    {"2147483647", "i 2147483647"},
    {"-2147483648", "i -2147483648"},
    {"byte 255", "y byte 255"},
    {"int16 -32768", "n int16 -32768"},
    {"uint16 65535", "q uint16 65535"},
    {"uint32 4294967295", "u uint32 4294967295"},
    {"int64 -9223372036854775808", "x int64 -9223372036854775808"},
    {"uint64 18446744073709551615", "t uint64 18446744073709551615"},
    {"uint64 0x10", "t uint64 16"},
    {"@t 7", "t uint64 7"},
    {"@i 7", "i 7"},
    {"1.5", "d 1.5"},
    {"1e3", "d 1000.0"},
    {"-2.5E-1", "d -0.25"},
    {"double 3", "d 3.0"},
    {"'text'", "s 'text'"},
    {"\"it's\"", "s 'it\\'s'"},
    {"'a\\nb\\\\'", "s 'a\\u000ab\\\\'"},
    {"'\\u00e4\\U0001F600'", "s 'ä😀'"},
    {"string 'x'", "s 'x'"},
    {"objectpath '/a/b_1'", "o objectpath '/a/b_1'"},
    {"signature 'a{sv}'", "g signature 'a{sv}'"},
    /* arrays: elements share their type */
    {"['a', 'b']", "as ['a', 'b']"},
    {"[1, 2]", "ai [1, 2]"},
    {"[1, uint64 2, 3]", "at [uint64 1, 2, 3]"},
    {"@at [1, 2]", "at [uint64 1, 2]"},
    {"@as []", "as @as []"},
    {"[1, 2.5]", "ad [1.0, 2.5]"},
    {"[[], ['a']]", "aas [@as [], ['a']]"},
    {"@ay [0x0f, 1]", "ay [byte 15, 1]"},
    /* tuples, dictionaries, variants */
    {"('/dev/null', 'rwm')", "(ss) ('/dev/null', 'rwm')"},
    {"(1,)", "(i) (1,)"},
    {"[('a', 1), ('b', uint64 2)]", "a(st) [('a', uint64 1), ('b', uint64 2)]"},
    {"[('/dev/block/8:0', uint64 100)]", "a(st) [('/dev/block/8:0', uint64 100)]"},
    {"@a(ss) []", "a(ss) @a(ss) []"},
    {"{'k': 1, 'l': 2}", "a{si} {'k': 1, 'l': 2}"},
    {"@a{sv} {}", "a{sv} @a{sv} {}"},
    {"<uint32 5>", "v <uint32 5>"},
    {"{'k': <1>}", "a{sv} {'k': <1>}"},
    {"(true, @as [], <'x'>)", "(basv) (true, @as [], <'x'>)"},
    /* what is wrong, and where */
    {"", "error character 1: a value is expected"},
    {"   ", "error character 4: a value is expected"},
    {"text", "error character 1: `text` is no value (text is written in quotes)"},
    {"10s", "error character 1: `10s` is no whole number"},
    {"uint64", "error character 7: a value is expected"},
    {"uint64 -1", "error character 8: -1 is out of the range of type `t`"},
    {"byte 256", "error character 6: 256 is out of the range of type `y`"},
    {"2147483648", "error character 1: 2147483648 is out of the range of type `i`"},
    {"uint64 18446744073709551616", "error character 8: 18446744073709551616 is out of range"},
    {"int64 9223372036854775808", "error character 7: 9223372036854775808 is out of the range of type `x`"},
    {"uint32 1.5", "error character 8: this is no value of the type `u`"},
    {"uint32 'x'", "error character 8: this is no value of the type `u`"},
    {"uint32 uint32 1", "error character 8: the type is given twice"},
    {"09", "error character 1: `09` is no whole number"},
    {"--1", "error character 1: `--1` is no whole number"},
    {"1.2.3", "error character 1: `1.2.3` is no number"},
    {"'x", "error character 1: the string does not end"},
    {"'x\\", "error character 4: the string does not end"},
    {"'\\ud800'", "error character 4: these are not 4 hexadecimal digits of a character"},
    {"'\\u12'", "error character 4: these are not 4 hexadecimal digits of a character"},
    {"[1, 'a']", "error character 5: this is of another type than the elements before it"},
    {"[1", "error character 3: `,` or `]` is expected"},
    {"[1,]", "error character 4: `]` begins no value"},
    {"[]", "error character 1: the type of an empty array is not known: write it before it, as in `@as []`"},
    {"([],)", "error character 2: the type of an empty array is not known: write it before it, as in `@as []`"},
    {"{}", "error character 1: the type of an empty dictionary is not known: write it before it, as in `@a{ss} {}`"},
    {"{'a'}", "error character 5: `:` is expected"},
    {"('a')", "error character 6: a tuple of one value is written `(value,)`"},
    {"()", "error character 1: D-Bus has no empty tuple"},
    {"<1", "error character 3: `>` is expected"},
    {"@ 1", "error character 2: this is no type"},
    {"@N 1", "error character 2: this is no type"},
    {"@a 1", "error character 2: this is no type"},
    {"@() 1", "error character 2: this is no type"},
    {"nothing", "error character 1: `nothing` is no value (text is written in quotes)"},
    {"b'x'", "error character 1: `b` is no value (text is written in quotes)"},
    {"5 6", "error character 3: the value ends before this"},
    {"true'x'", "error character 5: the value ends before this"},
    {"objectpath '/a/'", "error character 12: `/a/` is no object path"},
    {"signature 'a'", "error character 11: `a` is no signature"},
    {"%", "error character 1: `%` begins no value"},
};

static void check_nesting(void)
{
    cleanup(str) struct vl_str deep = VL_STR_INIT;
    for (int i = 0; i < 100000; i++)
        vl_str_addc(&deep, '[');
    cleanup_free char *got = through(deep.s);
    is_str(got, "error character 18: values are nested more than 16 deep", "nesting has an end");
}

static void check_numbers(void)
{
    cleanup(gv) struct vl_gv *v = NULL;
    cleanup_free char *why = NULL;
    ok(vl_gv_parse("[uint64 1, 0xffffffffffffffff]", &v, &why) == 0 && v->n == 2 && v->item[1].v.u == UINT64_MAX,
       "large numbers");
    vl_gv_free(vl_take_ptr(v));
    ok(vl_gv_parse("int16 -3", &v, &why) == 0 && v->v.i == -3, "negative numbers");
}

/* Any bytes give a value or a reason. */
static void check_noise(void)
{
    static const char letters[] = "[](){}<>@'\"\\,: 019-+.eExastiuybdvog\n\t\xc3\xa4";
    unsigned seed = 1;
    int bad = 0;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        size_t n;
        for (n = 0; n < sizeof(text) - 1; n++) {
            seed = seed * 1103515245u + 12345u;
            text[n] = letters[(seed >> 16) % (sizeof(letters) - 1)];
            if ((seed >> 24) % 17 == 0)
                break;
        }
        text[n] = '\0';
        cleanup_free char *got = through(text);
        if (vl_starts_with(got, "printed") && bad++ < 5)
            diag("`%s`: %s", text, got);
    }
    is_int(bad, 0, "200000 texts of noise: all that can be read can be printed and read again");
}

int main(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        cleanup_free char *got = through(cases[i].text);
        is_str(got, cases[i].want, "`%s`", cases[i].text);
    }
    check_nesting();
    check_numbers();
    check_noise();
    return done_testing();
}
