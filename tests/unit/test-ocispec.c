/* SPDX-License-Identifier: Apache-2.0 */
/* libocispec: every rule of the reader. */
#include <errno.h>
#include <stdint.h>

#include <ocispec.h>
#include "tap.h"

static struct oci_doc *doc;
static struct oci_config *config;
static struct oci_report report;
static char printed[4096];

/* "PATH:LINE:COLUMN: MESSAGE; …" of problems or notes */
static const char *list(const struct oci_problem *p, size_t n)
{
    size_t len = 0;
    printed[0] = '\0';
    for (size_t i = 0; i < n && len < sizeof(printed) - 1; i++)
        len += (size_t)snprintf(printed + len, sizeof(printed) - len, "%s%s:%u:%u: %s",
                                i > 0 ? "; " : "", p[i].path, p[i].line, p[i].column, p[i].message);
    return printed;
}

static int parse_n(const char *s, size_t n)
{
    oci_report_reset(&report);
    oci_doc_free(doc);
    return oci_config_parse(s, n, &doc, &config, &report);
}

static int parse(const char *s)
{
    return parse_n(s, strlen(s));
}

static void refused(const char *s, const char *problems)
{
    int status = parse(s);
    bool good = status == -EINVAL && doc == NULL && config == NULL;
    if (!tap_same_str(list(report.problems, report.n_problems), problems))
        good = false;
    ok(good, "refused: %s", problems);
}

static void noted(const char *s, const char *notes)
{
    int status = parse(s);
    bool good = status == 0;
    if (!good)
        diag("%s", list(report.problems, report.n_problems));
    if (!tap_same_str(list(report.notes, report.n_notes), notes))
        good = false;
    ok(good, "accepted, with notes: %s", notes);
}

#define V "\"ociVersion\":\"1.0.0\""

static void test_values(void)
{
    ok(parse("{" V ",\"process\":{\"terminal\":true,\"user\":{\"uid\":4294967295,\"gid\":7,"
             "\"additionalGids\":[1,2,3]},\"args\":[\"a\",\"\",\"b\\u00e9\\ud83d\\ude00\"],"
             "\"cwd\":\"/\",\"oomScoreAdj\":-1000,\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
             "\"soft\":18446744073709551615,\"hard\":0}]},\"mounts\":[]}") == 0,
       "a small document");
    struct oci_process *p = config->process;
    is_str(config->oci_version, "1.0.0", "string");
    ok(p->has_terminal && p->terminal, "boolean");
    is_int(p->user->uid, 4294967295, "greatest uint32");
    is_int(p->user->n_additional_gids, 3, "array of integers");
    is_int(p->user->additional_gids[2], 3, "its last element");
    ok(p->has_args && p->n_args == 3 && p->args[3] == NULL, "string array ends with NULL");
    is_str(p->args[1], "", "empty string stays");
    is_str(p->args[2], "b\xc3\xa9\xf0\x9f\x98\x80", "escapes are decoded");
    is_int(p->oom_score_adj, -1000, "negative integer");
    ok(p->rlimits[0].soft == UINT64_MAX, "greatest uint64");
    ok(config->has_mounts && config->n_mounts == 0 && config->mounts == NULL,
       "empty array is there");
    ok(!p->has_env && p->env == NULL, "absent array is not");
    ok(config->linux == NULL && config->hostname == NULL, "absent object and string");
    ok(!p->user->has_umask && !p->has_no_new_privileges, "absent number and boolean");

    is_int(parse("{" V ",\"process\":{\"cwd\":\"\",\"args\":[]}}"), 0, "empty array of strings");
    ok(config->process->has_args && config->process->n_args == 0 && config->process->args != NULL &&
           config->process->args[0] == NULL,
       "has its NULL");
    is_int(parse(" \r\n\t{" V "}\n\n"), 0, "space around is fine");
    is_int(parse("{" V ",\"linux\":{\"resources\":{\"memory\":{\"limit\":-9223372036854775808},"
                 "\"blockIO\":{\"weight\":65535}}}}"),
           0, "bounds of int64 and uint16");
    ok(config->linux->resources->memory->limit == INT64_MIN, "least int64");
    is_int(config->linux->resources->block_io->weight, 65535, "greatest uint16");
}

