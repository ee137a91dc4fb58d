/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "tap.h"

int main(void)
{
    char got[VL_RFC3339_LEN], want[64];
    int wrong = 0;

    for (long long t = 0; t < 253402300800LL; t += 86399LL * 37 + 11) { /* to the year 9999 */
        struct timespec ts = {.tv_sec = t, .tv_nsec = t % 1000000000};
        struct tm tm;
        time_t seconds = ts.tv_sec;
        char day[32];
        gmtime_r(&seconds, &tm);
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(want, sizeof(want), "%s.%09ldZ", day, ts.tv_nsec);
        vl_rfc3339(&ts, got);
        if (strcmp(got, want) != 0 && wrong++ < 5)
            printf("# %s, not %s\n", got, want);
    }
    ok(wrong == 0, "dates from 1970 to 9999 are those of gmtime");
    vl_rfc3339(&(struct timespec){.tv_sec = 951782400}, got);
    is_str(got, "2000-02-29T00:00:00.000000000Z", "a leap day of a century");
    return done_testing();
}
