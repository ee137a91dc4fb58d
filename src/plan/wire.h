/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch plan on the wire, and the messages between veloci and its stage.
 *
 * Freestanding: veloci-stage (no C library) and the planner include the same file. All integers are
 * little-endian. A plan is one buffer:
 *
 *   vl_wire_header | vl_wire_body | vl_wire_desc[n_desc] | vl_wire_op[n_op] | area
 *
 * The area holds strings and blobs: each starts 8-aligned and is followed by a NUL byte. Decoding is total
 * (vl_wire_check): any bytes give a plan or a precise refusal.
 */
#ifndef VL_PLAN_WIRE_H
#define VL_PLAN_WIRE_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the plan's wire format is little-endian and is not converted"
#endif

#define VL_WIRE_MAGIC "VLPLAN\r\n"
#define VL_WIRE_VERSION 1u
#define VL_WIRE_MAX (8u << 20)
#define VL_WIRE_MAX_DESC 4096u
#define VL_WIRE_MAX_OP 65536u
#define VL_WIRE_MAX_PRESERVE 65536u
#define VL_WIRE_MAX_ADDED 64u /* mounts added to a running container, or removed from it, in one go */

/* A string or blob of the area; off VL_NOREF means absent. len does not count the NUL. A vector (argv, mount
 * options) is a blob of strings, each ended by a NUL of its own, which len does count. */
struct vl_ref {
    uint32_t off, len;
};
#define VL_NOREF 0xffffffffu

struct vl_wire_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t length;    /* of the whole buffer */
    uint8_t sha256[32]; /* of everything behind this header */
};

struct vl_wire_body {
    uint32_t n_desc, n_op;
    uint32_t area_len;
    uint32_t features; /* VL_FEAT_*: what the host's kernel offers, as gathered once */
    uint32_t preserve_fds; /* descriptors 3 … 2+n belong to the workload */
    uint32_t reserved;
};

/* Kernel features the stage may use; a clear bit selects the tested fallback. */
enum {
    VL_FEAT_OPENAT2 = 1 << 0,
    VL_FEAT_MOUNT_SETATTR = 1 << 1,
    VL_FEAT_NEW_MOUNT = 1 << 2, /* fsopen, fsmount, open_tree, move_mount */
    VL_FEAT_CLOSE_RANGE = 1 << 3,
    VL_FEAT_CLONE3 = 1 << 4,
};

/* -- descriptors -------------------------------------------------------------------------------- */

enum vl_role { /* what the descriptor is for */
    VL_ROLE_ROOT = 1, /* the root file system's directory */
    VL_ROLE_SOURCE,   /* source of a bind mount */
    VL_ROLE_NS,       /* a namespace to join; aux = its CLONE_NEW* type */
    VL_ROLE_EMPTY,    /* the shared empty directory that covers masked directories */
    VL_ROLE_NULL,     /* /dev/null, which covers masked files */
    VL_ROLE_DEVICE,   /* a device node of the host; aux = dev_t */
    VL_ROLE_GATE,     /* listening socket of the start gate */
    VL_ROLE_IDMAP,    /* user namespace that carries an id-mapped mount's mapping */
    VL_ROLE_CGROUP,   /* the container's cgroup directory (bind source of cgroup views) */
    VL_ROLE_NOTIFY,   /* directory of the sd_notify proxy socket */
    VL_ROLE_IMAGE,    /* detached mount of a verified image */
    VL_ROLE_PROCESS,  /* pidfd of a process whose namespaces are joined */
    VL_ROLE_MAX
};

enum vl_kind { VL_KIND_ANY = 0, VL_KIND_DIR, VL_KIND_FILE, VL_KIND_CHAR, VL_KIND_BLOCK, VL_KIND_SOCKET, VL_KIND_NSFS, VL_KIND_MAX };

enum vl_acquire { /* who opens it, when */
    VL_ACQ_TREE = 1,  /* veloci, before the clone: detached clone of the mount tree */
    VL_ACQ_OPEN,      /* veloci, before the clone: a plain descriptor (O_PATH, or O_RDONLY for namespaces) */
    VL_ACQ_IN_NS,     /* veloci, after the clone, inside the container's new mount namespace with veloci's own
                         rights: O_PATH, sent with PROCEED; the stage clones it, so that locks stay (launch with a
                         user namespace) */
    VL_ACQ_LATE_TREE, /* veloci, after the clone: detached tree, sent with PROCEED (id-mapped to the new user
                         namespace) */
    VL_ACQ_INHERITED, /* the stage, by the same path in the tree it inherited, just before its use, so that mounts are
                         made in the order of config.json; veloci has opened it before the clone for its identity,
                         which must be the same, and holds it until READY. Never passed on */
    VL_ACQ_MAX
};

