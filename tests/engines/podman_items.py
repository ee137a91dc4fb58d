# SPDX-License-Identifier: Apache-2.0
"""Podman as root and as an ordinary user: what `podman run` can be told, and the life of a container."""
import json
import os
import shutil
import subprocess

from harness import EATER, Engine, Failed, Skip, check, equal, has, item, limit, until
from world import IMAGE, USER, find, put


class Podman(Engine):
    """Podman as root, with storage of its own"""

    def __init__(self, world, runtime):
        if not find("podman") or not find("conmon"):
            raise Skip("podman and conmon are missing")
        self.dir = self.place(world, runtime)
        os.makedirs(self.dir, exist_ok=True)
        super().__init__(world, runtime, [find("podman"), *self.options(world, runtime, "overlay")], world.env)
        self.volumes = world.base + "/volume"
        self.ok("load", "-q", "-i", world.image["docker"], limit_s=60)

    def place(self, world, runtime):
        return f"{world.base}/podman-{runtime}"

    def options(self, world, runtime, storage):
        return ["--root", self.dir + "/root", "--runroot", self.dir + "/run", "--tmpdir", self.dir + "/tmp",
                "--storage-driver", storage, "--runtime", runtime]

    def sh(self, script, *options, want=0, **more):
        """The output of a shell in a container of its own."""
        return self.status(want, "run", "--rm", *options, IMAGE, "sh", "-c", script, **more).out.strip()

    def started(self, *words, options=()):
        """The name of a container that runs `words`, or sleeps and ends at TERM."""
        name = self.name()
        words = words or ("sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done")
        self.ok("run", "-d", "--name", name, *options, IMAGE, *words)
        return name

    def inspect(self, name, form):
        return self.ok("inspect", "--format", form, name)

    def state(self, name):
        return self.inspect(name, "{{.State.Status}}")

    def clean(self):
        if self.used:
            self.run("rm", "-f", "-t", "0", "-i", *self.used)
            self.used = []

    def close(self):
        self.run("rm", "-f", "-t", "0", "-a")
        subprocess.run(["umount", "-l", self.dir + "/root/overlay"], stderr=subprocess.DEVNULL, check=False)


# ---- running -------------------------------------------------------------------------------------------

@item("podman", "run: the output and status of a program")
def run_status(p):
    equal(p.sh("echo out; echo err >&2; exit 7", want=7), "out", "output")
    equal(p.status(0, "run", "--rm", IMAGE, "true").err, "", "standard error of a good run")


@item("podman", "run: the end by a signal is 128 and its number")
def run_signal(p):
    name = p.started("sleep", "100")
    p.ok("kill", name)
    equal(p.ok("wait", name), "137", "status after KILL")
    equal(p.inspect(name, "{{.State.ExitCode}}"), "137", "status that is remembered")


@item("podman", "run: a missing program is 127 and its name")
def run_missing(p):
    has(p.status(127, "run", "--rm", IMAGE, "/no/such/program").err, "/no/such/program", "error")
    has(p.status(127, "run", "--rm", IMAGE, "nosuchprogram").err, "nosuchprogram", "error")


@item("podman", "run: a program that cannot be executed, and a directory, are 126")
def run_not_executable(p):
    p.status(126, "run", "--rm", IMAGE, "/etc/noexec")
    p.status(126, "run", "--rm", IMAGE, "/etc")


@item("podman", "run -i: standard input reaches the program")
def run_stdin(p):
    equal(p.status(0, "run", "--rm", "-i", IMAGE, "sh", "-c", "read a; read b; echo $b $a", stdin="one\ntwo\n").out,
          "two one\n", "output")


@item("podman", "run -t: a terminal")
def run_tty(p):
    equal(p.sh("test -t 0 && test -t 1 && tty && echo good", "-t").split(), ["/dev/pts/0", "good"],
          "terminal")


