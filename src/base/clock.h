/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text. gmtime_r(3) would read the time zone's file first, at every start. */
#ifndef VL_BASE_CLOCK_H
#define VL_BASE_CLOCK_H

#include <time.h>

#define VL_RFC3339_LEN 40
/* "2026-01-02T03:04:05.678901234Z" (RFC 3339, UTC, nanoseconds) for a time since 1970; years 1970 to 9999. */
void vl_rfc3339(const struct timespec *t, char buf[VL_RFC3339_LEN]);
void vl_rfc3339_now(char buf[VL_RFC3339_LEN]);

#endif
