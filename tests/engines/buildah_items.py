# SPDX-License-Identifier: Apache-2.0
"""Buildah with the isolation "oci", which calls a runtime."""
import os
import subprocess

from harness import Engine, Skip, equal, has, item
from world import IMAGE, find, put


class Buildah(Engine):
    """Buildah as root, with storage of its own"""

    def __init__(self, world, runtime):
        if not find("buildah"):
            raise Skip("buildah is missing")
        self.dir = f"{world.base}/buildah-{runtime}"
        super().__init__(world, runtime, [find("buildah"), "--root", self.dir + "/root", "--runroot", self.dir + "/run",
                                          "--storage-driver", "overlay"], world.env)
        self.ok("pull", "-q", "oci-archive:" + world.image["oci"], limit_s=60)
        self.runtime_words = ["--isolation", "oci", "--runtime", world.runtimes[runtime]]

    def container(self):
        self.used.append(self.ok("from", IMAGE))
        return self.used[-1]

    def clean(self):
        if self.used:
            self.run("rm", *self.used)
            self.used = []

    def close(self):
        self.run("rm", "-a")
        subprocess.run(["umount", "-l", self.dir + "/root/overlay"], stderr=subprocess.DEVNULL, check=False)


@item("buildah", "run: output, status, --user, --workingdir, --env, a missing program")
def buildah_run(b):
    name = b.container()
    options = [*b.runtime_words, "--network", "none"]
    equal(b.status(5, "run", *options, name, "--", "sh", "-c", "echo out; exit 5").out, "out\n", "output")
    equal(b.ok("run", *options, "--user", "1000", "--workingdir", "/tmp", "--env", "A=b", name, "--", "sh", "-c",
               "id -u; pwd; echo $A").split(), ["1000", "/tmp", "b"], "values")
    has(b.status(1, "run", *options, name, "--", "nosuchprogram").err, "nosuchprogram", "error")


@item("buildah", "run: standard input, a terminal, the host's network, volumes, capabilities")
def buildah_options(b):
    name = b.container()
    options = [*b.runtime_words, "--network", "host"]
    equal(b.ok("run", *options, name, "--", "wc", "-c", stdin="12345"), "5", "input")
    path = put(b.dir + "/volume/file", "mine\n")
    equal(b.ok("run", *options, "-v", f"{os.path.dirname(path)}:/v:ro", "--cap-drop", "all", name, "--", "sh", "-c",
               "cat /v/file; grep CapEff /proc/self/status").split(), ["mine", "CapEff:", "0" * 16], "values")
    with b.terminal("run", *options, "-t", name, "--", "sh") as t:
        t.expect("# ")
        t.send("tty; exit 4\r")
        t.expect("/dev/pts/0")
        equal(t.end(), 4, "status")


@item("buildah", "bud: RUN, COPY, USER, a failing step; the runtime by containers.conf")
def bud(b):
    where = b.dir + "/context"
    put(where + "/file", "content\n")
    put(where + "/Containerfile", f"FROM {IMAGE}\nCOPY file /data/\nRUN cat /data/file >/data/copy && mkdir /made\nUSER user\n"
        "WORKDIR /made\nRUN id -un >/tmp/who\n")
    b.ok("bud", *b.runtime_words, "--network", "none", "-t", "localhost/bud:1", where, limit_s=90)
    name = b.ok("from", "localhost/bud:1")
    b.used.append(name)
    equal(b.ok("run", *b.runtime_words, "--network", "none", name, "--", "cat", "/data/copy", "/tmp/who").split(),
          ["content", "user"], "what was built")
    put(where + "/Failing", f"FROM {IMAGE}\nRUN exit 3\n")
    has(b.run("bud", *b.runtime_words, "--network", "none", "-f", where + "/Failing", where).err, "exit status 3", "error")


@item("buildah", "run: --runtime-flag reaches the runtime")
def runtime_flag(b):
    name = b.container()
    b.ok("run", *b.runtime_words, "--runtime-flag", "log-format=json", "--runtime-flag", "debug", "--network", "none", name, "--", "true")
