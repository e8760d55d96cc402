#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends frames that are none of synward's business, one by one, and prints the
names of those that the server's kernel did not see, or not as they were sent;
then how many it did.

    passing.py SENDERS_NETNS    to be run in the server's network namespace

Environment: as rawclient.py's.
"""
import ctypes
import itertools
import os
import select
import socket
import struct
import sys

from scapy.all import ARP, ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, IPv6, raw

ALL = 3            # ETH_P_ALL
AUXDATA = 263, 8   # SOL_PACKET, PACKET_AUXDATA
TAGGED = 1 << 4    # TP_STATUS_VLAN_VALID
OURS = "02:00:00:00:00:78"
MAC, PORT = os.environ["RAW_MAC"], int(os.environ["RAW_PORT"])
SRV4, SRV6 = os.environ["SRV4"], os.environ["SRV6"]

STATIONS = {"another station": "02:00:00:00:00:99",
            "broadcast": "ff:ff:ff:ff:ff:ff", "multicast": "01:00:5e:00:00:01"}
HOSTS = ("198.51.100.1", "192.0.2.255", "255.255.255.255", "224.0.0.1",
         "127.0.0.1", "2001:db8:2::1", "ff02::1", "::1", "::ffff:192.0.2.1")
NOBODY = ("127.0.0.1", "0.0.0.0", "224.0.0.5", "255.255.255.255", SRV4,
          "::1", "::", "ff02::5", SRV6)
CLIENTS = "192.0.2.78", "2001:db8:1::78"


def packet(src, dst):
    return (IPv6 if ":" in dst else IP)(src=src, dst=dst)


def client_of(host):
    return CLIENTS[":" in host]


def segment(ip, flags, to=MAC):
    tcp = TCP(sport=40000, dport=PORT, flags=flags, seq=1, ack=2)
    return Ether(src=OURS, dst=to) / ip / tcp


def frames():
    """Their names and what they are."""
    for flags in ("S", "SEC", "A", "PA", "FA", "R", "SA", ""):
        for (name, mac), host in itertools.product(STATIONS.items(),
                                                   (SRV4, SRV6)):
            ip = packet(client_of(host), host)
            yield f"{flags} {host} to {name}", segment(ip, flags, mac)
        for host in HOSTS:
            ip = packet(client_of(host), host)
            yield f"{flags} for {host}", segment(ip, flags)
    # their SYNs are dropped while challenged, and their ACKs are no cookies'
    for flags in ("R", "RA", "SA", "F", ""):
        for host in NOBODY:
            ip = packet(host, SRV6 if ":" in host else SRV4)
            yield f"{flags} from {host}", segment(ip, flags)
    yield from strangers()


def strangers():
    ether = Ether(src=OURS, dst=MAC)
    ip = packet(CLIENTS[0], SRV4)
    syn = TCP(sport=40000, dport=PORT, flags="S")
    yield "UDP", ether / ip / UDP(dport=PORT) / b"x"
    yield "ICMP", ether / ip / ICMP() / b"x"
    yield "ARP", ether / ARP(pdst=SRV4)
    yield "unknown ethertype", Ether(raw(Ether(src=OURS, dst=MAC, type=0x88b5)))\
        / b"whatever"
    yield "fragment", ether / IP(src=CLIENTS[0], dst=SRV4, frag=100) / syn
    yield "cut short", ether / raw(ip / syn)[:30]
    yield "tagged, another station's", Ether(
        src=OURS, dst="02:00:00:00:00:99") / Dot1Q(vlan=5) / ip / syn
    yield "tagged twice", ether / Dot1AD(vlan=6) / Dot1Q(vlan=5) / ip / syn


def wire(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    s.bind((device, 0))
    s.setsockopt(*AUXDATA, 1)
    return s


def receive(server):
    """A frame of ours, with the tag that the kernel took out put back."""
    data, extra, _, address = server.recvmsg(2048, 64)
    if address[2] == 4 or data[6:12] != bytes.fromhex(OURS.replace(":", "")):
        return None
    for _, _, aux in extra:
        status, tci, tpid = struct.unpack("=I8x2x2xHH", aux)
        if status & TAGGED:
            data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    return data


def arrives(server, frame, seconds=2):
    """Did the server's kernel see it just so?"""
    while select.select([server], [], [], seconds)[0]:
        data = receive(server)
        if data is not None:
            return data == frame
    return False


def main():
    server = wire("srv")
    with open(sys.argv[1], "rb") as netns:
        if ctypes.CDLL(None).setns(netns.fileno(), 0):
            sys.exit("setns")
    sender = wire(os.environ["RAW_DEV"])
    count = lost = 0
    for name, frame in frames():
        sender.send(raw(frame))
        if arrives(server, raw(frame)):
            count += 1
            continue
        print(name)
        lost += 1
        if lost == 10:
            break
    print(count)


if __name__ == "__main__":
    main()
