/* SPDX-License-Identifier: Apache-2.0 */
/* Mount option words: every word of the table, its counterpart, their order, and what belongs to file systems. */
#include "tap.h"
#include <sys/mount.h>
#include "plan/mopts.h"
#include "sys/compat.h"

#define A(x) MOUNT_ATTR_##x

/* Expected effect of every word that sets an attribute; `r` in front makes it recursive. */
static const struct {
    const char *word, *opposite;
    uint64_t bit;
} attrs[] = {
    {"ro", "rw", A(RDONLY)},
    {"nosuid", "suid", A(NOSUID)},
    {"nodev", "dev", A(NODEV)},
    {"noexec", "exec", A(NOEXEC)},
    {"nodiratime", "diratime", A(NODIRATIME)},
    {"nosymfollow", "symfollow", A(NOSYMFOLLOW)},
};
static const struct {
    const char *word, *opposite;
    uint64_t rule;
} atimes[] = {
    {"noatime", "atime", A(NOATIME)},
    {"relatime", "norelatime", A(RELATIME)},
    {"strictatime", "nostrictatime", A(STRICTATIME)},
};
static const struct {
    const char *word, *opposite;
    uint32_t bit;
} sb[] = {
    {"sync", "async", MS_SYNCHRONOUS},
    {"mand", "nomand", MS_MANDLOCK},
    {"iversion", "noiversion", MS_I_VERSION},
    {"lazytime", "nolazytime", MS_LAZYTIME},
    {"silent", "loud", MS_SILENT},
    {"dirsync", NULL, MS_DIRSYNC},
};
static const struct {
    const char *word;
    uint32_t bits;
} propagation[] = {
    {"private", MS_PRIVATE}, {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"unbindable", MS_UNBINDABLE},
};

/* Words seen by a test, so that none of the table is left out. */
static char seen[128][24];
static size_t n_seen;

static void see(const char *word)
{
    snprintf(seen[n_seen++], sizeof(seen[0]), "%s", word);
}

static bool was_seen(const char *word)
{
    for (size_t i = 0; i < n_seen; i++)
        if (strcmp(seen[i], word) == 0)
            return true;
    return false;
}

static struct vl_mopts parse(const char *a, const char *b)
{
    char *words[] = {(char *)a, (char *)b};
    struct vl_mopts m;
    struct vl_error *err = NULL;
    if (vl_mopts_parse(words, b ? 2 : 1, "o", &m, &err) < 0)
        vl_error_free(err);
    return m;
}

static const char *r_word(const char *word)
{
    static char text[8][24];
    static unsigned turn;
    turn = (turn + 1) % 8;
    snprintf(text[turn], sizeof(text[turn]), "r%s", word);
    return text[turn];
}

static void test_attr(const char *word, const char *opposite, uint64_t bit, bool recursive)
{
    see(word);
    see(opposite);
    struct vl_mopts m = parse(word, NULL);
    const struct vl_mount_attrs *a = recursive ? &m.rattr : &m.attr, *other = recursive ? &m.attr : &m.rattr;
    ok(a->set == bit && a->clear == 0 && other->set == 0 && other->clear == 0, "%s sets", word);
    m = parse(opposite, NULL);
    ok(a->set == 0 && a->clear == bit, "%s clears", opposite);
    m = parse(word, opposite);
    ok(a->set == 0 && a->clear == bit, "%s after %s wins", opposite, word);
    m = parse(opposite, word);
    ok(a->set == bit && a->clear == 0, "%s after %s wins", word, opposite);
}

