# libveloci.so: the public interface on the same objects that the program is made of. They are position-independent
# and hidden, so nothing is compiled twice, and no libtool is needed for one link.
include_HEADERS = include/veloci.h
noinst_LIBRARIES += src/lib/libapi.a
src_lib_libapi_a_SOURCES = \
	src/lib/documents.c \
	src/lib/error.c \
	src/lib/lib.h \
	src/lib/state.c \
	src/lib/verbs.c
EXTRA_DIST += src/lib/veloci.map src/lib/libveloci.pc.in

if SHARED
SO_NAME = libveloci.so.0
SO_FILE = src/lib/libveloci.so.$(VERSION)
SO_LINK = -shared -Wl,-soname,$(SO_NAME) -Wl,--version-script,$(srcdir)/src/lib/veloci.map -Wl,-z,relro -Wl,-z,now -Wl,-z,text \
	-Wl,--gc-sections
if !SANITIZERS
SO_LINK += -Wl,-z,defs
endif
$(SO_FILE): src/lib/libapi.a $(OPS_PARTS) $(srcdir)/src/lib/veloci.map
	$(AM_V_CCLD)$(CC) $(CFLAGS) $(SAN) $(SO_LINK) $(LDFLAGS) -o $@ -Wl,--whole-archive src/lib/libapi.a -Wl,--no-whole-archive \
		$(OPS_PARTS) $(SECCOMP_LIBS) $(SYSTEMD_LIBS) $(SO_LIBS) $(LIBS)

solibdir = $(libdir)
solib_DATA = $(SO_FILE)
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = src/lib/libveloci.pc
src/lib/libveloci.pc: $(srcdir)/src/lib/libveloci.pc.in Makefile
	$(AM_V_GEN)sed -e 's|@prefix[@]|$(prefix)|' -e 's|@exec_prefix[@]|$(exec_prefix)|' -e 's|@libdir[@]|$(libdir)|' \
		-e 's|@includedir[@]|$(includedir)|' -e 's|@VERSION[@]|$(VERSION)|' $(srcdir)/src/lib/libveloci.pc.in >$@
CLEANFILES += $(SO_FILE) src/lib/libveloci.pc

install-data-hook: install-so-links
install-so-links: install-solibDATA
	ln -sf libveloci.so.$(VERSION) $(DESTDIR)$(libdir)/$(SO_NAME)
	ln -sf $(SO_NAME) $(DESTDIR)$(libdir)/libveloci.so
uninstall-hook: uninstall-so-links
uninstall-so-links:
	rm -f $(DESTDIR)$(libdir)/$(SO_NAME) $(DESTDIR)$(libdir)/libveloci.so
endif
