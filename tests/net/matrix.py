#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a handshake negotiates, held against the kernel's own, row by row.

    matrix.py run FILE [--syns]       makes a connection for each row and writes
                                      the state of both ends to FILE
    matrix.py judge KERNEL OURS [--version 4|6] [--group GROUP] --expect ROWS
                                      compares two such files; says each row
                                      that differs, exit 1 if one does
    matrix.py losses OURS             what clients without timestamps got

A row is a SYN, with what it offers. KERNEL comes from the kernel alone; OURS
has to equal it but for what `allowed` states.

Environment: MATRIX_ATK_NS, the client's namespace; MATRIX_SRV_MAC.
"""
import argparse
import copy
import itertools
import json
import random
import sys

import matrix_ends as ends
import matrix_syns as syns
from matrix_wire import CWR, ECE, SYN

SEGMENT_SIZES = (536, 1220, 1400, 1452, 1460, 8960, None)
SCALE = 7
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


def matrix_rows():
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
            "offer": {"mss": mss, "timestamps": stamps, "sack": sack,
                      "wscale": scale},
        }


def syn_rows():
    """SYNs of other systems, and such as nobody should send."""
    for version, syn in itertools.product((4, 6), syns.SYNS):
        yield {"name": f"IPv{version}, {syn.name}", "version": version,
               "group": syn.group, "options": syn.options.hex(),
               "flags": syn.flags, "tos": syn.tos, "offer": syn.offer}


def run(args):
    wire = ends.client_wire()
    listeners = {version: ends.listen(version) for version in (4, 6)}
    port = random.randrange(10000, 50000)
    rows = []
    for row in syn_rows() if args.syns else matrix_rows():
        port += 1
        state = ends.connect(wire, listeners[row["version"]], row["version"],
                             bytes.fromhex(row["options"]), row["flags"], port,
                             row.get("tos", 0))
        rows.append({**row, **state})
    with open(args.file, "w") as out:
        json.dump(rows, out, indent=1)


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
    server["rcv_mss"] = min(536, server["snd_mss"])  # a first guess
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
    yield "the window", client["window"], server["rcv_wnd"]
    yield "data arrived", (data["asked"], data["answered"]), (True, True)
    yield "TSval goes on", data["tsval_goes_on"], True


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
    if apart > max(kernel["client"]["mss"], kernel["offer"]["mss"] or 0):
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
        rows = [row for row in json.load(file)
                if not row["offer"]["timestamps"]]
    assert not any(row["server"]["ecn"] for row in rows)
    cells = ["SACK, scale 7", "SACK", "scale 7", "neither"]
    print(f"{'offered':>17}   " + "".join(f"{c:<16}" for c in cells).rstrip())
    for _, of_mss in itertools.groupby(
            rows, lambda row: (row["version"], row["group"])):
        with_ecn, without = (list(r) for r in split(of_mss))
        assert [*map(outcome, with_ecn)] == [*map(outcome, without)]
        name = f"IPv{without[0]['version']}, MSS {without[0]['group']}"
        print(f"{name:<20}" +
              "".join(f"{outcome(r):<16}" for r in without).rstrip())


def split(rows):
    """Every other row, and the others: with ECN, without."""
    rows = list(rows)
    return rows[::2], rows[1::2]


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run")
    command.add_argument("file")
    command.add_argument("--syns", action="store_true")
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
