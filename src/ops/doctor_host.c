/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: images, libraries, programs, engines. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "ops/doctor.h"
#include "sys/clone.h"
#include "sys/fd.h"
#include "sys/host.h"
#include "sys/probe.h"

/* -- images ------------------------------------------------------------------------------------ */

static const char images[] = "images";

/* A part of the kernel that is there now, or would be loaded when it is used. */
static void part(struct vl_doctor *d, const struct vl_host *h, const char *name, bool there,
                 const char *module)
{
    cleanup_free char *remedy = vl_asprintf("install the kernel module %s", module);
    if (there)
        vl_doctor_add(d, images, name, VL_FOUND, NULL, "%s", "");
    else if (h->kernel_release != NULL && vl_probe_module(h->kernel_release, module))
        vl_doctor_add(d, images, name, VL_FOUND, NULL, "module %s, loaded when it is used", module);
    else
        vl_doctor_add(d, images, name, VL_MISSING, remedy, "not in this kernel");
}

static void verity(struct vl_doctor *d, const struct vl_host *h)
{
    char version[16];
    int r = vl_probe_dm_target("verity", version);
    if (r == 0)
        vl_doctor_add(d, images, "dm-verity", VL_FOUND, NULL, "version %s", version);
    else if (r == -EACCES || r == -EPERM)
        vl_doctor_add(d, images, "dm-verity", VL_LIMITED, "ask as root", "/dev/mapper/control: %s",
                      strerror(-r));
    else
        part(d, h, "dm-verity", false, "dm-verity");
}

void vl_doctor_images(struct vl_doctor *d, const struct vl_host *h)
{
    cleanup_fd int own = vl_open("/proc/self/exe", O_RDONLY);
    int r = own < 0 ? own : vl_probe_fsverity(own);
    part(d, h, "overlay", vl_probe_filesystem("overlay"), "overlay");
    part(d, h, "squashfs", vl_probe_filesystem("squashfs"), "squashfs");
    part(d, h, "EROFS", vl_probe_filesystem("erofs"), "erofs");
    part(d, h, "FUSE", vl_probe_filesystem("fuse"), "fuse");
    part(d, h, "loop devices", vl_probe_misc("loop-control"), "loop");
    part(d, h, "device mapper", vl_probe_misc("device-mapper"), "dm-mod");
    verity(d, h);
    vl_doctor_add(
        d, images, "fs-verity", r == 0 ? VL_FOUND : VL_LIMITED,
        "use ext4, btrfs or f2fs with the feature verity on a kernel with CONFIG_FS_VERITY", "%s",
        r == 0 ? "" : "not on the file system of this program");
}

/* -- libraries opened on first use ------------------------------------------------------------- */

/* One row for every library that code of this build opens (vl_dl_open); a test compares the two. */
static const struct {
    const char *soname, *use, *remedy;
} libraries[] = {
    {"libseccomp.so.2", "system call names of seccomp profiles",
     "install libseccomp2 (Debian) or libseccomp"},
    {"libsystemd.so.0", "the systemd cgroup driver",
     "install libsystemd0 (Debian) or systemd-libs"},
};

void vl_doctor_libraries(struct vl_doctor *d)
{
    for (size_t i = 0; i < VL_ARRAY_LEN(libraries); i++) {
        struct link_map *map = NULL;
        void *lib = dlopen(libraries[i].soname, RTLD_LAZY | RTLD_LOCAL);
        if (lib == NULL) {
            vl_doctor_add(d, "libraries", libraries[i].soname, VL_MISSING, libraries[i].remedy,
                          "not found; for %s", libraries[i].use);
            continue;
        }
        bool told = dlinfo(lib, RTLD_DI_LINKMAP, &map) == 0 && map != NULL && map->l_name != NULL;
        vl_doctor_add(d, "libraries", libraries[i].soname, VL_FOUND, NULL, "%s; for %s",
                      told && *map->l_name != '\0' ? map->l_name : "linked in", libraries[i].use);
        (void)dlclose(lib);
    }
}

/* -- programs ---------------------------------------------------------------------------------- */

