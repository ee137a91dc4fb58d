/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks: the only global mutable state of the program. The final error goes to stderr and to the
 * --log destination (docs/design.md, errors). At the default level nothing else is ever printed.
 */
#ifndef VL_BASE_LOG_H
#define VL_BASE_LOG_H

#include <stdbool.h>
#include "base/attr.h"
#include "base/error.h"

enum vl_log_level { VL_LOG_ERROR, VL_LOG_WARNING, VL_LOG_INFO, VL_LOG_DEBUG };
enum vl_log_format { VL_LOG_TEXT, VL_LOG_JSON };

/* dest: NULL for stderr only, else [file:]PATH (appended, 0644). syslog:IDENT and journald:ID are sinks
 * too. Returns 0 or -1 with an error. */
int vl_log_setup(const char *dest, enum vl_log_format format, enum vl_log_level level, struct vl_error **err);
enum vl_log_level vl_log_level(void);
void vl_log(enum vl_log_level level, const char *fmt, ...) VL_PRINTF(2, 3);
#define vl_debug(...) vl_log(VL_LOG_DEBUG, __VA_ARGS__)
#define vl_warn(...) vl_log(VL_LOG_WARNING, __VA_ARGS__)
/* One record for an error, with kind, class, where, phase, op and errno in JSON; text on stderr in one write. */
void vl_log_error(const struct vl_error *e);

#endif
