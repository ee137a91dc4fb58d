/* SPDX-License-Identifier: Apache-2.0 */
/* prep/late, launch/late: descriptors that are opened after the clone, and those of them that may be absent. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "launch/late.h"
#include "prep/prep.h"
#include "sys/fd.h"
#include "sys/scm.h"
#include "tap.h"

/* L late, l late and optional, . another one. */
static struct vl_plan *plan_of(const char *pattern)
{
    struct vl_plan *p = vl_alloc(sizeof(*p));
    for (; *pattern != '\0'; pattern++)
        vl_plan_desc(p, VL_ROLE_SOURCE, VL_KIND_ANY, *pattern == '.' ? VL_ACQ_OPEN : VL_ACQ_IN_NS,
                     *pattern == 'l' ? VL_DESC_OPTIONAL : 0, "/", NULL);
    return p;
}

/* What the stage makes of the messages, by the rules of plan/wire.h: for each descriptor of the table y, or n. */
static bool receive(int sock, const struct vl_plan *p, char *got)
{
    size_t at = 0;
#define SKIP                                                                                       \
    while (at < p->n_desc && p->desc[at].acquire == VL_ACQ_OPEN)                                    \
    got[at++] = '.'
    SKIP;
    do {
        struct vl_msg m;
        struct vl_scm_msg scm;
        if (vl_scm_recv(sock, &m, sizeof(m), VL_SCM_MAX_FDS, &scm) < 0 || scm.len != sizeof(m) ||
            m.type != VL_MSG_PROCEED || m.a != (int64_t)scm.n_fds)
            return false;
        size_t n = scm.n_fds;
        vl_scm_close(&scm);
        while (m.op != VL_NOREF && at < m.op && at < p->n_desc) {
            if (!(p->desc[at].flags & VL_DESC_OPTIONAL))
                return false;
            got[at++] = 'n';
            SKIP;
        }
        if (m.op != VL_NOREF && at != m.op)
            return false;
        for (; n > 0; n--) {
            if (at >= p->n_desc)
                return false;
            got[at++] = 'y';
            SKIP;
        }
    } while (at < p->n_desc);
    got[at] = '\0';
    return true;
#undef SKIP
}

/* present: y or n for each late one */
static void test_messages(const char *pattern, const char *present, const char *want)
{
    cleanup(plan) struct vl_plan *p = plan_of(pattern);
    cleanup_free int *fds = vl_alloc(sizeof(*fds) * (strlen(present) + 1));
    cleanup_free char *got = vl_alloc(strlen(pattern) + 1);
    int pair[2];
    char more;
    for (size_t i = 0; present[i] != '\0'; i++)
        fds[i] = present[i] == 'y' ? 0 : -1;
    if (vl_socketpair(SOCK_SEQPACKET, pair) < 0) {
        ok(false, "a socket pair");
        return;
    }
    ok(vl_send_late(pair[0], p, fds, strlen(present)) == 0, "%s with %s: sent", pattern, present);
    ok(receive(pair[1], p, got), "received");
    is_str(got, want, "each belongs where it should");
    ok(recv(pair[1], &more, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, "and no message is left over");
    close(pair[0]);
    close(pair[1]);
}

static void test_many(void)
{
    char pattern[201], present[201], want[201];
    memset(pattern, 'l', 200);
    memset(present, 'y', 200);
    pattern[200] = present[200] = '\0';
    present[0] = present[70] = present[71] = present[199] = 'n';
    memcpy(want, present, sizeof(want));
    test_messages(pattern, present, want);
}

static void test_opening(void)
{
    cleanup(plan) struct vl_plan *p = vl_alloc(sizeof(*p));
    cleanup(prep) struct vl_prep *prep = NULL;
    cleanup_free int *fds = NULL;
    cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct vl_prep_env env = {.root_dirfd = -1, .root_path = "/", .gate_fd = -1};
    struct vl_error *err = NULL;
    size_t n = 0;
    vl_plan_desc(p, VL_ROLE_NULL, VL_KIND_CHAR, VL_ACQ_IN_NS, 0, "/dev/null", NULL);
    vl_plan_desc(p, VL_ROLE_SOURCE, VL_KIND_ANY, VL_ACQ_IN_NS, VL_DESC_OPTIONAL, "/no/such/file", "mounts[1]");
    vl_plan_desc(p, VL_ROLE_SOURCE, VL_KIND_ANY, VL_ACQ_LATE_TREE, VL_DESC_OPTIONAL, "/no/such/file", NULL);
    vl_plan_desc(p, VL_ROLE_ROOT, VL_KIND_DIR, VL_ACQ_IN_NS, 0, "/", NULL);
    is_int(vl_prep_open(p, &env, &prep, &err), 0, "nothing is opened before the clone");
    is_int(vl_prep_late(prep, getpid(), root, &fds, &n, &err), 0, "the late ones are opened");
    ok(n == 4 && fds[0] >= 0 && fds[1] == -1 && fds[2] == -1 && fds[3] >= 0, "but for optional ones that are absent");
    p->desc[1].flags = 0;
    cleanup_free int *none = NULL;
    ok(vl_prep_late(prep, getpid(), root, &none, &n, &err) < 0 && vl_error_errno(err) == ENOENT,
       "without being optional they must be there");
    vl_error_free(err);
    err = NULL;
    p->desc[1].flags = VL_DESC_OPTIONAL;
    p->desc[0].kind = VL_KIND_DIR;
    ok(vl_prep_late(prep, getpid(), root, &none, &n, &err) < 0, "one of the wrong kind is an error");
    vl_error_free(err);
}

int main(void)
{
    test_messages("", "", "");
    test_messages("..", "", "..");
    test_messages("L", "y", "y");
    test_messages("l", "n", "n");
    test_messages(".L.lL.", "yyy", ".y.yy.");
    test_messages(".L.lL.", "yny", ".y.ny.");
    test_messages("llL..l.", "nnyn", "nny..n.");
    test_messages("llll", "ynny", "ynny");
    test_messages("llll", "nnnn", "nnnn");
    test_messages("LLLL", "yyyy", "yyyy");
    test_many();
    test_opening();
    return done_testing();
}
