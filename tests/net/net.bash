# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# net.bash - what all tests/net/*.bats share: the stage, synward on it, a
# server, and reading counters. Sourced by them.
#
# shellcheck source=tests/lib/netns.sh
source "$BATS_TEST_DIRNAME/../lib/netns.sh"

tools=$NETNS_BUILD/tests/net
pin_dir=$pins/synward

# Two processes may share a stage (setup_file and the tests): pids on disk.
remember_pid()
{
	echo "$1" >>"$stage/pids"
}

net_up()
{
	netns_up
	netns_bpffs
	# the raw client's addresses, which no kernel has
	"${in_srv[@]}" ip neigh replace 192.0.2.77 lladdr $atk_mac dev srv \
		nud permanent
	"${in_srv[@]}" ip neigh replace 2001:db8:1::77 lladdr $atk_mac dev srv \
		nud permanent
	# frames made by hand and by sockets look alike: whole checksums
	"${in_atk[@]}" ethtool -K atk tx off >/dev/null
}

net_down()
{
	local pid

	while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done 2>/dev/null <"$stage/pids" || true
	synward detach --all --grace 0 >/dev/null 2>&1 || true
	netns_down
}

synward()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" "$@"
}

# fails EXIT PATTERN COMMAND...: the exit code and the message
# shellcheck disable=SC2154 # status and output are bats' own
fails()
{
	local exit=$1 pattern=$2

	shift 2
	run synward "$@"
	echo "$output"
	[ "$status" = "$exit" ]
	[[ $output =~ $pattern ]]
}

# counter NAME: packets that left for this reason until now
counter()
{
	synward -j stats | jq -e ".. | objects | select(.name? == \"$1\") | .value"
}

# kernel_counter NAME: of the server's kernel, as nstat names it
kernel_counter()
{
	"${in_srv[@]}" nstat -asz "$1" | awk -v "name=$1" '$1 == name { print $2 }'
}

# half_open NAME: a column of the half-open statistics, a second old at most
half_open()
{
	synward -j stats | jq -e ".half_open.$1"
}

# counted NAME N: the counter stands at N or above
counted()
{
	[ "$(counter "$1")" -ge "$2" ]
}

# start_server PORT [BACKLOG]: counts bytes; see server.py
start_server()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/server.py" "$@" \
		>/dev/null 2>&1 3>&- &
	remember_pid $!
	wait_for 10 netns_listens "$1"
}

# raw SCRIPT ARG...: a client made of frames; RAW_DST and others may be
# overridden by raw_env
raw()
{
	local v4=(RAW_SRC=192.0.2.77 "RAW_DST=$srv4") script=$1

	shift
	env "RAW_DEV=atk" "RAW_MAC=$srv_mac" "${v4[@]}" RAW_PORT=8080 \
		"RAW_INJECT=$tools/inject" ${raw_env:+"${raw_env[@]}"} \
		"${in_atk[@]}" /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/$script" "$@"
}

# raw_client ARG...: see rawclient.py
raw_client()
{
	raw rawclient.py "$@"
}

# shellcheck disable=SC2034 # the tests': raw_env=("${raw_env6[@]}")
raw_env6=("RAW_SRC=2001:db8:1::77" "RAW_DST=$srv6")

# sends N bytes from a socket and prints how many the server counted
count_bytes()
{
	"${in_atk[@]}" /usr/bin/python3 - "$1" "$2" <<-'END'
	import socket, sys
	s = socket.create_connection((sys.argv[1], 8080), timeout=10)
	s.sendall(b"x" * int(sys.argv[2]))
	s.shutdown(socket.SHUT_WR)
	print(int(s.recv(100)))
	END
}

# start_flood RATE SECONDS [OPTION...]: SYNs to port 8080, paced
start_flood()
{
	local rate=$1 seconds=$2

	shift 2
	"${in_atk[@]}" setpriv --pdeathsig TERM \
		"$NETNS_BUILD/tests/bench/synflood" --dev atk --dst $srv4 \
		--dst-mac $srv_mac --port 8080 --rate "$rate" \
		--seconds "$seconds" "$@" >"$stage/flood" 2>&1 3>&- &
	flood_pid=$!
	remember_pid $flood_pid
}
