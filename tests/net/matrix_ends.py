# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection between a client of frames and a socket, seen from both ends.

Knows: the two namespaces, the listener and what TCP_INFO says of the socket
that it accepts, and how data is sent both ways.
Does not know: which SYNs are tried, or what should come of them.

The process belongs to the server's namespace: its sysctls are those in /proc.
Only the packet socket is opened in the client's.
"""
import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess

import matrix_wire as wire
from matrix_wire import ACK, ECE, PSH, RST

PORT = 8080
CLONE_NEWNET = 0x40000000
LINGER_NONE = struct.pack("ii", 1, 0)
# Of the ACK: times the client's scale it is what the server believes. A window
# of less than two segments would make the server send smaller ones.
FIRST_WINDOW = 30000
QUESTION = b"q" * 100
ADDRESSES = {
    4: ("192.0.2.77", "192.0.2.1"),
    6: ("2001:db8:1::77", "2001:db8:1::1"),
}
# tcpi_options, include/uapi/linux/tcp.h
INFO_TIMESTAMPS, INFO_SACK, INFO_WSCALE, INFO_ECN = 1, 2, 4, 8


@contextlib.contextmanager
def namespace(name):
    """For sockets that are opened meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, \
            open(f"/run/netns/{name}") as other:
        if libc.setns(other.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def client_wire(env=os.environ):
    with namespace(env["MATRIX_ATK_NS"]):
        return wire.Wire("atk", env["MATRIX_SRV_MAC"])


def listen(version, port=PORT, **options):
    """options: rcvbuf, clamp, maxseg; in the kernel's units."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for name, level, option in (
            ("rcvbuf", socket.SOL_SOCKET, socket.SO_RCVBUF),
            ("clamp", socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP),
            ("maxseg", socket.IPPROTO_TCP, socket.TCP_MAXSEG)):
        if options.get(name):
            listener.setsockopt(level, option, options[name])
    if version == 6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((ADDRESSES[version][1], port))
    listener.listen(64)
    return listener


def accept(listener, seconds=5):
    """The connection, or None if none comes."""
    if not select.select([listener], [], [], seconds)[0]:
        return None
    connection = listener.accept()[0]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    connection.settimeout(5)
    return connection


def server_state(connection):
    """What the server's socket has: struct tcp_info."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    options, scales = info[5], info[6]

    def u32(at):
        return struct.unpack_from("I", info, at)[0]

    return {
        "timestamps": bool(options & INFO_TIMESTAMPS),
        "sack": bool(options & INFO_SACK),
        "scaled": bool(options & INFO_WSCALE),
        "ecn": bool(options & INFO_ECN),
        "snd_wscale": scales & 15, "rcv_wscale": scales >> 4,
        "snd_mss": u32(16), "rcv_mss": u32(20), "pmtu": u32(60),
        "advmss": u32(84), "snd_ssthresh": u32(76), "snd_cwnd": u32(80),
        "snd_wnd": u32(228), "rcv_wnd": u32(232),
    }


def client_state(answer):
    """What the SYN-ACK tells the client."""
    def value(kind):
        option = answer.option(kind)
        return None if option is None else int.from_bytes(option, "big")

    stamps = answer.option(wire.TIMESTAMPS)
    return {
        "mss": value(wire.MSS), "wscale": value(wire.WSCALE),
        "sack": answer.option(wire.SACK) is not None,
        "timestamps": stamps is not None,
        "tsecr": stamps and int.from_bytes(stamps[4:], "big"),
        "flags": answer.flags, "ecn": bool(answer.flags & ECE),
        "window": answer.window, "ttl": answer.ttl, "tos": answer.tos,
    }


def receive_all(client, size):
    """The server's segments until so many bytes have come; [] if it resets."""
    segments = []
    while sum(len(s.payload) for s in segments) < size:
        segment = client.receive()
        if segment is None or segment.flags & RST:
            return []
        if segment.payload:
            segments.append(segment)
    return segments


def exchange(client, connection, answer, mss):
    """A question, and an answer of two full segments and a byte; what the
    wire showed of the second."""
    client.send(PSH | ACK, QUESTION)
    asked = b""
    while len(asked) < len(QUESTION):
        asked += connection.recv(4096)
    size = 2 * mss + 1
    connection.sendall(b"a" * size)
    segments = receive_all(client, size)
    client.send(ACK)
    if not segments:
        return {"asked": asked == QUESTION, "answered": False}
    first, began = segments[0].tsval(), answer.tsval()
    return {
        "asked": asked == QUESTION, "answered": True,
        "segments": [len(s.payload) for s in segments],
        "timestamps": first is not None,
        # or the client drops it as a segment of old (PAWS)
        "tsval_goes_on": first is None or
        began is not None and (first - began) & 0xffffffff < 1 << 31,
        "ect": segments[0].tos & 3,
    }


def connect(client_end, listener, version, options, flags, sport, tos=0,
            meanwhile=None):
    """Handshake and data; the state of both ends, None where there is none.
    meanwhile: a sysctl and its value when the ACK comes, and later."""
    client = wire.Client(client_end, *ADDRESSES[version], sport, PORT)
    answer = client.syn(options, flags, tos)
    if answer is None:
        return {"client": None, "server": None, "data": None}
    state = {"client": client_state(answer), "server": None, "data": None}
    with sysctl(*meanwhile) if meanwhile else contextlib.nullcontext():
        client.send(ACK, window=FIRST_WINDOW)
        connection = accept(listener)
        if connection:
            with connection:
                state["server"] = server_state(connection)
                state["data"] = exchange(client, connection, answer,
                                         state["server"]["snd_mss"])
    return state


@contextlib.contextmanager
def sysctl(name, value):
    """Of the server's namespace, such as ipv4/tcp_sack; put back at the end."""
    path = f"/proc/sys/net/{name}"
    with open(path) as file:
        before = file.read()
    with open(path, "w") as file:
        file.write(value)
    try:
        yield
    finally:
        with open(path, "w") as file:
            file.write(before)


# ---- a client that fills the window ------------------------------------

BATCH = 64  # what inject takes
# Segments that arrived and were not kept, or came over a hole.
LOSSES = ("TCPRcvQDrop", "TCPBacklogDrop", "RcvPruned", "OfoPruned",
          "TCPOFODrop", "TCPOFOQueue", "TCPZeroWindowDrop", "BeyondWindow")


def losses():
    """This namespace's counters of them."""
    with open("/proc/net/netstat") as file:
        names, values = (line.split() for line in file.readlines()[:2])
    counters = dict(zip(names, values))
    return {name: int(counters.get(name, 0)) for name in LOSSES}


def send_at_once(client_end, segments, env=os.environ):
    """All in one run of the server's NAPI, or two."""
    frames = [client_end.frame(s) for s in segments]
    if len(frames[-1]) > 1514 or len(frames[len(frames) // 2]) > 1514:
        for frame in frames:
            client_end.socket.send(frame)
        return
    for at in range(0, len(frames), BATCH):
        batch = "".join(f.hex() + "\n" for f in frames[at:at + BATCH])
        subprocess.run(["nsenter", f"--net=/run/netns/{env['MATRIX_ATK_NS']}",
                        env["MATRIX_INJECT"], client_end.dev], check=True,
                       text=True, input=batch)


def fill(client_end, listener, version, options, flags, sport):
    """Sends as many bytes as the SYN-ACK announced right behind the ACK, to a
    server that does not read; None if there was no SYN-ACK."""
    client = wire.Client(client_end, *ADDRESSES[version], sport, PORT)
    answer = client.syn(options, flags)
    if answer is None:
        return None
    before = losses()
    state = client_state(answer)
    size = state["mss"] - (12 if state["timestamps"] else 0)
    segments = [client.next(ACK)]
    left = answer.window
    while left:
        segments.append(client.next(ACK, b"f" * min(size, left)))
        left -= len(segments[-1].payload)
    send_at_once(client_end, segments)
    acknowledged = None
    while acknowledged != client.seq:
        segment = client.receive()
        if segment is None or segment.flags & RST:
            break
        acknowledged = segment.ack
    connection = accept(listener)
    with connection:
        received = b""
        while acknowledged == client.seq and len(received) < answer.window:
            received += connection.recv(1 << 20)
    return {"sent": answer.window, "segments": len(segments) - 1,
            "acknowledged": acknowledged == client.seq,
            "received": received == b"f" * answer.window,
            "lost": {name: count - before[name]
                     for name, count in losses().items()
                     if count != before[name]}}
