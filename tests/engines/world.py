# SPDX-License-Identifier: Apache-2.0
"""What all engines of one run share: directories, image, runtimes, configuration, and the machine around them."""
import gzip
import hashlib
import io
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
IMAGE = "localhost/bb:1"
PAUSE = "localhost/pause:1"  # the same, for what only has to be there
USER = 4242  # whom rootless Podman works for
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TOOLS = ("unshare", "setpriv", "mount", "ip")


def find(program):
    """Debian's program: where a machine has another one in /usr/local as well, the package's is meant."""
    return shutil.which(program, path="/usr/bin:/usr/sbin:" + PATH)


def missing_tools():
    if subprocess.run([TOP + "/tests/lib/mkrootfs", "--check"], stderr=subprocess.DEVNULL, check=False).returncode:
        return ["a static busybox"]
    return [t for t in TOOLS if not find(t)]


def peers():
    """The directory of the newest crun and runc, or nothing."""
    done = subprocess.run([TOP + "/tests/peers"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def engines():
    """Where engines that this machine lacks were unpacked, or nothing; and why they cannot be had."""
    done = subprocess.run([HERE + "/get"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return (done.stdout.strip(), "") if done.returncode == 0 else ("", (done.stderr.strip().splitlines() or ["?"])[-1])


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def mount_over(path, kind="tmpfs", options="mode=755"):
    if os.path.isdir(path):
        subprocess.run(["mount", "-t", kind, "-o", options, kind, path], check=True)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class World:
    def __init__(self, base, view):
        self.base, self.view = base, view
        mount_over(base)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # What engines and runtimes keep at fixed places is ours alone, and gone with the mount namespace.
        for path in ("/run", "/var/lib/cni"):
            mount_over(path)
        self.lay_over("/etc")
        for path in ("/etc/containers", "/etc/docker", "/etc/cni"):
            shutil.rmtree(path, ignore_errors=True)
        if os.environ.get("VELOCI_ENGINES_ROOT"):
            self.lay_over("/usr", os.environ["VELOCI_ENGINES_ROOT"] + "/usr")
        for path in ("tmp", "home", "volume"):
            os.makedirs(f"{base}/{path}", exist_ok=True)
        os.chmod(base + "/tmp", 0o1777)
        self.log = open(os.environ.get("VELOCI_ENGINES_LOG", base + "/log"), "w", encoding="utf-8", errors="replace")
        self.runtimes = {"veloci": os.environ["VELOCI"]}
        self.peers = os.environ.get("VELOCI_PEERS_BIN", "")
        if self.peers:
            self.runtimes.update({name: f"{self.peers}/{name}" for name in ("crun", "runc")})
        self.env = {"PATH": PATH, "HOME": base + "/home", "TMPDIR": base + "/tmp", "LANG": "C.UTF-8", "TERM": "xterm"}
        self.image = self.make_image()
        self.configure()
        self.add_user()

    def lay_over(self, path, more=None):
        """Makes a directory of the machine one of our own, with another one's files in it."""
        lower = f"{more}:{path}" if more else path
        for part in ("upper", "work"):
            os.makedirs(f"{self.base}/over{path}/{part}")
        mount_over(path, "overlay", f"lowerdir={lower},upperdir={self.base}/over{path}/upper,workdir={self.base}/over{path}/work")

    def versions(self):
        for program in ("podman", "conmon", "containerd", "dockerd", "buildah"):
            path = find(program)
            if path:
                words = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
                yield words.strip().splitlines()[0]
        for name, path in self.runtimes.items():
            words = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
            yield words.strip().splitlines()[0] if words else name

    def contrib(self, name):
        """An example of contrib/ that names the program under test, in place of the installed one."""
        with open(f"{TOP}/contrib/{name}.in", encoding="utf-8") as f:
            return f.read().replace("@bindir@/veloci", self.runtimes["veloci"])

    @staticmethod
    def rootfs(rootfs):
        """A root file system around busybox, and what the items look for."""
        subprocess.run([TOP + "/tests/lib/mkrootfs", rootfs], check=True)
        for path in ("home/user", "data", "srv"):
            os.makedirs(f"{rootfs}/{path}", exist_ok=True)
        os.chown(rootfs + "/home/user", 1000, 1000)
        put(rootfs + "/etc/noexec", "#!/bin/sh\n")
        return rootfs

    def make_image(self):
        """One archive that docker, podman, buildah and containerd read: an OCI layout with Docker's list beside it."""
        rootfs = self.rootfs(self.base + "/rootfs")
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(rootfs, arcname=".")
        layer = layer.getvalue()
        packed = gzip.compress(layer, 1, mtime=0)

        def reference(kind, data):
            return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest(data), "size": len(data)}

        blobs, manifests, list_of_docker = {digest(packed): packed}, [], []
        for name, more in ((IMAGE, {}), (PAUSE, {"Cmd": ["/bin/sleep", "1000"]})):
            config = json.dumps({
                "architecture": ARCHITECTURES[platform.machine()], "os": "linux", "created": "2024-01-01T00:00:00Z",
                "config": {"Env": ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"], "Cmd": ["/bin/sh"], "WorkingDir": "/", **more},
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(layer)]},
                "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "mkrootfs"}]}).encode()
            manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                   "config": reference("config.v1+json", config),
                                   "layers": [reference("layer.v1.tar+gzip", packed)]}).encode()
            blobs.update({digest(config): config, digest(manifest): manifest})
            manifests.append(dict(reference("manifest.v1+json", manifest), annotations={
                "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}))
            list_of_docker.append((config, {"Config": digest(config) + ".json", "RepoTags": [name], "Layers": ["layer.tar"]}))
        layout = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
        layout.update({"blobs/sha256/" + name: data for name, data in blobs.items()})
        docker = {"layer.tar": layer, **{entry["Config"]: config for config, entry in list_of_docker},
                  "manifest.json": json.dumps([entry for _, entry in list_of_docker]).encode()}

        def oci(which):
            return dict(layout, **{"index.json": json.dumps({"schemaVersion": 2, "manifests": which}).encode()})

        return {"oci": self.write_tar("image.oci.tar", oci(manifests[:1])), "docker": self.write_tar("image.docker.tar", docker),
                "rootfs": rootfs}

    def write_tar(self, name, files):
        path = f"{self.base}/{name}"
        with tarfile.open(path, "w") as tar:
            for member, data in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path

    def configure(self):
        """The files that containers' tools read, veloci's part being the example that is installed."""
        hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 4096)
        etc = "/etc/containers"
        os.makedirs(etc, exist_ok=True)
        put(etc + "/policy.json", '{"default": [{"type": "insecureAcceptAnything"}]}')
        put(etc + "/registries.conf", 'unqualified-search-registries = ["localhost"]\n')
        put(etc + "/containers.conf.d/veloci.conf", self.contrib("podman/veloci.conf"))
        runtimes = "".join(f'{n} = ["{p}"]\n' for n, p in self.runtimes.items() if n != "veloci")
        # Equal limits: Podman 4.3 takes one for the other in play kube.
        put(etc + "/containers.conf", f'''
[containers]
default_ulimits = ["nofile={hard}:{hard}", "nproc={hard}:{hard}"]
pids_limit = 0
log_driver = "k8s-file"
netns = "none"
init_path = "{find("tini-static") or ""}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
infra_image = "{PAUSE}"
[engine.runtimes]
{runtimes}''')

    def add_user(self):
        """An ordinary user with subordinate ids, in the /etc that is ours."""
        for path, line in (("/etc/passwd", f"tester:x:{USER}:{USER}::{self.base}/user:/bin/sh"),
                           ("/etc/group", f"tester:x:{USER}:"), ("/etc/subuid", "tester:200000:65536\ncontainers:400000:65536"),
                           ("/etc/subgid", "tester:200000:65536\ncontainers:400000:65536")):
            with open(path, "a", encoding="utf-8") as f:
                f.write(line + "\n")
        for path in (f"{self.base}/user", f"/run/user/{USER}"):
            os.makedirs(path, exist_ok=True)
            os.chown(path, USER, USER)
            os.chmod(path, 0o700)
