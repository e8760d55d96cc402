#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# flood.sh - are clients served while a SYN flood runs, and as fast as before?
#
# Knows: the order of events (a quiet round, then the same round in a flood) and
# what counts as proven: every client served, the median handshake at most 1.5
# times the quiet one, and a flood that really ran at the rate asked for.
# Does not know: how the stage is made (tests/lib/netns.sh), or how any defence
# works. It can be run without one.
#
# One RX queue, shared by flood and clients: nothing sorts the clients out. The
# generator sits on CPU 0, and the server's softirq for the flood runs there on
# its time, as it would for a NIC's interrupt; like one it waits for nobody
# (nice -20). nginx and the clients go where the scheduler puts them. A server
# that is too slow slows this flood down: then the rate falls short, which is a
# FAIL. Both rounds run with the defence in place.
#
# On a shared host the hypervisor may take the CPUs away for 100 ms and more.
# Such a round says nothing about a defence. It is repeated, whatever its
# outcome, at most twice, and each repetition is reported.
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo ./tests/bench/flood.sh [options]
	  --defence NAME  synward, kernel (tcp_syncookies=1) or none
	                  (default synward)
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

die()
{
	echo "flood.sh: $1" >&2
	exit "${2:-1}"
}

usage_error()
{
	echo "flood.sh: $1" >&2
	usage >&2
	exit 2
}

defence=synward
rate=200000
seconds=10
clients=500
kind=syn
ip=4
build=''

parse()
{
	while [ $# -gt 0 ]; do
		case $1 in
		-6) ip=6; shift; continue ;;
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
case $defence in
synward | kernel | none) ;;
*) usage_error "--defence \"$defence\": synward, kernel or none" ;;
esac
in_range --seconds "$seconds" 1 60
in_range --clients "$clients" "$seconds" 1000000
in_range --rate "$rate" 1 100000000
[ "$(id -u)" = 0 ] || die "needs root for namespaces and XDP" 4

[ -z "$build" ] || NETNS_BUILD=$(cd "$build" && pwd)
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
netns_isolate "$0" "$@"

bench=$NETNS_BUILD/tests/bench
[ $ip = 4 ] && dst=$srv4 || dst=$srv6
patience_s=5			# of a client
ratio_max=1.5
stolen_max=5			# per cent of the CPUs, taken by the hypervisor
rounds_max=3
load_before=$(cut -d ' ' -f 1 /proc/loadavg)
background=()			# pids of helpers outside the namespaces

halt()
{
	local pid

	for pid in "${background[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	background=()
}

cleanup()
{
	trap - EXIT
	halt
	netns_down
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the defence -------------------------------------------------------

synward()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/synward" "$@"
}

# For a server without XDP: the other form of the sink, see pass.bpf.c.
sink_for_skbs()
{
	"${in_atk[@]}" ip link set dev atk xdp off
	"${in_atk[@]}" tc qdisc add dev atk clsact
	"${in_atk[@]}" tc filter add dev atk ingress \
		bpf da obj "$bench/pass.bpf.o" sec tc
}

defend()
{
	case $defence in
	synward)
		netns_bpffs
		synward attach srv --mode adaptive ;;
	kernel)
		sink_for_skbs
		"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=1 ;;
	none)
		sink_for_skbs
		"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0 ;;
	esac
}

# ---- what is measured --------------------------------------------------

run_clients()
{
	"${in_atk[@]}" "$bench/clients" --dst "$dst" --port 80 \
		--rate $((clients / seconds)) --count "$clients" \
		--timeout $patience_s --json
}

# answers to the flood that came back
answers()
{
	if [ "$defence" = synward ]; then
		"${in_atk[@]}" ethtool -S atk |
			awk '/rx_queue_.*_xdp_drops/ { n += $2 }
				END { print n + 0 }'
	else
		"${in_atk[@]}" tc -s qdisc show dev atk clsact |
			sed -n 's/.*dropped \([0-9]*\).*/\1/p'
	fi
}

counters()
{
	"${in_srv[@]}" nstat -asz TcpExtSyncookiesSent TcpExtSyncookiesRecv \
		TcpExtSyncookiesFailed TcpExtListenDrops TcpPassiveOpens |
		awk '!/^#/ { print $1, $2 }'
	echo "answers $(answers)"
}

# half-open connections, every 0.2 s, into a file
sample_half_open()
{
	while sleep 0.2; do
		"${in_srv[@]}" ss -Hnt state syn-recv | wc -l
	done >"$stage/half-open"
}

rx_packets()
{
	# shellcheck disable=SC2016 # awk's, not the shell's
	"${in_srv[@]}" awk '$1 == "srv:" { print $3 }' /proc/net/dev
}

flood_arrived()
{
	[ "$(rx_packets)" -ge "$1" ]
}