enum { /* vl_wire_desc.flags */
    VL_DESC_RECURSIVE = 1 << 0, /* clone the whole tree */
    VL_DESC_NOFOLLOW = 1 << 1,  /* do not follow a symbolic link at the end of path */
    VL_DESC_OPTIONAL = 1 << 2,  /* absent is allowed: fd stays -1 */
};

struct vl_wire_desc {
    uint16_t role, kind, acquire, flags;
    int32_t fd;         /* number in the stage; -1 until it arrives with PROCEED. Not part of the plan digest */
    uint32_t aux;       /* see role */
    uint64_t dev, ino;  /* identity, filled in by prep. Not part of the plan digest */
    struct vl_ref path; /* for messages and for opening by the parent */
    struct vl_ref where; /* place in config.json, or absent */
};

/* -- operations --------------------------------------------------------------------------------- */

enum vl_phase {
    VL_PHASE_HOST = 0, /* done by veloci itself; never sent to the stage */
    VL_PHASE_IDENTITY,
    VL_PHASE_VISIBILITY,
    VL_PHASE_AMBIENT,
    VL_PHASE_CONFINEMENT,
    VL_PHASE_READY, /* resolve, ready, gate, hooks, rlimits, late filter, exec */
    VL_PHASE_MAX
};

#define VL_OP_NUMS 8
#define VL_OP_STRS 5
#define VL_OP_FDS 4

struct vl_wire_op {
    uint16_t code; /* enum vl_op_code */
    uint8_t phase; /* enum vl_phase */
    uint8_t version;
    uint32_t reserved;
    struct vl_ref where; /* place in config.json, or absent */
    int64_t n[VL_OP_NUMS];
    struct vl_ref s[VL_OP_STRS];
    int16_t fd[VL_OP_FDS]; /* index into the descriptor table, -1 = none */
};

/* Argument positions follow each code: n = numbers, s = strings/blobs, f = descriptors. The table in
 * plan/optable.c gives names, phases and counts. New codes are appended, numbers never reused. */
enum vl_op_code {
    /* host: done by veloci */
    VL_OP_CLONE = 1,     /* n: flags (CLONE_NEW*), join (1 = the join sequence) */
    VL_OP_IDMAP = 2,     /* n: kind (0 uid, 1 gid), container, host, size */
    VL_OP_IDMAP_MODE = 3,/* n: helper (1 = newuidmap/newgidmap), setgroups_deny; s: newuidmap, newgidmap */
    VL_OP_CGROUP = 4,    /* n: manager, mode, flags (VL_CG_*, plan/cgroup.h), uid (delegation owner or -1), gid; s: path (systemd: sub-cgroup or absent), slice, unit */
    VL_OP_CGWRITE = 5,   /* n: hierarchy (1, 2), flags (VL_CGW_*); s: controller, file, value */
    VL_OP_CGDEVICES = 6, /* n: flags; s: BPF_PROG_TYPE_CGROUP_DEVICE instructions */
    VL_OP_OOM = 7,       /* n: oom_score_adj */
    VL_OP_LIMIT_RAISE = 8, /* n: resource, hard: raised by prlimit before the stage gives up privilege */
    VL_OP_HOST_HOOK = 9, /* n: kind (enum vl_hook_kind), timeout_ms (0 none); s: path, argv, env */
    VL_OP_IDMAP_SET = 10,/* n: recursive; s: uid map text, gid map text; f: IDMAP descriptor it makes */
    VL_OP_NETDEV = 11,   /* s: host name, name inside */
    VL_OP_RDT = 12,      /* n: flags (VL_RDT_*, plan/rdt.h); s: group, schemata, more lines, monitoring group */
    VL_OP_SCOPE_PROP = 13, /* n: flags (VL_UNITF_*, plan/unit.h); s: name, value (plan/gvariant.h): property of the systemd unit */
    VL_OP_EXEC_AFFINITY = 14, /* s: initial, final CPU mask of processes that join later; recorded for exec */
    VL_OP_CGDELEGATE = 15, /* n: uid, gid (host's, -1: keep); s: path below the container's cgroup. At HOOKS_DUE */
    VL_OP_NS_PATH_MAX = 19,