static void test_nested_lists(void)
{
    is_int(parse("{" V ",\"mounts\":[{\"destination\":\"/a\",\"options\":[\"x\",\"y\"],"
                 "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2},{\"containerID\":3,"
                 "\"hostID\":4,\"size\":5}]},{\"destination\":\"/b\"},{\"options\":[\"z\"],"
                 "\"destination\":\"/c\"}]}"),
           0, "arrays in elements of arrays");
    is_int(config->n_mounts, 3, "all elements");
    is_str(config->mounts[0].options[1], "y", "inner array of the first");
    is_int(config->mounts[0].uid_mappings[1].size, 5, "array of 12-byte structs");
    is_str(config->mounts[1].destination, "/b", "second element");
    ok(!config->mounts[1].has_options, "nothing leaks from one element to the next");
    is_str(config->mounts[2].options[0], "z", "third element");
}

static void test_maps(void)
{
    is_int(parse("{" V ",\"annotations\":{\"b\":\"2\",\"a\":\"1\",\"\":\"empty\",\"c\":\"3\"},"
                 "\"linux\":{\"timeOffsets\":{\"monotonic\":{\"secs\":-5},\"boottime\":{"
                 "\"nanosecs\":7}},\"netDevices\":{}}}"),
           0, "maps");
    is_int(config->n_annotations, 4, "all entries");
    is_str(config->annotations[0].key, "", "an empty key");
    is_str(config->annotations[1].key, "a", "sorted by key");
    is_str(config->annotations[3].value, "3", "with their values");
    is_str(config->linux->time_offsets[0].key, "boottime", "maps of objects are sorted too");
    is_int(config->linux->time_offsets[0].value.nanosecs, 7, "with their values");
    is_int(config->linux->time_offsets[1].value.secs, -5, "and the other");
    ok(config->linux->has_net_devices && config->linux->n_net_devices == 0,
       "an empty map is there");

    noted("{" V ",\"annotations\":{\"b\":\"1\",\"a\":\"x\",\"b\":\"2\",\"b\":\"3\"}}",
          "annotations:1:37: keys given more than once, the last ones count");
    is_int(config->n_annotations, 2, "equal keys are one entry");
    is_str(config->annotations[1].value, "3", "the last one");

    static char big[200000];
    size_t len = (size_t)snprintf(big, sizeof(big), "{" V ",\"annotations\":{");
    for (int i = 0; i < 5000; i++)
        len += (size_t)snprintf(big + len, sizeof(big) - len, "%s\"k%04d\":\"%d\"", i ? "," : "",
                                (i * 3461 + 17) % 5000, i);
    (void)snprintf(big + len, sizeof(big) - len, "}}");
    is_int(parse(big), 0, "5000 shuffled keys");
    bool sorted = config->n_annotations == 5000;
    for (size_t i = 0; i < config->n_annotations && sorted; i++)
        sorted = strtoul(config->annotations[i].key + 1, NULL, 10) == i &&
                 (strtoul(config->annotations[i].value, NULL, 10) * 3461 + 17) % 5000 == i;
    ok(sorted, "come out sorted, each with its value");
}

static void test_names(void)
{
    noted("{" V ",\"zos\":{\"a\":[1,{\"b\":null}],\"ociVersion\":3},\"x\\ny\":1}",
          "zos:1:23: unknown property, ignored; x\\x0ay:1:65: unknown property, ignored");
    noted("{\"OCIVERSION\":\"1.0.0\",\"Root\":{\"PATH\":\"r\"}}",
          "OCIVERSION:1:2: taken for `ociVersion`; Root:1:23: taken for `root`; "
          "root.PATH:1:31: taken for `path`");
    is_str(config->root->path, "r", "names in another case are taken");
    noted("{\"OCIVERSION\":\"2.0.0\"," V "}",
          "OCIVERSION:1:2: taken for `ociVersion`; "
          "ociVersion:1:23: given more than once, the last one counts");
    is_str(config->oci_version, "1.0.0", "the exact name wins when it comes last");
    noted("{" V ",\"OCIversion\":\"2.0.0\"}",
          "OCIversion:1:23: ignored, since its exact spelling is there too: `ociVersion`");
    is_str(config->oci_version, "1.0.0", "and when it comes first");
    noted("{" V ",\"root\":{\"path\":\"a\",\"readonly\":true},\"root\":{\"path\":\"b\"}}",
          "root:1:59: given more than once, the last one counts");
    ok(!config->root->has_readonly, "a repeated object replaces the first whole");
    noted("{" V ",\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"b\"],\"args\":[\"c\"]}}",
          "process.args:1:61: given more than once, the last one counts");
    is_int(config->process->n_args, 1, "a repeated array too");
}

