noinst_LIBRARIES += src/spec/libspec.a
src_spec_libspec_a_SOURCES = \
	src/spec/annot.c src/spec/annot.h \
	src/spec/check.c src/spec/check.h \
	src/spec/check_linux.c \
	src/spec/check_process.c \
	src/spec/check_resources.c \
	src/spec/check_seccomp.c \
	src/spec/checker.c src/spec/checker.h \
	src/spec/mounts_doc.c src/spec/mounts_doc.h \
	src/spec/load.c src/spec/load.h \
	src/spec/process.c src/spec/process.h \
	src/spec/resources.c src/spec/resources.h \
	src/spec/spec.h \
	src/spec/template.c src/spec/template.h

# What a program that links libspec.a needs, sys and base included.
SPEC_LIBS = src/spec/libspec.a libocispec/libocispec.a $(SYS_LIBS)
