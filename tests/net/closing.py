#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP server for tests that closes first, so that its sockets wait.

    closing.py PORT    accepts whoever connects, and closes at once
"""
import socket
import sys


def main():
    listener = socket.create_server(("", int(sys.argv[1])),
                                    family=socket.AF_INET6,
                                    dualstack_ipv6=True, backlog=128)
    while True:
        connection, _ = listener.accept()
        connection.close()


if __name__ == "__main__":
    main()
