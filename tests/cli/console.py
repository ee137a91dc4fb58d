# SPDX-License-Identifier: Apache-2.0
"""console.py SOCKET: takes one terminal from a console socket as an engine does, and prints what comes out of it.

Prints "ready" once it listens and "message NAME fds N" for what was received; fails unless it was one descriptor.
"""
import array
import os
import socket
import sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print("ready", flush=True)
server.settimeout(20)
peer, _ = server.accept()
data, ancillary, flags, _ = peer.recvmsg(4096, socket.CMSG_LEN(40))
fds = array.array("i")
for level, kind, payload in ancillary:
    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
        fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
print("message", data.decode(), "fds", len(fds), flush=True)
if len(fds) != 1 or not os.isatty(fds[0]):
    sys.exit(1)
while True:
    try:
        text = os.read(fds[0], 4096)
    except OSError:
        break  # EIO: nobody has the other end any more
    if not text:
        break
    sys.stdout.write(text.decode(errors="replace").replace("\r\n", "\n"))
    sys.stdout.flush()
