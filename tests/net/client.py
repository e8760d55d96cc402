#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP client of the kernel's that does what stdin tells it, a line each.

    client.py ADDRESS PORT [OPTION...]

says "connected" or why not (ECONNREFUSED, ...), and then

    port          its own port
    send N        N bytes; "acknowledged" when the server has them all
    hear SECONDS  the bytes that come within so many seconds; "silence", "end"
    finish        FIN, then what the server says until its own
"""
import argparse
import errno
import fcntl
import socket
import struct
import sys
import termios
import time

KEEPALIVE_PROBES = 2
TCP_MD5SIG = 14
TCP_AO_ADD_KEY = 38
IPPROTO_MPTCP = 262


def md5(address, key):
    """struct tcp_md5sig for a peer; a test's addresses are IPv4."""
    peer = struct.pack("=HH4s120x", socket.AF_INET, 0,
                       socket.inet_aton(address))
    return peer + struct.pack("=BBHi80s", 0, 0, len(key), 0, key.encode())


def ao(address, key):
    """struct tcp_ao_add for an IPv4 peer: hmac(sha1), ids 100 and 100"""
    return struct.pack("=HH4s120x64siIHBBBBBB80s", socket.AF_INET, 0,
                       socket.inet_aton(address), b"hmac(sha1)", 0, 0, 0, 32,
                       100, 100, 12, 0, len(key), key.encode())


def prepare(args):
    sock = socket.socket(socket.AF_INET6 if ":" in args.address else
                         socket.AF_INET, socket.SOCK_STREAM,
                         IPPROTO_MPTCP if args.mptcp else 0)
    sock.settimeout(args.timeout)
    if args.keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, args.keepalive),
                              (socket.TCP_KEEPINTVL, args.keepalive),
                              (socket.TCP_KEEPCNT, KEEPALIVE_PROBES)):
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
    if args.md5:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG,
                        md5(args.address, args.md5))
    if args.ao:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_AO_ADD_KEY,
                        ao(args.address, args.ao))
    return sock


def connect(args):
    sock = prepare(args)
    if args.fastopen:
        # the data travel in the SYN if the kernel has the server's cookie;
        # with a time-out it would not wait for the connection
        sock.settimeout(None)
        sock.sendto(b"x" * args.fastopen, socket.MSG_FASTOPEN,
                    (args.address, args.port))
    else:
        sock.connect((args.address, args.port))
    return sock


def unacknowledged(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ,
                                          b"\0" * 4))[0]


def send(sock, count):
    sock.sendall(b"x" * count)
    end = time.monotonic() + 15
    while unacknowledged(sock):
        if time.monotonic() > end:
            return "unacknowledged"
        time.sleep(0.01)
    return "acknowledged"


def hear(sock, seconds):
    sock.settimeout(seconds)
    try:
        return sock.recv(1000).decode().strip() or "end"
    except TimeoutError as error:
        # a socket's time-out has no errno; the kernel's has
        return "ETIMEDOUT" if error.errno else "silence"


def finish(sock):
    sock.settimeout(20)
    sock.shutdown(socket.SHUT_WR)
    said = b""
    while data := sock.recv(1000):
        said += data
    return said.decode().replace("\n", " ").strip()


def obey(sock, word, *number):
    return {"port": lambda: sock.getsockname()[1],
            "send": lambda: send(sock, int(number[0])),
            "hear": lambda: hear(sock, float(number[0])),
            "finish": lambda: finish(sock)}[word]()


def attempt(function, *args):
    """What it returns, or the name of its error; said aloud."""
    try:
        result = function(*args)
    except TimeoutError as error:
        result = "ETIMEDOUT" if error.errno else "timeout"
    except OSError as error:
        result = errno.errorcode[error.errno]
    print("connected" if isinstance(result, socket.socket) else result,
          flush=True)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--keepalive", type=int)
    parser.add_argument("--fastopen", type=int, metavar="BYTES")
    parser.add_argument("--md5", metavar="KEY")
    parser.add_argument("--ao", metavar="KEY")
    parser.add_argument("--mptcp", action="store_true")
    parser.add_argument("--timeout", type=float, default=20)
    args = parser.parse_args()
    sock = attempt(connect, args)
    if isinstance(sock, socket.socket):
        for line in sys.stdin:
            attempt(obey, sock, *line.split())


if __name__ == "__main__":
    main()
