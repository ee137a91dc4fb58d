/* SPDX-License-Identifier: Apache-2.0 */
/* base/names: every table there and back; capabilities against libcap; signals. */
#include "base/names.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include "base/attr.h"
#include "tap.h"

static void round_trip(const char *what, const struct vl_name *t, size_t count)
{
    size_t n = 0;
    bool good = true;
    for (; t[n].name != NULL; n++) {
        int64_t v = -1;
        good &= vl_name_find(t, t[n].name, &v) == 0 && v == t[n].value;
        const char *name = vl_name_of(t, v);
        good &= name != NULL && strcmp(name, t[n].name) == 0;
    }
    ok(good, "%s: names and numbers there and back", what);
    is_int(n, count, "%s: %zu entries", what, count);
    int64_t v = 7;
    ok(vl_name_find(t, "NO_SUCH", &v) == -ENOENT && v == 7, "%s: unknown name", what);
    ok(vl_name_of(t, 1LL << 60) == NULL, "%s: unknown number", what);
}

static void tables(void)
{
    round_trip("namespaces", vl_ns_names, 8);
    round_trip("rlimits", vl_rlimit_names, RLIM_NLIMITS);
    round_trip("schedulers", vl_sched_names, 7);
    round_trip("scheduler flags", vl_sched_flag_names, 7);
    round_trip("io priorities", vl_ioprio_names, 3);
    round_trip("memory policies", vl_mempolicy_names, 7);
    round_trip("memory policy flags", vl_mempolicy_flag_names, 3);
    round_trip("personalities", vl_personality_names, 2);
    int64_t v;
    ok(vl_name_find(vl_ns_names, "mount", &v) == 0 && v == CLONE_NEWNS, "mount is CLONE_NEWNS");
    ok(vl_name_find(vl_rlimit_names, "RLIMIT_AS", &v) == 0 && v == RLIMIT_AS, "RLIMIT_AS");
    ok(vl_name_find(vl_sched_names, "SCHED_BATCH", &v) == 0 && v == SCHED_BATCH, "SCHED_BATCH");
    ok(vl_name_find(vl_sched_names, "SCHED_IDLE", &v) == 0 && v == SCHED_IDLE, "SCHED_IDLE");
}

static void capabilities(void)
{
    bool same = true;
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
        const char *name = vl_cap_name(cap);
        cap_value_t theirs = -1;
        same &= name != NULL && cap_from_name(name, &theirs) == 0 && theirs == cap;
        same &= name != NULL && vl_cap_by_name(name) == cap && vl_cap_by_name(name + 4) == cap;
    }
    ok(same, "names are those of libcap, up to %d", CAP_LAST_CAP);
    ok(vl_cap_name(CAP_LAST_CAP + 1) == NULL || CAP_LAST_CAP < 40, "no name beyond");
    ok(vl_cap_name(-1) == NULL, "no name for -1");
    is_int(vl_cap_by_name("cap_sys_admin"), CAP_SYS_ADMIN, "lower case");
    is_int(vl_cap_by_name("Net_Raw"), CAP_NET_RAW, "mixed case, no prefix");
    is_int(vl_cap_by_name("CAP_"), -ENOENT, "a prefix alone");
    is_int(vl_cap_by_name(""), -ENOENT, "nothing");
    is_int(vl_cap_by_name("CAP_SYS_ADMINX"), -ENOENT, "unknown");
}

static void signals(void)
{
#ifdef __GLIBC__
    for (int sig = 1; sig <= 31; sig++) {
        const char *abbrev = sigabbrev_np(sig);
        char name[32], lower[32];
        if (abbrev == NULL)
            continue;
        snprintf(name, sizeof(name), "SIG%s", abbrev);
        for (size_t i = 0; i < sizeof(lower); i++)
            lower[i] = (char)tolower((unsigned char)name[i]);
        ok(vl_signal_by_name(name) == sig && vl_signal_by_name(abbrev) == sig &&
               vl_signal_by_name(lower) == sig,
           "%s is %d", name, sig);
    }
#else
    skip("this C library has no sigabbrev_np to compare with");
#endif
    static const struct {
        const char *text;
        int value;
    } v[] = {
        {"9", 9},
        {"64", 64},
        {"65", -EINVAL},
        {"0", 0},
        {"-1", -EINVAL},
        {"", -EINVAL},
        {"SIG", -EINVAL},
        {"SIG9", -EINVAL},
        {"RTMIN", 34},
        {"SIGRTMIN+3", 37},
        {"RTMAX", 64},
        {"rtmax-14", 50},
        {"RTMIN-1", -EINVAL},
        {"RTMAX+1", -EINVAL},
        {"RTMIN+31", -EINVAL},
        {"RTMIN+30", 64},
        {"RTMAX-30", 34},
        {"RTMIN+", -EINVAL},
        {"RTMIN+x", -EINVAL},
        {"IOT", SIGABRT},
        {"CLD", SIGCHLD},
        {"POLL", SIGIO},
        {"KILLX", -EINVAL},
        {" 9", -EINVAL},
        {"009", 9},
        {"99999999999", -EINVAL},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(v); i++)
        is_int(vl_signal_by_name(v[i].text), v[i].value, "signal `%s`", v[i].text);
#ifdef __GLIBC__
    is_int(SIGRTMIN, 34, "34 is what this C library means by RTMIN");
#endif
}

int main(void)
{
    tables();
    capabilities();
    signals();
    return done_testing();
}
