#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP client made of frames, for what no socket can be told to do.

It speaks from an address that its own kernel does not have, so that the
kernel neither answers nor resets; it never retransmits, so that a segment
which the server loses stays lost.

    rawclient.py batch BYTES [--fin]   the ACK, BYTES of data (and FIN) in one
                                       batch; exit 0 if the server acknowledges
                                       all of it
    rawclient.py refused BYTES [--fin] says "answered"; at a line on stdin sends
                                       such a batch and says what came of it:
                                       "acknowledged", "reset" or "silence";
                                       at the next line once more
    rawclient.py rivals                two clients; at a line their ACKs and
                                       100 bytes of each in one batch; says
                                       what came of either
    rawclient.py hold MS               the ACK MS ms after the SYN-ACK; prints its
                                       port and between which times in ms the
                                       ACK went out; waits for stdin to end
    rawclient.py syn                   one SYN; prints the answer's flags, "-"
                                       if none came
    rawclient.py syns N                a SYN from each of N ports, the same ones
                                       each time; prints those that got a
                                       SYN-ACK
    rawclient.py replay                handshake, data, and the ACK again
    rawclient.py resyn                 a SYN, and the same again; prints "same"
                                       if both answers have one sequence number

Environment: RAW_DEV RAW_MAC (server's) RAW_SRC RAW_DST RAW_PORT, and
RAW_INJECT, the program that sends a batch.
"""
import argparse
import os
import random
import select
import subprocess
import sys
import time

from scapy.all import IP, TCP, Ether, IPv6, conf, get_if_hwaddr, raw

conf.verb = 0
SEGMENT = 1400
FIRST_PORT = 61001


class Client:
    """One connection; seq and ack are the next ones to send."""

    def __init__(self, env=os.environ):
        self.dev = env["RAW_DEV"]
        self.server = env["RAW_MAC"]
        self.src, self.dst = env["RAW_SRC"], env["RAW_DST"]
        self.port = int(env["RAW_PORT"])
        self.inject = env.get("RAW_INJECT")
        self.sport = random.randrange(20000, 60000)
        self.seq = random.getrandbits(32)
        self.ack = 0
        self.tsecr = 0
        self.wire = conf.L2socket(iface=self.dev)

    def frame(self, flags, payload=b"", options=None):
        ip = (IPv6 if ":" in self.dst else IP)(src=self.src, dst=self.dst)
        if options is None:
            options = [("NOP", None), ("NOP", None),
                       ("Timestamp", (1001, self.tsecr))]
        tcp = TCP(sport=self.sport, dport=self.port, flags=flags,
                  seq=self.seq, ack=self.ack, window=502, options=options)
        frame = raw(Ether(src=get_if_hwaddr(self.dev), dst=self.server) / ip /
                    tcp / payload)
        self.seq = (self.seq + len(payload) + flags.count("S") +
                    flags.count("F")) & 0xffffffff
        return frame

    def send(self, *frames):
        for frame in frames:
            self.wire.send(Ether(frame))

    def batch(self, frames):
        """All frames at once: one run of the server's NAPI."""
        subprocess.run([self.inject, self.dev], check=True, text=True,
                       input="".join(f.hex() + "\n" for f in frames))

    def replies(self, seconds, ports=None):
        """What the server sends to our port, or to these, within so many
        seconds."""
        ports = ports or {self.sport}
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.wire], [], [], left)[0]:
                continue
            packet = self.wire.recv()
            if packet and TCP in packet and packet[TCP].dport in ports:
                yield packet[TCP]

    def syn_frame(self, tsval=1000):
        """A SYN as Linux makes it."""
        options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (tsval, 0)),
                   ("NOP", None), ("WScale", 7)]
        return self.frame("S", options=options)

    def syn(self, tsval=1000):
        """Sends a SYN; the answer, or None."""
        self.send(self.syn_frame(tsval))
        return next(self.replies(3), None)

    def connect(self):
        answer = self.syn()
        if answer is None or answer.flags != "SA":
            sys.exit(f"no SYN-ACK but {answer and answer.flags}")
        self.ack = (answer.seq + 1) & 0xffffffff
        self.tsecr = dict(answer.options)["Timestamp"][0]
        return answer

    def outcome(self, seconds=5):
        """What comes of all that was sent, within so many seconds."""
        said = "silence"
        for tcp in self.replies(seconds):
            if tcp.flags.R:
                return "reset"
            if tcp.ack == self.seq:
                return "acknowledged"
            said = "in part"
        return said

    def acknowledged(self):
        return self.outcome() == "acknowledged"

    def opening(self, count, fin):
        """Frames: the ACK, so many bytes, and FIN."""
        frames = [self.frame("A")]
        for at in range(0, count, SEGMENT):
            frames.append(self.frame("PA", b"x" * min(count - at, SEGMENT)))
        if fin:
            frames.append(self.frame("FA"))
        return frames


