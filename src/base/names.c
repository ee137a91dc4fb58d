/* SPDX-License-Identifier: Apache-2.0 */
/* name <-> number tables of the OCI documents, of capabilities and of signals. */
#include "base/names.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include "base/attr.h"
#include "base/str.h"

#define CLONE_NEWTIME_ 0x00000080 /* 5.6; older <sched.h> lacks it */

/* config-linux.md, "Namespaces" */
const struct vl_name vl_ns_names[] = {
    {"pid", CLONE_NEWPID},       {"network", CLONE_NEWNET}, {"mount", CLONE_NEWNS},
    {"ipc", CLONE_NEWIPC},       {"uts", CLONE_NEWUTS},     {"user", CLONE_NEWUSER},
    {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME_},  {NULL, 0},
};

#define SAME(x)                                                                                    \
    {                                                                                              \
#x, x                                                                                      \
    }
/* config.md, "POSIX process"; getrlimit(2) */
const struct vl_name vl_rlimit_names[] = {
    SAME(RLIMIT_CPU),      SAME(RLIMIT_FSIZE),  SAME(RLIMIT_DATA),
    SAME(RLIMIT_STACK),    SAME(RLIMIT_CORE),   SAME(RLIMIT_RSS),
    SAME(RLIMIT_NPROC),    SAME(RLIMIT_NOFILE), SAME(RLIMIT_MEMLOCK),
    SAME(RLIMIT_AS),       SAME(RLIMIT_LOCKS),  SAME(RLIMIT_SIGPENDING),
    SAME(RLIMIT_MSGQUEUE), SAME(RLIMIT_NICE),   SAME(RLIMIT_RTPRIO),
    SAME(RLIMIT_RTTIME),   {NULL, 0},
};

/* config.md, "Linux Process", scheduler; <linux/sched.h>. The C libraries name only some of them.
 */
const struct vl_name vl_sched_names[] = {
    {"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},       {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6}, {NULL, 0},
};
const struct vl_name vl_sched_flag_names[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},     {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}, {NULL, 0},
};

/* <linux/ioprio.h>, 5.15; before that no header had them */
const struct vl_name vl_ioprio_names[] = {
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
    {NULL, 0},
};

/* config-linux.md, "Memory policy"; <linux/mempolicy.h> (PREFERRED_MANY 5.15,
 * WEIGHTED_INTERLEAVE 6.9) */
const struct vl_name vl_mempolicy_names[] = {
    {"MPOL_DEFAULT", 0},
    {"MPOL_PREFERRED", 1},
    {"MPOL_BIND", 2},
    {"MPOL_INTERLEAVE", 3},
    {"MPOL_LOCAL", 4},
    {"MPOL_PREFERRED_MANY", 5},
    {"MPOL_WEIGHTED_INTERLEAVE", 6},
    {NULL, 0},
};
const struct vl_name vl_mempolicy_flag_names[] = {
    {"MPOL_F_NUMA_BALANCING", 1 << 13}, /* 5.12 */
    {"MPOL_F_RELATIVE_NODES", 1 << 14},
    {"MPOL_F_STATIC_NODES", 1 << 15},
    {NULL, 0},
};

const struct vl_name vl_personality_names[] = {
    {"LINUX", PER_LINUX},
    {"LINUX32", PER_LINUX32},
    {NULL, 0},
};

int vl_name_find(const struct vl_name *t, const char *name, int64_t *ret)
{
    for (; t->name != NULL; t++) {
        if (vl_streq(t->name, name)) {
            *ret = t->value;
            return 0;
        }
    }
    return -ENOENT;
}

const char *vl_name_of(const struct vl_name *t, int64_t value)
{
    for (; t->name != NULL; t++)
        if (t->value == value)
            return t->name;
    return NULL;
}

/*
 * <linux/capability.h>, in order. A table of our own because libcap asks the kernel a dozen
 * questions in a constructor, at every start of every program that links it; a test compares the
 * two.
 */
static const char *const cap_names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

const char *vl_cap_name(int cap)
{
    return cap >= 0 && (size_t)cap < VL_ARRAY_LEN(cap_names) ? cap_names[cap] : NULL;
}

int vl_cap_by_name(const char *name)
{
    if (strncasecmp(name, "CAP_", 4) == 0)
        name += 4;
    for (size_t i = 0; i < VL_ARRAY_LEN(cap_names); i++)
        if (strcasecmp(cap_names[i] + 4, name) == 0)
            return (int)i;
    return -ENOENT;
}

#define SIG(x)                                                                                     \
    {                                                                                              \
#x, SIG##x                                                                                 \
    }
static const struct vl_name signal_names[] = {
    SIG(HUP),
    SIG(INT),
    SIG(QUIT),
    SIG(ILL),
    SIG(TRAP),
    SIG(ABRT),
    SIG(BUS),
    SIG(FPE),
    SIG(KILL),
    SIG(USR1),
    SIG(SEGV),
    SIG(USR2),
    SIG(PIPE),
    SIG(ALRM),
    SIG(TERM),
    SIG(CHLD),
    SIG(CONT),
    SIG(STOP),
    SIG(TSTP),
    SIG(TTIN),
    SIG(TTOU),
    SIG(URG),
    SIG(XCPU),
    SIG(XFSZ),
    SIG(VTALRM),
    SIG(PROF),
    SIG(WINCH),
    SIG(IO),
    SIG(PWR),
    SIG(SYS),
#ifdef SIGSTKFLT
    SIG(STKFLT),
#endif
    /* second names */
    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},
    {"POLL", SIGIO},
    {NULL, 0},
};

/* The kernel's real-time range. The C library keeps the first ones (32, 33, with musl 34 too) to
 * itself, and what "RTMIN" means is what the C library of the workload says: glibc's and Go's 34.
 */
enum { RT_MIN = 34, RT_MAX = 64, SIG_LAST = 64 };

/* "+3" after RTMIN, "-2" after RTMAX, or nothing. */
static int real_time(const char *rest, int base, char sign)
{
    uint32_t offset = 0;
    if (*rest != '\0' &&
        (*rest != sign || vl_parse_u32(rest + 1, 10, &offset) < 0 || offset > RT_MAX - RT_MIN))
        return -EINVAL;
    return sign == '+' ? base + (int)offset : base - (int)offset;
}

int vl_signal_by_name(const char *s)
{
    uint32_t n;
    if (vl_parse_u32(s, 10, &n) == 0)
        return n <= SIG_LAST ? (int)n : -EINVAL;
    if (strncasecmp(s, "SIG", 3) == 0)
        s += 3;
    for (const struct vl_name *t = signal_names; t->name != NULL; t++)
        if (strcasecmp(t->name, s) == 0)
            return (int)t->value;
    if (strncasecmp(s, "RTMIN", 5) == 0)
        return real_time(s + 5, RT_MIN, '+');
    if (strncasecmp(s, "RTMAX", 5) == 0)
        return real_time(s + 5, RT_MAX, '-');
    return -EINVAL;
}
