# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cell.bash - clients behind one defence under one flood; to be sourced
#
# Knows: where everything runs, the order of events, and when the hypervisor
# spoilt a measurement.
# Does not know: how a defence works (defences.bash), what the counters mean
# (cell.jq), or which cells there are (flood.sh, grid.sh).
#
# One RX queue, shared by flood and clients: nothing sorts the clients out. The
# generator has CPU 0 and waits for nobody (nice -20). The server's end of the
# cable is polled by a thread of its own (threaded NAPI) on CPU 1: what it costs
# can be read, and a server that is too slow loses frames instead of slowing
# the generator down. Like a NIC's interrupt it waits for nobody (SCHED_FIFO;
# at nice 0 it lost 2 to 6 % of 200,000/s to whoever held the CPU, with room
# for 256 frames). nginx and the clients go where the scheduler puts them.
# The attacker's end takes the answers on the server's CPU, as cheaply as each
# kind can be taken (pass.bpf.c): a NIC would do that for nothing, so all that
# answer look slower than they are.
#
# For the user: cell_open DEFENCE KIND, cell_run ... leaves its figures in
# $cell, cell_close.
# shellcheck disable=SC2154 # netns.sh sets them

here=${BASH_SOURCE[0]%/*}
# shellcheck source=tests/lib/netns.sh
. "$here/../lib/netns.sh"
# shellcheck source=tests/bench/defences.bash
. "$here/defences.bash"

bench=$NETNS_BUILD/tests/bench
flood_cpu=0
rx_cpu=1
patience_s=5	# of a client
stolen_max=5	# per cent of the CPUs, taken by the hypervisor
tries_max=3	# of one measurement
repeats_left=10	# of all
ip=4
cell=''
rx_pid=''
background=()	# pids of helpers

die()
{
	echo "${0##*/}: $1" >&2
	exit "${2:-1}"
}

halt()
{
	local pid

	for pid in "${background[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	background=()
}

# The kernel takes a namespace apart in its own time; not in that of the next.
cell_close()
{
	halt
	netns_down
	[ -z "$rx_pid" ] || wait_for 5 rx_thread_gone || true
	# -n: the thread of the cell before may not be gone yet
	rx_pid=''
}

rx_thread_gone()
{
	[ ! -d "/proc/$rx_pid" ]
}

# The first thing on exit; its code stays
cell_exit()
{
	local code=${1:-$?}

	trap - EXIT
	cell_close
	exit "$code"
}

# cell_needs: root, and a CPU for each side
cell_needs()
{
	[ "$(id -u)" = 0 ] || die "needs root for namespaces and XDP" 4
	[ "$(nproc --all)" -gt $rx_cpu ] ||
		die "needs 2 CPUs, one for the flood and one for the server"
}

machine()
{
	local model

	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed 1q)
	echo "${model:-unknown CPU}, $(nproc) CPUs, Linux $(uname -r)"
}

# ---- the stage ---------------------------------------------------------

# The thread is called after the device. A name that no other run has, for the
# moment in which it is made, tells it from theirs.
rx_thread()
{
	local name=sw$NETNS_ID sys=$stage/sys

	mkdir "$sys"
	"${in_srv[@]}" mount -t sysfs sysfs "$sys"
	"${in_srv[@]}" ip link set dev srv name "$name"
	echo 1 >"$sys/class/net/$name/threaded"
	"${in_srv[@]}" ip link set dev "$name" name srv
	umount "$sys"
	# -n: the thread of the cell before may not be gone yet
	rx_pid=$(pgrep -n "^napi/$name-") || die "no thread for the server's NAPI"
	taskset -pc $rx_cpu "$rx_pid" >/dev/null
	chrt -f -p 1 "$rx_pid"
}

# An ACK flood meets adaptive's filter only where SYNs were challenged lately.
gate_close()
{
	start_flood syn 100000 1
	wait "$flood_pid" || die "generator: $(cat "$stage/flood.err")"
	background=()
}

