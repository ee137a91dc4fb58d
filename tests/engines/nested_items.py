# SPDX-License-Identifier: Apache-2.0
"""A runtime in a container that an engine made with it; what that needs is said in contrib/README.md."""
import json
import os

from docker_items import Docker
from harness import Skip, check, equal, item
from podman_items import Podman
from world import IMAGE, find, put

# Those that a runtime itself needs, and those that the container inside is given.
CAPABILITIES = ("SYS_ADMIN", "CHOWN", "DAC_OVERRIDE", "FOWNER", "MKNOD", "NET_ADMIN", "SETGID", "SETUID", "SETPCAP", "SYS_CHROOT", "KILL")
INSIDE = ["CAP_CHOWN", "CAP_KILL"]
SCRIPT = """
set -e
cd /w
trap '{runtime} --root /w/state-$$ delete --force life-$$ 2>/dev/null' EXIT
{runtime} --root /w/state-$$ run --bundle /w/bundle once-$$ </dev/null || echo status $?
{runtime} --root /w/state-$$ create --bundle /w/bundle-sleep --pid-file /w/pid-$$ life-$$ </dev/null >/w/err-$$ 2>&1 || {{ cat /w/err-$$ >&2; exit 1; }}
{runtime} --root /w/state-$$ start life-$$
{runtime} --root /w/state-$$ exec life-$$ /bin/echo by exec </dev/null
{runtime} --root /w/state-$$ kill life-$$ KILL
while {runtime} --root /w/state-$$ state life-$$ | grep -q '"running"'; do sleep 0.05; done
{runtime} --root /w/state-$$ delete life-$$
echo left: $(ls /w/state-$$ | grep -v @)
"""


def configuration(rootfs, *words):
    return json.dumps({
        "ociVersion": "1.0.2", "root": {"path": rootfs}, "hostname": "inner",
        "process": {"args": list(words), "env": ["PATH=/bin"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                    "capabilities": {n: INSIDE for n in ("bounding", "effective", "permitted")}},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]}],
        "linux": {"resources": {"devices": [{"allow": False, "access": "rwm"}]},
                  "namespaces": [{"type": n} for n in ("pid", "mount", "ipc", "uts", "network")]}})


class Nested(Podman):
    """Podman as the engine outside, with a directory that is a work place for the runtime inside"""

    def place(self, world, runtime):
        return f"{world.base}/np-{runtime}"

    def work(self):
        """The directory and the options that bring it, the runtime and its libraries in."""
        base = f"{self.world.base}/n-{self.runtime}/work"
        if not os.path.exists(base):
            self.world.rootfs(base + "/rootfs")
            put(base + "/bundle/config.json", configuration("/w/rootfs", "/bin/sh", "-c", "hostname; echo $$; exit 7"))
            put(base + "/bundle-sleep/config.json", configuration("/w/rootfs", "/bin/sleep", "1000"))
        program = self.world.runtimes[self.runtime]
        outside = program if self.runtime == "veloci" else os.path.dirname(os.path.dirname(program))
        binds = {base: "/w", outside: outside + ":ro", "/usr": "/usr:ro", "/usr/lib": "/lib:ro", "/sys/fs/cgroup": "/sys/fs/cgroup"}
        if os.path.isdir("/usr/lib64"):
            binds["/usr/lib64"] = "/lib64:ro"
        return [w for source, target in binds.items() for w in ("-v", f"{source}:{target}")]

    def script(self):
        return SCRIPT.format(runtime=self.world.runtimes[self.runtime])


def right(output):
    equal(output.splitlines(), ["inner", "1", "status 7", "by exec", "left:"], "what the script inside printed")


@item("nested", "the runtime in a container of Podman: run, create, start, exec, kill, delete")
def in_podman(n):
    more = [w for c in CAPABILITIES for w in ("--cap-add", c)] + ["--security-opt", "seccomp=unconfined"]
    right(n.sh(n.script(), *n.work(), *more, limit_s=60))


@item("nested", "the runtime in a container of Docker: run, create, start, exec, kill, delete")
def in_docker(n):
    more = [w for c in CAPABILITIES for w in ("--cap-add", c)] + ["--security-opt", "seccomp=unconfined"]
    docker = Docker(n.world, n.runtime, f"{n.world.base}/nd-{n.runtime}")
    try:
        right(docker.sh(n.script(), "--network", "none", *n.work(), *more, limit_s=60))
    finally:
        docker.close()


@item("nested", "without the capability it needs, the runtime inside says so")
def unprivileged(n):
    result = n.run("run", "--rm", *n.work(), IMAGE, n.world.runtimes[n.runtime], "--root", "/w/state-no", "run", "--bundle", "/w/bundle", "no")
    check(result.status not in (0, 7), f"an error: {result}")
    check(len(result.err.strip().splitlines()) >= 1, f"a word about it: {result}")


@item("nested", "Podman on the runtime, in a container of the runtime")
def podman_inside(n):
    if not os.path.isdir("/etc/containers"):
        raise Skip("there is no /etc/containers")
    program = n.world.runtimes[n.runtime]
    for path in ("root", "run", "tmp"):
        os.makedirs(f"{n.world.base}/n-{n.runtime}/inner/{path}", exist_ok=True)
    inner = (f"{find('podman')} --root /p/root --runroot /p/run --tmpdir /p/tmp --storage-driver overlay --cgroup-manager cgroupfs "
             f"--runtime {program}")
    script = (f"set -e; mount -t tmpfs none /run; export HOME=/w PATH=/usr/bin:/usr/sbin:/bin:/sbin; {inner} load -q -i /image >/dev/null; "
              f"{inner} run --rm --network none {IMAGE} sh -c 'echo inside; exit 5' || echo status $?; "
              f"{inner} run -d --name c --network none {IMAGE} sleep 1000 >/dev/null; {inner} exec c echo by exec; "
              f"{inner} rm -f -t 0 c >/dev/null; {inner} ps -aq")
    options = ["--privileged", "-v", f"{n.world.base}/n-{n.runtime}/inner:/p", "-v", f"{n.world.image['docker']}:/image:ro",
               "-v", "/etc/containers:/etc/containers:ro", "-v", f"{n.world.base}/tmp:/var/tmp", *n.work()]
    out = n.sh(script, *options, limit_s=90)
    equal(out.splitlines(), ["inside", "status 5", "by exec"], "what Podman inside printed")