    /* identity */
    VL_OP_JOIN = 20,     /* n: type; f: namespace, or a process and types together. On the host, join sequence only */
    VL_OP_FORK = 21,     /* n: flags. The container process is born here (join sequence only). In the ambient phase it
                            comes behind CREDS: who can look into the joined pid namespace finds a process without
                            any right that the container lacks; nothing but channel and stdio is open then */
    VL_OP_AWAIT = 22,    /* n: count of the table's late descriptors, which come with PROCEED */
    VL_OP_ASSUME = 23,   /* n: uid, gid, setgroups (1 = drop groups, 2 = where the namespace allows it): become root of the user namespace; ambient and
                             inheritable capabilities, which carried the stage through its own exec, are cleared */
    VL_OP_GUARD = 24,    /* not dumpable, named VL_NONCE_PREFIX + nonce */
    VL_OP_UNSHARE = 25,  /* n: flags (CLONE_NEWCGROUP, CLONE_NEWTIME) */
    VL_OP_TIME_OFFSETS = 26, /* s: text for timens_offsets. Right after UNSHARE of the time namespace,
                                which the stage enters then: before Linux 6.3 an exec would not */
    VL_OP_KEYRING = 27,  /* s: name, SELinux label of the keyring or absent */
    VL_OP_LOOPBACK = 28,

    /* visibility */
    VL_OP_PROPAGATE = 40, /* n: MS_* propagation of the inherited tree (recursive) */
    VL_OP_ROOT = 41,      /* n: clone (0 = the descriptor is a detached tree, 1 = clone the O_PATH descriptor first, 2 = use
                             the directory as it is: no mount namespace of its own), propagation (MS_*, 0 none); f: root.
                             The root's tree always leaves its peer groups first */
    VL_OP_MOUNT = 42,     /* n: attr_set, attr_clr (MOUNT_ATTR_*), sb_flags (MS_RDONLY|SYNCHRONOUS|DIRSYNC|MANDLOCK|
                             LAZYTIME|I_VERSION|SILENT as MS_*), propagation (MS_*), flags (VL_MNT_*), rattr_set, rattr_clr;
                             s: type, source, target, options (vector), label option; f: idmap, fallback (bound instead
                             where BIND_FALLBACK applies; absent: the inherited tree's own mount of the type, made
                             read-only) */
    VL_OP_BIND = 43,      /* n: attr_set, attr_clr, rattr_set, rattr_clr, propagation, flags; s: target, source (for
                             messages and copy-symlink), label; f: tree, idmap (put on the tree by veloci). A tree
                             without a propagation of its own becomes a slave, as in a fresh mount namespace */
    VL_OP_REMOUNT = 44,   /* n: attr_set, attr_clr, sb_flags, rattr_set, rattr_clr, propagation; s: target, options (vector) */
    VL_OP_MKDIR = 45,     /* n: mode, uid, gid; s: path */
    VL_OP_DEVICE = 46,    /* n: type (S_IFCHR|S_IFBLK|S_IFIFO), major, minor, mode, uid, gid, flags (1 = must bind, 2 = default device); s: path; f: host node */
    VL_OP_SYMLINK = 47,   /* n: flags (1 = replace nothing that exists); s: target, path */
    VL_OP_CONSOLE = 48,   /* n: rows, cols, uid, flags (VL_CON_*) */
    VL_OP_HOOKS_DUE = 49, /* all namespaces are there: veloci delegates a cgroup, then runs prestart and createRuntime hooks */
    VL_OP_HOOK = 50,      /* n: kind, timeout_ms, pid_slot (offset in state), pid_width, index; s: path, argv, env, state,
                             working directory or absent */
    VL_OP_MASK = 51,      /* s: path; f: empty directory, null */
    VL_OP_READONLY = 52,  /* s: path */
    VL_OP_PIVOT = 53,     /* n: mode (0 pivot_root, 1 move, 2 chroot) */
    VL_OP_ROOT_ATTR = 54, /* n: attr_set, propagation (MS_*) */
    VL_OP_SYSCTL = 55,    /* s: file below /proc/sys, value */
    VL_OP_HOSTNAME = 56,  /* s: name */
    VL_OP_DOMAINNAME = 57,/* s: name */
    VL_OP_ENTER = 58,     /* f: mount namespace of a running container, which becomes ours with its root. Sources of the BINDs
                             that follow are cloned before, in the tree that is left. From here on a failure takes back
                             what was mounted since */
    VL_OP_UNMOUNT = 59,   /* s: paths (vector). All must be mount points, and not the root; the last goes first, with what
                             is mounted below it */

