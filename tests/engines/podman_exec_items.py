# SPDX-License-Identifier: Apache-2.0
"""Podman as root: what is done with a container that runs."""
import json
import os
import time

from harness import check, equal, has, item, until
from world import IMAGE


# ---- exec ----------------------------------------------------------------------------------------------

@item("podman", "exec: output and status")
def exec_status(p):
    name = p.started()
    equal(p.status(6, "exec", name, "sh", "-c", "echo out; exit 6").out, "out\n", "output")
    p.status(137, "exec", name, "sh", "-c", "kill -KILL $$")
    has(p.ok("exec", name, "cat", "/proc/self/cgroup"), ":", "cgroups")


@item("podman", "exec: a missing program is 127, one that cannot be executed 126")
def exec_missing(p):
    name = p.started()
    p.status(127, "exec", name, "nosuchprogram")
    p.status(126, "exec", name, "/etc/noexec")


@item("podman", "exec -i: standard input")
def exec_stdin(p):
    name = p.started()
    equal(p.ok("exec", "-i", name, "wc", "-c", stdin="x" * 100000), "100000", "bytes")


@item("podman", "exec -t and -it: a terminal")
def exec_tty(p):
    name = p.started()
    has(p.ok("exec", "-t", name, "tty"), "/dev/pts/", "terminal")
    with p.terminal("exec", "-it", name, "sh") as t:
        t.expect("# ")
        t.send("stty size; exit 4\n")
        t.expect("33 101")
        equal(t.end(), 4, "status")


@item("podman", "exec -d: goes on by itself")
def exec_detached(p):
    name = p.started()
    p.ok("exec", "-d", name, "sh", "-c", "sleep 0.2; echo done >/tmp/mark")
    until(lambda: p.run("exec", name, "cat", "/tmp/mark").out == "done\n", "the mark is there")


@item("podman", "exec: --user, --workdir, --env, --privileged")
def exec_options(p):
    name = p.started(options=["-e", "FROM=container"])
    equal(p.ok("exec", "-u", "user", "-w", "/tmp", "-e", "A=b", name, "sh", "-c", "id -u; id -g; pwd; echo $A $FROM").split(),
          ["1000", "1000", "/tmp", "b", "container"], "values")
    plain, more = (int(p.ok("exec", *o, name, "sh", "-c", "grep CapEff /proc/self/status").split()[1], 16) for o in ([], ["--privileged"]))
    check(more & 1 << 21 and not plain & 1 << 21, f"CAP_SYS_ADMIN with --privileged only: {plain:x} {more:x}")


@item("podman", "exec: confined as the container is: filter, capabilities, namespaces, cgroup")
def exec_confined(p):
    name = p.started(options=["--cap-drop", "all", "--security-opt", "no-new-privileges"])
    script = "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; for n in mnt pid net ipc uts cgroup user; do readlink /proc/self/ns/$n; done"
    first = p.started("sh", "-c", f"{script}; sleep 100", options=["--cap-drop", "all", "--security-opt", "no-new-privileges"])
    own = until(lambda: p.run("logs", first).out.count("[") == 7 and p.run("logs", first).out, "its output")
    equal(p.ok("exec", first, "sh", "-c", script), own.strip(), "what exec sees")
    pid, run = p.inspect(name, "{{.State.Pid}}"), p.ok("exec", name, "cat", "/proc/self/cgroup")
    check(run and os.path.exists(f"/proc/{pid}"), "it runs")


@item("podman", "exec: ends when the container ends")
def exec_ends(p):
    name = p.started()
    p.ok("exec", "-d", name, "sleep", "1234")
    pids = p.ok("top", name, "hpid").split()[1:]
    p.ok("kill", name)
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "all processes are gone")


@item("podman", "exec: with a user namespace")
def exec_userns(p):
    name = p.started(options=["--uidmap", "0:100000:5000"])
    equal(p.ok("exec", name, "sh", "-c", "id -u; cat /proc/self/uid_map").split(), ["0", "0", "100000", "5000"], "map")


# ---- ending, waiting -----------------------------------------------------------------------------------