@item("podman", "run -it: a terminal that is typed on, its size and its changes")
def run_interactive(p):
    with p.terminal("run", "--rm", "-it", IMAGE, "sh") as t:
        t.expect("# ")
        t.send("stty size; echo do''ne\n")
        t.expect("33 101")
        t.expect("done")
        t.resize(44, 122)
        t.send("sleep 0.4; stty size; echo do''ne\n")
        t.expect("44 122")
        t.send("exit 5\n")
        equal(t.end(), 5, "status")


@item("podman", "run -it: ^C is a signal for the program")
def run_interrupt(p):
    with p.terminal("run", "--rm", "-it", IMAGE, "sh", "-c", "trap 'exit 3' INT; echo re''ady; while :; do sleep 0.05; done") as t:
        t.expect("ready")
        t.send("\x03")
        equal(t.end(), 3, "status")


@item("podman", "run -d: wait gives the status, logs the output")
def run_detached(p):
    name = p.name()
    p.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", "echo one; echo two >&2; exit 4")
    equal(p.ok("wait", name), "4", "wait")
    logs = p.run("logs", name)
    equal((logs.out, logs.err), ("one\n", "two\n"), "logs")


@item("podman", "create, start, start -a of an ended container")
def create_start(p):
    name = p.name()
    p.ok("create", "--name", name, IMAGE, "sh", "-c", "echo run >>/log; wc -l </log; exit 6")
    equal(p.state(name), "created", "state")
    equal(p.status(6, "start", "-a", name).out.strip(), "1", "output")
    equal(p.status(6, "start", "-a", name).out.strip(), "2", "output of the second start")


@item("podman", "init: a container that is created and waits for its start")
def init_start(p):
    name = p.name()
    p.ok("create", "--name", name, IMAGE, "sh", "-c", "echo started")
    p.ok("init", name)
    equal(p.state(name), "initialized", "state")
    check(p.inspect(name, "{{.State.Pid}}") != "0", "a process waits")
    equal(p.ok("start", "-a", name), "started", "output")


# ---- the process ---------------------------------------------------------------------------------------

@item("podman", "--user: ids and names, groups, --group-add")
def user(p):
    equal(p.sh("id -u; id -g", "--user", "1000:5").split(), ["1000", "5"], "ids")
    equal(p.sh("id -un; pwd; echo $HOME", "--user", "user", "--workdir", "/tmp").split(), ["user", "/tmp", "/home"], "name")
    has(p.sh("id -G", "--user", "1000", "--group-add", "77"), "77", "groups")


@item("podman", "--env, --workdir, --hostname, --ulimit")
def environment(p):
    equal(p.sh("echo $A; pwd; hostname; ulimit -n", "-e", "A=b c", "-w", "/tmp", "--hostname", "box",
               "--ulimit", "nofile=100:200", "--ulimit", "nproc=100:200").splitlines(), ["b c", "/tmp", "box", "100"], "values")


def capabilities(text):
    return dict(line.split(":\t") for line in text.splitlines())


@item("podman", "--cap-drop, --cap-add")
def capabilities_change(p):
    script = "grep Cap /proc/self/status"
    none = capabilities(p.sh(script, "--cap-drop", "all"))
    equal(set(none.values()), {"0" * 16}, "sets")
    one = capabilities(p.sh(script, "--cap-drop", "all", "--cap-add", "chown"))
    equal((one["CapEff"], one["CapBnd"]), ("0" * 15 + "1",) * 2, "sets")
    p.sh("chown 1 /tmp", "--cap-drop", "chown", want=1)


@item("podman", "--privileged: the capabilities that there are, devices, nothing masked")
def privileged(p):
    out = p.sh("grep CapEff /proc/self/status; ls /dev | wc -l; grep -c ' /proc/kcore ' /proc/self/mountinfo", "--privileged",
               want=1).split()
    check(int(out[1], 16) & 1 << 21, f"no CAP_SYS_ADMIN in {out}")
    equal(out[3], "0", "masks")


