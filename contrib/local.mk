# see Makefile.am

# Examples for engines, with the path of the installed program in them.
ENGINE_EXAMPLES = contrib/podman/veloci.conf contrib/containerd/config-v2.toml contrib/containerd/config-v3.toml \
	contrib/crio/10-veloci.conf contrib/docker/daemon.json
CLEANFILES += $(ENGINE_EXAMPLES)
all-local: $(ENGINE_EXAMPLES)

$(ENGINE_EXAMPLES): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|@bindir[@]|$(bindir)|g' $(top_srcdir)/$@.in >$@.new && mv $@.new $@

contrib/podman/veloci.conf: contrib/podman/veloci.conf.in
contrib/containerd/config-v2.toml: contrib/containerd/config-v2.toml.in
contrib/containerd/config-v3.toml: contrib/containerd/config-v3.toml.in
contrib/crio/10-veloci.conf: contrib/crio/10-veloci.conf.in
contrib/docker/daemon.json: contrib/docker/daemon.json.in

install-data-local: $(ENGINE_EXAMPLES)
	for f in $(ENGINE_EXAMPLES); do \
		$(MKDIR_P) "$(DESTDIR)$(docdir)/examples/$$(basename $$(dirname $$f))" && \
		$(INSTALL_DATA) $$f "$(DESTDIR)$(docdir)/examples/$${f#contrib/}" || exit 1; done
	$(MKDIR_P) "$(DESTDIR)$(docdir)/examples/kubernetes"
	$(INSTALL_DATA) $(top_srcdir)/contrib/README.md "$(DESTDIR)$(docdir)/examples/README.md"
	$(INSTALL_DATA) $(top_srcdir)/contrib/kubernetes/runtimeclass.yaml "$(DESTDIR)$(docdir)/examples/kubernetes/"

uninstall-local:
	rm -rf "$(DESTDIR)$(docdir)/examples"
