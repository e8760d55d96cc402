#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's counters for one cell of the flood bench, before and after.

Knows: where they are. One process reads all of them within a millisecond, so
that what differs has one distance in time; and it is there before the first,
because whatever starts takes time from what is measured.
Does not know: what they mean for a defence (cell.jq).

usage: watch.py SRV_PID ATK_PID RX_PID CPU SECONDS
Processes in the server's and the attacker's namespace, the thread that runs the
server's NAPI, and its CPU. Out: {"before": .., "after": .., "half_open_max": n}
"""
import json
import os
import sys
import time


def lines(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read().splitlines()


def device(pid, name):
    """Frames in, frames out, frames that the other end's ring had no room for."""
    for line in lines(f"/proc/{pid}/net/dev"):
        if line.strip().startswith(name + ":"):
            n = [int(x) for x in line.split(":")[1].split()]
            return n[1], n[9], n[11]
    raise SystemExit(f"watch.py: no {name} where {pid} is")


def segments(pid):
    """TCP segments that the namespace's stack took in and sent."""
    names, values = [line.split() for line in lines(f"/proc/{pid}/net/snmp")
                     if line.startswith("Tcp:")]
    tcp = dict(zip(names, values))
    return int(tcp["InSegs"]), int(tcp["OutSegs"])


def ran_ns(pid):
    return int(lines(f"/proc/{pid}/schedstat")[0].split()[0])


def ksoftirqd(cpu):
    """Takes over what the NAPI's thread leaves of its softirqs."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if lines(f"/proc/{pid}/comm") == [f"ksoftirqd/{cpu}"]:
                return int(pid)
        except OSError:
            pass
    raise SystemExit(f"watch.py: no ksoftirqd/{cpu}")


def cpu_ticks(name):
    """All, idle and stolen ticks; guests are in user already."""
    for line in lines("/proc/stat"):
        if line.split()[0] == name:
            n = [int(x) for x in line.split()[1:9]]
            return {"all": sum(n), "idle": n[3] + n[4], "stolen": n[7]}
    raise SystemExit(f"watch.py: no {name}")


def foreign_ticks():
    """Of processes outside our process group, with the children they reaped."""
    ours = os.getpgrp()
    ticks = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            rest = lines(f"/proc/{pid}/stat")[0].rpartition(")")[2].split()
        except (OSError, IndexError):
            continue  # it ended meanwhile
        ppid, pgrp = int(rest[1]), int(rest[2])
        if pgrp != ours and ppid != 2:  # 2: kthreadd
            ticks += sum(int(x) for x in rest[11:15])
    return ticks


def half_open(pid):
    """Sockets in SYN-RECV, over both families."""
    count = 0
    for name in "tcp", "tcp6":
        with open(f"/proc/{pid}/net/{name}", encoding="ascii") as f:
            count += sum(line.split(None, 4)[3] == "03" for line in f)
    return count


def snapshot(srv, atk, rx, cpu, soft):
    before_ns = time.monotonic_ns()
    srv_rx, _, _ = device(srv, "srv")
    atk_rx, _, not_taken = device(atk, "atk")
    in_segs, out_segs = segments(atk)
    rx_ns = ran_ns(rx) + ran_ns(soft)
    after_ns = time.monotonic_ns()
    return {
        "at_ns": (before_ns + after_ns) // 2,
        "srv_rx": srv_rx, "atk_rx": atk_rx, "not_taken": not_taken,
        "in_segs": in_segs, "out_segs": out_segs, "rx_ns": rx_ns,
        "cpus": cpu_ticks("cpu"), "rx_cpu": cpu_ticks(f"cpu{cpu}"),
        "foreign": foreign_ticks()}


def main():
    srv, atk, rx, cpu = sys.argv[1:5]
    where = srv, atk, rx, cpu, ksoftirqd(cpu)
    end = time.monotonic() + float(sys.argv[5])
    most = 0
    before = snapshot(*where)
    while time.monotonic() < end:
        most = max(most, half_open(srv))
        time.sleep(min(0.3, max(0, end - time.monotonic())))
    print(json.dumps({"before": before, "after": snapshot(*where),
                      "half_open_max": most}))


main()
