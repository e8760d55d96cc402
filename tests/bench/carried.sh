#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# carried.sh - what is left of carried traffic with synward on the interface
#
# Knows: the loads (iperf3, wrk), and the states that synward is in meanwhile:
# idle (adaptive, nobody was challenged lately), observe, active (the service
# issued cookies lately, so that each ACK is looked up).
# Does not know: floods (flood.sh, grid.sh), nor what one packet costs (cost.c).
#
# While a load runs, build/tests/bench/carry puts other programs in the place of
# synward's and back, every 25 ms, and looks how fast the load gets on: bare
# XDP_PASS, the same again, synward, in an order that changes. The ratio is the
# median of the rounds' ratios to the bare program of the same round. What "pass
# again" is away from 1 is noise, and so is as much of the other ratios. Rounds
# from which the hypervisor took time count only if there are few others.
#
# The bare program, not an interface without one, is what synward is compared
# to: on veth any XDP program halves TCP's throughput, a NIC's driver pays less.
# An empty tcx program and the tracepoint's stay in all slices: what those cost
# is not in the ratio.
#
# Client on CPU 0, server on CPU 1. veth receives on the sender's CPU, on its
# time: XDP's cost is paid where the client sends.
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo ./tests/bench/carried.sh [options]
	  --quick      fewer loads and states, and half as long
	  --load NAME  only iperf3, iperf3-reverse, wrk or wrk-close
	  --json FILE  writes the figures there
	  --build DIR  where the binaries are (default build)
	Exit: 0 measured, 1 a load failed or a state was not what it should be,
	2 usage, 4 not root; when synward does not attach, its own code.
	END
}

die()
{
	echo "carried.sh: $1" >&2
	exit "${2:-1}"
}

usage_error()
{
	echo "carried.sh: $1" >&2
	usage >&2
	exit 2
}

loads=(iperf3 iperf3-reverse wrk wrk-close)
states=(idle observe active)
seconds=20			# of each load in each state
only=''
json=''
build=''
args=("$@")
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--quick)
		loads=(iperf3 wrk)
		states=(idle active)
		seconds=8 ;;
	--load)
		case ${2-} in
		iperf3 | iperf3-reverse | wrk | wrk-close) only=$2 ;;
		*) usage_error "--load \"${2-}\": not a load" ;;
		esac
		shift ;;
	--json | --build)
		[ $# -gt 1 ] || usage_error "$1: needs a value"
		printf -v "${1#--}" %s "$2"
		shift ;;
	*) usage_error "$1: not an option" ;;
	esac
	shift
done
[ -z "$only" ] || loads=("$only")
[ "$(id -u)" = 0 ] || die "needs root for namespaces and XDP" 4

here=$(dirname "$0")
[ -z "$build" ] || NETNS_BUILD=$(cd "$build" && pwd)
# shellcheck source=tests/lib/netns.sh
. "$here/../lib/netns.sh"
netns_isolate "$0" "${args[@]}"
# shellcheck source=tests/bench/machine.bash
. "$here/machine.bash"

bench=$NETNS_BUILD/tests/bench
ahead_s=1			# a load runs before it is looked at
connections=16			# of wrk
client_cpu=0
server_cpu=$((client_cpu + ($(nproc) > 1)))	# or the same
calm_enough=20			# rounds
examined_min=1000		# segments, or a state was not proven

slices_pid=''

cleanup()
{
	trap - EXIT
	[ -z "$slices_pid" ] || kill "$slices_pid" 2>/dev/null || true
	netns_down
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- states ------------------------------------------------------------

synward()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/synward" "$@"
}

# enter STATE: attached anew, for a service stays active for two epochs after
# its last cookie
enter()
{
	local mode=$1

	case $1 in
	idle) mode=adaptive ;;
	active) mode=always ;;
	esac
	synward -q attach srv --xdp native --mode "$mode" || exit
}

leave()
{
	synward -q detach srv --grace 0
}

# proven STATE: by the counters; was every segment looked at, or none?
proven()
{
	local wanted='.service_idle >= min and .syn_answered == 0
		and .ack_has_socket == 0'

	[ "$1" != active ] || wanted='.ack_has_socket >= min'
	synward -j stats >"$stage/stats.json"
	jq -e "def min: $examined_min;"'
		[.. | objects | select(.name? and .value? != null)
			| { (.name): .value }] | add | '"$wanted" \
		"$stage/stats.json" >/dev/null ||
		die "$load was not $1: $(cat "$stage/stats.json")"
}

# ---- loads -------------------------------------------------------------

# start_load: in the background, $load_pid; $reader_pid reads what arrives
start_load()
{
	local lasts=$((ahead_s + seconds + 1)) command

	case $load in
	iperf3) command=(iperf3 -c "$srv4" -t "$lasts") ;;
	iperf3-reverse) command=(iperf3 -c "$srv4" -t "$lasts" --reverse) ;;
	wrk*) command=(wrk -t 1 -c "$connections" -d "${lasts}s"
		"http://$srv4/") ;;
	esac
	[ "$load" != wrk-close ] || command+=(-H 'Connection: close')
	"${in_atk[@]}" setpriv --pdeathsig TERM taskset -c $client_cpu \
		"${command[@]}" >"$stage/load" 2>&1 &
	load_pid=$!
	reader_pid=$load_pid
	[ "$load" != iperf3 ] || reader_pid=$iperf3_pid
}

