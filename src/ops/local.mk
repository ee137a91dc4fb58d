noinst_LIBRARIES += src/ops/libops.a
src_ops_libops_a_SOURCES = src/ops/ops.h \
	src/ops/begin.c src/ops/begin.h src/ops/record_make.c src/ops/record_make.h \
	src/ops/create.c src/ops/run.c src/ops/start.c
