# see Makefile.am

# What tests/run starts, one a line.
print-tests:
	@for t in $(TESTS); do echo $$t; done

# The validation programs of the OCI runtime-tools, with veloci and beside it crun and runc.
check-oci: all
	$(top_srcdir)/tests/run --builddir $(abs_builddir) oci-validation

# Podman, containerd, Docker and Buildah on veloci; VELOCI_LONG=1 for crun and runc beside it.
check-engines: all
	$(top_srcdir)/tests/run --builddir $(abs_builddir) engines

# The tests that want a machine of their own: systemd, all of cgroup v2, other kernels (tests/vm/README.md).
check-vm: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	$(top_srcdir)/tests/run --builddir $(abs_builddir) vm

.PHONY: print-tests check-oci check-engines check-vm
EXTRA_DIST += tests/run tests/peers tests/lib tests/oci-validation tests/engines tests/vm tests/quickstart tests/cli tests/bench contrib tools/lint tools/check-includes docs/STYLE.md .ci .clang-format

TESTS += tools/lint

check_PROGRAMS += tests/unit/test-ocispec tests/unit/test-ocispec-files
TESTS += tests/unit/test-ocispec tests/unit/test-ocispec-files
tests_unit_test_ocispec_SOURCES = tests/unit/test-ocispec.c tests/unit/tap.h
tests_unit_test_ocispec_LDADD = libocispec/libocispec.a $(YAJL_LIBS)
tests_unit_test_ocispec_files_SOURCES = tests/unit/test-ocispec-files.c tests/unit/tap.h
tests_unit_test_ocispec_files_LDADD = libocispec/libocispec.a $(YAJL_LIBS)

check_PROGRAMS += tests/unit/test-spec tests/unit/test-spec-load
TESTS += tests/unit/test-spec tests/unit/test-spec-load
tests_unit_test_spec_SOURCES = tests/unit/test-spec.c tests/unit/spec-errors.h tests/unit/tap.h
tests_unit_test_spec_LDADD = $(SPEC_LIBS)
tests_unit_test_spec_load_SOURCES = tests/unit/test-spec-load.c tests/unit/spec-errors.h tests/unit/tap.h
tests_unit_test_spec_load_LDADD = $(SPEC_LIBS)
EXTRA_DIST += tests/data

EXTRA_DIST += tests/unit/tap.h

# Layer base
BASE_TESTS = tests/unit/test-base-clock tests/unit/test-base-str tests/unit/test-base-io tests/unit/test-base-names tests/unit/test-base-error
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_unit_test_base_clock_LDADD = $(BASE_LIBS)
tests_unit_test_base_str_LDADD = $(BASE_LIBS)
tests_unit_test_base_io_LDADD = $(BASE_LIBS)
tests_unit_test_base_names_LDADD = $(BASE_LIBS) $(CAP_LIBS)
tests_unit_test_base_error_LDADD = $(BASE_LIBS)

check_PROGRAMS += tests/unit/test-devrules
TESTS += tests/unit/test-devrules
tests_unit_test_devrules_SOURCES = tests/unit/test-devrules.c tests/unit/tap.h
tests_unit_test_devrules_LDADD = src/plan/libplan.a src/base/libbase.a $(YAJL_LIBS) $(SODIUM_LIBS) $(CAP_LIBS)

check_PROGRAMS += tests/unit/test-limits tests/unit/test-limits-table
TESTS += tests/unit/test-limits tests/unit/test-limits-table
tests_unit_test_limits_table_SOURCES = tests/unit/test-limits-table.c tests/unit/tap.h
tests_unit_test_limits_table_LDADD = src/plan/libplan.a src/base/libbase.a libocispec/libocispec.a $(YAJL_LIBS) \
	$(SODIUM_LIBS) $(CAP_LIBS)
tests_unit_test_limits_SOURCES = tests/unit/test-limits.c tests/unit/tap.h
tests_unit_test_limits_LDADD = src/plan/libplan.a src/base/libbase.a libocispec/libocispec.a $(YAJL_LIBS) $(SODIUM_LIBS) \
	$(CAP_LIBS) -lm

# Layer sys. The tests link a copy of it that honours VELOCI_DISABLE, so that both ways of everything are tested.
check_LIBRARIES += tests/unit/libsys-test.a
tests_unit_libsys_test_a_SOURCES = $(src_sys_libsys_a_SOURCES)
tests_unit_libsys_test_a_CPPFLAGS = $(AM_CPPFLAGS) -DVL_TEST_BUILD
SYS_TEST_LIBS = tests/unit/libsys-test.a $(BASE_LIBS)
SYS_TESTS = tests/unit/test-sys-fd tests/unit/test-sys-resolve tests/unit/test-sys-process \
	tests/unit/test-sys-host tests/unit/test-sys-mount tests/unit/test-sys-security