start_flood()
{
	local before

	before=$(rx_packets)
	"${in_atk[@]}" nice -n -20 "$bench/synflood" --dev atk --cpu 0 \
		--dst "$dst" --dst-mac "$srv_mac" --port 80 --kind "$kind" \
		--rate "$rate" --seconds $((seconds + patience_s + 10)) --json \
		>"$stage/flood.json" 2>"$stage/flood.err" &
	flood_pid=$!
	background+=("$flood_pid")
	wait_for 10 flood_arrived $((before + (rate + 1) / 2)) ||
		die "no flood arrived: $(cat "$stage/flood.err")"
}

stop_flood()
{
	kill "$flood_pid" 2>/dev/null || true
	wait "$flood_pid" || die "generator: $(cat "$stage/flood.err")"
}

quiet_round()
{
	run_clients >"$stage/quiet.json" || die "not all served without a flood"
}

# The flood begins before the first client and ends after the last.
flood_round()
{
	counters >"$stage/before"
	start_flood
	sample_half_open &
	background+=($!)
	run_clients >"$stage/loud.json" || true
	stop_flood
	halt
	counters >"$stage/after"
}

# stolen and total ticks of all CPUs
ticks()
{
	awk '/^cpu / { for (i = 2; i <= 9; i++) n += $i; print $9, n }' \
		/proc/stat
}

# undisturbed NAME: runs NAME_round until the hypervisor left it alone
undisturbed()
{
	local name=$1 round before stolen

	for ((round = 1; round <= rounds_max; round++)); do
		before=$(ticks)
		"${name}_round"
		stolen=$(echo "$before $(ticks)" |
			awk '{ printf "%.0f", 100 * ($3 - $1) / ($4 - $2) }')
		echo "$stolen" >"$stage/$name.stolen"
		[ "$stolen" -gt $stolen_max ] || return 0
		echo "disturbed  $name round $round:" \
			"the hypervisor took $stolen % of the CPUs"
	done
}

# ---- what is said ------------------------------------------------------

# field FILE NAME: a number from our own flat JSON
field()
{
	sed -n "s/.*\"$2\": \([0-9.]*\).*/\1/p" "$stage/$1.json"
}

machine()
{
	local model

	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed 1q)
	echo "${model:-unknown CPU}, $(nproc) CPUs, Linux $(uname -r)," \
		"load before $load_before"
}

served()
{
	echo "tried $(field "$1" tried) served $(field "$1" served)" \
		"failed $(field "$1" failed) (refused $(field "$1" refused)," \
		"timed out $(field "$1" timed_out)," \
		"reset $(field "$1" reset)) connect ms:" \
		"p50 $(field "$1" p50) p90 $(field "$1" p90)" \
		"p99 $(field "$1" p99) max $(field "$1" max)"
}

sent()
{
	echo "$kind: sent $(field flood sent) in $(field flood seconds) s," \
		"$(field flood rate)/s of $rate/s, not taken" \
		"$(field flood not_taken), given up $(field flood given_up)"
}

changes()
{
	awk 'NR == FNR { was[$1] = $2; next }
		{ printf "%s%s +%d", sep, $1, $2 - was[$1]; sep = ", " }
		END { print "" }' "$stage/before" "$stage/after"
}

ratio()
{
	awk -v quiet="$(field quiet p50)" -v loud="$(field loud p50)" 'BEGIN {
		if (quiet > 0 && loud > 0)
			printf "%.2f\n", loud / quiet
		else
			print "none"
	}'
}

report()
{
	echo "machine    $(machine)"
	echo "stolen     quiet $(cat "$stage/quiet.stolen") %," \
		"flood $(cat "$stage/flood.stolen") % of the CPUs"
	echo "defence    $defence, over IPv$ip"
	echo "quiet      $(served quiet)"
	echo "in flood   $(served loud)"
	echo "p50 ratio  $(ratio) (at most $ratio_max)"
	echo "flood      $(sent)"
	echo "half-open  at most $(sort -n "$stage/half-open" | tail -n 1)"
	echo "server     $(changes)"
	[ "$defence" != synward ] || printf 'synward -j status\n%s\n' \
		"$(synward -j status)"
}

verdict()
{
	awk -v served="$(field loud served)" -v clients="$clients" \
		-v ratio="$(ratio)" -v ratio_max=$ratio_max \
		-v rate="$(field flood rate)" -v asked="$rate" '
		function no(why) { print "verdict    FAIL: " why; failed = 1 }
		BEGIN {
			if (served != clients)
				no(served " of " clients " served")
			if (ratio == "none" || ratio > ratio_max)
				no("p50 ratio " ratio)
			if (rate < asked * 0.98)
				no("the flood fell short: " rate "/s")
			if (failed)
				exit 1
			print "verdict    ok: all served, median within bounds"
		}'
}

netns_up
defend
netns_nginx 80 || die "nginx did not start"
undisturbed quiet
undisturbed flood
report
verdict
