# see Makefile.am

EXTRA_DIST += docs/cgroups.md
