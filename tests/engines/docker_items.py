# SPDX-License-Identifier: Apache-2.0
"""dockerd, which drives the runtime through containerd's shim."""
import json
import os
import re
import time

from harness import EATER, Daemon, Engine, Skip, check, equal, has, item, limit, run, until
from world import IMAGE, find, put

LOOP = ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"]


class Docker(Engine):
    """A dockerd of its own in a network namespace of its own; its configuration is the example and private places"""

    def __init__(self, world, runtime, place=None):
        if not find("dockerd") or not find("docker"):
            raise Skip("docker.io is missing")
        self.dir = place or f"{world.base}/docker-{runtime}"
        self.socket = f"unix://{self.dir}/sock"
        config = json.loads(world.contrib("docker/daemon.json"))
        # "runc" is a reserved name.
        config["runtimes"].update({n + "-peer": {"path": p} for n, p in world.runtimes.items() if n != "veloci"})
        if runtime != "veloci":
            config["default-runtime"] = runtime + "-peer"
        config.update({
            "data-root": self.dir + "/data", "exec-root": self.dir + "/exec", "pidfile": self.dir + "/pid", "hosts": [self.socket],
            "bip": "172.31.0.1/24", "iptables": False, "ip6tables": False, "ip-masq": False, "storage-driver": "overlay2",
            "exec-opts": ["native.cgroupdriver=cgroupfs"], "cgroup-parent": "veloci-docker"})
        self.config = put(self.dir + "/daemon.json", json.dumps(config))
        # dockerd wants a "runc" to be there, and its BuildKit runs nothing else: here that is the runtime under test.
        if not os.path.islink(self.dir + "/bin/runc"):
            os.makedirs(self.dir + "/bin")
            os.symlink(world.runtimes[runtime], self.dir + "/bin/runc")
        env = dict(world.env, DOCKER_CONFIG=self.dir + "/cli", DOCKER_BUILDKIT="0", PATH=f"{self.dir}/bin:{world.env['PATH']}")
        super().__init__(world, runtime, [find("docker"), "-H", self.socket], env)
        # What dockerd calls containerd is looked up in PATH.
        self.daemon = Daemon([find("unshare"), "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", find("dockerd"),
                              "--config-file", self.config], env, self.dir + "/log")
        self.daemon.wait_for(lambda: self.run("version").status == 0)
        self.ok("load", "-q", "-i", world.image["docker"], limit_s=60)

    def sh(self, script, *options, want=0, **more):
        return self.status(want, "run", "--rm", *options, IMAGE, "sh", "-c", script, **more).out.strip()

    def started(self, *words, options=()):
        name = self.name()
        self.ok("run", "-d", "--name", name, "--network", "none", *options, IMAGE, *(words or LOOP))
        return name

    def inspect(self, name, form):
        return self.ok("inspect", "--format", form, name)

    def clean(self):
        if self.used:
            self.run("rm", "-f", "-v", *self.used)
            self.used = []

    def close(self):
        ids = self.run("ps", "-aq").out.split()
        if ids:
            self.run("rm", "-f", *ids)
        self.daemon.end()


@item("docker", "the example of configuration is what the daemon works with")
def configuration(d):
    info = json.loads(d.ok("info", "--format", "{{json .}}"))
    equal(info["Runtimes"]["veloci"]["path"], d.world.runtimes["veloci"], "path")
    equal(info["DefaultRuntime"].replace("-peer", ""), d.runtime, "default")
    has(d.ok("info"), "Server Version", "info")


@item("docker", "run: output, status, the end by a signal")
def run_status(d):
    result = d.status(7, "run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7")
    equal((result.out, result.err), ("out\n", "err\n"), "output")
    name = d.started("sleep", "100")
    d.ok("kill", name)
    equal(d.ok("wait", name), "137", "status")


@item("docker", "run: a missing program is 127; one that cannot be executed, and a directory, are 126")
def run_missing(d):
    for words, want in ((["nosuchprogram"], 127), (["/no/such"], 127), (["/etc/noexec"], 126)):
        has(d.status(want, "run", "--rm", IMAGE, *words).err, words[0], "error")
    result = d.run("run", "--rm", IMAGE, "/etc")
    check(result.status in (125, 126), f"a directory is 126, or 125 before Docker 24: {result}")
    equal(d.ok("ps", "-aq"), "", "containers that are left")