    /* ambient */
    VL_OP_SETSID = 70,
    VL_OP_STDIO = 71,     /* n: uid: pipes, sockets and regular files on 0-2 are given to the user. With a CONSOLE but
                             before SETSID the terminal takes their place instead */
    VL_OP_CWD = 72,       /* n: uid, gid of the directory if it is made here (uid -1: it must exist); s: path */
    VL_OP_UMASK = 73,     /* n: umask */
    VL_OP_SCHED = 74,     /* s: struct sched_attr */
    VL_OP_IOPRIO = 75,    /* n: value */
    VL_OP_AFFINITY = 76,  /* s: CPU mask, or absent: all CPUs again */
    VL_OP_MEMPOLICY = 77, /* n: mode with flags, maxnode; s: node mask */
    VL_OP_PERSONALITY = 78, /* n: persona */
    VL_OP_CREDS = 79,     /* n: bounding, permitted, effective, inheritable, ambient, uid, gid, flags (VL_CRED_*); s: groups (uint32_t each) */
    VL_OP_NNP = 80,
    VL_OP_USER = 82,      /* n: uid, gid (-1: by name); s: user name, group name. Looked up in the container's own
                             /etc/passwd and /etc/group; operations behind it mean the result by VL_ID_FOUND. A user
                             named without a group brings the groups that list it */

    /* confinement */
    VL_OP_LABEL = 90,     /* n: kind (VL_LSM_*); s: label */
    VL_OP_LANDLOCK = 91,  /* n: handled_fs, handled_net, scoped: makes the ruleset that the next three are about. With
                             every right still there, so that every path can be found */
    VL_OP_SECCOMP = 92,   /* n: flags (SECCOMP_FILTER_FLAG_*), listener (0 none, 1 = announce the number for pidfd_getfd,
                             2 = send the descriptor itself); s: filter, listener's socket, its metadata (both for
                             veloci, absent without a listener). Either way the stage then waits for PROCEED with
                             read(2). In the ready phase only SECCOMP and EXEC may follow */

    VL_OP_LANDLOCK_PATH = 93, /* n: access, optional (1 = absent is no error); s: path in the container. For what is no
                             directory only the rights count that mean something for it */
    VL_OP_LANDLOCK_PORT = 94, /* n: port, access */
    VL_OP_LANDLOCK_ENFORCE = 95, /* n: flags of landlock_restrict_self(2). In the ready phase with no_new_privs, so that
                             looking for args[0] and HOME is not hampered; without it before the capabilities go */

    /* ready */
    VL_OP_RESOLVE = 110,  /* args[0] is looked up in the finished root; n: uid, gid for messages */
    VL_OP_READY = 111,
    VL_OP_GATE = 112,     /* n: mode (0 = GO comes on the channel, 1 = on the gate socket); f: gate */
    VL_OP_RLIMIT = 113,   /* n: resource, soft, hard (unsigned 64-bit values) */
    VL_OP_EXEC = 114,     /* n: home_uid (-1: HOME is set; or VL_ID_FOUND), argc, envc; s: argv, env. argc 0: config.json has no command, so
                             there was no RESOLVE, and the answer to GO is ERROR EXEC_NOT_FOUND */
    VL_OP_DONE = 115,     /* instead of EXEC: READY is sent and the stage ends; there is no workload */
    VL_OP_CODE_MAX = 128
};

/* In place of a user or group id of CONSOLE, STDIO, CREDS, RESOLVE and EXEC: what USER found. */
#define VL_ID_FOUND (-2)

/* SCHED s[0]: struct sched_attr of sched_setattr(2) in its first published size (48 bytes). */
struct vl_wire_sched {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period; /* nanoseconds */
};

