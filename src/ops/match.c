/* SPDX-License-Identifier: Apache-2.0 */
/* Containers by regular expression, regex(7). */
#include "ops/match.h"

#include <regex.h>
#include "base/cleanup.h"
#include "state/dir.h"

int vl_match_ids(const struct vl_global *g, const char *regex, struct vl_strv *ret,
                 struct vl_error **err)
{
    cleanup(strv) struct vl_strv ids = {NULL, 0};
    cleanup_free char *path = NULL;
    cleanup_fd int fd = VL_NOFD;
    regex_t re;
    char why[128];
    int r = regcomp(&re, regex, REG_EXTENDED | REG_NOSUB);
    if (r != 0) {
        (void)regerror(r, &re, why, sizeof(why));
        return vl_err_usage(err, "regular expression `%s`: %s", regex, why);
    }
    r = vl_root_list(g->root, &ids, &fd, &path, err);
    for (size_t i = 0; r == 0 && i < ids.n; i++)
        if (regexec(&re, ids.v[i], 0, NULL, 0) == 0)
            vl_strv_add(ret, ids.v[i]);
    regfree(&re);
    return r;
}

void vl_match_failed(struct vl_error **errors, struct vl_error **e, const char *verb,
                     const char *id)
{
    (void)vl_err_ctx(e, "%s container %s", verb, id);
    vl_err_collect(errors, e);
}

int vl_match_result(struct vl_error *errors, struct vl_error **err)
{
    *err = errors;
    return errors == NULL ? 0 : -1;
}
