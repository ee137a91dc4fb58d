# SPDX-License-Identifier: Apache-2.0
"""containerd through its runc shim, driven with ctr."""
import json
import os
import re

from harness import EATER, Daemon, Engine, Skip, check, controllers, equal, has, item, run, until
from world import IMAGE, find, put

LOOP = ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"]


class Containerd(Engine):
    """A containerd of its own, with the example configuration in its imports"""

    def __init__(self, world, runtime):
        if not find("containerd") or not find("ctr"):
            raise Skip("containerd is missing")
        self.dir = f"{world.base}/ctrd-{runtime}"
        self.example = put(self.dir + "/conf.d/veloci.toml", world.contrib("containerd/config-v2.toml"))
        self.config = put(self.dir + "/config.toml", f'''
version = 2
root = "{self.dir}/root"
state = "{self.dir}/state"
imports = ["{self.dir}/conf.d/*.toml"]
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "{self.dir}/sock"
[plugins."io.containerd.grpc.v1.cri"]
disable_tcp_service = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{self.dir}/cni"
conf_dir = "{self.dir}/cni"
''')
        super().__init__(world, runtime, [find("ctr"), "-a", self.dir + "/sock"], world.env)
        self.daemon = Daemon([find("containerd"), "-c", self.config], world.env, self.dir + "/log")
        self.daemon.wait_for(lambda: self.run("version").status == 0)
        self.ok("image", "import", world.image["oci"], limit_s=60)
        # The default specification has CPU shares, which are an error where there is no such controller.
        self.create = ["--runc-binary", world.runtimes[runtime]] + (["--cpu-shares", "0"] if "cpu" not in (controllers() or ["cpu"]) else [])

    def started(self, *words, options=()):
        name = self.name()
        self.ok("run", "-d", "--null-io", *self.create, *options, IMAGE, name, *(words or LOOP))
        return name

    def task(self, name):
        for line in self.ok("task", "ls").splitlines()[1:]:
            if line.split()[0] == name:
                return line.split()[2], int(line.split()[1])
        return None, 0

    def once(self, *words, options=(), want=0, **more):
        """The output of a container that runs to its end."""
        name = self.name()
        return self.status(want, "run", "--rm", *self.create, *options, IMAGE, name, *words, **more).out.strip()

    def clean(self):
        for name in self.used:
            state, _ = self.task(name)
            if state == "PAUSED":
                self.run("task", "resume", name)
            if state:
                self.run("task", "rm", "-f", name)
            self.run("container", "rm", name)
        self.used = []

    def close(self):
        self.daemon.end()


@item("containerd", "the examples of configuration are understood")
def configuration(c):
    has(c.status(0, "plugins", "ls").out, "cri", "plugins")
    done = run([find("containerd"), "-c", c.config, "config", "dump"], env=c.env)
    equal(done.status, 0, f"config dump ({done.err})")
    for piece in (f'BinaryName = "{c.world.runtimes["veloci"]}"', 'default_runtime_name = "veloci"', "containerd.runtimes.veloci.options]"):
        has(done.out, piece, "the configuration as it is read")


@item("containerd", "ctr run: output and status")
def ctr_run(c):
    equal(c.once("sh", "-c", "echo out; exit 7", want=7), "out", "output")
    has(c.once("cat", "/proc/self/cgroup"), ":", "cgroups")


@item("containerd", "ctr run: a missing program is an error with its name, and leaves nothing")
def ctr_missing(c):
    has(c.status(1, "run", "--rm", *c.create, IMAGE, c.name(), "nosuchprogram").err, "nosuchprogram", "error")
    equal(len(c.ok("task", "ls").splitlines()), 1, "tasks that are left")


@item("containerd", "ctr run -t: a terminal")
def ctr_tty(c):
    with c.terminal("run", "--rm", "-t", *c.create, IMAGE, c.name(), "sh") as t:
        t.expect("# ")
        t.send("tty; stty size; exit 5\r")
        t.expect("/dev/pts/0")
        t.expect("33 101")
        equal(t.end(), 5, "status")


@item("containerd", "ctr run: --env, --cwd, --mount, --read-only, --memory-limit, --cap-drop, --seccomp")
def ctr_options(c):
    path = put(c.dir + "/volume/file", "mine\n")
    equal(c.once("sh", "-c", "echo $A; pwd; cat /v/file; touch /x 2>/dev/null || echo fixed",
                 options=["--env", "A=b", "--cwd", "/tmp", "--read-only", "--mount",
                          f"type=bind,src={os.path.dirname(path)},dst=/v,options=rbind:ro"]).split(), ["b", "/tmp", "mine", "fixed"], "values")
    equal(c.once("grep", "^Seccomp:", "/proc/self/status", options=["--seccomp"]).split(), ["Seccomp:", "2"], "filter")
    if "memory" in (controllers() or ["memory"]):
        c.once(*EATER, options=["--memory-limit", str(16 << 20)], want=137)


