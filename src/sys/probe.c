/* SPDX-License-Identifier: Apache-2.0 */
/* What a host offers, for `doctor`. */
#include "sys/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/dm-ioctl.h>
#include <linux/fsverity.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/bpf.h"
#include "sys/clone.h"
#include "sys/compat.h"
#include "sys/fd.h"

#ifndef __NR_lsm_list_modules
#define __NR_lsm_list_modules 461 /* 6.8 */
#endif

int vl_probe_userns(void)
{
    struct vl_parked p;
    int r = vl_parked_start(CLONE_NEWUSER, &p);
    if (r == 0)
        vl_parked_end(&p);
    return r;
}

/* Whether some line of a file ends in word, after a blank. */
static bool last_word_is(const char *path, const char *word)
{
    cleanup_free char *text = NULL;
    bool found = false;
    char *save;
    if (vl_slurp_at(AT_FDCWD, path, 1 << 20, &text, NULL) < 0)
        return false;
    for (char *line = strtok_r(text, "\n", &save); line != NULL && !found;
         line = strtok_r(NULL, "\n", &save)) {
        char *blank = line + strlen(line);
        while (blank > line && blank[-1] != ' ' && blank[-1] != '\t')
            blank--;
        found = vl_streq(blank, word);
    }
    return found;
}

bool vl_probe_filesystem(const char *name)
{
    return last_word_is("/proc/filesystems", name);
}

bool vl_probe_misc(const char *name)
{
    return last_word_is("/proc/misc", name);
}

bool vl_probe_module(const char *release, const char *name)
{
    static const char *const lists[] = {"modules.builtin", "modules.dep"};
    cleanup_free char *file = vl_asprintf("/%s.ko", name);
    for (size_t i = 0; i < VL_ARRAY_LEN(lists); i++) {
        cleanup_free char *path = vl_asprintf("/lib/modules/%s/%s", release, lists[i]);
        cleanup_free char *text = NULL;
        if (vl_slurp_at(AT_FDCWD, path, 8 << 20, &text, NULL) == 0 && strstr(text, file) != NULL)
            return true;
    }
    return false;
}

int vl_probe_dm_target(const char *name, char ret[16])
{
    union {
        struct dm_ioctl head;
        char bytes[16384];
    } buf;
    if (!vl_probe_misc("device-mapper")) /* opening its node would load the module */
        return -ENODEV;
    cleanup_fd int fd = vl_open("/dev/mapper/control", O_RDWR);
    if (fd < 0)
        return fd;
    memset(&buf, 0, sizeof(buf));
    buf.head.version[0] = DM_VERSION_MAJOR;
    buf.head.data_size = sizeof(buf);
    buf.head.data_start = sizeof(buf.head);
    if (ioctl(fd, DM_LIST_VERSIONS, &buf) < 0)
        return -errno;
    for (size_t at = buf.head.data_start;
         at + sizeof(struct dm_target_versions) < buf.head.data_size;) {
        struct dm_target_versions t;
        memcpy(&t, buf.bytes + at, sizeof(t));
        if (strncmp(buf.bytes + at + sizeof(t), name, buf.head.data_size - at - sizeof(t)) == 0) {
            (void)snprintf(ret, 16, "%u.%u.%u", t.version[0] % 1000, t.version[1] % 1000,
                           t.version[2] % 1000);
            return 0;
        }
        if (t.next == 0)
            break;
        at += t.next;
    }
    return -ENOENT;
}

int vl_probe_fsverity(int fd)
{
    union {
        struct fsverity_digest head;
        char bytes[sizeof(struct fsverity_digest) + 64];
    } digest;
    memset(&digest, 0, sizeof(digest));
    digest.head.digest_size = 64;
    if (ioctl(fd, FS_IOC_MEASURE_VERITY, &digest) == 0 ||
        errno == ENODATA) /* there, and not switched on for this file */
        return 0;
    return -errno;
}

/* <linux/lsm.h> */
static const char *const lsm_names[] = {
    "capability", "selinux",  "smack", "tomoyo",   "apparmor", "yama", "loadpin",
    "safesetid",  "lockdown", "bpf",   "landlock", "ima",      "evm",  "ipe"};
enum { LSM_FIRST = 100 };

static int lsms_by_call(char **ret)
{
    uint64_t ids[64];
    uint32_t size = sizeof(ids);
    struct vl_str b = VL_STR_INIT;
    long n = syscall(__NR_lsm_list_modules, ids, &size, 0U);
    if (n < 0)
        return -errno;
    for (long i = 0; i < n; i++) {
        uint64_t at = ids[i] - LSM_FIRST;
        vl_str_add(&b, i > 0 ? "," : "");
        if (at < VL_ARRAY_LEN(lsm_names))
            vl_str_add(&b, lsm_names[at]);
        else
            vl_str_addf(&b, "%llu", (unsigned long long)ids[i]);
    }
    *ret = vl_str_take(&b);
    return 0;
}

int vl_probe_lsms(char **ret)
{
    if (lsms_by_call(ret) == 0)
        return 0;
    return vl_slurp_at(AT_FDCWD, "/sys/kernel/security/lsm", 4096, ret, NULL) == 0 ? 0 : -ENOENT;
}

int vl_probe_cgroup_bpf(void)
{
    static const struct bpf_insn allow[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
        {.code = BPF_JMP | BPF_EXIT},
    };
    int fd = vl_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, allow, VL_ARRAY_LEN(allow),
                         "Apache-2.0", "veloci_probe", NULL, 0);
    if (fd < 0)
        return fd;
    vl_close(fd);
    return 0;
}

int vl_probe_number(const char *path, int64_t *ret)
{
    cleanup_free char *text = NULL;
    int r = vl_slurp_at(AT_FDCWD, path, 4096, &text, NULL);
    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    return vl_parse_i64(text, 10, ret);
}
