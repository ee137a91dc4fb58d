/* SPDX-License-Identifier: Apache-2.0 */
/* systemd over D-Bus, by libsystemd. */
#include "sys/sdbus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/dl.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/sdbus_abi.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

#define SLOT(type, name, args) type(*name) args;
static struct {
    VL_SDBUS_FUNCTIONS(SLOT)
} lib;

int vl_bus_check(struct vl_error **err)
{
#define SYM(type, name, args) {#name, (void **)&lib.name},
    static const struct vl_dl_sym syms[] = {VL_SDBUS_FUNCTIONS(SYM){NULL, NULL}};
    return vl_dl_open("libsystemd.so.0", "cgroups managed by systemd", syms, err);
}

struct job {
    char *path, *result;
};

struct vl_bus {
    sd_bus *bus;
    bool direct; /* to the manager's own socket: messages have no sender there */
    struct job *ended;
    size_t n_ended;
};

struct vl_bus_msg {
    sd_bus_message *m;
    int error; /* of the first step that failed */
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- connecting ------------------------------------------------------------------------------------- */

void vl_bus_free(struct vl_bus *b)
{
    if (b == NULL)
        return;
    if (b->bus) {
        lib.sd_bus_close(b->bus);
        lib.sd_bus_unref(b->bus);
    }
    for (size_t i = 0; i < b->n_ended; i++) {
        free(b->ended[i].path);
        free(b->ended[i].result);
    }
    free(b->ended);
    free(b);
}

/* Waits for one event and handles it. 0 or -errno; -ETIMEDOUT once until has passed. */
static int step(struct vl_bus *b, int64_t until)
{
    int r = lib.sd_bus_process(b->bus, NULL);
    if (r != 0)
        return r < 0 ? r : 0;
    int64_t left = until - now_ms();
    if (left <= 0)
        return -ETIMEDOUT;
    r = lib.sd_bus_wait(b->bus, (uint64_t)left * 1000);
    return r < 0 && r != -EINTR ? r : 0;
}

static int connect_to(const char *address, bool direct, int64_t until, struct vl_bus **ret)
{
    cleanup(bus) struct vl_bus *b = vl_alloc(sizeof(*b));
    b->direct = direct;
    int r = lib.sd_bus_new(&b->bus);
    if (r >= 0)
        r = lib.sd_bus_set_address(b->bus, address);
    if (r >= 0)
        r = lib.sd_bus_set_bus_client(b->bus, !direct);
    if (r >= 0)
        r = lib.sd_bus_start(b->bus);
    while (r >= 0) {
        r = lib.sd_bus_is_ready(b->bus);
        if (r != 0)
            break;
        r = step(b, until);
    }
    if (r < 0)
        return r;
    *ret = vl_take_ptr(b);
    return 0;
}

/* "unix:path=DIR/FILE" with what D-Bus addresses do not take escaped (D-Bus Specification, "Server Addresses"). */
static char *socket_address(const char *dir, const char *file)
{
    cleanup_free char *path = vl_path_join(dir, file);
    cleanup(str) struct vl_str out = VL_STR_INIT;
    vl_str_add(&out, "unix:path=");
    for (const char *p = path; *p; p++)
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-_/.\\*", *p))
            vl_str_addc(&out, *p);
        else
            vl_str_addf(&out, "%%%02x", (unsigned)(unsigned char)*p);
    return vl_str_take(&out);
}

static const char *variable(const char *name)
{
    const char *s = getenv(name);
    return s && *s ? s : NULL;
}

struct place {
    char *address;
    bool direct;
};

static size_t system_places(struct place *p)
{
    const char *given = variable("DBUS_SYSTEM_BUS_ADDRESS");
    if (given) {
        p[0] = (struct place){vl_strdup(given), false};
        return 1;
    }
    p[0] = (struct place){vl_strdup("unix:path=/run/systemd/private"), true};
    p[1] = (struct place){vl_strdup("unix:path=/run/dbus/system_bus_socket"), false};
    return 2;
}

static size_t user_places(uid_t uid, struct place *p)
{
    const char *dir = variable("XDG_RUNTIME_DIR"), *given = variable("DBUS_SESSION_BUS_ADDRESS");
    cleanup_free char *usual = vl_asprintf("/run/user/%u", (unsigned)uid);
    size_t n = 0;
    p[n++] = (struct place){socket_address(dir ? dir : usual, "systemd/private"), true};
    if (given)
        p[n++] = (struct place){vl_strdup(given), false};
    p[n++] = (struct place){socket_address(dir ? dir : usual, "bus"), false};
    return n;
}

int vl_bus_open(bool user, uid_t uid, int timeout_ms, struct vl_bus **ret, struct vl_error **err)
{
    struct place places[3];
    cleanup(str) struct vl_str tried = VL_STR_INIT;
    int64_t until = now_ms() + timeout_ms;
    int r = -ENOENT;
    if (vl_bus_check(err) < 0)
        return -1;
    size_t n = user ? user_places(uid, places) : system_places(places);
    for (size_t i = 0; i < n && r < 0; i++) {
        r = connect_to(places[i].address, places[i].direct, until, ret);
        if (r < 0)
            vl_str_addf(&tried, "%s`%s`: %s", i ? "; " : "", places[i].address, strerror(-r));
    }
    for (size_t i = 0; i < n; i++)
        free(places[i].address);
    if (r < 0)
        return vl_err_unsupported(err, "systemd", "%s cannot be reached (%s)",
                                  user ? "the user's systemd" : "systemd", tried.s);
    return 0;
}

/* -- calls ------------------------------------------------------------------------------------------ */

struct vl_bus_msg *vl_bus_method(struct vl_bus *b, const char *path, const char *interface, const char *method)
{
    struct vl_bus_msg *m = vl_alloc(sizeof(*m));
    m->error = lib.sd_bus_message_new_method_call(b->bus, &m->m, SYSTEMD, path, interface, method);
    return m;
}

static void note(struct vl_bus_msg *m, int r)
{
    if (r < 0 && m->error >= 0)
        m->error = r;
}

static void put(struct vl_bus_msg *m, char type, const void *p)
{
    if (m->error >= 0)
        note(m, lib.sd_bus_message_append_basic(m->m, type, p));
}

void vl_bus_put_text(struct vl_bus_msg *m, char type, const char *s)
{
    put(m, type, s);
}

void vl_bus_put_int(struct vl_bus_msg *m, char type, uint64_t u)
{
    uint8_t u8 = (uint8_t)u;
    uint16_t u16 = (uint16_t)u;
    uint32_t u32 = (uint32_t)u;
    int truth = u != 0;
    switch (type) {
    case 'y':
        put(m, type, &u8);
        break;
    case 'n':
    case 'q':
        put(m, type, &u16);
        break;
    case 'b':
        put(m, type, &truth);
        break;
    case 'i':
    case 'u':
        put(m, type, &u32);
        break;
    case 'x':
    case 't':
        put(m, type, &u);
        break;
    default: /* h: no descriptor of ours has business there */
        note(m, -EINVAL);
        break;
    }
}

void vl_bus_put_double(struct vl_bus_msg *m, double d)
{
    put(m, 'd', &d);
}

void vl_bus_put_bytes(struct vl_bus_msg *m, const uint8_t *bytes, size_t n)
{
    if (m->error >= 0)
        note(m, lib.sd_bus_message_append_array(m->m, 'y', bytes, n));
}

void vl_bus_open_container(struct vl_bus_msg *m, char type, const char *contents)
{
    if (m->error >= 0)
        note(m, lib.sd_bus_message_open_container(m->m, type, contents));
}

void vl_bus_close_container(struct vl_bus_msg *m)
{
    if (m->error >= 0)
        note(m, lib.sd_bus_message_close_container(m->m));
}

static int read_text(sd_bus_message *reply, char **ret)
{
    const char *contents = NULL, *s = NULL;
    char type = 0;
    int r = lib.sd_bus_message_peek_type(reply, &type, &contents);
    if (r > 0 && type == 'v') {
        r = lib.sd_bus_message_enter_container(reply, 'v', contents);
        if (r >= 0)
            r = lib.sd_bus_message_peek_type(reply, &type, &contents);
    }
    if (r <= 0 || (type != 's' && type != 'o'))
        return r < 0 ? r : -EBADMSG;
    r = lib.sd_bus_message_read_basic(reply, type, &s);
    if (r < 0)
        return r;
    *ret = vl_strdup(s);
    return 0;
}

int vl_bus_call(struct vl_bus *b, struct vl_bus_msg *m, int timeout_ms, char **ret_text, struct vl_bus_fault *fault)
{
    sd_bus_error e = {NULL, NULL, 0};
    sd_bus_message *reply = NULL;
    int r = m->error;
    *fault = (struct vl_bus_fault){"", ""};
    if (r >= 0)
        r = lib.sd_bus_call(b->bus, m->m, (uint64_t)(timeout_ms > 0 ? timeout_ms : 1) * 1000, &e, &reply);
    if (r >= 0 && ret_text)
        r = read_text(reply, ret_text);
    /* sd-bus makes errors of its own too, such as that for a connection that was lost */
    if (e.name)
        snprintf(fault->name, sizeof(fault->name), "%s", e.name);
    if (e.message)
        snprintf(fault->text, sizeof(fault->text), "%s", e.message);
    lib.sd_bus_error_free(&e);
    if (reply)
        lib.sd_bus_message_unref(reply);
    if (m->m)
        lib.sd_bus_message_unref(m->m);
    free(m);
    return r < 0 ? r : 0;
}

/* -- jobs ------------------------------------------------------------------------------------------- */

/* JobRemoved(u id, o job, s unit, s result) */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    struct vl_bus *b = userdata;
    const char *path, *unit, *result;
    uint32_t id;
    if (lib.sd_bus_message_read_basic(m, 'u', &id) <= 0 || lib.sd_bus_message_read_basic(m, 'o', &path) <= 0 ||
        lib.sd_bus_message_read_basic(m, 's', &unit) <= 0 || lib.sd_bus_message_read_basic(m, 's', &result) <= 0)
        return 0;
    struct job *j = VL_APPEND(b->ended, b->n_ended);
    j->path = vl_strdup(path);
    j->result = vl_strdup(result);
    return 0;
}

int vl_bus_watch_jobs(struct vl_bus *b)
{
    /* The bus handles messages of one connection in their order: no need to wait for the answer. */
    int r = lib.sd_bus_match_signal_async(b->bus, NULL, b->direct ? NULL : SYSTEMD, "/org/freedesktop/systemd1", MANAGER,
                                          "JobRemoved", on_job_removed, NULL, b);
    return r < 0 ? r : 0;
}

int vl_bus_wait_job(struct vl_bus *b, const char *job, int timeout_ms, char result[32])
{
    int64_t until = now_ms() + timeout_ms;
    size_t seen = 0;
    for (;;) {
        for (; seen < b->n_ended; seen++)
            if (vl_streq(b->ended[seen].path, job)) {
                snprintf(result, 32, "%s", b->ended[seen].result);
                return 0;
            }
        int r = step(b, until);
        if (r < 0)
            return r;
    }
}
