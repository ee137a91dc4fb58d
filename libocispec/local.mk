# libocispec: schema files, the generator that turns them into structs and tables, reader and writer.
# It stands alone: nothing of src/ is used here.
OCISPEC_SCHEMA = \
	libocispec/schema/config.json \
	libocispec/schema/features.json \
	libocispec/schema/landlock.json \
	libocispec/schema/linux.json \
	libocispec/schema/process.json \
	libocispec/schema/resources.json \
	libocispec/schema/state.json
EXTRA_DIST += $(OCISPEC_SCHEMA) libocispec/generate.py libocispec/schema/README.md

noinst_LIBRARIES += libocispec/libocispec.a
libocispec_libocispec_a_SOURCES = \
	libocispec/arena.c \
	libocispec/internal.h \
	libocispec/ocispec.h \
	libocispec/parse.c \
	libocispec/place.c \
	libocispec/reader.c \
	libocispec/reader.h \
	libocispec/report.c \
	libocispec/tables.h \
	libocispec/utf8.c \
	libocispec/value.c \
	libocispec/writer.c
nodist_libocispec_libocispec_a_SOURCES = \
	libocispec/ocispec/tables.c \
	libocispec/ocispec/types.h

BUILT_SOURCES += libocispec/ocispec/types.h libocispec/ocispec/tables.c
CLEANFILES += libocispec/ocispec/types.h libocispec/ocispec/tables.c

libocispec/ocispec/tables.c: $(OCISPEC_SCHEMA) libocispec/generate.py
	$(AM_V_GEN)$(MKDIR_P) libocispec/ocispec && \
	srcs=; for f in $(OCISPEC_SCHEMA); do test -f $$f || f=$(srcdir)/$$f; srcs="$$srcs $$f"; done; \
	$(PYTHON) $(srcdir)/libocispec/generate.py --header libocispec/ocispec/types.h --tables $@ $$srcs
$(libocispec_libocispec_a_OBJECTS): libocispec/ocispec/types.h
# One run makes both; this rule only repairs a header that was removed alone.
libocispec/ocispec/types.h: libocispec/ocispec/tables.c
	@test -f $@ || { rm -f libocispec/ocispec/tables.c && $(MAKE) $(AM_MAKEFLAGS) libocispec/ocispec/tables.c; }