check_PROGRAMS += $(SYS_TESTS)
TESTS += $(SYS_TESTS)
tests_unit_test_sys_fd_LDADD = $(SYS_TEST_LIBS)
tests_unit_test_sys_resolve_LDADD = $(SYS_TEST_LIBS)
tests_unit_test_sys_process_LDADD = $(SYS_TEST_LIBS)
tests_unit_test_sys_host_LDADD = $(SYS_TEST_LIBS)
tests_unit_test_sys_mount_LDADD = $(SYS_TEST_LIBS)
tests_unit_test_sys_security_LDADD = $(SYS_TEST_LIBS)

check_PROGRAMS += tests/unit/test-state tests/unit/test-cli-parse
TESTS += tests/unit/test-state tests/unit/test-cli-parse
tests_unit_test_state_SOURCES = tests/unit/test-state.c tests/unit/tap.h
tests_unit_test_state_LDADD = src/state/libstate.a src/sys/libsys.a $(BASE_LIBS) $(CAP_LIBS)
tests_unit_test_cli_parse_SOURCES = tests/unit/test-cli-parse.c tests/unit/tap.h
tests_unit_test_cli_parse_LDADD = src/cli/libcli.a src/state/libstate.a src/sys/libsys.a $(BASE_LIBS) $(CAP_LIBS)
# Layer cgroup, with switches for its fallbacks as above.
check_LIBRARIES += tests/unit/libcgroup-test.a
tests_unit_libcgroup_test_a_SOURCES = $(src_cgroup_libcgroup_a_SOURCES)
tests_unit_libcgroup_test_a_CPPFLAGS = $(AM_CPPFLAGS) -DVL_TEST_BUILD
CGROUP_TESTS = tests/unit/test-cgroup-live tests/unit/test-cgroup-values tests/unit/test-cgroup-update
CGROUP_TEST_LIBS = tests/unit/libcgroup-test.a src/plan/libplan.a tests/unit/libsys-test.a libocispec/libocispec.a \
	$(BASE_LIBS) $(CAP_LIBS)
check_PROGRAMS += $(CGROUP_TESTS)
TESTS += $(CGROUP_TESTS)
EXTRA_DIST += tests/unit/cgroup-live.h
check_PROGRAMS += tests/unit/test-late
TESTS += tests/unit/test-late
tests_unit_test_late_SOURCES = tests/unit/test-late.c tests/unit/tap.h
tests_unit_test_late_LDADD = src/launch/liblaunch.a src/prep/libprep.a $(CGROUP_TEST_LIBS)
check_PROGRAMS += tests/unit/test-rdt
TESTS += tests/unit/test-rdt
tests_unit_test_rdt_SOURCES = tests/unit/test-rdt.c tests/unit/tap.h
tests_unit_test_rdt_LDADD = $(CGROUP_TEST_LIBS)
tests_unit_test_cgroup_live_LDADD = $(CGROUP_TEST_LIBS)
tests_unit_test_cgroup_values_LDADD = $(CGROUP_TEST_LIBS)
tests_unit_test_cgroup_update_LDADD = tests/unit/libcgroup-test.a src/plan/libplan.a src/confine/libconfine.a \
	src/spec/libspec.a tests/unit/libsys-test.a libocispec/libocispec.a $(BASE_LIBS) $(CAP_LIBS) -ldl -lm
check_PROGRAMS += tests/unit/test-cgroup-stats
TESTS += tests/unit/test-cgroup-stats
tests_unit_test_cgroup_stats_SOURCES = tests/unit/test-cgroup-stats.c tests/unit/tap.h
tests_unit_test_cgroup_stats_LDADD = src/ops/libops.a $(CGROUP_TEST_LIBS)

check_PROGRAMS += tests/unit/test-transcript
TESTS += tests/unit/test-transcript
tests_unit_test_transcript_SOURCES = tests/unit/test-transcript.c tests/unit/tap.h
tests_unit_test_transcript_LDADD = src/launch/liblaunch.a $(PLAN_LIBS)

check_PROGRAMS += tests/unit/test-hooks tests/unit/test-ops-verbs
TESTS += tests/unit/test-hooks tests/unit/test-ops-verbs
tests_unit_test_hooks_SOURCES = tests/unit/test-hooks.c tests/unit/tap.h
tests_unit_test_hooks_LDADD = src/launch/liblaunch.a src/sys/libsys.a $(BASE_LIBS) $(CAP_LIBS)
tests_unit_test_ops_verbs_SOURCES = tests/unit/test-ops-verbs.c tests/unit/tap.h
tests_unit_test_ops_verbs_LDADD = src/ops/libops.a src/launch/liblaunch.a src/state/libstate.a src/cgroup/libcgroup.a src/spec/libspec.a \
	src/plan/libplan.a src/sys/libsys.a libocispec/libocispec.a $(BASE_LIBS) $(CAP_LIBS) -lm
