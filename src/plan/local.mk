noinst_LIBRARIES += src/plan/libplan.a
src_plan_libplan_a_SOURCES = \
	src/plan/build.h src/plan/cgroup.h src/plan/env.h src/plan/gvariant_int.h src/plan/hookname.h src/plan/idmap.h src/plan/limits.h \
	src/plan/mopts.h src/plan/mounts.h src/plan/plan.h src/plan/planners.h src/plan/seccomp.h src/plan/gvariant.h src/plan/unit.h src/plan/unit_props.h \
	src/plan/wire.h src/plan/wire_check.h \
	src/plan/build.c \
	src/plan/cgroup.c \
	src/plan/creds.c \
	src/plan/decode.c \
	src/plan/devrules.c \
	src/plan/devrules_bpf.c \
	src/plan/devrules_v1.c \
	src/plan/devices.c \
	src/plan/digest.c \
	src/plan/encode.c \
	src/plan/env.c \
	src/plan/gvariant.c \
	src/plan/gvariant_print.c \
	src/plan/gvariant_read.c \
	src/plan/exec.c src/plan/exec.h \
	src/plan/exec_model.c src/plan/exec_model.h \
	src/plan/hooks.c \
	src/plan/idmap.c \
	src/plan/landlock.c \
	src/plan/limits.c \
	src/plan/limits_list.c \
	src/plan/limits_table.c \
	src/plan/limits_value.c \
	src/plan/mopts.c \
	src/plan/mount_bind.c \
	src/plan/mount_cgroup.c \
	src/plan/mounts.c \
	src/plan/mounts_live.c src/plan/mounts_live.h \
	src/plan/delegate.c \
	src/plan/netdev.c \
	src/plan/rdt.c src/plan/rdt.h \
	src/plan/ns.c \
	src/plan/optable.c \
	src/plan/plan.c \
	src/plan/policy.c \
	src/plan/print.c \
	src/plan/process.c \
	src/plan/rootfs.c \
	src/plan/seccomp.c \
	src/plan/sysctl.c \
	src/plan/unit.c \
	src/plan/unit_props.c \
	src/plan/wire_check.c \
	src/plan/wire_shapes.c
src_plan_libplan_a_CFLAGS = $(AM_CFLAGS) -Wsign-conversion

# What a program that links libplan.a needs, the layers below included.
PLAN_LIBS = src/plan/libplan.a src/confine/libconfine.a $(SPEC_LIBS) $(CAP_LIBS) -ldl -lm
