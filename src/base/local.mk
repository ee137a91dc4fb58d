noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/attr.h src/base/cleanup.h \
	src/base/clock.c src/base/clock.h \
	src/base/digest.c src/base/digest.h \
	src/base/dl.c src/base/dl.h \
	src/base/error.c src/base/error.h \
	src/base/io.c src/base/io.h \
	src/base/json.c src/base/json.h \
	src/base/log.c src/base/log.h \
	src/base/mem.c src/base/mem.h \
	src/base/names.c src/base/names.h \
	src/base/str.c src/base/str.h
src_base_libbase_a_CFLAGS = $(AM_CFLAGS) -Wsign-conversion

# What a program that links libbase.a needs.
BASE_LIBS = src/base/libbase.a $(YAJL_LIBS) $(SODIUM_LIBS)
