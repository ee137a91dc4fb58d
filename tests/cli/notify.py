# SPDX-License-Identifier: Apache-2.0
"""Both ends of sd_notify(3) for the tests.

  notify.py manager SOCKET      listens (a path or @name), prints one line for each message: its fields, sorted, and
                                how many descriptors came with it, which are closed
  notify.py say MESSAGE…        sends each to $NOTIFY_SOCKET, "\\n" in it is a new line; "barrier" waits until
                                everything was read, "flood N" sends N messages, "big N" one of N bytes, "wait S"
                                waits S seconds, "fds" sends descriptors with a message
"""
import array
import os
import select
import socket
import sys
import time


def address(name):
    return "\0" + name[1:] if name.startswith("@") else name


def manager(name):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(address(name))
    print("listening", flush=True)
    while True:
        text, ancillary, _, _ = sock.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        fds = array.array("i")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        print(" ".join(sorted(text.decode(errors="replace").split("\n"))).strip(), len(fds), flush=True)
        for fd in fds:
            os.close(fd)


def send(sock, text, fds=()):
    sock.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


def say(words):
    name = os.environ["NOTIFY_SOCKET"]
    print("socket", name, flush=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.connect(address(name))
    except OSError as e:
        print("connect:", e.strerror, flush=True)
    for word in words:
        verb, _, number = word.partition(" ")
        try:
            if verb == "barrier":
                ours, theirs = os.pipe()
                send(sock, b"BARRIER=1", [theirs])
                os.close(theirs)
                poll = select.poll()
                poll.register(ours, 0)
                print("barrier", "over" if poll.poll(5000) else "timeout", flush=True)
            elif verb == "flood":
                for i in range(int(number)):
                    send(sock, b"STATUS=%d" % i)
            elif verb == "big":
                send(sock, b"STATUS=" + b"x" * (int(number) - 7))
            elif verb == "wait":
                time.sleep(float(number))
            elif verb == "fds":
                send(sock, b"FDSTORE=1\nSTATUS=with descriptors", [0, 1, 2])
            else:
                send(sock, word.replace("\\n", "\n").encode())
        except OSError as e:
            print(word, e.strerror, flush=True)


if sys.argv[1] == "manager":
    manager(sys.argv[2])
else:
    say(sys.argv[2:])
