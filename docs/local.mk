# see Makefile.am

EXTRA_DIST += docs/cgroups.md docs/design.md docs/security.md docs/veloci.1.in docs/veloci-annotations.7.in docs/fill-manual

# What comes from the tables of the command line is asked of the programs just built; where these cannot run, the
# manual and the completions are left out (`veloci completion` prints the latter everywhere).
if !CROSS
man_MANS = docs/veloci.1 docs/veloci-annotations.7
docs/veloci.1: docs/veloci.1.in docs/fill-manual src/cli/vl-manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs && $(PYTHON) $(srcdir)/docs/fill-manual src/cli/vl-manual$(EXEEXT) \
		$(srcdir)/docs/veloci.1.in $(PACKAGE_VERSION) >$@.tmp && mv $@.tmp $@

docs/veloci-annotations.7: docs/veloci-annotations.7.in docs/fill-manual src/cli/vl-manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs && $(PYTHON) $(srcdir)/docs/fill-manual src/cli/vl-manual$(EXEEXT) \
		$(srcdir)/docs/veloci-annotations.7.in $(PACKAGE_VERSION) >$@.tmp && mv $@.tmp $@

bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
nodist_bashcomp_DATA = docs/completion/veloci
nodist_zshcomp_DATA = docs/completion/_veloci
nodist_fishcomp_DATA = docs/completion/veloci.fish
docs/completion/veloci: veloci$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs/completion && ./veloci$(EXEEXT) completion bash >$@
docs/completion/_veloci: veloci$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs/completion && ./veloci$(EXEEXT) completion zsh >$@
docs/completion/veloci.fish: veloci$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs/completion && ./veloci$(EXEEXT) completion fish >$@
CLEANFILES += $(man_MANS) $(nodist_bashcomp_DATA) $(nodist_zshcomp_DATA) $(nodist_fishcomp_DATA)
endif