# Connections that are being made while synward's programs are taken out come to
# nothing, and wrk counts them: that is ours to answer for.
load_went_well()
{
	wait "$load_pid" || return 1
	! grep 'Non-2xx' "$stage/load" || return 1
	[ "$load" = wrk-close ] || ! grep 'Socket errors' "$stage/load"
}

# of one answer of nginx, so that bytes are requests
answer_bytes()
{
	"${in_atk[@]}" curl -sf --max-time 5 -o "$stage/answer" \
		-w '%{size_header} %{size_download}\n' \
		${1:+-H "Connection: $1"} "http://$srv4/" |
		awk '{ print $1 + $2 }'
}

# what the rates in bytes/s are to be divided by
unit_bytes()
{
	case $load in
	iperf3*) echo 125000000 ;;
	wrk) answer_bytes ;;
	wrk-close) answer_bytes close ;;
	esac
}

serve()
{
	# or SYNs of wrk-close would find the tuple in TIME_WAIT, and be the
	# kernel's
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	taskset -cp $server_cpu $$ >/dev/null
	netns_nginx 80 || die "nginx did not start"
	"${in_srv[@]}" setpriv --pdeathsig TERM iperf3 -s >"$stage/iperf3" 2>&1 &
	iperf3_pid=$!
	wait_for 10 netns_listens 5201 || die "iperf3: $(cat "$stage/iperf3")"
}

# Their time is ours once they have been waited for.
stop_servers()
{
	kill "$nginx_pid" "$iperf3_pid"
	wait "$nginx_pid" "$iperf3_pid" || true
}

# ---- what is measured --------------------------------------------------

# rounds STATE: carry's lines as JSON
rounds()
{
	jq -R -n --arg load "$load" --arg state "$1" \
		--argjson unit "$(unit_bytes)" '
	[inputs | split(" ") | map(tonumber)] | { $load, $state,
		unit: (if $load | startswith("wrk") then "requests/s"
			else "Gbit/s" end),
		rounds: map({ pass: (.[0] / $unit), again: (.[1] / $unit),
			ours: (.[2] / $unit), stolen: .[3] }) }' "$stage/slices"
}

# measure STATE: $load in it
measure()
{
	enter "$1"
	start_load
	sleep $ahead_s
	"$bench/carry" "$pins/synward/srv/xdp" "$pins/synward/srv/tc" \
		"$reader_pid" $seconds >"$stage/slices" &
	slices_pid=$!
	wait $slices_pid
	slices_pid=''
	load_went_well || die "$load, $1: $(cat "$stage/load")"
	proven "$1"
	rounds "$1" >>"$stage/rounds"
	leave
}

# figures SHARES: a row for each state, and one for all that passed
figures()
{
	jq -s --argjson shares "$1" --argjson enough $calm_enough '
	def at($share): sort | .[(length - 1) * $share | round];
	def counting: map(select(.pass > 0)) | (map(select(.stolen == 0)) as $calm
		| if ($calm | length) >= $enough then $calm else . end);
	def row($state; $which): length as $of | counting
		| map(.[$which] / .pass) as $ratios
		| { state: $state, value: (map(.[$which]) | at(0.5)),
		    ratio: ($ratios | at(0.5)), ratio_p25: ($ratios | at(0.25)),
		    ratio_p75: ($ratios | at(0.75)), rounds: length,
		    rounds_left_out: ($of - length) };
	def rows: (map(.rounds[])
			| row("pass"; "pass"), row("pass again"; "again")),
		(.[] | .state as $s | .rounds | row($s; "ours"));
	{ carried: [group_by(.load)[] | .[0] as $of
		| rows | { load: $of.load, unit: $of.unit } + .],
	  carried_cpus: $shares }' "$stage/rounds"
}

table()
{
	jq -r '.carried[] | [.load, .state, .value, .unit, .ratio, .ratio_p25,
		.ratio_p75, .rounds, .rounds_left_out] | @tsv' "$1" |
		awk -F '\t' '
		BEGIN { printf "%-15s %-11s %9s %-11s %6s  %-15s %6s %s\n",
			"load", "state", "median", "", "ratio", "half of rounds",
			"rounds", "(left out)" }
		{ printf "%-15s %-11s %9.*f %-11s %6.3f  %.3f to %.3f  %6d (%d)\n",
			$1, $2, $3 < 1000 ? 2 : 0, $3, $4, $5, $6, $7, $8, $9 }'
}

ticks=$(machine_ticks) own=$(machine_own_ticks) load_before=$(machine_load)
netns_up
netns_bpffs
serve
for load in "${loads[@]}"; do
	for state in "${states[@]}"; do
		measure "$state"
	done
done
stop_servers
figures "$(machine_shares "$ticks" "$own" "$(machine_ticks)" \
	"$(machine_own_ticks)")" >"$stage/carried.json"
echo "machine  $(machine_line), load before $load_before"
jq -r '.carried_cpus | "others   hypervisor \(.stolen_percent) %, other" +
	" processes \(.foreign_percent) % of the CPUs"' "$stage/carried.json"
echo "ratio    to the bare XDP_PASS program of the same round, median;" \
	"\"pass again\" shows the noise"
echo
table "$stage/carried.json"
[ -z "$json" ] || cp "$stage/carried.json" "$json"