@item("podman", "--security-opt no-new-privileges")
def no_new_privileges(p):
    equal(p.sh("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges").split(), ["NoNewPrivs:", "1"], "flag")
    equal(p.sh("grep NoNewPrivs /proc/self/status").split(), ["NoNewPrivs:", "0"], "control")


@item("podman", "--security-opt seccomp=: a profile, none, the default one")
def seccomp(p):
    profile = put(p.world.base + "/seccomp.json", json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}))
    has(p.status(1, "run", "--rm", "--security-opt", "seccomp=" + profile, IMAGE, "mkdir", "/tmp/a").err, "Operation not supported",
        "error")
    for options, mode in ((["--security-opt", "seccomp=unconfined"], "0"), ([], "2"),
                          (["--security-opt", "seccomp=" + profile, "--security-opt", "no-new-privileges"], "2")):
        equal(p.sh("grep ^Seccomp: /proc/self/status", *options).split()[1], mode, f"mode with {options}")


@item("podman", "--init: a small init is process 1")
def init_process(p):
    if not find("tini-static"):
        raise Skip("tini-static is missing")
    has(p.sh("cat /proc/1/comm", "--init"), "podman-init", "process 1")
    p.sh("exit 8", "--init", want=8)


@item("podman", "--preserve-fds")
def preserve_fds(p):
    words = p.words + ["run", "--rm", "--preserve-fds", "1", IMAGE, "sh", "-c", "cat <&3"]
    path = put(p.dir + "/fd", "through three\n")
    done = subprocess.run(["sh", "-c", 'exec 3<"$0"; exec "$@"', path, *words], env=p.env, cwd="/", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    equal((done.returncode, done.stdout), (0, "through three\n"), f"descriptor 3 ({done.stderr})")


@item("podman", "--sysctl, --oom-score-adj")
def sysctl(p):
    equal(p.sh("cat /proc/sys/kernel/msgmax /proc/self/oom_score_adj", "--sysctl", "kernel.msgmax=4444",
               "--oom-score-adj", "77").split(), ["4444", "77"], "values")


# ---- files ---------------------------------------------------------------------------------------------

@item("podman", "--read-only, --tmpfs with its options")
def read_only(p):
    out = p.sh("touch /a 2>/dev/null || echo fixed; touch /run/b /tmp/c && echo free", "--read-only", "--tmpfs", "/run")
    equal(out.split(), ["fixed", "free"], "writable places")
    has(p.sh("grep ' /mnt ' /proc/self/mountinfo", "--tmpfs", "/mnt:rw,size=64k,mode=1700,noexec"), "size=64k,mode=1700", "tmpfs")


@item("podman", "--tmpfs: the content of the image is copied up")
def tmpfs_copyup(p):
    has(p.sh("ls /home", "--tmpfs", "/home"), "user", "content")


@item("podman", "volumes: rw, ro, missing in the image, a named one")
def volumes(p):
    path = p.volumes + f"/{p.runtime}"
    put(path + "/file", "mine\n")
    equal(p.sh("cat /v/file; echo hers >/v/new", "-v", f"{path}:/v"), "mine", "content")
    with open(path + "/new", encoding="utf-8") as f:
        equal(f.read(), "hers\n", "what was written")
    p.sh("test -r /v/file && ! touch /v/no 2>/dev/null", "-v", f"{path}:/v:ro")
    p.sh("test -r /a/b/c/file", "-v", f"{path}:/a/b/c:ro,nosuid,nodev,noexec")
    p.sh("test -f /f", "-v", f"{path}/file:/f:ro")
    try:
        p.sh("echo kept >/n/file", "-v", "named:/n")
        equal(p.sh("cat /n/file", "-v", "named:/n"), "kept", "named volume")
    finally:
        p.run("volume", "rm", "-f", "named")


@item("podman", "volumes: propagation, what is mounted below comes along")
def volume_propagation(p):
    path = f"{p.volumes}/deep-{p.runtime}"
    os.makedirs(path + "/below", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "deep", path + "/below"], check=True)
    try:
        equal(p.sh("grep -c ' /v/below ' /proc/self/mountinfo", "-v", f"{path}:/v:rslave"), "1", "with what is below")
        equal(p.sh("grep -c ' /v/below ' /proc/self/mountinfo", "-v", f"{path}:/v:bind,rprivate", want=1), "0", "without")
        line = p.sh("grep ' /v ' /proc/self/mountinfo", "--mount", f"type=bind,src={path},dst=/v,bind-propagation=rshared",
                    "-v", f"{path}:/w")
        has(line, "shared:", "propagation")
    except Failed as error:
        if "not a shared mount" in str(error):
            raise Skip("the volume is on no shared mount") from None
        raise
    finally:
        subprocess.run(["umount", "-l", path + "/below"], check=False)


