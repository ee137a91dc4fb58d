# SPDX-License-Identifier: Apache-2.0
"""What the items of the engine tests share: running commands, terminals, checks, the registry of items."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

ITEMS = []  # in the order of the list
LIMIT_S = 30
EATER = ["sh", "-c", "head -c 134217728 /dev/zero | tail >/dev/null"]  # wants 128 MiB; 137 when it is killed for that


class Failed(Exception):
    """An item does not hold."""


class Skip(Exception):
    """An item cannot be tried on this machine."""


class Item:
    def __init__(self, group, text, function):
        self.group, self.text, self.function = group, text, function
        self.name = group + "/" + function.__name__.replace("_", "-")


def item(group, text):
    """Makes a function one point of the list; it gets the engine that Group.make() returned."""

    def add(function):
        ITEMS.append(Item(group, text, function))
        return function

    return add


class Result:
    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err

    def __str__(self):
        words = " ".join(self.words).replace("\n", " ")
        words = words if len(words) < 500 else words[:250] + " … " + words[-250:]
        return f"{words}: status {self.status}\nstdout: {self.out[-600:]}\nstderr: {self.err[-1500:]}"


def end_session(process):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(2)
            break
        except subprocess.TimeoutExpired:
            pass
    process.wait()


def run(words, env=None, stdin="", limit_s=LIMIT_S, cwd="/", log=None):
    """Runs a command to its end. Output goes to files: what it leaves in the background may keep them open."""
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err, \
            tempfile.TemporaryFile("w+") as source:
        source.write(stdin)
        source.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(words, stdin=source, stdout=out, stderr=err, env=env, cwd=cwd, start_new_session=True)
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            end_session(process)
            status = None
        out.seek(0)
        err.seek(0)
        result = Result(words, status, out.read(), err.read())
    if log:
        log.write(f"+ {' '.join(words)}\n[{status}, {time.monotonic() - began:.2f} s] {result.out[-3000:]}{result.err[-3000:]}\n")
        log.flush()
    if status is None:
        raise Failed(f"took longer than {limit_s} s: {result}")
    return result


class Terminal:
    """A command with a controlling terminal of its own; expect() and send() talk to it."""

    def __init__(self, words, env=None, rows=33, columns=101, cwd="/"):
        self.words, self.seen, self.before = words, b"", ""
        self.master, peer = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(words, stdin=peer, stdout=peer, stderr=peer, env=env, cwd=cwd, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            end_session(self.process)
        os.close(self.master)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, deadline):
        """What came, or nothing at the end."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.master], [], [], left)[0]:
            raise Failed(f"{' '.join(self.words)}: nothing more came on the terminal after {self.seen[-800:]!r}")
        try:
            data = os.read(self.master, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.seen += data
        return data

    def expect(self, text, limit_s=10):
        text, deadline, start = text.encode(), time.monotonic() + limit_s, 0
        while text not in self.seen[start:]:
            if not self.read(deadline):
                raise Failed(f"{' '.join(self.words)}: no {text!r} on the terminal but {self.seen[-800:]!r}")
        before, _, self.seen = self.seen.partition(text)
        self.before = before.decode(errors="replace")

    def send(self, text):
        os.write(self.master, text.encode())

    def end(self, limit_s=10):
        deadline = time.monotonic() + limit_s
        while self.read(deadline):
            pass
        try:
            return self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(self.words)}: did not end") from None


def check(true, text):
    if not true:
        raise Failed(text)


def equal(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {got!r}, want {want!r}")


def has(text, piece, what):
    if piece not in text:
        raise Failed(f"{what}: no {piece!r} in {text[-800:]!r}")


def until(function, what, limit_s=10):
    deadline = time.monotonic() + limit_s
    while True:
        value = function()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"after {limit_s} s still not: {what}")
        time.sleep(0.05)


def controllers():
    """Those of the one tree, or None where there are several (cgroup v1)."""
    try:
        with open("/sys/fs/cgroup/cgroup.controllers", encoding="utf-8") as f:
            return f.read().split()
    except FileNotFoundError:
        return None


LIMITS = {"memory": ("memory.limit_in_bytes", "memory.max"), "pids": ("pids.max", "pids.max"),
          "cpu": ("cpu.cfs_quota_us", "cpu.max"), "cpuset": ("cpuset.cpus", "cpuset.cpus")}


def limit(pid, controller):
    """What the kernel has as the limit of a process's cgroup."""
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
        paths = {names: path for line in f for _, names, path in [line.rstrip("\n").split(":", 2)]}
    single = controllers() is not None
    for names, path in paths.items():
        if (not names) if single else controller in names.split(","):
            where = "/sys/fs/cgroup" + ("" if single else "/" + controller) + path
            with open(f"{where}/{LIMITS[controller][single]}", encoding="utf-8") as f:
                return f.read().split()[0]
    raise Failed(f"no cgroup of {controller}")


class Engine:
    """A program with its options, and the containers that an item leaves."""

    def __init__(self, world, runtime, words, env):
        self.world, self.runtime, self.words, self.env = world, runtime, list(words), env
        self.serial, self.used = 0, []
        self.logfile = world.log

    def name(self):
        self.serial += 1
        self.used.append(f"c{self.serial}")
        return self.used[-1]

    def run(self, *words, **more):
        more.setdefault("env", self.env)
        return run(self.words + [str(w) for w in words], log=self.logfile, **more)

    def ok(self, *words, **more):
        """The output of a command that must succeed."""
        result = self.run(*words, **more)
        if result.status != 0:
            raise Failed(str(result))
        return result.out.strip()

    def status(self, want, *words, **more):
        """A command that must end with this status."""
        result = self.run(*words, **more)
        if result.status != want:
            raise Failed(f"want status {want}: {result}")
        return result

    def terminal(self, *words, **more):
        return Terminal(self.words + [str(w) for w in words], env=self.env, **more)

    def limited(self):
        """For items that need controllers."""
        there = controllers()
        if there is not None and not {"memory", "pids", "cpu", "cpuset"} <= set(there):
            raise Skip("the cgroup v2 tree of this machine lacks controllers")

    def clean(self):
        """After each item."""

    def close(self):
        """At the end."""


class Daemon:
    """A server that is ended by its pid; what it says goes to a log."""

    def __init__(self, words, env, log):
        self.log = log
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                                            cwd="/", start_new_session=True)

    def wait_for(self, ready, limit_s=30):
        deadline = time.monotonic() + limit_s
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8", errors="replace") as f:
                    tail = "\n".join(line[:300] for line in f.read().splitlines()[-4:])
                self.end()
                raise Failed(f"the daemon does not start: {tail}")
            time.sleep(0.1)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
