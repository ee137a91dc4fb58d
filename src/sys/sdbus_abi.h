/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of libsystemd that sdbus.c calls, declared here, so that building needs no header of it and there is
 * only one kind of build. The library keeps them since version 240; tests/unit/test-sdbus.c compares each
 * declaration with <systemd/sd-bus.h> where that is installed.
 *
 * X(type of the result, name, arguments)
 */
#ifndef VL_SYS_SDBUS_ABI_H
#define VL_SYS_SDBUS_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifndef VL_SDBUS_HAVE_HEADER
typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct sd_bus_slot sd_bus_slot;
typedef struct {
    const char *name, *message;
    int _need_free;
} sd_bus_error;
typedef int (*sd_bus_message_handler_t)(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
#endif

#define VL_SDBUS_FUNCTIONS(X)                                                                      \
    X(int, sd_bus_new, (sd_bus * *ret))                                                            \
    X(int, sd_bus_set_address, (sd_bus * bus, const char *address))                                \
    X(int, sd_bus_set_bus_client, (sd_bus * bus, int b))                                           \
    X(int, sd_bus_start, (sd_bus * bus))                                                           \
    X(int, sd_bus_is_ready, (sd_bus * bus))                                                        \
    X(int, sd_bus_process, (sd_bus * bus, sd_bus_message **r))                                     \
    X(int, sd_bus_wait, (sd_bus * bus, uint64_t timeout_usec))                                     \
    X(void, sd_bus_close, (sd_bus * bus))                                                          \
    X(sd_bus *, sd_bus_unref, (sd_bus * bus))                                                      \
    X(int, sd_bus_call,                                                                            \
      (sd_bus * bus, sd_bus_message * m, uint64_t usec, sd_bus_error * ret_error,                  \
       sd_bus_message * *reply))                                                                   \
    X(int, sd_bus_match_signal_async,                                                              \
      (sd_bus * bus, sd_bus_slot * *ret, const char *sender, const char *path,                     \
       const char *interface, const char *member, sd_bus_message_handler_t match_callback,         \
       sd_bus_message_handler_t add_callback, void *userdata))                                     \
    X(int, sd_bus_message_new_method_call,                                                         \
      (sd_bus * bus, sd_bus_message * *m, const char *destination, const char *path,               \
       const char *interface, const char *member))                                                 \
    X(sd_bus_message *, sd_bus_message_unref, (sd_bus_message * m))                                \
    X(int, sd_bus_message_append_basic, (sd_bus_message * m, char type, const void *p))            \
    X(int, sd_bus_message_append_array,                                                            \
      (sd_bus_message * m, char type, const void *ptr, size_t size))                               \
    X(int, sd_bus_message_open_container, (sd_bus_message * m, char type, const char *contents))   \
    X(int, sd_bus_message_close_container, (sd_bus_message * m))                                   \
    X(int, sd_bus_message_peek_type, (sd_bus_message * m, char *type, const char **contents))      \
    X(int, sd_bus_message_enter_container, (sd_bus_message * m, char type, const char *contents))  \
    X(int, sd_bus_message_read_basic, (sd_bus_message * m, char type, void *p))                    \
    X(void, sd_bus_error_free, (sd_bus_error * e))

#endif