@item("podman", "volumes: id-mapped")
def volume_idmap(p):
    path = f"{p.volumes}/mapped-{p.runtime}"
    put(path + "/file", "x")
    equal(p.sh("stat -c %u:%g /v/file", "--uidmap", "0:100000:5000", "--gidmap", "0:200000:5000", "-v", f"{path}:/v:idmap"),
          "0:0", "owner")
    equal(p.sh("stat -c %u:%g /v/file", "--uidmap", "0:100000:5000", "-v", f"{path}:/v"), "65534:65534", "owner, not mapped")


@item("podman", "--device")
def device(p):
    equal(p.sh("test -c /dev/mine && dd if=/dev/mine bs=3 count=1 2>/dev/null | wc -c", "--device", "/dev/zero:/dev/mine:r"), "3",
          "bytes read")
    p.sh("mknod /tmp/m c 1 11 && ! dd if=/tmp/m bs=3 count=1 2>/dev/null", "--device-cgroup-rule", "c 1:11 m", "--cap-add", "mknod")


@item("podman", "--cgroup-parent, --rootfs, --env-host, --entrypoint")
def other_options(p):
    rootfs = f"{p.dir}/rootfs"
    if not os.path.exists(rootfs):
        shutil.copytree(p.world.image["rootfs"], rootfs, symlinks=True)
    equal(p.ok("run", "--rm", "--entrypoint", "/bin/echo", IMAGE, "a", "b"), "a b", "entry point")
    equal(p.ok("run", "--rm", "--rootfs", rootfs, "/bin/echo", "from a directory"), "from a directory", "root directory")
    name = p.started(options=["--cgroup-parent", "/veloci-engines-parent"])
    with open(f"/proc/{p.inspect(name, '{{.State.Pid}}')}/cgroup", encoding="utf-8") as f:
        has(f.read(), "/veloci-engines-parent/libpod-", "cgroup")


@item("podman", "--mount type=devpts, --shm-size, --dns and /etc/hosts, --tz, --umask")
def small_mounts(p):
    has(p.sh("grep ' /dev/shm ' /proc/self/mountinfo", "--shm-size", "4m"), "size=4096k", "shm")
    equal(p.sh("umask; grep -c ' /etc/hosts ' /proc/self/mountinfo", "--umask", "0077").split(), ["0077", "1"], "umask, hosts")
    has(p.sh("grep ' /pts ' /proc/self/mountinfo", "--mount", "type=devpts,destination=/pts"), "devpts", "devpts")


# ---- limits --------------------------------------------------------------------------------------------

@item("podman", "--memory, --pids-limit, --cpus, --cpuset-cpus arrive in the kernel")
def limits(p):
    p.limited()
    name = p.started(options=["--memory", "64m", "--pids-limit", "33", "--cpus", "0.5", "--cpuset-cpus", "0"])
    pid = p.inspect(name, "{{.State.Pid}}")
    equal([limit(pid, c) for c in ("memory", "pids", "cpu", "cpuset")], [str(64 << 20), "33", "50000", "0"], "values")


@item("podman", "--pids-limit: a container cannot have more processes")
def pids_limit(p):
    p.limited()
    p.sh("for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done 2>&1; wait", "--pids-limit", "5", want=2)


