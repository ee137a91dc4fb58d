noinst_LIBRARIES += src/sys/libsys.a
src_sys_libsys_a_SOURCES = \
	src/sys/compat.h \
	src/sys/bpf.c src/sys/bpf.h \
	src/sys/caps.c src/sys/caps.h \
	src/sys/clone.c src/sys/clone.h src/sys/spawn.c \
	src/sys/cred.c src/sys/cred.h \
	src/sys/disable.c src/sys/disable.h \
	src/sys/fd.c src/sys/fd.h \
	src/sys/filter.c src/sys/filter.h \
	src/sys/host.c src/sys/host.h src/sys/host_cgroup.c src/sys/host_cgroup.h \
	src/sys/idmap.c src/sys/idmap.h \
	src/sys/landlock.c src/sys/landlock.h \
	src/sys/lsm.c src/sys/lsm.h \
	src/sys/mount_old.c src/sys/mount_old.h \
	src/sys/mountfd.c src/sys/mountfd.h \
	src/sys/netdev.c src/sys/netdev.h \
	src/sys/netlink.c src/sys/netlink.h \
	src/sys/nsfd.c src/sys/nsfd.h \
	src/sys/probe.c src/sys/probe.h \
	src/sys/proc.c src/sys/proc.h \
	src/sys/resctrl.c src/sys/resctrl.h \
	src/sys/resolve.c src/sys/resolve.h \
	src/sys/rlimit.c src/sys/rlimit.h \
	src/sys/sched.c src/sys/sched.h \
	src/sys/scm.c src/sys/scm.h \
	src/sys/sdbus.c src/sys/sdbus.h src/sys/sdbus_abi.h \
	src/sys/sigs.c src/sys/sigs.h \
	src/sys/sockets.c src/sys/sockets.h \
	src/sys/tty.c src/sys/tty.h

# What a program that links libsys.a needs, base included.
SYS_LIBS = src/sys/libsys.a $(BASE_LIBS)
