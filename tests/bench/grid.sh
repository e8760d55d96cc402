#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# grid.sh - floods of many rates against many defences, and what clients see
#
# Knows: which cells there are, and what is compared with what.
# Does not know: how a cell is measured (cell.bash), how a defence works
# (defences.bash), or how the figures are drawn.
#
# Each cell has a stage of its own. At the rate "max", which has no pace, the
# defences take turns over several short rounds and a cell is their median: the
# ratios that count are of these, and a shared machine changes its speed within
# seconds (in successive seconds the kernel took 2.1 and 3.6 us per SYN, and the
# generator slowed down with it).
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo [BENCH=quick] ./tests/bench/grid.sh [options]
	  --json FILE     the figures, as one document
	  --build DIR     where the binaries are (default build)
	Up to 16 minutes; quick: 2.5 minutes, with less of everything.
	Exit: 0 measured, 1 not, 2 usage, 4 not root.
	END
}

usage_error()
{
	echo "grid.sh: $1" >&2
	usage >&2
	exit 2
}

json=''
build=''

parse()
{
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--json | --build)
			[ $# -gt 1 ] || usage_error "$1: needs a value"
			printf -v "${1#--}" %s "$2"
			shift 2 ;;
		*) usage_error "$1: not an option" ;;
		esac
	done
}

parse "$@"
[ -z "$build" ] || NETNS_BUILD=$(cd "$build" && pwd)
# shellcheck source=tests/bench/cell.bash
. "$(dirname "$0")/cell.bash"
cell_needs
netns_isolate "$0" "$@"
measured=$(mktemp)
trap 'code=$?; rm -f "$measured"; cell_exit "$code"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

clients_per_s=200
patience_s=3
if [ "${BENCH:-}" = quick ]; then
	rates="0 1000000"
	syn=("kernel 1" XDP_TX "synward adaptive" "synward always")
	ack=("kernel 1" "synward always")
	seconds=2 round_seconds=2 rounds=4 ack_rounds=1 repeats_left=2
else
	rates="0 200000 500000 1000000"
	syn=("${defences[@]}")
	ack=("kernel 1" XDP_DROP "synward adaptive" "synward always")
	seconds=5 round_seconds=3 rounds=7 ack_rounds=3 repeats_left=20
fi

# ---- what is said ------------------------------------------------------

line()
{
	printf '%-17s %8s %8s %8s %8s %5s %6s %9s %7s %6s %7s %5s %5s %5s %s\n' \
		"$@"
}

heading()
{
	printf '\n%s\n' "$1"
	line defence rate offered handled answered CPU ns/pkt served p50/ms \
		ratio p99/ms half stol% oth% limit
}

# rows: a line of the table for each cell that comes in
rows()
{
	local field

	jq -r 'map_values(. // "-") | [.defence, .rate, .offered,
		.handled_per_s, .answered_per_s, .cpu_share,
		.cpu_ns_per_packet, "\(.clients_served)/\(.clients_tried)",
		.p50_ms, .p50_ratio, .p99_ms, .half_open_max,
		.stolen_percent, .foreign_percent, .limit] | @tsv' |
		while IFS=$'\t' read -ra field; do
			line "${field[@]}"
		done
}

# ---- what is measured --------------------------------------------------

# one DEFENCE FLOOD RATE SECONDS
one()
{
	cell_open "$1" "$2"
	cell_run "$1" "$2" "$3" "$4" $(($4 * clients_per_s))
	cell_close
	echo "$cell" >>"$measured"
}

# paced FLOOD RATES DEFENCE...
paced()
{
	local flood=$1 rates=$2 rate defence

	shift 2
	for defence; do
		for rate in $rates; do
			one "$defence" "$flood" "$rate" "$seconds"
			figures | jq -c '.cells[-1]' | rows
		done
	done
}

# unpaced FLOOD ROUNDS DEFENCE...; each round begins with another one, for a
# machine whose time is metered out gives the last in a row less of it
unpaced()
{
	local flood=$1 last=$2 round defence

	shift 2
	for ((round = 0; round < last; round++)); do
		for defence; do
			one "$defence" "$flood" max "$round_seconds"
		done
		set -- "${@:2}" "$1"
	done
	figures | jq -c --arg flood "$flood" \
		'.cells[] | select(.rate == "max" and .flood == $flood)' | rows
}

figures()
{
	jq -s -f "$here/grid.jq" "$measured"
}

echo "machine  $(machine), load before $(cut -d ' ' -f 1 /proc/loadavg)"
heading "SYN flood; figures per second; floors let clients in unchallenged"
paced syn "$rates" "${syn[@]}"
unpaced syn $rounds "${syn[@]}"
heading "ACK flood; answers are RSTs; adaptive: after SYNs were challenged"
paced ack "0 1000000" "${ack[@]}"
unpaced ack $ack_rounds "${ack[@]}"
echo
figures | jq -r '.ratio_rounds as $rounds | .ratios | to_entries[] |
	"\(.key) \(.value // "-"), round by round \($rounds[.key])"'
[ -z "$json" ] || figures >"$json"
echo "measured in $SECONDS s"