static void test_null(void)
{
    noted("{" V ",\"hostname\":null,\"root\":null,\"mounts\":null,\"annotations\":null,"
          "\"process\":{\"cwd\":\"/"
          "\",\"terminal\":null,\"oomScoreAdj\":null,\"user\":{\"uid\":null}}}",
          "");
    ok(config->hostname == NULL && config->root == NULL && !config->has_mounts &&
           !config->has_annotations && !config->process->has_terminal,
       "null is absent");
    noted("{" V ",\"hostname\":\"a\",\"hostname\":null}",
          "hostname:1:38: given more than once, the last one counts");
    ok(config->hostname == NULL, "null after a value takes it away");
    refused("{\"ociVersion\":null}", "ociVersion:1:1: required property is missing");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"args\":[\"a\",null]}}",
            "process.args[1]:1:56: expected a string, found null");
    refused("{" V ",\"annotations\":{\"k\":null}}",
            "annotations[\"k\"]:1:42: expected a string, found null");
    refused("{" V ",\"mounts\":[null]}", "mounts[0]:1:33: expected an object, found null");
}

static void test_types(void)
{
    refused("{" V ",\"hostname\":7}", "hostname:1:34: expected a string, found a number");
    refused("{" V ",\n \"process\":\n[]}", "process:3:1: expected an object, found an array");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"terminal\":\"true\"}}",
            "process.terminal:1:55: expected a boolean, found a string");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}}",
            "process.args:1:51: expected an array of strings, found a string");
    refused("{" V ",\"annotations\":[]}",
            "annotations:1:37: expected an object of strings, found an array");
    refused("{" V ",\"mounts\":{\"destination\":\"/\"}}",
            "mounts:1:32: expected an array of objects, found an object");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":\"0\"}}}",
            "process.user.uid:1:58: expected an integer, found a string");
    refused("{" V ",\"linux\":{\"netDevices\":{\"eth0\":\"x\"}}}",
            "linux.netDevices[\"eth0\"]:1:53: expected an object, found a string");
    refused("[]", ":1:1: expected an object, found an array");
    refused("\"x\"", ":1:1: expected an object, found a string");
    refused("{" V ",\"hostname\":{\"a\":[{}]},\"mounts\":[{\"destination\":1},{\"options\":[2]}]}",
            "hostname:1:34: expected a string, found an object; "
            "mounts[0].destination:1:70: expected a string, found a number; "
            "mounts[1].options[0]:1:85: expected a string, found a number; "
            "mounts[1].destination:1:73: required property is missing");
}

static void test_numbers(void)
{
#define MEMORY(x) "{" V ",\"linux\":{\"resources\":{\"memory\":{\"limit\":" x "}}}}"
#define LIMIT "linux.resources.memory.limit:1:63: "
#define UID(x) "{" V ",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":" x "}}}"
#define AT "process.user.uid:1:58: "
    refused(MEMORY("1.5"), LIMIT "expected an integer, found 1.5");
    refused(MEMORY("1e3"), LIMIT "expected an integer, found 1e3");
    refused(MEMORY("1.0"), LIMIT "expected an integer, found 1.0");
    refused(MEMORY("9223372036854775808"), LIMIT
            "9223372036854775808 is out of range (-9223372036854775808 to 9223372036854775807)");
    refused(MEMORY("-9223372036854775809"), LIMIT
            "-9223372036854775809 is out of range (-9223372036854775808 to 9223372036854775807)");
    refused(UID("4294967296"), AT "4294967296 is out of range (0 to 4294967295)");
    refused(UID("-1"), AT "-1 is out of range (0 to 4294967295)");
    refused(UID("18446744073709551616"),
            AT "18446744073709551616 is out of range (0 to 4294967295)");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":2147483648}}",
            "process.oomScoreAdj:1:58: 2147483648 is out of range (-2147483648 to 2147483647)");
    refused("{" V ",\"linux\":{\"resources\":{\"blockIO\":{\"weight\":65536}}}}",
            "linux.resources.blockIO.weight:1:65: 65536 is out of range (0 to 65535)");
    is_int(parse(UID("-0")), 0, "-0 is 0");
    static char huge[10000];
    memset(huge, '9', sizeof(huge) - 1);
    static char text[11000];
    (void)snprintf(text, sizeof(text), UID("%s"), huge);
    is_int(parse(text), -EINVAL, "a number of 10,000 digits");
    ok(strlen(report.problems[0].message) < 200, "is not repeated whole");
    is_int(parse(MEMORY("01")), -EINVAL, "leading zero");
    is_int(parse(MEMORY("+1")), -EINVAL, "leading plus");
    is_int(parse(MEMORY("0x10")), -EINVAL, "hexadecimal");
    is_int(parse(MEMORY("NaN")), -EINVAL, "NaN");
}