enum { /* flags of MOUNT and BIND */
    VL_MNT_RECURSIVE = 1 << 0,
    VL_MNT_CLONE = 1 << 1,         /* the descriptor is O_PATH in the stage's namespace: clone it, keep locks */
    VL_MNT_TMPCOPYUP = 1 << 2,
    VL_MNT_COPY_SYMLINK = 1 << 3,
    VL_MNT_DEST_NOFOLLOW = 1 << 4,
    VL_MNT_REAL_DIR = 1 << 5,      /* target must be a real directory, no symbolic link on the way (proc, sysfs) */
    VL_MNT_KEEP_PROC = 1 << 6,     /* this is the container's procfs: used for sysctl, labels, … */
    VL_MNT_BIND_FALLBACK = 1 << 7, /* EPERM/EBUSY: bind the inherited tree's same file system instead (sysfs, cgroup) */
    VL_MNT_INHERIT_MODE = 1 << 8,  /* tmpfs without mode=: take over mode and owner of the covered directory */
    VL_MNT_SRC_IS_LINK = 1 << 9,   /* src-nofollow: the source may be a symbolic link */
    VL_MNT_LATE_RO = 1 << 10,      /* read-only only after devices, copy-up and hooks have written below it */
    VL_MNT_IDMAP_RECURSIVE = 1 << 11, /* the idmap descriptor applies to the whole tree, not its top mount */
};
enum {
    VL_CON_HAS_SIZE = 1 << 0,
    VL_CON_NO_BIND = 1 << 1, /* no /dev/console: a process that joins a container */
};
enum {
    VL_CRED_SKIP_GROUPS = 1 << 0,
    VL_CRED_SKIP_IDS = 1 << 2,
    VL_CRED_GROUPS_IF_ALLOWED = 1 << 3, /* a joined user namespace may deny setgroups(2): a warning then */
};
enum { VL_LSM_APPARMOR = 1, VL_LSM_SELINUX = 2 };
enum vl_hook_kind {
    VL_HOOK_PRESTART = 0, VL_HOOK_CREATE_RUNTIME, VL_HOOK_CREATE_CONTAINER, VL_HOOK_START_CONTAINER,
    VL_HOOK_POSTSTART, VL_HOOK_POSTSTOP, VL_HOOK_KINDS
};

/* The waiting stage's process name (comm) is this prefix and the 8 characters of the nonce: 15 bytes. */
#define VL_NONCE_PREFIX "veloci:"
#define VL_NONCE_LEN 8

/* -- messages ----------------------------------------------------------------------------------- */

/*
 * SOCK_SEQPACKET, one struct vl_msg a datagram, descriptors attached to the message they belong to.
 * The channel is a socketpair between veloci and the stage; the gate is a listening socket in the state
 * directory to which `start` connects. After READY the stage needs COMMIT (its state is written, it may
 * outlive veloci); end of file before COMMIT ends the stage.
 */
#define VL_MSG_VERSION 1u
enum vl_msg_type {
    /* stage → veloci */
    VL_MSG_FORKED = 1,  /* join sequence: sent by the new process itself; its pid is the sender's (SCM_CREDENTIALS) */
    VL_MSG_HOOKS_DUE,   /* prestart/createRuntime hooks now; answered by PROCEED */
    VL_MSG_CONSOLE,     /* + pty master; a = number of the pts */
    VL_MSG_LISTENER,    /* a = number of the seccomp listener descriptor about to be installed (pidfd_getfd), or -1 and
                           the descriptor itself; answered by PROCEED once it is held. Of a filter behind the gate it comes
                           after EXECING, on the same connection */
    VL_MSG_READY,       /* everything up to the gate is done; a = 1: a filter comes after the gate */
    VL_MSG_EXECING,     /* a = the nonce's 8 bytes; next comes end of file (exec or death) or ERROR */
    VL_MSG_ERROR,       /* op, err, detail, a, b: the step failed; the stage ends */
    VL_MSG_WARNING,     /* op, err, detail: an optional part was left out (degraded) */
    VL_MSG_AWAITING,    /* waits for PROCEED with the late descriptors (maps, cgroup); a = how many; when there are
                           any, + its root directory (O_PATH), below which IN_NS ones are opened */
    VL_MSG_STEP = 20,   /* a transcript is kept: operation op was done; a, b: begin and end in nanoseconds of CLOCK_REALTIME,
                           0 behind a filter. Not behind one of the ready phase */
    /* veloci → stage */
    VL_MSG_PROCEED = 32, /* go on. After AWAITING: + late descriptors, a = their count (at most VL_MSG_FDS a message; more
                            messages may follow). The first belongs to the descriptor of index op, or with VL_NOREF to
                            the next late one of the table, the others to the late ones behind it. Late descriptors
                            that are jumped over must be optional; op = n_desc says that no more come */
    VL_MSG_COMMIT,       /* state is written: wait at the gate even when this channel ends */
    VL_MSG_GO,           /* start */
};

