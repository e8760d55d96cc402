# SPDX-License-Identifier: GPL-2.0-or-later
#
# targets.jq - what was to be reached, beside what was measured
#
# Knows: which figure of build/bench.json a target is about. Of several figures
# the worst counts. A figure that is not there was not measured, whatever the
# reason; that is no target met.
# Does not know: how any of them was measured.
#
# in: the parts' JSON, merged; out: "targets", an array

def worst_low: if length > 0 and all(. != null) then min else null end;
def worst_high: if length > 0 and all(. != null) then max else null end;

def cost($packet; $flows): [.cost[]? | select(.packet == $packet
	and .flows == $flows) | .above_empty_ns] | first;
def ns($packet): cost($packet; 1);
# Of what floods are made of; of connections the kernel has the sockets.
def growth: . as $all | [.cost[]? | select(.flows == 65536
	and (.packet | test("^(SYN|bad ACK)"))) | .packet as $p
	| ($all | cost($p; 1)) as $one
	| if $one and $one > 0 then .above_empty_ns / $one else null end]
	| worst_high;
def carried($load; $state): [.carried[]? | select(.state == $state
	and (.load | startswith($load))) | .ratio] | worst_low;
def at_a_million: [.cells[]? | select(.rate == 1000000
	and (.flood | ascii_downcase | startswith("syn"))
	and (.defence | startswith("synward")))];
def served: at_a_million | map(if .clients_tried > 0
	then 100 * .clients_served / .clients_tried else null end);

def more($figure; $unit; $must; $aim; $measured):
	{ $figure, $unit, better: "more", $must, $aim, $measured };
def less($figure; $unit; $must; $aim; $measured):
	more($figure; $unit; $must; $aim; $measured) + { better: "less" };
def verdict: (if .better == "more" then 1 else -1 end) as $up
	| if .measured == null then "not measured"
	elif .measured * $up >= .aim * $up then "aim"
	elif .measured * $up >= .must * $up then "must"
	else "missed" end;

[
	more("SYNs handled at max, always / kernel tcp_syncookies=1"; "x";
		4; 6; .ratios.always_vs_kernel),
	more("the same / bare XDP_TX reflector"; "x";
		0.42; 0.6; .ratios.always_vs_xdp_tx),
	less("SYN, Linux options, IPv4, above an empty program"; "ns";
		80; 50; ns("SYN, Linux options, IPv4")),
	less("bad ACK, IPv4"; "ns"; 50; 35; ns("bad ACK, IPv4")),
	less("established segment, gate idle"; "ns";
		10; 5; ns("established, gate idle")),
	less("established segment, gate active"; "ns";
		45; 30; ns("established, gate active")),
	less("growth of SYNs and bad ACKs, 1 to 65,536 flows"; "x";
		1.25; 1.1; growth),
	more("clients served at 1M SYN/s"; "%"; 100; 100; served | worst_low),
	less("their p50 against quiet"; "x"; 1.5; 1.2;
		at_a_million | map(.p50_ratio) | worst_high),
	more("iperf3 against XDP_PASS, idle"; "x";
		0.98; 1; carried("iperf3"; "idle")),
	more("iperf3 against XDP_PASS, active"; "x";
		0.93; 0.97; carried("iperf3"; "active")),
	more("wrk against XDP_PASS, idle"; "x";
		0.98; 1; carried("wrk"; "idle")),
	more("wrk against XDP_PASS, active"; "x";
		0.93; 0.97; carried("wrk"; "active")),
	less("locked memory without configuration"; "MiB"; 16; 4;
		if .memory.bytes then .memory.bytes / 1048576 else null end)
] | map(. + { verdict: verdict })
