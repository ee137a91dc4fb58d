noinst_LIBRARIES += src/plan/libplan.a
src_plan_libplan_a_SOURCES = \
	src/plan/build.h src/plan/plan.h src/plan/planners.h src/plan/wire.h src/plan/wire_check.h \
	src/plan/decode.c \
	src/plan/digest.c \
	src/plan/encode.c \
	src/plan/optable.c \
	src/plan/plan.c \
	src/plan/print.c
src_plan_libplan_a_CFLAGS = $(AM_CFLAGS) -Wsign-conversion