# cell_open DEFENCE KIND
cell_open()
{
	netns_up
	# veth takes skbs past the NAPI of a server without XDP while the sender
	# has TSO: the clients would pass by the flood
	"${in_atk[@]}" ethtool -K atk tso off
	rx_thread
	# somebody whose counters are the attacker's
	"${in_atk[@]}" sleep 1000 &
	atk_pid=$!
	background+=("$atk_pid")
	defend "$1"
	netns_nginx 80 || die "nginx did not start"
	if [ "$2 $1" = "ack synward adaptive" ]; then
		gate_close
	fi
}

# ---- what runs ---------------------------------------------------------

dst()
{
	[ "$ip" = 4 ] && echo $srv4 || echo $srv6
}

# run_clients SECONDS CLIENTS
run_clients()
{
	"${in_atk[@]}" "$bench/clients" --dst "$(dst)" --port 80 \
		--rate $(($2 / $1)) --count "$2" --timeout "$patience_s" --json
}

rx_packets()
{
	awk '$1 == "srv:" { print $3 }' "/proc/$nginx_pid/net/dev"
}

flood_arrived()
{
	[ "$(rx_packets)" -ge "$1" ]
}

# start_flood KIND RATE SECONDS: RATE 0 has no pace
start_flood()
{
	local before enough=$(($2 > 0 && $2 < 100000 ? $2 / 2 : 50000))

	before=$(rx_packets)
	"${in_atk[@]}" nice -n -20 "$bench/synflood" --dev atk \
		--cpu $flood_cpu --dst "$(dst)" --dst-mac "$srv_mac" --port 80 \
		--kind "$1" --rate "$2" --seconds "$3" --json \
		>"$stage/flood.json" 2>"$stage/flood.err" &
	flood_pid=$!
	background+=("$flood_pid")
	wait_for 10 flood_arrived $((before + enough)) ||
		die "no flood arrived: $(cat "$stage/flood.err")"
}

stop_flood()
{
	kill "$flood_pid" 2>/dev/null || true
	wait "$flood_pid" || die "generator: $(cat "$stage/flood.err")"
}

# ---- the measurement ---------------------------------------------------

# The flood begins before the first client and ends after the last; what the
# server does is counted while new ones come.
cell_measure()
{
	local kind=$1 rate=$2 seconds=$3

	[ "$rate" = 0 ] ||
		start_flood "$kind" "${rate/max/0}" $((seconds + patience_s + 5))
	nice -n -20 "$here/watch.py" "$nginx_pid" "$atk_pid" "$rx_pid" \
		$rx_cpu "$seconds" >"$stage/watched.json" &
	run_clients "$seconds" "$4" >"$stage/clients.json" || true
	wait $!
	[ "$rate" = 0 ] || stop_flood
	background=("$atk_pid")
}

# cell_figures DEFENCE KIND RATE: one object on one line
cell_figures()
{
	jq -nc --arg defence "$1" --arg flood "$2" --arg rate "$3" \
		--slurpfile watched "$stage/watched.json" \
		--slurpfile clients "$stage/clients.json" \
		'{$defence, $flood, rate: ($rate | tonumber? // $rate),
		clients: $clients[0]} + $watched[0]' |
		jq -c -f "$here/cell.jq"
}

# cell_run DEFENCE KIND RATE SECONDS CLIENTS: figures into $cell. RATE "max" has
# no pace. A measurement that the hypervisor disturbed says nothing about a
# defence: it is repeated, whatever its outcome, and that is reported.
cell_run()
{
	local try stolen

	for ((try = 1; ; try++)); do
		cell_measure "$2" "$3" "$4" "$5"
		cell=$(cell_figures "$1" "$2" "$3" | jq -c ". + {tries: $try}")
		stolen=$(jq .stolen_percent <<<"$cell")
		[ "${stolen%.*}" -ge $stolen_max ] || break
		echo "disturbed  $1, $2 $3, try $try:" \
			"the hypervisor took $stolen % of the CPUs" >&2
		if [ $try = $tries_max ] || [ $repeats_left = 0 ]; then
			break
		fi
		repeats_left=$((repeats_left - 1))
	done
}