@item("podman", "--memory: what takes more is killed")
def out_of_memory(p):
    p.limited()
    p.status(137, "run", "--rm", "--memory", "16m", "--memory-swap", "16m", IMAGE, *EATER)
    p.ok("run", "--rm", IMAGE, *EATER)


@item("podman", "update: limits of a running container")
def update(p):
    p.limited()
    name = p.started(options=["--memory", "64m"])
    p.ok("update", "--memory", "96m", "--cpus", "0.25", name)
    pid = p.inspect(name, "{{.State.Pid}}")
    equal([limit(pid, c) for c in ("memory", "cpu")], [str(96 << 20), "25000"], "values")


@item("podman", "--cgroups=disabled")
def cgroups_disabled(p):
    name = p.started(options=["--cgroups=disabled"])
    equal(p.ok("exec", name, "echo", "here"), "here", "exec")
    p.ok("stop", "-t", "5", name)


# ---- namespaces ----------------------------------------------------------------------------------------

@item("podman", "--pid, --ipc, --uts, --network host; another container's")
def share_namespaces(p):
    def links(pid="self"):
        return {n: os.readlink(f"/proc/{pid}/ns/{n}") for n in ("pid", "ipc", "uts", "net", "mnt")}

    host = links()
    name = p.started(options=["--pid", "host", "--ipc", "host", "--uts", "host", "--network", "host"])
    inside = links(p.inspect(name, "{{.State.Pid}}"))
    equal({n for n in host if inside[n] != host[n]}, {"mnt"}, "namespaces of its own")
    p.ok("stop", "-t", "5", name)
    first = p.started(options=["--ipc", "shareable"])
    pid = p.inspect(first, "{{.State.Pid}}")
    second = p.started(options=[f"--{n}=container:{first}" for n in ("pid", "ipc", "uts", "network")])
    other, inside = links(pid), links(p.inspect(second, "{{.State.Pid}}"))
    equal({n for n in other if inside[n] != other[n]}, {"mnt"}, "namespaces beside the other container's")


@item("podman", "--pid host: stop and rm reach all processes")
def pid_host(p):
    name = p.started("sh", "-c", "trap '' TERM; sleep 4321 & wait; sleep 4321 & wait", options=["--pid", "host"])
    until(lambda: "4321" in p.ok("top", name, "args"), "both run")
    p.ok("rm", "-f", "-t", "0", name)
    check(subprocess.run(["pgrep", "-f", "^sleep 4321"], stdout=subprocess.DEVNULL, check=False).returncode == 1, "nothing runs on")


@item("podman", "--userns: auto, --uidmap")
def userns(p):
    script = "cat /proc/self/uid_map; touch /tmp/a && stat -c %u /tmp/a"
    equal(p.sh(script, "--uidmap", "0:100000:5000").split(), ["0", "100000", "5000", "0"], "map")
    line = p.status(0, "run", "--rm", "--userns", "auto:size=2048", IMAGE, "sh", "-c", script)
    equal(line.out.split()[2:], ["2048", "0"], "automatic range")


@item("podman", "--cgroupns, --security-opt mask and unmask, --ipc none")
def views(p):
    host, private = (p.sh("readlink /proc/self/ns/cgroup", "--cgroupns", k) for k in ("host", "private"))
    equal(host, os.readlink("/proc/self/ns/cgroup"), "cgroup namespace of the host")
    check(private != host, "a cgroup namespace of its own")
    equal(p.sh("wc -c </proc/uptime; grep -c ' /proc/kcore ' /proc/self/mountinfo", "--security-opt", "mask=/proc/uptime",
               "--security-opt", "unmask=/proc/kcore", want=1).split(), ["0", "0"], "what is masked")
    p.sh("! grep -q ' /dev/shm ' /proc/self/mountinfo", "--ipc", "none")


@item("podman", "--systemd always: what an init system needs is mounted")
def systemd(p):
    out = p.sh("for d in /run /run/lock /tmp; do stat -f -c %T $d; done; touch /run/a", "--systemd", "always")
    equal(set(out.split()), {"tmpfs"}, "file systems")


