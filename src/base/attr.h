/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and small compile-time helpers. Depends on nothing. */
#ifndef VL_BASE_ATTR_H
#define VL_BASE_ATTR_H

#define VL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VL_MUST_USE __attribute__((warn_unused_result))
#define VL_UNUSED __attribute__((unused))
#define VL_NORETURN __attribute__((noreturn))
#define VL_PUBLIC __attribute__((visibility("default")))

#define VL_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
