# Layer confine: seccomp programs, Landlock rulesets and labels. Uses base, sys, libocispec's types.
noinst_LIBRARIES += src/confine/libconfine.a
src_confine_libconfine_a_SOURCES = \
	src/confine/bpf_sim.c src/confine/bpf_sim.h \
	src/confine/labels.c src/confine/labels.h \
	src/confine/landlock.c src/confine/landlock.h \
	src/confine/seccomp.c src/confine/seccomp.h src/confine/seccomp_int.h \
	src/confine/seccomp_cache.c src/confine/seccomp_cache.h \
	src/confine/seccomp_gen.c \
	src/confine/seccomp_lib.c \
	src/confine/seccomp_names.c \
	src/confine/seccomp_rules.c \
	src/confine/stage_calls.c src/confine/stage_calls.h
