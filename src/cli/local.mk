noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/cli.h \
	src/cli/cmd_completion.c \
	src/cli/cmd_create.c \
	src/cli/cmd_delete.c \
	src/cli/cmd_doctor.c \
	src/cli/cmd_events.c \
	src/cli/cmd_exec.c \
	src/cli/cmd_features.c \
	src/cli/cmd_kill.c \
	src/cli/cmd_list.c \
	src/cli/cmd_mounts.c \
	src/cli/cmd_pause.c \
	src/cli/cmd_plan.c \
	src/cli/cmd_ps.c \
	src/cli/cmd_run.c \
	src/cli/cmd_spec.c \
	src/cli/cmd_start.c \
	src/cli/cmd_state.c \
	src/cli/cmd_update.c \
	src/cli/completion.c \
	src/cli/help.c \
	src/cli/output.c \
	src/cli/parse.c \
	src/cli/ps_table.c \
	src/cli/table.c

bin_PROGRAMS += veloci
veloci_SOURCES = src/cli/main.c
veloci_LDADD = src/cli/libcli.a $(OPS_PARTS) $(SECCOMP_LIBS) $(SYSTEMD_LIBS) $(SYS_LIBS) $(BASE_LIBS)

# What the manual takes from the tables; see docs/local.mk.
noinst_PROGRAMS += src/cli/vl-manual
src_cli_vl_manual_SOURCES = src/cli/manual.c
src_cli_vl_manual_LDADD = $(veloci_LDADD)