@item("podman", "volumes: overlay, what is hidden comes back")
def volume_overlay(p):
    path = f"{p.volumes}/overlay-{p.runtime}"
    put(path + "/file", "mine\n")
    equal(p.sh("cat /v/file; echo x >/v/file; cat /v/file", "-v", f"{path}:/v:O").split(), ["mine", "x"], "content")
    with open(path + "/file", encoding="utf-8") as f:
        equal(f.read(), "mine\n", "the volume itself")


@item("podman", "hooks of the host: before the start, after the end")
def hooks(p):
    where, seen = p.dir + "/hooks", p.dir + "/hook-seen"
    script = put(where + "/hook.sh", f'#!/bin/sh\nread -r state\necho "$1 $(echo "$state" | tr -d \'" \' | grep -o status:[a-z]*)" >>{seen}\n', 0o755)
    directory = where + "/d"
    for stage in ("prestart", "createRuntime", "poststart", "poststop"):
        put(f"{directory}/{stage}.json", json.dumps({
            "version": "1.0.0", "hook": {"path": script, "args": ["hook.sh", stage]}, "when": {"always": True}, "stages": [stage]}))
    if os.path.exists(seen):
        os.unlink(seen)
    equal(p.ok("--hooks-dir", directory, "run", "--rm", IMAGE, "echo", "out"), "out", "output")
    with open(seen, encoding="utf-8") as f:
        stages = [line.split()[0] for line in f]
    equal(stages, ["prestart", "createRuntime", "poststart", "poststop"], "hooks that ran")


@item("podman", "a hook that fails: no container, its end in the error")
def hook_fails(p):
    directory = p.dir + "/hooks-failing"
    put(directory + "/a.json", json.dumps({"version": "1.0.0", "hook": {"path": "/bin/false"}, "when": {"always": True},
                                           "stages": ["createRuntime"]}))
    result = p.run("--hooks-dir", directory, "run", "--rm", IMAGE, "true")
    check(result.status in (125, 126, 127) and "hook" in result.err, f"an error about the hook: {result}")


@item("podman", "--timeout; --log-driver none and passthrough")
def drivers(p):
    name = p.started("sleep", "100", options=["--timeout", "1"])
    check(p.ok("wait", name) != "0", "a status that says so when the time is over")
    until(lambda: p.state(name) == "exited", "it has ended")
    equal(p.ok("run", "--rm", "--log-driver", "none", IMAGE, "echo", "out"), "out", "output without a log")
    equal(p.ok("run", "--rm", "--log-driver", "passthrough", IMAGE, "echo", "out"), "out", "output that is passed through")


# ---- rootless ------------------------------------------------------------------------------------------

