#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients with sockets of the kernel's, on tuples that the server knows.

    sockets.py reuse COUNT HOST PORT    COUNT connections one after the other, all
                                        from one port, to a server that closes
                                        first; prints how many were made
    sockets.py forget HOST PORT         a connection that its client's machine
                                        forgets, and a new one from its port;
                                        prints the server's count of bytes
    sockets.py live PORT HOST...        a connection to each host; at each further
                                        line of stdin data on all; when stdin
                                        ends, closes and prints what the servers
                                        counted
"""
import errno
import socket
import sys

TCP_REPAIR = 19
CHUNK = b"x" * 100000


def bound(host, port):
    """A socket of the port, which may have been in use just now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(10)
    s.bind(("", port))
    return s


def connected(host, port, local):
    """Waits until our own end of the tuple's last connection is gone."""
    while True:
        s = bound(host, local)
        try:
            s.connect((host, port))
            return s
        except OSError as error:
            s.close()
            if error.errno != errno.EADDRNOTAVAIL:
                raise


def reuse(count, host, port):
    made, local = 0, 0
    for _ in range(int(count)):
        s = connected(host, int(port), local)
        local = s.getsockname()[1]
        made += s.recv(1) == b""
        s.close()
    print(made)


def forget(host, port):
    s = connected(host, int(port), 0)
    local = s.getsockname()[1]
    s.sendall(b"old")
    # in repair mode a socket goes without a word
    s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    s.close()
    s = connected(host, int(port), local)
    s.sendall(b"five!")
    s.shutdown(socket.SHUT_WR)
    print(s.recv(100).decode().strip())


def live(port, *hosts):
    connections = [connected(host, int(port), 0) for host in hosts]
    print("open", flush=True)
    for _ in sys.stdin:
        for s in connections:
            s.sendall(CHUNK)
        print("sent", flush=True)
    for s in connections:
        s.shutdown(socket.SHUT_WR)
    print(*(s.recv(100).decode().strip() for s in connections))


if __name__ == "__main__":
    {"reuse": reuse, "forget": forget, "live": live}[sys.argv[1]](*sys.argv[2:])
