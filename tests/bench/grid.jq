# SPDX-License-Identifier: GPL-2.0-or-later
#
# grid.jq - the document: one cell for each flood, defence and rate, and ratios
#
# Knows: how rounds become a cell, and what is compared with what.
# Does not know: where the figures come from (cell.jq).
#
# in: an array of what cell.jq made, in the order of measuring
# out: {cells, ratios, ratio_rounds}: flat cells, ratios of medians, and the same
# ratios of undisturbed rounds one by one: how far they can be believed

def digits($n): pow(10; $n) as $f | (. * $f | round) / $f;
def median: map(select(. != null)) | sort
	| if . == [] then null
	else (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2
		| if . > 1000 then round else digits(3) end end;
def key: [.flood, .defence, .rate];

# Rounds from which the hypervisor took time count only if there are no others.
def disturbed: .stolen_percent >= 5;
def calm: map(select(disturbed | not)) as $calm
	| if $calm == [] then . else $calm end;

# Medians, but all clients, the highest queue, the worst disturbance.
def merged:
	. as $all | calm as $rounds
	| $rounds[0]
	| with_entries(.key as $k | .value |= (
		if type != "number" and . != null then .
		else [$rounds[][$k]] | median end))
	| . + {
		clients_tried: ([$rounds[].clients_tried] | add),
		clients_served: ([$rounds[].clients_served] | add),
		half_open_max: ([$rounds[].half_open_max] | max),
		stolen_percent: ([$rounds[].stolen_percent] | max),
		foreign_percent: ([$rounds[].foreign_percent] | max),
		limit: ([$rounds[].limit] | unique | join("/")),
		tries: ([$all[].tries] | add),
		rounds: ($rounds | length),
		rounds_left_out: (($all | length) - ($rounds | length)),
	};

# group_by would sort them
def cells: reduce .[] as $c ([];
	([.[] | .[0] | key] | index([$c | key])) as $at
	| if $at == null then . + [[$c]] else .[$at] += [$c] end)
	| map(merged);

def with_ratios: . as $all | map(. as $c
	| [$all[] | select(.flood == $c.flood and .defence == $c.defence
		and .rate == 0) | .p50_ms][0] as $quiet
	| . + {p50_ratio: (if $c.rate != 0 and $quiet and $c.p50_ms
		then $c.p50_ms / $quiet | digits(2) else null end)});

# null: disturbed. A cell, which has no fellow, counts in any case.
def handled($defence): map(select(.flood == "syn" and .rate == "max"
	and .defence == $defence)
	| if disturbed and (has("rounds") | not) then null
	else .handled_per_s end);
def ratios($of; f): (handled("synward always")) as $always
	| handled($of) | [$always, .] | transpose | map(select(all))
	| map(.[0] / .[1] | digits(3)) | f;
def compared(f): {
	always_vs_kernel: ratios("kernel 1"; f),
	always_vs_xdp_tx: ratios("XDP_TX"; f),
};

. as $measured | cells | with_ratios | {
	cells: .,
	ratios: compared(first // null),
	ratio_rounds: ($measured | compared(.)),
}