class Rootless(Podman):
    """Podman as an ordinary user with subordinate ids, without cgroups"""

    def __init__(self, world, runtime):
        if not find("newuidmap"):
            raise Skip("newuidmap is missing")
        if not find("podman") or not find("conmon"):
            raise Skip("podman and conmon are missing")
        self.dir = f"{world.base}/user/{runtime}"
        self.run_dir = f"/run/user/{USER}/{runtime}"
        for path in (self.dir, self.run_dir):
            os.makedirs(path)
            os.chown(path, USER, USER)
            os.chmod(path, 0o700)
        env = dict(world.env, HOME=self.dir, XDG_RUNTIME_DIR=self.run_dir, USER="tester")
        env.pop("TMPDIR")
        drop = [find("setpriv"), "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
        Engine.__init__(self, world, runtime, [*drop, find("podman"), *self.options(world, runtime, "vfs")], env)
        self.volumes = self.dir + "/volume"
        os.makedirs(self.volumes)
        os.chown(self.volumes, USER, USER)
        self.ok("load", "-q", "-i", world.image["docker"], limit_s=60)

    def close(self):
        self.run("rm", "-f", "-t", "0", "-a")
        self.run("system", "migrate")  # ends the process that holds the user namespace


@item("rootless", "run: output, status, who it is")
def rootless_run(p):
    equal(p.sh("id -u; cat /proc/self/uid_map; exit 3", want=3).split(), ["0", "0", str(USER), "1", "1", "200000", "65536"], "ids")
    p.status(127, "run", "--rm", IMAGE, "nosuchprogram")


@item("rootless", "run -it")
def rootless_interactive(p):
    with p.terminal("run", "--rm", "-it", IMAGE, "sh") as t:
        t.expect("# ")
        t.send("stty size; exit 5\n")
        t.expect("33 101")
        equal(t.end(), 5, "status")


@item("rootless", "exec: status, -i, -t, --user")
def rootless_exec(p):
    name = p.started()
    p.status(6, "exec", name, "sh", "-c", "exit 6")
    equal(p.ok("exec", "-i", name, "cat", stdin="in\n"), "in", "input")
    equal(p.ok("exec", "-u", "1000", name, "id", "-u"), "1000", "user")
    has(p.ok("exec", "-t", name, "tty"), "/dev/pts/", "terminal")


@item("rootless", "stop, kill, wait, logs, restart")
def rootless_life(p):
    name = p.started()
    p.ok("stop", "-t", "5", name)
    equal(p.inspect(name, "{{.State.ExitCode}}"), "9", "status after TERM")
    p.ok("restart", "-t", "1", name)
    p.ok("kill", name)
    equal(p.ok("wait", name), "137", "status after KILL")


@item("rootless", "volumes: rw, ro, the user's own files")
def rootless_volumes(p):
    equal(p.sh("echo x >/v/file; stat -c %u /v/file", "-v", f"{p.volumes}:/v"), "0", "owner inside")
    equal(os.stat(p.volumes + "/file").st_uid, USER, "owner outside")
    p.sh("! touch /v/no 2>/dev/null", "-v", f"{p.volumes}:/v:ro")


@item("rootless", "--userns keep-id, --uidmap")
def rootless_keep_id(p):
    equal(p.sh("id -u; id -un", "--userns", "keep-id").split(), [str(USER), "tester"], "ids")
    equal(p.sh("cat /proc/self/uid_map", "--uidmap", "0:1:5000").split(), ["0", "1", "5000"], "map")
    both = [w for kind in ("--uidmap", "--gidmap") for w in (kind, "0:1:1000", kind, "1000:3000:500")]
    equal(p.sh("cat /proc/self/uid_map", *both).split(), ["0", "1", "1000", "1000", "3000", "500"], "two ranges")


@item("rootless", "--read-only, --tmpfs, --cap-drop, --privileged, --pid host")
def rootless_options(p):
    p.sh("! touch /a 2>/dev/null && touch /run/b", "--read-only", "--tmpfs", "/run")
    equal(capabilities(p.sh("grep CapEff /proc/self/status", "--cap-drop", "all"))["CapEff"], "0" * 16, "capabilities")
    p.sh("mount -t tmpfs none /mnt", "--privileged")
    p.sh("test $$ -gt 1", "--pid", "host")


@item("rootless", "--group-add keep-groups, --network slirp4netns")
def rootless_groups(p):
    has(p.sh("id -G", "--group-add", "keep-groups"), "0", "groups")
    if not find("slirp4netns") or not os.path.exists("/dev/net/tun") or not os.stat("/dev/net/tun").st_mode & 2:
        raise Skip("keep-groups works; slirp4netns or /dev/net/tun cannot be used here")
    has(p.sh("ip addr show tap0", "--network", "slirp4netns"), "10.0.2.100", "address")


@item("rootless", "a pod, and play kube")
def rootless_pod(p):
    name = "rootless-pod"
    try:
        p.ok("pod", "create", "--name", name, "--network", "none", "--share", "ipc,uts,net")
        p.ok("run", "-d", "--name", p.name(), "--pod", name, IMAGE, "sleep", "100")
        p.ok("pod", "stop", "-t", "1", name)
    finally:
        p.run("pod", "rm", "-f", "-t", "0", name)
