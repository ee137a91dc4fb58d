/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to systemd: our declarations against the library's header, and every wait has an end. The other side is
 * tests/lib/fake-systemd; what it is told is tested by tests/cli/systemd-fake.
 */
#if __has_include(<systemd/sd-bus.h>)
#include <systemd/sd-bus.h>
#define VL_SDBUS_HAVE_HEADER 1
#endif
#include "sys/sdbus_abi.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include "base/mem.h"
#include "cgroup/internal.h"
#include "tap.h"

/* -- declarations ----------------------------------------------------------------------------------- */

#ifdef VL_SDBUS_HAVE_HEADER
#define SLOT(type, name, args) type(*name) args;
struct declared {
    VL_SDBUS_FUNCTIONS(SLOT)
};
#define COMPARE(type, name, args)                                                                  \
    ok(__builtin_types_compatible_p(__typeof__(&name), __typeof__(((struct declared *)0)->name)),  \
       "%s is declared as in <systemd/sd-bus.h>", #name);
static void check_declarations(void)
{
    VL_SDBUS_FUNCTIONS(COMPARE)
}
#else
static void check_declarations(void)
{
    skip("<systemd/sd-bus.h> is not installed: our declarations are not compared");
}
#endif

/* -- a systemd that is slow or gone ------------------------------------------------------------------ */

static char *dir;

static struct vl_child start_fake(const char *behaviour)
{
    const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
    cleanup_free char *program = vl_asprintf("%s/tests/lib/fake-systemd", srcdir), *log = vl_path_join(dir, "log"),
                      *socket = vl_path_join(dir, "bus"), *found = NULL;
    struct vl_child child = {0, VL_NOFD};
    if (vl_find_program("python3", NULL, &found) < 0 || access(program, R_OK) < 0)
        return child;
    char *argv[] = {(char *)"python3", program, socket, log, (char *)behaviour, NULL};
    struct vl_spawn s = VL_SPAWN_INIT;
    s.path = found;
    s.argv = argv;
    s.envp = environ;
    s.die_with_parent = true;
    (void)unlink(socket);
    if (vl_spawn(&s, &child, NULL) < 0)
        return (struct vl_child){0, VL_NOFD};
    for (int i = 0; i < 1000 && access(socket, F_OK) < 0; i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return child;
}

static long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Stops a unit that does not exist, at a systemd that behaves so. */
static void waits(const char *behaviour, const char *words, const char *what)
{
    struct vl_cgroup cg = {.desc = {.unit = {.name = (char *)"x.scope", .sub = (char *)""}}};
    cleanup(error) struct vl_error *e = NULL;
    struct vl_child fake = start_fake(behaviour);
    if (fake.pid == 0) {
        skip("%s: python3 or tests/lib/fake-systemd is not there", what);
        return;
    }
    long began = now_ms();
    int r = vl_cg_unit_stop(&cg, -1, &e);
    long took = now_ms() - began;
    cleanup_free char *text = e ? vl_error_text(e) : vl_strdup("no error");
    vl_bus_free(cg.bus);
    vl_child_kill(&fake);
    if (e && strstr(text, "cannot be loaded")) {
        skip("%s: libsystemd is not installed", what);
        return;
    }
    ok((*words ? r < 0 && strstr(text, words) != NULL : r == 0), "%s", what);
    diag("%s, after %ld ms", text, took);
    ok(took < 3000, "and that in time");
}

static void check_texts(void)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"unit:system/container/a.scope", true}, {"unit:user/1000/container/a.scope", true},
                 {"unit:system//a.scope", true},          {"unit:user/4294967294//a-b.scope", true},
                 {"unit:system/a.scope", false},          {"unit:user/x/container/a.scope", false},
                 {"unit:user/1000/a.scope", false},       {"unit:system/container/", false},
                 {"unit:system/a/b/c", false},            {"unit:other/a/b", false},
                 {"unit:", false},                        {"", false}};
    for (size_t i = 0; i < VL_ARRAY_LEN(cases); i++) {
        struct vl_cgroup_unit u = {.name = NULL};
        int r = vl_cg_unit_parse(cases[i].text, &u);
        cleanup_free char *again = r == 0 ? vl_cg_unit_format(&u) : vl_strdup("");
        ok((r == 0) == cases[i].valid && (r < 0 || vl_streq(again, cases[i].text)), "`%s`", cases[i].text);
        free(u.name);
        free(u.sub);
    }
}

int main(void)
{
    char template[] = "/tmp/veloci-sdbus-XXXXXX";
    check_declarations();
    check_texts();
    dir = mkdtemp(template);
    cleanup_free char *bus = vl_path_join(dir, "bus"), *log = vl_path_join(dir, "log");
    cleanup_free char *address = vl_asprintf("unix:path=%s", bus);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
    setenv("VELOCI_SYSTEMD_MS", "500", 1);
    waits("ok", "", "no such unit");
    waits("silent", "systemd cannot be reached", "a bus that does not answer");
    waits("mute", "stop unit `x.scope`: Connection timed out", "a systemd that does not answer");
    waits("deny", "stop unit `x.scope`: systemd: Access denied", "a systemd that denies");
    (void)unlink(bus);
    (void)unlink(log);
    (void)rmdir(dir);
    return done_testing();
}