static void test_required(void)
{
    refused("{}", "ociVersion:1:1: required property is missing");
    refused("{" V ",\"root\":{}}", "root.path:1:30: required property is missing");
    refused("{" V ",\"process\":{}}", "process.cwd:1:33: required property is missing");
    refused("{" V ",\"mounts\":[{\"destination\":\"/\"},{}]}",
            "mounts[1].destination:1:53: required property is missing");
    refused("{" V ",\"hooks\":{\"poststop\":[{}]}}",
            "hooks.poststop[0].path:1:44: required property is missing");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"rlimits\":[{}]}}",
            "process.rlimits[0].type:1:55: required property is missing; "
            "process.rlimits[0].hard:1:55: required property is missing; "
            "process.rlimits[0].soft:1:55: required property is missing");
    refused("{" V
            ",\"linux\":{\"namespaces\":[{}],\"devices\":[{}],\"seccomp\":{\"syscalls\":[{}]}}}",
            "linux.namespaces[0].type:1:46: required property is missing; "
            "linux.devices[0].type:1:61: required property is missing; "
            "linux.devices[0].path:1:61: required property is missing; "
            "linux.seccomp.syscalls[0].names:1:88: required property is missing; "
            "linux.seccomp.syscalls[0].action:1:88: required property is missing; "
            "linux.seccomp.defaultAction:1:75: required property is missing");
    is_int(parse("{" V ",\"process\":{\"cwd\":\"/\"}}"), 0, "user and args may be absent");
}

