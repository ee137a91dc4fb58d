/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp profiles that engines really hand over (tests/data/bundles): the same verdicts as
 * libseccomp's own program, the rule about newer calls aside, in far fewer instructions; and how
 * long it takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ocispec.h>
#include "base/attr.h"
#include "base/io.h"
#include "confine/bpf_sim.h"
#include "confine/seccomp_cache.h"
#include "seccomp-oracle.h"
#include "tap.h"

#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint64_t some_value(void)
{
    static const uint64_t some[] = {0,       1,       2,          3,          8,
                                    9,       10,      16,         17,         40,
                                    0x20000, 0x20008, 0xffffffff, 0x7e020000, 1024,
                                    0x1000,  1 << 30, 0x10000000, 0x80000000, UINT64_MAX};
    return some[(size_t)rand() % VL_ARRAY_LEN(some)];
}

/* Verdicts that differ; ours may be ENOSYS where theirs is the default. */
static size_t differences(const struct vl_seccomp_prog *ours, const struct sock_filter *theirs,
                          size_t n_theirs, uint32_t def, size_t *ret_newer)
{
    static const struct {
        uint32_t arch, base;
    } spaces[] = {
        {AUDIT_ARCH_X86_64, 0},          {AUDIT_ARCH_I386, 0},  {AUDIT_ARCH_X86_64, 0x40000000},
        {AUDIT_ARCH_AARCH64, 0},         {AUDIT_ARCH_ARM, 0},   {AUDIT_ARCH_X86_64, 0x80000000},
        {AUDIT_ARCH_X86_64, 0x3fffff00}, {AUDIT_ARCH_S390X, 0}, {AUDIT_ARCH_X86_64, 0xffffff00}};
    size_t differ = 0;
    for (size_t s = 0; s < VL_ARRAY_LEN(spaces); s++)
        for (uint32_t nr = 0; nr < 600; nr++)
            for (int t = 0; t < 25; t++) {
                struct seccomp_data d = {.nr = (int)(spaces[s].base + nr), .arch = spaces[s].arch};
                for (int i = 0; i < 6; i++)
                    d.args[i] = some_value();
                uint32_t a = vl_bpf_run(ours->insns, ours->n, &d),
                         b = vl_bpf_run(theirs, n_theirs, &d);
                if (a == ENOSYS_RET && b == def && def != ENOSYS_RET)
                    (*ret_newer)++;
                else if (a != b && differ++ < 5)
                    diag("%#x %#x: %#x, libseccomp %#x", d.arch, (unsigned)d.nr, a, b);
            }
    return differ;
}

static void compare(const char *name, const struct oci_seccomp *profile)
{
    struct vl_seccomp_prog *prog = NULL;
    struct vl_error *err = NULL;
    double begin = now_us();
    int r = vl_seccomp_compile(profile, false, &prog, &err);
    double ours_us = now_us() - begin;
    size_t n = 0, newer = 0;
    begin = now_us();
    struct sock_filter *theirs = oracle_libseccomp(profile, 2, &n);
    double theirs_us = now_us() - begin;
    if (!ok(r == 0 && theirs != NULL, "%s: both compile", name)) {
        vl_error_free(err);
        return;
    }
    uint32_t def = oracle_default(profile);
    ok(differences(prog, theirs, n, def, &newer) == 0, "%s: the same verdicts", name);
    ok(prog->n < n, "%s: fewer instructions", name);
    diag("%s: %zu instructions in %.0f us; libseccomp %zu in %.0f us; %zu numbers are newer", name,
         prog->n, ours_us, n, theirs_us, newer / 25);
    free(theirs);
    vl_seccomp_prog_free(prog);
}

/* What a container start pays when the profile is known already. */
static void warm(const struct oci_seccomp *profile)
{
    char root[] = "/tmp/vl-seccomp-XXXXXX";
    struct vl_seccomp_cache cache = {.root_fd = -1};
    double best = 1e9;
    if (mkdtemp(root) == NULL ||
        (cache.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return;
    for (int i = 0; i < 20; i++) {
        struct vl_seccomp_prog *prog = NULL;
        struct vl_error *err = NULL;
        double begin = now_us();
        if (vl_seccomp_cached(&cache, profile, false, &prog, &err) < 0)
            vl_error_free(err);
        double us = now_us() - begin;
        best = us < best ? us : best;
        vl_seccomp_prog_free(prog);
    }
    ok(cache.hit, "the profile is in the cache");
    diag("out of the cache in %.0f us", best);
    vl_close(cache.root_fd);
    cleanup_free char *command = NULL;
    if (asprintf(&command, "rm -r %s", root) > 0 && system(command) != 0)
        diag("%s is left behind", root);
}

static void test_bundle(const char *dir, const char *name)
{
    cleanup_free char *path = NULL, *text = NULL;
    struct oci_report report = OCI_REPORT_INIT;
    struct oci_doc *doc = NULL;
    struct oci_config *config = NULL;
    size_t len;
    if (asprintf(&path, "%s/%s", dir, name) < 0 ||
        vl_slurp_at(AT_FDCWD, path, OCI_SIZE_MAX, &text, &len) < 0 ||
        oci_config_parse(text, len, &doc, &config, &report) < 0) {
        oci_report_reset(&report);
        return; /* a process document */
    }
    if (config->linux != NULL && config->linux->seccomp != NULL) {
        compare(name, config->linux->seccomp);
        if (strcmp(name, "podman-run.json") == 0)
            warm(config->linux->seccomp);
    }
    oci_report_reset(&report);
    oci_doc_free(doc);
}

int main(void)
{
    const char *srcdir = getenv("srcdir");
    cleanup_free char *dir = NULL;
    struct dirent **names;
    srand(7);
    if (asprintf(&dir, "%s/tests/data/bundles", srcdir ? srcdir : ".") < 0)
        return 1;
    int n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        skip_all("no bundles at %s", dir);
    for (int i = 0; i < n; i++) {
        const char *end = strrchr(names[i]->d_name, '.');
        if (end != NULL && strcmp(end, ".json") == 0)
            test_bundle(dir, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return done_testing();
}
