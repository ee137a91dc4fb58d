/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock documents to masks: names, groups, what a kernel lacks, and every refusal by its words. */
#include "tap.h"

#include "base/mem.h"
#include "confine/landlock.h"

#define ALL_FS UINT64_C(0xffff)

static struct vl_landlock *l;
static struct vl_strv notes;
static char *error_text;

/* Single quotes stand for double ones. */
static int compile(const char *text, int abi)
{
    cleanup_free char *json = vl_strdup(text);
    struct vl_error *e = NULL;

    vl_landlock_free(l);
    l = NULL;
    vl_strv_reset(&notes);
    free(error_text);
    error_text = NULL;
    for (char *c = json; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    int r = vl_landlock_compile(json, "W", abi, &l, &notes, &e);
    if (e != NULL)
        error_text = vl_error_text(e);
    vl_error_free(e);
    return r;
}

static bool fine(const char *text, int abi)
{
    bool good = compile(text, abi) == 0;
    if (error_text != NULL)
        diag("%s", error_text);
    return good;
}

static void names(void)
{
    ok(fine("{'handledFs':['read_file','read-dir','0x1000','2'],'rules':[]}", 7), "names and masks");
    is_int((long long)l->handled_fs, 0x100e, "with either mark, in hexadecimal and decimal");
    ok(fine("{'handledFs':['all'],'handledNet':['all'],'scoped':['all'],'log':['same-exec-off','subdomains_off']}", 7), "all");
    is_int((long long)l->handled_fs, (long long)ALL_FS, "of the file system");
    is_int((long long)l->handled_net, 3, "of the network");
    is_int((long long)l->scoped, 3, "scopes");
    is_int(l->flags, 5, "log flags");
    ok(fine("{'handledFs':['read','exec']}", 7), "groups");
    is_int((long long)l->handled_fs, 0xd, "read and exec");
    ok(fine("{'handledFs':['write'],'abiMin':1}", 7), "a group by abiMin");
    is_int((long long)l->handled_fs, 0x1ff2, "has what that ABI has of it");
    ok(fine("{'handledFs':['write'],'abiMin':3}", 7), "by a newer one");
    is_int((long long)l->handled_fs, 0x7ff2, "more");
    for (int kind = 0; kind < VL_LL_KINDS; kind++)
        for (const struct vl_landlock_right *r = vl_landlock_rights[kind]; r->name != NULL; r++) {
            cleanup_free char *words = vl_landlock_words((enum vl_landlock_kind)kind, r->bit);
            is_str(words, r->name, "%s there and back", r->name);
            is_str(vl_landlock_linux(r->abi), r->version, "%s came with the kernel of its ABI", r->name);
        }
    cleanup_free char *words = vl_landlock_words(VL_LL_NET, 6);
    is_str(words, "connect_tcp, 0x4", "an unknown bit is a number");
}

static void rules(void)
{
    ok(fine("{'rules':[{'path':'/usr','access':['read','exec']},{'paths':['/tmp','/var'],'access':['all'],'optional':true},"
            "{'port':443,'access':['connect-tcp']},{'ports':[80,0],'access':['all']}]}", 7), "rules");
    is_int((long long)l->handled_fs, (long long)ALL_FS, "imply that everything is handled");
    is_int((long long)l->handled_net, 3, "also of the network");
    is_int((long long)l->n_path, 3, "three paths");
    is_int((long long)l->path[0].access, 0xd, "rights of the first");
    is_int(l->path[0].optional, 0, "which must be there");
    is_str(l->path[2].path, "/var", "the third");
    is_int(l->path[2].optional && l->path[2].rule == 1, 1, "is of the second rule, and may be absent");
    is_int((long long)l->n_port, 3, "three ports");
    is_int((long long)l->port[0].access, 2, "the first to connect to");
    is_int((long long)l->port[2].port, 0, "port 0 means the ephemeral ones");
    ok(fine("{'handledNet':['bind-tcp'],'rules':[{'path':'/','access':['read']}]}", 7), "handled is what is named, and implied");
    is_int((long long)l->handled_net, 1, "named");
    ok(fine("{'handledFs':['write'],'rules':[{'path':'/','access':['all']}]}", 7), "a group in a rule");
    is_int((long long)l->path[0].access, (long long)l->handled_fs, "gives way to what is handled");
    ok(fine("{'handledFs':['write'],'rules':[{'path':'/','access':['read']}]}", 7), "one of which nothing is handled");
    is_int((long long)l->n_path, 0, "is no rule");
}

static void kernels(void)
{
    is_int(compile("{'handledFs':['truncate']}", 2), -1, "a right that the kernel lacks");
    is_str(error_text,
           "Landlock file system right truncate: needs Landlock ABI 3 (Linux 6.2), this kernel has ABI 2 (at W)", "is refused");
    is_int(compile("{'scoped':['signal']}", 0), -1, "without Landlock");
    is_str(error_text, "Landlock scope signal: needs Landlock ABI 6 (Linux 6.12), this kernel has ABI 0 (at W)", "too");
    is_int(compile("{'handledFs':['0x10000']}", 7), -1, "a bit without a name");
    is_str(error_text, "Landlock file system right 0x10000: needs a newer Linux, this kernel has ABI 7 (at W)",
           "is refused by a kernel that is known");
    ok(fine("{'handledFs':['0x10000']}", 8), "and left to one that is newer than the names");
    ok(fine("{'mode':'relax','handledFs':['read','truncate'],'rules':[{'path':'/','access':['truncate','read_file']}]}", 2),
       "relaxed");
    is_int((long long)l->handled_fs, 0xc, "what is there is handled");
    is_int((long long)l->path[0].access, 4, "and allowed");
    is_int((long long)notes.n, 1, "what is not");
    is_str(notes.v[0], "landlock: file system right truncate left out: needs Landlock ABI 3 (Linux 6.2), this kernel has ABI 2",
           "is said");
    ok(fine("{'mode':'relax','handledNet':['all']}", 3) && l == NULL && notes.n == 1, "nothing may be left, which is said");
    is_int(compile("{'mode':'relax','abiMin':3,'handledFs':['read']}", 2), -1, "abiMin is a floor in either mode");
    is_str(error_text, "Landlock ABI 3 is demanded (Linux 6.2), this kernel has 2 (at W: abiMin)", "named");
    ok(fine("{'handledFs':['all'],'abiMin':4}", 4), "a floor that is met");
    is_int((long long)l->handled_fs, 0x7fff, "without what came later");
}

static void faults(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "W"},
        {"[]", "W"},
        {"{}", "nothing is handled, scoped or allowed"},
        {"{'log':['new_exec_on']}", "nothing is handled, scoped or allowed"},
        {"{'handledFS':7}", "expected an array of strings"},
        {"{'handledFs':'all'}", "handledFs"},
        {"{'handled':['all']}", "handled"},
        {"{'handledFs':['reed_file']}", "`reed_file` is no file system right of Landlock (at W: handledFs)"},
        {"{'handledNet':['read']}", "`read` is no network right of Landlock"},
        {"{'scoped':['-1']}", "`-1` is no scope of Landlock"},
        {"{'log':['all'],'handledFs':['all']}", "`all` is no log flag of Landlock"},
        {"{'handledFs':['0x']}", "`0x` is no file system right"},
        {"{'handledFs':['99999999999999999999']}", "is no file system right"},
        {"{'mode':'strict','handledFs':['all']}", "`strict` is neither enforce nor relax (at W: mode)"},
        {"{'abiMin':0,'handledFs':['all']}", "0 is no ABI of Landlock"},
        {"{'abiMin':-1,'handledFs':['all']}", "abiMin"},
        {"{'rules':[{'access':['all']}]}", "a rule is about paths or about ports (at W: rules[0])"},
        {"{'rules':[{'path':'/','port':1,'access':['all']}]}", "a rule is about paths or about ports"},
        {"{'rules':[{'path':'/'}]}", "access"},
        {"{'rules':[{'path':'usr','access':['all']}]}", "the path `usr` is not absolute (at W: rules[0])"},
        {"{'rules':[{'port':65536,'access':['all']}]}", "port"},
        {"{'rules':[{'path':'/','acess':['all'],'access':['all']}]}", "acess"},
        {"{'handledFs':['read'],'rules':[{'path':'/','access':['truncate']}]}",
         "truncate is allowed, but not among the handled rights: the rule would have no effect (at W: rules[0])"},
        {"{'handledFs':['read'],'rules':[{'port':1,'access':['read_file']}]}", "`read_file` is no network right"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        bool refused = compile(rows[i].text, 7) < 0 && l == NULL;
        if (!ok(refused && strstr(error_text, rows[i].words) != NULL, "refused: %s", rows[i].text))
            diag("%s", error_text != NULL ? error_text : "not at all");
    }
    is_int(compile("{'handledFs':['a'],'handledNet':['b']}", 7), -1, "two faults");
    ok(strstr(error_text, "and 1 more") != NULL, "are found at once: %s", error_text);
}

int main(void)
{
    names();
    rules();
    kernels();
    faults();
    vl_landlock_free(l);
    vl_strv_reset(&notes);
    free(error_text);
    return done_testing();
}