def batch(args):
    client = Client()
    client.connect()
    client.batch(client.opening(args.bytes, args.fin))
    outcome = client.outcome()
    if outcome != "acknowledged":
        sys.exit(f"segments behind the ACK: {outcome}")


def at_a_line(frames, *clients):
    """Sends them when told, and says what came of it."""
    sys.stdin.readline()
    clients[0].batch(frames)
    for client in clients:
        print(client.outcome(2), flush=True)


def refused(args):
    client = Client()
    client.connect()
    frames = client.opening(args.bytes, args.fin)
    print("answered", flush=True)
    at_a_line(frames, client)
    at_a_line(frames, client)


def rivals(_):
    clients = Client(), Client()
    frames = []
    for client in clients:
        client.connect()
        frames += client.opening(100, False)
    print("answered", flush=True)
    at_a_line(frames, *clients)


def hold(args):
    client = Client()
    begin = time.monotonic()
    client.connect()
    answered = time.monotonic()
    time.sleep(args.ms / 1000)
    ack = client.frame("A")
    sending = time.monotonic()
    client.send(ack)
    end = time.monotonic()
    # between what it can have been at least and at most
    print(client.sport, int((sending - answered) * 1000),
          int((end - begin) * 1000) + 1, flush=True)
    sys.stdin.read()


def syn(_):
    answer = Client().syn()
    print(answer.flags if answer else "-")


def syns(args):
    client = Client()
    ports = set(range(FIRST_PORT, FIRST_PORT + args.count))
    for client.sport in ports:
        client.send(client.syn_frame())
    answered = set()
    for tcp in client.replies(2, ports):
        if tcp.flags == "SA":
            answered.add(tcp.dport)
        if answered == ports:
            break
    print(*sorted(answered))


def replay(_):
    client = Client()
    client.connect()
    ack = client.frame("A")
    client.send(ack, client.frame("PA", b"hello"))
    if not client.acknowledged():
        sys.exit("no connection to replay")
    client.send(ack, ack)
    print(client.sport)


def same_isn():
    """Do the answers to a SYN sent twice have the same sequence number?"""
    client = Client()
    first = client.syn()
    time.sleep(0.2)
    client.seq = (client.seq - 1) & 0xffffffff
    second = client.syn(tsval=1200)
    if None in (first, second):
        sys.exit("a SYN was not answered")
    return first.seq == second.seq


def resyn(_):
    # an epoch may end between the two, but not twice
    print("same" if same_isn() or same_isn() else "different")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("batch")
    command.add_argument("bytes", type=int)
    command.add_argument("--fin", action="store_true")
    command.set_defaults(run=batch)
    command = commands.add_parser("refused")
    command.add_argument("bytes", type=int)
    command.add_argument("--fin", action="store_true")
    command.set_defaults(run=refused)
    commands.add_parser("rivals").set_defaults(run=rivals)
    command = commands.add_parser("hold")
    command.add_argument("ms", type=int)
    command.set_defaults(run=hold)
    commands.add_parser("syn").set_defaults(run=syn)
    commands.add_parser("replay").set_defaults(run=replay)
    command = commands.add_parser("syns")
    command.add_argument("count", type=int)
    command.set_defaults(run=syns)
    commands.add_parser("resyn").set_defaults(run=resyn)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
