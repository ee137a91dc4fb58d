noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/cli.h \
	src/cli/cmd_create.c \
	src/cli/cmd_delete.c \
	src/cli/cmd_kill.c \
	src/cli/cmd_list.c \
	src/cli/cmd_plan.c \
	src/cli/cmd_run.c \
	src/cli/cmd_spec.c \
	src/cli/cmd_start.c \
	src/cli/cmd_state.c \
	src/cli/help.c \
	src/cli/main.c \
	src/cli/output.c \
	src/cli/parse.c \
	src/cli/table.c