static void test_texts(void)
{
    refused("{" V ",\"hostname\":\"a\\u0000b\"}",
            "hostname:1:34: has a NUL character (\\u0000) inside");
    refused("{" V ",\"process\":{\"cwd\":\"/\",\"env\":[\"A=\\\"\\\\\",\"\\u0000\"]}}",
            "process.env[1]:1:60: has a NUL character (\\u0000) inside");
    refused("{" V ",\"annotations\":{\"a\\u0000b\":\"\"}}",
            "annotations[\"a\"]:1:38: has a NUL character (\\u0000) inside");
#define HALF "hostname:1:34: has half of a surrogate pair (\\ud800 to \\udfff)"
    refused("{" V ",\"hostname\":\"\\ud800\"}", HALF);
    refused("{" V ",\"hostname\":\"\\udc00\"}", HALF);
    refused("{" V ",\"hostname\":\"\\ud800x\\udc00\"}", HALF);
    refused("{" V ",\"hostname\":\"\\ud800\\n\"}", HALF);
    is_int(parse("{" V ",\"hostname\":\"\\\\ud800\"}"), 0,
           "an escaped backslash before ud800 is none");
    is_str(config->hostname, "\\ud800", "and stays");
    is_int(parse("{" V ",\"hostname\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), 0, "all short escapes");
    is_str(config->hostname, "\"\\/\b\f\n\r\t", "are decoded");

    static const char *const bad[] = {
        "\x80",         "\xc0\x80",      "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf",  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xc3",          "\xe2\x82",         "\xc3(",
        "\xe2(\xa1",    "\xf0\x90(\xbc",
    };
    bool all = true;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[100];
        (void)snprintf(text, sizeof(text), "{" V ",\"hostname\":\"%s\"}", bad[i]);
        if (parse(text) != -EINVAL || strcmp(report.problems[0].message, "invalid UTF-8") != 0 ||
            report.problems[0].column != 35) {
            diag("case %zu", i);
            all = false;
        }
    }
    ok(all, "malformed UTF-8 is refused at its byte");
    is_int(parse("{" V
                 ",\"hostname\":\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
                 "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}"),
           0, "well-formed UTF-8 at its bounds is taken");
    refused("{" V ",\"hostname\":\"\xc3\xa9\xe2\x82\xac\",\"domainname\":1}",
            "domainname:1:52: expected a string, found a number");
}

static void test_documents(void)
{
    refused("", ":1:1: the document is empty");
    refused(" \n\t ", ":1:1: the document is empty");
    is_int(parse("{" V "}}"), -EINVAL, "a brace too many");
    is_int(parse("{" V "} x"), -EINVAL, "text after the end");
    is_int(parse("{" V "}{" V "}"), -EINVAL, "a second document");
    is_int(parse("{" V ",}"), -EINVAL, "a comma too many");
    is_int(parse("{" V " \"root\":{}}"), -EINVAL, "a comma missing");
    is_int(parse("{/* c */" V "}"), -EINVAL, "a comment");
    is_int(parse("{'ociVersion':1}"), -EINVAL, "single quotes");
    is_int(parse("{" V ",\"hostname\":\"a\tb\"}"), -EINVAL, "a raw control character in a string");
    static const char nul[] = "{" V ",\"hostname\":\"a\0b\"}";
    is_int(parse_n(nul, sizeof(nul) - 1), -EINVAL, "a raw NUL");
    is_int(parse("{" V ",\"hostname\":\"a\\x\"}"), -EINVAL, "an unknown escape");
    is_int(parse("{" V ",\"hostname\":\"a\\u12g4\"}"), -EINVAL, "a broken \\u escape");
    is_int(parse("\xef\xbb\xbf{" V "}"), -EINVAL, "a byte order mark");
    refused("{" V ",\n\"hostname\": }",
            "hostname:2:14: invalid JSON: unallowed token at this point in JSON text");
    refused("{" V ",\"root\":{\"path\":\"/", "root.path:1:40: invalid JSON: premature EOF");

    char *deep = malloc(200000);
    for (int levels = OCI_DEPTH_MAX - 1; levels <= OCI_DEPTH_MAX; levels++) {
        size_t n = (size_t)sprintf(deep, "{" V ",\"x\":");
        memset(deep + n, '[', (size_t)levels);
        memset(deep + n + levels, ']', (size_t)levels);
        strcpy(deep + n + 2 * levels, "}");
        is_int(parse(deep), levels < OCI_DEPTH_MAX ? 0 : -EINVAL, "%d levels", levels + 1);
    }
    memset(deep, '[', 199999);
    deep[199999] = '\0';
    is_int(parse(deep), -EINVAL, "199,999 brackets");
    for (size_t i = 0; i + 5 < 199999; i += 5)
        memcpy(deep + i, "{\"a\":", 5);
    is_int(parse(deep), -EINVAL, "40,000 objects in each other");
    free(deep);

    char *large = malloc(OCI_SIZE_MAX + 2);
    memset(large, ' ', OCI_SIZE_MAX + 1);
    memcpy(large, "{" V "}", strlen("{" V "}"));
    is_int(parse_n(large, OCI_SIZE_MAX), 0, "a document of the greatest size");
    is_int(parse_n(large, OCI_SIZE_MAX + 1), -EFBIG, "one byte more");
    is_str(list(report.problems, report.n_problems), ":1:1: longer than 16777216 bytes", "says so");
    free(large);

    char many[2000] = "{" V ",\"mounts\":[";
    for (int i = 0; i < 15; i++)
        strcat(many, i ? ",{}" : "{}");
    strcat(many, "]}");
    is_int(parse(many), -EINVAL, "15 problems");
    ok(report.n_problems == OCI_REPORT_MAX && report.more_problems == 5,
       "10 are kept, 5 are counted");
}

static void test_arena(void)
{
    struct oci_doc *d = oci_doc_new();
    char *s = oci_doc_strdup(d, "abc");
    char *big = oci_doc_alloc(d, 100000);
    ok(big[0] == 0 && big[99999] == 0, "memory is zeroed");
    is_int((uintptr_t)big % 8, 0, "and aligned");
    is_str(s, "abc", "earlier memory stays");
    oci_doc_free(d);
    oci_doc_free(NULL);
    ok(true, "freed");
}

int main(void)
{
    test_values();
    test_nested_lists();
    test_maps();
    test_names();
    test_null();
    test_types();
    test_numbers();
    test_required();
    test_texts();
    test_documents();
    test_arena();
    oci_report_reset(&report);
    oci_doc_free(doc);
    return done_testing();
}
