# SPDX-License-Identifier: GPL-2.0-or-later
#
# cell.jq - figures from what was watched and what the clients said
#
# Knows: which difference is which figure.
# Does not know: how they were taken (watch.py, cell.bash).
#
# in: {flood, defence, rate, before, after, clients, half_open_max}
# out: one flat object
#
# Frames of the flood are those that the clients' stack neither sent nor got.
# Who is the limit: the server, if frames found no room and its thread ran nearly
# all the time (the scheduler keeps 5 % of a CPU back from SCHED_FIFO); the ring,
# if frames found no room though it could have taken more; the generator, if it
# offered less than it should, or all that it has at "max".

def at_least($least): if . < $least then $least else . end;
def digits($n): pow(10; $n) as $f | (. * $f | round) / $f;
def over($n): if $n > 0 then . / $n else null end;
def per_cent($part; $all): (100 * $part | over($all) // 0) | digits(1);

. as $in
| (.after.at_ns - .before.at_ns) as $ns
| def moved(f): ($in.after | f) - ($in.before | f);
  def per_s: . * 1e9 / $ns | at_least(0) | round;
  (moved(.srv_rx) - moved(.out_segs)) as $handled
| (moved(.not_taken)) as $not_taken
| ($handled + $not_taken | per_s) as $offered
| (moved(.rx_ns) / $ns) as $share
| ($not_taken > 0.02 * ($handled + $not_taken)) as $lost
| {
	flood, defence, rate,
	offered: (if $in.rate == 0 then 0 else $offered end),
	handled_per_s: (if $in.rate == 0 then 0 else ($handled | per_s) end),
	answered_per_s: (moved(.atk_rx) - moved(.in_segs) | per_s),
	cpu_share: ($share | digits(3)),
	cpu_ns_per_packet: (if $in.rate == 0 then null
		else (moved(.rx_ns) | over($handled)) end
		| if . then round else null end),
	clients_tried: .clients.tried,
	clients_served: .clients.served,
	p50_ms: (if .clients.connected > 0 then .clients.connect_ms.p50
		else null end),
	p99_ms: (if .clients.connected > 0 then .clients.connect_ms.p99
		else null end),
	half_open_max,
	stolen_percent: per_cent(moved(.cpus.stolen); moved(.cpus.all)),
	foreign_percent: per_cent(moved(.foreign); moved(.cpus.all)),
	limit: (if $in.rate == 0 then "none"
		elif $lost and $share > 0.7 then "server"
		elif $in.rate == "max" or $offered < 0.98 * $in.rate
			then "generator"
		elif $lost then "ring"
		else "none" end)
}
