/* SPDX-License-Identifier: Apache-2.0 */
/* VELOCI_DISABLE, test builds only. */
#include "sys/disable.h"

#ifdef VL_TEST_BUILD

#include <stdlib.h>
#include <string.h>

bool vl_sys_disabled(const char *name)
{
    const char *list = getenv("VELOCI_DISABLE");
    size_t n = strlen(name);
    while (list != NULL && *list != '\0') {
        size_t k = strcspn(list, ",");
        if (k == n && memcmp(list, name, n) == 0)
            return true;
        list += k;
        list += strspn(list, ",");
    }
    return false;
}

#else

typedef int vl_disable_is_empty; /* a translation unit may not be empty (ISO C) */

#endif
