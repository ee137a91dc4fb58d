/* SPDX-License-Identifier: Apache-2.0 */
/* base/io, base/digest, base/json, base/dl. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/digest.h"
#include "base/dl.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "tap.h"

static int entries(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.' || vl_ends_with(e->d_name, ".tmp");
    closedir(d);
    return n;
}

static void files(void)
{
    char dir[] = "/tmp/veloci-test-XXXXXX";
    if (!ok(mkdtemp(dir) != NULL, "scratch directory"))
        return;
    cleanup_fd int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *text = NULL;
    size_t n;
    is_int(vl_replace_file_at(at, "f", "one", 3, 0640), 0, "a new file");
    is_int(vl_replace_file_at(at, "f", "three", 5, 0600), 0, "replaced");
    is_int(vl_slurp_at(at, "f", 5, &text, &n), 0, "read back");
    is_str(text, "three", "new content");
    is_int(n, 5, "length");
    free(text);
    struct stat st;
    is_int(fstatat(at, "f", &st, 0) == 0 ? st.st_mode & 0777 : 0, 0600, "mode of the replacement");
    is_int(entries(dir), 1, "no temporary file is left");
    is_int(vl_slurp_at(at, "f", 4, &text, &n), -EFBIG, "longer than allowed");
    is_int(vl_slurp_at(at, "g", 4, &text, &n), -ENOENT, "absent");
    is_int(vl_write_file_at(at, "f", "xy", 2), 0, "write into an existing file");
    is_int(vl_write_file_at(at, "g", "xy", 2), -ENOENT, "never makes one");

    char *big = vl_alloc(300000);
    memset(big, 'b', 300000);
    char *path = vl_path_join(dir, "big");
    is_int(vl_replace_file(path, big, 300000, 0600), 0, "a large file by path");
    is_int(vl_slurp_at(AT_FDCWD, path, 1 << 20, &text, &n), 0, "read back");
    ok(n == 300000 && memcmp(text, big, n) == 0, "same content");
    free(text);
    is_int(vl_slurp_at(AT_FDCWD, path, 300000, &text, &n), 0, "exactly as long as allowed");
    free(text);
    is_int(vl_slurp_at(AT_FDCWD, path, 299999, &text, &n), -EFBIG, "one byte too long");
    is_int(vl_slurp_at(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &n), 0,
           "a file of unknown size");
    ok(strstr(text, "\nSeccomp:") != NULL, "is complete");
    free(text);
    is_int(vl_replace_file("/nonexistent/x", "", 0, 0600), -ENOENT, "no such directory");
    is_int(vl_replace_file("/tmp/", "", 0, 0600), -EISDIR, "no name");
    free(big);
    free(path);
    unlinkat(at, "f", 0);
    unlinkat(at, "big", 0);
    rmdir(dir);
}

static void digests(void)
{
    /* FIPS 180-2, appendix B */
    static const struct {
        const char *text, *digest;
    } v[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(v); i++) {
        uint8_t out[VL_SHA256_LEN];
        char hex[2 * VL_SHA256_LEN + 1];
        vl_sha256(v[i].text, strlen(v[i].text), out);
        vl_hex(out, sizeof(out), hex);
        is_str(hex, v[i].digest, "SHA-256 of `%s`", v[i].text);
    }
}

static char *document(const char *indent)
{
    struct vl_json *j = vl_json_new(indent);
    vl_json_obj(j);
    vl_json_kv_str(j, "s", "a\"\\\n\x01/é");
    vl_json_kv_str(j, "none", NULL);
    vl_json_kv_int(j, "i", INT64_MIN);
    vl_json_kv_uint(j, "u", UINT64_MAX);
    vl_json_kv_bool(j, "b", true);
    vl_json_key(j, "empty");
    vl_json_obj(j);
    vl_json_end_obj(j);
    vl_json_key(j, "list");
    vl_json_arr(j);
    vl_json_arr(j);
    vl_json_end_arr(j);
    vl_json_uint(j, 1);
    vl_json_end_arr(j);
    vl_json_end_obj(j);
    return vl_json_take(j, NULL);
}

static void json(void)
{
    char *s = document(NULL);
    is_str(s,
           "{\"s\":\"a\\\"\\\\\\n\\u0001/é\",\"none\":null,\"i\":-9223372036854775808,"
           "\"u\":18446744073709551615,\"b\":true,\"empty\":{},\"list\":[[],1]}",
           "one line");
    free(s);
    s = document("  ");
    ok(vl_ends_with(s, "}\n") && strstr(s, "  \"empty\": {},\n") && strstr(s, "    [],\n    1\n"),
       "indented, with a final newline and empty containers on one line");
    free(s);
    static const struct {
        const char *in, *out;
    } utf8[] = {
        {"ok \xe2\x82\xac \xf0\x9f\x98\x80", "\"ok \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(utf8); i++) {
        struct vl_json *j = vl_json_new(NULL);
        vl_json_str(j, utf8[i].in);
        s = vl_json_take(j, NULL);
        is_str(s, utf8[i].out, "UTF-8 case %zu", i);
        free(s);
    }
}

static void libraries(void)
{
    void *f = NULL, *g = NULL;
    struct vl_error *err = NULL;
    const struct vl_dl_sym absent[] = {{"nothing", &f}, {NULL, NULL}};
    is_int(vl_dl_open("libdoes-not-exist.so.7", "tests", absent, &err), -1, "a missing library");
    is_int(err->kind, VL_ERR_UNSUPPORTED, "is unsupported");
    ok(strstr(err->text, "tests need") && strstr(err->text, "libdoes-not-exist.so.7"),
       "both are named: %s", err->text);
    vl_error_free(err);
    err = NULL;
    const struct vl_dl_sym libc[] = {{"strlen", &f}, {"strchr", &g}, {NULL, NULL}};
    is_int(vl_dl_open("libc.so.6", "tests", libc, &err), 0, "libc");
    ok(f != NULL && g != NULL, "slots are filled");
    is_int(vl_dl_open("libdoes-not-exist.so.7", "tests", libc, &err), 0,
           "filled slots are not filled again");
    void *h = NULL;
    const struct vl_dl_sym more[] = {{"strlen", &f}, {"no_such_function", &h}, {NULL, NULL}};
    is_int(vl_dl_open("libc.so.6", "tests", more, &err), -1, "a missing function");
    ok(strstr(err->text, "no_such_function") != NULL, "is named");
    vl_error_free(err);
}

int main(void)
{
    files();
    digests();
    json();
    libraries();
    return done_testing();
}
