/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that run on the host, in the runtime's namespaces (config.md#posix-platform-hooks). */
#ifndef VL_LAUNCH_HOOKS_H
#define VL_LAUNCH_HOOKS_H

#include <stdint.h>
#include "base/error.h"
#include "plan/wire.h"

struct vl_hook { /* all borrowed */
    enum vl_hook_kind kind;
    const char *path;    /* absolute */
    char *const *argv;   /* NULL or empty: the path alone */
    char *const *envp;   /* NULL: an empty environment */
    uint32_t timeout_ms; /* 0: none */
    const char *where;   /* place in config.json, or NULL */
};
struct vl_cancel;
struct vl_hook_env {       /* all borrowed */
    const char *state;     /* state document, given on standard input */
    const char *cwd;       /* the bundle */
    const char *out, *err; /* files that get its output (made, appended), or NULL for /dev/null */
    struct vl_cancel *cancel; /* signals at which it is killed, or NULL (sys/sigs.h) */
};
/* Runs one hook and waits for it. A hook that does not read its input is fine. PAYLOAD error naming
 * kind, path and what happened: status, signal, timeout (it is killed), or that it could not be run
 * (with errno). */
int vl_hook_run(const struct vl_hook *h, const struct vl_hook_env *env, struct vl_error **err);

#endif
