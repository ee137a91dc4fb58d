noinst_LIBRARIES += src/state/libstate.a
src_state_libstate_a_SOURCES = \
	src/state/dir.c src/state/dir.h \
	src/state/gate.c src/state/gate.h \
	src/state/journal.c src/state/journal.h \
	src/state/query.c src/state/query.h \
	src/state/record.c src/state/record.h
