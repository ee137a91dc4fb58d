/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/contract.h"

#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/wire.h"
#include "spec/annot.h"
#include "spec/load.h"

#define PREFIX "sha256:"

char *vl_contract_digest(const struct vl_plan *plan)
{
    uint8_t sum[VL_SHA256_LEN];
    char hex[2 * VL_SHA256_LEN + 1];

    vl_plan_digest(plan, sum);
    vl_hex(sum, sizeof(sum), hex);
    return vl_asprintf(PREFIX "%s", hex);
}

static bool is_digest(const char *s)
{
    if (!vl_starts_with(s, PREFIX))
        return false;
    s += strlen(PREFIX);
    return strlen(s) == (size_t)2 * VL_SHA256_LEN && strspn(s, "0123456789abcdef") == (size_t)2 * VL_SHA256_LEN;
}

static int differs(const struct vl_plan *plan, const char *approved, struct vl_error **err)
{
    cleanup_free char *have = vl_contract_digest(plan);

    if (vl_streq(have, approved))
        return 0;
    return vl_err_refused(err, "plan-digest", "the plan is %s, approved is %s", have, approved);
}

/* -- files ---------------------------------------------------------------------------------------- */

void vl_approved_reset(struct vl_approved *a)
{
    free(a->text);
    vl_plan_free(a->plan);
    *a = (struct vl_approved){0};
}

int vl_approved_load(const char *file, struct vl_approved *ret, struct vl_error **err)
{
    cleanup_free char *bytes = NULL;
    size_t len;

    if (vl_doc_slurp_path(file, &bytes, &len, err) < 0)
        return vl_err_ctx(err, "read the approved plan");
    if (len < strlen(VL_WIRE_MAGIC) || memcmp(bytes, VL_WIRE_MAGIC, strlen(VL_WIRE_MAGIC)) != 0) {
        if (memchr(bytes, '\0', len) != NULL || bytes[0] != '{')
            return vl_err_refused(err, "plan", "`%s` is no plan, neither as JSON nor in its binary form", file);
        ret->text = vl_take_ptr(bytes);
        ret->len = len;
        return 0;
    }
    struct vl_error *why = NULL;
    if (vl_plan_decode(bytes, len, &ret->plan, &why) < 0) {
        cleanup_free char *text = vl_error_text(why);
        vl_error_free(why);
        return vl_err_refused(err, "plan", "`%s`: %s", file, text);
    }
    ret->text = vl_plan_print(ret->plan, &ret->len);
    return 0;
}

/* -- differences ------------------------------------------------------------------------------------ */

enum { DIFF_LINES = 3000 }; /* beyond, the table of common lines would be too large */

static char **lines_of(char *text, size_t *ret_n)
{
    char **v = NULL;
    size_t n = 0;

    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        bool last = *end == '\0';
        *end = '\0';
        *VL_APPEND(v, n) = line;
        line = end + !last;
    }
    *ret_n = n;
    return v;
}

static void say(struct vl_str *out, char mark, const char *line, size_t *n)
{
    vl_str_addf(out, "%c %s\n", mark, line);
    ++*n;
}

/* common[i][j]: longest common subsequence of a from i on and b from j on. */
static void walk(char *const *a, size_t n_a, char *const *b, size_t n_b, struct vl_str *out, size_t *n)
{
    size_t width = n_b + 1, i = 0, j = 0;
    cleanup_free uint16_t *common = vl_alloc((n_a + 1) * width * sizeof(*common));

    for (size_t x = n_a; x-- > 0;)
        for (size_t y = n_b; y-- > 0;) {
            uint16_t down = common[(x + 1) * width + y], right = common[x * width + y + 1];
            common[x * width + y] = vl_streq(a[x], b[y]) ? (uint16_t)(common[(x + 1) * width + y + 1] + 1)
                                    : down > right       ? down
                                                         : right;
        }
    while (i < n_a || j < n_b) {
        if (i < n_a && j < n_b && vl_streq(a[i], b[j])) {
            i++;
            j++;
        } else if (j == n_b || (i < n_a && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            say(out, '-', a[i++], n);
        } else {
            say(out, '+', b[j++], n);
        }
    }
}

char *vl_contract_diff(const char *a, const char *b, size_t *ret_n)
{
    cleanup_free char *text_a = vl_strdup(a), *text_b = vl_strdup(b);
    size_t n_a, n_b;
    cleanup_free char **lines_a = lines_of(text_a, &n_a);
    cleanup_free char **lines_b = lines_of(text_b, &n_b);
    struct vl_str out = VL_STR_INIT;

    *ret_n = 0;
    if (vl_streq(a, b))
        return NULL;
    if (n_a > DIFF_LINES || n_b > DIFF_LINES) {
        size_t i = 0;
        while (i < n_a && i < n_b && vl_streq(lines_a[i], lines_b[i]))
            i++;
        n_a = i < n_a ? i + 1 : n_a;
        n_b = i < n_b ? i + 1 : n_b;
        walk(lines_a + i, n_a - i, lines_b + i, n_b - i, &out, ret_n);
    } else {
        walk(lines_a, n_a, lines_b, n_b, &out, ret_n);
    }
    return vl_str_take(&out);
}

/* The first line that says something: the digest differs whenever anything does. Ends the text behind it. */
static char *telling_line(char *diff)
{
    for (char *line = diff;; line += strlen(line) + 1) {
        size_t n = strcspn(line, "\n");
        bool last = line[n] == '\0' || line[n + 1] == '\0';
        line[n] = '\0';
        if (last || strstr(line, "\"digest\"") == NULL)
            return line;
    }
}

static int differs_from_file(const struct vl_plan *plan, const char *file, struct vl_error **err)
{
    cleanup(approved) struct vl_approved approved = {0};
    size_t len, n;

    if (vl_approved_load(file, &approved, err) < 0)
        return -1;
    cleanup_free char *have = vl_plan_print(plan, &len);
    cleanup_free char *diff = vl_contract_diff(approved.text, have, &n);
    if (diff == NULL)
        return 0;
    return vl_err_refused(err, "plan", "the plan differs from the approved one of `%s` in %zu lines (- approved, + now), first: %s",
                          file, n, telling_line(diff));
}

int vl_contract_check(const struct vl_plan *plan, const struct vl_spec *spec, const char *digest, const char *file,
                      struct vl_error **err)
{
    const char *wanted = vl_annot(spec, VL_ANNOT_PLAN_DIGEST);

    if (digest != NULL && !is_digest(digest))
        return vl_err_usage(err, "invalid value `%s` for --plan-digest: must be sha256: and 64 digits 0 to 9, a to f", digest);
    if (wanted != NULL && !is_digest(wanted))
        return vl_err_config(err, "annotations." VL_ANNOT_PLAN_DIGEST, "`%s` is no digest: sha256: and 64 digits 0 to 9, a to f",
                             wanted);
    if (digest != NULL && differs(plan, digest, err) < 0)
        return vl_err_ctx(err, "--plan-digest");
    if (wanted != NULL && differs(plan, wanted, err) < 0)
        return vl_err_at(err, "annotations." VL_ANNOT_PLAN_DIGEST);
    return file != NULL ? differs_from_file(plan, file, err) : 0;
}
