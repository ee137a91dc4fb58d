noinst_LIBRARIES += src/prep/libprep.a
src_prep_libprep_a_SOURCES = src/prep/prep.c src/prep/prep.h src/prep/internal.h src/prep/late.c