void vl_doctor_programs(struct vl_doctor *d)
{
    static const struct {
        const char *name, *use, *remedy;
    } programs[] = {
        {"newuidmap", "ids of rootless containers", "install uidmap (Debian) or shadow-utils"},
        {"newgidmap", "group ids of rootless containers",
         "install uidmap (Debian) or shadow-utils"},
        {"mksquashfs", "making squashfs images", "install squashfs-tools"},
        {"mkfs.erofs", "making EROFS images", "install erofs-utils"},
        {"veritysetup", "hash trees of images", "install cryptsetup-bin (Debian) or veritysetup"},
        {"pasta", "network of rootless containers", "install passt"},
        {"criu", "checkpoints", "install criu"},
    };
    /* helpers of the system are not in the path of ordinary users */
    const char *path = getenv("PATH");
    cleanup_free char *list = vl_asprintf("%s:/usr/local/sbin:/usr/sbin:/sbin",
                                          path != NULL && *path != '\0' ? path : "/usr/bin");
    for (size_t i = 0; i < VL_ARRAY_LEN(programs); i++) {
        cleanup_free char *where = NULL;
        bool there = vl_find_program(programs[i].name, list, &where) == 0;
        vl_doctor_add(d, "programs", programs[i].name, there ? VL_FOUND : VL_MISSING,
                      programs[i].remedy, "%s; for %s", there ? where : "not found",
                      programs[i].use);
    }
}

/* -- engines ----------------------------------------------------------------------------------- */

enum { CONFIG_MAX = 1 << 20 };

/* A line that names veloci and is no comment. */
static bool names_veloci(const char *text)
{
    while (text != NULL && *text != '\0') {
        const char *end = strchrnul(text, '\n'), *comment = memchr(text, '#', (size_t)(end - text));
        size_t n = (size_t)((comment != NULL ? comment : end) - text);
        if (memmem(text, n, "veloci", strlen("veloci")) != NULL)
            return true;
        text = *end == '\n' ? end + 1 : NULL;
    }
    return false;
}

static bool file_names_veloci(const char *path)
{
    struct stat st;
    cleanup_free char *text = NULL;
    cleanup_fd int fd = vl_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           vl_slurp_fd(fd, CONFIG_MAX, &text, NULL) == 0 && names_veloci(text);
}

/* The file that does, or NULL. patterns: of glob(7), a colon between; those that begin with ~ are
 * below $HOME. */
static char *configured_in(const char *patterns)
{
    cleanup_free char *copy = vl_strdup(patterns);
    const char *home = getenv("HOME");
    char *save, *found = NULL;
    for (char *p = strtok_r(copy, ":", &save); p != NULL && found == NULL;
         p = strtok_r(NULL, ":", &save)) {
        if (*p == '~' && (home == NULL || *home != '/'))
            continue;
        cleanup_free char *pattern = *p == '~' ? vl_asprintf("%s%s", home, p + 1) : vl_strdup(p);
        glob_t g;
        if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
            continue;
        for (size_t i = 0; i < g.gl_pathc && found == NULL; i++)
            if (file_names_veloci(g.gl_pathv[i]))
                found = vl_strdup(g.gl_pathv[i]);
        globfree(&g);
    }
    return found;
}

#define CONTAINERS_CONF                                                                            \
    "/etc/containers/containers.conf:/etc/containers/containers.conf.d/*.conf:/usr/share/"         \
    "containers/containers.conf:"                                                                  \
    "~/.config/containers/containers.conf:~/.config/containers/containers.conf.d/*.conf"

void vl_doctor_engines(struct vl_doctor *d)
{
    static const struct {
        const char *name, *program, *files;
    } engines[] = {
        {"Podman", "podman", CONTAINERS_CONF},
        {"Buildah", "buildah", CONTAINERS_CONF},
        {"Docker", "dockerd", "/etc/docker/daemon.json:~/.config/docker/daemon.json"},
        {"containerd", "containerd", "/etc/containerd/config.toml:/etc/containerd/conf.d/*.toml"},
        {"CRI-O", "crio", "/etc/crio/crio.conf:/etc/crio/crio.conf.d/*"},
    };
    cleanup_free char *list =
        vl_asprintf("%s:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
                    getenv("PATH") != NULL ? getenv("PATH") : "");
    for (size_t i = 0; i < VL_ARRAY_LEN(engines); i++) {
        cleanup_free char *where = NULL;
        if (vl_find_program(engines[i].program, list, &where) < 0)
            continue; /* nobody misses an engine that he does not use */
        cleanup_free char *file = configured_in(engines[i].files);
        vl_doctor_add(d, "engines", engines[i].name, file != NULL ? VL_FOUND : VL_LIMITED,
                      "add veloci to its configuration, as in README.md", "%s; %s%s", where,
                      file != NULL ? "veloci is named in " : "veloci is not in its configuration",
                      file != NULL ? file : "");
    }
}
