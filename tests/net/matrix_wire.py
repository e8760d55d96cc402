# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments on a packet socket, and a client made of them.

Knows: the bytes of IPv4, IPv6 and TCP, checksums, and how a client's sequence
numbers and timestamps go on. It sends what it is told, also options that no
kernel would, and never retransmits.
Does not know: what is tried with it, or anything of the other end.
"""
import dataclasses
import os
import socket
import struct
import time

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
NS = 1 << 8  # RFC 3540; AccECN's AE

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23

MSS, WSCALE, SACK, TIMESTAMPS = 2, 3, 4, 8


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


@dataclasses.dataclass
class Segment:
    src: str
    dst: str
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    options: bytes = b""
    payload: bytes = b""
    tos: int = 0
    ttl: int = 64

    def tcp(self):
        """Its header and payload, without checksum."""
        words = (20 + len(self.options)) // 4
        return struct.pack("!HHIIHHHH", self.sport, self.dport, self.seq,
                           self.ack, words << 12 | self.flags, self.window,
                           0, 0) + self.options + self.payload

    def packet(self):
        tcp = self.tcp()
        family = socket.AF_INET6 if ":" in self.src else socket.AF_INET
        src = socket.inet_pton(family, self.src)
        dst = socket.inet_pton(family, self.dst)
        check = checksum(src + dst + struct.pack("!II", len(tcp), 6) + tcp)
        tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
        if family == socket.AF_INET6:
            return struct.pack("!IHBB", 6 << 28 | self.tos << 20, len(tcp), 6,
                               self.ttl) + src + dst + tcp
        head = struct.pack("!BBHIBBH", 0x45, self.tos, 20 + len(tcp), 0x4000,
                           self.ttl, 6, 0) + src + dst
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp

    def option(self, kind):
        """The value of the first such option in a well-formed header."""
        at = 0
        while at < len(self.options) and self.options[at]:
            if self.options[at] == 1:
                at += 1
                continue
            if self.options[at] == kind:
                return self.options[at + 2:at + self.options[at + 1]]
            at += self.options[at + 1]
        return None

    def tsval(self):
        value = self.option(TIMESTAMPS)
        return value and struct.unpack("!I", value[:4])[0]


def parse(frame):
    """The segment in an Ethernet frame, or None."""
    ip = frame[14:]
    if frame[12:14] == b"\x08\x00" and ip[9] == 6:
        family, tos, ttl = socket.AF_INET, ip[1], ip[8]
        src, dst = ip[12:16], ip[16:20]
        tcp = ip[(ip[0] & 15) * 4:struct.unpack("!H", ip[2:4])[0]]
    elif frame[12:14] == b"\x86\xdd" and ip[6] == 6:
        family, ttl = socket.AF_INET6, ip[7]
        tos = struct.unpack("!H", ip[:2])[0] >> 4 & 0xff
        src, dst = ip[8:24], ip[24:40]
        tcp = ip[40:40 + struct.unpack("!H", ip[4:6])[0]]
    else:
        return None
    sport, dport, seq, ack, flags, window = struct.unpack("!HHIIHH", tcp[:16])
    head = (flags >> 12) * 4
    return Segment(socket.inet_ntop(family, src), socket.inet_ntop(family, dst),
                   sport, dport, seq, ack, flags & 0xfff, window,
                   tcp[20:head], tcp[head:], tos, ttl)


class Wire:
    """One end of a cable."""

    def __init__(self, dev, peer_mac):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((dev, ETH_P_ALL))
        self.dev = dev
        macs = bytes.fromhex(peer_mac.replace(":", ""))
        self.macs = macs + self.socket.getsockname()[4]

    def frame(self, segment):
        kind = b"\x86\xdd" if ":" in segment.src else b"\x08\x00"
        return self.macs + kind + segment.packet()

    def send(self, segment):
        self.socket.send(self.frame(segment))

    def receive(self, port, seconds):
        """The next segment to this port, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                segment = parse(self.socket.recv(65536))
            except TimeoutError:
                break
            if segment and segment.dport == port:
                return segment
        return None


class Client:
    """One connection's client."""

    def __init__(self, wire, src, dst, sport, dport):
        self.wire = wire
        self.to = (src, dst, sport, dport)
        self.sport = sport
        self.seq = struct.unpack("!I", os.urandom(4))[0]
        self.ack = None  # until the SYN-ACK
        self.clock = None  # the server's last TSval, if it sends any

    def next(self, flags, payload=b"", window=65535, options=None, tos=0):
        """The next segment in order, not sent."""
        if options is None:
            options = b""
            if self.clock is not None:
                options = struct.pack("!4BII", 1, 1, 8, 10, 2001, self.clock)
        segment = Segment(*self.to, self.seq, self.ack or 0, flags, window,
                          options, payload, tos)
        self.seq = (self.seq + len(payload) + bool(flags & SYN) +
                    bool(flags & FIN)) & 0xffffffff
        return segment

    def send(self, *args, **kwargs):
        self.wire.send(self.next(*args, **kwargs))

    def receive(self, seconds=5):
        """The server's next segment; one that came before is left out."""
        while segment := self.wire.receive(self.sport, seconds):
            if self.take(segment):
                break
        return segment

    def take(self, segment):
        """Goes on behind it, if it is the next one."""
        if self.ack is None:
            self.ack = segment.seq
        if segment.seq != self.ack:
            return False
        if segment.tsval() is not None:
            self.clock = segment.tsval()
        self.ack = (self.ack + len(segment.payload) +
                    bool(segment.flags & SYN)) & 0xffffffff
        return True

    def syn(self, options, flags=SYN, tos=0):
        """Sends a SYN; the SYN-ACK, or None."""
        self.send(flags, options=options, tos=tos)
        answer = self.receive()
        if answer and answer.flags & (SYN | ACK | RST) == SYN | ACK:
            return answer
        return None