#define VL_MSG_FDS 64

struct vl_msg {
    uint16_t type, version;
    uint32_t op;     /* index of the operation in the stage's plan, or VL_NOREF */
    int32_t err;     /* positive errno or 0 */
    uint32_t detail; /* enum vl_detail */
    int64_t a, b;
};

/* What of an operation failed; the parent owns all wording (launch/wording.c). */
enum vl_detail {
    VL_D_NONE = 0,
    VL_D_DESC_IDENTITY,   /* a = descriptor index: not the object the plan names */
    VL_D_TARGET_OPEN,     /* resolving the target inside the root */
    VL_D_TARGET_CREATE,
    VL_D_TARGET_TYPE,     /* target exists with the wrong type (a = st_mode) */
    VL_D_TARGET_SYMLINK,  /* a real directory is needed */
    VL_D_FSOPEN,          /* file system type */
    VL_D_FS_OPTION,       /* a = index in the option vector */
    VL_D_FS_SOURCE,
    VL_D_FS_CREATE,
    VL_D_FSMOUNT,
    VL_D_CLONE_TREE,
    VL_D_SETATTR,
    VL_D_PROPAGATION,
    VL_D_ATTACH,          /* move_mount */
    VL_D_IDMAP,
    VL_D_COPYUP,
    VL_D_SYMLINK,
    VL_D_MKNOD,
    VL_D_DEVICE_MISMATCH, /* exists with another type or number */
    VL_D_CHOWN,
    VL_D_CHMOD,
    VL_D_PTMX,            /* opening a terminal in the container's devpts */
    VL_D_PTY_BIND,
    VL_D_OPEN_PROC,
    VL_D_WRITE,
    VL_D_HOOK_SPAWN,      /* the hook could not be executed */
    VL_D_HOOK_STATUS,     /* a = wait status */
    VL_D_HOOK_TIMEOUT,
    VL_D_PIVOT,
    VL_D_DETACH,
    VL_D_CHDIR,
    VL_D_CWD_OUTSIDE,     /* the working directory is not reachable from the root */
    VL_D_SETGROUPS,
    VL_D_SETGID,
    VL_D_SETUID,
    VL_D_CAP_BOUNDING,
    VL_D_CAP_SET,
    VL_D_CAP_AMBIENT,
    VL_D_EXEC_NOT_FOUND,  /* no such file, or not in $PATH (a = 1: searched in $PATH) */
    VL_D_EXEC_PERM,
    VL_D_EXEC_DIR,
    VL_D_EXEC_INTERP,     /* the file is there, its interpreter is not */
    VL_D_EXEC_FORMAT,
    VL_D_EXEC,            /* execve itself */
    VL_D_PROTOCOL,        /* an unexpected message, or the channel ended */
    VL_D_PLAN,            /* plan refused; a = enum vl_wire_fault */
    VL_D_CTTY,
    VL_D_STDIO,
    VL_D_READ_LINK,
    VL_D_PRESERVE,        /* a = number of a descriptor that should be preserved and is not open */
    VL_D_SOURCE_OPEN,     /* opening the source in the inherited tree */
    VL_D_USER_UNKNOWN,    /* no such name in /etc/passwd */
    VL_D_GROUP_UNKNOWN,   /* no such name in /etc/group */
    VL_D_NOT_MOUNTED,     /* a = index in the vector: no mount point (EINVAL), or the root (EBUSY) */
    VL_D_UNMOUNT,         /* a = index in the vector */
    VL_D_PROC_FILE,       /* a file of the verified procfs that cannot be opened */
    VL_D_MAX
};

#endif
