#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where no mark of XDP reaches TC, as behind a driver that has no metadata, TC
# verifies cookies itself, and clients notice nothing.

load net

setup_file()
{
	net_up
	start_server 8080
}

teardown_file()
{
	net_down
}

# Takes the metadata off every packet until the test ends.
setup()
{
	rm -f "$pins/lose"
	bpftool prog load "$tools/lose.bpf.o" "$pins/lose"
	coproc LOOKS { "${in_srv[@]}" /usr/bin/python3 -c "
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print('looking', flush=True)
sys.stdin.read()"; }
	looks=$LOOKS_PID looks_in=${LOOKS[1]}
	remember_pid "$looks"
	read -r -t 10 _ <&"${LOOKS[0]}"
}

teardown()
{
	eval "exec $lose_in>&- $looks_in>&-"
	wait "$looks" "$lose"
	synward detach srv --grace 0
}

# attach_blind OPTION...: synward, and before it what loses the metadata
attach_blind()
{
	synward attach srv --mode always "$@"
	# bash warns of a second coproc, which works all the same
	coproc LOSE { exec "${in_srv[@]}" "$tools/tcx" --first srv \
		"$pins/lose"; } 2>/dev/null
	lose=$LOSE_PID lose_in=${LOSE[1]}
	remember_pid "$lose"
	read -r -t 10 _ <&"${LOSE[0]}"
}

# Marks were set, none came, and each client got its socket all the same.
made()
{
	[ "$(counter tc_socket_made)" = "$1" ]
	bpftool -j map dump pinned "$pin_dir/srv/sw_iface" |
		jq -e '.[0].formatted.value | .marks_set == 1 and
			.marks_seen == 0' >/dev/null
}

@test "without metadata connections of IPv4 and IPv6 are made, the first one too" {
	attach_blind
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
	made 2
}

@test "without metadata segments in the ACK's batch arrive" {
	attach_blind
	for bytes in 100 1800 6000; do
		raw_client batch $bytes
		raw_client batch $bytes --fin
	done
	made 6
	[ "$(counter tc_no_child)" = 0 ]
}

@test "without metadata one ACK replayed makes no second connection" {
	attach_blind
	raw_client replay
	made 1
}

@test "without metadata a flood of bad ACKs makes nothing" {
	attach_blind
	raw_client syn # so that ACKs are examined
	start_flood 20000 2 --kind ack
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	wait $flood_pid
	counted ack_bad 20000
	made 1
}

@test "status says that TC looks at all packets" {
	attach_blind
	count_bytes $srv4 100
	synward status | grep -q "driver gives TC no metadata"
	synward -j status | jq -e '.interfaces[0].metadata == false'
}

@test "generic XDP without metadata serves, too" {
	attach_blind --xdp generic
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	raw_client batch 6000 --fin
	made 2
}
