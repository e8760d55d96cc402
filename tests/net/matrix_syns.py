# SPDX-License-Identifier: GPL-2.0-or-later
"""SYNs as they are met in the wild, and as they should not be.

Each with what a reader must make of it: RFC 9293 3.2, RFC 7323, RFC 2018, and
Linux where they are silent (tcp_parse_options: the last of a repeated option
wins, a length below 2 or past the end stops the walk, a known option of a
wrong length is skipped, a scale above 14 is 14).
"""
import dataclasses
import struct

from matrix_wire import CWR, ECE, NS, PSH, SYN, URG

NOP, EOL = b"\1", b"\0"
SACK = b"\4\2"


def mss(value):
    return struct.pack("!BBH", 2, 4, value)


def wscale(shift):
    return bytes((3, 3, shift))


def timestamps(tsval=2000, tsecr=0):
    return struct.pack("!BBII", 8, 10, tsval, tsecr)


def padded(options, pad=NOP):
    return options + pad * (-len(options) % 4)


def linux(size, stamps, sack, shift):
    """In Linux's order, whatever of it there is."""
    options = mss(size) if size else b""
    if stamps:
        options += (SACK if sack else NOP * 2) + timestamps()
    elif sack:
        options += NOP * 2 + SACK
    if shift is not None:
        options += NOP + wscale(shift)
    return padded(options)


@dataclasses.dataclass
class Syn:
    name: str
    group: str
    options: bytes
    offer: dict
    flags: int = SYN
    tos: int = 0


def offer(size, shift=None, sack=False, stamps=False):
    return {"mss": size, "wscale": shift, "sack": sack, "timestamps": stamps}


ECN = SYN | ECE | CWR
FULL = offer(1460, 7, True, True)

# p0f.fp 3.09b: the signature is in the name.
SYSTEMS = (
    ("Windows 10 and 11", mss(1460) + NOP + wscale(8) + NOP * 2 + SACK,
     offer(1460, 8, True)),
    ("Windows Server with ECN", mss(1460) + NOP + wscale(8) + NOP * 2 + SACK,
     offer(1460, 8, True), ECN),
    ("Windows XP: mss,nop,nop,sok", mss(1460) + NOP * 2 + SACK,
     offer(1460, None, True)),
    ("Windows with scale 2: mss,nop,ws,sok,ts",
     mss(1460) + NOP + wscale(2) + SACK + timestamps(),
     offer(1460, 2, True, True)),
    ("macOS and iOS: mss,nop,ws,nop,nop,ts,sok,eol+1",
     mss(1460) + NOP + wscale(6) + NOP * 2 + timestamps() + SACK + EOL * 2,
     offer(1460, 6, True, True)),
    ("macOS with ECN",
     mss(1460) + NOP + wscale(6) + NOP * 2 + timestamps() + SACK + EOL * 2,
     offer(1460, 6, True, True), ECN),
    ("FreeBSD: mss,nop,ws,sok,ts",
     mss(1460) + NOP + wscale(6) + SACK + timestamps(),
     offer(1460, 6, True, True)),
    ("OpenBSD: mss,nop,nop,sok,nop,ws,nop,nop,ts",
     mss(1440) + NOP * 2 + SACK + NOP + wscale(6) + NOP * 2 + timestamps(),
     offer(1440, 6, True, True)),
    ("Solaris: ts,mss,nop,ws,nop,nop,sok",
     NOP * 2 + timestamps() + mss(1460) + NOP + wscale(1) + NOP * 2 + SACK,
     offer(1460, 1, True, True)),
    ("Android behind a mobile network", linux(1360, True, True, 8),
     offer(1360, 8, True, True)),
    ("Linux with scale 14", linux(1460, True, True, 14),
     offer(1460, 14, True, True)),
    ("Linux with scale 0", linux(1460, True, True, 0),
     offer(1460, 0, True, True)),
    ("nmap -sS: mss", mss(1460), offer(1460)),
    ("nmap -O, packet 1: ws,nop,mss,ts,sok",
     wscale(10) + NOP + mss(1460) + timestamps(0xffffffff) + SACK,
     offer(1460, 10, True, True)),
    ("nmap -O, packet 2: mss,ws,sok,ts,eol",
     mss(1400) + wscale(0) + SACK + timestamps(0xffffffff) + EOL,
     offer(1400, 0, True, True)),
    ("nmap -O, packet 3: ts,nop,nop,ws,nop,mss",
     timestamps(0xffffffff) + NOP * 2 + wscale(5) + NOP + mss(640),
     offer(640, 5, False, True)),
    ("nmap -O, packet 4: sok,ts,ws,eol",
     SACK + timestamps(0xffffffff) + wscale(10) + EOL,
     offer(None, 10, True, True)),
    ("nmap -O, packet 5: mss,sok,ts,ws,eol",
     mss(536) + SACK + timestamps(0xffffffff) + wscale(10) + EOL,
     offer(536, 10, True, True)),
    ("nmap -O, packet 6: mss,sok,ts", mss(265) + SACK + timestamps(0xffffffff),
     offer(265, None, True, True)),
    ("ZMap with its Windows options", mss(1460) + NOP + wscale(8) + NOP * 2 +
     SACK, offer(1460, 8, True)),
    ("masscan: mss", mss(1460), offer(1460)),
    ("a SYN without options", b"", offer(None)),
)

