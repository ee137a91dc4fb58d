noinst_LIBRARIES += src/ops/libops.a
src_ops_libops_a_SOURCES = \
	src/ops/begin.c src/ops/begin.h \
	src/ops/contract.c src/ops/contract.h \
	src/ops/create.c \
	src/ops/delete.c \
	src/ops/doctor.c src/ops/doctor.h \
	src/ops/doctor_host.c \
	src/ops/doctor_kernel.c \
	src/ops/events.c \
	src/ops/exec.c \
	src/ops/features.c \
	src/ops/kill.c \
	src/ops/match.c src/ops/match.h \
	src/ops/ops.h \
	src/ops/mounts.c \
	src/ops/pause.c \
	src/ops/plan.c \
	src/ops/ps.c \
	src/ops/record_make.c src/ops/record_make.h \
	src/ops/run.c \
	src/ops/spec.c \
	src/ops/start.c \
	src/ops/state.c \
	src/ops/stats_json.c \
	src/ops/update.c

# Our own part of what a program that calls the verbs needs.
OPS_PARTS = \
	src/ops/libops.a \
	src/launch/liblaunch.a \
	src/prep/libprep.a \
	src/state/libstate.a \
	src/cgroup/libcgroup.a \
	src/plan/libplan.a \
	src/confine/libconfine.a \
	src/spec/libspec.a \
	libocispec/libocispec.a \
	src/sys/libsys.a \
	src/base/libbase.a \
	src/stage/libstageblob.a
