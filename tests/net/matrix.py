#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a handshake negotiates, held against the kernel's own, row by row.

    matrix.py run FILE ROWS           makes a connection for each row and writes
                                      the state of both ends to FILE; ROWS:
                                      those of matrix_rows.py
    matrix.py judge KERNEL OURS [--version 4|6] [--group GROUP] --expect ROWS
                                      compares two such files; says each row
                                      that differs, exit 1 if one does
    matrix.py losses OURS             what clients without timestamps got

A row is a SYN, with what it offers. KERNEL comes from the kernel alone; OURS
has to equal it but for what `allowed` states.

Environment: MATRIX_ATK_NS, the client's namespace; MATRIX_SRV_MAC;
MATRIX_INJECT, the program that sends a batch.
"""
import argparse
import contextlib
import copy
import itertools
import json
import random
import sys

import matrix_ends as ends
import matrix_rows as rows
from matrix_wire import ECE

# Without timestamps a connection has one of these: MSS, scale, SACK, the best
# first that promises no more than the client did. Written down once more, on
# purpose: bpf/cookie.h says what each is for.
PROFILES = (
    (1460, 8, True), (1440, 8, True), (1360, 8, True), (1220, 8, True),
    (1460, 7, True), (1360, 7, True), (1220, 5, True), (1460, 2, True),
    (1360, 2, True), (1220, 0, True), (536, 0, False),
    (1460, None, True), (1220, None, True), (1460, None, False),
    (1220, None, False), (536, None, False),
)
# A peer that says no MSS takes this much; the kernel's function that makes our
# sockets takes no less from anybody (bpf_sk_assign_tcp_reqsk: -EINVAL).
LEAST_MSS = {4: 536, 6: 1220}


class Server:
    """The listener that a row asks for, kept while rows ask for the same."""

    def __init__(self):
        self.listeners, self.options = {}, {}

    def listener(self, row):
        version, options = row["version"], row.get("listener", {})
        if row.get("fresh") or self.options.get(version) != options:
            if version in self.listeners:
                self.listeners.pop(version).close()
            self.listeners[version] = ends.listen(version, **options)
            self.options[version] = options
        return self.listeners[version]


def connect(row, wire, server, port):
    """Both ends' state. The listener is there before the sysctl changes, but
    for a row that asks for a fresh one."""
    with contextlib.ExitStack() as stack:
        listener = server.listener(row)
        if "sysctl" in row:
            stack.enter_context(ends.sysctl(*row["sysctl"]))
            listener = server.listener(row)
        syn = (row["version"], bytes.fromhex(row["options"]), row["flags"])
        state = ends.connect(wire, listener, *syn, port, row.get("tos", 0),
                             row.get("meanwhile"))
        if row.get("fill"):
            state["filled"] = ends.fill(wire, listener, *syn, port + 1)
        return {**row, **state}


def stuck(state):
    """Did it time out, rather than come out otherwise?"""
    filled = state.get("filled")
    return not state["server"] or \
        bool(filled) and not filled["acknowledged"]


def run(args):
    wire = ends.client_wire()
    server = Server()
    first = random.randrange(10000, 50000)
    states, broken = [], []
    for i, row in enumerate(getattr(rows, args.rows)()):
        states.append(connect(row, wire, server, first + 2 * i))
        # each costs seconds; the first few say enough
        broken += [row["name"]] if stuck(states[-1]) else []
        if len(broken) > 3:
            sys.exit("no connection, or segments were lost: " +
                     "; ".join(broken))
    with open(args.file, "w") as out:
        json.dump(states, out, indent=1)


def profile(row):
    """What becomes of an offer without timestamps."""
    offer, least = row["offer"], LEAST_MSS[row["version"]]
    offered = offer["mss"] or least
    for mss, scale, sack in PROFILES:
        if (scale is None) == (offer["wscale"] is None) and \
                (scale or 0) <= (offer["wscale"] or 0) and \
                sack <= offer["sack"] and (mss <= max(offered, least)):
            return max(mss, least), scale or 0, sack
    raise AssertionError(f"{row['name']}: no profile")


def with_mss(state, mss):
    """The state, had the client said so."""
    server = state["server"]
    head = 20 + (20 if state["version"] == 4 else 40)
    server["snd_mss"] = min(mss, server["pmtu"] - head) - \
        (12 if server["timestamps"] else 0)
    # a first guess (tcp_initialize_rcv_mss)
    server["rcv_mss"] = max(88, min(536, server["snd_mss"], server["advmss"]))
    state["data"]["segments"] = [server["snd_mss"]] * 2 + [1]


def allowed(kernel):
    """What we may make of a row, given what the kernel made of it: the same,
    less
    - a client's MSS below 536, or 1,220 over IPv6: those are sent, as by the
      kernel's own cookies;
    - without timestamps ECN, and what lies between two profiles."""
    row = copy.deepcopy(kernel)
    client, server = row["client"], row["server"]
    if row["offer"]["timestamps"]:
        offered = row["offer"]["mss"]
        if offered and offered < LEAST_MSS[row["version"]]:
            with_mss(row, LEAST_MSS[row["version"]])
        return row
    mss, scale, sack = profile(row)
    with_mss(row, mss)
    client.update(sack=sack, ecn=False, flags=client["flags"] & ~ECE)
    server.update(sack=sack, ecn=False, snd_wscale=scale,
                  snd_wnd=ends.FIRST_WINDOW << scale)
    row["data"]["ect"] = 0
    return row


def both_ends_agree(row):
    """What the client and the server believe of each other."""
    client, server, data = row["client"], row["server"], row["data"]
    yield "timestamps", client["timestamps"], server["timestamps"]
    yield "timestamps sent", data["timestamps"], server["timestamps"]
    yield "SACK", client["sack"], server["sack"]
    yield "scaling", client["wscale"] is not None, server["scaled"]
    yield "the server's scale", client["wscale"] or 0, server["rcv_wscale"]
    yield "the server's MSS", client["mss"], server["advmss"] + \
        (12 if server["timestamps"] else 0)
    yield "ECN", client["ecn"], server["ecn"]
    yield "ECN sent", data["ect"], 2 if server["ecn"] else 0
    yield "the window", client["window"], min(65535, server["rcv_wnd"])
    yield "data arrived", (data["asked"], data["answered"]), (True, True)
    yield "TSval goes on", data["tsval_goes_on"], True
    if row.get("fill"):
        filled = row["filled"]
        yield "the window at once", filled["sent"], client["window"]
        yield "kept of it", (filled["acknowledged"], filled["received"],
                             filled["lost"]), (True, True, {})


def compared(state):
    """All but the window, which is rounded to another MSS with a cookie."""
    state = {end: dict(state[end]) for end in ("client", "server", "data")}
    del state["client"]["window"], state["server"]["rcv_wnd"]
    return state


def faults(kernel, ours):
    """What is wrong with a row, as text."""
    for who, row in (("the kernel", kernel), ("synward", ours)):
        if not (row["client"] and row["server"] and row["data"]):
            yield f"{who}: no connection"
            return
    if ours.get("meanwhile"):  # what is left of it works
        if not (ours["data"]["asked"] and ours["data"]["answered"]):
            yield "no data"
        return
    for who, row in (("the kernel", kernel), ("synward", ours)):
        for what, one, other in both_ends_agree(row):
            if one != other:
                yield f"{who}: {what}: {one} at one end, {other} at the other"
    want, have = compared(allowed(kernel)), compared(ours)
    for end, fields in want.items():
        for field, value in fields.items():
            if have[end][field] != value:
                yield f"{end} {field}: {have[end][field]}, not {value}"
    apart = abs(kernel["client"]["window"] - ours["client"]["window"])
    if apart > max(kernel["client"]["mss"], kernel["offer"]["mss"] or 0,
                   LEAST_MSS[kernel["version"]]):
        yield f"windows are {apart} bytes apart"


def judge(args):
    with open(args.kernel) as one, open(args.ours) as other:
        pairs = list(zip(json.load(one), json.load(other), strict=True))
    seen = wrong = 0
    for kernel, ours in pairs:
        if args.version not in (None, kernel["version"]) or \
                args.group not in (None, kernel["group"]):
            continue
        seen += 1
        assert kernel["name"] == ours["name"]
        for fault in faults(kernel, ours):
            print(f"{ours['name']}: {fault}")
            wrong += 1
    if seen != args.expect:
        sys.exit(f"{seen} rows, not {args.expect}")
    sys.exit(wrong > 0)


def outcome(row):
    """MSS, scale and SACK that the server's socket has."""
    server = row["server"]
    scale = server["snd_wscale"] if server["scaled"] else "-"
    return f"{server['snd_mss']:<4} {scale} " \
        f"{'SACK' if server['sack'] else '-'}"


