# see Makefile.am

EXTRA_DIST += docs/cgroups.md docs/design.md docs/security.md
