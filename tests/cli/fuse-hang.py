# SPDX-License-Identifier: Apache-2.0
"""Mounts a FUSE file system whose server reads every request and never answers any but the first.

usage: fuse-hang.py PID DIR READY

Mounted at DIR in the mount namespace of process PID; READY is made when that is done. Whoever looks into DIR then
waits in the kernel (state D), where neither the freezer nor, once the request was read, SIGKILL reaches it, until
this program is killed.
"""
import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)


def check(r, what):
    if r < 0:
        sys.exit("%s: %s" % (what, os.strerror(ctypes.get_errno())))


def main():
    pid, where, ready = sys.argv[1:]
    fuse = os.open("/dev/fuse", os.O_RDWR)
    here = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    there = os.open("/proc/%s/ns/mnt" % pid, os.O_RDONLY)
    check(libc.setns(there, 0), "setns")
    options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fuse
    check(libc.mount(b"hang", where.encode(), b"fuse.hang", 0, options.encode()), "mount")
    check(libc.setns(here, 0), "setns")
    request = os.read(fuse, 1 << 20)
    _, opcode, unique = struct.unpack_from("=IIQ", request)
    if opcode != 26:
        sys.exit("the first request is no INIT")
    init = struct.pack("=IIIIHHIIHH8I", 7, 26, 0, 0, 12, 9, 1 << 16, 1, 1, 0, *[0] * 8)
    os.write(fuse, struct.pack("=IiQ", 16 + len(init), 0, unique) + init)
    with open(ready, "w", encoding="ascii"):
        pass
    while True:
        os.read(fuse, 1 << 20)


main()
