#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP server for tests, on all addresses, IPv4 and IPv6.

    server.py PORT [BACKLOG] [GREETING]    says GREETING, reads until the client's
                                           FIN, answers with the number of bytes
"""
import socket
import sys
import threading


def serve(connection, greeting):
    count = 0
    try:
        connection.sendall(greeting)
        while data := connection.recv(65536):
            count += len(data)
        connection.sendall(b"%d\n" % count)
    except OSError:
        pass
    connection.close()


def main():
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", int(sys.argv[1])))
    listener.listen(int(sys.argv[2]) if len(sys.argv) > 2 else 128)
    greeting = sys.argv[3].encode() if len(sys.argv) > 3 else b""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, greeting),
                         daemon=True).start()


if __name__ == "__main__":
    main()
