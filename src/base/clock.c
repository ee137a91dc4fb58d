/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>

/* Days since 1970 to a date of the proleptic Gregorian calendar. The year is counted from March, so that the leap
 * day is its last; an era is the 400 years after which the calendar repeats. */
static void civil(long long days, long long *year, unsigned *month, unsigned *day)
{
    long long shifted = days + 719468; /* from 0000-03-01 */
    long long era = shifted / 146097;
    unsigned doe = (unsigned)(shifted - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned from_march = (5 * doy + 2) / 153;

    *day = doy - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (long long)yoe + era * 400 + (*month <= 2);
}

void vl_rfc3339(const struct timespec *t, char buf[VL_RFC3339_LEN])
{
    long long seconds = t->tv_sec, days = seconds / 86400, year;
    unsigned month, day, rest = (unsigned)(seconds % 86400);

    civil(days, &year, &month, &day);
    snprintf(buf, VL_RFC3339_LEN, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", (unsigned)year % 10000, month % 100, day % 100,
             rest / 3600, rest / 60 % 60, rest % 60, (unsigned)t->tv_nsec % 1000000000u);
}

void vl_rfc3339_now(char buf[VL_RFC3339_LEN])
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    vl_rfc3339(&now, buf);
}
