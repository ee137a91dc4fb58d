/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps: translation, text form, and the ranges of the idmap= option. Choosing maps is in the golden cases. */
#include "tap.h"
#include "base/mem.h"
#include "plan/idmap.h"

static void test_map_id(void)
{
    const struct vl_idmap_line map[] = {{0, 1000, 1}, {1, 100000, 65536}, {70000, 5, 2}};
    is_int(vl_plan_map_id(NULL, 0, 77), 77, "without a map ids are the same");
    is_int(vl_plan_map_id(map, 3, 0), 1000, "first line");
    is_int(vl_plan_map_id(map, 3, 1), 100000, "begin of the second line");
    is_int(vl_plan_map_id(map, 3, 65536), 165535, "its last id");
    ok(vl_plan_map_id(map, 3, 65537) == VL_NO_ID, "one behind it");
    is_int(vl_plan_map_id(map, 3, 70001), 6, "third line");
    ok(vl_plan_map_id(map, 3, 69999) == VL_NO_ID, "one before it");
    ok(vl_plan_map_id(map, 3, UINT32_MAX) == VL_NO_ID, "no id at all");
    cleanup_free char *text = vl_idmap_text(map, 3);
    is_str(text, "0 1000 1\n1 100000 65536\n70000 5 2\n", "text of a map");
}

/* "uid lines/gid lines" of an option, or the first error with its place */
static char *option(const char *text, struct vl_idmap_line *ctr, size_t n)
{
    struct vl_planner p = {.uid_map = ctr, .n_uid_map = n, .gid_map = ctr, .n_gid_map = n};
    struct vl_idmap_pair m;
    char *result;
    if (vl_idmap_parse_option(&p, text, "here", &m) < 0) {
        result = vl_asprintf("%s: %s", p.errors->where, p.errors->text);
        vl_error_free(p.errors);
    } else {
        cleanup_free char *u = vl_idmap_text(m.uid, m.n_uid), *g = vl_idmap_text(m.gid, m.n_gid);
        result = vl_asprintf("%s/%s", u, g);
    }
    vl_idmap_pair_reset(&m);
    return result;
}

static void is_option(const char *text, const char *want)
{
    struct vl_idmap_line ctr[] = {{0, 1000, 1}, {1, 100000, 10}};
    cleanup_free char *got = option(text, ctr, 2);
    is_str(got, want, "idmap=%.60s", text);
}

static void test_option(void)
{
    is_option("uids=0-1-10#10-11-10;gids=0-100-10", "0 1 10\n10 11 10\n/0 100 10\n");
    is_option("gids=5-6-7;uids=1-2-3", "1 2 3\n/5 6 7\n");
    is_option("uids=@1-3-10;gids=@0-7-1", "1 100002 10\n/0 1007 1\n");
    is_option("uids=0-0-4294967295;gids=0-0-1", "0 0 4294967295\n/0 0 1\n");
    is_option("uids=1-0-4294967295;gids=0-0-1", "here: idmap range 0 goes beyond the last id");
    is_option("uids=0-1-4294967295;gids=0-0-1", "here: idmap range 0 goes beyond the last id");
    is_option("uids=0-0-0;gids=0-0-1", "here: idmap range 0 is empty");
    is_option("uids=0-0-5#4-9-1;gids=0-0-1", "here: idmap range 1 overlaps with range 0");
    is_option("uids=0-0-5#5-4-1;gids=0-0-1", "here: idmap range 1 overlaps with range 0");
    is_option("uids=0-0-5#5-5-1;gids=0-0-1", "0 0 5\n5 5 1\n/0 0 1\n");
    is_option("uids=@11-0-1;gids=0-0-1", "here: idmap range `@11-0-1`: not mapped in the container's user namespace");
    is_option("", "here: idmap option: uids= and gids= are both needed");
    is_option("uids=0-0-1", "here: idmap option: uids= and gids= are both needed");
    is_option("uids=;gids=0-0-1", "here: idmap option: uids= and gids= are both needed");
    is_option("uids=0-0-1;gids=0-0-1;uids=1-1-1", "here: idmap part `uids=1-1-1` is not a single uids= or gids=");
    is_option("uid=0-0-1", "here: idmap part `uid=0-0-1` is not a single uids= or gids=");
    is_option("uids=0-0", "here: idmap range `0-0` is not FS-HOST-SIZE");
    is_option("uids=0-0-1-2", "here: idmap range `0-0-1-2` is not FS-HOST-SIZE");
    is_option("uids= 0-0-1", "here: idmap range ` 0-0-1` is not FS-HOST-SIZE");
    is_option("uids=0-0-4294967296", "here: idmap range `0-0-4294967296` is not FS-HOST-SIZE");
    is_option("uids=-1-0-1", "here: idmap range `-1-0-1` is not FS-HOST-SIZE");
    is_option("uids=@", "here: idmap range `@` is not FS-HOST-SIZE");
}

static void test_many(void)
{
    cleanup(str) struct vl_str s = VL_STR_INIT;
    vl_str_add(&s, "gids=0-0-1;uids=");
    for (int i = 0; i < VL_IDMAP_LINES_MAX; i++)
        vl_str_addf(&s, "%d-%d-1#", i, i);
    cleanup_free char *most = option(s.s, NULL, 0);
    ok(strncmp(most, "0 0 1\n1 1 1\n", 12) == 0, "as many ranges as the kernel takes");
    vl_str_addf(&s, "%d-%d-1", VL_IDMAP_LINES_MAX, VL_IDMAP_LINES_MAX);
    cleanup_free char *more = option(s.s, NULL, 0);
    is_str(more, "here: idmap option: the kernel takes at most 340 ranges", "one more");
}

int main(void)
{
    test_map_id();
    test_option();
    test_many();
    return done_testing();
}