@item("podman", "stop: TERM, and KILL for who does not listen")
def stop(p):
    name = p.started()
    p.ok("stop", "-t", "5", name)
    equal(p.inspect(name, "{{.State.ExitCode}}"), "9", "status after TERM")
    name = p.started("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    p.ok("stop", "-t", "1", name)
    equal(p.inspect(name, "{{.State.ExitCode}}"), "137", "status after KILL")


@item("podman", "kill: signals by name and number")
def kill(p):
    name = p.started("sh", "-c", "trap 'echo got >&2' USR1; trap 'exit 5' HUP; echo ready; while :; do sleep 0.05; done")
    until(lambda: "ready" in p.run("logs", name).out, "it is ready")
    p.ok("kill", "--signal", "USR1", name)
    until(lambda: "got" in p.run("logs", name).err, "the signal has come")
    p.ok("kill", "--signal", "1", name)
    equal(p.ok("wait", name), "5", "status")
    check(p.run("kill", name).status != 0, "kill of an ended container is an error")


@item("podman", "restart, rm -f")
def restart(p):
    name = p.started()
    before = p.inspect(name, "{{.State.Pid}}")
    p.ok("restart", "-t", "2", name)
    check(p.inspect(name, "{{.State.Pid}}") != before, "another process")
    p.ok("rm", "-f", "-t", "0", name)
    p.status(1, "inspect", "--type", "container", name) if p.run("container", "exists", name).status == 0 else None


@item("podman", "--restart: on-failure, as often as told")
def restart_policy(p):
    name = p.name()
    p.ok("run", "-d", "--name", name, "--restart", "on-failure:2", IMAGE, "sh", "-c", "echo again; exit 3")
    until(lambda: p.run("logs", name).out.count("again") == 3 and p.state(name) == "exited", "three runs")
    equal(p.inspect(name, "{{.RestartCount}}"), "2", "count")


@item("podman", "attach: to a running container, with and without a terminal")
def attach(p):
    name = p.started("sh", "-c", "read a; echo got $a; exit 2", options=["-i"])
    has(p.run("attach", name, stdin="word\n").out, "got word\n", "output")
    equal(p.ok("wait", name), "2", "status")
    name = p.started("sh", options=["-it"])
    with p.terminal("attach", name) as t:
        t.expect("# ")
        t.send("echo an''swer; exit 3\r")
        t.expect("answer")
        t.end()
    equal(p.ok("wait", name), "3", "status of the terminal's")


@item("podman", "attach: is left with ^P^Q, the container goes on")
def detach_keys(p):
    name = p.started("cat", options=["-it"])
    with p.terminal("attach", name) as t:
        time.sleep(0.3)
        t.send("word\r")
        t.expect("word\r\nword")
        for key in "\x10\x11":  # Podman looks for them in reads of one byte
            t.send(key)
            time.sleep(0.2)
        equal(t.end(), 0, "status")
    equal(p.state(name), "running", "state")


@item("podman", "pause, unpause")
def pause(p):
    name = p.started("sh", "-c", "while :; do echo .; sleep 0.02; done")
    until(lambda: p.run("logs", name).out.count(".") > 2, "it writes")
    p.ok("pause", name)
    equal(p.state(name), "paused", "state")
    before = p.ok("logs", name)
    time.sleep(0.3)
    equal(len(p.ok("logs", name)), len(before), "output while it is paused")
    check(p.run("exec", name, "true").status != 0, "exec while it is paused is an error")
    p.ok("unpause", name)
    until(lambda: len(p.ok("logs", name)) > len(before), "it writes again")


@item("podman", "a paused container: kill, rm -f")
def pause_remove(p):
    name = p.started()
    p.ok("pause", name)
    p.ok("rm", "-f", "-t", "0", name)
    equal(p.status(1, "container", "exists", name).out, "", "it is gone")


# ---- looking -------------------------------------------------------------------------------------------

@item("podman", "top, stats")
def top_stats(p):
    name = p.started()
    p.ok("exec", "-d", name, "sleep", "777")
    has(until(lambda: "777" in p.ok("top", name, "pid", "args") and p.ok("top", name, "pid", "args"), "both processes"), "1 ", "top")
    p.limited()
    stats = json.loads(p.ok("stats", "--no-stream", "--format", "json", name))[0]
    check(int(stats["pids"]) >= 2, f"processes in {stats}")


@item("podman", "logs: a lot of output, --tail, -f")
def logs(p):
    name = p.started("sh", "-c", "seq 1 20000; exit 0")
    p.ok("wait", name)
    equal(len(p.ok("logs", name, limit_s=30).split()), 20000, "lines")
    equal(p.ok("logs", "--tail", "2", name).split(), ["19999", "20000"], "the last ones")
    # Podman itself loses lines when a container that is followed ends quickly.
    name = p.started("sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done; sleep 1")
    equal(p.ok("logs", "-f", name).split(), ["1", "2", "3"], "lines that are followed")


@item("podman", "healthcheck run")
def healthcheck(p):
    name = p.started(options=["--health-cmd", "test -e /healthy", "--health-interval", "disable", "--health-retries", "1"])
    p.status(1, "healthcheck", "run", name)
    p.ok("exec", name, "touch", "/healthy")
    p.ok("healthcheck", "run", name)


@item("podman", "inspect, ps, port of the state: pids, status, times")
def inspect(p):
    name = p.started()
    pid = int(p.inspect(name, "{{.State.Pid}}"))
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        check("(sh)" in f.read(), "the process is the container's")
    equal(p.inspect(name, "{{.OCIRuntime}}"), p.runtime, "runtime")
    has(p.ok("ps", "--format", "{{.Names}} {{.Status}}"), name + " Up", "ps")


@item("podman", "wait: for the next end, of several")
def wait(p):
    names = [p.started("sh", "-c", f"sleep 0.{n}; exit {n}") for n in (1, 2)]
    equal(p.ok("wait", *names).split(), ["1", "2"], "statuses")


@item("podman", "events: the life of a container")
def events(p):
    name = p.started("true")
    p.ok("wait", name)
    seen = until(lambda: (lambda t: "died" in t and t)(p.ok("events", "--stream=false", "--filter", "container=" + name,
                                                            "--format", "{{.Status}}")), "its end")
    equal([w for w in seen.split() if w in ("create", "init", "start", "died")], ["create", "init", "start", "died"], "events")


# ---- content -------------------------------------------------------------------------------------------

@item("podman", "cp: in and out of a running and of an ended container")
def copy(p):
    name = p.started()
    source, target = p.dir + "/source", p.dir + "/target"
    with open(source, "w", encoding="utf-8") as f:
        f.write("content\n")
    p.ok("cp", source, name + ":/tmp/there")
    equal(p.ok("exec", name, "cat", "/tmp/there"), "content", "copied in")
    p.ok("stop", "-t", "5", name)
    p.ok("cp", name + ":/tmp/there", target)
    with open(target, encoding="utf-8") as f:
        equal(f.read(), "content\n", "copied out")


@item("podman", "diff, commit, export")
def commit(p):
    name = p.started("sh", "-c", "echo new >/data/new; rm /etc/noexec")
    p.ok("wait", name)
    equal({l for l in p.ok("diff", name).splitlines() if "/new" in l or "noexec" in l}, {"A /data/new", "D /etc/noexec"}, "diff")
    p.ok("commit", "-q", name, "localhost/made:1", limit_s=60)
    try:
        equal(p.ok("run", "--rm", "localhost/made:1", "cat", "/data/new"), "new", "content")
    finally:
        p.run("rmi", "-f", "localhost/made:1")


@item("podman", "build: RUN with a shell, COPY, USER, WORKDIR")
def build(p):
    where = p.dir + "/context"
    os.makedirs(where, exist_ok=True)
    with open(where + "/Containerfile", "w", encoding="utf-8") as f:
        f.write(f"FROM {IMAGE}\nRUN echo built >/data/b && mkdir /made\nWORKDIR /made\nUSER user\nRUN id -un >/tmp/who\n"
                "CMD cat /data/b /tmp/who; pwd\n")
    p.ok("build", "-q", "--network", "none", "-t", "localhost/built:1", where, limit_s=90)
    try:
        equal(p.ok("run", "--rm", "localhost/built:1").split(), ["built", "user", "/made"], "what was built")
    finally:
        p.run("rmi", "-f", "localhost/built:1")
