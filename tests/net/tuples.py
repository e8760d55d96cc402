#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes on a tuple that the server knows already, made of frames.

    tuples.py states            brings a socket of the server's into each state,
                                sends a SYN of another ISN on its tuple, below
                                the window or inside, and goes on as a client
                                does that has lost its memory; prints a line
                                each: the state, and what the server said
    tuples.py request           a SYN; at the next line of stdin the same again,
                                one of another ISN, ACK and data; prints the
                                server's answers
    tuples.py begun COUNT       COUNT SYNs; prints how many SYN-ACKs came; at
                                the next line of stdin ACK and data on each,
                                up to the first that is not served; prints how
                                many were
    tuples.py stale WHICH       a SYN, answered; at the next line of stdin the
                                SYN again, and the ACK of the first answer: at
                                once (WHICH "ack") or behind the second answer
                                ("synack"), which is answered as a connected
                                client does; then data; prints what came of it
    tuples.py replay COUNT WHEN a connection, and COUNT times its ACK again:
                                WHEN it has just been made ("batch": in its
                                batch), while it is "open", or after the client
                                has "closed" it
    tuples.py late              the first data segment again, after the client
                                has closed; prints what the server said

Environment: as rawclient.py's; RAW_CLOSES, the port whose server closes first.
"""
import argparse
import os
import random
import select
import socket
import sys
import time

from scapy.all import conf

from rawclient import Client

SO_RCVBUFFORCE = 33
BYTES = b"five!"


def plus(number, by):
    return (number + by) & 0xffffffff


class Peer(Client):
    """A client that may die and be born again on the same tuple."""

    shared = None

    def __init__(self, port=None, sport=None):
        super().__init__()
        self.port = port or self.port
        self.sport = sport or self.sport
        self.tsval = 1000
        # one socket for all of us, with room for what comes to the others
        self.wire.close()
        self.wire = Peer.shared = Peer.shared or self.listen()

    def listen(self):
        wire = conf.L2socket(iface=self.dev)
        wire.ins.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
        return wire

    def frame(self, flags, payload=b"", options=None):
        if options is None:
            options = [("NOP", None), ("NOP", None),
                       ("Timestamp", (self.tsval + 1, self.tsecr))]
        return super().frame(flags, payload, options)

    def reborn(self, isn, later=1000):
        new = Peer(self.port, self.sport)
        new.seq, new.tsval = isn, plus(self.tsval, later)
        return new

    def first(self):
        """The SYN's frame, which is the same each time it is sent."""
        self.isn = self.seq
        return self.frame("S", options=[
            ("MSS", 1460), ("SAckOK", b""), ("Timestamp", (self.tsval, 0)),
            ("NOP", None), ("WScale", 7)])

    def answer(self, frame, seconds=3, but="F"):
        """What the server says to it, and not what it merely sends again."""
        while select.select([self.wire], [], [], 0)[0]:
            self.wire.recv()
        self.send(frame)
        return next((tcp for tcp in self.replies(seconds)
                     if but not in tcp.flags), None)

    def agree(self, synack):
        """Takes the server's SYN-ACK; what is sent next acknowledges it."""
        self.ack = plus(synack.seq, 1)
        self.tsecr = dict(synack.options)["Timestamp"][0]

    def established(self):
        self.connect()
        self.send(self.frame("A"))

    def until(self, flags, seconds=5):
        """The first segment with these flags; a reset ends us."""
        for tcp in self.replies(seconds):
            if tcp.flags.R:
                sys.exit("the server reset the connection")
            if all(flag in tcp.flags for flag in flags):
                return tcp
        sys.exit(f"no {flags} came")

    def bytes_counted(self):
        """Sends data and FIN, and takes the server's count of the bytes."""
        self.send(self.frame("PA", BYTES), self.frame("FA"))
        for tcp in self.replies(5):
            if tcp.flags.R:
                return "reset"
            if tcp.payload:
                return bytes(tcp.payload).decode().strip()
        return "silence"


# ---- a SYN on a tuple in each state ------------------------------------

def established():
    peer = Peer()
    peer.connect()
    peer.send(peer.frame("A"), peer.frame("PA", BYTES))
    if not peer.acknowledged():
        sys.exit("no connection")
    return peer


def fin_wait_1():
    """The server has closed and nobody has acknowledged it."""
    peer = Peer(int(os.environ["RAW_CLOSES"]))
    peer.established()
    peer.fin = peer.until("F")
    return peer


def fin_wait_2():
    peer = fin_wait_1()
    peer.ack = plus(peer.fin.seq, 1)
    peer.send(peer.frame("A"))
    return peer


def time_wait():
    peer = fin_wait_2()
    peer.send(peer.frame("FA"))
    peer.until("A")
    return peer


STATES = {"ESTABLISHED": established, "FIN_WAIT1": fin_wait_1,
          "FIN_WAIT2": fin_wait_2, "TIME_WAIT": time_wait}