static void test_atime(const char *word, const char *opposite, uint64_t rule, bool recursive)
{
    see(word);
    see(opposite);
    struct vl_mopts m = parse(word, NULL);
    const struct vl_mount_attrs *a = recursive ? &m.rattr : &m.attr;
    ok(a->set == rule && a->clear == A(_ATIME), "%s chooses", word);
    m = parse(opposite, NULL);
    ok(a->set == A(RELATIME) && a->clear == A(_ATIME), "%s alone is the kernel's default", opposite);
    m = parse(word, opposite);
    ok(a->set == A(RELATIME) && a->clear == A(_ATIME), "%s after %s is the kernel's default", opposite, word);
    for (size_t i = 0; i < VL_ARRAY_LEN(atimes); i++) {
        const char *later = recursive ? r_word(atimes[i].word) : atimes[i].word;
        m = parse(word, later);
        ok(a->set == atimes[i].rule && a->clear == A(_ATIME), "%s after %s wins", later, word);
        const char *negated = recursive ? r_word(atimes[i].opposite) : atimes[i].opposite;
        m = parse(word, negated);
        ok(a->set == (atimes[i].rule == rule ? A(RELATIME) : rule), "%s after %s", negated, word);
    }
}

static void test_tables(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(attrs); i++) {
        test_attr(attrs[i].word, attrs[i].opposite, attrs[i].bit, false);
        test_attr(r_word(attrs[i].word), r_word(attrs[i].opposite), attrs[i].bit, true);
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(atimes); i++) {
        test_atime(atimes[i].word, atimes[i].opposite, atimes[i].rule, false);
        test_atime(r_word(atimes[i].word), r_word(atimes[i].opposite), atimes[i].rule, true);
    }
    for (size_t i = 0; i < VL_ARRAY_LEN(propagation); i++) {
        struct vl_mopts m = parse(propagation[i].word, NULL);
        is_int(m.propagation.bits, propagation[i].bits, "%s", propagation[i].word);
        see(propagation[i].word);
        const char *recursive = r_word(propagation[i].word);
        m = parse(recursive, NULL);
        is_int(m.propagation.bits, propagation[i].bits | (uint32_t)MS_REC, "%s", recursive);
        m = parse(recursive, "private");
        is_int(m.propagation.bits, MS_PRIVATE, "private after %s wins", recursive);
        see(recursive);
    }
}

static void test_superblock(void)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(sb); i++) {
        struct vl_mopts m = parse(sb[i].word, NULL);
        is_int(m.sb.bits, sb[i].bit, "%s", sb[i].word);
        ok(m.attr.set == 0 && m.rattr.set == 0 && m.idle.n == 0, "%s is no attribute of a mount", sb[i].word);
        see(sb[i].word);
        if (sb[i].opposite == NULL)
            continue;
        m = parse(sb[i].word, sb[i].opposite);
        is_int(m.sb.bits, 0, "%s after %s", sb[i].opposite, sb[i].word);
        see(sb[i].opposite);
    }
    static const char *const idle[] = {"rsync", "rasync", "rdirsync", "rmand", "rnomand"};
    for (size_t i = 0; i < VL_ARRAY_LEN(idle); i++) {
        struct vl_mopts m = parse(idle[i], NULL);
        ok(m.sb.bits == 0 && m.idle.n == 1, "%s is known and without effect", idle[i]);
        see(idle[i]);
        vl_mopts_reset(&m);
    }
}

