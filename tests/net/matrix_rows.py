# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows: which SYN meets which listener under which sysctl.

Each is a dict: name, version, group, the SYN (options as hex, flags, tos) and
what it offers; listener: options of the socket; sysctl: name and value, while
the row lasts; fresh: the listener is opened under it; meanwhile: such, but only
when the SYN has been answered; fill: the client sends the whole window behind
its ACK.
"""
import itertools

import matrix_syns as syns
from matrix_wire import CWR, ECE, SYN

ALL = ("options", "syns_of_others", "listeners", "mtu", "sysctls",
       "in_flight")
SEGMENT_SIZES = (536, 1220, 1400, 1452, 1460, 8960, None)
SCALE = 7


def options():
    """Each option on or off, each MSS, each version: 224 SYNs."""
    for version, mss, stamps, sack, scaled, ecn in itertools.product(
            (4, 6), SEGMENT_SIZES, *[(True, False)] * 4):
        scale = SCALE if scaled else None
        yield {
            "name": f"IPv{version}, MSS {mss or 'absent'}" +
                    ", timestamps" * stamps + ", SACK" * sack +
                    ", window scaling" * scaled + ", ECN" * ecn,
            "version": version, "group": str(mss or "absent"),
            "options": syns.linux(mss, stamps, sack, scale).hex(),
            "flags": SYN | (ECE | CWR if ecn else 0),
            "offer": syns.offer(mss, scale, sack, stamps),
        }


def syns_of_others():
    """SYNs of other systems, and such as nobody should send."""
    for version, syn in itertools.product((4, 6), syns.SYNS):
        yield {"name": f"IPv{version}, {syn.name}", "version": version,
               "group": syn.group, "options": syn.options.hex(),
               "flags": syn.flags, "tos": syn.tos, "offer": syn.offer}


def usual(name, group, mss=1460, taken=None, **more):
    """The SYNs of Linux with timestamps and of Windows, over both versions,
    both with ECN. taken: of the offer, where listener and sysctl take less."""
    for version, stamps in itertools.product((4, 6), (True, False)):
        scale = 7 if stamps else 8
        offer = syns.offer(mss, scale, True, stamps) | (taken or {})
        offer["timestamps"] &= stamps
        yield {"name": f"IPv{version}, {name}" + ", timestamps" * stamps,
               "version": version, "group": group,
               "options": syns.linux(mss, stamps, True, scale).hex(),
               "flags": SYN | ECE | CWR, "offer": offer, **more}


RCVBUFS = (1, 2000, 4096, 5000, 8192, 20000, 32768, 65536, 100000, 200000,
           1000000)
LISTENERS = (
    ("TCP_WINDOW_CLAMP 1000", {"clamp": 1000}),
    ("TCP_WINDOW_CLAMP 5000", {"clamp": 5000}),
    ("TCP_WINDOW_CLAMP 100000", {"clamp": 100000}),
    ("TCP_WINDOW_CLAMP below SO_RCVBUF", {"clamp": 5000, "rcvbuf": 20000}),
    ("TCP_WINDOW_CLAMP above SO_RCVBUF", {"clamp": 50000, "rcvbuf": 20000}),
    ("TCP_MAXSEG 88", {"maxseg": 88}),
    ("TCP_MAXSEG 536", {"maxseg": 536}),
    ("TCP_MAXSEG 1000", {"maxseg": 1000}),
    ("TCP_MAXSEG 1460", {"maxseg": 1460}),
    ("TCP_MAXSEG 32767", {"maxseg": 32767}),
    ("TCP_MAXSEG 1000, SO_RCVBUF 4096", {"maxseg": 1000, "rcvbuf": 4096}),
)


def listeners():
    yield from usual("default buffer", "rcvbuf", fill=True)
    for size in RCVBUFS:
        yield from usual(f"SO_RCVBUF {size}", "rcvbuf", fill=True,
                         listener={"rcvbuf": size})
    for name, listener in LISTENERS:
        maxseg = listener.get("maxseg", 1460)
        yield from usual(name, "listener", taken={"mss": min(1460, maxseg)},
                         fill=maxseg > 88, listener=listener)


def mtu():
    """For cables of other lengths of frames."""
    for size, mss in itertools.product((None, 4096, 200000), (1460, 8960)):
        yield from usual(f"MSS {mss}, SO_RCVBUF {size or 'default'}", "mtu",
                         mss, fill=True, listener={"rcvbuf": size})


SYSCTLS = (
    ("ipv4/tcp_window_scaling", "0", {"wscale": None}),
    ("ipv4/tcp_sack", "0", {"sack": False}),
    ("ipv4/tcp_timestamps", "0", {"timestamps": False}),
    ("ipv4/tcp_timestamps", "2"),
    ("ipv4/tcp_ecn", "0"),
    ("ipv4/tcp_ecn", "1"),
    ("ipv4/tcp_ecn", "2"),
    ("ipv4/tcp_ecn_fallback", "0"),
    ("ipv4/tcp_adv_win_scale", "-2"),
    ("ipv4/tcp_app_win", "4"),
    ("ipv4/tcp_moderate_rcvbuf", "0"),
    ("ipv4/tcp_workaround_signed_windows", "1"),
    ("ipv4/tcp_rmem", "4096 131072 8192"),
    ("ipv4/tcp_rmem", "4096 131072 400000"),
    ("ipv4/tcp_rmem", "4096 131072 1000000000"),
    ("ipv4/tcp_rmem", "4096 131072 2147483647"),
)
# A listener has its buffer from when it was opened.
FRESH = (
    ("ipv4/tcp_rmem", "4096 4096 33554432"),
    ("ipv4/tcp_rmem", "4096 16384 33554432"),
    ("ipv4/tcp_rmem", "4096 16384 16384"),
    ("ipv4/tcp_rmem", "4096 2000000 33554432"),
    ("ipv4/tcp_rmem", "4096 2000000 8192"),
)


def sysctls():
    for name, value, *taken in SYSCTLS:
        yield from usual(f"{name[5:]} {value}", "live", 1460, *taken,
                         fill=True, sysctl=(name, value))
    for name, value in FRESH:
        yield from usual(f"{name[5:]} {value}, new listener", "fresh",
                         fill=True, fresh=True, sysctl=(name, value))


# Of two more, tcp_timestamps and tcp_window_scaling, no socket can be made
# that has what they forbid, and without it the client would be lost.
IN_FLIGHT = (
    ("ipv4/tcp_sack", "0"),
    ("ipv4/tcp_ecn", "0"),
    ("ipv4/tcp_rmem", "4096 131072 400000"),
    ("ipv4/tcp_rmem", "4096 131072 1000000000"),
)


def in_flight():
    for name, value in IN_FLIGHT:
        yield from usual(f"{name[5:]} {value} after the SYN-ACK", "in flight",
                         meanwhile=(name, value))
