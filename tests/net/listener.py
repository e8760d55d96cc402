#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A listening TCP socket that does what stdin tells it, a line each.

    listener.py PORT [OPTION...]

says "listening" or why not (ENOPROTOOPT, ...), and then

    accept SECONDS  the next connection's peer, or "nobody"
    read N          that connection's next N bytes: how many came; "silence"
    say N           N bytes to it; "acknowledged" when the peer has them all
    resent          how many segments were sent to it again
    timeouts        how often its retransmission timer ran out
    listen N        another backlog for the same socket
    close           no listener, no connection
    open            a new one, as the first

Closing stdin ends it.
"""
import argparse
import errno
import fcntl
import socket
import struct
import sys
import termios
import time

TCP_MD5SIG = 14
TCP_AO_ADD_KEY = 38
IPPROTO_MPTCP = 262


def md5(peer, key):
    """struct tcp_md5sig for an IPv4 peer"""
    return struct.pack("=HH4s120xBBHi80s", socket.AF_INET, 0,
                       socket.inet_aton(peer), 0, 0, len(key), 0, key.encode())


def ao(peer, key):
    """struct tcp_ao_add for an IPv4 peer: hmac(sha1), ids 100 and 100"""
    return struct.pack("=HH4s120x64siIHBBBBBB80s", socket.AF_INET, 0,
                       socket.inet_aton(peer), b"hmac(sha1)", 0, 0, 0, 32, 100,
                       100, 12, 0, len(key), key.encode())


def unacknowledged(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ,
                                          b"\0" * 4))[0]


# struct tcp_info: tcpi_total_retrans, tcpi_total_rto (Linux 6.7)
TOTAL_RETRANS = "I", 100
TOTAL_RTO = "H", 240


def tcp_info(sock, field, offset):
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from(field, info, offset)[0]


class Listener:
    def __init__(self, args):
        self.args = args
        self.sock = self.connection = None

    def set_options(self, sock):
        args, tcp = self.args, socket.IPPROTO_TCP
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if args.reuseport:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if args.device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            args.device.encode())
        if args.defer:
            sock.setsockopt(tcp, socket.TCP_DEFER_ACCEPT, args.defer)
        if args.fastopen:
            sock.setsockopt(tcp, socket.TCP_FASTOPEN, args.fastopen)
        if args.congestion:
            sock.setsockopt(tcp, socket.TCP_CONGESTION,
                            args.congestion.encode())
        if args.md5:
            sock.setsockopt(tcp, TCP_MD5SIG, md5(*args.md5))
        if args.ao:
            sock.setsockopt(tcp, TCP_AO_ADD_KEY, ao(*args.ao))

    def open(self):
        four = self.args.family == "4"
        self.sock = socket.socket(socket.AF_INET if four else socket.AF_INET6,
                                  socket.SOCK_STREAM,
                                  IPPROTO_MPTCP if self.args.mptcp else 0)
        if not four:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY,
                                 self.args.family == "6")
        self.set_options(self.sock)
        self.sock.bind(("" if four else "::", self.args.port))
        return self.listen(self.args.backlog)

    def listen(self, backlog):
        self.sock.listen(int(backlog))
        return "listening"

    def close(self):
        for sock in (self.connection, self.sock):
            if sock:
                sock.close()
        return "closed"

    def accept(self, seconds):
        self.sock.settimeout(float(seconds))
        try:
            self.connection, peer = self.sock.accept()
        except (TimeoutError, BlockingIOError):
            return "nobody"
        self.connection.settimeout(10)
        return peer[0]

    def read(self, count):
        left = int(count)
        try:
            while left and (data := self.connection.recv(left)):
                left -= len(data)
        except TimeoutError:
            pass
        return int(count) - left

    def resent(self):
        return tcp_info(self.connection, *TOTAL_RETRANS)

    def timeouts(self):
        return tcp_info(self.connection, *TOTAL_RTO)

    def say(self, count):
        self.connection.sendall(b"x" * int(count))
        end = time.monotonic() + 15
        while unacknowledged(self.connection):
            if time.monotonic() > end:
                return "unacknowledged"
            time.sleep(0.01)
        return "acknowledged"


def attempt(function, *args):
    try:
        print(function(*args), flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--family", choices=("dual", "4", "6"), default="dual")
    parser.add_argument("--backlog", type=int, default=128)
    parser.add_argument("--congestion")
    parser.add_argument("--device")
    parser.add_argument("--defer", type=int, metavar="SECONDS")
    parser.add_argument("--fastopen", type=int, metavar="QUEUE")
    parser.add_argument("--md5", nargs=2, metavar=("PEER", "KEY"))
    parser.add_argument("--ao", nargs=2, metavar=("PEER", "KEY"))
    parser.add_argument("--mptcp", action="store_true")
    parser.add_argument("--reuseport", action="store_true")
    listener = Listener(parser.parse_args())
    attempt(listener.open)
    for line in sys.stdin:
        word, *rest = line.split()
        attempt(getattr(listener, word), *rest)


if __name__ == "__main__":
    main()