ODD = (
    ("the options backwards", wscale(7) + NOP + timestamps() + SACK +
     mss(1460), FULL),
    ("an option on every odd byte", NOP + mss(1460) + NOP * 2 + SACK + NOP +
     timestamps() + NOP * 2 + wscale(7), FULL),
    ("40 bytes of options, most of them NOP", NOP * 20 +
     linux(1460, True, True, 7), FULL),
    ("40 bytes of NOP", NOP * 40, offer(None)),
    ("40 bytes of EOL", EOL * 40, offer(None)),
    ("40 bytes of options that nobody knows",
     linux(1460, True, True, 7) + bytes((77, 10)) + b"x" * 8 +
     bytes((78, 10)) + b"y" * 8, FULL),
    ("Fast Open asks for a cookie", linux(1460, True, True, 7) +
     bytes((34, 2)) + NOP * 2, FULL),
    ("MPTCP asks", linux(1460, True, True, 7) + bytes((30, 4, 1, 0)), FULL),
    ("EOL before the scale", mss(1460) + SACK + timestamps() + EOL + wscale(7),
     offer(1460, None, True, True)),
    ("length 0 after MSS", mss(1460) + bytes((99, 0)) + SACK + timestamps(),
     offer(1460)),
    ("length 1 after MSS", mss(1460) + bytes((99, 1)) + SACK + timestamps(),
     offer(1460)),
    ("MSS of length 0", bytes((2, 0)) + SACK + timestamps(), offer(None)),
    ("a length past the end", mss(1460) + SACK + timestamps() +
     bytes((3, 40, 7)) + NOP, offer(1460, None, True, True)),
    ("timestamps cut off", mss(1460) + SACK + timestamps()[:6],
     offer(1460, None, True)),
    ("a kind without a length at the end", mss(1460) + SACK + timestamps() +
     NOP * 3 + b"\3", offer(1460, None, True, True)),
    ("MSS of length 3", bytes((2, 3, 5)) + NOP + SACK + timestamps() +
     wscale(7), offer(None, 7, True, True)),
    ("MSS of length 6", bytes((2, 6)) + b"\5\xb4\0\0" + SACK + timestamps() +
     wscale(7), offer(None, 7, True, True)),
    ("a scale of length 4", mss(1460) + SACK + timestamps() +
     bytes((3, 4, 7, 7)), offer(1460, None, True, True)),
    ("SACK-permitted of length 3", mss(1460) + bytes((4, 3, 0)) +
     timestamps() + wscale(7), offer(1460, 7, False, True)),
    ("timestamps of length 9", mss(1460) + SACK + bytes((8, 9)) + b"\0" * 7 +
     wscale(7), offer(1460, 7, True)),
    ("MSS twice: the last counts", mss(1460) + mss(1400) + SACK +
     timestamps() + wscale(7), offer(1400, 7, True, True)),
    ("MSS, then MSS 0: no MSS says nothing", mss(1400) + mss(0) + SACK +
     timestamps() + wscale(7), offer(1400, 7, True, True)),
    ("a scale twice: the last counts", mss(1460) + SACK + timestamps() +
     wscale(2) + wscale(9), offer(1460, 9, True, True)),
    ("timestamps twice: the last are echoed", mss(1460) + SACK +
     timestamps(1) + timestamps(2) + wscale(7), FULL),
    ("SACK-permitted ten times", mss(1460) + SACK * 10 + timestamps() +
     wscale(7), FULL),
    ("a scale of 15", linux(1460, True, True, 15), offer(1460, 14, True, True)),
    ("a scale of 255", linux(1460, True, True, 255),
     offer(1460, 14, True, True)),
    ("a scale of 15 without timestamps", linux(1460, False, True, 15),
     offer(1460, 14, True)),
    ("MSS 65535", linux(65535, True, True, 7), offer(65535, 7, True, True)),
    ("MSS 1500 without timestamps", linux(1500, False, True, 7),
     offer(1500, 7, True)),
    ("a TSval of 0", mss(1460) + SACK + timestamps(0) + NOP + wscale(7), FULL),
    ("a TSecr in the SYN", mss(1460) + SACK + timestamps(2000, 99) + NOP +
     wscale(7), FULL),
    ("a SYN with PSH and URG", linux(1460, True, True, 7), FULL,
     SYN | PSH | URG),
    ("ECE without CWR", linux(1460, True, True, 7), FULL, SYN | ECE),
    ("CWR without ECE", linux(1460, True, True, 7), FULL, SYN | CWR),
    ("ECN, and the SYN itself marked ECT: the bits are somebody else's",
     linux(1460, True, True, 7), FULL, ECN, 2),
    ("ECN and a reserved bit, and the SYN itself marked ECT",
     linux(1460, True, True, 7), FULL, ECN | 1 << 9, 2),
    ("AccECN asks: AE, CWR and ECE", linux(1460, True, True, 7), FULL,
     ECN | NS),
    ("AccECN asks, and the SYN itself marked ECT", linux(1460, True, True, 7),
     FULL, ECN | NS, 2),
)


def rows(group, table):
    for name, options, what, *bits in table:
        yield Syn(name, group, padded(options, EOL), what, *bits)


SYNS = (*rows("systems", SYSTEMS), *rows("odd", ODD))
