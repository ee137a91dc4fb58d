# see Makefile.am

# What tests/run starts, one a line.
print-tests:
	@for t in $(TESTS); do echo $$t; done

# The validation programs of the OCI runtime-tools, with veloci and beside it crun and runc.
check-oci: all
	$(top_srcdir)/tests/run --builddir $(abs_builddir) oci-validation

.PHONY: print-tests check-oci
EXTRA_DIST += tests/run tests/peers tests/lib tests/oci-validation tests/quickstart tools docs/STYLE.md

TESTS += tools/lint
