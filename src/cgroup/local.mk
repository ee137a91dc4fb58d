noinst_LIBRARIES += src/cgroup/libcgroup.a
src_cgroup_libcgroup_a_SOURCES = \
	src/cgroup/cgroup.h src/cgroup/internal.h src/cgroup/stats.h \
	src/cgroup/controllers.c \
	src/cgroup/delegate.c \
	src/cgroup/device.c \
	src/cgroup/device_update.c \
	src/cgroup/handle.c \
	src/cgroup/oom.c \
	src/cgroup/narrow.c \
	src/cgroup/place.c \
	src/cgroup/procs.c \
	src/cgroup/rdt.c src/cgroup/rdt.h \
	src/cgroup/restore.c \
	src/cgroup/stats.c \
	src/cgroup/stuck.c \
	src/cgroup/systemd.c \
	src/cgroup/systemd_unit.c \
	src/cgroup/tree.c \
	src/cgroup/v1.c \
	src/cgroup/v2.c \
	src/cgroup/write.c
