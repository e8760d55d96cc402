#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Handshakes that are held between SYN-ACK and ACK until told to go on.

    held.py COUNT PORT
                    begins COUNT connections of each of four kinds, IPv4 and
                    IPv6, with and without timestamps, from PORT upwards;
                    prints "held N". Then does what each line of stdin says:
                      ack      the next client sends its ACK, and no data;
                               prints "sent"
                      finish   all clients send ACK and data; prints how many
                               of them the server acknowledged
                      replies  prints how many segments came to all clients
                               since their SYN-ACKs

Environment: as rawclient.py's, and RAW_SRC6, RAW_DST6 for IPv6.
"""
import os
import sys
import time

from rawclient import Client

TICK = 0.05  # longer than the kernel's coarse clock needs to move

OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1000, 0)),
           ("NOP", None), ("WScale", 7)]
PLAIN = [("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None),
         ("NOP", None), ("SAckOK", b"")]


class Held(Client):
    """A client that has its SYN-ACK."""

    def __init__(self, env, sport, timestamps):
        super().__init__(env)
        self.sport = sport
        self.options = None if timestamps else []
        self.send(self.frame("S", options=OPTIONS if timestamps else PLAIN))
        answer = next(self.replies(5), None)
        if answer is None or answer.flags != "SA":
            sys.exit(f"no SYN-ACK but {answer and answer.flags}")
        self.ack = (answer.seq + 1) & 0xffffffff
        if timestamps:
            self.tsecr = dict(answer.options)["Timestamp"][0]

    def send_ack(self):
        self.send(self.frame("A", options=self.options))

    def finish(self):
        self.send_ack()
        self.send(self.frame("PA", b"hello", self.options))


def begin(count, port):
    six = dict(os.environ, RAW_SRC=os.environ["RAW_SRC6"],
               RAW_DST=os.environ["RAW_DST6"])
    # each has a port of its own: replies are told apart by it
    return [Held(six if i & 1 else os.environ, port + i, bool(i & 2))
            for i in range(4 * count)]


def served(client):
    """Has the server acknowledged all that was sent?"""
    for tcp in client.replies(5):
        if tcp.flags.R:
            return False
        if tcp.ack == client.seq:
            return True
    return False


def main():
    clients = begin(int(sys.argv[1]), int(sys.argv[2]))
    waiting = iter(clients)
    print("held", len(clients), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "ack":
            time.sleep(TICK)
            next(waiting).send_ack()
            print("sent", flush=True)
        elif word == "finish":
            for client in clients:
                client.finish()
            print(sum(map(served, clients)), flush=True)
        else:
            print(sum(len(list(c.replies(0.2))) for c in clients), flush=True)


if __name__ == "__main__":
    main()
