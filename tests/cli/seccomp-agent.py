# SPDX-License-Identifier: Apache-2.0
"""A seccomp agent for the tests: seccomp-agent.py SOCKET COUNT

Listens at SOCKET, prints "ready", then takes COUNT listeners one after another. Of each it prints the message
(one line of JSON) and the number of descriptors, and answers its notifications until the last task is gone: mkdir
fails with EDQUOT, everything else goes on.
"""
import array
import errno
import fcntl
import json
import os
import select
import socket
import struct
import sys

RECV, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
MKDIR = {"x86_64": (83, 258), "aarch64": (34,)}.get(os.uname().machine, (34,))


def answer(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
            return
        buf = bytearray(80)
        try:
            fcntl.ioctl(fd, RECV, buf)
            ident, _, _, nr = struct.unpack_from("=QIIi", buf)
            if nr in MKDIR:
                reply = struct.pack("=QqiI", ident, 0, -errno.EDQUOT, 0)
            else:
                reply = struct.pack("=QqiI", ident, 0, 0, CONTINUE)
            fcntl.ioctl(fd, SEND, bytearray(reply))
        except OSError as e:
            if e.errno not in (errno.ENOENT, errno.EINTR):  # the task ended meanwhile
                raise


def main():
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[1])
    listener.listen(4)
    print("ready", flush=True)
    for _ in range(int(sys.argv[2])):
        connection, _ = listener.accept()
        fds = array.array("i")
        text, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16 * fds.itemsize))
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        message = json.loads(text)
        print(json.dumps(message, sort_keys=True), len(fds), flush=True)
        connection.close()
        answer(fds[0])
        for fd in fds:
            os.close(fd)


main()
