/* SPDX-License-Identifier: Apache-2.0 */
/* plan/rdt, cgroup/rdt: texts of schemata files, and what is the same in two of them. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "cgroup/rdt.h"
#include "plan/rdt.h"
#include "tap.h"

#define TEXT(l3, mb, want)                                                                         \
    do {                                                                                           \
        cleanup_free char *got_ = vl_rdt_schemata(l3, mb);                                         \
        is_str(got_, want, "schemata of " #l3 " and " #mb);                                        \
    } while (0)

static void test_texts(void)
{
    TEXT(NULL, NULL, NULL);
    TEXT("", "", NULL);
    TEXT("\n\n", NULL, NULL);
    TEXT("L3:0=f", NULL, "L3:0=f\n");
    TEXT(NULL, "MB:0=1", "MB:0=1\n");
    TEXT("L3:0=f", "MB:0=1", "L3:0=f\nMB:0=1\n");
    TEXT("MB:0=7", NULL, NULL);
    TEXT("L3CODE:0=f\nL3DATA:0=f\n MB:0=7\n\nL2:0=1", " MB:0=1", "L3CODE:0=f\nL3DATA:0=f\nL2:0=1\nMB:0=1\n");
}

static void test_agreement(void)
{
    static const char file[] = "    L3:0=000ff;1=00000\nL3CODE:0=f\n    MB:0=  10;1= 100\n";
    static const char *const same[] = {
        "", "\n", "L3:0=ff\n", "L3:0=FF;1=0\n", "L3:1=0", "L3:1=0;0=0ff\nMB:0=10\n", "MB:1=100", "MB:1=0100;0=10\n", "L3CODE:0=f", "L3:0=ff;",
    };
    static const char *const other[] = {
        "L3:0=fe", "L3:0=fff", "L3:2=ff", "L3:0=ff;1=1", "L2:0=ff", "L:0=ff", "MB:0=1", "MB:0=100", "L3:0", "L3",
        "L3:0=", "L3:=ff", "L3:x", ":", "=", "L3:0=ff\nMB:0=11", "L3CODE:1=f", "L3:0=ff;;1=0",
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(same); i++)
        ok(vl_rdt_agrees(file, same[i]), "the same: %s", same[i]);
    for (size_t i = 0; i < VL_ARRAY_LEN(other); i++)
        ok(!vl_rdt_agrees(file, other[i]), "not the same: %s", other[i]);
    ok(!vl_rdt_agrees("", "L3:0=1"), "an empty file has nothing");
    ok(!vl_rdt_agrees("L3:\nMB", "L3:0=1"), "nor has a line without values");
    ok(!vl_rdt_agrees("L3:0\n", "L3:0=1"), "or without a number");
}

int main(void)
{
    test_texts();
    test_agreement();
    return done_testing();
}