# where the new ISN and TSval lie, seen from the old connection
ISNS = {"below": (-0x10000000, 1000), "inside": (100, 1000),
        "older": (-0x10000000, -500)}


def describe(tcp, old):
    """A segment in one word, its numbers told by the old connection's."""
    if tcp is None:
        return "silence"
    word = str(tcp.flags)
    if tcp.flags == "A":
        word += "-old" if tcp.ack == old.seq else "-other"
    return word


def says_again(old, new):
    """What the server says to a client that was connected, and forgot it."""
    syn = new.first()
    answer = new.answer(syn)
    yield describe(answer, old)
    if answer is not None and answer.flags == "A":
        # RFC 9293 3.10.7.3: in SYN-SENT an unacceptable ACK is reset
        dying = old.reborn(answer.ack)
        dying.send(dying.frame("R", options=[]))
    if answer is not None and answer.flags != "SA":
        answer = new.answer(syn)
        yield describe(answer, old)
    if answer is not None and answer.flags == "SA":
        new.agree(answer)
        yield served(new)


def states(_):
    for name, make in STATES.items():
        for where, (distance, later) in ISNS.items():
            try:
                old = make()
                new = old.reborn(plus(old.seq, distance), later)
                print(name, where, *says_again(old, new))
            except SystemExit as failure:
                print(name, where, "failed:", failure)


def served(peer):
    peer.send(peer.frame("A"))
    if peer.port == int(os.environ.get("RAW_CLOSES", 0)):
        peer.until("F")
        return "closed"
    return peer.bytes_counted()


# ---- handshakes while synward is switched ------------------------------

def told():
    if not sys.stdin.readline():
        sys.exit("nobody is there any more")


def request(_):
    peer = Peer()
    syn = peer.first()
    peer.agree(peer.answer(syn))
    print("answered", flush=True)
    told()
    again = peer.answer(syn)
    same = again is not None and plus(again.seq, 1) == peer.ack
    other = peer.reborn(plus(peer.seq, -0x10000000)).first()
    print("same" if same else "other",
          describe(peer.answer(other, but="S"), peer), served(peer))


def begun(args):
    first = random.randrange(20000, 60000)
    peers = [Peer(sport=first + i) for i in range(args.count)]
    for peer in peers:
        answer = peer.answer(peer.first())
        if answer is not None and answer.flags == "SA":
            peer.agree(answer)
    print(sum(peer.ack != 0 for peer in peers), flush=True)
    told()
    count = 0
    while count < len(peers) and served(peers[count]) == str(len(BYTES)):
        count += 1
    print(count)


def stale(args):
    peer = Peer()
    syn = peer.first()
    peer.agree(peer.answer(syn))
    ack = peer.frame("A")
    print("answered", flush=True)
    told()
    peer.send(*([syn, ack] if args.which == "ack" else [syn]))
    second = peer.until("SA")
    if plus(second.seq, 1) == peer.ack:
        sys.exit("the kernel did not answer the SYN that was sent again")
    # RFC 5961 4.2: whoever is connected answers a SYN with an ACK
    peer.send(ack)
    print(peer.bytes_counted())


# ---- the same again ----------------------------------------------------

def close_first(peer):
    """FIN, the server's FIN, the last ACK: no socket is left at the server."""
    peer.send(peer.frame("FA"))
    fin = peer.until("F")
    peer.ack = plus(fin.seq, len(fin.payload) + 1)
    peer.send(peer.frame("A"))
    # so long what comes again passes for what comes right behind the ACK, goes
    # round and finds no socket (VALIDATED_NS): it would not be late
    time.sleep(0.1)


def replay(args):
    peer = Peer()
    peer.connect()
    ack = peer.frame("A")
    if args.when == "batch":
        peer.batch([ack] * (args.count + 1))
    else:
        peer.send(ack)
    peer.send(peer.frame("PA", BYTES))
    if not peer.acknowledged():
        sys.exit("no connection to replay")
    if args.when == "closed":
        close_first(peer)
    if args.when != "batch":
        for _ in range(args.count):
            peer.wire.outs.send(ack)


def late(_):
    peer = Peer()
    peer.connect()
    ack = peer.frame("A")
    data = peer.frame("PA", BYTES)
    peer.send(ack, data)
    if not peer.acknowledged():
        sys.exit("no connection to replay")
    close_first(peer)
    answer = peer.answer(data, 1)
    print(answer.flags if answer else "silence")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in (states, request, late):
        commands.add_parser(command.__name__).set_defaults(run=command)
    command = commands.add_parser("begun")
    command.add_argument("count", type=int)
    command.set_defaults(run=begun)
    command = commands.add_parser("stale")
    command.add_argument("which", choices=("ack", "synack"))
    command.set_defaults(run=stale)
    command = commands.add_parser("replay")
    command.add_argument("count", type=int)
    command.add_argument("when", choices=("batch", "open", "closed"))
    command.set_defaults(run=replay)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