@item("docker", "run --network bridge: a hook of the engine moves the interface in")
def run_bridge(d):
    has(d.sh("ip addr show eth0; ping -c 1 -W 2 172.31.0.1"), "1 packets received", "ping of the bridge")


@item("docker", "run -i, -t, -it: standard input, a terminal, its size and its changes")
def run_interactive(d):
    equal(d.ok("run", "--rm", "-i", IMAGE, "wc", "-c", stdin="x" * 100000), "100000", "input")
    has(d.sh("tty; echo $TERM", "-t"), "/dev/pts/0", "terminal")
    with d.terminal("run", "--rm", "-it", IMAGE, "sh") as t:
        t.expect("# ")
        for row in range(40, 50):  # a change may come before docker listens for it
            t.resize(row, 122)
            time.sleep(0.2)
            t.send("stty size; echo do''ne\r")
            t.expect("done")
            if f"{row} 122" in t.before:
                break
        has(t.before, f"{row} 122", "size")
        t.send("exit 5\r")
        equal(t.end(), 5, "status")


@item("docker", "exec: status, -i, -t, -d, --user, --workdir, --env, a missing program")
def exec_options(d):
    name = d.started()
    d.status(6, "exec", name, "sh", "-c", "exit 6")
    equal(d.ok("exec", "-i", name, "wc", "-c", stdin="12345"), "5", "input")
    equal(d.ok("exec", "-u", "user", "-w", "/tmp", "-e", "A=b", name, "sh", "-c", "id -u; pwd; echo $A").split(), ["1000", "/tmp", "b"],
          "values")
    with d.terminal("exec", "-it", name, "sh") as t:
        t.expect("# ")
        t.send("tty; exit 4\r")
        t.expect("/dev/pts/")
        equal(t.end(), 4, "status")
    d.ok("exec", "-d", name, "touch", "/tmp/mark")
    until(lambda: d.run("exec", name, "test", "-e", "/tmp/mark").status == 0, "the mark is there")
    has(d.status(126, "exec", name, "nosuchprogram").out, "nosuchprogram", "error")


@item("docker", "pause, unpause")
def pause(d):
    name = d.started()
    d.ok("pause", name)
    equal(d.inspect(name, "{{.State.Status}}"), "paused", "state")
    d.ok("unpause", name)
    equal(d.ok("exec", name, "echo", "on"), "on", "exec afterwards")


@item("docker", "top, stats")
def top_stats(d):
    name = d.started("sh", "-c", "sleep 555 & wait")
    until(lambda: "sleep 555" in d.ok("top", name), "top shows both")
    d.limited()
    until(lambda: int(d.ok("stats", "--no-stream", "--format", "{{.PIDs}}", name)) >= 2, "the number of processes")


@item("docker", "update: limits of a running container")
def update(d):
    d.limited()
    name = d.started(options=["--memory", "64m", "--memory-swap", "64m"])
    d.ok("update", "--memory", "96m", "--memory-swap", "96m", "--cpus", "0.5", "--pids-limit", "44", name)
    pid = d.inspect(name, "{{.State.Pid}}")
    equal([limit(pid, c) for c in ("memory", "cpu", "pids")], [str(96 << 20), "50000", "44"], "values")


@item("docker", "logs, also of a lot; wait")
def logs(d):
    name = d.started("sh", "-c", "seq 1 20000; echo end >&2; exit 3")
    equal(d.ok("wait", name), "3", "wait")
    result = d.run("logs", name)
    equal((len(result.out.split()), result.err), (20000, "end\n"), "output")