def losses(args):
    """A line for each MSS; clients that asked for ECN got the same."""
    with open(args.ours) as file:
        plain = [row for row in json.load(file)
                 if not row["offer"]["timestamps"]]
    assert not any(row["server"]["ecn"] for row in plain)
    cells = ["SACK, scale 7", "SACK", "scale 7", "neither"]
    print(f"{'offered':>17}   " + "".join(f"{c:<16}" for c in cells).rstrip())
    for _, of_mss in itertools.groupby(
            plain, lambda row: (row["version"], row["group"])):
        with_ecn, without = split(of_mss)
        assert [*map(outcome, with_ecn)] == [*map(outcome, without)]
        name = f"IPv{without[0]['version']}, MSS {without[0]['group']}"
        print(f"{name:<20}" +
              "".join(f"{outcome(r):<16}" for r in without).rstrip())


def split(of_mss):
    """Every other row, and the others: with ECN, without."""
    of_mss = list(of_mss)
    return of_mss[::2], of_mss[1::2]


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run")
    command.add_argument("file")
    command.add_argument("rows", choices=rows.ALL)
    command.set_defaults(run=run)
    command = commands.add_parser("judge")
    command.add_argument("kernel")
    command.add_argument("ours")
    command.add_argument("--version", type=int)
    command.add_argument("--group")
    command.add_argument("--expect", type=int, required=True)
    command.set_defaults(run=judge)
    command = commands.add_parser("losses")
    command.add_argument("ours")
    command.set_defaults(run=losses)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
