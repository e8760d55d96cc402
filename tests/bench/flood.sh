#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# flood.sh - are clients served while a SYN flood runs, and as fast as before?
#
# Knows: one defence, a quiet round and then the same round in a flood, and what
# counts as proven: every client served, the median handshake at most 1.5 times
# the quiet one, and a flood that really ran at the rate asked for.
# Does not know: how a round is made and measured (cell.bash), or how any
# defence works. It can be run without one. For many defences and rates in one
# table there is grid.sh.
#
# Both rounds run with the defence in place.
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo ./tests/bench/flood.sh [options]
	  --defence NAME  none, "kernel 1", "kernel 2" (tcp_syncookies),
	                  "nft synproxy", "synward adaptive" or "synward always"
	                  (default synward adaptive)
	  --rate PPS      SYNs per second (default 200000)
	  --seconds S     how long clients keep coming, 1 to 60 (default 10)
	  --clients N     how many of them, at least S (default 500)
	  --kind KIND     of SYN: see synflood --help (default syn)
	  -6              over IPv6
	  --build DIR     where the binaries are (default build)
	Exit: 0 proven, 1 not proven, 2 usage, 4 not root; when synward does
	not attach, its own code.
	END
}

usage_error()
{
	echo "flood.sh: $1" >&2
	usage >&2
	exit 2
}

defence="synward adaptive"
rate=200000
seconds=10
clients=500
kind=syn
family=4
build=''

parse()
{
	while [ $# -gt 0 ]; do
		case $1 in
		-6) family=6; shift; continue ;;
		-h | --help) usage; exit 0 ;;
		--defence | --rate | --seconds | --clients | --kind | --build)
			[ $# -gt 1 ] || usage_error "$1: needs a value"
			printf -v "${1#--}" %s "$2"
			shift 2 ;;
		*) usage_error "$1: not an option" ;;
		esac
	done
}

# in_range NAME VALUE MIN MAX
in_range()
{
	if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || [ "$2" -lt "$3" ] ||
		[ "$2" -gt "$4" ]; then
		usage_error "$1 \"$2\": $3 to $4 was expected"
	fi
}

parse "$@"
in_range --seconds "$seconds" 1 60
in_range --clients "$clients" "$seconds" 1000000
in_range --rate "$rate" 1 100000000
[ -z "$build" ] || NETNS_BUILD=$(cd "$build" && pwd)
# shellcheck source=tests/bench/cell.bash
. "$(dirname "$0")/cell.bash"
defence_known "$defence" || usage_error "--defence \"$defence\": not known"
cell_needs
netns_isolate "$0" "$@"
trap cell_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ip=$family
ratio_max=1.5

served()
{
	jq -r '"tried \(.clients_tried) served \(.clients_served)" +
		" connect ms: p50 \(.p50_ms) p99 \(.p99_ms)"' <<<"$1"
}

sent()
{
	jq -r '"offered \(.offered)/s, handled \(.handled_per_s)/s," +
		" answered \(.answered_per_s)/s," +
		" \(.cpu_ns_per_packet) ns of CPU each," +
		" half-open at most \(.half_open_max), limit: \(.limit)"' \
		<<<"$loud"
}

ratio()
{
	jq -n --argjson quiet "$quiet" --argjson loud "$loud" '
		if $quiet.p50_ms and $loud.p50_ms
		then 100 * $loud.p50_ms / $quiet.p50_ms | round / 100
		else null end'
}

report()
{
	echo "machine    $(machine)"
	echo "defence    $defence, over IPv$ip"
	echo "quiet      $(served "$quiet")"
	echo "in flood   $(served "$loud")"
	echo "p50 ratio  $(ratio) (at most $ratio_max)"
	echo "$kind flood $(sent)"
	jq -r '"others     stolen \(.stolen_percent) %, other processes" +
		" \(.foreign_percent) % of the CPUs in the flood"' <<<"$loud"
	[[ $defence != synward* ]] || synward status
}

verdict()
{
	jq -nr --argjson loud "$loud" --argjson ratio "$(ratio)" \
		--argjson ratio_max $ratio_max --argjson rate "$rate" \
		--argjson clients "$clients" '[
		if $loud.clients_served != $clients then
			"\($loud.clients_served) of \($clients) served"
		else empty end,
		if ($ratio // 1e9) > $ratio_max then "p50 ratio \($ratio)"
		else empty end,
		if $loud.handled_per_s < 0.98 * $rate then
			"the flood fell short: \($loud.handled_per_s)/s"
		else empty end
		] | if . == [] then
			"verdict    ok: all served, median within bounds"
		else .[] | "verdict    FAIL: " + . end'
}

cell_open "$defence" "$kind"
cell_run "$defence" "$kind" 0 "$seconds" "$clients"
quiet=$cell
cell_run "$defence" "$kind" "$rate" "$seconds" "$clients"
loud=$cell
report
said=$(verdict)
echo "$said"
[[ $said != *FAIL* ]]
