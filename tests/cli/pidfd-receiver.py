# SPDX-License-Identifier: Apache-2.0
"""Takes pidfds: pidfd-receiver.py SOCKET COUNT

Listens, prints "ready", then for each connection one line: the text that came, the number of descriptors, and the pid
that the descriptor stands for.
"""
import array
import re
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen(4)
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    connection, _ = listener.accept()
    fds = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16 * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    pids = []
    for fd in fds:
        with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as info:
            pids += re.findall(r"^Pid:\s*(-?\d+)", info.read(), re.M)
    print(text.decode(), len(fds), *pids, flush=True)
    connection.close()