@item("docker", "stop: TERM, and KILL for who does not listen; restart; start; rm -f")
def stop(d):
    name = d.started()
    d.ok("stop", "-t", "5", name)
    equal(d.inspect(name, "{{.State.ExitCode}}"), "9", "status after TERM")
    d.ok("start", name)
    before = d.inspect(name, "{{.State.Pid}}")
    d.ok("restart", "-t", "5", name)
    check(before != d.inspect(name, "{{.State.Pid}}"), "another process")
    name = d.started("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    d.ok("stop", "-t", "1", name)
    equal(d.inspect(name, "{{.State.ExitCode}}"), "137", "status after KILL")


@item("docker", "kill: a signal that is caught")
def kill(d):
    name = d.started("sh", "-c", "trap 'exit 5' USR1; echo ready; while :; do sleep 0.05; done")
    until(lambda: "ready" in d.run("logs", name).out, "it is ready")
    d.ok("kill", "--signal", "USR1", name)
    equal(d.ok("wait", name), "5", "status")
    check(d.run("kill", name).status != 0, "kill of an ended container is an error")


@item("docker", "--init, --user, --env, --workdir, --hostname, --cap-drop, --cap-add, --ulimit, --sysctl")
def options(d):
    has(d.sh("cat /proc/1/comm", "--init"), "docker-init", "process 1")
    equal(d.sh("id -u; id -g; echo $A; pwd; hostname; ulimit -n; cat /proc/sys/kernel/msgmax", "-u", "1000:5", "-e", "A=b", "-w", "/tmp",
               "--hostname", "box", "--ulimit", "nofile=100:200", "--sysctl", "kernel.msgmax=4444").split(),
          ["1000", "5", "b", "/tmp", "box", "100", "4444"], "values")
    equal(d.sh("grep -E 'Cap(Eff|Bnd)' /proc/self/status", "--cap-drop", "all", "--cap-add", "chown").split()[1::2],
          ["0" * 15 + "1"] * 2, "capabilities")


@item("docker", "--security-opt: no-new-privileges, seccomp")
def security(d):
    equal(d.sh("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges").split()[1], "1", "flag")
    for more, mode in ([], "2"), (["--security-opt", "seccomp=unconfined"], "0"):
        equal(d.sh("grep ^Seccomp: /proc/self/status", *more).split()[1], mode, "mode")
    profile = put(d.dir + "/seccomp.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}))
    d.sh("mkdir /tmp/a", "--security-opt", "seccomp=" + profile, want=1)


@item("docker", "--read-only, --tmpfs, binds, volumes, propagation, devices")
def files(d):
    path = put(d.dir + "/volume/file", "mine\n")
    where = os.path.dirname(path)
    equal(d.sh("touch /a 2>/dev/null || echo fixed; touch /run/b && grep -c ' /run tmpfs\\| /run .*tmpfs' /proc/self/mountinfo",
               "--read-only", "--tmpfs", "/run:size=64k").split(), ["fixed", "1"], "read-only")
    d.sh("grep -q mine /v/file && ! touch /v/no 2>/dev/null && touch /w/yes", "-v", f"{where}:/v:ro", "-v", f"{where}:/w")
    equal(d.sh("ls /home", "-v", "/home"), "user", "a volume gets the image's content")
    d.sh("test -c /dev/mine && dd if=/dev/mine bs=1 count=1 2>/dev/null", "--device", "/dev/zero:/dev/mine")


@item("docker", "--memory: what takes more is killed, and the engine knows")
def out_of_memory(d):
    d.limited()
    name = d.started(*EATER, options=["--memory", "16m", "--memory-swap", "16m"])
    equal(d.ok("wait", name), "137", "status")
    until(lambda: d.inspect(name, "{{.State.OOMKilled}}") == "true", "OOMKilled", 5)


@item("docker", "--pid, --ipc, --uts, --network host, --cgroupns; another container's")
def share_namespaces(d):
    dockerd = d.daemon.process.pid

    def links(pid, names):
        return [os.readlink(f"/proc/{pid}/ns/{n}") for n in names]

    names = ("pid", "ipc", "uts", "net")
    name = d.name()
    d.ok("run", "-d", "--name", name, *[f"--{n}=host" for n in ("pid", "ipc", "uts", "network")], IMAGE, *LOOP)
    equal(links(d.inspect(name, "{{.State.Pid}}"), names), links(dockerd, names), "namespaces of the daemon")
    first = d.started(options=["--ipc", "shareable"])
    second = d.name()
    d.ok("run", "-d", "--name", second, *[f"--{n}=container:{first}" for n in ("pid", "ipc", "network")], IMAGE, *LOOP)
    names = ("pid", "ipc", "net")
    equal(*(links(d.inspect(n, "{{.State.Pid}}"), names) for n in (first, second)), "namespaces of both")


@item("docker", "--pid host: rm -f reaches all processes")
def pid_host(d):
    name = d.started("sh", "-c", "sleep 6543 & exec sleep 6543", options=["--pid", "host"])
    until(lambda: len(run(["pgrep", "-f", "^sleep 6543"]).out.split()) == 2, "both run")
    d.ok("rm", "-f", name)
    until(lambda: run(["pgrep", "-f", "^sleep 6543"]).status == 1, "nothing is left")


@item("docker", "--restart: on-failure, as often as told")
def restart_policy(d):
    name = d.started("sh", "-c", "echo again; exit 3", options=["--restart", "on-failure:2"])
    until(lambda: d.run("logs", name).out.count("again") == 3, "three runs", 15)


@item("docker", "health checks")
def health(d):
    name = d.started(options=["--health-cmd", "test -e /healthy", "--health-interval", "0.2s", "--health-retries", "1"])
    until(lambda: d.inspect(name, "{{.State.Health.Status}}") == "unhealthy", "unhealthy")
    d.ok("exec", name, "touch", "/healthy")
    until(lambda: d.inspect(name, "{{.State.Health.Status}}") == "healthy", "healthy")


@item("docker", "attach, ^P^Q")
def attach(d):
    name = d.started("cat", options=["-it"])
    with d.terminal("attach", name) as t:
        time.sleep(0.3)
        t.send("word\r")
        t.expect("word\r\nword")
        t.send("\x10\x11")
        t.end()
    equal(d.inspect(name, "{{.State.Running}}"), "true", "it runs on")


@item("docker", "cp, diff, commit, export")
def content(d):
    name = d.started("sh", "-c", "echo new >/data/new; while :; do sleep 0.05; done")
    until(lambda: "A /data/new" in d.ok("diff", name), "diff shows the file")
    d.ok("cp", name + ":/data/new", d.dir + "/copy")
    d.ok("cp", d.dir + "/copy", name + ":/data/again")
    equal(d.ok("exec", name, "cat", "/data/again"), "new", "content")
    d.ok("commit", name, "made:1")
    equal(d.ok("run", "--rm", "made:1", "cat", "/data/again"), "new", "content of the image")
    d.run("rmi", "-f", "made:1")


@item("docker", "build: RUN, COPY, USER, a failing step")
def build(d):
    where = d.dir + "/context"
    put(where + "/file", "content\n")
    put(where + "/Dockerfile", f"FROM {IMAGE}\nCOPY file /data/\nRUN cat /data/file >/data/copy\nUSER user\nRUN id -un >/tmp/who\n")
    d.ok("build", "-q", "--network", "none", "-t", "built:1", where, limit_s=90)
    equal(d.ok("run", "--rm", "built:1", "cat", "/data/copy", "/tmp/who").split(), ["content", "user"], "what was built")
    put(where + "/Failing", f"FROM {IMAGE}\nRUN exit 3\n")
    has(d.run("build", "--network", "none", "-f", where + "/Failing", where, limit_s=60).err, "non-zero code: 3", "error")
    d.run("rmi", "-f", "built:1")


@item("docker", "build with BuildKit, which runs the runtime itself")
def buildkit(d):
    where = d.dir + "/buildkit"
    with open(d.config, encoding="utf-8") as f:
        settings = json.load(f)
    del settings["bip"]
    settings.update({"data-root": where, "exec-root": where + "-exec", "pidfile": where + "-pid", "hosts": [f"unix://{where}-sock"],
                     "bridge": "none"})
    config = put(d.dir + "/buildkit.json", json.dumps(settings))
    env = dict(d.env, DOCKER_BUILDKIT="1")
    daemon = Daemon([find("unshare"), "--net", find("dockerd"), "--config-file", config], env, where + ".log")
    words = [find("docker"), "-H", f"unix://{where}-sock"]
    try:
        daemon.wait_for(lambda: run(words + ["version"], env=env).status == 0)
        equal(run(words + ["load", "-q", "-i", d.world.image["docker"]], env=env, limit_s=60).status, 0, "load")
        put(where + "-context/Dockerfile", f"FROM {IMAGE}\nRUN echo built >/data/b\nUSER user\nRUN id -un >/tmp/who\n")
        done = run(words + ["build", "--network", "none", "-t", "kit:1", where + "-context"], env=env, limit_s=90, log=d.logfile)
        equal(done.status, 0, f"build: {done}")
        done = run(words + ["run", "--rm", "--network", "none", "kit:1", "cat", "/data/b", "/tmp/who"], env=env)
        equal(done.out.split(), ["built", "user"], f"what was built: {done}")
        put(where + "-context/Dockerfile", f"FROM {IMAGE}\nRUN exit 3\n")
        has(run(words + ["build", "--network", "none", where + "-context"], env=env, limit_s=60).err, "exit code: 3", "error")
    finally:
        daemon.end()


@item("docker", "runtimeArgs: options before the verb")
def runtime_args(d):
    with open(d.config, encoding="utf-8") as f:
        settings = json.load(f)
    name = "with-arguments"
    settings["runtimes"][name] = {"path": d.world.runtimes[d.runtime], "runtimeArgs": ["--debug"]}
    put(d.config, json.dumps(settings))
    d.daemon.process.send_signal(1)  # reads its configuration again
    until(lambda: name in d.ok("info", "--format", "{{json .Runtimes}}"), "it is known")
    equal(d.sh("echo here", "--runtime", name), "here", "output")


@item("docker", "live: the daemon is restarted, stopped containers start again")
def daemon_restart(d):
    name = d.started()
    pid = d.inspect(name, "{{.State.Pid}}")
    words, env, log = d.daemon.process.args, d.env, d.daemon.log
    d.daemon.end()
    check(not os.path.exists(f"/proc/{pid}"), "the container has ended with the daemon")
    d.daemon = Daemon(words, env, log)
    d.daemon.wait_for(lambda: d.run("version").status == 0)
    d.ok("start", name)
    check(re.match(r"\d+", d.inspect(name, "{{.State.Pid}}")), "it runs again")


@item("docker", "live-restore: the daemon is restarted, the containers go on")
def live_restore(d):
    with open(d.config, encoding="utf-8") as f:
        settings = json.load(f)
    settings["live-restore"] = True
    put(d.config, json.dumps(settings))
    d.daemon.process.send_signal(1)
    until(lambda: d.ok("info", "--format", "{{.LiveRestoreEnabled}}") == "true", "it is switched on")
    name = d.started()
    pid = d.inspect(name, "{{.State.Pid}}")
    words, env, log = d.daemon.process.args, d.env, d.daemon.log
    d.daemon.end()
    check(os.path.exists(f"/proc/{pid}"), "the container runs on")
    d.daemon = Daemon(words, env, log)
    d.daemon.wait_for(lambda: d.run("version").status == 0)
    equal(d.ok("exec", name, "echo", "here"), "here", "exec afterwards")
    d.ok("stop", "-t", "5", name)
    equal(d.inspect(name, "{{.State.ExitCode}}"), "9", "status")


@item("docker", "userns-remap: containers in a user namespace")
def userns_remap(d):
    where = d.dir + "-remap"
    with open(d.config, encoding="utf-8") as f:
        settings = json.load(f)
    del settings["bip"]
    settings.update({"data-root": where, "exec-root": where + "-exec", "pidfile": where + "-pid", "hosts": [f"unix://{where}-sock"],
                     "bridge": "none", "userns-remap": "tester", "live-restore": False})
    daemon = Daemon([find("unshare"), "--net", find("dockerd"), "--config-file", put(where + ".json", json.dumps(settings))],
                    d.env, where + ".log")
    words = [find("docker"), "-H", f"unix://{where}-sock"]
    try:
        daemon.wait_for(lambda: run(words + ["version"], env=d.env).status == 0)
        equal(run(words + ["load", "-q", "-i", d.world.image["docker"]], env=d.env, limit_s=60).status, 0, "load")
        done = run(words + ["run", "--rm", "--network", "none", "-v", "/data", "--read-only", "--tmpfs", "/run", IMAGE, "sh", "-c",
                            "cat /proc/self/uid_map; id -u; touch /data/a /run/b && stat -c %u /data/a"], env=d.env)
        equal(done.out.split(), ["0", "200000", "65536", "0", "0"], f"ids ({done.err})")
    finally:
        daemon.end()


@item("docker", "nothing is left: no state, no cgroup, no process")
def leftovers(d):
    names = [d.started() for _ in range(2)]
    d.ok("exec", "-d", names[0], "sleep", "1000")
    pids = [d.inspect(n, "{{.State.Pid}}") for n in names]
    ids = [d.inspect(n, "{{.Id}}") for n in names]
    d.ok("rm", "-f", *names)
    listed = run([d.world.runtimes[d.runtime], "--root", d.dir + "/exec/runtime-runc/moby", "list", "-q"], env=d.env).out.split()
    equal([i for i in ids if i in listed], [], "what the runtime still knows")
    equal([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [], "processes")
    equal([x for x, _, _ in os.walk("/sys/fs/cgroup") if any(i in x for i in ids)], [], "cgroups")
