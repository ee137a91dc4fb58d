# SPDX-License-Identifier: Apache-2.0
"""Podman as root: pods, Kubernetes files, notification."""
import os

from harness import check, controllers, equal, has, item, run, until
from world import IMAGE, put

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: played
spec:
  restartPolicy: Never
  containers:
  - name: one
    image: {image}
    command: ["/bin/sh", "-c", "echo $WORD from $(/bin/hostname); /bin/id -u; /bin/sleep 100"]
    env:
    - name: WORD
      value: hello
    securityContext:
      runAsUser: 1000
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities:
        drop: ["ALL"]
    volumeMounts:
    - mountPath: /shared
      name: shared
  - name: two
    image: {image}
    command: ["/bin/sleep", "100"]
    volumeMounts:
    - mountPath: /shared
      name: shared
  volumes:
  - name: shared
    hostPath:
      path: {path}
      type: DirectoryOrCreate
"""


def create_pod(p, name, *options):
    # On cgroup v2 without systemd Podman 4.3 denies all devices to what is in a pod's cgroup, whatever the runtime.
    apart = [] if controllers() is None else ["--share-parent=false"]
    p.ok("pod", "create", "--name", name, "--network", "none", *apart, *options)


@item("podman", "pods: create, containers that share namespaces, stats, stop, start, rm")
def pod(p):
    try:
        create_pod(p, "pod")
        first, second = (p.started(options=["--pod", "pod"]) for _ in range(2))
        links = [[os.readlink(f"/proc/{p.inspect(n, '{{.State.Pid}}')}/ns/{s}") for s in ("net", "ipc", "uts")]
                 for n in (first, second)]
        equal(links[0], links[1], "namespaces")
        equal(p.ok("exec", first, "hostname"), "pod", "host name")
        p.ok("pod", "stop", "-t", "2", "pod")
        equal(p.state(first), "exited", "state after stop")
        p.ok("pod", "start", "pod")
        equal(p.state(second), "running", "state after start")
        p.ok("pod", "kill", "pod")
    finally:
        p.run("pod", "rm", "-f", "-t", "0", "pod")
        p.used = []


@item("podman", "pods: pause and unpause, a pid namespace shared by all")
def pod_pause(p):
    try:
        create_pod(p, "pod2", "--share", "pid,ipc,net")
        name = p.started(options=["--pod", "pod2"])
        has(p.ok("exec", name, "ps", "-o", "args"), "sleep 1000", "processes")
        p.ok("pod", "pause", "pod2")
        equal(p.state(name), "paused", "state")
        p.ok("pod", "unpause", "pod2")
        equal(p.state(name), "running", "state")
    finally:
        p.run("pod", "rm", "-f", "-t", "0", "pod2")
        p.used = []


@item("podman", "play kube: two containers, security context, volume; down")
def play_kube(p):
    path = put(p.dir + "/pod.yaml", POD.format(image=IMAGE, path=p.dir + "/shared"))
    try:
        p.ok("play", "kube", "--network", "none", path, limit_s=60)
        until(lambda: p.run("logs", "played-one").out.split() == ["hello", "from", "played", "1000"], "the output of the first")
        p.ok("exec", "played-two", "/bin/sh", "-c", "echo x >/shared/file")
        equal(p.ok("exec", "played-one", "/bin/cat", "/shared/file"), "x", "what is shared")
        check(p.run("exec", "played-one", "/bin/touch", "/no").status != 0, "the root is read-only")
        p.ok("play", "kube", "--down", path)
    finally:
        p.run("pod", "rm", "-f", "-t", "0", "played")


@item("podman", "--sdnotify container: the program's word reaches the caller's socket")
def sdnotify(p):
    import socket  # pylint: disable=import-outside-toplevel
    path = p.dir + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(15)
        try:
            name = p.name()
            p.ok("run", "-d", "--name", name, "--sdnotify", "conmon", IMAGE, "sleep", "100", env=dict(p.env, NOTIFY_SOCKET=path))
            words = ""
            while "READY=1" not in words:
                words += server.recv(4096).decode()
            has(words, "MAINPID=", "notification")
        finally:
            os.unlink(path)


@item("podman", "nothing is left: no state, no cgroup, no process")
def leftovers(p):
    names = [p.started() for _ in range(2)]
    p.ok("exec", "-d", names[0], "sleep", "1000")
    pids = [p.inspect(n, "{{.State.Pid}}") for n in names]
    ids = [p.inspect(n, "{{.Id}}") for n in names]
    p.ok("rm", "-f", "-t", "0", *names)
    listed = run([p.world.runtimes[p.runtime], "list", "-q"], env=p.env).out.split()
    equal([i for i in ids if i in listed], [], "what the runtime still knows")
    equal([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [], "processes")
    left = [d for d, _, _ in os.walk("/sys/fs/cgroup") if any(f"libpod-{i}" in d for i in ids)]
    equal([d for d in left if "conmon" not in d], [], "cgroups")