@item("containerd", "task exec: output, status, terminal, --user, --cwd, a missing program")
def task_exec(c):
    name = c.started()
    equal(c.status(6, "task", "exec", "--exec-id", "a", name, "sh", "-c", "echo out; exit 6").out, "out\n", "output")
    equal(c.ok("task", "exec", "--exec-id", "b", "--user", "1000", "--cwd", "/tmp", name, "sh", "-c", "id -u; pwd").split(),
          ["1000", "/tmp"], "values")
    with c.terminal("task", "exec", "--exec-id", "c", "-t", name, "sh") as t:
        t.expect("# ")
        t.send("tty; exit 4\r")
        t.expect("/dev/pts/")
        equal(t.end(), 4, "status")
    has(c.status(1, "task", "exec", "--exec-id", "d", name, "nosuchprogram").err, "nosuchprogram", "error")


@item("containerd", "task pause, resume; a paused task does not go on")
def task_pause(c):
    name = c.started()
    c.ok("task", "pause", name)
    equal(c.task(name)[0], "PAUSED", "state")
    c.ok("task", "resume", name)
    equal(c.task(name)[0], "RUNNING", "state")
    equal(c.ok("task", "exec", "--exec-id", "a", name, "echo", "on"), "on", "exec afterwards")


@item("containerd", "task ps: the processes of a container")
def task_ps(c):
    name = c.started("sh", "-c", "sleep 555 & wait")
    pids = until(lambda: (lambda t: len(t) >= 2 and t)(re.findall(r"^(\d+)", c.ok("task", "ps", name), re.M)), "two processes")
    check(str(c.task(name)[1]) in pids, f"process 1 is among {pids}")


@item("containerd", "task metrics")
def task_metrics(c):
    name = c.started()
    c.limited()
    metrics = json.loads(c.ok("task", "metrics", "--format", "json", name))
    check(int(metrics["pids"]["current"]) >= 1, f"processes in {metrics['pids']}")


@item("containerd", "task kill: signals, --all; the status is told")
def task_kill(c):
    name = c.started()
    c.ok("task", "kill", name)  # TERM
    until(lambda: c.task(name)[0] == "STOPPED", "it has ended")
    has(c.run("task", "rm", name).err, "exit code 9", "status")
    c.ok("container", "rm", name)
    name = c.started("sh", "-c", "trap '' TERM; sleep 666 & wait; sleep 666")
    c.ok("task", "kill", "--all", "-s", "SIGKILL", name)
    until(lambda: c.task(name)[0] == "STOPPED", "it has ended")
    check(c.run("task", "kill", name).status != 0 or c.task(name)[0] == "STOPPED", "kill of an ended task is harmless")


@item("containerd", "task rm -f: of a running container")
def task_rm(c):
    name = c.started()
    pid = c.task(name)[1]
    c.run("task", "rm", "-f", name)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the process is gone")
    equal(c.task(name)[0], None, "task")


@item("containerd", "containers in the host's pid namespace end with all their processes")
def ctr_host_pid(c):
    name = c.started("sh", "-c", "sleep 5544 & exec sleep 5544", options=["--with-ns", "pid:/proc/1/ns/pid"])
    pid = c.task(name)[1]
    until(lambda: len(c.ok("task", "ps", name).splitlines()) >= 3, "two processes")
    c.ok("task", "kill", "-s", "SIGKILL", name)
    until(lambda: c.task(name)[0] == "STOPPED", "it has ended")
    until(lambda: run(["pgrep", "-f", "^sleep 5544"]).status == 1, f"nothing is left of {pid}")


@item("containerd", "the shim is killed: what it left can be removed")
def shim_killed(c):
    name = c.started()
    pid = c.task(name)[1]
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        shim = int(re.search(r"^PPid:\s*(\d+)", f.read(), re.M).group(1))
    with open(f"/proc/{shim}/comm", encoding="utf-8") as f:
        has(f.read(), "containerd-shim", "the parent of the process")
    os.kill(shim, 9)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the container's process is gone", 15)
    until(lambda: c.task(name)[0] in (None, "UNKNOWN", "STOPPED"), "the task is gone")


@item("containerd", "ctr run --uidmap: a user namespace")
def ctr_userns(c):
    equal(c.once("sh", "-c", "cat /proc/self/uid_map; id -u", options=["--uidmap", "0:100000:5000", "--gidmap", "0:100000:5000"]).split(),
          ["0", "100000", "5000", "0"], "map")
