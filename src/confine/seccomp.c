/* SPDX-License-Identifier: Apache-2.0 */
/* The face of the seccomp compiler: a profile, or a ready-made program, in; a checked program out.
 */
#include "confine/seccomp.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "confine/bpf_sim.h"
#include "confine/seccomp_int.h"

void vl_seccomp_prog_free(struct vl_seccomp_prog *prog)
{
    if (prog == NULL)
        return;
    free(prog->insns);
    vl_strv_reset(&prog->notes);
    free(prog);
}

static int check(const struct vl_seccomp_prog *prog, struct vl_error **err)
{
    size_t at;
    if (vl_bpf_check(prog->insns, prog->n, &at) < 0)
        return vl_err_bug(err, "generated seccomp program is not valid at instruction %zu of %zu",
                          at, prog->n);
    return 0;
}

int vl_seccomp_compile(const struct oci_seccomp *profile, bool fail_unknown,
                       struct vl_seccomp_prog **ret, struct vl_error **err)
{
    struct vl_sc_profile numbers;
    cleanup(seccomp_prog) struct vl_seccomp_prog *prog = vl_alloc(sizeof(*prog));
    if (vl_sc_profile_build(profile, fail_unknown, &numbers, err) < 0)
        return -1;
    int r = vl_sc_generate(&numbers, &prog->insns, &prog->n, err);
    prog->actions = numbers.actions;
    prog->notes = numbers.notes;
    numbers.notes = (struct vl_strv){NULL, 0};
    vl_sc_profile_reset(&numbers);
    if (r < 0 || check(prog, err) < 0)
        return -1;
    *ret = vl_take_ptr(prog);
    return 0;
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 4648 base64, padding optional, white space ignored (annotations are often folded). Length or
 * -1. */
static ssize_t decode(const char *s, uint8_t *out)
{
    uint32_t bits = 0;
    size_t n = 0, held = 0;
    for (; *s != '\0' && *s != '='; s++) {
        if (strchr(" \t\r\n", *s) != NULL)
            continue;
        int d = digit(*s);
        if (d < 0)
            return -1;
        bits = bits << 6 | (uint32_t)d;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    size_t rest = strspn(s, "= \t\r\n");
    return s[rest] == '\0' && held < 6 ? (ssize_t)n : -1;
}

int vl_seccomp_raw(const char *base64, const char *where, struct vl_seccomp_prog **ret,
                   struct vl_error **err)
{
    cleanup_free uint8_t *bytes = vl_alloc(strlen(base64) / 4 * 3 + 3);
    cleanup(seccomp_prog) struct vl_seccomp_prog *prog = vl_alloc(sizeof(*prog));
    ssize_t len = decode(base64, bytes);
    size_t at;
    if (len < 0)
        return vl_err_config(err, where, "the seccomp filter is not base64");
    if (len == 0 || (size_t)len % sizeof(struct sock_filter) != 0)
        return vl_err_config(
            err, where, "the seccomp filter has %zd bytes, which are no whole instructions of %zu",
            len, sizeof(struct sock_filter));
    prog->n = (size_t)len / sizeof(struct sock_filter);
    prog->insns = vl_memdup(bytes, (size_t)len);
    if (vl_bpf_check(prog->insns, prog->n, &at) < 0)
        return vl_err_config(
            err, where, "the seccomp filter is not valid at instruction %zu of %zu", at, prog->n);
    for (size_t i = 0; i < prog->n; i++)
        if (prog->insns[i].code == (BPF_RET | BPF_K) &&
            (prog->insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
            prog->actions |= VL_ACT_NOTIFY;
    *ret = vl_take_ptr(prog);
    return 0;
}