static void test_others(void)
{
    struct vl_mopts m = parse("bind", NULL);
    ok(m.bind && !m.rbind, "bind");
    m = parse("rbind", NULL);
    ok(m.bind && m.rbind, "rbind");
    m = parse("bind", "rbind");
    ok(m.bind && m.rbind, "rbind after bind");
    ok(parse("remount", NULL).remount, "remount");
    ok(parse("tmpcopyup", NULL).tmpcopyup, "tmpcopyup");
    ok(parse("copy-symlink", NULL).copy_symlink, "copy-symlink");
    ok(parse("src-nofollow", NULL).src_nofollow, "src-nofollow");
    ok(parse("dest-nofollow", NULL).dest_nofollow, "dest-nofollow");
    is_int(parse("idmap", NULL).idmap, VL_IDMAP_TOP, "idmap");
    is_int(parse("ridmap", NULL).idmap, VL_IDMAP_RECURSIVE, "ridmap");
    m = parse("ridmap", "idmap=uids=0-1-1");
    ok(m.idmap == VL_IDMAP_TOP && m.idmap_index == 1, "idmap=… after ridmap wins");
    is_str(m.idmap_spec, "uids=0-1-1", "what is behind idmap=");
    m = parse("idmap=a=b", "ridmap=c");
    ok(m.idmap == VL_IDMAP_RECURSIVE, "ridmap=… after idmap=… wins");
    is_str(m.idmap_spec, "c", "what is behind ridmap=");
    m = parse("defaults", NULL);
    ok(m.attr.set == 0 && m.attr.clear == 0 && m.sb.bits == 0 && m.data.n == 0, "defaults changes nothing");
    static const char *const words[] = {"bind", "rbind", "remount", "tmpcopyup", "copy-symlink", "src-nofollow",
                                        "dest-nofollow", "idmap", "ridmap", "defaults"};
    for (size_t i = 0; i < VL_ARRAY_LEN(words); i++)
        see(words[i]);
}

static void test_completeness(void)
{
    size_t n = 0;
    const char *before = "";
    for (const char *w; (w = vl_mopts_word(n)) != NULL; n++) {
        ok(was_seen(w), "%s has a test", w);
        ok(strcmp(before, w) < 0, "%s is in order", w);
        before = w;
    }
    is_int(n, n_seen, "every word that was tested is in the table");
    ok(vl_mopts_word(n + 1) == NULL, "no word beyond the end");
}

static void is_data(const char *option, const char *want)
{
    struct vl_mopts m = parse(option, NULL);
    cleanup(str) struct vl_str got = VL_STR_INIT;
    for (size_t i = 0; i < m.data.n; i++)
        vl_str_addf(&got, "%s|", m.data.v[i]);
    is_str(got.s ? got.s : "", want, "file system options of `%s`", option);
    vl_mopts_reset(&m);
}

static void test_data(void)
{
    is_data("size=64m", "size=64m|");
    is_data("mode=755,size=5", "mode=755|size=5|");
    is_data("noswap", "noswap|");
    is_data("RO", "RO|");
    is_data("ro=1", "ro=1|");
    is_data("", "");
    is_data(",,a,,", "a|");
    is_data("lowerdir=/a\\,b,upperdir=/u\\\\,x", "lowerdir=/a\\,b|upperdir=/u\\\\|x|");
    is_data("a\\", "a\\|");
    is_data("context=\"a:b:c:s0,c1\"", "context=a:b:c:s0,c1|");
    is_data("fscontext=\"a,b\",x", "fscontext=a,b|x|");
    is_data("context=\"a\"b\"\"", "context=\"a\"b\"\"|");
    is_data("name=\"a,b\"", "name=\"a,b\"|");
    is_data("context=a", "context=a|");

    char *open_quote[] = {(char *)"ro", (char *)"x=\"a,b"};
    struct vl_mopts m;
    struct vl_error *err = NULL;
    is_int(vl_mopts_parse(open_quote, 2, "mounts[3].options", &m, &err), -1, "an open quotation mark is an error");
    is_str(err->where, "mounts[3].options[1]", "at its place");
    vl_error_free(err);
    vl_mopts_reset(&m);

    char *keys[] = {(char *)"mode=755", (char *)"flag", (char *)"sizes=1"};
    err = NULL;
    ok(vl_mopts_parse(keys, 3, "o", &m, &err) == 0 && vl_mopts_has(&m, "mode") && vl_mopts_has(&m, "flag") &&
           !vl_mopts_has(&m, "size") && !vl_mopts_has(&m, "mod"),
       "keys are found as a whole");
    vl_mopts_reset(&m);
}

int main(void)
{
    test_tables();
    test_superblock();
    test_others();
    test_completeness();
    test_data();
    return done_testing();
}
