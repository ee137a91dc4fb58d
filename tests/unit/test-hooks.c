/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks on the host: what they get, how their end is judged. */
#include "tap.h"

#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "launch/hooks.h"
#include "sys/fd.h"

static char top[] = "/tmp/vl-hooks-XXXXXX";
static char *script, *out, *err_file;

static void write_script(const char *text)
{
    if (vl_replace_file(script, text, strlen(text), 0755) < 0)
        diag("cannot write %s", script);
}

static char *slurp(const char *path)
{
    char *text = NULL;
    return vl_slurp_at(-1, path, 1 << 20, &text, NULL) == 0 ? text : vl_strdup("");
}

/* Runs the script; "" when it went well, else the error. */
static char *run(char *const *argv, char *const *envp, uint32_t timeout_ms, const char *state)
{
    struct vl_error *e = NULL;
    struct vl_hook h = {.kind = VL_HOOK_POSTSTART,
                        .path = script,
                        .argv = argv,
                        .envp = envp,
                        .timeout_ms = timeout_ms,
                        .where = "hooks.poststart[0]"};
    struct vl_hook_env env = {.state = state, .cwd = top, .out = out, .err = err_file};
    (void)unlink(out);
    (void)unlink(err_file);
    if (vl_hook_run(&h, &env, &e) == 0)
        return vl_strdup("");
    char *text = vl_error_text(e);
    vl_error_free(e);
    return text;
}

static void like(char *got_take, const char *words, const char *name)
{
    cleanup_free char *got = got_take;
    bool good = *words ? strstr(got, words) != NULL : *got == '\0';
    ok(good, "%s", name);
    if (!good)
        diag("%s", got);
}

static void given(void)
{
    char *const argv[] = {(char *)"zero", (char *)"one two", NULL};
    char *const envp[] = {(char *)"A=b", NULL};
    write_script("#!/bin/sh\ncat; echo; echo \"$#\" \"$1\" \"$A\" \"${HOME-none}\"; pwd; ls "
                 "/proc/self/fd | tr '\\n' ' '; echo bad >&2\n");
    (void)setenv("HOME", "/x", 1);
    cleanup_fd int stray = vl_open("/dev/null", 0);
    (void)stray;
    like(run(argv, envp, 0, "{\"id\":\"x\"}"), "", "a hook that ends well");
    cleanup_free char *text = slurp(out), *problems = slurp(err_file);
    cleanup_free char *want = vl_asprintf("{\"id\":\"x\"}\n1 one two b none\n%s\n0 1 2 3 ", top);
    is_str(text, want, "gets state, arguments, environment, directory, and no descriptor");
    is_str(problems, "bad\n", "and a file for its errors");
    like(run(argv, NULL, 0, ""), "", "an empty state");
    cleanup_free char *big = vl_alloc((1 << 20) + 1);
    memset(big, 'x', 1 << 20);
    write_script("#!/bin/sh\nwc -c\n");
    like(run(NULL, envp, 5000, big), "", "a large state, arguments absent");
    cleanup_free char *count = slurp(out);
    ok(atol(count) == 1 << 20, "arrives whole");
    write_script("#!/bin/sh\nexec <&-\nexit 0\n");
    like(run(NULL, envp, 5000, big), "", "one that does not read it");
}

static void judged(void)
{
    write_script("#!/bin/sh\nexit 3\n");
    like(run(NULL, NULL, 0, "{}"), "exit status 3", "a status");
    like(run(NULL, NULL, 0, "{}"), script, "the path is named");
    like(run(NULL, NULL, 0, "{}"), "poststart hook", "and the kind");
    like(run(NULL, NULL, 0, "{}"), "hooks.poststart[0]", "and the place");
    write_script("#!/bin/sh\nkill -TERM $$\n");
    like(run(NULL, NULL, 0, "{}"), "killed by signal 15", "a signal");
    write_script("#!/bin/sh\nexec sleep 100\n");
    struct timespec t0, t1;
    (void)clock_gettime(CLOCK_MONOTONIC, &t0);
    like(run(NULL, NULL, 100, "{}"), "not finished after 100 ms", "a timeout");
    (void)clock_gettime(CLOCK_MONOTONIC, &t1);
    ok(t1.tv_sec - t0.tv_sec < 10, "which does not wait for the hook");
    write_script("#!/no/such/interpreter\n");
    like(run(NULL, NULL, 0, "{}"), "No such file or directory", "no interpreter");
    (void)chmod(script, 0644);
    like(run(NULL, NULL, 0, "{}"), "Permission denied", "not executable");
    (void)unlink(script);
    like(run(NULL, NULL, 0, "{}"), "No such file or directory", "not there");
    vl_cleanup_free(&out);
    out = vl_asprintf("%s/no/such/file", top);
    write_script("#!/bin/sh\n");
    like(run(NULL, NULL, 0, "{}"), "for the output of hooks", "an output file that cannot be made");
}

int main(void)
{
    if (mkdtemp(top) == NULL)
        skip_all("no temporary directory");
    script = vl_asprintf("%s/script", top);
    out = vl_asprintf("%s/out", top);
    err_file = vl_asprintf("%s/err", top);
    given();
    judged();
    cleanup_free char *clean = vl_asprintf("rm -rf '%s'", top);
    (void)!system(clean);
    free(script);
    free(out);
    free(err_file);
    return done_testing();
}
