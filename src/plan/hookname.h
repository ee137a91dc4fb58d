/* SPDX-License-Identifier: Apache-2.0 */
/* The specification's names of the hook kinds. */
#ifndef VL_PLAN_HOOKNAME_H
#define VL_PLAN_HOOKNAME_H

#include "plan/wire.h"

static inline const char *vl_hook_name(enum vl_hook_kind k)
{
    static const char *const names[VL_HOOK_KINDS] = {
        [VL_HOOK_PRESTART] = "prestart",
        [VL_HOOK_CREATE_RUNTIME] = "createRuntime",
        [VL_HOOK_CREATE_CONTAINER] = "createContainer",
        [VL_HOOK_START_CONTAINER] = "startContainer",
        [VL_HOOK_POSTSTART] = "poststart",
        [VL_HOOK_POSTSTOP] = "poststop",
    };
    return (unsigned)k < VL_HOOK_KINDS ? names[k] : "unknown";
}

#endif
