# SPDX-License-Identifier: Apache-2.0
"""The examples of configuration whose engines are not here: their form, and that each names the same runtime."""
import json
import os
import re

from harness import Engine, Skip, check, equal, has, item
from world import TOP


class Examples(Engine):
    """No engine at all"""

    def __init__(self, world, runtime):
        if runtime != "veloci":
            raise Skip("they are veloci's")
        super().__init__(world, runtime, [], world.env)


def toml(text):
    try:
        import tomllib  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("this Python has no tomllib (3.11)") from None
    return tomllib.loads(text)


@item("examples", "all files that name a program name the one under test")
def paths(e):
    found = [os.path.relpath(os.path.join(d, n), TOP + "/contrib") for d, _, names in os.walk(TOP + "/contrib") for n in names
             if n.endswith(".in")]
    equal(len(found), 5, "number of files")
    for name in found:
        text = e.world.contrib(name[:-3])
        has(text, e.world.runtimes["veloci"], name)
        check("@" not in text, f"{name}: nothing is left to be replaced")


@item("examples", "containerd's and CRI-O's are TOML with the right tables")
def tables(e):
    for name, place in (("containerd/config-v2.toml", "io.containerd.grpc.v1.cri"), ("containerd/config-v3.toml", "io.containerd.cri.v1.runtime")):
        settings = toml(e.world.contrib(name))
        equal(settings["version"], int(re.search(r"v(\d)", name).group(1)), name)
        settings = settings["plugins"][place]["containerd"]
        equal(settings["default_runtime_name"], "veloci", name)
        equal(settings["runtimes"]["veloci"]["options"]["BinaryName"], e.world.runtimes["veloci"], name)
    settings = toml(e.world.contrib("crio/10-veloci.conf"))["crio"]["runtime"]
    equal(settings["runtimes"]["veloci"]["runtime_path"], e.world.runtimes["veloci"], "crio")
    equal(toml(e.world.contrib("podman/veloci.conf"))["engine"]["runtimes"], {"veloci": [e.world.runtimes["veloci"]]}, "podman")


@item("examples", "the RuntimeClass names the handler of containerd's and CRI-O's examples")
def runtime_class(e):
    with open(TOP + "/contrib/kubernetes/runtimeclass.yaml", encoding="utf-8") as f:
        lines = [line.rstrip() for line in f if not line.startswith("#")]
    equal(lines, ["apiVersion: node.k8s.io/v1", "kind: RuntimeClass", "metadata:", "  name: veloci", "handler: veloci"], "lines")
    check(json.loads(e.world.contrib("docker/daemon.json"))["default-runtime"] == "veloci", "Docker's default")