# Unit tests of confine. libseccomp is the second opinion here; what is tested opens it by itself.
CONFINE_TEST_LIBS = src/confine/libconfine.a $(BASE_LIBS) -ldl
CONFINE_TESTS = tests/unit/test-seccomp tests/unit/test-seccomp-cache tests/unit/test-bpf-sim
check_PROGRAMS += $(CONFINE_TESTS)
TESTS += $(CONFINE_TESTS)
check_PROGRAMS += tests/unit/test-plan-seccomp tests/unit/test-notify
TESTS += tests/unit/test-plan-seccomp tests/unit/test-notify
tests_unit_test_plan_seccomp_SOURCES = tests/unit/test-plan-seccomp.c tests/unit/tap.h
tests_unit_test_plan_seccomp_LDADD = src/plan/libplan.a src/confine/libconfine.a src/spec/libspec.a src/sys/libsys.a \
	libocispec/libocispec.a $(BASE_LIBS) $(CAP_LIBS) -ldl -lm
tests_unit_test_notify_SOURCES = tests/unit/test-notify.c tests/unit/tap.h
tests_unit_test_notify_LDADD = src/launch/liblaunch.a src/sys/libsys.a $(BASE_LIBS) $(CAP_LIBS)
check_PROGRAMS += tests/unit/test-landlock
TESTS += tests/unit/test-landlock
tests_unit_test_landlock_SOURCES = tests/unit/test-landlock.c tests/unit/tap.h
tests_unit_test_landlock_LDADD = src/confine/libconfine.a $(SPEC_LIBS) $(CAP_LIBS)
check_PROGRAMS += tests/unit/test-seccomp-bundles
TESTS += tests/unit/test-seccomp-bundles
tests_unit_test_seccomp_bundles_SOURCES = tests/unit/test-seccomp-bundles.c tests/unit/tap.h \
	tests/unit/seccomp-oracle.c tests/unit/seccomp-oracle.h
tests_unit_test_seccomp_bundles_LDADD = src/confine/libconfine.a libocispec/libocispec.a $(BASE_LIBS) -lseccomp -ldl -lm
tests_unit_test_bpf_sim_SOURCES = tests/unit/test-bpf-sim.c tests/unit/tap.h
tests_unit_test_bpf_sim_LDADD = $(CONFINE_TEST_LIBS)
tests_unit_test_seccomp_cache_SOURCES = tests/unit/test-seccomp-cache.c tests/unit/tap.h tests/unit/seccomp-profile.h
tests_unit_test_seccomp_cache_LDADD = $(CONFINE_TEST_LIBS)
tests_unit_test_seccomp_SOURCES = tests/unit/test-seccomp.c tests/unit/tap.h \
	tests/unit/seccomp-oracle.c tests/unit/seccomp-oracle.h tests/unit/seccomp-profile.h
tests_unit_test_seccomp_LDADD = $(CONFINE_TEST_LIBS) -lseccomp

check_PROGRAMS += tests/unit/test-cgroup-plan
TESTS += tests/unit/test-cgroup-plan
tests_unit_test_cgroup_plan_SOURCES = tests/unit/test-cgroup-plan.c tests/unit/tap.h
tests_unit_test_cgroup_plan_LDADD = src/plan/libplan.a libocispec/libocispec.a $(BASE_LIBS) $(CAP_LIBS)

# Layer plan. The golden program compiles a document for a described host; its runner compares with reviewed plans.
check_PROGRAMS += tests/golden/golden tests/unit/test-mopts tests/unit/test-plan-wire tests/unit/test-plan-idmap
TESTS += tests/golden/run tests/unit/test-mopts tests/unit/test-plan-wire tests/unit/test-plan-idmap
tests_golden_golden_SOURCES = tests/golden/golden.c
tests_golden_golden_LDADD = $(PLAN_LIBS)
tests_unit_test_mopts_SOURCES = tests/unit/test-mopts.c tests/unit/tap.h
tests_unit_test_mopts_LDADD = $(PLAN_LIBS)
tests_unit_test_plan_wire_SOURCES = tests/unit/test-plan-wire.c tests/unit/tap.h
tests_unit_test_plan_wire_LDADD = $(PLAN_LIBS)
tests_unit_test_plan_idmap_SOURCES = tests/unit/test-plan-idmap.c tests/unit/tap.h
tests_unit_test_plan_idmap_LDADD = $(PLAN_LIBS)
EXTRA_DIST += tests/golden/run tests/golden/mutate tests/golden/equivalent tests/golden/bases tests/golden/cases tests/golden/hosts

