# veloci-stage: freestanding, with flags of its own. CFLAGS and LDFLAGS of the builder (sanitizers, stack protector,
# PIE) are for programs with a C library and are left out; CC decides the architecture.
STAGE_CC = -std=gnu11 $(STAGE_OPT) -ffreestanding -fno-builtin -fno-pie -no-pie -fno-stack-protector -fomit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -fcf-protection=none \
	-I$(top_srcdir)/src $(WARN) -Wno-unused-command-line-argument
STAGE_LINK = -nostdlib -static -Wl,--gc-sections,-z,noseparate-code,-z,norelro,-z,noexecstack,--build-id=none,-s

stage_parts = \
	src/stage/ambient.c src/stage/bind.c src/stage/chan.c src/stage/console.c src/stage/copyup.c src/stage/creds.c \
	src/stage/desc.c src/stage/device.c src/stage/enter.c src/stage/exec.c src/stage/find.c src/stage/gate.c src/stage/hide.c \
	src/stage/home.c src/stage/hook.c src/stage/ident.c src/stage/landlock.c src/stage/lib.c src/stage/mask.c src/stage/mount.c \
	src/stage/net.c src/stage/proc.c src/stage/resolve.c src/stage/root.c src/stage/sha256.c src/stage/steps.c \
	src/stage/tree.c src/stage/user.c src/stage/userdb.c
stage_headers = \
	src/stage/abi.h src/stage/lib.h src/stage/sha256.h src/stage/stage.h src/stage/sys.h \
	src/stage/sys_aarch64.h src/stage/sys_riscv64.h src/stage/sys_x86_64.h
stage_sources = $(stage_parts) src/stage/main.c src/stage/mem.c src/plan/wire_check.c src/plan/wire_shapes.c

src/stage/veloci-stage: $(stage_sources) $(stage_headers) src/plan/wire.h src/plan/wire_check.h
	@$(MKDIR_P) src/stage
	$(AM_V_CCLD)$(CC) $(CPPFLAGS) $(STAGE_CC) $(addprefix $(top_srcdir)/,$(stage_sources)) $(STAGE_LINK) -o $@

# Installed for kernels that execute nothing from a memfd (vm.memfd_noexec = 2).
pkglibexec_SCRIPTS = src/stage/veloci-stage
CLEANFILES += src/stage/veloci-stage
EXTRA_DIST += src/stage/main.c src/stage/mem.c $(stage_headers)

# The program as bytes inside veloci; launch/stage_blob.h declares the symbols.
noinst_LIBRARIES += src/stage/libstageblob.a
src_stage_libstageblob_a_SOURCES = src/stage/blob.c src/launch/stage_blob.h
src/stage/blob.$(OBJEXT): src/stage/veloci-stage

# The stage's parts with a C library, the usual flags and the sanitizers, for unit tests.
check_LIBRARIES += src/stage/libstagetest.a
src_stage_libstagetest_a_SOURCES = $(stage_parts)
