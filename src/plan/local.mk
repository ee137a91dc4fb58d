noinst_LIBRARIES += src/plan/libplan.a
src_plan_libplan_a_SOURCES = \
	src/plan/build.h src/plan/cgroup.h src/plan/limits.h src/plan/plan.h src/plan/planners.h src/plan/wire.h src/plan/wire_check.h \
	src/plan/cgroup.c \
	src/plan/decode.c \
	src/plan/devrules.c \
	src/plan/devrules_bpf.c \
	src/plan/devrules_v1.c \
	src/plan/digest.c \
	src/plan/encode.c \
	src/plan/limits.c \
	src/plan/limits_list.c \
	src/plan/optable.c \
	src/plan/plan.c \
	src/plan/print.c \
	src/plan/wire_check.c \
	src/plan/wire_shapes.c
src_plan_libplan_a_CFLAGS = $(AM_CFLAGS) -Wsign-conversion