# veloci-stage: its parts with a C library, the wire check, and the real program in namespaces (as root).
STAGE_RUN_LIBS = $(PLAN_LIBS)
STAGE_TESTS = tests/unit/test-wire-check tests/unit/test-stage-lib \
	tests/unit/test-stage-run tests/unit/test-stage-fail tests/unit/test-stage-life tests/unit/test-stage-ns tests/unit/test-stage-more
check_PROGRAMS += $(STAGE_TESTS)
TESTS += $(STAGE_TESTS)
tests_unit_test_wire_check_SOURCES = tests/unit/test-wire-check.c tests/unit/tap.h
tests_unit_test_wire_check_LDADD = $(PLAN_LIBS)
tests_unit_test_stage_lib_SOURCES = tests/unit/test-stage-lib.c tests/unit/tap.h
tests_unit_test_stage_lib_LDADD = src/stage/libstagetest.a src/plan/libplan.a $(BASE_LIBS)
tests_unit_test_stage_life_SOURCES = tests/unit/test-stage-life.c tests/unit/stage-driver.c tests/unit/stage-driver.h
tests_unit_test_stage_life_LDADD = $(STAGE_RUN_LIBS)
tests_unit_test_stage_ns_SOURCES = tests/unit/test-stage-ns.c tests/unit/stage-driver.c tests/unit/stage-driver.h
tests_unit_test_stage_ns_LDADD = $(STAGE_RUN_LIBS)
tests_unit_test_stage_more_SOURCES = tests/unit/test-stage-more.c tests/unit/stage-driver.c tests/unit/stage-driver.h
tests_unit_test_stage_more_LDADD = $(STAGE_RUN_LIBS)
tests_unit_test_stage_run_SOURCES = tests/unit/test-stage-run.c tests/unit/stage-driver.c tests/unit/stage-driver.h
tests_unit_test_stage_run_LDADD = $(STAGE_RUN_LIBS)
tests_unit_test_stage_fail_SOURCES = tests/unit/test-stage-fail.c tests/unit/stage-driver.c tests/unit/stage-driver.h
tests_unit_test_stage_fail_LDADD = $(STAGE_RUN_LIBS)

check_PROGRAMS += tests/unit/test-host-ops
TESTS += tests/unit/test-host-ops
tests_unit_test_host_ops_SOURCES = tests/unit/test-host-ops.c tests/unit/tap.h
tests_unit_test_host_ops_LDADD = src/launch/liblaunch.a $(PLAN_LIBS)

# Used by tests/cli/crash
check_PROGRAMS += tests/lib/kill-at
tests_lib_kill_at_SOURCES = tests/lib/kill-at.c

# The verb features and --version.
check_PROGRAMS += tests/unit/test-features
TESTS += tests/unit/test-features
tests_unit_test_features_SOURCES = tests/unit/test-features.c tests/unit/tap.h
tests_unit_test_features_LDADD = src/ops/libops.a src/launch/liblaunch.a src/state/libstate.a src/cgroup/libcgroup.a $(PLAN_LIBS)

# The systemd driver
check_PROGRAMS += tests/unit/test-gvariant tests/unit/test-unit tests/unit/test-sdbus
TESTS += tests/unit/test-gvariant tests/unit/test-unit tests/unit/test-sdbus
tests_unit_test_gvariant_SOURCES = tests/unit/test-gvariant.c tests/unit/tap.h
tests_unit_test_gvariant_LDADD = src/plan/libplan.a $(BASE_LIBS)
tests_unit_test_unit_SOURCES = tests/unit/test-unit.c tests/unit/tap.h
tests_unit_test_unit_LDADD = src/plan/libplan.a libocispec/libocispec.a $(BASE_LIBS) $(CAP_LIBS)
tests_unit_test_sdbus_SOURCES = tests/unit/test-sdbus.c tests/unit/tap.h
tests_unit_test_sdbus_LDADD = $(CGROUP_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ps-table tests/unit/test-mounts-live
TESTS += tests/unit/test-ps-table tests/unit/test-mounts-live
tests_unit_test_ps_table_SOURCES = tests/unit/test-ps-table.c tests/unit/tap.h
tests_unit_test_ps_table_LDADD = src/cli/libcli.a src/sys/libsys.a $(BASE_LIBS) $(CAP_LIBS)
tests_unit_test_mounts_live_SOURCES = tests/unit/test-mounts-live.c tests/unit/tap.h
tests_unit_test_mounts_live_LDADD = $(PLAN_LIBS)
